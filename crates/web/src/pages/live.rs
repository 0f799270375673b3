//! What sensors and other systems tell, for everyone (`/langsung`) and for the staff (`/meja/langsung`).
//!
//! Both are the same pages with other eyes: [`Eyes`] decides what of an entity there is to see.

use axum::extract::{Path, Query};
use axum::response::Response;
use jiff::SignedDuration;
use pendopo_domain::live_types::Freshness;
use pendopo_domain::policy::Action;
use pendopo_domain::time::Timestamp;
use pendopo_operations::entities::seen::{self, Eyes, Look, Reading, Seen};
use serde::Deserialize;

use crate::api::live::{self as api, Room, shown_value};
use crate::failure::Failure;
use crate::i18n::{FluentArgs, format};
use crate::pages_view::{
    LiveAttribute, LiveEntity, LiveKind, LiveList, LivePoint, LiveRow, LiveTab, Nav, Spark,
};
use crate::routes::{Route, show};
use crate::visit::Visit;

/// Entities on one page of the list.
const PAGE_ROWS: usize = 30;
/// Readings of one small line.
const SPARK_READINGS: i64 = 300;
/// Points of a chart and rows of its table.
const MOST_POINTS: usize = 360;
/// Stretches of time that can be looked at, in days.
const DAYS: [i64; 3] = [1, 7, 30];

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{ReadEntities, SeePublic};
    show(routes, "/langsung", SeePublic, list_public);
    show(routes, "/langsung/{id}", SeePublic, show_public);
    show(routes, "/meja/langsung", ReadEntities, list_all);
    show(routes, "/meja/langsung/{id}", ReadEntities, show_any);
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    jenis: Option<String>,
    page: Option<String>,
}

impl Asked {
    fn url(&self, room: Room, page: usize) -> String {
        let kind = self.jenis.clone().filter(|kind| !kind.is_empty());
        let mut pairs: Vec<(&str, String)> = kind.map(|kind| ("jenis", kind)).into_iter().collect();
        if page > 1 {
            pairs.push(("page", page.to_string()));
        }
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", room.list())
    }
}

/// `GET /langsung?jenis=&page=`
async fn list_public(visit: Visit, asked: Query<Asked>) -> Result<Response, Failure> {
    list(&visit, Room::Public, &asked).await
}

/// `GET /meja/langsung?jenis=&page=`
async fn list_all(visit: Visit, asked: Query<Asked>) -> Result<Response, Failure> {
    list(&visit, Room::Staff, &asked).await
}

async fn list(visit: &Visit, room: Room, asked: &Asked) -> Result<Response, Failure> {
    let page: usize = asked
        .page
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
        .clamp(1, 100_000);
    let look = Look {
        code: asked.jenis.clone().filter(|kind| !kind.is_empty()),
        within: None,
        offset: (page - 1) * PAGE_ROWS,
        limit: PAGE_ROWS,
    };
    let eyes = room.eyes(visit);
    let found = seen::find(&visit.city, eyes, &look).await?;
    let (from, to) = day(visit);
    let pasts = seen::pasts(&visit.city, eyes, &found.seen, from, SPARK_READINGS).await?;
    let kinds = found.counts.iter().map(|(kind, count)| LiveKind {
        name: kind.names.get(visit.language.tag()).to_owned(),
        url: Asked {
            jenis: Some(kind.code.clone()),
            page: None,
        }
        .url(room, 1),
        count: *count,
        selected: look.code.as_ref() == Some(&kind.code),
    });
    let rows = found.seen.iter().zip(&pasts);
    let context = LiveList {
        staff: room == Room::Staff,
        url: room.list().to_owned(),
        events_url: room.events(),
        kinds: kinds.collect(),
        total: found.counts.iter().map(|(_, count)| count).sum(),
        rows: rows
            .map(|(seen, past)| row(visit, room, seen, spark(visit, seen, past, from, to)))
            .collect(),
        previous_url: (page > 1).then(|| asked.url(room, page - 1)),
        next_url: found.more.then(|| asked.url(room, page + 1)),
    };
    visit.page(room.nav(), &context)
}

fn day(visit: &Visit) -> (Timestamp, Timestamp) {
    let now = visit.city.now();
    (now.plus_days(-1), now)
}

fn spark(
    visit: &Visit,
    seen: &Seen,
    past: &[Reading],
    from: Timestamp,
    to: Timestamp,
) -> Option<Spark> {
    let numbers: Vec<(Timestamp, f64)> = numbers(past).collect();
    let expected = SignedDuration::from_secs(seen.kind.expected_every_s.into());
    Spark::of(visit.language, &numbers, from, to, expected)
}

fn numbers(past: &[Reading]) -> impl Iterator<Item = (Timestamp, f64)> {
    past.iter()
        .filter_map(|reading| Some((reading.at, reading.number?)))
}

fn row(visit: &Visit, room: Room, seen: &Seen, spark: Option<Spark>) -> LiveRow {
    let language = visit.language.tag();
    LiveRow {
        name: seen.name.clone(),
        url: room.entity(&seen.id),
        kind: seen.kind.names.get(language).to_owned(),
        icon: seen.kind.icon.clone(),
        attribute: seen.kind.attribute_names.get(language).to_owned(),
        value: shown_value(visit.language, seen),
        unit: seen.kind.unit.get(language).to_owned(),
        at: seen.reading.as_ref().map(|reading| reading.at),
        age: seen
            .reading
            .as_ref()
            .map_or_else(String::new, |reading| ago(visit, reading.at)),
        freshness: seen.freshness,
        spark,
        source: seen.source.clone(),
    }
}

