//! An incident as the desk sees it, made of what the use case gives.

use pendopo_domain::incidents::{Assignment, Incident, State};
use pendopo_domain::policy::{Action, Subject, allows};
use pendopo_domain::reports::Report;
use pendopo_domain::time::Timestamp;
use pendopo_operations::Error;
use pendopo_operations::incidents::Seen;
use pendopo_operations::store::chains::Entry;

use super::super::{parts, staff_parts};
use crate::api::live::desk_map;
use crate::pages_view::{Clock, CrewRow, IncidentDetail, IncidentReport, Photo, TimelineEntry};
use crate::visit::Visit;

/// Reports whose photos are shown: enough to see what it is, few enough for one page.
const PHOTOGRAPHED: usize = 12;

pub(super) async fn detail(visit: &Visit, seen: Seen) -> Result<IncidentDetail, Error> {
    let configuration = visit.city.configuration();
    let incident = &seen.incident;
    let may = allows(&visit.actor, Action::OpenIncident, Subject::City);
    let next = |state| may && incident.state != state && incident.state.may_become(state);
    // It says nothing itself when all of its reports are secret; who may read one of them sees it there.
    let own = seen.reports.iter().find_map(|report| report.position);
    let at = incident.position.or(own);
    let crew = |held: &Assignment| CrewRow {
        team: staff_parts::team_name(visit, &configuration, held.team),
        state: held.state,
        at: since(held),
    };
    Ok(IncidentDetail {
        number: incident.number(),
        title: staff_parts::incident_title(visit, &configuration, incident),
        place: staff_parts::incident_place(&configuration, incident),
        state: incident.state,
        priority: incident.priority.level(),
        opened_at: incident.opened_at,
        clocks: clocks(incident, &seen.reports, &seen.crews, visit.city.now()),
        crews: seen.crews.iter().map(crew).collect(),
        reports: reports(visit, &seen.reports),
        photos: photos(visit, &seen.reports).await?,
        timeline: timeline(visit, &seen).await?,
        map: at.map(|at| desk_map(visit, at)),
        teams: staff_parts::team_choices(visit, None),
        may_note: may,
        may_dispatch: may && incident.state.needs_action(),
        may_contain: next(State::Contained),
        may_resolve: next(State::Resolved),
        may_verify: next(State::Verified) && !seen.own_work,
        own_work: next(State::Verified) && seen.own_work,
        may_close: next(State::Closed),
        may_reopen: next(State::Reopened),
    })
}

/// Since when a crew stands where it stands.
fn since(held: &Assignment) -> Timestamp {
    held.reached_at(held.state).unwrap_or(held.dispatched_at)
}

/// First report to opening, opening to the first crew, its way, and from its arrival to the end.
fn clocks(
    incident: &Incident,
    reports: &[Report],
    crews: &[Assignment],
    now: Timestamp,
) -> Vec<Clock> {
    let signal = reports.iter().map(|report| report.received_at).min();
    let sent = crews.iter().map(|held| held.dispatched_at).min();
    let arrived = crews.iter().filter_map(|held| held.on_scene_at).min();
    let over = !incident.state.needs_action();
    let clock = |what, from: Option<Timestamp>, to: Option<Timestamp>| {
        let running = from.is_some() && to.is_none() && !over;
        let end = to.or(running.then_some(now));
        let minutes = from
            .zip(end)
            .map(|(from, end)| end.since(from).as_mins().max(0));
        Clock {
            what,
            minutes,
            running,
        }
    };
    vec![
        clock("signal", signal, Some(incident.opened_at)),
        clock("dispatch", Some(incident.opened_at), sent),
        clock("arrival", sent, arrived),
        clock("resolution", arrived, incident.resolved_at),
    ]
}

fn reports(visit: &Visit, reports: &[Report]) -> Vec<IncidentReport> {
    let rows = parts::report_rows(visit, reports, &Default::default());
    let row = |(row, report)| IncidentReport {
        row,
        desk_url: staff_parts::report_url(report),
    };
    rows.into_iter().zip(reports).map(row).collect()
}

async fn photos(visit: &Visit, reports: &[Report]) -> Result<Vec<Photo>, Error> {
    let mut photos = Vec::new();
    for report in reports.iter().take(PHOTOGRAPHED) {
        photos.extend(parts::photos(visit, report, "/foto").await?);
    }
    Ok(photos)
}

async fn timeline(visit: &Visit, seen: &Seen) -> Result<Vec<TimelineEntry>, Error> {
    let doers = staff_parts::Doers::of(visit, seen.timeline.iter().map(|(entry, _)| entry)).await?;
    let entry = |(entry, words): &(Entry, Option<String>)| {
        let (what, key) = word(&entry.kind)?;
        Some(TimelineEntry {
            at: entry.happened_at(),
            what,
            subject: subject(visit, seen, entry),
            note: words.clone(),
            by: doers.name(&entry.actor),
            key,
        })
    };
    Ok(seen.timeline.iter().filter_map(entry).collect())
}

/// The page's word for a kind of the chain, and whether it changes the state. `None` for a kind of a newer version.
fn word(kind: &str) -> Option<(&'static str, bool)> {
    Some(match kind {
        "opened" => ("incident_opened", true),
        "report_joined" => ("report_added", false),
        "dispatched" => ("dispatched", false),
        "acknowledged" => ("acknowledged", false),
        "arrived" => ("on_scene", true),
        "cleared" => ("cleared", false),
        "left_open" => ("left_open", true),
        "contained" => ("contained", true),
        "resolved" => ("resolved", true),
        "verified" => ("verified", true),
        "closed" => ("closed", true),
        "reopened" => ("reopened", true),
        "note" => ("note", false),
        _ => return None,
    })
}

/// What an entry is about, in words: a team, a report's number, the incident's own.
fn subject(visit: &Visit, seen: &Seen, entry: &Entry) -> String {
    let configuration = visit.city.configuration();
    if entry.kind == "opened" {
        return seen.incident.number();
    }
    match entry
        .subject
        .split_once(':')
        .and_then(|(kind, id)| Some((kind, id.parse::<i64>().ok()?)))
    {
        Some(("team", id)) => staff_parts::team_name(
            visit,
            &configuration,
            pendopo_domain::organisation::TeamId(id),
        ),
        Some(("left", n)) => n.to_string(),
        Some(("report", id)) => {
            let found = seen.reports.iter().find(|report| report.id.0 == id);
            found.map_or_else(|| format!("L-{id}"), |report| report.number().to_string())
        }
        _ => String::new(),
    }
}
