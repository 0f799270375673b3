//! What entities were: every observation, by series (one attribute instance of one entity).
//!
//! Rows are written behind the journal, in the transaction that moves the tables on. Each is the whole attribute as it
//! was written. Sealing of whole days into blocks belongs here and does not exist yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pendopo_domain::entities::command::{Past, PastInstance};
use pendopo_domain::entities::{Attribute, Effect, Iri};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::live::Entry;
use crate::{Result, StoreError, columns, history_heads};

/// What the id of an instance begins with when the id of its row ends it.
pub const INSTANCE: &str = "urn:ngsi-ld:instance:";

/// An entity that has a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub id: Iri,
    pub types: Vec<Iri>,
    pub scopes: Vec<Iri>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// One attribute instance at one time.
#[derive(Clone, Debug)]
pub struct Observation {
    pub instance_id: String,
    pub written_at: Timestamp,
    /// Given when the attribute was taken away then; what it was before is in `attribute`.
    pub deleted_at: Option<Timestamp>,
    pub attribute: Attribute,
}

/// Which time of an observation is meant (ETSI GS CIM 009, section 4.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeProperty {
    #[default]
    ObservedAt,
    /// Both `createdAt` and `modifiedAt` of an instance: it is written once.
    WrittenAt,
    /// Only what was taken away.
    DeletedAt,
}

/// Which observations of an entity are asked for. Times are included at the start and excluded at the end. With neither,
/// those that were not observed at any time are there too, at the time they were written.
#[derive(Clone, Debug, Default)]
pub struct Range {
    pub property: TimeProperty,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Of each series only so many, the newest ones.
    pub last: Option<i64>,
    /// Rows of each series at most.
    pub limit: i64,
}

struct New<'a> {
    series: (&'a str, &'a str, &'a str),
    observed_at: Option<Timestamp>,
    written_at: Timestamp,
    instance: Option<&'a str>,
    attribute: &'a Attribute,
}

/// Records what `entries` say; part of the transaction that moves the tables on.
pub(crate) async fn record(db: &mut Db, entries: &[Entry]) -> Result<()> {
    let effects: Vec<&Effect> = entries
        .iter()
        .flat_map(|entry| entry.effects.iter())
        .collect();
    // What changes the past must see what came before it, so what is collected so far is written first.
    let mut collected: Vec<&Effect> = vec![];
    for effect in effects {
        if !effect.removed().is_empty() {
            insert(db, &std::mem::take(&mut collected)).await?;
            deletions(db, effect).await?;
        }
        match effect {
            Effect::Past { id, at, edit } if !matches!(edit, Past::Add { .. }) => {
                insert(db, &std::mem::take(&mut collected)).await?;
                change(db, id, *at, edit).await?;
            }
            _ => collected.push(effect),
        }
    }
    insert(db, &collected).await
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

async fn insert(db: &mut Db, effects: &[&Effect]) -> Result<()> {
    history_heads::record(db, effects).await?;
    let mut new = vec![];
    for effect in effects {
        for attribute in effect.written() {
            new.push(observation(
                effect.id(),
                attribute,
                attribute.modified_at,
                None,
            ));
        }
        if let Effect::Past {
            id,
            at,
            edit: Past::Add { instances, .. },
        } = effect
        {
            for PastInstance {
                id: instance,
                attribute,
            } in instances
            {
                new.push(observation(id, attribute, *at, instance.as_deref()));
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let series = series(db, new.iter().map(|one| one.series).collect()).await?;
    write(db, &new, &series).await
}

fn observation<'a>(
    entity: &'a Iri,
    attribute: &'a Attribute,
    written_at: Timestamp,
    instance: Option<&'a str>,
) -> New<'a> {
    New {
        series: (
            entity,
            &attribute.name,
            attribute.dataset.as_deref().unwrap_or(""),
        ),
        observed_at: attribute.observed_at,
        written_at,
        instance,
        attribute,
    }
}

type Series<'a> = HashMap<(&'a str, &'a str, &'a str), i64>;

/// The ids of series, made where they are new. Almost none is, once every sensor has reported.
async fn series<'a>(
    db: &mut Db,
    wanted: BTreeSet<(&'a str, &'a str, &'a str)>,
) -> Result<Series<'a>> {
    let mut names: Vec<_> = wanted.into_iter().collect();
    let mut found = Series::with_capacity(names.len());
    take_ids(&mut found, &names, known_series(db, &names).await?)?;
    names.retain(|name| !found.contains_key(name));
    if !names.is_empty() {
        make_series(db, &names).await?;
        take_ids(&mut found, &names, known_series(db, &names).await?)?;
    }
    Ok(found)
}

type Name<'a> = (&'a str, &'a str, &'a str);

fn take_ids<'a>(found: &mut Series<'a>, names: &[Name<'a>], rows: Vec<(i64, i64)>) -> Result<()> {
    for (at, id) in rows {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at));
        found.insert(*name.ok_or_else(lost)?, id);
    }
    Ok(())
}

