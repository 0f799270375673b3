//! Links to the wall, and what of incidents may stand where everyone reads it.

use std::collections::BTreeMap;

use pendopo_domain::incidents::IncidentId;
use pendopo_domain::time::Timestamp;
use pendopo_domain::walls::{Room, Theme, Wall, WallId};

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns};

type Row = (i64, String, i64, i64, String, i64);

/// Adds a link.
pub async fn add(
    db: &mut Db,
    token_hash: &str,
    name: &str,
    room: Room,
    now: Timestamp,
) -> Result<WallId> {
    let id: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "INSERT INTO walls (token_hash, name, seat_cm, pitch_um, theme, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        )
        .bind(token_hash)
        .bind(name)
        .bind(i64::from(room.seat_cm))
        .bind(i64::from(room.pitch_um))
        .bind(room.theme.word())
        .bind(now.micros())
        .fetch_one(c)
        .await?
    });
    Ok(WallId(id))
}

/// Takes a link away. False when there is none that still opens.
pub async fn revoke(db: &mut Db, id: WallId, now: Timestamp) -> Result<bool> {
    Ok(on_backend!(db, |c| {
        sqlx::query("UPDATE walls SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id.0)
            .bind(now.micros())
            .execute(c)
            .await?
            .rows_affected()
    }) > 0)
}

/// The link that this token opens; `None` when it is unknown or taken away.
pub async fn by_token(db: &mut Db, token_hash: &str) -> Result<Option<Wall>> {
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, name, seat_cm, pitch_um, theme, created_at FROM walls
             WHERE token_hash = $1 AND revoked_at IS NULL",
        )
        .bind(token_hash)
        .fetch_optional(c)
        .await?
    });
    row.map(wall).transpose()
}

/// The links that still open, the newest first.
pub async fn list(db: &mut Db) -> Result<Vec<Wall>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, name, seat_cm, pitch_um, theme, created_at FROM walls
             WHERE revoked_at IS NULL ORDER BY id DESC",
        )
        .fetch_all(c)
        .await?
    });
    rows.into_iter().map(wall).collect()
}

fn wall((id, name, seat_cm, pitch_um, theme, created_at): Row) -> Result<Wall> {
    let whole = |n: i64| u32::try_from(n).map_err(|_| StoreError::Corrupt(format!("wall {id}")));
    Ok(Wall {
        id: WallId(id),
        name,
        room: Room {
            seat_cm: whole(seat_cm)?,
            pitch_um: whole(pitch_um)?,
            theme: columns::word(&theme, Theme::from_word)?,
        },
        created_at: Timestamp::from_micros(created_at),
    })
}

/// How many reports each open incident has, and how many of them are public. Incidents without reports are not in it.
pub async fn open_reports(db: &mut Db) -> Result<BTreeMap<IncidentId, (i64, i64)>> {
    let rows: Vec<(i64, i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT r.incident_id, COUNT(*), COUNT(CASE WHEN r.visibility = 'public' THEN 1 END)
             FROM reports r JOIN incidents i ON i.id = r.incident_id
             WHERE i.state NOT IN ('resolved', 'verified', 'closed') GROUP BY r.incident_id",
        )
        .fetch_all(c)
        .await?
    });
    let entry = |(id, all, public)| (IncidentId(id), (all, public));
    Ok(rows.into_iter().map(entry).collect())
}
