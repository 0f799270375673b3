//! Live entities on the map: where they are and what they say now, as GeoJSON, and what changes, over Server-Sent Events.
//!
//! The stream follows what the journal has already. It carries the marks that changed, in the eyes of whoever looks, and
//! says `changed` without any when there are too many or some were missed; the map asks for all of them then. A client
//! hears at most two times a second.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use pendopo_domain::entities::Iri;
use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::live_types::Freshness;
use pendopo_domain::policy::Action;
use pendopo_operations::entities::seen::{self, Eyes, Look, Seen};
use pendopo_operations::followers::Place;
use pendopo_operations::store::live::Entry;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;

use super::events::{Peer, Stopping, place, stopped};
use crate::failure::Failure;
use crate::i18n::{Language, format};
use crate::pages::live::age_words;
use crate::pages_view::{ErrorKind, MapView};
use crate::visit::Visit;

/// Marks of one answer.
const MOST_MARKS: usize = 500;
/// Marks of one event; more of them are asked for.
const MOST_CHANGED: usize = 200;
/// Between two events to one client.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// Often enough that a proxy does not cut the line, rarely enough to cost nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where one looks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Public,
    Staff,
}

impl Room {
    pub(crate) fn eyes(self, visit: &Visit) -> Eyes<'_> {
        match self {
            Self::Public => Eyes::Public,
            Self::Staff => Eyes::Staff(&visit.actor),
        }
    }

    pub(crate) const fn list(self) -> &'static str {
        match self {
            Self::Public => "/langsung",
            Self::Staff => "/meja/langsung",
        }
    }

    /// The page of an entity. An id is a URI, and a segment of a path here.
    pub(crate) fn entity(self, id: &str) -> String {
        let kept =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b':');
        let segment: String = id
            .bytes()
            .map(|b| {
                if kept(b) {
                    (b as char).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        format!("{}/{segment}", self.list())
    }

    const fn marks(self) -> &'static str {
        match self {
            Self::Public => "/map/live.json",
            Self::Staff => "/meja/map/live.json",
        }
    }

    const fn stream(self) -> &'static str {
        match self {
            Self::Public => "/map/live/events",
            Self::Staff => "/meja/map/live/events",
        }
    }

    /// The stream for a page that asks for itself again: that is dearer than a mark.
    pub(crate) fn events(self) -> String {
        format!("{}?every=5", self.stream())
    }
}

/// `view` with live entities as marks.
pub(crate) fn with_live(view: MapView, room: Room) -> MapView {
    MapView {
        live_url: room.marks().to_owned(),
        live_events_url: room.stream().to_owned(),
        ..view
    }
}

/// A map of the desk around `at`, with reports.
pub(crate) fn desk_map(visit: &Visit, at: Position) -> MapView {
    for_desk(
        visit,
        crate::pages::map_around(visit, at, "/map/reports.json"),
    )
}

/// A map of the desk: with all live entities for those who may read them.
pub(crate) fn for_desk(visit: &Visit, view: MapView) -> MapView {
    if visit.may(Action::ReadEntities) {
        with_live(view, Room::Staff)
    } else {
        view
    }
}

/// A map around one entity, without reports.
pub(crate) fn map_of(visit: &Visit, room: Room, at: Position) -> MapView {
    with_live(crate::pages::map_around(visit, at, ""), room)
}

/// What the map asks for as it moves.
#[derive(Debug, Deserialize)]
pub struct Window {
    /// `west,south,east,north`
    bbox: Option<String>,
    limit: Option<usize>,
    /// Seconds between two events at least.
    every: Option<f64>,
}

impl Window {
    fn within(&self) -> Result<Option<BoundingBox>, Failure> {
        let bad = || Failure::because(ErrorKind::BadRequest, "bbox");
        let read = |text: &String| BoundingBox::parse(text).ok_or_else(bad);
        self.bbox.as_ref().map(read).transpose()
    }
}

/// `GET /map/live.json?bbox=w,s,e,n[&limit=n]`
pub async fn list_public(visit: Visit, window: Query<Window>) -> Result<Response, Failure> {
    list(&visit, Room::Public, &window).await
}

/// `GET /meja/map/live.json?bbox=w,s,e,n[&limit=n]`
pub async fn list_all(visit: Visit, window: Query<Window>) -> Result<Response, Failure> {
    list(&visit, Room::Staff, &window).await
}

