//! Entities of the city: what sensors and other systems write, and what may be asked about them.
//!
//! The rights are those of [`Action::ReadEntities`] and [`Action::WriteEntities`], for the city as a whole.

pub mod seen;

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::entities::query::Query;
use pendopo_domain::entities::{Command, Entity, Iri, Value};
use pendopo_domain::policy::{Action, Actor};
use pendopo_store::history::{self, Head, Observation, Range};
use pendopo_store::live::{Found, Outcomes};

use crate::configuration::must;
use crate::{City, Error, Result};

pub use seen::public_find;

/// Entities that end at the same moment and are removed together.
const EXPIRED_AT_ONCE: usize = 1_000;
/// Entities that one answer takes along because others link to them.
const LINKED: usize = 10_000;
/// Flushes in a row, so that other background work has its turn under load.
const FLUSHES: usize = 8;

/// Does `commands` in their order. Each is done or refused by itself; the answer comes when all is durable.
///
/// # Errors
/// When the actor may not write, or nothing could be made durable.
pub async fn write(city: &City, actor: &Actor, commands: Vec<Command>) -> Result<Outcomes> {
    must(actor, Action::WriteEntities)?;
    Ok(city
        .store()
        .live()
        .await?
        .commit(commands, city.now())
        .await?)
}

/// The entity called `id` as it is now.
///
/// # Errors
/// When the actor may not read, or there is none.
pub async fn get(city: &City, actor: &Actor, id: &str) -> Result<Arc<Entity>> {
    must(actor, Action::ReadEntities)?;
    city.store().live().await?.get(id).ok_or(Error::NotFound)
}

/// The entities that `query` means, in the order of their ids.
///
/// # Errors
/// When the actor may not read.
pub async fn find(
    city: &City,
    actor: &Actor,
    query: &Query,
    offset: usize,
    limit: usize,
    count: bool,
) -> Result<Found> {
    must(actor, Action::ReadEntities)?;
    Ok(city
        .store()
        .live()
        .await?
        .state()
        .find(query, offset, limit, count))
}

/// The entities that `roots` link to by their Relationships, and those that these link to, `level` steps far.
///
/// # Errors
/// When the actor may not read.
pub async fn linked(
    city: &City,
    actor: &Actor,
    roots: &[Arc<Entity>],
    level: usize,
) -> Result<BTreeMap<Iri, Arc<Entity>>> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    let state = live.state();
    let mut found = BTreeMap::new();
    let mut edge: Vec<Arc<Entity>> = roots.to_vec();
    for _ in 0..level {
        let mut next = vec![];
        for id in edge.iter().flat_map(|entity| objects(entity)) {
            if found.len() < LINKED
                && !found.contains_key(id)
                && let Some(entity) = state.get(id)
            {
                found.insert(Arc::clone(id), Arc::clone(entity));
                next.push(Arc::clone(entity));
            }
        }
        edge = next;
    }
    Ok(found)
}

/// What the Relationships of an entity name.
pub fn objects(entity: &Entity) -> impl Iterator<Item = &Iri> {
    entity
        .attributes
        .iter()
        .flat_map(|attribute| match &attribute.value {
            Value::Relationship { objects, .. } | Value::ListRelationship { objects, .. } => {
                objects.as_slice()
            }
            _ => &[],
        })
}

/// The types that there are, with how many entities have each.
///
/// # Errors
/// When the actor may not read.
pub async fn types(city: &City, actor: &Actor) -> Result<Vec<(Iri, usize)>> {
    must(actor, Action::ReadEntities)?;
    Ok(city.store().live().await?.state().types())
}

/// Observations by attribute and dataset, each from the oldest to the newest.
pub type Observations = BTreeMap<(Iri, Option<Iri>), Vec<Observation>>;

/// What the entity called `id` was in `range`. Sees everything that was answered before the call.
///
/// # Errors
/// When the actor may not read, or the entity has no history.
pub async fn history(
    city: &City,
    actor: &Actor,
    id: &str,
    attributes: &[Iri],
    range: &Range,
) -> Result<(Head, Observations)> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    let mut db = live.tables().read().await?;
    let head = history::head(&mut db, id).await?.ok_or(Error::NotFound)?;
    let observations = history::observations(&mut db, id, attributes, range).await?;
    Ok((head, observations))
}

/// One instance of an attribute, as it was.
///
/// # Errors
/// When the actor may not read, or there is no such instance.
pub async fn instance(
    city: &City,
    actor: &Actor,
    id: &str,
    name: &str,
    instance: &str,
) -> Result<Observation> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    let mut db = live.tables().read().await?;
    let found = history::instance(&mut db, id, name, instance).await?;
    found.ok_or(Error::NotFound)
}

/// Datasets of an attribute that have a history; `None` is the default one.
///
/// # Errors
/// When the actor may not read.
pub async fn datasets(
    city: &City,
    actor: &Actor,
    id: &str,
    name: &str,
) -> Result<Vec<Option<Iri>>> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    Ok(history::datasets(&mut live.tables().read().await?, id, name).await?)
}

/// Entities that have a history, in the order of their ids after `after`.
///
/// # Errors
/// When the actor may not read.
pub async fn with_history(
    city: &City,
    actor: &Actor,
    after: &str,
    limit: i64,
) -> Result<Vec<Head>> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    Ok(history::heads_after(&mut live.tables().read().await?, after, limit).await?)
}

/// Whether the entity called `id` has a history.
///
/// # Errors
/// When the actor may not read.
pub async fn has_history(city: &City, actor: &Actor, id: &str) -> Result<bool> {
    must(actor, Action::ReadEntities)?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    Ok(history::head(&mut live.tables().read().await?, id)
        .await?
        .is_some())
}

/// Background work: removes what has ended and brings the tables after the journal. Does nothing for a city whose live
/// data nobody has asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn tend(city: &City) -> Result<()> {
    let Some(live) = city.store().loaded_live() else {
        return Ok(());
    };
    let ended = live.state().ended(city.now(), EXPIRED_AT_ONCE);
    if !ended.is_empty() {
        let commands = ended.into_iter().map(|id| Command::Expire { id }).collect();
        // An entity that was given more time in between stays; that refusal is no failure.
        let _ = live.commit(commands, city.now()).await?;
    }
    for _ in 0..FLUSHES {
        if live.flush_when_due().await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Whether live data waits for [`tend`].
pub fn is_behind(city: &City) -> bool {
    let live = city.store().loaded_live();
    live.is_some_and(|live| live.is_behind())
}
