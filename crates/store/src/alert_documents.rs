//! Further documents of a message that is kept: the same one in other languages, the bytes as they came.

use pendopo_domain::alerts::AlertId;
use pendopo_domain::time::Timestamp;

use crate::Result;
use crate::alerts::New;
use crate::backend::{Db, on_backend};

/// Whether the message has a further document with this SHA-256.
pub(crate) async fn has(db: &mut Db, id: AlertId, sha256: &str) -> Result<bool> {
    let found: Option<i64> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT id FROM alert_documents WHERE alert_id = $1 AND sha256 = $2")
            .bind(id.0)
            .bind(sha256)
            .fetch_optional(c)
            .await?
    });
    Ok(found.is_some())
}

/// Keeps the bytes of a document that was joined to the message.
pub(crate) async fn insert(db: &mut Db, id: AlertId, new: &New, now: Timestamp) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO alert_documents (alert_id, carrier, received_at, sha256, document)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.0)
        .bind(&new.carrier)
        .bind(now.micros())
        .bind(&new.sha256)
        .bind(&new.document)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// The further documents of a message, the first first: their SHA-256 and bytes.
pub async fn of(db: &mut Db, id: AlertId) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT sha256, document FROM alert_documents WHERE alert_id = $1 ORDER BY id",
        )
        .bind(id.0)
        .fetch_all(c)
        .await?
    }))
}
