//! Readers of the journal with durable positions.
//!
//! A consumer moves its position in the same transaction as what it did, so it can be killed at any instant, starts
//! again where it stopped, and never does a thing twice.

use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};
use crate::journal::Position;

/// What a consumer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    Cases,
    Live,
}

/// Where `name` stands, locked until the end of the transaction; a new consumer stands at the start.
pub async fn take(db: &mut Db, name: &str, follows: Follows, now: Timestamp) -> Result<Position> {
    let follows = match follows {
        Follows::Cases => "cases",
        Follows::Live => "live",
    };
    let (txid, seq): (i64, i64) = on_backend!(db, |c| {
        sqlx::query_as(
            "INSERT INTO consumers (name, txid, seq, updated_at, follows) VALUES ($1, 0, 0, $2, $3)
             ON CONFLICT (name) DO UPDATE SET updated_at = $2 RETURNING txid, seq",
        )
        .bind(name)
        .bind(now.micros())
        .bind(follows)
        .fetch_one(c)
        .await?
    });
    Ok(Position { txid, seq })
}

/// Where `name` stands, without locking or writing anything.
pub async fn position(db: &mut Db, name: &str) -> Result<Position> {
    let found: Option<(i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT txid, seq FROM consumers WHERE name = $1")
            .bind(name)
            .fetch_optional(c)
            .await?
    });
    Ok(found.map_or(Position::default(), |(txid, seq)| Position { txid, seq }))
}

/// Moves `name` forward; part of the transaction that did the work.
pub async fn advance(db: &mut Db, name: &str, to: Position, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE consumers SET txid = $2, seq = $3, updated_at = $4 WHERE name = $1")
            .bind(name)
            .bind(to.txid)
            .bind(to.seq)
            .bind(now.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// `name` reads no more, and holds nothing back.
pub async fn forget(db: &mut Db, name: &str) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM consumers WHERE name = $1")
            .bind(name)
            .execute(c)
            .await?;
    });
    Ok(())
}
