//! What the reporter's side said later, through another system. Each is an entry of the history ([`crate::updates`]) too,
//! whose number is its id.

use pendopo_domain::comments::Claim;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// One that is to be stored.
#[derive(Clone, Debug)]
pub struct New {
    pub sender: ApiKeyId,
    /// What the sender calls it.
    pub sender_ref: String,
    pub claim: Claim,
    /// Only for public reports; else they are sealed elsewhere.
    pub words: Option<String>,
}

/// One of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Of its entry in the history.
    pub id: i64,
    pub at: Timestamp,
    pub claim: Claim,
    /// `None` for secret reports.
    pub words: Option<String>,
    /// The name of the key that it came by.
    pub sender_name: String,
}

/// Adds what belongs to the entry `update` of the history. Fails as a duplicate when this sender used the reference.
pub async fn insert(db: &mut Db, update: i64, new: &New) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO report_comments (update_id, api_key_id, sender_ref, claim, words)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(update)
        .bind(new.sender.0)
        .bind(&new.sender_ref)
        .bind(new.claim.word())
        .bind(&new.words)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The entry of the history, and its report, that this sender gave this reference.
pub async fn find(
    db: &mut Db,
    sender: ApiKeyId,
    sender_ref: &str,
) -> Result<Option<(i64, ReportId)>> {
    let row: Option<(i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT u.id, u.report_id FROM report_comments c JOIN report_updates u ON u.id = c.update_id
             WHERE c.api_key_id = $1 AND c.sender_ref = $2",
        )
        .bind(sender.0)
        .bind(sender_ref)
        .fetch_optional(c)
        .await?
    });
    Ok(row.map(|(id, report)| (id, ReportId(report))))
}

/// How many a report has.
pub async fn count(db: &mut Db, report: ReportId) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM report_updates u JOIN report_comments c ON c.update_id = u.id
             WHERE u.report_id = $1",
        )
        .bind(report.0)
        .fetch_one(c)
        .await?
    }))
}

/// The newest of one report, newest first.
pub async fn of_report(db: &mut Db, report: ReportId, limit: i64) -> Result<Vec<Comment>> {
    type Row = (i64, i64, String, Option<String>, String);
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT u.id, u.at, c.claim, c.words, k.name
             FROM report_updates u JOIN report_comments c ON c.update_id = u.id
             JOIN api_keys k ON k.id = c.api_key_id
             WHERE u.report_id = $1 ORDER BY u.id DESC LIMIT $2",
        )
        .bind(report.0)
        .bind(limit)
        .fetch_all(c)
        .await?
    });
    rows.into_iter()
        .map(|(id, at, claim, words, sender_name)| {
            Ok(Comment {
                id,
                at: Timestamp::from_micros(at),
                claim: columns::word(&claim, Claim::from_word)?,
                words,
                sender_name,
            })
        })
        .collect()
}
