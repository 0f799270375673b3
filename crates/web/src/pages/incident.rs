//! One incident (kejadian) at the desk: clocks, crews, reports, timeline, and what can be done.

mod actions;
mod detail;
mod list;

use std::collections::HashMap;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::incidents::{IncidentId, State, Target};
use pendopo_domain::policy::Action;
use pendopo_operations::dispatch::Evidence;
use pendopo_operations::incidents::Crew;
use pendopo_operations::{Error, Invalid, Problem, incidents, limits, units};

use super::desk::{self, Asked};
use super::parts;
use super::staff_parts::{self, Wrong};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{Desk, Detail, ErrorKind, FieldError, Nav};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{OpenIncident, SeeDesk};
    list::routes(routes);
    actions::routes(routes);
    show(routes, "/meja/kejadian/{number}", SeeDesk, show_incident);
    act(
        routes,
        "/meja/kejadian/{number}/tim",
        OpenIncident,
        send_team,
    );
    act(
        routes,
        "/meja/kejadian/{number}/catatan",
        OpenIncident,
        note,
    );
    act(
        routes,
        "/meja/kejadian/{number}/terkendali",
        OpenIncident,
        contain,
    );
    act(
        routes,
        "/meja/kejadian/{number}/teratasi",
        OpenIncident,
        resolve,
    );
    act(
        routes,
        "/meja/kejadian/{number}/periksa",
        OpenIncident,
        verify,
    );
    act(routes, "/meja/kejadian/{number}/tutup", OpenIncident, close);
    act(
        routes,
        "/meja/kejadian/{number}/buka-lagi",
        OpenIncident,
        reopen,
    );
}

/// The word of what was done, or why it was not.
type Outcome = Result<&'static str, Wrong>;

/// What somebody does at the desk: who does it to which incident, and what the form says.
struct Move {
    visit: Visit,
    id: IncidentId,
    form: Form,
}

impl<S: Send + Sync> FromRequest<S> for Move {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await?;
        let names = Path::<HashMap<String, String>>::from_request_parts(&mut parts, state).await;
        let names = names.map_err(|_| Failure::new(ErrorKind::NotFound))?;
        let number = names.get("number").map_or("", String::as_str);
        Ok(Self {
            visit,
            id: id_of(number)?,
            form: body::form(Request::from_parts(parts, body)).await?,
        })
    }
}

impl Move {
    /// Leads back to the incident, where `word` is said, or shows its page again with what has to be corrected.
    async fn said<T>(
        self,
        done: Result<T, Error>,
        word: &'static str,
        field: impl Fn(&str) -> &'static str,
    ) -> Result<Response, Failure> {
        let outcome = done.map(|_| word).map_err(Wrong::from);
        answer(self, outcome, field).await
    }
}

fn id_of(number: &str) -> Result<IncidentId, Failure> {
    staff_parts::incident_id(number).ok_or(Failure::new(ErrorKind::NotFound))
}

/// `GET /meja/kejadian/{number}`
async fn show_incident(
    visit: Visit,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let id = id_of(&number)?;
    let desk = page(&visit, id, &asked, vec![]).await?;
    incidents::look(&visit.city, &visit.actor, id).await?;
    visit.page(Nav::Desk, &desk)
}

async fn page(
    visit: &Visit,
    id: IncidentId,
    asked: &Asked,
    errors: Vec<FieldError>,
) -> Result<Desk, Error> {
    let seen = incidents::see(&visit.city, &visit.actor, id).await?;
    let number = seen.incident.number();
    let detail = detail::detail(visit, seen).await?;
    desk::page(
        visit,
        asked,
        Detail::Incident(Box::new(detail)),
        &number,
        errors,
    )
    .await
}

/// `POST /meja/kejadian/{number}/tim`
async fn send_team(at: Move) -> Result<Response, Failure> {
    let outcome = dispatch(&at).await;
    let unit = at
        .form
        .get("team")
        .and_then(|text| text.strip_prefix(detail::UNIT));
    let outcome = match outcome {
        Err(wrong) => Err(where_it_is(&at.visit, unit, wrong).await?),
        done => done,
    };
    answer(at, outcome, |field| {
        if field == "words" {
            "dispatch-note"
        } else {
            "dispatch-team"
        }
    })
    .await
}

/// Of a unit that is sent somewhere already, says where.
async fn where_it_is(visit: &Visit, code: Option<&str>, wrong: Wrong) -> Result<Wrong, Error> {
    let busy = |wrong: &Invalid| (wrong.field, wrong.problem) == ("unit", Problem::Busy);
    match &wrong {
        Wrong::Error(Error::Invalid(invalid)) if invalid.iter().any(busy) => {}
        _ => return Ok(wrong),
    }
    let all = units::list(&visit.city, &visit.actor).await?;
    let found = all
        .into_iter()
        .find(|seen| Some(seen.unit.code.as_str()) == code);
    let Some((seen, Target::Incident(at))) = found.and_then(|seen| {
        let target = seen.assignment.as_ref()?.target;
        Some((seen, target))
    }) else {
        return Ok(wrong);
    };
    let name = seen.unit.names.get(visit.language.tag());
    Ok(Wrong::Standing(vec![
        FieldError::new("dispatch-team", "error-unit-busy-at")
            .with("unit", name)
            .with("number", format!("K-{at}")),
    ]))
}

