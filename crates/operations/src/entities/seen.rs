//! What people see of entities: a name, a place, one value and its age.
//!
//! The public sees only public types and of those only this; see [`LiveType::public`]. Staff that may read entities sees
//! every type. Both get the same shape, so that nothing of an entity reaches a page by accident.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::polygon;
use jiff::SignedDuration;
use pendopo_domain::entities::query::{Geo, LOCATION, Logic, Query, Relation};
use pendopo_domain::entities::{Attribute, Entity, Value};
use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::live_types::{Freshness, LiveType};
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_store::history::{self, Range};

use crate::configuration::{Configuration, must};
use crate::{City, Error, Result};

/// Names under which entities have theirs, the first that is there.
const NAMES: [&str; 4] = [
    "https://smartdatamodels.org/name",
    "https://schema.org/name",
    "https://uri.etsi.org/ngsi-ld/name",
    "https://uri.etsi.org/ngsi-ld/default-context/name",
];
/// Names under which entities say who sends them.
const SOURCES: [&str; 3] = [
    "https://smartdatamodels.org/source",
    "https://smartdatamodels.org/dataProvider",
    "https://uri.etsi.org/ngsi-ld/default-context/source",
];
/// Characters of a text value or a name that are shown.
const SHOWN: usize = 80;
/// Observations that one look into the past reads.
const MOST_OBSERVATIONS: i64 = 20_000;

/// Whose eyes look.
#[derive(Clone, Copy, Debug)]
pub enum Eyes<'a> {
    /// Anybody's: public types, one attribute.
    Public,
    /// Of somebody who must hold [`Action::ReadEntities`].
    Staff(&'a Actor),
    /// Of a room with a wall: every type that the city names, one attribute.
    Wall,
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The code of a type; all types without.
    pub code: Option<String>,
    pub within: Option<BoundingBox>,
    pub offset: usize,
    pub limit: usize,
}

/// One entity as people see it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub id: String,
    pub name: String,
    pub kind: Arc<LiveType>,
    pub reading: Option<Reading>,
    pub freshness: Freshness,
    pub position: Option<Position>,
    /// Who sends it, as the entity says; never told to the public.
    pub source: Option<String>,
}

/// A value with its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The number, when it is one.
    pub number: Option<f64>,
    /// The value as text, at most [`SHOWN`] characters.
    pub text: String,
    /// When it was so; else when the city had it.
    pub at: Timestamp,
}

/// Everything in a box, gathered.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The fullest first; at most [`MOST_HEAPS`].
    pub heaps: Vec<Heap>,
    /// Entities with a place in the box.
    pub inside: usize,
    /// Entities that stand for themselves or in one of `heaps`.
    pub shown: usize,
    /// Of each type: how many there are anywhere, and how many of those are fresh.
    pub kinds: Vec<(Arc<LiveType>, usize, usize)>,
}

/// Entities in one square.
#[derive(Clone, Debug)]
pub struct Heap {
    /// Their mean position.
    pub at: Position,
    pub count: usize,
    /// How many of them are not fresh.
    pub stale: usize,
    /// The type of all of them; `None` when they differ.
    pub kind: Option<Arc<LiveType>>,
}

/// Marks that one sweep gives.
pub const MOST_HEAPS: usize = 2_000;

/// Some of what was found.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// By type in the order of the configuration, then by id.
    pub seen: Vec<Seen>,
    /// How many there are of each type, whatever page this is.
    pub counts: Vec<(Arc<LiveType>, usize)>,
    pub more: bool,
}

/// What the public may see.
///
/// # Errors
/// When the database does not answer.
pub async fn public_find(city: &City, look: &Look) -> Result<Page> {
    find(city, Eyes::Public, look).await
}

