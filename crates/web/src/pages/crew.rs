//! The crew's phone (tugas): what to do next, and *terima, tiba, selesai*.

mod task;

use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::incidents::{Assignment, AssignmentId, AssignmentState};
use pendopo_domain::policy::Action;
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
    act(routes, "/tugas/{id}/tiba", WorkTask, arrive_at_task);
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
async fn accept_task(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    advance(&visit, &id, AssignmentState::Acknowledged).await
}

/// `POST /tugas/{id}/tiba`
async fn arrive_at_task(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    advance(&visit, &id, AssignmentState::OnScene).await
}

async fn advance(visit: &Visit, id: &str, state: AssignmentState) -> Result<Response, Failure> {
    let held = own(visit, id).await?;
    match dispatch::advance(&visit.city, &visit.actor, held.id, state).await {
        // Further already, or called back: the page of the task says so.
        Ok(_) | Err(Error::Invalid(_)) => Ok(parts::see_other(&format!("/tugas/{}", held.id))),
        Err(error) => Err(error.into()),
    }
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