async fn list(visit: &Visit, room: Room, window: &Window) -> Result<Response, Failure> {
    let look = Look {
        within: window.within()?,
        limit: window.limit.unwrap_or(MOST_MARKS).min(MOST_MARKS),
        ..Look::default()
    };
    let page = seen::find(&visit.city, room.eyes(visit), &look).await?;
    let marks = page.seen.iter().filter_map(|seen| mark(visit, room, seen));
    let features: Vec<Value> = marks.collect();
    let body = json!({"type": "FeatureCollection", "more": page.more, "features": features});
    let headers = [
        (header::CONTENT_TYPE, "application/geo+json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body.to_string()).into_response())
}

/// A mark; `None` for what is nowhere.
fn mark(visit: &Visit, room: Room, seen: &Seen) -> Option<Value> {
    let at = seen.position?;
    let value = shown_value(visit.language, seen);
    let unit = seen.kind.unit.get(visit.language.tag());
    let value = if value.is_empty() {
        value
    } else {
        format!("{value} {unit}").trim_end().to_owned()
    };
    let age = age_words(visit, seen);
    let said = [seen.name.as_str(), &value].map(str::to_owned);
    let said: Vec<String> = said.into_iter().filter(|text| !text.is_empty()).collect();
    Some(json!({
        "type": "Feature",
        "id": seen.id,
        "properties": {
            "value": value,
            "label": format!("{}. {age}", said.join(": ")),
            "age": age,
            "stale": seen.freshness != Freshness::Fresh,
            "icon": seen.kind.icon,
            "href": room.entity(&seen.id),
        },
        "geometry": {"type": "Point", "coordinates": [at.lon(), at.lat()]},
    }))
}

/// The value as the reader writes it, without its unit; empty when nothing was told.
pub(crate) fn shown_value(language: Language, seen: &Seen) -> String {
    let Some(reading) = &seen.reading else {
        return String::new();
    };
    reading
        .number
        .map_or_else(|| reading.text.clone(), |n| format::number(language, n))
}

/// `GET /map/live/events[?bbox=w,s,e,n][&every=s]`
pub async fn follow_public(
    visit: Visit,
    window: Query<Window>,
    State(stopping): State<Stopping>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, Failure> {
    let place = place(&visit, peer, &headers)?;
    follow(visit, Room::Public, &window, stopping, place).await
}

/// `GET /meja/map/live/events[?bbox=w,s,e,n][&every=s]`
pub async fn follow_all(
    visit: Visit,
    window: Query<Window>,
    State(stopping): State<Stopping>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, Failure> {
    let place = place(&visit, peer, &headers)?;
    follow(visit, Room::Staff, &window, stopping, place).await
}

async fn follow(
    visit: Visit,
    room: Room,
    window: &Window,
    stopping: Stopping,
    place: Place,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>> + use<>>, Failure> {
    let within = window.within()?;
    let every = window.every.unwrap_or(0.0);
    let every = Duration::try_from_secs_f64(every).unwrap_or(SHORTEST);
    let live = visit.city.store().live().await;
    let changes = live.map_err(pendopo_operations::Error::from)?.changes();
    let follower = Follower {
        visit,
        room,
        within,
        every: every.clamp(SHORTEST, LONGEST),
        changes,
        quiet_until: Instant::now(),
    };
    let first = SseEvent::default().event("hello").data("{}");
    let later = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    let later = later.take_until(stopped(stopping.0));
    let events = stream::once(async move { first })
        .chain(later)
        .map(move |event| {
            // Free again with the stream, which ends as soon as the line is cut.
            let _held = &place;
            Ok(event)
        });
    let alive = KeepAlive::new()
        .interval(KEEP_ALIVE)
        .event(SseEvent::default().event("alive").data("{}"));
    Ok(Sse::new(events).keep_alive(alive))
}

/// One client of the stream.
struct Follower {
    visit: Visit,
    room: Room,
    within: Option<BoundingBox>,
    every: Duration,
    changes: broadcast::Receiver<Entry>,
    quiet_until: Instant,
}

/// What happened since the last event.
#[derive(Default)]
struct Touched {
    ids: BTreeSet<Iri>,
    /// Too many, or some were missed.
    all: bool,
}

impl Touched {
    fn add(&mut self, entry: &Entry) {
        for effect in entry.effects.iter().filter(|one| one.changes_present()) {
            if self.ids.len() >= MOST_CHANGED {
                self.all = true;
                return;
            }
            self.ids.insert(Arc::clone(effect.id()));
        }
    }
}

impl Follower {
    /// The next event that says something to this client; `None` when nothing comes any more.
    async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let touched = self.gather().await?;
            if touched.all {
                return Some(SseEvent::default().event("changed").data("{}"));
            }
            let (features, gone) = self.marks(&touched.ids).await?;
            // An id that this client never saw must not be told, so it looks for itself what is gone.
            if gone {
                return Some(SseEvent::default().event("changed").data("{}"));
            }
            if !features.is_empty() {
                let body = json!({"features": features});
                return Some(SseEvent::default().event("changed").data(body.to_string()));
            }
        }
    }

    /// Waits for a change, then for the end of the quiet time, and takes all that came meanwhile.
    async fn gather(&mut self) -> Option<Touched> {
        let mut touched = Touched::default();
        loop {
            match self.changes.recv().await {
                Ok(entry) => touched.add(&entry),
                Err(RecvError::Lagged(_)) => touched.all = true,
                Err(RecvError::Closed) => return None,
            }
            if touched.all || !touched.ids.is_empty() {
                break;
            }
        }
        tokio::time::sleep_until(self.quiet_until).await;
        self.quiet_until = Instant::now() + self.every;
        loop {
            match self.changes.try_recv() {
                Ok(entry) => touched.add(&entry),
                Err(broadcast::error::TryRecvError::Lagged(_)) => touched.all = true,
                Err(_) => return Some(touched),
            }
        }
    }

    /// Marks of those that this client may see, and whether any entity is gone.
    async fn marks(&self, ids: &BTreeSet<Iri>) -> Option<(Vec<Value>, bool)> {
        let live = self.visit.city.store().live().await.ok()?;
        let eyes = self.room.eyes(&self.visit);
        let (mut features, mut gone) = (vec![], false);
        for id in ids {
            match live.get(id) {
                None => gone = true,
                Some(entity) => {
                    let seen = seen::one(&self.visit.city, eyes, &entity);
                    let seen = seen.filter(|seen| self.is_within(seen.position));
                    features.extend(seen.and_then(|seen| mark(&self.visit, self.room, &seen)));
                }
            }
        }
        Some((features, gone))
    }

    fn is_within(&self, position: Option<Position>) -> bool {
        match (self.within, position) {
            (Some(within), Some(at)) => within.contains(at),
            _ => true,
        }
    }
}
