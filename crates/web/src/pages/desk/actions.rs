//! What the desk does with a report. Each handler reads its form, calls one use case, and leads back to the report; what
//! has to be corrected is shown on the same page, with the action open.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{Place, Priority};
use pendopo_domain::reports::{Report, ReportId, Step};
use pendopo_operations::dispatch::{self, Evidence};
use pendopo_operations::incidents::Opening;
use pendopo_operations::reports::{self, Triage};
use pendopo_operations::{Error, identity, incidents, limits};

use super::super::parts;
use super::super::staff_parts::{self, Wrong};
use super::{Asked, find, page, report, report_by};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{Detail, ErrorKind, FieldError, Nav};
use crate::visit::Visit;

/// The word of what was done, or why it was not.
type Outcome = Result<&'static str, Wrong>;

/// What somebody does at the desk: who does it to which report, and what the form says.
pub(super) struct Move {
    visit: Visit,
    report: Report,
    form: Form,
}

impl<S: Send + Sync> FromRequest<S> for Move {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await?;
        let number = Path::<String>::from_request_parts(&mut parts, state).await;
        let Path(number) = number.map_err(|_| Failure::new(ErrorKind::NotFound))?;
        let form = body::form(Request::from_parts(parts, body)).await?;
        let report = report_by(&visit, &number).await?;
        Ok(Self {
            visit,
            report,
            form,
        })
    }
}

/// `POST /meja/laporan/{number}/tugaskan`
pub(super) async fn assign_report(at: Move) -> Result<Response, Failure> {
    let outcome = assign(&at).await;
    answer(at, outcome, |field| {
        if field == "words" {
            "assign-note"
        } else {
            "assign-team"
        }
    })
    .await
}

async fn assign(at: &Move) -> Outcome {
    let Move {
        visit,
        report,
        form,
    } = at;
    let team = staff_parts::team_of(visit, form)
        .ok_or_else(|| Wrong::field("assign-team", "error-team-missing"))?;
    let note = form.text("note");
    if note
        .as_ref()
        .is_some_and(|note| note.chars().count() > limits::WORDS_CHARS)
    {
        let most = limits::WORDS_CHARS;
        return Err(Wrong::Fields(vec![
            FieldError::new("assign-note", "error-description-long").with("max", most),
        ]));
    }
    triage(visit, report, Step::Assign { team }, None).await?;
    if let Some(note) = note {
        dispatch::note(&visit.city, &visit.actor, report.id, &note).await?;
    }
    Ok("assigned")
}

async fn triage(
    visit: &Visit,
    report: &Report,
    step: Step,
    words: Option<String>,
) -> Result<Report, Error> {
    reports::triage(&visit.city, &visit.actor, report.id, Triage { step, words }).await
}

/// `POST /meja/laporan/{number}/kejadian`
pub(super) async fn open_incident(at: Move) -> Result<Response, Failure> {
    let outcome = open(&at).await;
    answer(at, outcome, |_| "buka-kejadian").await
}

async fn open(at: &Move) -> Outcome {
    let Move {
        visit,
        report,
        form,
    } = at;
    let level = form.get("priority").and_then(|text| text.parse().ok());
    let priority = level
        .and_then(Priority::new)
        .ok_or_else(|| Wrong::field("buka-kejadian", "error-priority-missing"))?;
    let mut members = vec![report.id];
    for number in form.all("report") {
        let id = known(visit, number, "buka-kejadian").await?;
        if !members.contains(&id) {
            members.push(id);
        }
    }
    // The team that has it goes; else the one that the routing names.
    let team = report
        .team
        .or_else(|| reports::proposed_team(&visit.city.configuration(), report));
    let team = team.ok_or_else(|| Wrong::field("assign-team", "error-team-missing"))?;
    let opening = Opening {
        reports: members,
        priority,
        team,
        place: Place {
            area: area_of(visit, form)?,
            position: None,
        },
    };
    incidents::open(&visit.city, &visit.actor, opening).await?;
    Ok("incident_opened")
}

/// Where the operator says that it is; asked for when the report may not say it.
fn area_of(visit: &Visit, form: &Form) -> Result<Option<AreaId>, Wrong> {
    let Some(code) = form.text("area") else {
        return Ok(None);
    };
    let configuration = visit.city.configuration();
    let found = configuration.areas.by_code(&code).map(|area| area.id);
    found
        .map(Some)
        .ok_or_else(|| Wrong::field("incident-area", "error-place-missing"))
}

/// The report that a form names, if this position may see it.
async fn known(visit: &Visit, number: &str, field: &str) -> Result<ReportId, Wrong> {
    let found = find(visit, number).await?;
    let unknown = || {
        Wrong::Fields(vec![
            FieldError::new(field, "error-number-unknown").with("number", number),
        ])
    };
    found.map(|report| report.id).ok_or_else(unknown)
}

/// `POST /meja/laporan/{number}/gabung`
pub(super) async fn join_incident(at: Move) -> Result<Response, Failure> {
    let outcome = join(&at).await;
    answer(at, outcome, |_| "join-incident").await
}

