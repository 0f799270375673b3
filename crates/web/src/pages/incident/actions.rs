//! Triage, mergers, splits, crews called back and steps of the playbook: what the desk does with an incident besides.

use axum::extract::{Path, Request};
use axum::response::Response;
use pendopo_domain::incidents::{AssignmentId, IncidentId, State};
use pendopo_domain::playbooks::StepState;
use pendopo_domain::policy::Action::OpenIncident;
use pendopo_domain::reports::{Number, ReportId};
use pendopo_operations::store::reports as report_rows;
use pendopo_operations::{Error, incidents};

use super::super::staff_parts::{self, Wrong};
use super::{Outcome, answer, id_of, set};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::routes::{Route, act};
use crate::visit::Visit;

pub(super) fn routes(routes: &mut Vec<Route>) {
    act(
        routes,
        "/meja/kejadian/{number}/pilah",
        OpenIncident,
        triage,
    );
    act(
        routes,
        "/meja/kejadian/{number}/tangani",
        OpenIncident,
        open,
    );
    act(
        routes,
        "/meja/kejadian/{number}/kesampingkan",
        OpenIncident,
        set_aside,
    );
    act(
        routes,
        "/meja/kejadian/{number}/gabung",
        OpenIncident,
        merge,
    );
    act(
        routes,
        "/meja/kejadian/{number}/pisah",
        OpenIncident,
        split_off,
    );
    act(
        routes,
        "/meja/kejadian/{number}/lepas",
        OpenIncident,
        split_back,
    );
    act(
        routes,
        "/meja/kejadian/{number}/tarik",
        OpenIncident,
        withdraw,
    );
    act(
        routes,
        "/meja/kejadian/{number}/langkah/{step}",
        OpenIncident,
        settle_step,
    );
}

/// `POST /meja/kejadian/{number}/pilah`
async fn triage(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    set(visit, &number, request, State::Triaged, "triaged").await
}

/// `POST /meja/kejadian/{number}/tangani`
async fn open(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    set(visit, &number, request, State::Open, "to_work").await
}

/// `POST /meja/kejadian/{number}/kesampingkan`
async fn set_aside(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let (state, word) = if form.get("state") == Some(State::Referred.word()) {
        (State::Referred, "referred_away")
    } else {
        (State::Rejected, "rejected")
    };
    let reason = form.text("reason");
    let done = incidents::set_state_because(&visit.city, &visit.actor, id, state, reason).await;
    let outcome = done.map(|_| word).map_err(Wrong::from);
    answer(visit, id, &form, outcome, |field| match field {
        "words" => "aside-reason",
        _ => "tindakan",
    })
    .await
}

/// `POST /meja/kejadian/{number}/gabung`
async fn merge(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let outcome = merge_into(&visit, id, &form).await;
    answer(visit, id, &form, outcome, |field| match field {
        "words" => "merge-reason",
        "into" => "merge-into",
        _ => "tindakan",
    })
    .await
}

async fn merge_into(visit: &Visit, id: IncidentId, form: &Form) -> Outcome {
    let into = form.get("into").and_then(staff_parts::incident_id);
    let into = into.ok_or_else(|| Wrong::field("merge-into", "error-incident-missing"))?;
    let reason = form.text("reason");
    match incidents::merge(&visit.city, &visit.actor, id, into, reason).await {
        Ok(()) => Ok("merged"),
        Err(Error::NotFound) => Err(Wrong::field("merge-into", "error-incident-missing")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /meja/kejadian/{number}/pisah`
async fn split_off(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let outcome = split(&visit, id, &form).await;
    // What is new is shown.
    let (id, outcome) = match outcome {
        Ok(new) => (new, Ok("split")),
        Err(wrong) => (id, Err(wrong)),
    };
    answer(visit, id, &form, outcome, |field| match field {
        "words" => "split-reason",
        "reports" => "split-reports",
        _ => "tindakan",
    })
    .await
}

async fn split(visit: &Visit, id: IncidentId, form: &Form) -> Result<IncidentId, Wrong> {
    let mut reports: Vec<ReportId> = Vec::new();
    let mut db = visit.city.store().read().await.map_err(Error::from)?;
    for number in form.all("report") {
        let found = report_rows::by_number(&mut db, &Number::parse(number)).await;
        // One that is not there is refused as one that stands elsewhere.
        let found = found.map_err(Error::from)?;
        reports.push(found.map_or(ReportId(0), |report| report.id));
    }
    drop(db);
    let reason = form.text("reason");
    let new = incidents::split_off(&visit.city, &visit.actor, id, reports, reason).await?;
    Ok(new)
}

/// `POST /meja/kejadian/{number}/lepas`
async fn split_back(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let reason = form.text("reason");
    let done = incidents::split_back(&visit.city, &visit.actor, id, reason).await;
    let outcome = done.map(|()| "split_back").map_err(Wrong::from);
    answer(visit, id, &form, outcome, |_| "tindakan").await
}

/// `POST /meja/kejadian/{number}/tarik`
async fn withdraw(
    visit: Visit,
    Path(number): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let crew = form.get("crew").and_then(|text| text.parse().ok());
    let crew = crew.map_or(AssignmentId(0), AssignmentId);
    let reason = form.text("reason");
    let done = incidents::withdraw(&visit.city, &visit.actor, id, crew, reason).await;
    let outcome = done.map(|()| "withdrawn").map_err(Wrong::from);
    answer(visit, id, &form, outcome, |_| "tim").await
}

/// `POST /meja/kejadian/{number}/langkah/{step}`
async fn settle_step(
    visit: Visit,
    Path((number, step)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&number)?, body::form(request).await?);
    let outcome = match staff_parts::settle_step(&visit, &step, &form).await {
        Ok(StepState::Skipped) => Ok("step_skipped"),
        Ok(_) => Ok("step_done"),
        Err(error) => Err(Wrong::from(error)),
    };
    answer(visit, id, &form, outcome, |_| "protap").await
}
