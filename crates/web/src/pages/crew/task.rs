//! Tasks as their crew sees them: the list, and one of them.

use std::collections::BTreeMap;

use pendopo_domain::geo::Position;
use pendopo_domain::incidents::{Assignment, Incident, IncidentId, Target};
use pendopo_domain::policy::{Action, allows};
use pendopo_domain::reports::{Report, ReportId};
use pendopo_operations::identity::subject;
use pendopo_operations::incidents::Seen;
use pendopo_operations::store::report_query::{self, Filter, Order};
use pendopo_operations::store::{incidents as incident_rows, reports as report_rows};
use pendopo_operations::{Error, dispatch, incidents, limits, playbooks, reports};

use super::super::{parts, staff_parts};
use crate::pages_view::{Crew, CrewTask, FieldError, Photo, Press, TaskRow};
use crate::visit::Visit;

/// Reports of an incident whose photos the crew gets: a phone on a slow line.
const PHOTOGRAPHED: usize = 4;

/// The list, gravest first, then what is due first, then what waits longest.
pub(super) async fn list(visit: &Visit, tasks: Vec<Assignment>) -> Result<Crew, Error> {
    let configuration = visit.city.configuration();
    let position = visit.position.and_then(|id| configuration.position(id));
    let team = position.and_then(|held| held.team);
    let here = position
        .map(|held| held.names.get(visit.language.tag()).to_owned())
        .unwrap_or_default();
    let (reports, incidents) = targets(visit, &tasks).await?;
    let row = |held: &Assignment| match held.target {
        Target::Report(id) => reports
            .get(&id)
            .map(|report| report_row(visit, held, report)),
        Target::Incident(id) => incidents
            .get(&id)
            .map(|incident| incident_row(visit, held, incident)),
    };
    let mut rows: Vec<TaskRow> = tasks.iter().filter_map(row).collect();
    rows.sort_by_key(|row| {
        (
            row.priority.unwrap_or(u8::MAX),
            row.due.map_or(i64::MAX, |due| due.at.micros()),
            row.since,
        )
    });
    Ok(Crew {
        team: team.map_or(here, |team| {
            staff_parts::team_name(visit, &configuration, team)
        }),
        tasks: rows,
        done_today: dispatch::cleared_today(&visit.city, &visit.actor, team).await?,
    })
}

type Targets = (BTreeMap<ReportId, Report>, BTreeMap<IncidentId, Incident>);

/// What the crews are sent to, loaded at once.
async fn targets(visit: &Visit, tasks: &[Assignment]) -> Result<Targets, Error> {
    let mut row_ids = Vec::new();
    let mut incidents = BTreeMap::new();
    let mut db = visit.city.store().read().await?;
    for task in tasks {
        match task.target {
            Target::Report(id) => row_ids.push(id),
            Target::Incident(id) if incidents.contains_key(&id) => {}
            Target::Incident(id) => {
                incidents.extend(
                    incident_rows::by_id(&mut db, id)
                        .await?
                        .map(|incident| (id, incident)),
                );
            }
        }
    }
    // Without ids the filter would ask for every report.
    if row_ids.is_empty() {
        return Ok((BTreeMap::new(), incidents));
    }
    let filter = Filter {
        row_ids,
        ..Filter::default()
    };
    let found =
        report_query::list(&mut db, &filter, Order::NewestFirst, limits::LIST_ROWS, 0).await?;
    let visible = found
        .into_iter()
        .filter(|report| allows(&visit.actor, Action::WorkTask, subject(report)));
    Ok((
        visible.map(|report| (report.id, report)).collect(),
        incidents,
    ))
}

fn report_row(visit: &Visit, held: &Assignment, report: &Report) -> TaskRow {
    let configuration = visit.city.configuration();
    TaskRow {
        id: held.id.0,
        number: report.number().to_string(),
        title: parts::service_name(&configuration, visit.language, &report.service_code),
        place: parts::place(&configuration, report),
        state: held.state,
        priority: None,
        due: parts::due(visit, report),
        since: held.dispatched_at,
    }
}

fn incident_row(visit: &Visit, held: &Assignment, incident: &Incident) -> TaskRow {
    let configuration = visit.city.configuration();
    TaskRow {
        id: held.id.0,
        number: incident.number(),
        title: staff_parts::incident_title(visit, &configuration, incident),
        place: parts::incident_place(&configuration, incident),
        state: held.state,
        priority: Some(incident.priority.level()),
        due: None,
        since: held.dispatched_at,
    }
}

