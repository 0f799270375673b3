//! What a wall asks for again and again: the state of the city as JSON, and a stream that says that it changed.
//!
//! Both are opened by the wall's link alone, whoever is signed in. An answer is kept for a moment, so that ten walls cost
//! what one costs. Nothing of it names a person or comes from a secret report.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use pendopo_domain::alarms::State as AlarmState;
use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::live_types::Freshness;
use pendopo_domain::rules::Beyond;
use pendopo_domain::time::Timestamp;
use pendopo_domain::walls::Wall;
use pendopo_operations::alerts::stage;
use pendopo_operations::city::Change;
use pendopo_operations::entities::seen::Heap;
use pendopo_operations::followers::Place;
use pendopo_operations::store::live::Entry;
use pendopo_operations::walls::{self, Gauge, Picture, Silent, StandingIncident};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;

use super::events::{Peer, Stopping, place, stopped};
use super::live::shown_value;
use crate::failure::Failure;
use crate::i18n::FluentArgs;
use crate::pages;
use crate::pages::alarm::row_with;
use crate::pages::parts::service_name;
use crate::pages_view::{AlertCard, ErrorKind};
use crate::visit::{Visit, cookie};

/// Squares of the map side by side.
const COLUMNS: std::ops::RangeInclusive<u32> = 4..=60;
/// An answer is the same for all walls for so long.
const KEPT: Duration = Duration::from_secs(2);
/// Questions that are kept at a time.
const MOST_KEPT: usize = 64;
/// Between two events to one wall.
const REST: Duration = Duration::from_secs(2);
/// Often enough that a wall knows within five seconds that the line is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Points of one trend.
const MOST_POINTS: usize = 240;

/// Answers of the last moment, by question.
#[derive(Clone, Default)]
pub struct KeptPictures(Arc<Mutex<HashMap<String, (Instant, String)>>>);

/// Name of the cookie that carries a wall's link. Ports of one host share cookies, so each city has a name of its own.
pub fn wall_cookie(slug: &str) -> String {
    format!("dinding_{slug}")
}

/// The wall whose link this browser carries.
///
/// # Errors
/// Not found without a link, and with one that was taken away.
pub async fn wall_of(visit: &Visit, headers: &HeaderMap) -> Result<Wall, Failure> {
    let gone = || Failure::new(ErrorKind::NotFound);
    let token = cookie(headers, &wall_cookie(visit.city.slug())).ok_or_else(gone)?;
    let wall = walls::by_token(&visit.city, &token).await?;
    wall.ok_or_else(gone)
}

/// What a wall asks for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// `west,south,east,north` of its map
    bbox: Option<String>,
    /// How many marks have room side by side.
    columns: Option<u32>,
}

