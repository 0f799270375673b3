//! What entities were: every observation, by series (one attribute instance of one entity).
//!
//! Rows are written behind the journal by `history_write`, in the transaction that moves the tables on. Each is the whole
//! attribute as it was written. Sealing of whole days into blocks belongs here and does not exist yet.

use std::collections::BTreeMap;

use pendopo_domain::entities::{Attribute, Iri};
use pendopo_domain::time::Timestamp;

use crate::backend::{Db, on_backend};
use crate::{Result, columns};

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

/// Ids of the rows of an attribute of `entity`, or of one instance of it.
pub(crate) async fn rows_of(
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
