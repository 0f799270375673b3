//! Messages that could not be used: kept, so that a better mapping can take them up later.

use pendopo_domain::sources::Reason;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Bytes of a message that are kept. A longer one is kept in part and cannot be used any more.
pub const BODY_BYTES: usize = 64 * 1024;

/// A message to put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    pub topic: String,
    pub reason: Reason,
    pub body: Vec<u8>,
}

/// A message that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: i64,
    pub source: String,
    pub at: Timestamp,
    /// Without the name of the city.
    pub topic: String,
    pub reason: Reason,
    /// At most [`BODY_BYTES`].
    pub body: Vec<u8>,
    /// Bytes of the whole message.
    pub size: i64,
    /// How often it has been tried again.
    pub attempts: i64,
    pub replayed_at: Option<Timestamp>,
}

impl Kept {
    /// Whether all of the message is here.
    pub fn is_whole(&self) -> bool {
        i64::try_from(self.body.len()).is_ok_and(|bytes| bytes == self.size)
    }
}

/// Which messages are meant; every one of them by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    pub source: Option<&'a str>,
    pub reason: Option<Reason>,
}

impl<'a> Which<'a> {
    /// Those of one source.
    pub fn of(source: &'a str) -> Self {
        Self {
            source: Some(source),
            reason: None,
        }
    }

    fn source(self) -> &'a str {
        self.source.unwrap_or_default()
    }

    fn reason(self) -> &'static str {
        self.reason.map_or("", |reason| reason.word())
    }
}

/// Puts messages of `source` aside and keeps the newest `most` of it. Returns how many older ones were dropped that
/// nobody had taken up.
pub async fn put(
    db: &mut Db,
    source: &str,
    messages: &[Aside],
    at: Timestamp,
    most: i64,
) -> Result<u64> {
    for message in messages {
        let body = &message.body[..message.body.len().min(BODY_BYTES)];
        let size = i64::try_from(message.body.len()).unwrap_or(i64::MAX);
        on_backend!(db, |c| {
            sqlx::query(
                "INSERT INTO quarantine (source, at, topic, reason, body, size, attempts)
                 VALUES ($1, $2, $3, $4, $5, $6, 0)",
            )
            .bind(source)
            .bind(at.micros())
            .bind(&message.topic)
            .bind(message.reason.word())
            .bind(body)
            .bind(size)
            .execute(c)
            .await?;
        });
    }
    let dropped: Vec<Option<i64>> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "DELETE FROM quarantine WHERE source = $1 AND id <=
                 (SELECT id FROM quarantine WHERE source = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)
             RETURNING replayed_at",
        )
        .bind(source)
        .bind(most)
        .fetch_all(c)
        .await?
    });
    Ok(dropped.iter().filter(|at| at.is_none()).count() as u64)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    source: String,
    at: i64,
    topic: String,
    reason: String,
    body: Vec<u8>,
    size: i64,
    attempts: i64,
    replayed_at: Option<i64>,
}

impl Row {
    fn kept(self) -> Result<Kept> {
        Ok(Kept {
            id: self.id,
            source: self.source,
            at: Timestamp::from_micros(self.at),
            topic: self.topic,
            reason: columns::word(&self.reason, Reason::from_word)?,
            body: self.body,
            size: self.size,
            attempts: self.attempts,
            replayed_at: columns::time(self.replayed_at),
        })
    }
}

/// Messages that wait, oldest first after the one numbered `after`.
pub async fn waiting(db: &mut Db, which: Which<'_>, after: i64, limit: i64) -> Result<Vec<Kept>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT * FROM quarantine
             WHERE replayed_at IS NULL AND id > $1 AND ($2 = '' OR source = $2) AND ($3 = '' OR reason = $3)
             ORDER BY id LIMIT $4",
        )
        .bind(after)
        .bind(which.source())
        .bind(which.reason())
        .bind(limit)
        .fetch_all(c)
        .await?
    });
    rows.into_iter().map(Row::kept).collect()
}

/// Messages that wait, newest first before the one numbered `before`, each with the first `body_bytes` of its body.
pub async fn newest(
    db: &mut Db,
    which: Which<'_>,
    before: i64,
    limit: i64,
    body_bytes: i32,
) -> Result<Vec<Kept>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, source, at, topic, reason, substr(body, 1, $5) AS body, size, attempts, replayed_at
             FROM quarantine
             WHERE replayed_at IS NULL AND id < $1 AND ($2 = '' OR source = $2) AND ($3 = '' OR reason = $3)
             ORDER BY id DESC LIMIT $4",
        )
        .bind(before)
        .bind(which.source())
        .bind(which.reason())
        .bind(limit)
        .bind(body_bytes)
        .fetch_all(c)
        .await?
    });
    rows.into_iter().map(Row::kept).collect()
}

/// Takes messages that wait away for good. Returns how many.
pub async fn discard(db: &mut Db, which: Which<'_>) -> Result<u64> {
    Ok(on_backend!(db, |c| {
        sqlx::query(
            "DELETE FROM quarantine
             WHERE replayed_at IS NULL AND ($1 = '' OR source = $1) AND ($2 = '' OR reason = $2)",
        )
        .bind(which.source())
        .bind(which.reason())
        .execute(c)
        .await?
        .rows_affected()
    }))
}

/// Marks a message as taken up. False when somebody has done so before, or it was dropped.
pub async fn replayed(db: &mut Db, id: i64, now: Timestamp) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query(
            "UPDATE quarantine SET replayed_at = $2, attempts = attempts + 1
             WHERE id = $1 AND replayed_at IS NULL",
        )
        .bind(id)
        .bind(now.micros())
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(rows > 0)
}

/// Notes that a message could not be used again, and why.
pub async fn failed(db: &mut Db, id: i64, reason: Reason) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE quarantine SET reason = $2, attempts = attempts + 1 WHERE id = $1")
            .bind(id)
            .bind(reason.word())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// How many wait, by source and reason.
pub async fn counts(db: &mut Db) -> Result<Vec<(String, Reason, i64)>> {
    let rows: Vec<(String, String, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT source, reason, COUNT(*) FROM quarantine WHERE replayed_at IS NULL
             GROUP BY source, reason ORDER BY source, reason",
        )
        .fetch_all(c)
        .await?
    });
    rows.into_iter()
        .map(|(source, reason, count)| {
            Ok((source, columns::word(&reason, Reason::from_word)?, count))
        })
        .collect()
}