/// `GET /wall/data?bbox=w,s,e,n&columns=n`
pub async fn data(
    visit: Visit,
    State(kept): State<KeptPictures>,
    headers: HeaderMap,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let wall = wall_of(&visit, &headers).await?;
    let bad = || Failure::because(ErrorKind::BadRequest, "bbox");
    let profile = visit.city.configuration();
    let within = match &asked.bbox {
        Some(text) => Some(BoundingBox::parse(text).ok_or_else(bad)?),
        None => profile.profile.bounds(),
    };
    let within = within.ok_or_else(bad)?;
    let columns = asked.columns.unwrap_or(24);
    let columns = columns.clamp(*COLUMNS.start(), *COLUMNS.end());
    let square = ((within.east - within.west) / f64::from(columns)).max(1e-6);
    let question = format!(
        "{} {} {within:?} {columns}",
        visit.city.slug(),
        visit.language.tag()
    );
    // One asks the city, the others wait for its answer.
    let mut answers = kept.0.lock().await;
    answers.retain(|_, (at, _)| at.elapsed() < KEPT);
    let body = match answers.get(&question) {
        Some((_, body)) => body.clone(),
        None => {
            let picture = walls::picture(&visit.city, &wall, within, square).await?;
            let body = told(&visit, &picture).to_string();
            if answers.len() < MOST_KEPT {
                answers.insert(question, (Instant::now(), body.clone()));
            }
            body
        }
    };
    drop(answers);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

fn told(visit: &Visit, picture: &Picture) -> Value {
    let shelved = picture
        .alarms
        .iter()
        .filter(|(alarm, _)| alarm.state == AlarmState::Shelved);
    let kinds = picture.sweep.kinds.iter().map(|(kind, total, fresh)| {
        json!({"name": kind.names.get(visit.language.tag()), "total": total, "fresh": fresh})
    });
    let reports = picture
        .reports
        .iter()
        .map(|cluster| json!({"at": place_of(Some(cluster.at)), "count": cluster.count}));
    json!({
        "at": millis(picture.at),
        "stage": picture.stage.as_ref().map(|set| stage(visit, set)),
        "alerts": pages::alert_cards(visit, &picture.alerts).iter().map(|card| warning(visit, card)).collect::<Vec<_>>(),
        "alarms": picture.alarms.iter().map(|(alarm, seen)| {
            let row = row_with(&visit.city, visit.language, alarm, seen.as_ref());
            let at = alarm.position.or_else(|| seen.as_ref()?.position);
            json!({
                "id": row.id, "priority": row.priority, "title": row.title, "place": row.place, "value": row.value,
                "since": millis(row.since), "by": row.left.map(|left| millis(left.by)), "state": row.state,
                "until": alarm.shelved_until.map(millis), "at": place_of(at),
                "incident": alarm.incident.map(|id| format!("K-{id}")),
            })
        }).collect::<Vec<_>>(),
        "shelved": shelved.count(),
        "incidents": picture.incidents.iter().map(|one| incident(visit, one)).collect::<Vec<_>>(),
        "gauges": picture.gauges.iter().map(|one| gauge(visit, one)).collect::<Vec<_>>(),
        "silent": picture.silent.as_ref().map(|one| silent(visit, one)),
        "kinds": kinds.collect::<Vec<_>>(),
        "inside": picture.sweep.inside,
        "shown": picture.sweep.shown,
        "heaps": picture.sweep.heaps.iter().map(|one| heap(visit, one)).collect::<Vec<_>>(),
        "reports": reports.collect::<Vec<_>>(),
        "crews": picture.crews,
    })
}

fn stage(visit: &Visit, set: &stage::Set) -> Value {
    let number = set.stage.number();
    let mut args = FluentArgs::new();
    args.set("n", number);
    json!({
        "number": number,
        "title": visit.text_with("stage-number", &args),
        "word": visit.text(&format!("stage-{number}")),
        "since": millis(set.at),
    })
}

/// An official warning as a line: who says it and until when.
fn warning(visit: &Visit, card: &AlertCard) -> Value {
    let severity = format!("alert-severity-{}", card.severity);
    json!({
        "id": card.url,
        "level": card.level,
        "severity": if card.all_clear { visit.text("alert-over") } else { visit.text(&severity) },
        "headline": card.headline,
        "language": card.language,
        "sender": card.sender_name,
        "until": card.says_expiry.then(|| millis(card.expires)),
        "over": card.all_clear,
        "stale": card.stale,
    })
}

fn millis(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000)
}

/// `[lon, lat]`
fn place_of(at: Option<Position>) -> Option<[f64; 2]> {
    at.map(|at| [at.lon(), at.lat()])
}

fn incident(visit: &Visit, standing: &StandingIncident) -> Value {
    let configuration = visit.city.configuration();
    let incident = &standing.incident;
    let area = incident.area.and_then(|id| configuration.areas.by_id(id));
    json!({
        "number": incident.number(),
        "priority": incident.priority.level(),
        "title": service_name(&configuration, visit.language, &incident.service_code),
        "place": area.map(|area| area.name.as_str()).unwrap_or_default(),
        "state": visit.text(&format!("incident-{}", incident.state)),
        "opened": millis(incident.opened_at),
        "reports": standing.public_reports,
        "crews": standing.crews,
        "at": place_of(incident.position),
    })
}

