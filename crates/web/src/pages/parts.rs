//! What several pages need: rows, choices, maps, photos and timelines of reports.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use pendopo_domain::comments::Claim;
use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::incidents::Incident;
use pendopo_domain::reports::{Report, ReportId, State, Visibility};
use pendopo_operations::configuration::Configuration;
use pendopo_operations::reports::answer_words;
use pendopo_operations::store::photos as photo_rows;
use pendopo_operations::store::reports as stored_reports;
use pendopo_operations::store::updates;
use pendopo_operations::{Error, Problem, comments, limits};

use crate::i18n::Language;
use crate::pages_view::{
    Choice, ChoiceGroup, Due, FieldError, MapView, Photo, PhotoKind, ReportRow, TimelineEntry,
};
use crate::visit::Visit;

/// Name of a service in the language of the visitor; its code when the city has dropped it.
pub(crate) fn service_name(
    configuration: &Configuration,
    language: Language,
    code: &str,
) -> String {
    let found = configuration.service(code);
    found.map_or_else(
        || code.to_owned(),
        |service| service.names.get(language.tag()).to_owned(),
    )
}

/// Words of the place and the name of the area, as far as they are plain.
pub(crate) fn place(configuration: &Configuration, report: &Report) -> String {
    let parts: Vec<String> = report
        .place
        .iter()
        .cloned()
        .chain(area_name(configuration, report))
        .collect();
    parts.join(", ")
}

/// Name of the area of a report.
pub(crate) fn area_name(configuration: &Configuration, report: &Report) -> Option<String> {
    report
        .area
        .and_then(|id| configuration.areas.by_id(id))
        .map(|area| area.name.clone())
}

/// When the step that runs now began, for the colour of its deadline.
pub(crate) fn step_began(report: &Report) -> pendopo_domain::time::Timestamp {
    match report.state {
        State::Assigned => report.assigned_at.unwrap_or(report.received_at),
        State::Reopened | State::Resolved => report.updated_at,
        _ => report.received_at,
    }
}

/// The deadline of a report as a chip, if somebody is waited for.
pub(crate) fn due(visit: &Visit, report: &Report) -> Option<Due> {
    let due = report.due_at()?;
    Some(Due::at(
        step_began(report),
        due,
        visit.city.now(),
        &visit.city.configuration().calendar,
    ))
}

/// Rows of a list. `thumbs` are ids of first photos by report ([`thumbs`]).
pub(crate) fn report_rows(
    visit: &Visit,
    reports: &[Report],
    thumbs: &BTreeMap<ReportId, String>,
) -> Vec<ReportRow> {
    let configuration = visit.city.configuration();
    let row = |report: &Report| {
        let number = report.number().to_string();
        ReportRow {
            url: format!("/laporan/{number}"),
            number,
            service: service_name(&configuration, visit.language, &report.service_code),
            place: place(&configuration, report),
            received_at: report.received_at,
            state: report.state,
            due: due(visit, report).filter(|_| report.state.is_open()),
            thumb_url: thumbs.get(&report.id).map(|id| format!("/foto/{id}/small")),
            joined: i64::from(report.joined),
        }
    };
    reports.iter().map(row).collect()
}

/// First photos of public reports, by report.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn thumbs(
    visit: &Visit,
    reports: &[Report],
) -> Result<BTreeMap<ReportId, String>, Error> {
    let public: Vec<ReportId> = reports
        .iter()
        .filter(|report| report.visibility == Visibility::Public)
        .map(|report| report.id)
        .collect();
    if public.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut db = visit.city.store().read().await?;
    let found = photo_rows::first_of(&mut db, &public).await?;
    Ok(found
        .into_iter()
        .map(|(report, id)| (ReportId(report), id))
        .collect())
}

/// The photos of one report below `prefix`: `/foto`, or `/l/{token}/foto` for the reporter.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn photos(
    visit: &Visit,
    report: &Report,
    prefix: &str,
) -> Result<Vec<Photo>, Error> {
    let mut db = visit.city.store().read().await?;
    let rows = photo_rows::of_report(&mut db, report.id).await?;
    let photo = |row: photo_rows::Photo| Photo {
        url: format!("{prefix}/{}/large", row.id),
        thumb_url: format!("{prefix}/{}/small", row.id),
        kind: if row.kind == "after" {
            PhotoKind::After
        } else {
            PhotoKind::Before
        },
        at: pendopo_domain::time::Timestamp::from_micros(row.created_at),
    };
    Ok(rows.into_iter().map(photo).collect())
}

