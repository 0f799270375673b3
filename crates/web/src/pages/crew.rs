//! The crew's phone (tugas): what to do next, and *terima, tiba, selesai*.

mod task;

use axum::extract::{Path, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_domain::incidents::{Assignment, AssignmentId, AssignmentState};
use pendopo_domain::policy::Action;
use pendopo_domain::time::Timestamp;
use pendopo_operations::Error;
use pendopo_operations::dispatch::{self, Evidence};

use super::{parts, staff_parts};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{ErrorKind, Nav};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::WorkTask;
    show(routes, "/tugas", WorkTask, list_tasks);
    show(routes, "/tugas/{id}", WorkTask, show_task);
    act(routes, "/tugas/{id}/terima", WorkTask, accept_task);
    act(routes, "/tugas/{id}/jalan", WorkTask, leave_for_task);
    act(routes, "/tugas/{id}/tiba", WorkTask, arrive_at_task);
    act(routes, "/tugas/{id}/angkut", WorkTask, transport);
    act(routes, "/tugas/{id}/tujuan", WorkTask, reach_facility);
    act(routes, "/tugas/{id}/langkah/{step}", WorkTask, settle_step);
    act(routes, "/tugas/{id}/selesai", WorkTask, finish_task);
}

/// `GET /tugas`
async fn list_tasks(visit: Visit) -> Result<Response, Failure> {
    let tasks = dispatch::active(&visit.city, &visit.actor).await?;
    let list = task::list(&visit, tasks).await?;
    visit.page(Nav::Crew, &list)
}

/// The task, if it is one of this position's.
async fn own(visit: &Visit, id: &str) -> Result<Assignment, Failure> {
    let id = id
        .parse()
        .map(AssignmentId)
        .map_err(|_| Failure::new(ErrorKind::NotFound))?;
    Ok(dispatch::see(&visit.city, &visit.actor, id).await?)
}

/// `GET /tugas/{id}`
async fn show_task(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let held = own(&visit, &id).await?;
    let page = task::detail(&visit, &held, String::new(), vec![]).await?;
    visit.page(Nav::Crew, &page)
}

/// `POST /tugas/{id}/terima`
async fn accept_task(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    press(&visit, &id, AssignmentState::Acknowledged, request).await
}

/// `POST /tugas/{id}/jalan`
async fn leave_for_task(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    press(&visit, &id, AssignmentState::EnRoute, request).await
}

/// `POST /tugas/{id}/tiba`
async fn arrive_at_task(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    press(&visit, &id, AssignmentState::OnScene, request).await
}

/// `POST /tugas/{id}/angkut`
async fn transport(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    press(&visit, &id, AssignmentState::Transporting, request).await
}

/// `POST /tugas/{id}/tujuan`
async fn reach_facility(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    press(&visit, &id, AssignmentState::AtFacility, request).await
}

/// A status button. A script that kept the press sends `at` (RFC 3339) and `key` with it and asks for JSON: then the
/// answer says `outcome` (`taken`, `late` or `refused`) and the `state` of the task.
async fn press(
    visit: &Visit,
    id: &str,
    state: AssignmentState,
    request: Request,
) -> Result<Response, Failure> {
    let json = wants_json(&request);
    let form = body::form(request).await?;
    let held = own(visit, id).await?;
    let at = match form.get("at").map(str::parse::<jiff::Timestamp>) {
        Some(Err(_)) => return Ok(answer(json, "refused", &held)),
        Some(Ok(at)) => Some(Timestamp::from(at)),
        None => None,
    };
    let press = dispatch::Press {
        state,
        at,
        key: form.get("key").map(str::to_owned),
    };
    match dispatch::press(&visit.city, &visit.actor, held.id, press).await {
        Ok(pressed) => Ok(answer(json, pressed.outcome.word(), &pressed.assignment)),
        Err(Error::Invalid(_)) => Ok(answer(json, "refused", &held)),
        Err(error) => Err(error.into()),
    }
}

fn wants_json(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"))
}

/// A form leads back to the task, whose page says how far the crew is; a script is told what came of it.
fn answer(json: bool, outcome: &str, held: &Assignment) -> Response {
    if !json {
        return parts::see_other(&format!("/tugas/{}", held.id));
    }
    let status = if outcome == "refused" {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let text = serde_json::json!({ "outcome": outcome, "state": held.state });
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, text.to_string()).into_response()
}

/// `POST /tugas/{id}/langkah/{step}`
async fn settle_step(
    mut visit: Visit,
    Path((id, step)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let held = own(&visit, &id).await?;
    let here = format!("/tugas/{}", held.id);
    let invalid = match staff_parts::settle_step(&visit, &step, &form).await {
        Ok(_) => return Ok(parts::see_other(&format!("{here}#protap"))),
        Err(Error::Invalid(invalid)) => invalid,
        Err(error) => return Err(error.into()),
    };
    visit.here = here;
    let errors = staff_parts::mistakes(&visit, &invalid, |_| "protap");
    let page = task::detail(&visit, &held, String::new(), errors).await?;
    Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Crew, &page)?).into_response())
}

/// `POST /tugas/{id}/selesai`
async fn finish_task(
    mut visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let form = body::form(request).await?;
    let held = own(&visit, &id).await?;
    let here = format!("/tugas/{}", held.id);
    let invalid = match finish(&visit, &held, &form).await {
        Ok(()) => return Ok(parts::see_other(&here)),
        Err(Error::Invalid(invalid)) => invalid,
        Err(error) => return Err(error.into()),
    };
    if invalid
        .iter()
        .any(|wrong| matches!(wrong.field, "state" | "incident"))
    {
        // Over already: the page of the task says how.
        return Ok(parts::see_other(&here));
    }
    let mut errors = staff_parts::mistakes(&visit, &invalid, |field| {
        if field == "photo" { "photo" } else { "reason" }
    });
    for error in errors
        .iter_mut()
        .filter(|error| error.key == "error-reason-missing")
    {
        (error.field, error.key) = ("photo".to_owned(), "error-photo-or-reason");
    }
    visit.here = here;
    let page = task::detail(
        &visit,
        &held,
        form.text("reason").unwrap_or_default(),
        errors,
    )
    .await?;
    Ok((StatusCode::BAD_REQUEST, visit.page(Nav::Crew, &page)?).into_response())
}

async fn finish(visit: &Visit, held: &Assignment, form: &Form) -> Result<(), Error> {
    let evidence = Evidence {
        words: form.text("reason"),
        photo: staff_parts::after_photo(form).await?,
    };
    dispatch::finish(&visit.city, &visit.actor, held.id, evidence).await
}
