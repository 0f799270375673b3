//! What mergers moved from one incident to another, so that a split can take it back.

use pendopo_domain::incidents::IncidentId;

use crate::Result;
use crate::backend::{Db, on_backend};

/// What can move with its incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Report,
    Assignment,
    Alarm,
    /// A report that has left the incident, by a merger or otherwise. It is never forgotten: words may be sealed with it.
    Left,
}

impl Moved {
    const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Assignment => "assignment",
            Self::Alarm => "alarm",
            Self::Left => "left",
        }
    }
}

/// Notes that an item left `merged`.
pub async fn note(db: &mut Db, merged: IncidentId, kind: Moved, item: i64) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO incident_moves (merged_id, kind, item_id) VALUES ($1, $2, $3)
             ON CONFLICT (merged_id, kind, item_id) DO NOTHING",
        )
        .bind(merged.0)
        .bind(kind.word())
        .bind(item)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The items of this kind that left `merged`, by id.
pub async fn of(db: &mut Db, merged: IncidentId, kind: Moved) -> Result<Vec<i64>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT item_id FROM incident_moves WHERE merged_id = $1 AND kind = $2 ORDER BY item_id",
        )
        .bind(merged.0)
        .bind(kind.word())
        .fetch_all(c)
        .await?
    }))
}

/// Forgets what a merger moved out of `merged`: it is back.
pub async fn forget(db: &mut Db, merged: IncidentId) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM incident_moves WHERE merged_id = $1 AND kind <> 'left'")
            .bind(merged.0)
            .execute(c)
            .await?;
    });
    Ok(())
}
