//! The journal of a city: every change, in the transaction that makes it.
//!
//! A position is the pair (txid, seq). On SQLite there is one writer and txid is always 0. On PostgreSQL several
//! transactions are open at once and their seq numbers become visible in any order, so consumers read the view
//! `journal_settled`, which shows nothing at or past the oldest transaction still open, in the order (txid, seq).

use pendopo_domain::journal::Event;
use pendopo_domain::time::Timestamp;
use sqlx::AssertSqlSafe;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Rows older than this may be cut once every consumer has passed them.
pub const KEPT_DAYS: i64 = 7;

/// How far a reader of the journal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub txid: i64,
    pub seq: i64,
}

/// One change as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub position: Position,
    pub at: Timestamp,
    pub event: Event,
}

/// Appends a change; part of the transaction that makes it.
pub async fn append(db: &mut Db, at: Timestamp, event: &Event) -> Result<()> {
    let (kind, payload) = (event.kind(), columns::to_json(event)?);
    on_backend!(db, |c| {
        sqlx::query("INSERT INTO journal (at, kind, payload) VALUES ($1, $2, $3)")
            .bind(at.micros())
            .bind(kind)
            .bind(payload)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// The condition that a row of the journal stands after the position ($1, $2). On SQLite txid is always the same, and
/// of a comparison of pairs its planner takes only the first to the index: every row would be looked at, every time.
///
/// The limit of such a statement is written out: SQLite prepares one anew whenever a bound limit changes.
pub(crate) fn newer(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "txid = $1 AND seq > $2",
        Db::Postgres(_) => "(txid, seq) > ($1, $2)",
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    txid: i64,
    at: i64,
    payload: String,
}

/// The next changes of cases after `position`, in order, at most `limit`. Those of live data: [`crate::live::after`].
pub async fn after(db: &mut Db, position: Position, limit: i64) -> Result<Vec<Entry>> {
    let statement = format!(
        "SELECT seq, txid, at, payload FROM journal_settled
         WHERE kind <> 'entities' AND {} ORDER BY txid, seq LIMIT {limit}",
        newer(db)
    );
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(position.txid)
            .bind(position.seq)
            .fetch_all(c)
            .await?
    });
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                position: Position {
                    txid: row.txid,
                    seq: row.seq,
                },
                at: Timestamp::from_micros(row.at),
                event: columns::json(&row.payload)?,
            })
        })
        .collect()
}

/// The position of the last settled change; the start when there is none.
pub async fn end(db: &mut Db) -> Result<Position> {
    let row: Option<(i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT txid, seq FROM journal_settled ORDER BY txid DESC, seq DESC LIMIT 1")
            .fetch_optional(c)
            .await?
    });
    Ok(row.map_or(Position::default(), |(txid, seq)| Position { txid, seq }))
}

/// A text that is another one after every change of the city: what was read after a mark and is asked for under the same
/// mark has not changed in between.
pub async fn mark(db: &mut Db) -> Result<String> {
    // Two statements, because a position says too little on PostgreSQL: a change can be seen before it is settled. Its
    // snapshot tells what can be seen. On SQLite the last number that was given out stays when the journal is cut.
    Ok(match db {
        Db::Sqlite(tx) => {
            let seq: Option<i64> =
                sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
                    .fetch_optional(&mut **tx)
                    .await?;
            seq.unwrap_or_default().to_string()
        }
        Db::Postgres(tx) => {
            sqlx::query_scalar("SELECT pg_current_snapshot()::text")
                .fetch_one(&mut **tx)
                .await?
        }
    })
}

/// How many changes can be seen but not yet be read, because an older transaction of the server is still open.
/// Always 0 on SQLite.
pub async fn unsettled(db: &mut Db) -> Result<i64> {
    let end = end(db).await?;
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM journal WHERE txid > $1 OR (txid = $1 AND seq > $2)",
        )
        .bind(end.txid)
        .bind(end.seq)
        .fetch_one(c)
        .await?
    }))
}

/// Removes what is older than [`KEPT_DAYS`] and has been passed by every consumer that reads it; of live data also by the
/// tables, which stand at `flushed`. Returns how many rows.
///
/// Cuts no cases while nobody has read any.
pub async fn cut(db: &mut Db, now: Timestamp, flushed: Position) -> Result<u64> {
    let before = now.plus_days(-KEPT_DAYS);
    let mut rows = 0;
    if let Some(passed) = slowest(db, "cases").await? {
        rows += on_backend!(db, |c| {
            sqlx::query("DELETE FROM journal WHERE kind <> 'entities' AND at < $1 AND (txid, seq) <= ($2, $3)")
                .bind(before.micros())
                .bind(passed.txid)
                .bind(passed.seq)
                .execute(c)
                .await?
                .rows_affected()
        });
    }
    let passed = slowest(db, "live")
        .await?
        .map_or(flushed, |passed| passed.min(flushed));
    rows += on_backend!(db, |c| {
        sqlx::query(
            "DELETE FROM journal WHERE kind = 'entities' AND at < $1 AND (txid, seq) <= ($2, $3)",
        )
        .bind(before.micros())
        .bind(passed.txid)
        .bind(passed.seq)
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(rows)
}

/// Where the slowest consumer of cases, or of live data, stands.
async fn slowest(db: &mut Db, follows: &str) -> Result<Option<Position>> {
    let found: Option<(i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT txid, seq FROM consumers WHERE follows = $1 ORDER BY txid, seq LIMIT 1",
        )
        .bind(follows)
        .fetch_optional(c)
        .await?
    });
    Ok(found.map(|(txid, seq)| Position { txid, seq }))
}
