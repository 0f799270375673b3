//! What reporters answer: one row per report, changeable until closing.

use pendopo_domain::ratings::{Rating, Stars, Verdict};
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Stores or replaces the answer. `words` only for public reports; else they are sealed elsewhere.
pub async fn put(
    db: &mut Db,
    report: ReportId,
    rating: &Rating,
    words: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO ratings (report_id, round, verdict, stars, words, rated_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (report_id) DO UPDATE SET
                 round = $2, verdict = $3, stars = $4, words = $5, rated_at = $6",
        )
        .bind(report.0)
        .bind(i64::from(rating.round))
        .bind(rating.verdict.word())
        .bind(rating.stars.map(|stars| i64::from(stars.count())))
        .bind(words)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The answer of a report with its words.
pub async fn of_report(db: &mut Db, report: ReportId) -> Result<Option<(Rating, Option<String>)>> {
    type Row = (i64, String, Option<i64>, Option<String>);
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as("SELECT round, verdict, stars, words FROM ratings WHERE report_id = $1")
            .bind(report.0)
            .fetch_optional(c)
            .await?
    });
    row.map(|(round, verdict, stars, words)| {
        let rating = Rating {
            round: columns::count(round),
            verdict: columns::word(&verdict, Verdict::from_word)?,
            stars: stars.and_then(Stars::new),
        };
        Ok((rating, words))
    })
    .transpose()
}

/// How many gave 1, 2, 3, 4 and 5 stars since `since`.
pub async fn histogram(db: &mut Db, since: Timestamp) -> Result<[i64; 5]> {
    let rows: Vec<(i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT stars, COUNT(*) FROM ratings WHERE rated_at >= $1 AND stars IS NOT NULL GROUP BY stars",
        )
        .bind(since.micros())
        .fetch_all(c)
        .await?
    });
    let mut counts = [0; 5];
    for (stars, n) in rows {
        if let Some(count) = usize::try_from(stars - 1)
            .ok()
            .and_then(|at| counts.get_mut(at))
        {
            *count = n;
        }
    }
    Ok(counts)
}
