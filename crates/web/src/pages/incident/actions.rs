//! Triage, mergers, splits, crews called back and steps of the playbook: what the desk does with an incident besides.

use axum::extract::Path;
use axum::response::Response;
use pendopo_domain::incidents::{AssignmentId, IncidentId, State};
use pendopo_domain::playbooks::StepState;
use pendopo_domain::policy::Action::OpenIncident;
use pendopo_domain::reports::{Number, ReportId};
use pendopo_operations::store::reports as report_rows;
use pendopo_operations::{Error, incidents};

use super::super::staff_parts::{self, Wrong};
use super::{Move, Outcome, answer, set};
use crate::failure::Failure;
use crate::routes::{Route, act};

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
async fn triage(at: Move) -> Result<Response, Failure> {
    set(at, State::Triaged, "triaged").await
}

/// `POST /meja/kejadian/{number}/tangani`
async fn open(at: Move) -> Result<Response, Failure> {
    set(at, State::Open, "to_work").await
}

/// `POST /meja/kejadian/{number}/kesampingkan`
async fn set_aside(at: Move) -> Result<Response, Failure> {
    let (state, word) = if at.form.get("state") == Some(State::Referred.word()) {
        (State::Referred, "referred_away")
    } else {
        (State::Rejected, "rejected")
    };
    let (city, actor, reason) = (&at.visit.city, &at.visit.actor, at.form.text("reason"));
    let done = incidents::set_state_because(city, actor, at.id, state, reason).await;
    let field = |field: &str| match field {
        "words" => "aside-reason",
        _ => "tindakan",
    };
    at.said(done, word, field).await
}

/// `POST /meja/kejadian/{number}/gabung`
async fn merge(at: Move) -> Result<Response, Failure> {
    let outcome = merge_into(&at).await;
    answer(at, outcome, |field| match field {
        "words" => "merge-reason",
        "into" => "merge-into",
        _ => "tindakan",
    })
    .await
}

async fn merge_into(Move { visit, id, form }: &Move) -> Outcome {
    let into = form.get("into").and_then(staff_parts::incident_id);
    let into = into.ok_or_else(|| Wrong::field("merge-into", "error-incident-missing"))?;
    let reason = form.text("reason");
    match incidents::merge(&visit.city, &visit.actor, *id, into, reason).await {
        Ok(()) => Ok("merged"),
        Err(Error::NotFound) => Err(Wrong::field("merge-into", "error-incident-missing")),
        Err(error) => Err(error.into()),
    }
}

/// `POST /meja/kejadian/{number}/pisah`
async fn split_off(mut at: Move) -> Result<Response, Failure> {
    let outcome = match split(&at).await {
        // What is new is shown.
        Ok(new) => {
            at.id = new;
            Ok("split")
        }
        Err(wrong) => Err(wrong),
    };
    answer(at, outcome, |field| match field {
        "words" => "split-reason",
        "reports" => "split-reports",
        _ => "tindakan",
    })
    .await
}

async fn split(Move { visit, id, form }: &Move) -> Result<IncidentId, Wrong> {
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
    let new = incidents::split_off(&visit.city, &visit.actor, *id, reports, reason).await?;
    Ok(new)
}

/// `POST /meja/kejadian/{number}/lepas`
async fn split_back(at: Move) -> Result<Response, Failure> {
    let reason = at.form.text("reason");
    let done = incidents::split_back(&at.visit.city, &at.visit.actor, at.id, reason).await;
    at.said(done, "split_back", |_| "tindakan").await
}

/// `POST /meja/kejadian/{number}/tarik`
async fn withdraw(at: Move) -> Result<Response, Failure> {
    let crew = at.form.get("crew").and_then(|text| text.parse().ok());
    let crew = crew.map_or(AssignmentId(0), AssignmentId);
    let reason = at.form.text("reason");
    let done = incidents::withdraw(&at.visit.city, &at.visit.actor, at.id, crew, reason).await;
    at.said(done, "withdrawn", |_| "tim").await
}

/// `POST /meja/kejadian/{number}/langkah/{step}`
async fn settle_step(
    Path((_, step)): Path<(String, String)>,
    at: Move,
) -> Result<Response, Failure> {
    let outcome = match staff_parts::settle_step(&at.visit, &step, &at.form).await {
        Ok(StepState::Skipped) => Ok("step_skipped"),
        Ok(_) => Ok("step_done"),
        Err(error) => Err(Wrong::from(error)),
    };
    answer(at, outcome, |_| "protap").await
}
