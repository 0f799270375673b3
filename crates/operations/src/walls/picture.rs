//! What stands on a wall at one moment.

use std::sync::Arc;

use jiff::SignedDuration;
use pendopo_domain::alarms::{Alarm, State};
use pendopo_domain::geo::BoundingBox;
use pendopo_domain::incidents::Incident;
use pendopo_domain::live_types::{Freshness, LiveType};
use pendopo_domain::rules::{Beyond, Condition, Rule};
use pendopo_domain::time::Timestamp;
use pendopo_domain::trends::{self, Reach};
use pendopo_domain::walls::Wall;
use pendopo_store::report_query::{Cluster, Filter};
use pendopo_store::{alarms, incidents, walls};

use crate::alerts::{self, stage};
use crate::entities::seen::{self, Eyes, Look, Reading, Seen, Sweep};
use crate::{City, Result, reports};

/// Open alarms that a wall can show.
const MOST_ALARMS: i64 = 60;
/// Open incidents that a wall can show.
const MOST_INCIDENTS: i64 = 60;
/// Gauges beside the map.
const MOST_GAUGES: usize = 2;
/// Entities of one type among which the gauges are chosen.
const MOST_CANDIDATES: usize = 500;
/// What a trend shows.
const TREND: SignedDuration = SignedDuration::from_hours(1);
/// Readings of one trend.
const MOST_READINGS: i64 = 240;
/// Silent for longer, and it is no news any more.
const SILENT_NEWS: SignedDuration = SignedDuration::from_hours(24);

/// The state of the city as a wall shows it.
pub struct Picture {
    pub at: Timestamp,
    /// The stage of the city, when it is no ordinary day.
    pub stage: Option<stage::Set>,
    /// Official warnings that hold, the gravest first, without outlines.
    pub alerts: Vec<alerts::Seen>,
    /// Open alarms, the gravest first, each with its entity.
    pub alarms: Vec<(Alarm, Option<Seen>)>,
    /// Open incidents, the gravest first.
    pub incidents: Vec<StandingIncident>,
    /// The nearest to their limit, or farthest beyond, first.
    pub gauges: Vec<Gauge>,
    /// The one that fell silent last.
    pub silent: Option<Silent>,
    pub sweep: Sweep,
    /// Public reports that are open, by place.
    pub reports: Vec<Cluster>,
    /// Crews that are on their way or at work.
    pub crews: usize,
}

/// An incident that everyone may know of: not one of secret reports alone.
pub struct StandingIncident {
    pub incident: Incident,
    /// Public reports that belong to it.
    pub public_reports: i64,
    /// Crews that are on their way or at work.
    pub crews: usize,
}

/// A value that rules watch, with its last hour.
pub struct Gauge {
    pub seen: Seen,
    /// From the oldest to the newest.
    pub past: Vec<Reading>,
    /// Rules with a limit for it, the gravest first.
    pub limits: Vec<Limit>,
    /// The first limit that it reaches if it goes on as it does; only when its trend bears that.
    pub reach: Option<Reach>,
}

/// A limit of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub value: f64,
    pub side: Beyond,
    /// 1 to 4
    pub priority: u8,
}

impl Limit {
    /// Whether `value` stands at it or beyond.
    pub fn is_passed(&self, value: f64) -> bool {
        match self.side {
            Beyond::Above => value >= self.value,
            Beyond::Below => value <= self.value,
        }
    }
}

/// An entity that used to send.
pub struct Silent {
    pub seen: Seen,
    pub since: Timestamp,
}

/// What stands on `wall` now: marks in `within`, gathered in squares of `square` degrees.
///
/// # Errors
/// When the database does not answer.
pub async fn picture(
    city: &City,
    _wall: &Wall,
    within: BoundingBox,
    square: f64,
) -> Result<Picture> {
    let sweep = seen::sweep(city, Eyes::Wall, within, square).await?;
    let mut db = city.store().read().await?;
    let open = alarms::open(&mut db, MOST_ALARMS).await?;
    let crews = incidents::active_assignments(&mut db, None, 500).await?;
    drop(db);
    let mut told = Vec::with_capacity(open.len());
    for alarm in open {
        let entity = entity(city, &alarm).await?;
        told.push((alarm, entity));
    }
    let candidates = candidates(city).await?;
    let silent = newest_silent(city.now(), &candidates);
    Ok(Picture {
        at: city.now(),
        stage: stage::raised(city).await?,
        alerts: alerts::headlines(city).await?,
        gauges: gauges(city, candidates, &told).await?,
        alarms: told,
        incidents: standing_incidents(city).await?,
        silent,
        sweep,
        reports: open_reports(city, within, square).await?,
        crews: crews.len(),
    })
}

async fn entity(city: &City, alarm: &Alarm) -> Result<Option<Seen>> {
    let Some(id) = &alarm.entity else {
        return Ok(None);
    };
    let found = city.store().live().await?.get(id);
    Ok(found.and_then(|entity| seen::one(city, Eyes::Wall, &entity)))
}

/// Open incidents that everyone may know of, the gravest first.
///
/// # Errors
/// When the database does not answer.
pub async fn standing_incidents(city: &City) -> Result<Vec<StandingIncident>> {
    let mut db = city.store().read().await?;
    let open = incidents::list(&mut db, true, MOST_INCIDENTS).await?;
    let counts = walls::open_reports(&mut db).await?;
    let crews = incidents::active_assignments(&mut db, None, 500).await?;
    let stands = open.into_iter().filter_map(|incident| {
        let (all, public) = counts.get(&incident.id).copied().unwrap_or_default();
        let target = pendopo_domain::incidents::Target::Incident(incident.id);
        let sent = crews.iter().filter(|crew| crew.target == target);
        (all == 0 || public > 0).then(|| StandingIncident {
            crews: sent.count(),
            public_reports: public,
            incident,
        })
    });
    Ok(stands.collect())
}

