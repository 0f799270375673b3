//! Many reports of one kind in one place: what a rule of reports sees.

use pendopo_domain::alarms::About;
use pendopo_domain::entities::Iri;
use pendopo_domain::geo::Position;
use pendopo_domain::reports::{Report, ReportId, Visibility};
use pendopo_domain::rules::{Condition, Engine, Rule};
use pendopo_domain::time::Timestamp;
use pendopo_store::report_query::{self, Filter, Order};
use pendopo_store::{Db, alarms as alarm_rows, reports as report_rows};

use crate::{City, Result};

/// Reports that one look takes in.
const MOST: i64 = 1_000;

/// What a report came to.
#[derive(Default)]
pub(super) struct Found {
    pub clusters: Vec<Cluster>,
    /// Whether it may belong to an incident near it.
    pub may_join: bool,
}

/// As many as a rule asks for, where and since when.
pub(super) struct Cluster {
    pub rule: String,
    /// `report:` and the id of the first of them, for as long as its alarm is open.
    pub subject: Iri,
    pub about: About,
    pub at: Timestamp,
}

/// Looks at a report that was just received. A secret one counts for nothing: an alarm would give its place away.
pub(super) async fn look(city: &City, engine: &Engine, id: ReportId) -> Result<Found> {
    let mut db = city.store().read().await?;
    let Some(report) = report_rows::by_id(&mut db, id).await? else {
        return Ok(Found::default());
    };
    let Some(position) = report
        .position
        .filter(|_| report.visibility == Visibility::Public)
    else {
        return Ok(Found::default());
    };
    let mut found = Found {
        may_join: report.incident.is_none() && report.state.is_open(),
        ..Found::default()
    };
    for rule in engine.rules() {
        if let Condition::Reports { service_codes, .. } = &rule.condition
            && service_codes.contains(&report.service_code)
            && let Some(cluster) = cluster(&mut db, rule, &report, position).await?
        {
            found.clusters.push(cluster);
        }
    }
    for one in &mut found.clusters {
        let configuration = city.configuration();
        let at = one
            .about
            .position
            .and_then(|at| configuration.areas.containing(at));
        one.about.area = at.map(|area| area.id);
    }
    Ok(found)
}

async fn cluster(
    db: &mut Db,
    rule: &Rule,
    report: &Report,
    position: Position,
) -> Result<Option<Cluster>> {
    let Condition::Reports {
        service_codes,
        count,
        within_m,
        in_minutes,
    } = &rule.condition
    else {
        return Ok(None);
    };
    let (near, at) = (f64::from(*within_m), report.received_at);
    // One that goes on takes the report in.
    let open = alarm_rows::active_of(db, &rule.code).await?;
    let same = open.iter().find(|alarm| {
        alarm
            .position
            .is_some_and(|place| place.metres_to(position) <= near)
    });
    if let Some(alarm) = same
        && let Some((_, subject)) = alarm.cause.split_once('|')
    {
        return Ok(Some(Cluster {
            rule: rule.code.clone(),
            subject: subject.into(),
            about: About {
                position: alarm.position,
                ..About::default()
            },
            at,
        }));
    }
    // What stands in an incident is known; with it, one that lies apart would pass for a part of many.
    let filter = Filter {
        public_only: true,
        without_incident: true,
        services: service_codes.clone(),
        received_from: Some(at.plus(-jiff::SignedDuration::from_mins((*in_minutes).into()))),
        received_to: Some(at.plus(jiff::SignedDuration::from_micros(1))),
        near: Some((position, near)),
        ..Filter::default()
    };
    let members = report_query::list(db, &filter, Order::NewestFirst, MOST, 0).await?;
    let enough = usize::try_from(*count).unwrap_or(usize::MAX);
    let Some(first) = members
        .iter()
        .map(|one| one.id)
        .min()
        .filter(|_| members.len() >= enough)
    else {
        return Ok(None);
    };
    let places: Vec<Position> = members.iter().filter_map(|one| one.position).collect();
    Ok(Some(Cluster {
        rule: rule.code.clone(),
        subject: format!("report:{first}").into(),
        about: About {
            position: Position::middle(&places),
            ..About::default()
        },
        at,
    }))
}