/// One task. What the crew may not see any more, because the report went to another team, is left out.
pub(super) async fn detail(
    visit: &Visit,
    held: &Assignment,
    reason: String,
    errors: Vec<FieldError>,
) -> Result<CrewTask, Error> {
    let mut task = match held.target {
        Target::Report(id) => {
            let found = report_rows::by_id(&mut visit.city.store().read().await?, id).await?;
            of_report(visit, held, &found.ok_or(Error::NotFound)?).await?
        }
        Target::Incident(id) => {
            of_incident(
                visit,
                held,
                &incidents::see(&visit.city, &visit.actor, id).await?,
            )
            .await?
        }
    };
    (task.reason, task.errors) = (reason, errors);
    let configuration = visit.city.configuration();
    task.unit = held
        .unit
        .map(|unit| staff_parts::unit_name(visit, &configuration, unit));
    Ok(task)
}

/// A task of which only number, kind and state are known.
fn bare(held: &Assignment, number: String, title: String) -> CrewTask {
    CrewTask {
        id: held.id.0,
        number,
        title,
        state: held.state,
        priority: None,
        place: String::new(),
        area: String::new(),
        description: None,
        attributes: vec![],
        photos: vec![],
        map: None,
        geo_url: None,
        note: None,
        due: None,
        dispatched_at: held.dispatched_at,
        unit: None,
        presses: Press::after(held.state),
        steps: vec![],
        max_photo_mb: i64::try_from(limits::PHOTO_BYTES / (1024 * 1024)).unwrap_or(0),
        errors: vec![],
        reason: String::new(),
    }
}

/// The `geo:` address of a place (RFC 5870), for the phone's own map.
fn geo_url(at: Position) -> String {
    format!("geo:{:.6},{:.6}", at.lat(), at.lon())
}

async fn of_report(visit: &Visit, held: &Assignment, report: &Report) -> Result<CrewTask, Error> {
    let configuration = visit.city.configuration();
    let title = parts::service_name(&configuration, visit.language, &report.service_code);
    let bare = bare(held, report.number().to_string(), title);
    if !allows(&visit.actor, Action::WorkTask, subject(report)) {
        return Ok(bare);
    }
    let text = reports::text(&visit.city, report).await?;
    let notes = dispatch::notes(&visit.city, report).await?;
    Ok(CrewTask {
        attributes: staff_parts::answers(visit, &configuration, report, &text),
        place: text.place.unwrap_or_default(),
        area: parts::area_name(&configuration, report).unwrap_or_default(),
        description: text.description,
        photos: parts::photos(visit, report, "/foto").await?,
        map: report
            .position
            .map(|at| parts::map_around(visit, at, "/map/reports.json")),
        geo_url: report.position.map(geo_url),
        note: notes.into_iter().find_map(|(_, words)| words),
        due: parts::due(visit, report).filter(|_| held.state.is_active()),
        ..bare
    })
}

async fn of_incident(visit: &Visit, held: &Assignment, seen: &Seen) -> Result<CrewTask, Error> {
    let configuration = visit.city.configuration();
    let incident = &seen.incident;
    let first = seen.reports.first();
    let text = match first {
        Some(report) => reports::text(&visit.city, report).await?,
        None => reports::SecretText::default(),
    };
    let mut photos: Vec<Photo> = Vec::new();
    for report in seen.reports.iter().take(PHOTOGRAPHED) {
        photos.extend(parts::photos(visit, report, "/foto").await?);
    }
    let title = staff_parts::incident_title(visit, &configuration, incident);
    let note = seen.timeline.iter().find_map(|(_, words)| words.clone());
    // It says no place itself when all of its reports are secret; its crew sees the place of its own report.
    let own = seen.reports.iter().find_map(|report| report.position);
    let at = incident.position.or(own);
    let area = match parts::incident_place(&configuration, incident) {
        none if none.is_empty() => first
            .and_then(|report| parts::area_name(&configuration, report))
            .unwrap_or_default(),
        area => area,
    };
    // The crew settles the steps of its role; those of others it need not see.
    let roles = playbooks::roles(&configuration, &visit.actor);
    let mine = seen.steps.iter().filter(|step| roles.contains(&step.role));
    let active = held.state.is_active() && incident.state.needs_action();
    let step = |step| staff_parts::step_row(visit, &configuration, step, active);
    Ok(CrewTask {
        steps: mine.map(step).collect(),
        priority: Some(incident.priority.level()),
        place: text.place.unwrap_or_default(),
        area,
        description: text.description,
        photos,
        map: at.map(|at| parts::map_around(visit, at, "/map/reports.json")),
        geo_url: at.map(geo_url),
        note,
        ..bare(held, incident.number(), title)
    })
}
