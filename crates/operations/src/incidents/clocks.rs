//! When what was reached, for the clocks of an incident: looks at the desk, and what crews pressed.

use pendopo_domain::incidents::{Assignment, AssignmentState, Clock, Clocks, IncidentId, Target};
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;
use pendopo_store::clocks::Span;
use pendopo_store::{Db, StoreError, clocks as rows, incidents as incident_rows};

use crate::configuration::must;
use crate::{City, Result};

/// The clocks of an incident. The caller has asked the policy for it.
///
/// # Errors
/// When the database does not answer.
pub async fn clocks(city: &City, id: IncidentId) -> Result<Clocks> {
    Ok(rows::of(&mut city.store().read().await?, id).await?)
}

/// How long the incidents whose clock `from` lies in a period took until `to`, for measures.
///
/// # Errors
/// [`Error::Denied`](crate::Error::Denied) unless the actor may see numbers.
pub async fn spans(
    city: &City,
    actor: &Actor,
    stretch: (Clock, Clock),
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Span>> {
    must(actor, Action::SeeNumbers)?;
    let mut db = city.store().read().await?;
    Ok(rows::spans(&mut db, stretch, since, until).await?)
}

/// Somebody looks at an incident. The first look of someone who could act on it is its clock t1; later ones write
/// nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn look(city: &City, actor: &Actor, id: IncidentId) -> Result<()> {
    if !allows(actor, Action::OpenIncident, Subject::City)
        || clocks(city, id).await?.at(Clock::Seen).is_some()
    {
        return Ok(());
    }
    let now = city.now();
    city.store()
        .write(move |db| Box::pin(async move { Ok(rows::note(db, id, Clock::Seen, now).await?) }))
        .await
}

/// Somebody looks at a report at the desk; an incident that is made of it was seen then.
///
/// # Errors
/// When the database does not answer.
pub async fn look_at_report(city: &City, actor: &Actor, id: ReportId) -> Result<()> {
    let looked = rows::looked_at(&mut city.store().read().await?, id).await?;
    if looked.is_some() || !allows(actor, Action::OpenIncident, Subject::City) {
        return Ok(());
    }
    let now = city.now();
    city.store()
        .write(move |db| Box::pin(async move { Ok(rows::look(db, id, now).await?) }))
        .await
}

/// Notes what a crew reached on the clocks of the incident that it was sent to.
pub(crate) async fn note_crew(db: &mut Db, held: &Assignment) -> Result<(), StoreError> {
    let Target::Incident(id) = held.target else {
        return Ok(());
    };
    let reached = [
        (Clock::Dispatched, AssignmentState::Dispatched),
        (Clock::Acknowledged, AssignmentState::Acknowledged),
        (Clock::EnRoute, AssignmentState::EnRoute),
        (Clock::OnScene, AssignmentState::OnScene),
    ];
    for (clock, state) in reached {
        if let Some(at) = held.reached_at(state) {
            rows::note(db, id, clock, at).await?;
        }
    }
    Ok(())
}

/// Notes anew what the crews of an incident reached, because some came or went.
pub(super) async fn note_crews(db: &mut Db, id: IncidentId) -> Result<(), StoreError> {
    rows::forget_crews(db, id).await?;
    for held in incident_rows::assignments_of(db, Target::Incident(id)).await? {
        note_crew(db, &held).await?;
    }
    Ok(())
}