fn gauge(visit: &Visit, gauge: &Gauge) -> Value {
    let seen = &gauge.seen;
    let language = visit.language.tag();
    let points: Vec<(i64, f64)> = gauge
        .past
        .iter()
        .filter_map(|reading| Some((millis(reading.at), reading.number?)))
        .collect();
    let first = points.len().saturating_sub(MOST_POINTS);
    let limits = gauge.limits.iter().map(|limit| {
        let above = limit.side == Beyond::Above;
        json!({"value": limit.value, "above": above, "priority": limit.priority})
    });
    let number = seen.reading.as_ref().and_then(|reading| reading.number);
    let passed = number.and_then(|number| {
        let passed = gauge.limits.iter().filter(|limit| limit.is_passed(number));
        passed.map(|limit| limit.priority).min()
    });
    json!({
        "name": seen.name,
        "attribute": seen.kind.attribute_names.get(language),
        "kind": seen.kind.names.get(language),
        "unit": seen.kind.unit.get(language),
        "value": shown_value(visit.language, seen),
        "since": seen.reading.as_ref().map(|reading| millis(reading.at)),
        "every": u64::from(seen.kind.expected_every_s) * 1_000,
        "stale": seen.freshness != Freshness::Fresh,
        "passed": passed,
        "limits": limits.collect::<Vec<_>>(),
        "reach": gauge.reach.map(|reach| json!({"limit": reach.limit, "at": millis(reach.at)})),
        "points": &points[first..],
    })
}

fn silent(visit: &Visit, silent: &Silent) -> Value {
    json!({
        "name": silent.seen.name,
        "kind": silent.seen.kind.names.get(visit.language.tag()),
        "since": millis(silent.since),
    })
}

fn heap(visit: &Visit, heap: &Heap) -> Value {
    let kind = heap.kind.as_ref();
    json!({
        "at": place_of(Some(heap.at)),
        "count": heap.count,
        "stale": heap.stale,
        "kind": kind.map(|kind| kind.names.get(visit.language.tag())),
    })
}

/// `GET /wall/events`: says `changed` when there may be something new, and `alive` while there is not.
pub async fn follow(
    visit: Visit,
    State(stopping): State<Stopping>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, Failure> {
    wall_of(&visit, &headers).await?;
    let place = place(&visit, peer, &headers)?;
    let live = visit.city.store().live().await;
    let follower = Follower {
        changes: visit.city.changes(),
        live: live.map_err(pendopo_operations::Error::from)?.changes(),
        quiet_until: Instant::now(),
        _place: place,
    };
    let first = SseEvent::default().event("hello").data("{}");
    let later = stream::unfold(follower, |mut follower| async move {
        follower.wait().await?;
        let event = SseEvent::default().event("changed").data("{}");
        Some((event, follower))
    });
    let events = stream::once(async move { first })
        .chain(later.take_until(stopped(stopping.0)))
        .map(Ok);
    let alive = KeepAlive::new()
        .interval(KEEP_ALIVE)
        .event(SseEvent::default().event("alive").data("{}"));
    Ok(Sse::new(events).keep_alive(alive))
}

/// One wall that listens.
struct Follower {
    changes: broadcast::Receiver<Change>,
    live: broadcast::Receiver<Entry>,
    quiet_until: Instant,
    /// Free again with the stream, which ends as soon as the line is cut.
    _place: Place,
}

impl Follower {
    /// Until something changed and the last event is long enough ago; `None` when nothing comes any more.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            change = self.changes.recv() => heard(change.map(|_| ()))?,
            entry = self.live.recv() => heard(entry.map(|_| ()))?,
        }
        tokio::time::sleep_until(self.quiet_until).await;
        // All that came meanwhile is in the next answer.
        self.changes = self.changes.resubscribe();
        self.live = self.live.resubscribe();
        self.quiet_until = Instant::now() + REST;
        Some(())
    }
}

fn heard(one: Result<(), RecvError>) -> Option<()> {
    match one {
        Ok(()) | Err(RecvError::Lagged(_)) => Some(()),
        Err(RecvError::Closed) => None,
    }
}