async fn join(at: &Move) -> Outcome {
    let Move {
        visit,
        report,
        form,
    } = at;
    let incident = form.get("incident").and_then(staff_parts::incident_id);
    let incident =
        incident.ok_or_else(|| Wrong::field("join-incident", "error-incident-missing"))?;
    match incidents::join(&visit.city, &visit.actor, incident, report.id).await {
        Ok(()) => Ok("incident_joined"),
        Err(Error::NotFound) => Err(Wrong::field("join-incident", "error-incident-missing")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /meja/laporan/{number}/ganda`
pub(super) async fn mark_duplicate(at: Move) -> Result<Response, Failure> {
    let outcome = duplicate(&at).await;
    answer(at, outcome, |_| "duplicate-of").await
}

async fn duplicate(at: &Move) -> Outcome {
    let Move {
        visit,
        report,
        form,
    } = at;
    let of = known(visit, form.get("of").unwrap_or_default(), "duplicate-of").await?;
    if of == report.id {
        return Err(Wrong::field("duplicate-of", "error-duplicate-of-itself"));
    }
    triage(visit, report, Step::MarkDuplicate { of }, None).await?;
    Ok("duplicate")
}

/// `POST /meja/laporan/{number}/teruskan`
pub(super) async fn refer_report(at: Move) -> Result<Response, Failure> {
    let outcome = refer(&at).await;
    answer(at, outcome, |_| "refer-reason").await
}

async fn refer(at: &Move) -> Outcome {
    let Move {
        visit,
        report,
        form,
    } = at;
    let to = form.text("to").map(|to| to.replace('\n', " "));
    let to = to.ok_or_else(|| Wrong::field("refer-to", "error-refer-missing"))?;
    // The first line names the body, see `staff_parts::referred`.
    let words = form
        .text("reason")
        .map_or_else(|| to.clone(), |reason| format!("{to}\n{reason}"));
    triage(visit, report, Step::Refer, Some(words)).await?;
    Ok("referred")
}

/// `POST /meja/laporan/{number}/tutup`
pub(super) async fn close_report(at: Move) -> Result<Response, Failure> {
    let reason = at.form.text("reason");
    let closed = triage(&at.visit, &at.report, Step::CloseNotFixed, reason).await;
    let outcome = closed.map(|_| "closed_not_fixed").map_err(Wrong::from);
    answer(at, outcome, |_| "close-reason").await
}

/// `POST /meja/laporan/{number}/teratasi`
pub(super) async fn resolve_report(at: Move) -> Result<Response, Failure> {
    let outcome = resolve(&at).await.map_err(Wrong::from);
    answer(at, outcome, |field| {
        if field == "photo" {
            "resolve-photo"
        } else {
            "resolve-reason"
        }
    })
    .await
}

async fn resolve(
    Move {
        visit,
        report,
        form,
    }: &Move,
) -> Result<&'static str, Error> {
    let evidence = Evidence {
        words: form.text("reason"),
        photo: staff_parts::after_photo(form).await?,
    };
    dispatch::resolve_at_desk(&visit.city, &visit.actor, report.id, evidence).await?;
    Ok("resolved")
}

/// `POST /meja/laporan/{number}/identitas`: the look is chained before it is shown; the page is not kept anywhere.
pub(super) async fn see_identity(at: Move) -> Result<Response, Failure> {
    let Move {
        mut visit,
        report,
        form,
    } = at;
    let shown = identity::look(&visit.city, &visit.actor, report.id).await?;
    let asked = Asked::from_query(form.get("query"));
    visit.here = format!("{}?{}", staff_parts::report_url(&report), asked.query());
    let detail = report::detail(&visit, &report, shown).await?;
    let number = report.number().to_string();
    let desk = page(
        &visit,
        &asked,
        Detail::Report(Box::new(detail)),
        &number,
        vec![],
    )
    .await?;
    visit.page(Nav::Desk, &desk)
}

/// Leads back to the report, or shows its page again with what has to be corrected. `field` says which input of the
/// form stands for a word of the use case.
async fn answer(
    at: Move,
    outcome: Outcome,
    field: impl Fn(&str) -> &'static str,
) -> Result<Response, Failure> {
    let Move {
        mut visit,
        report,
        form,
    } = at;
    let asked = Asked::from_query(form.get("query"));
    let here = format!("{}?{}", staff_parts::report_url(&report), asked.query());
    let (status, errors) = match outcome {
        Ok(word) => return Ok(parts::see_other(&format!("{here}&done={word}"))),
        Err(Wrong::Fields(errors)) => (StatusCode::BAD_REQUEST, errors),
        Err(Wrong::Standing(errors)) => (StatusCode::CONFLICT, errors),
        Err(Wrong::Error(Error::Invalid(invalid))) => (
            StatusCode::BAD_REQUEST,
            staff_parts::mistakes(&visit, &invalid, field),
        ),
        Err(Wrong::Error(Error::Refused(_))) => (
            StatusCode::CONFLICT,
            vec![FieldError::new("tindakan", "error-step-refused")],
        ),
        Err(Wrong::Error(error)) => return Err(error.into()),
    };
    visit.here = here;
    // As it is now: somebody else may have been faster.
    let number = report.number().to_string();
    let report = report_by(&visit, &number).await?;
    let mut detail = report::detail(&visit, &report, None).await?;
    if let Some(team) = staff_parts::team_of(&visit, &form) {
        detail.teams = staff_parts::team_choices(&visit, Some(team));
    }
    let desk = page(
        &visit,
        &asked,
        Detail::Report(Box::new(detail)),
        &number,
        errors,
    )
    .await?;
    Ok((status, visit.page(Nav::Desk, &desk)?).into_response())
}
