//! Writing of [`crate::history`], behind the journal: observations, and what was taken away or edited.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use pendopo_domain::entities::command::{Past, PastInstance};
use pendopo_domain::entities::{Attribute, Effect, Iri};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::history::rows_of;
use crate::live::Entry;
use crate::{Result, StoreError, columns, history_heads};

/// Series whose ids are remembered.
const REMEMBERED: usize = 250_000;

/// One attribute instance of one entity through time: entity, name, dataset; `""` is the default dataset.
type Name = (Iri, Iri, Iri);
type Ids = HashMap<Name, i64>;

/// Ids of series that are in the tables. They never change, so each is looked up once.
#[derive(Default)]
pub(crate) struct KnownSeries(Mutex<Ids>);

impl KnownSeries {
    fn lock(&self) -> std::sync::MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers series whose transaction is committed.
    pub(crate) fn learn(&self, new: Learned) {
        let mut ids = self.lock();
        if ids.len() + new.0.len() > REMEMBERED {
            ids.clear();
        }
        ids.extend(new.0.into_iter().take(REMEMBERED));
    }
}

/// Ids of series that are new to the memory.
#[derive(Default)]
pub(crate) struct Learned(Ids);

struct New<'a> {
    series: Name,
    written_at: Timestamp,
    instance: Option<&'a str>,
    attribute: &'a Attribute,
}

/// Records what `entries` say; part of the transaction that moves the tables on.
pub(crate) async fn record(db: &mut Db, entries: &[Entry], known: &KnownSeries) -> Result<Learned> {
    let effects: Vec<&Effect> = entries
        .iter()
        .flat_map(|entry| entry.effects.iter())
        .collect();
    let mut learned = Learned::default();
    // What changes the past must see what came before it, so what is collected so far is written first.
    let mut collected: Vec<&Effect> = vec![];
    for effect in effects {
        if !effect.removed().is_empty() {
            insert(db, &std::mem::take(&mut collected), known, &mut learned).await?;
            deletions(db, effect).await?;
        }
        match effect {
            Effect::Past { id, at, edit } if !matches!(edit, Past::Add { .. }) => {
                insert(db, &std::mem::take(&mut collected), known, &mut learned).await?;
                change(db, id, *at, edit).await?;
            }
            _ => collected.push(effect),
        }
    }
    insert(db, &collected, known, &mut learned).await?;
    Ok(learned)
}

/// Records that attributes were taken away.
async fn deletions(db: &mut Db, effect: &Effect) -> Result<()> {
    for gone in effect.removed() {
        on_backend!(db, |c| {
            sqlx::query(
                "INSERT INTO observations (series_id, written_at, deleted_at, body)
                 SELECT series_id, $4, $4, body FROM observations
                 WHERE series_id = (SELECT id FROM series WHERE entity = $1 AND attribute = $2 AND dataset = $3)
                 ORDER BY observed_at DESC LIMIT 1",
            )
            .bind(&**effect.id())
            .bind(&*gone.name)
            .bind(gone.dataset.as_deref().unwrap_or(""))
            .bind(effect.at().micros())
            .execute(c)
            .await?;
        });
    }
    Ok(())
}

