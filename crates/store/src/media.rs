//! Pictures, in a database of their own beside the city's.
//!
//! A picture is durable before the row that names it; one that nothing names is harmless and pruned later.

use pendopo_domain::time::Timestamp;

use crate::backend::{Database, on_backend};
use crate::{Result, StoreError};

/// One picture in one size, as it is stored (sealed if the report is secret).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `large` or `small`.
    pub size: &'static str,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The pictures of a city.
pub struct Media {
    database: Database,
}

impl Media {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Stores all sizes of one picture. Returns when they are on disk.
    pub async fn put(&self, id: String, pictures: Vec<Picture>, now: Timestamp) -> Result<()> {
        self.database
            .write(move |db| {
                Box::pin(async move {
                    for picture in pictures {
                        on_backend!(db, |c| {
                            sqlx::query(
                                "INSERT INTO pictures (id, size, content_type, created_at, bytes)
                                 VALUES ($1, $2, $3, $4, $5)",
                            )
                            .bind(&id)
                            .bind(picture.size)
                            .bind(picture.content_type)
                            .bind(now.micros())
                            .bind(picture.bytes)
                            .execute(c)
                            .await?;
                        });
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    /// One size of a picture with its content type.
    pub async fn get(&self, id: &str, size: &str) -> Result<Option<(String, Vec<u8>)>> {
        let mut db = self.database.read().await?;
        Ok(on_backend!(&mut db, |c| {
            sqlx::query_as("SELECT content_type, bytes FROM pictures WHERE id = $1 AND size = $2")
                .bind(id)
                .bind(size)
                .fetch_optional(c)
                .await?
        }))
    }

    /// Removes pictures that no report took.
    pub async fn remove(&self, ids: Vec<String>) -> Result<()> {
        self.database
            .write(move |db| {
                Box::pin(async move {
                    for id in ids {
                        on_backend!(db, |c| {
                            sqlx::query("DELETE FROM pictures WHERE id = $1")
                                .bind(&id)
                                .execute(c)
                                .await?;
                        });
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
    }

    pub(crate) async fn integrity(&self) -> Result<Vec<String>> {
        self.database.integrity().await
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }
}
