//! The units of the city (`/meja/satuan`): what each is doing, new ones, and those that are out of service.

use axum::extract::{Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::incidents::{IncidentId, Target};
use pendopo_domain::policy::Action::ManageUnits;
use pendopo_domain::services::Texts;
use pendopo_domain::units::UnitKind;
use pendopo_operations::units::{self, Seen, UnitFile};
use pendopo_operations::{Error, Invalid, Problem};
use serde::Deserialize;

use super::{parts, staff_parts};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{ErrorKind, FieldError, Nav, UnitRow, UnitsPage};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

const LIST: &str = "/meja/satuan";

pub(crate) fn routes(routes: &mut Vec<Route>) {
    show(routes, LIST, ManageUnits, list_units);
    act(routes, LIST, ManageUnits, put_unit);
    act(
        routes,
        "/meja/satuan/{code}/keadaan",
        ManageUnits,
        set_service,
    );
}

#[derive(Deserialize)]
struct Asked {
    tersimpan: Option<String>,
}

/// `GET /meja/satuan`
async fn list_units(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let mut context = page(&visit, &Form::default(), vec![]).await?;
    context.saved = asked.tersimpan.is_some();
    visit.page(Nav::Desk, &context)
}

async fn page(visit: &Visit, form: &Form, errors: Vec<FieldError>) -> Result<UnitsPage, Error> {
    let all = units::list(&visit.city, &visit.actor).await?;
    let chosen = staff_parts::team_of(visit, form);
    let typed = |name: &str| form.text(name).unwrap_or_default();
    Ok(UnitsPage {
        rows: all.iter().map(|seen| row(visit, seen)).collect(),
        teams: staff_parts::team_choices(visit, chosen),
        kinds: UnitKind::ALL.iter().map(|kind| kind.word()).collect(),
        code: typed("code"),
        name_id: typed("name_id"),
        name_en: typed("name_en"),
        kind: typed("kind"),
        saved: false,
        errors,
    })
}

fn row(visit: &Visit, seen: &Seen) -> UnitRow {
    let configuration = visit.city.configuration();
    let at = |id: IncidentId| (format!("K-{id}"), staff_parts::incident_url(id));
    let target = seen.assignment.as_ref().map(|held| held.target);
    UnitRow {
        code: seen.unit.code.clone(),
        name: seen.unit.names.get(visit.language.tag()).to_owned(),
        kind: seen.unit.kind,
        team: staff_parts::team_name(visit, &configuration, seen.unit.team),
        status: seen.status.word(),
        at: match target {
            Some(Target::Incident(id)) => Some(at(id)),
            _ => None,
        },
        out_of_service: seen.unit.out_of_service,
    }
}

/// `POST /meja/satuan`: a new unit, or another name, kind or team for the one with this code.
async fn put_unit(mut visit: Visit, request: Request) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let outcome = match unit(&form) {
        Ok(unit) => units::put(&visit.city, &visit.actor, unit).await,
        Err(error) => Err(error),
    };
    let invalid = match outcome {
        Ok(()) => return Ok(parts::see_other(&format!("{LIST}?tersimpan=1"))),
        Err(Error::Invalid(invalid)) => invalid,
        Err(error) => return Err(error.into()),
    };
    visit.here = LIST.to_owned();
    let errors = invalid.iter().map(mistake).collect();
    let context = page(&visit, &form, errors).await?;
    Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Desk, &context)?).into_response())
}

fn unit(form: &Form) -> Result<UnitFile, Error> {
    let text = |name: &str| form.text(name).unwrap_or_default();
    let kind = UnitKind::from_word(form.get("kind").unwrap_or_default());
    Ok(UnitFile {
        code: text("code"),
        names: Texts {
            id: text("name_id"),
            en: text("name_en"),
        },
        kind: kind.ok_or_else(|| Invalid::one("kind", Problem::Unknown))?,
        team_code: text("team"),
    })
}

fn mistake(wrong: &Invalid) -> FieldError {
    match (wrong.field, wrong.problem) {
        ("kind", _) => FieldError::new("kind", "error-unit-kind"),
        ("team", Problem::Busy) => FieldError::new("team", "error-unit-busy"),
        ("team", _) => FieldError::new("team", "error-team-missing"),
        ("code", _) => FieldError::new("code", "error-unit-code"),
        (_, Problem::TooLong { most }) => {
            FieldError::new("name_id", "error-description-long").with("max", most)
        }
        _ => FieldError::new("name_id", "error-unit-name"),
    }
}

/// `POST /meja/satuan/{code}/keadaan`: out of service with `out=1`, else back.
async fn set_service(
    visit: Visit,
    Path(code): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let configuration = visit.city.configuration();
    let found = configuration.units.iter().find(|unit| unit.code == code);
    let unit = found.ok_or(Failure::new(ErrorKind::NotFound))?.id;
    let out = form.get("out").is_some();
    units::set_out_of_service(&visit.city, &visit.actor, unit, out).await?;
    Ok(parts::see_other(&format!("{LIST}?tersimpan=1")))
}
