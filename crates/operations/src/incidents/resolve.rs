//! The city says that an incident is resolved, and with it its reports.

use pendopo_domain::incidents::{
    AssignmentId, AssignmentState, Incident, IncidentId, State, Target,
};
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::{ReportId, Step, Visibility};
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::{Db, chains, incidents as rows, reports as report_rows};

use super::prepare_all;
use super::states::change_state;
use crate::configuration::must;
use crate::dispatch::{self, Evidence};
use crate::reports::Change;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// The city says that the incident is resolved: so are all of its open reports, and each reporter is asked.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`, or on `incident` when it is over.
pub async fn resolve(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    resolve_as(city, actor, id, evidence, None).await
}

/// Resolves for the desk, or for the crew of `assignment`.
pub(crate) async fn resolve_as(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
    assignment: Option<AssignmentId>,
) -> Result<Incident> {
    let words = evidence.checked()?;
    let members = report_rows::of_incident(&mut city.store().read().await?, id).await?;
    let any_secret = members
        .iter()
        .any(|report| report.visibility == Visibility::Secret);
    let open: Vec<ReportId> = members
        .iter()
        .filter(|report| report.state.is_open())
        .map(|report| report.id)
        .collect();
    let changes = prepare_all(city, &open, words.as_deref()).await?;
    let mut photos = Vec::new();
    for report in &open {
        photos.extend(dispatch::after_photo(city, &evidence, *report).await?);
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if let Some(assignment) = assignment {
                    let held = rows::assignment(db, assignment, true)
                        .await?
                        .ok_or(Error::NotFound)?;
                    if !allows(
                        &actor,
                        Action::WorkTask,
                        Subject::Work {
                            team: Some(held.team),
                        },
                    ) {
                        return Err(Error::Denied(Action::WorkTask));
                    }
                }
                if !incident.state.may_become(State::Resolved) {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                resolve_reports(db, &changes, photos).await?;
                dispatch::end(db, Target::Incident(id), AssignmentState::Cleared, now).await?;
                incident.resolved_at = Some(now);
                change_state(db, &actor, &mut incident, State::Resolved, now).await?;
                // Words about a secret report are sealed with it and stand nowhere else.
                if let Some(words) = words.as_ref().filter(|_| !any_secret) {
                    let stream = chains::incident(id);
                    let position =
                        chains::append(db, &stream, now, "note", &actor_text(&actor), "city")
                            .await?;
                    rows::add_note(db, &stream, position, words).await?;
                }
                Ok(incident)
            })
        })
        .await
}

async fn resolve_reports(db: &mut Db, changes: &[Change], photos: Vec<Photo>) -> Result<()> {
    for photo in photos {
        photo_rows::insert(db, &photo).await?;
    }
    for change in changes {
        let Some(report) = report_rows::by_id_for_update(db, change.id()).await? else {
            continue;
        };
        // One that was referred or closed since stays as it is.
        if report.state.is_open() {
            change.take(db, report, Step::Resolve).await?;
        }
    }
    Ok(())
}