async fn open_reports(city: &City, within: BoundingBox, square: f64) -> Result<Vec<Cluster>> {
    use pendopo_domain::reports::State as ReportState;
    let states = ReportState::ALL.iter().copied();
    let filter = Filter {
        states: states.filter(|state| state.is_open()).collect(),
        ..Filter::default()
    };
    reports::map_public(city, &filter, within, square).await
}

/// Entities with a limit, each with the limits of its type.
async fn candidates(city: &City) -> Result<Vec<(Seen, Vec<Limit>)>> {
    let configuration = city.configuration();
    let mut candidates = vec![];
    for kind in &configuration.live_types {
        let rules = configuration.rules.iter().filter(|rule| rule.enabled);
        let rules: Vec<&Rule> = rules.filter(|rule| watches(rule, kind)).collect();
        if rules.is_empty() {
            continue;
        }
        let look = Look {
            code: Some(kind.code.clone()),
            limit: MOST_CANDIDATES,
            ..Look::default()
        };
        for seen in seen::find(city, Eyes::Wall, &look).await?.seen {
            let mut limits: Vec<Limit> = rules
                .iter()
                .filter_map(|rule| limit(rule, &seen.id))
                .collect();
            limits.sort_by_key(|limit| limit.priority);
            if !limits.is_empty() {
                candidates.push((seen, limits));
            }
        }
    }
    Ok(candidates)
}

fn watches(rule: &Rule, kind: &Arc<LiveType>) -> bool {
    matches!(&rule.condition, Condition::Threshold { signal, .. }
        if *signal.kind == *kind.kind && *signal.attribute == *kind.attribute)
}

/// The limit that a rule sets for the entity `id`.
fn limit(rule: &Rule, id: &str) -> Option<Limit> {
    let Condition::Threshold {
        signal,
        side,
        limit,
        ..
    } = &rule.condition
    else {
        return None;
    };
    let concerns = signal.entity.as_ref().is_none_or(|one| **one == *id);
    concerns.then(|| Limit {
        value: *limit,
        side: *side,
        priority: rule.priority.level(),
    })
}

fn newest_silent(now: Timestamp, candidates: &[(Seen, Vec<Limit>)]) -> Option<Silent> {
    let stale = candidates
        .iter()
        .filter(|(seen, _)| seen.freshness == Freshness::Stale);
    let news = stale.filter_map(|(seen, _)| {
        let since = seen.reading.as_ref()?.at;
        (now.since(since) < SILENT_NEWS).then_some((since, seen))
    });
    let (since, seen) = news.max_by_key(|(since, _)| *since)?;
    Some(Silent {
        seen: seen.clone(),
        since,
    })
}

async fn gauges(
    city: &City,
    candidates: Vec<(Seen, Vec<Limit>)>,
    alarms: &[(Alarm, Option<Seen>)],
) -> Result<Vec<Gauge>> {
    // Of those that say a number now: with an open alarm first, then by how near they are to a limit.
    let mut ranked: Vec<(u8, f64, Seen, Vec<Limit>)> = candidates
        .into_iter()
        .filter_map(|(seen, limits)| {
            let value = seen.reading.as_ref()?.number?;
            let alarmed = alarms.iter().filter(|(alarm, _)| {
                alarm.state != State::Shelved
                    && alarm.entity.as_ref().is_some_and(|id| **id == *seen.id)
            });
            let gravest = alarmed.map(|(alarm, _)| alarm.priority.level()).min();
            let stale = u8::from(seen.freshness == Freshness::Stale);
            let nearest = limits.iter().map(|limit| distance(limit, value));
            let nearest = nearest.fold(f64::INFINITY, f64::min);
            Some((gravest.unwrap_or(5 + stale), nearest, seen, limits))
        })
        .collect();
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    ranked.truncate(MOST_GAUGES);
    let (seen, limits): (Vec<Seen>, Vec<Vec<Limit>>) = ranked
        .into_iter()
        .map(|(_, _, seen, limits)| (seen, limits))
        .unzip();
    if seen.is_empty() {
        return Ok(vec![]);
    }
    let since = city.now().plus(-TREND);
    let pasts = seen::pasts(city, Eyes::Wall, &seen, since, MOST_READINGS).await?;
    let parts = seen.into_iter().zip(pasts).zip(limits);
    let now = city.now();
    let gauge = |((seen, past), limits): ((Seen, Vec<Reading>), Vec<Limit>)| Gauge {
        reach: (seen.freshness == Freshness::Fresh)
            .then(|| reach(&past, &limits, now))
            .flatten(),
        seen,
        past,
        limits,
    };
    Ok(parts.map(gauge).collect())
}

/// The first of `limits` that a value reaches, going on as in `past`.
fn reach(past: &[Reading], limits: &[Limit], now: Timestamp) -> Option<Reach> {
    let numbers = past
        .iter()
        .filter_map(|reading| Some((reading.at, reading.number?)));
    let numbers: Vec<(Timestamp, f64)> = numbers.collect();
    let each = limits
        .iter()
        .filter_map(|limit| trends::reach(&numbers, limit.value, limit.side, now));
    each.min_by_key(|reach| reach.at)
}

/// How far `value` is from a limit as a part of it; negative when beyond.
fn distance(limit: &Limit, value: f64) -> f64 {
    let scale = limit.value.abs().max(1.0);
    match limit.side {
        Beyond::Above => (limit.value - value) / scale,
        Beyond::Below => (value - limit.value) / scale,
    }
}
