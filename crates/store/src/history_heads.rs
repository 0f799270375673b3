//! Writing of [`crate::history::Head`]s: which entities have a history, and when they lived.

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::entities::command::Past;
use pendopo_domain::entities::{Effect, Entity, Iri};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

/// Keeps heads: made at the first change, then moved on only when types, scopes or the life of the entity change.
pub(crate) async fn record(db: &mut Db, effects: &[&Effect]) -> Result<()> {
    // A stream of upserts of one entity moves its head once, to the last of them.
    let mut puts: BTreeMap<&Iri, &Entity> = BTreeMap::new();
    for effect in effects {
        if !moves_a_head(effect) {
            continue;
        }
        if let Effect::Put(entity) = effect {
            puts.insert(&entity.id, entity);
            continue;
        }
        put_heads(db, std::mem::take(&mut puts).into_values()).await?;
        match effect {
            Effect::Set(set) => {
                if let Some(types) = &set.types {
                    set_head(db, &set.id, "types", &columns::to_json(types)?, set.at).await?;
                }
                if let Some(scopes) = &set.scopes {
                    set_head(db, &set.id, "scopes", &columns::to_json(scopes)?, set.at).await?;
                }
            }
            Effect::Delete { id, at, .. } => {
                on_backend!(db, |c| {
                    sqlx::query("UPDATE history_entities SET deleted_at = $2 WHERE id = $1")
                        .bind(&**id)
                        .bind(at.micros())
                        .execute(c)
                        .await?;
                });
            }
            Effect::Past {
                id,
                at,
                edit: Past::Add { types, scopes, .. },
            } => {
                let head = Entity {
                    id: Arc::clone(id),
                    types: types.clone(),
                    scopes: scopes.clone(),
                    created_at: *at,
                    modified_at: *at,
                    expires_at: None,
                    attributes: vec![],
                };
                put_heads(db, std::iter::once(&head)).await?;
            }
            Effect::Put(_) | Effect::Past { .. } => {}
        }
    }
    put_heads(db, puts.into_values()).await
}

fn moves_a_head(effect: &Effect) -> bool {
    match effect {
        Effect::Put(_) | Effect::Delete { .. } => true,
        Effect::Set(set) => set.types.is_some() || set.scopes.is_some(),
        Effect::Past { edit, .. } => matches!(edit, Past::Add { .. }),
    }
}

/// In one statement, each entity once.
async fn put_heads(db: &mut Db, entities: impl Iterator<Item = &Entity>) -> Result<()> {
    const CONFLICT: &str = "ON CONFLICT (id) DO UPDATE SET
         types = CASE excluded.types WHEN '[]' THEN history_entities.types ELSE excluded.types END,
         scopes = CASE excluded.scopes WHEN '[]' THEN history_entities.scopes ELSE excluded.scopes END,
         modified_at = excluded.modified_at, deleted_at = NULL";
    let rows = entities.map(|one| {
        let (types, scopes) = (
            columns::to_json(&one.types)?,
            columns::to_json(&one.scopes)?,
        );
        let (made, changed) = (one.created_at.micros(), one.modified_at.micros());
        Ok((&*one.id, types, scopes, made, changed))
    });
    let rows: Vec<(&str, String, String, i64, i64)> = rows.collect::<Result<_>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    match db {
        Db::Sqlite(tx) => {
            let statement = format!(
                "INSERT INTO history_entities (id, types, scopes, created_at, modified_at)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1)
                 WHERE true {CONFLICT}"
            );
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(columns::to_json(&rows)?)
                .execute(&mut **tx)
                .await?;
        }
        Db::Postgres(tx) => {
            let statement = format!(
                "INSERT INTO history_entities (id, types, scopes, created_at, modified_at)
                 SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) {CONFLICT}"
            );
            let ids: Vec<&str> = rows.iter().map(|row| row.0).collect();
            let types: Vec<&str> = rows.iter().map(|row| &*row.1).collect();
            let scopes: Vec<&str> = rows.iter().map(|row| &*row.2).collect();
            let made: Vec<i64> = rows.iter().map(|row| row.3).collect();
            let changed: Vec<i64> = rows.iter().map(|row| row.4).collect();
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(ids)
                .bind(types)
                .bind(scopes)
                .bind(made)
                .bind(changed)
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

async fn set_head(db: &mut Db, id: &str, column: &str, value: &str, at: Timestamp) -> Result<()> {
    let statement =
        format!("UPDATE history_entities SET {column} = $2, modified_at = $3 WHERE id = $1");
    on_backend!(db, |c| {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id)
            .bind(value)
            .bind(at.micros())
            .execute(c)
            .await?;
    });
    Ok(())
}