/// What the city said about a report, newest first, for someone who may see the report. Of a secret report only the
/// latest words are kept, sealed; they are opened here.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn timeline(visit: &Visit, report: &Report) -> Result<Vec<TimelineEntry>, Error> {
    let configuration = visit.city.configuration();
    let mut db = visit.city.store().read().await?;
    let mut history = updates::of_report(&mut db, report.id).await?;
    drop(db);
    if history.is_empty() {
        // Imported history has no steps of ours: it was received and, perhaps, closed.
        return Ok(imported_timeline(report));
    }
    if report.visibility == Visibility::Secret
        && let Some(latest) = history.first_mut()
    {
        latest.words = answer_words(&visit.city, report).await?;
    }
    // The team of that step; another may have the report by now.
    let team = |update: &updates::Update| {
        let found = update.team.and_then(|id| configuration.team(id));
        found
            .map(|team| team.names.get(visit.language.tag()).to_owned())
            .unwrap_or_default()
    };
    let original = original_number(visit, report).await?;
    let entry = |update: updates::Update| {
        let team = team(&update);
        let (subject, note) = match (update.state, update.words) {
            (State::Assigned, words) => (team, words),
            (State::Referred, Some(words)) => referred(&words),
            (State::Duplicate, words) => (original.clone(), words),
            (_, words) => (String::new(), words),
        };
        TimelineEntry {
            at: update.at,
            what: entry_word(update.state),
            subject,
            note,
            by: None,
            key: true,
        }
    };
    Ok(history.into_iter().map(entry).collect())
}

/// What the reporter's side said through other systems, newest first, for the reporter and the desk.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn comments(visit: &Visit, report: &Report) -> Result<Vec<TimelineEntry>, Error> {
    let entry = |comment: comments::Comment| TimelineEntry {
        at: comment.at,
        what: match comment.claim {
            Claim::Nothing => "comment_nothing",
            Claim::Done => "comment_done",
            Claim::Closed => "comment_closed",
            Claim::NotDone => "comment_not_done",
        },
        subject: comment.sender_name,
        note: comment.words,
        by: None,
        key: false,
    };
    let found = comments::of_report(&visit.city, report).await?;
    Ok(found.into_iter().map(entry).collect())
}

/// Where a report was referred to, and what else was written: the first line of the city's words names the body.
fn referred(words: &str) -> (String, Option<String>) {
    match words.split_once('\n') {
        Some((to, reason)) => (to.to_owned(), Some(reason.to_owned())),
        None => (words.to_owned(), None),
    }
}

/// The number of the report that this one repeats; a word instead when that one is not public.
async fn original_number(visit: &Visit, report: &Report) -> Result<String, Error> {
    let Some(id) = report.duplicate_of else {
        return Ok(String::new());
    };
    let found = stored_reports::by_id(&mut visit.city.store().read().await?, id).await?;
    let public = found.filter(|original| original.visibility == Visibility::Public);
    Ok(public.map_or_else(
        || visit.text("another-report-word"),
        |original| original.number().to_string(),
    ))
}

fn imported_timeline(report: &Report) -> Vec<TimelineEntry> {
    let entry = |what, at, note: Option<String>| TimelineEntry {
        at,
        what,
        subject: String::new(),
        note,
        by: None,
        key: true,
    };
    let closed = report
        .resolved_at
        .map(|at| entry("closed", at, report.status_notes.clone()));
    closed
        .into_iter()
        .chain([entry("imported", report.received_at, None)])
        .collect()
}

const fn entry_word(state: State) -> &'static str {
    match state {
        State::Received => "received",
        State::Assigned => "assigned",
        State::Resolved => "resolved",
        State::Confirmed => "confirmed",
        State::Reopened => "not_yet",
        State::Unconfirmed => "unconfirmed",
        State::NotAsked => "closed",
        State::Referred => "referred",
        State::Duplicate => "duplicate",
        State::ClosedNotFixed => "closed_not_fixed",
    }
}

/// The map of the whole city.
pub(crate) fn city_map(visit: &Visit, reports_url: &str) -> MapView {
    let configuration = visit.city.configuration();
    let bounds = configuration.profile.bounds();
    let bounds = bounds.unwrap_or(BoundingBox {
        west: 95.0,
        south: -11.0,
        east: 141.0,
        north: 6.0,
    });
    MapView {
        lat: f64::midpoint(bounds.south, bounds.north),
        lon: f64::midpoint(bounds.west, bounds.east),
        zoom: 0.0,
        bbox: format!(
            "{},{},{},{}",
            bounds.west, bounds.south, bounds.east, bounds.north
        ),
        reports_url: reports_url.to_owned(),
        live_url: String::new(),
        live_events_url: String::new(),
        approximate: configuration.areas.iter().any(|area| area.approximate),
        tiles: visit.tiles,
    }
}