/// What these eyes may see.
///
/// # Errors
/// When the actor may not read, or the database does not answer.
pub async fn find(city: &City, eyes: Eyes<'_>, look: &Look) -> Result<Page> {
    eyes.may()?;
    let (configuration, now) = (city.configuration(), city.now());
    let live = city.store().live().await?;
    let state = live.state();
    let mut page = Page::default();
    let mut passed = 0;
    for kind in kinds(&configuration, eyes, &state.types()) {
        let query = Query {
            types: Some(Logic::Is(kind.kind.as_str().into())),
            near: look.within.map(inside),
            ..Query::default()
        };
        let asked = look.code.as_ref().is_none_or(|code| *code == kind.code);
        let left = if asked {
            look.limit.saturating_sub(page.seen.len())
        } else {
            0
        };
        let skip = look.offset.saturating_sub(passed);
        let found = state.find(&query, skip, left, true);
        let count = found.count.unwrap_or(0);
        page.more |= asked && found.more;
        if asked {
            passed += count;
        }
        let seen = found.entities.iter();
        page.seen
            .extend(seen.map(|entity| see(entity, &kind, eyes, now)));
        page.counts.push((kind, count));
    }
    Ok(page)
}

/// Everything that these eyes may see in `within`, gathered in squares of `square` degrees. An entity whose place makes
/// no sense is counted by type and stands nowhere.
///
/// # Errors
/// When the actor may not read, or the database does not answer.
pub async fn sweep(city: &City, eyes: Eyes<'_>, within: BoundingBox, square: f64) -> Result<Sweep> {
    eyes.may()?;
    let (configuration, now) = (city.configuration(), city.now());
    let live = city.store().live().await?;
    let state = live.state();
    let mut sweep = Sweep::default();
    let mut heaps: BTreeMap<(i64, i64), (f64, f64, Heap)> = BTreeMap::new();
    for kind in kinds(&configuration, eyes, &state.types()) {
        let query = Query {
            types: Some(Logic::Is(kind.kind.as_str().into())),
            ..Query::default()
        };
        let found = state.find(&query, 0, usize::MAX, false);
        let mut fresh = 0;
        for entity in &found.entities {
            let attribute = entity.attribute(&kind.attribute);
            let observed = attribute.map(|one| one.observed_at.unwrap_or(one.modified_at));
            let is_fresh = kind.freshness(observed, now) == Freshness::Fresh;
            fresh += usize::from(is_fresh);
            if let Some(at) = position(entity).filter(|at| within.contains(*at)) {
                sweep.inside += 1;
                gather(&mut heaps, at, square, is_fresh, &kind);
            }
        }
        sweep.kinds.push((kind, found.entities.len(), fresh));
    }
    sweep.heaps = heaps
        .into_values()
        .filter_map(|(lon, lat, heap)| {
            let n = heap.count as f64;
            let at = Position::new(lon / n, lat / n)?;
            Some(Heap { at, ..heap })
        })
        .collect();
    sweep
        .heaps
        .sort_by_key(|heap| std::cmp::Reverse(heap.count));
    sweep.heaps.truncate(MOST_HEAPS);
    sweep.shown = sweep.heaps.iter().map(|heap| heap.count).sum();
    Ok(sweep)
}

/// Puts one place to those of its square: the sums of their coordinates, and what they have in common.
fn gather(
    heaps: &mut BTreeMap<(i64, i64), (f64, f64, Heap)>,
    at: Position,
    square: f64,
    is_fresh: bool,
    kind: &Arc<LiveType>,
) {
    // Degrees of the earth in squares: far within what a whole number holds.
    let cell = |degrees: f64| (degrees / square).floor() as i64;
    let entry = heaps
        .entry((cell(at.lon()), cell(at.lat())))
        .or_insert_with(|| {
            let heap = Heap {
                at,
                count: 0,
                stale: 0,
                kind: Some(Arc::clone(kind)),
            };
            (0.0, 0.0, heap)
        });
    entry.0 += at.lon();
    entry.1 += at.lat();
    let heap = &mut entry.2;
    heap.count += 1;
    heap.stale += usize::from(!is_fresh);
    heap.kind.take_if(|one| one.code != kind.code);
}

