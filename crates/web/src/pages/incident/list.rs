//! All incidents (`/meja/kejadian`), and one that the desk begins by hand (`/meja/kejadian/baru`).

use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::incidents::{Incident, IncidentId, Place, Priority, Severity};
use pendopo_domain::policy::Action::{OpenIncident, SeeDesk};
use pendopo_operations::incidents::{self, Signal};
use pendopo_operations::store::incidents as rows;
use pendopo_operations::{Error, Problem, limits, playbooks};
use serde::Deserialize;

use super::super::{parts, staff_parts};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{FieldError, IncidentForm, IncidentList, IncidentRow, Nav};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

const LIST: &str = "/meja/kejadian";
/// Incidents that are over, on one page.
const PAGE_ROWS: usize = 30;

pub(super) fn routes(routes: &mut Vec<Route>) {
    show(routes, LIST, SeeDesk, list_incidents);
    show(routes, "/meja/kejadian/baru", OpenIncident, show_form);
    act(routes, "/meja/kejadian/baru", OpenIncident, begin);
}

#[derive(Deserialize)]
struct Asked {
    /// The last incident of the page before.
    sebelum: Option<String>,
}

/// `GET /meja/kejadian?sebelum=`: those that need someone, then those that are over, latest first.
async fn list_incidents(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let before = asked.sebelum.as_deref().and_then(staff_parts::incident_id);
    let before = match before {
        Some(id) => rows::by_id(
            &mut visit.city.store().read().await.map_err(Error::from)?,
            id,
        )
        .await
        .map_err(Error::from)?,
        None => None,
    };
    let open = match before {
        Some(_) => vec![],
        None => incidents::list(&visit.city, &visit.actor, true).await?,
    };
    let mut over =
        incidents::over(&visit.city, &visit.actor, before.as_ref(), PAGE_ROWS + 1).await?;
    let more = over.len() > PAGE_ROWS;
    over.truncate(PAGE_ROWS);
    let context = IncidentList {
        open: incident_rows(&visit, &open).await?,
        over: incident_rows(&visit, &over).await?,
        older_url: over
            .last()
            .filter(|_| more)
            .map(|last| format!("{LIST}?sebelum={}", last.number())),
        newest_url: before.map(|_| LIST.to_owned()),
        may_begin: visit.may(OpenIncident),
    };
    visit.page(Nav::Desk, &context)
}

async fn incident_rows(visit: &Visit, found: &[Incident]) -> Result<Vec<IncidentRow>, Error> {
    let configuration = visit.city.configuration();
    let ids: Vec<IncidentId> = found.iter().map(|incident| incident.id).collect();
    let counts = {
        let mut db = visit.city.store().read().await?;
        rows::report_counts(&mut db, &ids).await?
    };
    let late = playbooks::overdue(&visit.city, &visit.actor).await?;
    let of = |counts: &[(IncidentId, i64)], id| {
        let found = counts.iter().find(|(known, _)| *known == id);
        found.map_or(0, |(_, n)| *n)
    };
    let row = |incident: &Incident| IncidentRow {
        number: incident.number(),
        url: staff_parts::incident_url(incident.id),
        title: staff_parts::incident_title(visit, &configuration, incident),
        place: parts::incident_place(&configuration, incident),
        state: incident.state,
        priority: incident.priority.level(),
        reports: of(&counts, incident.id),
        steps_late: staff_parts::late_steps(visit, &configuration, &late, incident.id).0,
        since: incident.opened_at,
    };
    Ok(found.iter().map(row).collect())
}

/// `GET /meja/kejadian/baru`
async fn show_form(visit: Visit) -> Result<Response, Failure> {
    let form = filled(&visit, &Form::default(), vec![]);
    visit.page(Nav::Desk, &form)
}

fn filled(visit: &Visit, form: &Form, errors: Vec<FieldError>) -> IncidentForm {
    let configuration = visit.city.configuration();
    let chosen = |name: &str| form.get(name).unwrap_or_default().to_owned();
    IncidentForm {
        services: parts::service_choices(&configuration, visit.language, form.get("service")),
        areas: parts::area_choices(&configuration, form.get("area")),
        priority: chosen("priority"),
        severity: chosen("severity"),
        words: form.text("words").unwrap_or_default(),
        errors,
    }
}

/// `POST /meja/kejadian/baru`
async fn begin(mut visit: Visit, request: Request) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let errors = match signal(&visit, &form) {
        Ok(signal) => {
            let words = form.text("words");
            match incidents::begin_by_hand(&visit.city, &visit.actor, signal, words).await {
                Ok(begun) => {
                    let url = staff_parts::incident_url(begun.id);
                    return Ok(parts::see_other(&format!("{url}?done=begun")));
                }
                Err(Error::Invalid(invalid)) => invalid.iter().map(mistake).collect(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(errors) => errors,
    };
    visit.here = "/meja/kejadian/baru".to_owned();
    let page = filled(&visit, &form, errors);
    Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Desk, &page)?).into_response())
}

fn mistake(wrong: &pendopo_operations::Invalid) -> FieldError {
    match wrong.problem {
        Problem::TooLong { most } => {
            FieldError::new("words", "error-description-long").with("max", most)
        }
        _ => FieldError::new("service", "error-service-missing"),
    }
}

fn signal(visit: &Visit, form: &Form) -> Result<Signal, Vec<FieldError>> {
    let configuration = visit.city.configuration();
    let mut errors = Vec::new();
    let service_code = form.get("service").unwrap_or_default().to_owned();
    if configuration.service(&service_code).is_none() {
        errors.push(FieldError::new("service", "error-service-missing"));
    }
    let level = form.get("priority").and_then(|text| text.parse().ok());
    let priority = level.and_then(Priority::new);
    if priority.is_none() {
        errors.push(FieldError::new("priority", "error-priority-missing"));
    }
    let severity = form
        .get("severity")
        .map_or(Some(Severity::Unknown), Severity::from_word);
    if severity.is_none() {
        errors.push(FieldError::new("severity", "error-severity-missing"));
    }
    let area = form
        .get("area")
        .map(|code| configuration.areas.by_code(code));
    if matches!(area, Some(None)) {
        errors.push(FieldError::new("area", "error-place-missing"));
    }
    let area = area.flatten();
    let words = form.text("words").unwrap_or_default();
    if words.chars().count() > limits::WORDS_CHARS {
        let most = limits::WORDS_CHARS;
        errors.push(FieldError::new("words", "error-description-long").with("max", most));
    }
    match (priority, severity) {
        (Some(priority), Some(severity)) if errors.is_empty() => Ok(Signal {
            service_code,
            priority,
            severity,
            place: Place {
                area: area.map(|area| area.id),
                position: area.map(|area| area.centre),
            },
            first_signal: visit.city.now(),
        }),
        _ => Err(errors),
    }
}