/// A map around one place.
pub(crate) fn map_around(visit: &Visit, at: Position, reports_url: &str) -> MapView {
    const STREET_ZOOM: f64 = 14.0;
    MapView {
        lat: at.lat(),
        lon: at.lon(),
        zoom: STREET_ZOOM,
        ..city_map(visit, reports_url)
    }
}

/// Areas to choose from, under the names of the larger areas they belong to.
pub(crate) fn area_choices(
    configuration: &Configuration,
    chosen: Option<&str>,
) -> Vec<ChoiceGroup> {
    let mut groups: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for area in configuration.areas.iter() {
        groups
            .entry(area.parent_name.clone().unwrap_or_default())
            .or_default()
            .push(Choice {
                at: Some([area.centre.lat(), area.centre.lon()]),
                value: area.code.clone(),
                label: area.name.clone(),
                selected: chosen == Some(area.code.as_str()),
            });
    }
    groups
        .into_iter()
        .map(|(label, choices)| ChoiceGroup { label, choices })
        .collect()
}

/// Services to filter by, under their groups, in listing order.
pub(crate) fn service_choices(
    configuration: &Configuration,
    language: Language,
    chosen: Option<&str>,
) -> Vec<ChoiceGroup> {
    let mut groups: Vec<ChoiceGroup> = Vec::new();
    for service in &configuration.services {
        let label = service.group.get(language.tag()).to_owned();
        let choice = Choice {
            at: None,
            value: service.code.clone(),
            label: service.names.get(language.tag()).to_owned(),
            selected: chosen == Some(service.code.as_str()),
        };
        match groups.iter_mut().find(|group| group.label == label) {
            Some(group) => group.choices.push(choice),
            None => groups.push(ChoiceGroup {
                label,
                choices: vec![choice],
            }),
        }
    }
    groups
}

/// What a use case found wrong with a report, as mistakes in the fields of the form.
pub(crate) fn field_errors(
    visit: &Visit,
    invalid: &[pendopo_operations::Invalid],
) -> Vec<FieldError> {
    let configuration = visit.city.configuration();
    let megabytes = limits::PHOTO_BYTES / (1024 * 1024);
    let error = |wrong: &pendopo_operations::Invalid| match (wrong.field, wrong.problem) {
        ("service_code", _) => FieldError::new("services", "error-service-missing"),
        (_, Problem::OutsideCity) => {
            FieldError::new("area", "error-place-outside").with("city", &configuration.profile.name)
        }
        ("area" | "position", _) => FieldError::new("area", "error-place-missing"),
        ("place", _) => {
            FieldError::new("place", "error-description-long").with("max", limits::PLACE_CHARS)
        }
        ("description", Problem::TooLong { most }) => {
            FieldError::new("description", "error-description-long").with("max", most)
        }
        ("description", _) => FieldError::new("description", "error-description-short")
            .with("min", limits::DESCRIPTION_LEAST_CHARS),
        ("photo", Problem::NotAPicture) => FieldError::new("photo", "error-photo-kind"),
        ("photo", Problem::TooMany { most }) => {
            FieldError::new("photo", "error-photo-many").with("limit", most)
        }
        ("photo", Problem::TooManyPixels { most }) => {
            FieldError::new("photo", "error-photo-pixels").with("limit", most / 1_000_000)
        }
        ("photo", _) => FieldError::new("photo", "error-photo-size").with("limit", megabytes),
        ("email", _) => FieldError::new("email", "error-email"),
        ("phone", _) => FieldError::new("phone", "error-phone"),
        ("words", Problem::TooLong { most }) => {
            FieldError::new("words", "error-description-long").with("max", most)
        }
        ("words", _) => FieldError::new("words", "error-reason-missing"),
        (field, _) => FieldError::new(field, "error-answer-missing"),
    };
    invalid.iter().map(error).collect()
}

/// Answers a POST by sending the browser to `path` (303), so that loading again sends nothing twice.
pub(crate) fn see_other(path: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        axum::http::HeaderValue::from_static("no-store"),
    );
    response
}

/// Name of the area of an incident; empty when it has none.
pub(super) fn incident_place(configuration: &Configuration, incident: &Incident) -> String {
    let area = incident.area.and_then(|id| configuration.areas.by_id(id));
    area.map(|area| area.name.clone()).unwrap_or_default()
}
