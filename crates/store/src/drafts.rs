//! Forms that were sent, so that one sent twice over a weak network is stored once.

use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// The report that came of this form, if it was sent before.
pub async fn find(db: &mut Db, draft_hash: &str) -> Result<Option<ReportId>> {
    let id: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT report_id FROM drafts WHERE draft_hash = $1")
            .bind(draft_hash)
            .fetch_optional(c)
            .await?
    });
    Ok(id.map(ReportId))
}

/// Notes which report came of this form. Fails as a duplicate when the form was sent before.
pub async fn insert(db: &mut Db, draft_hash: &str, report: ReportId, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("INSERT INTO drafts (draft_hash, report_id, sent_at) VALUES ($1, $2, $3)")
            .bind(draft_hash)
            .bind(report.0)
            .bind(now.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Forgets forms sent before `before`.
pub async fn prune(db: &mut Db, before: Timestamp) -> Result<u64> {
    Ok(on_backend!(db, |c| {
        sqlx::query("DELETE FROM drafts WHERE sent_at < $1")
            .bind(before.micros())
            .execute(c)
            .await?
            .rows_affected()
    }))
}