async fn dispatch(Move { visit, id, form }: &Move) -> Outcome {
    let crew =
        crew_of(visit, form).ok_or_else(|| Wrong::field("dispatch-team", "error-team-missing"))?;
    let note = form.text("note");
    if note
        .as_ref()
        .is_some_and(|note| note.chars().count() > limits::WORDS_CHARS)
    {
        let most = limits::WORDS_CHARS;
        return Err(Wrong::Fields(vec![
            FieldError::new("dispatch-note", "error-description-long").with("max", most),
        ]));
    }
    incidents::send(&visit.city, &visit.actor, *id, crew).await?;
    if let Some(note) = note {
        incidents::note(&visit.city, &visit.actor, *id, note).await?;
    }
    Ok("dispatched")
}

/// The unit or the team that a form names by its code.
fn crew_of(visit: &Visit, form: &Form) -> Option<Crew> {
    let Some(code) = form.get("team")?.strip_prefix(detail::UNIT) else {
        return staff_parts::team_of(visit, form).map(Crew::Team);
    };
    let configuration = visit.city.configuration();
    let found = configuration.units.iter().find(|unit| unit.code == code);
    found.map(|unit| Crew::Unit(unit.id))
}

/// `POST /meja/kejadian/{number}/catatan`
async fn note(at: Move) -> Result<Response, Failure> {
    let outcome = match at.form.text("note") {
        Some(words) => incidents::note(&at.visit.city, &at.visit.actor, at.id, words)
            .await
            .map(|()| "noted")
            .map_err(Wrong::from),
        None => Err(Wrong::field("note", "error-note-missing")),
    };
    answer(at, outcome, |_| "note").await
}

/// `POST /meja/kejadian/{number}/teratasi`
async fn resolve(at: Move) -> Result<Response, Failure> {
    let outcome = resolve_with(&at).await;
    let field = |field: &str| match field {
        "photo" => "resolve-photo",
        "words" => "resolve-reason",
        _ => "tindakan",
    };
    answer(at, outcome, field).await
}

async fn resolve_with(Move { visit, id, form }: &Move) -> Outcome {
    let evidence = Evidence {
        words: form.text("reason"),
        photo: staff_parts::after_photo(form).await?,
    };
    let done = incidents::resolve(&visit.city, &visit.actor, *id, evidence).await?;
    if done.left > 0 {
        let left = FieldError::new("tindakan", "error-incident-left").with("n", done.left);
        return Err(Wrong::Standing(vec![left]));
    }
    Ok("incident_resolved")
}

/// `POST /meja/kejadian/{number}/terkendali`
async fn contain(at: Move) -> Result<Response, Failure> {
    set(at, State::Contained, "contained").await
}

/// `POST /meja/kejadian/{number}/periksa`
async fn verify(at: Move) -> Result<Response, Failure> {
    set(at, State::Verified, "verified").await
}

/// `POST /meja/kejadian/{number}/tutup`
async fn close(at: Move) -> Result<Response, Failure> {
    set(at, State::Closed, "closed").await
}

async fn set(at: Move, state: State, word: &'static str) -> Result<Response, Failure> {
    let done = incidents::set_state(&at.visit.city, &at.visit.actor, at.id, state).await;
    at.said(done, word, |_| "tindakan").await
}

/// `POST /meja/kejadian/{number}/buka-lagi`
async fn reopen(at: Move) -> Result<Response, Failure> {
    let reason = at.form.text("reason");
    let done = incidents::reopen_at_desk(&at.visit.city, &at.visit.actor, at.id, reason).await;
    at.said(done, "reopened", |_| "tindakan").await
}

/// Leads back to the incident, or shows its page again with what has to be corrected.
async fn answer(
    at: Move,
    outcome: Outcome,
    field: impl Fn(&str) -> &'static str,
) -> Result<Response, Failure> {
    let Move {
        mut visit,
        id,
        form,
    } = at;
    let asked = Asked::from_query(form.get("query"));
    let here = format!("{}?{}", staff_parts::incident_url(id), asked.query());
    let (status, errors) = match outcome {
        Ok(word) => return Ok(parts::see_other(&format!("{here}&done={word}"))),
        Err(Wrong::Fields(errors)) => (StatusCode::BAD_REQUEST, errors),
        Err(Wrong::Standing(errors)) => (StatusCode::CONFLICT, errors),
        Err(Wrong::Error(Error::Invalid(invalid))) => {
            // Of the incident itself: it has gone on meanwhile, and this step does not follow any more.
            let late = invalid.iter().any(|wrong| {
                matches!(wrong.field, "state" | "incident" | "step")
                    || wrong.problem == Problem::Busy
            });
            let status = if late {
                StatusCode::CONFLICT
            } else {
                StatusCode::BAD_REQUEST
            };
            (status, staff_parts::mistakes(&visit, &invalid, field))
        }
        Err(Wrong::Error(Error::Refused(_))) => (
            StatusCode::CONFLICT,
            vec![FieldError::new("tindakan", "error-step-refused")],
        ),
        Err(Wrong::Error(error)) => return Err(error.into()),
    };
    visit.here = here;
    let desk = page(&visit, id, &asked, errors).await?;
    Ok((status, visit.page(Nav::Desk, &desk)?).into_response())
}