/// The names as three columns, for UNNEST.
fn columns_of<'a>(names: &[Name<'a>]) -> (Vec<&'a str>, Vec<&'a str>, Vec<&'a str>) {
    let column = |at: fn(&Name<'a>) -> &'a str| -> Vec<&'a str> { names.iter().map(at).collect() };
    (column(|n| n.0), column(|n| n.1), column(|n| n.2))
}

/// Places in `names` of the series that there are, with their ids.
async fn known_series(db: &mut Db, names: &[Name<'_>]) -> Result<Vec<(i64, i64)>> {
    Ok(match db {
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
    })
}

async fn make_series(db: &mut Db, names: &[Name<'_>]) -> Result<()> {
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

fn lost() -> StoreError {
    StoreError::Corrupt("a series that was just made is not there".into())
}

async fn write(db: &mut Db, new: &[New<'_>], series: &Series<'_>) -> Result<()> {
    let id = |one: &New<'_>| series.get(&one.series).copied().ok_or_else(lost);
    let ids: Vec<i64> = new.iter().map(id).collect::<Result<_>>()?;
    match db {
        Db::Sqlite(tx) => {
            let rows: Vec<_> = new
                .iter()
                .zip(ids)
                .map(|(one, id)| {
                    let observed = one.observed_at.map(Timestamp::micros);
                    (
                        id,
                        observed,
                        one.written_at.micros(),
                        one.instance,
                        one.attribute,
                    )
                })
                .collect();
            sqlx::query(
                "INSERT INTO observations (series_id, observed_at, written_at, instance, body)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value -> 4 FROM json_each($1)",
            )
            .bind(columns::to_json(&rows)?)
            .execute(&mut **tx)
            .await?;
        }
        Db::Postgres(tx) => {
            let observed: Vec<Option<i64>> = new
                .iter()
                .map(|one| one.observed_at.map(Timestamp::micros))
                .collect();
            let written: Vec<i64> = new.iter().map(|one| one.written_at.micros()).collect();
            let instances: Vec<Option<&str>> = new.iter().map(|one| one.instance).collect();
            let bodies: Vec<String> = new
                .iter()
                .map(|one| columns::to_json(one.attribute))
                .collect::<Result<_>>()?;
            sqlx::query(
                "INSERT INTO observations (series_id, observed_at, written_at, instance, body)
                 SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])",
            )
            .bind(ids)
            .bind(observed)
            .bind(written)
            .bind(instances)
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

async fn rows_of(
    db: &mut Db,
    entity: &str,
    name: &str,
    dataset: Option<&str>,
    instance: Option<&str>,
) -> Result<Vec<i64>> {
    let number = instance.and_then(|id| id.strip_prefix(INSTANCE)?.parse::<i64>().ok());
    Ok(on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT o.id FROM observations o JOIN series s ON s.id = o.series_id
             WHERE s.entity = $1 AND s.attribute = $2 AND ($3 IS NULL OR s.dataset = $3)
                 AND ($4 IS NULL OR o.instance = $4 OR (o.instance IS NULL AND o.id = $5))",
        )
        .bind(entity)
        .bind(name)
        .bind(dataset)
        .bind(instance)
        .bind(number)
        .fetch_all(c)
        .await?
    }))
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    id: String,
    types: String,
    scopes: String,
    created_at: i64,
    modified_at: i64,
    deleted_at: Option<i64>,
}

impl HeadRow {
    fn head(self) -> Result<Head> {
        Ok(Head {
            id: self.id.into(),
            types: columns::json(&self.types)?,
            scopes: columns::json(&self.scopes)?,
            created_at: Timestamp::from_micros(self.created_at),
            modified_at: Timestamp::from_micros(self.modified_at),
            deleted_at: columns::time(self.deleted_at),
        })
    }
}

/// The entity called `id`, if it has a history.
pub async fn head(db: &mut Db, id: &str) -> Result<Option<Head>> {
    let row: Option<HeadRow> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM history_entities WHERE id = $1")
            .bind(id)
            .fetch_optional(c)
            .await?
    });
    row.map(HeadRow::head).transpose()
}

/// Entities that have a history, in the order of their ids after `after`, at most `limit`.
pub async fn heads_after(db: &mut Db, after: &str, limit: i64) -> Result<Vec<Head>> {
    let rows: Vec<HeadRow> = on_backend!(db, |c| {
        sqlx::query_as("SELECT * FROM history_entities WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    rows.into_iter().map(HeadRow::head).collect()
}

/// Observations of `entity` in `range` by attribute and dataset, each from the oldest to the newest. With `attributes`
/// only those.
pub async fn observations(
    db: &mut Db,
    entity: &str,
    attributes: &[Iri],
    range: &Range,
) -> Result<BTreeMap<(Iri, Option<Iri>), Vec<Observation>>> {
    let series: Vec<(i64, String, String)> = on_backend!(db, |c| {
        sqlx::query_as("SELECT id, attribute, dataset FROM series WHERE entity = $1 ORDER BY attribute, dataset")
            .bind(entity)
            .fetch_all(c)
            .await?
    });
    let mut found = BTreeMap::new();
    for (id, attribute, dataset) in series {
        if !attributes.is_empty() && !attributes.iter().any(|one| **one == *attribute) {
            continue;
        }
        let rows = in_range(db, id, range).await?;
        if !rows.is_empty() {
            let dataset = Some(Iri::from(dataset)).filter(|name| !name.is_empty());
            found.insert((attribute.into(), dataset), rows);
        }
    }
    Ok(found)
}

async fn in_range(db: &mut Db, series: i64, range: &Range) -> Result<Vec<Observation>> {
    let column = match range.property {
        TimeProperty::ObservedAt => "observed_at",
        TimeProperty::WrittenAt => "written_at",
        TimeProperty::DeletedAt => "deleted_at",
    };
    let mut rows = rows(db, series, column, column, range).await?;
    let all = (range.from, range.to) == (None, None);
    if all && range.property == TimeProperty::ObservedAt {
        let unobserved = "written_at";
        let narrowed = "observed_at IS NULL AND written_at";
        rows.extend(self::rows(db, series, unobserved, narrowed, range).await?);
        rows.sort_by_key(ObservationRow::time);
        let most = usize::try_from(range.most()).unwrap_or_default();
        match range.last {
            Some(_) => drop(rows.drain(..rows.len().saturating_sub(most))),
            None => rows.truncate(most),
        }
    }
    rows.into_iter().map(ObservationRow::observation).collect()
}

/// Rows of a series from the oldest to the newest, by the time in `column`.
async fn rows(
    db: &mut Db,
    series: i64,
    column: &str,
    narrowed: &str,
    range: &Range,
) -> Result<Vec<ObservationRow>> {
    let order = if range.last.is_some() { "DESC" } else { "ASC" };
    let statement = format!(
        "SELECT id, instance, observed_at, written_at, deleted_at, body FROM observations
         WHERE series_id = $1 AND {narrowed} >= $2 AND {column} < $3
         ORDER BY {column} {order}, id {order} LIMIT $4"
    );
    let mut rows: Vec<ObservationRow> = on_backend!(db, |c| {
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(series)
            .bind(range.from.map_or(i64::MIN, Timestamp::micros))
            .bind(range.to.map_or(i64::MAX, Timestamp::micros))
            .bind(range.most())
            .fetch_all(c)
            .await?
    });
    if range.last.is_some() {
        rows.reverse();
    }
    Ok(rows)
}

impl Range {
    fn most(&self) -> i64 {
        self.last
            .map_or(self.limit, |last| last.min(self.limit))
            .max(0)
    }
}

#[derive(sqlx::FromRow)]
struct ObservationRow {
    id: i64,
    instance: Option<String>,
    observed_at: Option<i64>,
    written_at: i64,
    deleted_at: Option<i64>,
    body: String,
}

impl ObservationRow {
    fn time(&self) -> (i64, i64) {
        (self.observed_at.unwrap_or(self.written_at), self.id)
    }

    fn observation(self) -> Result<Observation> {
        let id = self.id;
        Ok(Observation {
            instance_id: self.instance.unwrap_or_else(|| format!("{INSTANCE}{id}")),
            written_at: Timestamp::from_micros(self.written_at),
            deleted_at: columns::time(self.deleted_at),
            attribute: columns::json(&self.body)?,
        })
    }
}

/// One instance of an attribute of `entity`.
pub async fn instance(
    db: &mut Db,
    entity: &str,
    name: &str,
    instance: &str,
) -> Result<Option<Observation>> {
    let Some(id) = rows_of(db, entity, name, None, Some(instance))
        .await?
        .first()
        .copied()
    else {
        return Ok(None);
    };
    let row: Option<ObservationRow> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT id, instance, observed_at, written_at, deleted_at, body FROM observations WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(c)
        .await?
    });
    row.map(ObservationRow::observation).transpose()
}

/// Datasets of an attribute of `entity` that have any instance; `None` is the default one.
pub async fn datasets(db: &mut Db, entity: &str, name: &str) -> Result<Vec<Option<Iri>>> {
    let names: Vec<String> = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT dataset FROM series WHERE entity = $1 AND attribute = $2
                 AND EXISTS (SELECT 1 FROM observations WHERE series_id = series.id)
             ORDER BY dataset",
        )
        .bind(entity)
        .bind(name)
        .fetch_all(c)
        .await?
    });
    let named = |name: String| Some(Iri::from(name)).filter(|name| !name.is_empty());
    Ok(names.into_iter().map(named).collect())
}