#[derive(Deserialize)]
struct Stretch {
    hari: Option<String>,
}

/// `GET /langsung/{id}?hari=1|7|30`
async fn show_public(
    visit: Visit,
    Path(id): Path<String>,
    stretch: Query<Stretch>,
) -> Result<Response, Failure> {
    entity(&visit, Room::Public, &id, &stretch).await
}

/// `GET /meja/langsung/{id}?hari=1|7|30`
async fn show_any(
    visit: Visit,
    Path(id): Path<String>,
    stretch: Query<Stretch>,
) -> Result<Response, Failure> {
    entity(&visit, Room::Staff, &id, &stretch).await
}

async fn entity(
    visit: &Visit,
    room: Room,
    id: &str,
    stretch: &Stretch,
) -> Result<Response, Failure> {
    let eyes = room.eyes(visit);
    let found = seen::get(&visit.city, eyes, id).await?;
    let asked = stretch.hari.as_deref().and_then(|text| text.parse().ok());
    let days = asked.filter(|days| DAYS.contains(days)).unwrap_or(DAYS[0]);
    let (from, now) = (visit.city.now().plus_days(-days), visit.city.now());
    let (past, cut) = seen::past(&visit.city, eyes, &found, from).await?;
    let numbers: Vec<(Timestamp, f64)> = numbers(&past).collect();
    let (day, _) = day(visit);
    let newest: Vec<Reading> = past.into_iter().filter(|one| one.at >= day).collect();
    let spark = spark(visit, &found, &newest, day, now);
    let attributes = match eyes {
        Eyes::Public | Eyes::Wall => vec![],
        Eyes::Staff(actor) => seen::attributes(&visit.city, actor, id).await?,
    };
    let attribute = |(name, reading, unit): (String, Reading, Option<String>)| LiveAttribute {
        name,
        value: reading.text,
        unit: unit.unwrap_or_default(),
        at: reading.at,
    };
    let url = room.entity(id);
    let points = thin(&numbers, from, now);
    let context = LiveEntity {
        staff: room == Room::Staff,
        list_url: room.list().to_owned(),
        events_url: room.events(),
        row: row(visit, room, &found, spark),
        days,
        tabs: DAYS
            .map(|days| LiveTab {
                days,
                url: format!("{url}?hari={days}"),
            })
            .to_vec(),
        averaged: points.len() < numbers.len(),
        points,
        cut,
        attributes: attributes.into_iter().map(attribute).collect(),
        map: found.position.map(|at| api::map_of(visit, room, at)),
    };
    visit.page(room.nav(), &context)
}

/// As they are while they are few, else the mean of each of [`MOST_POINTS`] equal stretches, at its last reading.
fn thin(readings: &[(Timestamp, f64)], from: Timestamp, to: Timestamp) -> Vec<LivePoint> {
    let point = |(at, value): (Timestamp, f64)| LivePoint {
        at,
        posix: at.micros().div_euclid(1_000_000),
        value,
    };
    if readings.len() <= MOST_POINTS {
        return readings.iter().copied().map(point).collect();
    }
    let most = i64::try_from(MOST_POINTS).unwrap_or(1);
    let width = (to.micros() - from.micros()).max(most) / most;
    let stretch = |at: Timestamp| (at.micros() - from.micros()) / width;
    let parts = readings.chunk_by(|one, next| stretch(one.0) == stretch(next.0));
    parts
        .filter_map(|part| {
            let sum: f64 = part.iter().map(|(_, value)| value).sum();
            Some(point((part.last()?.0, sum / part.len() as f64)))
        })
        .collect()
}

/// The sentence about the age of a value, for a mark on the map.
pub(crate) fn age_words(visit: &Visit, seen: &Seen) -> String {
    let Some(reading) = &seen.reading else {
        return visit.text("live-unknown");
    };
    let age = ago(visit, reading.at);
    match seen.freshness {
        Freshness::Stale => format!("{} {age}", visit.text("live-stale")),
        Freshness::Fresh | Freshness::Unknown => age,
    }
}

fn ago(visit: &Visit, at: Timestamp) -> String {
    let now = visit.city.now();
    let age = format::age(visit.language, at, now);
    if now.since(at) < SignedDuration::from_mins(1) {
        return age;
    }
    let mut args = FluentArgs::new();
    args.set("age", age);
    visit.text_with("live-ago", &args)
}

impl Room {
    fn nav(self) -> Nav {
        match self {
            Self::Public => Nav::Map,
            Self::Staff => Nav::Desk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_readings_become_means_and_few_stay_as_they_are() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let readings: Vec<_> = (0..3_600)
            .map(|second| (at(second), second as f64))
            .collect();
        let points = thin(&readings, at(0), at(3_600));
        assert_eq!(points.len(), MOST_POINTS);
        assert_eq!((points[0].posix, points[0].value), (9, 4.5));
        assert_eq!(thin(&readings[..7], at(0), at(3_600)).len(), 7);
    }
}