/// One entity; [`Error::NotFound`] also for what these eyes may not see.
///
/// # Errors
/// When the actor may not read, there is no such entity, or the database does not answer.
pub async fn get(city: &City, eyes: Eyes<'_>, id: &str) -> Result<Seen> {
    eyes.may()?;
    let live = city.store().live().await?;
    let entity = live.get(id).ok_or(Error::NotFound)?;
    one(city, eyes, &entity).ok_or(Error::NotFound)
}

/// Whether these eyes may see `entity` at all, without looking at what it says. Asks no policy.
pub fn shows(city: &City, eyes: Eyes<'_>, entity: &Entity) -> bool {
    let has = |kind: &str| entity.types.iter().any(|name| **name == *kind);
    let configuration = city.configuration();
    let mut named = configuration.live_types.iter();
    match eyes {
        Eyes::Public => named.any(|kind| kind.public && has(&kind.kind)),
        Eyes::Wall => named.any(|kind| has(&kind.kind)),
        Eyes::Staff(_) => true,
    }
}

/// Where `entity` is, or the centre of what it covers.
pub fn position(entity: &Entity) -> Option<Position> {
    match &entity.attribute(LOCATION)?.value {
        Value::GeoProperty(geometry) => geometry.centre(),
        _ => None,
    }
}

/// What these eyes see of `entity`; `None` when its types are not for them. Asks no policy.
pub fn one(city: &City, eyes: Eyes<'_>, entity: &Entity) -> Option<Seen> {
    let configuration = city.configuration();
    let types: Vec<_> = entity
        .types
        .iter()
        .map(|name| (Arc::clone(name), 1))
        .collect();
    let kind = kinds(&configuration, eyes, &types).into_iter().next()?;
    Some(see(entity, &kind, eyes, city.now()))
}

/// Readings of one entity from the oldest to the newest since `since`, and whether older ones were left out.
///
/// # Errors
/// When the actor may not read, or the database does not answer.
pub async fn past(
    city: &City,
    eyes: Eyes<'_>,
    seen: &Seen,
    since: Timestamp,
) -> Result<(Vec<Reading>, bool)> {
    let mut all = pasts(
        city,
        eyes,
        std::slice::from_ref(seen),
        since,
        MOST_OBSERVATIONS,
    )
    .await?;
    let readings = all.pop().unwrap_or_default();
    let cut = readings.len() >= usize::try_from(MOST_OBSERVATIONS).unwrap_or(usize::MAX);
    Ok((readings, cut))
}

/// The newest `limit` readings of each of `seen` since `since`, from the oldest to the newest.
///
/// # Errors
/// When the actor may not read, or the database does not answer.
pub async fn pasts(
    city: &City,
    eyes: Eyes<'_>,
    seen: &[Seen],
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Vec<Reading>>> {
    eyes.may()?;
    let live = city.store().live().await?;
    live.flush_all().await?;
    let mut db = live.tables().read().await?;
    let range = Range {
        from: Some(since),
        to: Some(city.now().plus(SignedDuration::from_secs(1))),
        last: Some(limit),
        limit,
        ..Range::default()
    };
    let mut pasts = Vec::with_capacity(seen.len());
    for one in seen {
        let attribute = one.kind.attribute.as_str().into();
        let found = history::observations(&mut db, &one.id, &[attribute], &range).await?;
        let default = found
            .into_iter()
            .find(|((name, dataset), _)| **name == *one.kind.attribute && dataset.is_none());
        let readings = default.map_or(vec![], |(_, rows)| {
            rows.iter()
                .filter_map(|row| reading(&row.attribute))
                .collect()
        });
        pasts.push(readings);
    }
    Ok(pasts)
}

/// Everything that an entity says, for staff: the names of its attributes with their values.
///
/// # Errors
/// When the actor may not read, or there is no such entity.
pub async fn attributes(
    city: &City,
    actor: &Actor,
    id: &str,
) -> Result<Vec<(String, Reading, Option<String>)>> {
    let entity = super::get(city, actor, id).await?;
    let told = |attribute: &Arc<Attribute>| {
        let unit = attribute.unit_code.as_ref().map(|unit| unit.to_string());
        Some((tail(&attribute.name), reading(attribute)?, unit))
    };
    Ok(entity.attributes.iter().filter_map(told).collect())
}

impl Eyes<'_> {
    fn may(self) -> Result<()> {
        match self {
            Self::Public | Self::Wall => Ok(()),
            Self::Staff(actor) => must(actor, Action::ReadEntities),
        }
    }

    fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }
}

