//! What an evening came to, to be compared with another one.

use jiff::tz::TimeZone;
use pendopo_domain::incidents::{Clocks, IncidentId, State};
use pendopo_domain::policy::Actor;
use pendopo_domain::reports::State as ReportState;
use pendopo_domain::time::Timestamp;
use pendopo_operations::store::history::Range;
use pendopo_operations::store::{chains, measures as counts};
use pendopo_operations::{City, alerts, entities, incidents, measures};

use crate::fixture::LEVEL;
use crate::stage::{Evening, GAUGE_ID};

/// Everything that people or the public would see of it. Ids are those of the order of things.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Rule, state, raised, noticed, returned, times.
    alarms: Vec<String>,
    incident: (State, Clocks),
    /// Kind and time, newest first.
    timeline: Vec<(String, Timestamp)>,
    /// Of all reports in the order in which they were sent: state, and whether it stands in the incident.
    reports: Vec<(ReportState, bool)>,
    /// Received, confirmed, not yet, waiting, done as the city says, open.
    numbers: [i64; 6],
    stars: [i64; 5],
    levels: Vec<(Timestamp, f64)>,
    /// Headlines of the warnings of the city with the states of all in their chains.
    warnings: Vec<String>,
    stage: u8,
}

/// What this evening came to; the chains and the counts of its city must be sound.
pub async fn of(evening: &Evening) -> Outcome {
    let (city, operator) = (evening.city.as_it_is(), &evening.people.operator);
    let incident = evening.incident().await;
    let mut db = city.store().read().await.unwrap();
    assert!(chains::verify(&mut db).await.unwrap().is_empty());
    assert!(counts::verify(&mut db).await.unwrap().is_empty());
    drop(db);
    let mut reports = vec![];
    for sent in &evening.sent {
        let report = evening.city.report(sent.id).await;
        reports.push((report.state, report.incident.is_some()));
    }
    let seen = measures::see(city, Some(1)).await.unwrap();
    let total = seen.table.total;
    let alarms = evening.city.alarms().await.into_iter();
    let published = alerts::published(city).await.unwrap().into_iter();
    Outcome {
        alarms: alarms
            .map(|one| {
                let times = [Some(one.raised_at), Some(one.noticed_at), one.returned_at];
                format!("{} {:?} {times:?} {}", one.rule, one.state, one.times)
            })
            .collect(),
        incident: (
            incident.state,
            incidents::clocks(city, incident.id).await.unwrap(),
        ),
        timeline: timeline(evening, incident.id).await,
        reports,
        numbers: [
            total.received,
            total.confirmed,
            total.not_yet,
            total.waiting,
            total.city_says_done,
            total.open,
        ],
        stars: seen.stars,
        levels: levels(city, operator).await,
        warnings: published
            .map(|one| format!("{:?} {:?}", one.kept.message.infos, one.kept.state))
            .collect(),
        stage: alerts::stage::now(city).await.unwrap().stage.number(),
    }
}

async fn timeline(evening: &Evening, id: IncidentId) -> Vec<(String, Timestamp)> {
    let (city, operator) = (evening.city.as_it_is(), &evening.people.operator);
    let seen = incidents::see(city, operator, id).await.unwrap();
    let entries = seen.timeline.into_iter();
    entries
        .map(|(one, _)| (one.kind.clone(), one.happened_at()))
        .collect()
}

/// When the newest entry of this kind was written.
pub async fn entry(evening: &Evening, id: IncidentId, kind: &str) -> Timestamp {
    let mut all = timeline(evening, id).await.into_iter();
    all.find(|(one, _)| one == kind).unwrap().1
}

/// What the history says of the gauge, from the oldest to the newest.
pub async fn levels(city: &City, actor: &Actor) -> Vec<(Timestamp, f64)> {
    let range = Range {
        limit: 1_000,
        ..Range::default()
    };
    let found = entities::history(city, actor, GAUGE_ID, &[LEVEL.into()], &range).await;
    let (_, observations) = found.unwrap();
    let rows = observations.into_values().flatten();
    rows.map(|row| {
        let at = row.attribute.observed_at.unwrap();
        (at, row.attribute.value.number().unwrap())
    })
    .collect()
}

/// A time as the clock on the wall shows it.
pub fn time(at: Timestamp) -> String {
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    at.in_zone(&zone).strftime("%H:%M:%S").to_string()
}
