//! Work for later, as rows in the transaction that asks for it. Every job is safe to run twice.

use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::backend::{Db, on_backend};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    pub payload: String,
    /// How often it has been tried.
    pub attempts: i64,
}

/// Puts a job in line; it becomes due at `run_at`.
pub async fn add(db: &mut Db, kind: &str, payload: &str, run_at: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("INSERT INTO jobs (kind, payload, run_at, attempts) VALUES ($1, $2, $3, 0)")
            .bind(kind)
            .bind(payload)
            .bind(run_at.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Jobs that are due, oldest first.
pub async fn due(db: &mut Db, now: Timestamp, limit: i64) -> Result<Vec<Job>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, kind, payload, attempts FROM jobs WHERE run_at <= $1 ORDER BY run_at, id LIMIT $2",
        )
        .bind(now.micros())
        .bind(limit)
        .fetch_all(c)
        .await?
    }))
}

/// Takes a finished job out; part of the transaction that did it.
pub async fn done(db: &mut Db, id: i64) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM jobs WHERE id = $1")
            .bind(id)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Puts a failed job back in line for `again_at`, with what went wrong (no personal data).
pub async fn failed(db: &mut Db, id: i64, error: &str, again_at: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE jobs SET attempts = attempts + 1, last_error = $2, run_at = $3 WHERE id = $1",
        )
        .bind(id)
        .bind(error)
        .bind(again_at.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}