async fn insert(
    db: &mut Db,
    effects: &[&Effect],
    known: &KnownSeries,
    learned: &mut Learned,
) -> Result<()> {
    history_heads::record(db, effects).await?;
    let none: Iri = "".into();
    let mut new = vec![];
    for effect in effects {
        let row = |attribute, written_at, instance| New {
            series: name(effect.id(), attribute, &none),
            written_at,
            instance,
            attribute,
        };
        for attribute in effect.written() {
            new.push(row(attribute, attribute.modified_at, None));
        }
        if let Effect::Past {
            at,
            edit: Past::Add { instances, .. },
            ..
        } = effect
        {
            for PastInstance { id, attribute } in instances {
                new.push(row(attribute, *at, id.as_deref()));
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let ids = ids(db, &new, known, learned).await?;
    let mut rows: Vec<(i64, New<'_>)> = ids.into_iter().zip(new).collect();
    // What stands together is written together; within a series the order of writing is kept.
    rows.sort_by_key(|(series, _)| *series);
    write(db, &rows).await
}

fn name(entity: &Iri, attribute: &Attribute, none: &Iri) -> Name {
    let dataset = attribute.dataset.as_ref().unwrap_or(none);
    (
        Arc::clone(entity),
        Arc::clone(&attribute.name),
        Arc::clone(dataset),
    )
}

/// The series of each row, made where it is new. Almost none is, once every sensor has reported.
async fn ids(
    db: &mut Db,
    new: &[New<'_>],
    known: &KnownSeries,
    learned: &mut Learned,
) -> Result<Vec<i64>> {
    let mut found: HashMap<&Name, i64> = HashMap::new();
    let mut missing: HashSet<&Name> = HashSet::new();
    {
        let known = known.lock();
        for name in new.iter().map(|one| &one.series) {
            match known.get(name).or_else(|| learned.0.get(name)) {
                Some(id) => drop(found.insert(name, *id)),
                None => drop(missing.insert(name)),
            }
        }
    }
    let mut missing: Vec<&Name> = missing.into_iter().collect();
    find(db, &missing, learned).await?;
    missing.retain(|name| !learned.0.contains_key(*name));
    if !missing.is_empty() {
        make(db, &missing).await?;
        find(db, &missing, learned).await?;
    }
    let id = |one: &New<'_>| {
        let id = found
            .get(&one.series)
            .or_else(|| learned.0.get(&one.series));
        id.copied().ok_or_else(lost)
    };
    new.iter().map(id).collect()
}

fn lost() -> StoreError {
    StoreError::Corrupt("a series that was just made is not there".into())
}

/// The names as three columns, for UNNEST.
fn columns_of<'a>(names: &[&'a Name]) -> (Vec<&'a str>, Vec<&'a str>, Vec<&'a str>) {
    let column =
        |at: fn(&'a Name) -> &'a Iri| -> Vec<&'a str> { names.iter().map(|n| &**at(n)).collect() };
    (column(|n| &n.0), column(|n| &n.1), column(|n| &n.2))
}

async fn find(db: &mut Db, names: &[&Name], learned: &mut Learned) -> Result<()> {
    let rows: Vec<(i64, i64)> = match db {
        Db::Sqlite(tx) => {
            sqlx::query_as(
                "SELECT asked.key, series.id FROM json_each($1) AS asked CROSS JOIN series
                 ON series.entity = asked.value ->> 0 AND series.attribute = asked.value ->> 1
                    AND series.dataset = asked.value ->> 2",
            )
            .bind(columns::to_json(&names)?)
            .fetch_all(&mut **tx)
            .await?
        }
        Db::Postgres(tx) => {
            let (entities, attributes, datasets) = columns_of(names);
            sqlx::query_as(
                "SELECT asked.at - 1, series.id
                 FROM UNNEST($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
                     AS asked (entity, attribute, dataset, at)
                 JOIN series USING (entity, attribute, dataset)",
            )
            .bind(entities)
            .bind(attributes)
            .bind(datasets)
            .fetch_all(&mut **tx)
            .await?
        }
    };
    for (at, id) in rows {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at));
        learned.0.insert(Name::clone(name.ok_or_else(lost)?), id);
    }
    Ok(())
}

async fn make(db: &mut Db, names: &[&Name]) -> Result<()> {
    match db {
        Db::Sqlite(tx) => {
            sqlx::query(
                "INSERT INTO series (entity, attribute, dataset)
                 SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)
                 WHERE true ON CONFLICT (entity, attribute, dataset) DO NOTHING",
            )
            .bind(columns::to_json(&names)?)
            .execute(&mut **tx)
            .await?;
        }
        Db::Postgres(tx) => {
            let (entities, attributes, datasets) = columns_of(names);
            sqlx::query(
                "INSERT INTO series (entity, attribute, dataset)
                 SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[])
                 ON CONFLICT (entity, attribute, dataset) DO NOTHING",
            )
            .bind(entities)
            .bind(attributes)
            .bind(datasets)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

async fn write(db: &mut Db, rows: &[(i64, New<'_>)]) -> Result<()> {
    let observed = |one: &New<'_>| one.attribute.observed_at.map(Timestamp::micros);
    match db {
        Db::Sqlite(tx) => {
            for some in rows.chunks(columns::ROWS) {
                let statement = format!(
                    "INSERT INTO observations (series_id, observed_at, written_at, instance, body) VALUES {}",
                    columns::places(some.len(), 5)
                );
                let mut query = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .persistent(some.len() == columns::ROWS);
                for (series, one) in some {
                    query = query
                        .bind(series)
                        .bind(observed(one))
                        .bind(one.written_at.micros())
                        .bind(one.instance)
                        .bind(columns::to_json(one.attribute)?);
                }
                query.execute(&mut **tx).await?;
            }
        }
        Db::Postgres(tx) => {
            let series: Vec<i64> = rows.iter().map(|(series, _)| *series).collect();
            let new = || rows.iter().map(|(_, one)| one);
            let bodies: Vec<String> = new()
                .map(|one| columns::to_json(one.attribute))
                .collect::<Result<_>>()?;
            sqlx::query(
                "INSERT INTO observations (series_id, observed_at, written_at, instance, body)
                 SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])",
            )
            .bind(series)
            .bind(new().map(observed).collect::<Vec<_>>())
            .bind(new().map(|one| one.written_at.micros()).collect::<Vec<_>>())
            .bind(new().map(|one| one.instance).collect::<Vec<_>>())
            .bind(bodies)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

/// Does an edit of what is there already.
async fn change(db: &mut Db, entity: &Iri, at: Timestamp, edit: &Past) -> Result<()> {
    match edit {
        Past::Add { .. } => {}
        Past::Correct(PastInstance { id, attribute }) => {
            let body = columns::to_json(attribute)?;
            for row in rows_of(db, entity, &attribute.name, None, id.as_deref()).await? {
                on_backend!(db, |c| {
                    sqlx::query("UPDATE observations SET body = $2, observed_at = $3, written_at = $4 WHERE id = $1")
                        .bind(row)
                        .bind(&body)
                        .bind(attribute.observed_at.map(Timestamp::micros))
                        .bind(at.micros())
                        .execute(c)
                        .await?;
                });
            }
        }
        Past::Forget {
            name,
            dataset,
            instance,
        } => {
            let dataset = dataset.as_ref().map(|one| one.as_deref().unwrap_or(""));
            for row in rows_of(db, entity, name, dataset, instance.as_deref()).await? {
                on_backend!(db, |c| {
                    sqlx::query("DELETE FROM observations WHERE id = $1")
                        .bind(row)
                        .execute(c)
                        .await?;
                });
            }
        }
        Past::ForgetAll => {
            on_backend!(db, |c| {
                sqlx::query(
                    "DELETE FROM observations WHERE series_id IN (SELECT id FROM series WHERE entity = $1)",
                )
                .bind(&**entity)
                .execute(c)
                .await?;
            });
            on_backend!(db, |c| {
                sqlx::query("DELETE FROM history_entities WHERE id = $1")
                    .bind(&**entity)
                    .execute(c)
                    .await?;
            });
        }
    }
    Ok(())
}
