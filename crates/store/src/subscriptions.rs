//! Subscriptions to entities, and the notifications that are still to be told.

use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// A subscription as it is kept. What the document says is for the caller to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub document: String,
    /// JSON of the `@context` that it came with.
    pub context: Option<String>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub account: Account,
}

/// What became of its notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub times_sent: i64,
    pub times_failed: i64,
    pub last_notification: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub last_failure: Option<Timestamp>,
}

/// A notification that waits.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Notification {
    pub id: i64,
    pub subscription: String,
    pub body: String,
    pub attempts: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    document: String,
    context: Option<String>,
    created_at: i64,
    modified_at: i64,
    times_sent: i64,
    times_failed: i64,
    last_notification: Option<i64>,
    last_success: Option<i64>,
    last_failure: Option<i64>,
}

impl From<Row> for Subscription {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            document: row.document,
            context: row.context,
            created_at: Timestamp::from_micros(row.created_at),
            modified_at: Timestamp::from_micros(row.modified_at),
            account: Account {
                times_sent: row.times_sent,
                times_failed: row.times_failed,
                last_notification: columns::time(row.last_notification),
                last_success: columns::time(row.last_success),
                last_failure: columns::time(row.last_failure),
            },
        }
    }
}

/// Adds a subscription. False when there is one of this id.
pub async fn insert(db: &mut Db, new: &Subscription) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO subscriptions (id, document, context, created_at, modified_at, times_sent, times_failed)
             VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&new.id)
        .bind(&new.document)
        .bind(&new.context)
        .bind(new.created_at.micros())
        .bind(new.modified_at.micros())
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(rows > 0)
}

/// Gives a subscription another document. False when there is none.
pub async fn replace(
    db: &mut Db,
    id: &str,
    document: &str,
    context: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let rows = on_backend!(db, |c| {
        sqlx::query(
            "UPDATE subscriptions SET document = $2, context = $3, modified_at = $4 WHERE id = $1",
        )
        .bind(id)
        .bind(document)
        .bind(context)
        .bind(now.micros())
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(rows > 0)
}

/// Removes a subscription and what was still to be told. False when there is none.
pub async fn delete(db: &mut Db, id: &str) -> Result<bool> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM notifications WHERE subscription = $1")
            .bind(id)
            .execute(c)
            .await?;
    });
    let rows = on_backend!(db, |c| {
        sqlx::query("DELETE FROM subscriptions WHERE id = $1")
            .bind(id)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(rows > 0)
}

/// The subscription called `id`.
pub async fn get(db: &mut Db, id: &str) -> Result<Option<Subscription>> {
    let row: Option<Row> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM subscriptions WHERE id = $1")
            .bind(id)
            .fetch_optional(c)
            .await?
    });
    Ok(row.map(Into::into))
}

/// All subscriptions, in the order of their ids. A city has at most some thousands.
pub async fn all(db: &mut Db) -> Result<Vec<Subscription>> {
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM subscriptions ORDER BY id")
            .fetch_all(c)
            .await?
    });
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many subscriptions there are.
pub async fn count(db: &mut Db) -> Result<i64> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar("SELECT COUNT(*) FROM subscriptions")
            .fetch_one(c)
            .await?
    }))
}

/// Changes with every change of the subscriptions.
pub async fn revision(db: &mut Db) -> Result<i64> {
    let found: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT CAST(value AS BIGINT) FROM settings WHERE key = 'subscriptions_revision'",
        )
        .fetch_optional(c)
        .await?
    });
    Ok(found.unwrap_or(0))
}

/// Moves [`revision`] on; part of every transaction that changes a subscription.
pub async fn revise(db: &mut Db) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO settings (key, value) VALUES ('subscriptions_revision', '1') ON CONFLICT (key)
             DO UPDATE SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)",
        )
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Adds what is to be told; part of the transaction that moves the consumer on.
pub async fn push(db: &mut Db, subscription: &str, body: &str, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO notifications (subscription, body, created_at, attempts, due_at)
             VALUES ($1, $2, $3, 0, $3)",
        )
        .bind(subscription)
        .bind(body)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Subscriptions that have something due, each once.
pub async fn due(db: &mut Db, now: Timestamp) -> Result<Vec<String>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT DISTINCT n.subscription FROM notifications n
             WHERE n.due_at <= $1 AND NOT EXISTS
                 (SELECT 1 FROM notifications o WHERE o.subscription = n.subscription AND o.id < n.id)
             ORDER BY n.subscription",
        )
        .bind(now.micros())
        .fetch_all(c)
        .await?
    }))
}

/// The oldest notifications of a subscription, at most `limit`.
pub async fn waiting(db: &mut Db, subscription: &str, limit: i64) -> Result<Vec<Notification>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, subscription, body, attempts FROM notifications
             WHERE subscription = $1 ORDER BY id LIMIT $2",
        )
        .bind(subscription)
        .bind(limit)
        .fetch_all(c)
        .await?
    }))
}

/// `count` notifications of `subscription` are about to be sent.
pub async fn sending(db: &mut Db, subscription: &str, count: i64, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE subscriptions SET times_sent = times_sent + $2, last_notification = $3 WHERE id = $1",
        )
        .bind(subscription)
        .bind(count)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}

/// Everything of `subscription` up to `last` was taken.
pub async fn told(db: &mut Db, subscription: &str, last: i64, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM notifications WHERE subscription = $1 AND id <= $2")
            .bind(subscription)
            .bind(last)
            .execute(c)
            .await?;
    });
    on_backend!(db, |c| {
        sqlx::query("UPDATE subscriptions SET last_success = $2 WHERE id = $1")
            .bind(subscription)
            .bind(now.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}

/// One was not taken: it is tried again at `again_at`, or dropped when that is `None`.
pub async fn failed(
    db: &mut Db,
    notification: &Notification,
    again_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    match again_at {
        Some(at) => on_backend!(db, |c| {
            sqlx::query(
                "UPDATE notifications SET attempts = attempts + 1, due_at = $2 WHERE id = $1",
            )
            .bind(notification.id)
            .bind(at.micros())
            .execute(c)
            .await?;
        }),
        None => on_backend!(db, |c| {
            sqlx::query("DELETE FROM notifications WHERE id = $1")
                .bind(notification.id)
                .execute(c)
                .await?;
        }),
    }
    on_backend!(db, |c| {
        sqlx::query(
            "UPDATE subscriptions SET times_failed = times_failed + 1, last_failure = $2 WHERE id = $1",
        )
        .bind(&notification.subscription)
        .bind(now.micros())
        .execute(c)
        .await?;
    });
    Ok(())
}
