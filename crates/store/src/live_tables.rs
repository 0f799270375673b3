//! The tables behind the live state: every entity as it was at a position of the journal, or later.

use std::collections::HashSet;
use std::sync::Arc;

use pendopo_domain::entities::{Entity, Iri};

use crate::backend::{Db, on_backend};
use crate::journal::Position;
use crate::{Result, columns};

/// Documents read at a time when a city starts.
const PAGE: i64 = 5_000;

/// Up to where the tables have the journal.
pub async fn flushed(db: &mut Db) -> Result<Position> {
    let (txid, seq): (i64, i64) = on_backend!(db, |c| {
        sqlx::query_as("SELECT txid, seq FROM flushed WHERE id = 0")
            .fetch_one(c)
            .await?
    });
    Ok(Position { txid, seq })
}

/// Moves [`flushed`] from `from` to `to`; part of the transaction that fills the tables. False when somebody else has
/// moved it: then that work must not be done again.
pub(crate) async fn advance(db: &mut Db, from: Position, to: Position) -> Result<bool> {
    let moved = on_backend!(db, |c| {
        sqlx::query(
            "UPDATE flushed SET txid = $1, seq = $2 WHERE id = 0 AND txid = $3 AND seq = $4",
        )
        .bind(to.txid)
        .bind(to.seq)
        .bind(from.txid)
        .bind(from.seq)
        .execute(c)
        .await?
        .rows_affected()
    });
    Ok(moved > 0)
}

/// The tables were copied with a journal that is numbered anew; they have its first `seq` rows.
pub(crate) async fn restart(db: &mut Db, seq: i64) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("UPDATE flushed SET txid = 0, seq = $1 WHERE id = 0")
            .bind(seq)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Hands every entity to `take`.
pub(crate) async fn load(db: &mut Db, mut take: impl FnMut(Arc<Entity>)) -> Result<()> {
    let mut last = String::new();
    let mut names = Names::default();
    loop {
        let rows: Vec<(String, String)> = on_backend!(db, |c| {
            sqlx::query_as("SELECT id, document FROM entities WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(&last)
                .bind(PAGE)
                .fetch_all(c)
                .await?
        });
        for (_, document) in &rows {
            let mut entity: Entity = columns::json(document)?;
            names.share(&mut entity);
            take(Arc::new(entity));
        }
        match rows.into_iter().next_back() {
            Some((id, _)) => last = id,
            None => return Ok(()),
        }
    }
}

/// Names of types and attributes: thousands of entities have the same few, so each is kept once.
#[derive(Default)]
struct Names(HashSet<Iri>);

impl Names {
    fn share(&mut self, entity: &mut Entity) {
        for name in &mut entity.types {
            self.share_one(name);
        }
        for attribute in entity.attributes.iter_mut().filter_map(Arc::get_mut) {
            self.share_one(&mut attribute.name);
            if let Some(unit) = &mut attribute.unit_code {
                self.share_one(unit);
            }
        }
    }

    fn share_one(&mut self, name: &mut Iri) {
        match self.0.get(name) {
            Some(kept) => *name = Arc::clone(kept),
            None => {
                self.0.insert(Arc::clone(name));
            }
        }
    }
}

/// Writes entities, and removes those that are gone.
pub(crate) async fn put(db: &mut Db, documents: &[(Iri, Option<Arc<Entity>>)]) -> Result<()> {
    let present: Vec<&Entity> = documents
        .iter()
        .filter_map(|(_, entity)| entity.as_deref())
        .collect();
    if !present.is_empty() {
        upsert(db, &present).await?;
    }
    let gone = documents.iter().filter(|(_, entity)| entity.is_none());
    for (id, _) in gone {
        remove(db, id).await?;
    }
    Ok(())
}

/// Each database has its own way to take many rows at once.
async fn upsert(db: &mut Db, entities: &[&Entity]) -> Result<()> {
    match db {
        Db::Sqlite(tx) => {
            for some in entities.chunks(columns::ROWS) {
                let statement = format!(
                    "INSERT INTO entities (id, document) VALUES {}
                     ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                    columns::places(some.len(), 2)
                );
                let mut query = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .persistent(some.len() == columns::ROWS);
                for entity in some {
                    query = query.bind(&*entity.id).bind(columns::to_json(entity)?);
                }
                query.execute(&mut **tx).await?;
            }
        }
        Db::Postgres(tx) => {
            let ids: Vec<&str> = entities.iter().map(|entity| &*entity.id).collect();
            let documents: Vec<String> = entities
                .iter()
                .map(columns::to_json)
                .collect::<Result<_>>()?;
            sqlx::query(
                "INSERT INTO entities (id, document) SELECT * FROM UNNEST($1::text[], $2::text[])
                 ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            )
            .bind(ids)
            .bind(documents)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

async fn remove(db: &mut Db, id: &str) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query("DELETE FROM entities WHERE id = $1")
            .bind(id)
            .execute(c)
            .await?;
    });
    Ok(())
}
