//! Which pictures belong to which report. The pictures themselves are in [`crate::media`].

use pendopo_domain::reports::{PersonId, ReportId};
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// A picture of a report.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Photo {
    /// 32 hexadecimal digits, unguessable.
    pub id: String,
    /// `None` while it waits for its report.
    pub report_id: Option<i64>,
    /// `before` or `after`.
    pub kind: String,
    pub width: i64,
    pub height: i64,
    /// Under whose key the picture is sealed; `None` when it is plain.
    pub person_id: Option<String>,
    pub created_at: i64,
}

impl Photo {
    /// Under whose key the picture is sealed.
    pub fn sealed_for(&self) -> Option<PersonId> {
        self.person_id.clone().map(PersonId)
    }
}

/// Adds a picture that is already stored.
pub async fn insert(db: &mut Db, photo: &Photo) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO photos (id, report_id, kind, width, height, person_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&photo.id)
        .bind(photo.report_id)
        .bind(&photo.kind)
        .bind(photo.width)
        .bind(photo.height)
        .bind(&photo.person_id)
        .bind(photo.created_at)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Gives a waiting picture to a report. False when it is not waiting.
pub async fn attach(db: &mut Db, id: &str, report: ReportId) -> Result<bool> {
    Ok(on_backend!(db, |c| {
        sqlx::query("UPDATE photos SET report_id = $2 WHERE id = $1 AND report_id IS NULL")
            .bind(id)
            .bind(report.0)
            .execute(c)
            .await?
            .rows_affected()
            == 1
    }))
}

/// One picture's row.
pub async fn by_id(db: &mut Db, id: &str) -> Result<Option<Photo>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, report_id, kind, width, height, person_id, created_at FROM photos WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await?
    }))
}

/// The pictures of one report, oldest first.
pub async fn of_report(db: &mut Db, report: ReportId) -> Result<Vec<Photo>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, report_id, kind, width, height, person_id, created_at FROM photos
             WHERE report_id = $1 ORDER BY created_at, id",
        )
        .bind(report.0)
        .fetch_all(c)
        .await?
    }))
}

/// The first picture of each of these reports, as (report, picture). At most 1,000 reports.
pub async fn first_of(db: &mut Db, reports: &[ReportId]) -> Result<Vec<(i64, String)>> {
    if reports.is_empty() {
        return Ok(vec![]);
    }
    Ok(on_backend!(db, |c| {
        let mut query = sqlx::QueryBuilder::new(
            // Ids are chance; the first is the oldest, as in `of_report`.
            "SELECT report_id, id FROM photos p WHERE kind = 'before' AND NOT EXISTS (
                 SELECT 1 FROM photos q WHERE q.report_id = p.report_id AND q.kind = 'before'
                 AND (q.created_at < p.created_at OR (q.created_at = p.created_at AND q.id < p.id)))
             AND report_id IN (",
        );
        let mut list = query.separated(", ");
        for report in reports {
            list.push_bind(report.0);
        }
        query.push(") ORDER BY report_id");
        query.build_query_as().fetch_all(c).await?
    }))
}

/// Takes out the rows of pictures that still wait for a report since before `before`; returns their ids.
pub async fn take_orphans(db: &mut Db, before: Timestamp) -> Result<Vec<String>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "DELETE FROM photos WHERE report_id IS NULL AND created_at < $1 RETURNING id",
        )
        .bind(before.micros())
        .fetch_all(c)
        .await?
    }))
}