/// The types that these eyes may see: those of the configuration in its order, and for staff the others after them.
fn kinds(
    configuration: &Configuration,
    eyes: Eyes<'_>,
    there: &[(pendopo_domain::entities::Iri, usize)],
) -> Vec<Arc<LiveType>> {
    let is_there = |kind: &&Arc<LiveType>| there.iter().any(|(name, _)| **name == *kind.kind);
    let known = configuration
        .live_types
        .iter()
        .filter(|kind| kind.public || !eyes.is_public())
        .filter(is_there);
    let mut kinds: Vec<Arc<LiveType>> = known.cloned().collect();
    if matches!(eyes, Eyes::Staff(_)) {
        let named = |name: &str| configuration.live_types.iter().any(|one| one.kind == name);
        let others = there.iter().filter(|(name, _)| !named(name));
        kinds.extend(others.map(|(name, _)| Arc::new(unnamed(name))));
    }
    kinds
}

/// A type that the configuration does not know: it has no value of its own, and nothing is expected of it.
fn unnamed(name: &str) -> LiveType {
    LiveType {
        code: name.to_owned(),
        kind: name.to_owned(),
        names: Texts::same(&tail(name)),
        attribute: String::new(),
        attribute_names: Texts::default(),
        unit: Texts::default(),
        expected_every_s: u32::MAX,
        public: false,
        icon: String::new(),
    }
}

/// The last part of an IRI, which people can read.
pub fn tail(iri: &str) -> String {
    let end = iri.trim_end_matches(['/', '#']);
    let start = end.rfind(['/', '#', ':']).map_or(0, |at| at + 1);
    shown(&end[start..])
}

fn inside(within: BoundingBox) -> Geo {
    let BoundingBox {
        west,
        south,
        east,
        north,
    } = within;
    let shape = polygon![
        (x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north), (x: west, y: south)
    ];
    Geo {
        relation: Relation::Intersects,
        shape: shape.into(),
        property: LOCATION.into(),
    }
}

fn see(entity: &Entity, kind: &Arc<LiveType>, eyes: Eyes<'_>, now: Timestamp) -> Seen {
    let attribute = entity.attribute(&kind.attribute);
    let reading = attribute.and_then(reading);
    let observed = reading.as_ref().map(|reading| reading.at);
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| plain(&entity.attribute(name)?.value))
            .filter(|text| !text.is_empty())
    };
    Seen {
        id: entity.id.to_string(),
        name: text(&NAMES).unwrap_or_else(|| tail(&entity.id)),
        kind: Arc::clone(kind),
        freshness: kind.freshness(observed, now),
        reading,
        position: position(entity),
        source: text(&SOURCES).filter(|_| matches!(eyes, Eyes::Staff(_))),
    }
}

fn reading(attribute: &Attribute) -> Option<Reading> {
    Some(Reading {
        number: attribute.value.number(),
        text: plain(&attribute.value)?,
        at: attribute.observed_at.unwrap_or(attribute.modified_at),
    })
}

/// The value in words: a text without its marks, a number, the ids of a relationship. `None` for a place.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::GeoProperty(_) => return None,
        Value::Relationship { objects, .. } | Value::ListRelationship { objects, .. } => {
            let ids: Vec<String> = objects.iter().map(|id| tail(id)).collect();
            ids.join(", ")
        }
        Value::Property(json)
        | Value::LanguageProperty(json)
        | Value::VocabProperty(json)
        | Value::JsonProperty(json)
        | Value::ListProperty(json) => {
            let text = serde_json::from_str::<String>(json.get());
            text.unwrap_or_else(|_| json.get().to_owned())
        }
    };
    Some(shown(&text))
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
