//! Feeds of warnings that the city polls, and how that goes.

use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// A feed as it is kept. What the configuration says is for the caller to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub name: String,
    /// JSON.
    pub feed: String,
    pub polled: Polled,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub checked_at: Option<Timestamp>,
    pub succeeded_at: Option<Timestamp>,
    /// In a row.
    pub failures: i64,
    /// A word for the last failure.
    pub problem: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    feed: String,
    etag: Option<String>,
    last_modified: Option<String>,
    checked_at: Option<i64>,
    succeeded_at: Option<i64>,
    failures: i64,
    problem: Option<String>,
}

/// Every feed, by name.
pub async fn all(db: &mut Db) -> Result<Vec<Feed>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM alert_feeds ORDER BY name")
            .fetch_all(c)
            .await?
    });
    let read = |row: Row| Feed {
        name: row.name,
        feed: row.feed,
        polled: Polled {
            etag: row.etag,
            last_modified: row.last_modified,
            checked_at: columns::time(row.checked_at),
            succeeded_at: columns::time(row.succeeded_at),
            failures: row.failures,
            problem: row.problem,
        },
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Adds a feed, or gives one another configuration; it is then read again from the beginning.
pub async fn put(db: &mut Db, name: &str, feed: &str) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO alert_feeds (name, feed, failures) VALUES ($1, $2, 0)
             ON CONFLICT (name) DO UPDATE SET feed = EXCLUDED.feed, etag = NULL, last_modified = NULL, failures = 0,
                 problem = NULL",
        )
        .bind(name)
        .bind(feed)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// False when there is none.
pub async fn remove(db: &mut Db, name: &str) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query("DELETE FROM alert_feeds WHERE name = $1")
            .bind(name)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(rows > 0)
}

/// Notes how polling a feed went. Nothing happens when the feed is gone.
pub async fn note(db: &mut Db, name: &str, polled: &Polled) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE alert_feeds SET etag = $2, last_modified = $3, checked_at = $4, succeeded_at = $5, failures = $6,
                 problem = $7 WHERE name = $1",
        )
        .bind(name)
        .bind(&polled.etag)
        .bind(&polled.last_modified)
        .bind(polled.checked_at.map(Timestamp::micros))
        .bind(polled.succeeded_at.map(Timestamp::micros))
        .bind(polled.failures)
        .bind(&polled.problem)
        .execute(c)
        .await?;
    });
    Ok(())
}
