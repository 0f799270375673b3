//! Live entities on the map: where they are and what they say now, as GeoJSON, and what changes, over Server-Sent Events.
//!
//! The stream follows what the journal has already. It carries the marks that changed, in the eyes of whoever looks, and
//! says `changed` without any when there are too many or some were missed; the map asks for all of them then. The first
//! change of a quiet stream goes out at once. After an event a client rests for as long as a weak line takes for it, and
//! what changes meanwhile comes together: one gauge is seen as it moves, a whole city two times a second.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use pendopo_domain::entities::{Entity, Iri};
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
/// Changes that are looked at for one client in [`REST`]; of more it is only told that there were some.
const MOST_LOOKS: usize = 1_000;
/// Between two events to one client: a frame of its screen at least,
const FRAME: Duration = Duration::from_millis(16);
/// as long as the first takes at so many bytes per second, which any mobile network carries,
const WEAK_LINE: f64 = 32.0 * 1024.0;
/// and after a large one, or one that makes the map ask for everything, this.
const REST: Duration = Duration::from_millis(500);
/// What a client may ask for.
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
    let every = Duration::try_from_secs_f64(every).unwrap_or(REST);
    let live = visit.city.store().live().await;
    let changes = live.map_err(pendopo_operations::Error::from)?.changes();
    let follower = Follower {
        visit,
        room,
        within,
        every: every.min(LONGEST),
        changes,
        looks: Looks::default(),
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
    looks: Looks,
    quiet_until: Instant,
}

/// What happened since the last event.
#[derive(Default)]
struct Touched {
    /// Of entities that this client may see and has in its box.
    ids: BTreeSet<Iri>,
    /// Too many, some were missed, or an entity is gone.
    all: bool,
}

/// How many changes were looked at lately: a city that changes faster than anybody reads must not cost more with every
/// client.
struct Looks {
    since: Instant,
    count: usize,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            count: 0,
        }
    }
}

impl Looks {
    /// Whether one more may be looked at.
    fn one_more(&mut self) -> bool {
        if self.since.elapsed() >= REST {
            *self = Self::default();
        }
        self.count += 1;
        self.count <= MOST_LOOKS
    }
}

/// How long a client rests after an event of so many bytes.
fn rest_after(bytes: usize) -> Duration {
    Duration::from_secs_f64(bytes as f64 / WEAK_LINE).clamp(FRAME, REST)
}

impl Follower {
    /// The next event that says something to this client; `None` when nothing comes any more.
    async fn next(&mut self) -> Option<SseEvent> {
        loop {
            let touched = self.gather().await?;
            let (body, rest) = if touched.all {
                ("{}".to_owned(), REST)
            } else {
                let features = self.marks(&touched.ids).await?;
                if features.is_empty() {
                    continue;
                }
                let body = json!({"features": features}).to_string();
                let rest = rest_after(body.len());
                (body, rest)
            };
            self.quiet_until = Instant::now() + rest.max(self.every);
            return Some(SseEvent::default().event("changed").data(body));
        }
    }

    /// Waits for a change, then for the end of the quiet time, and takes all that came meanwhile.
    async fn gather(&mut self) -> Option<Touched> {
        let mut touched = Touched::default();
        loop {
            match self.changes.recv().await {
                Ok(entry) => self.look(&entry, &mut touched).await?,
                Err(RecvError::Lagged(_)) => touched.all = true,
                Err(RecvError::Closed) => return None,
            }
            if touched.all || !touched.ids.is_empty() {
                break;
            }
        }
        tokio::time::sleep_until(self.quiet_until).await;
        loop {
            match self.changes.try_recv() {
                Ok(entry) => self.look(&entry, &mut touched).await?,
                Err(broadcast::error::TryRecvError::Lagged(_)) => touched.all = true,
                Err(_) => return Some(touched),
            }
        }
    }

    /// Takes from `entry` what concerns this client.
    async fn look(&mut self, entry: &Entry, touched: &mut Touched) -> Option<()> {
        let live = self.visit.city.store().live().await.ok()?;
        for effect in entry.effects.iter().filter(|one| one.changes_present()) {
            if touched.all || !self.looks.one_more() || touched.ids.len() >= MOST_CHANGED {
                touched.all = true;
                return Some(());
            }
            match live.get(effect.id()) {
                // An id that this client never saw must not be told, so it looks for itself what is gone.
                None => touched.all = true,
                Some(entity) if self.shows(&entity) => {
                    touched.ids.insert(Arc::clone(effect.id()));
                }
                Some(_) => {}
            }
        }
        Some(())
    }

    fn shows(&self, entity: &Entity) -> bool {
        let eyes = self.room.eyes(&self.visit);
        seen::shows(&self.visit.city, eyes, entity) && self.is_within(seen::position(entity))
    }

    /// Marks of those that this client may see.
    async fn marks(&self, ids: &BTreeSet<Iri>) -> Option<Vec<Value>> {
        let live = self.visit.city.store().live().await.ok()?;
        let eyes = self.room.eyes(&self.visit);
        let features = ids.iter().filter_map(|id| {
            let seen = seen::one(&self.visit.city, eyes, &*live.get(id)?)?;
            let seen = Some(seen).filter(|seen| self.is_within(seen.position))?;
            mark(&self.visit, self.room, &seen)
        });
        Some(features.collect())
    }

    fn is_within(&self, position: Option<Position>) -> bool {
        match (self.within, position) {
            (Some(within), Some(at)) => within.contains(at),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_rests_for_what_a_weak_line_takes_a_frame_at_least_and_half_a_second_at_most() {
        assert_eq!(rest_after(0), FRAME);
        assert_eq!(rest_after(350), FRAME);
        assert_eq!(rest_after(8 * 1024), Duration::from_millis(250));
        assert_eq!(rest_after(200 * 350), REST);
    }

    #[test]
    fn a_city_that_changes_too_fast_is_not_looked_at_change_by_change() {
        let mut looks = Looks::default();
        assert!((0..MOST_LOOKS).all(|_| looks.one_more()));
        assert!(!looks.one_more());
        looks.since -= REST;
        assert!(looks.one_more());
    }
}
