//! The stages of the city, one after the other; the last is the present one.

use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError};

/// A stage that somebody set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    pub at: Timestamp,
    pub stage: Stage,
    /// What the warnings proposed then.
    pub proposed: Stage,
    /// A kind and an id, never a name.
    pub actor: String,
}

/// Sets the stage.
pub async fn set(db: &mut Db, set: &Set) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("INSERT INTO city_stages (at, stage, proposed, actor) VALUES ($1, $2, $3, $4)")
            .bind(set.at.micros())
            .bind(i64::from(set.stage.number()))
            .bind(i64::from(set.proposed.number()))
            .bind(&set.actor)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Newest first.
pub async fn history(db: &mut Db, limit: i64) -> Result<Vec<Set>> {
    let rows: Vec<(i64, i64, i64, String)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT at, stage, proposed, actor FROM city_stages ORDER BY id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(c)
        .await?
    });
    let stage = |number: i64| {
        let stage = u8::try_from(number).ok().and_then(Stage::new);
        stage.ok_or_else(|| StoreError::Corrupt(format!("stage {number}")))
    };
    let read = |(at, set, proposed, actor): (i64, i64, i64, String)| {
        Ok(Set {
            at: Timestamp::from_micros(at),
            stage: stage(set)?,
            proposed: stage(proposed)?,
            actor,
        })
    };
    rows.into_iter().map(read).collect()
}
