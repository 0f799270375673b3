//! Steps of playbooks on incidents: given when an incident begins, then done, or skipped with a reason.

use pendopo_domain::incidents::{Incident, IncidentId, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::playbooks::{self as rules, Step, StepId, StepState};
use pendopo_domain::policy::{Action, Actor, Subject, allows};
pub use pendopo_store::playbooks::Overdue;
use pendopo_store::{Db, chains, incidents as incident_rows, playbooks as rows};

use crate::configuration::{Configuration, must};
use crate::incidents::{beside, write_with};
use crate::reports::checked_words;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// Gives an incident the steps of the playbooks of its service; part of the transaction that begins it.
pub(crate) async fn start(
    db: &mut Db,
    configuration: &Configuration,
    incident: &Incident,
) -> Result<()> {
    let steps = rules::steps(
        &configuration.playbooks,
        incident.id,
        &incident.service_code,
        incident.priority,
        incident.opened_at,
    );
    Ok(rows::insert(db, &steps).await?)
}

/// The steps of an incident, in order. The caller has asked the policy for the incident.
///
/// # Errors
/// When the database does not answer.
pub async fn of(city: &City, id: IncidentId) -> Result<Vec<Step>> {
    Ok(rows::of(&mut city.store().read().await?, id).await?)
}

/// The steps that are late on incidents that need someone, and whose they are.
///
/// # Errors
/// [`Error::Denied`].
pub async fn overdue(city: &City, actor: &Actor) -> Result<Vec<Overdue>> {
    must(actor, Action::SeeDesk)?;
    Ok(rows::overdue(&mut city.store().read().await?, city.now()).await?)
}

/// Codes of the roles that an actor brings.
pub fn roles(configuration: &Configuration, actor: &Actor) -> Vec<String> {
    let positions = actor.grants.iter().filter_map(|grant| grant.position);
    positions
        .filter_map(|id| configuration.position(id))
        .map(|position| position.role.clone())
        .collect()
}

/// Says that a step is done, or why it is skipped; a step that is optional needs no reason. The desk may for every
/// step, a crew that was sent there for those of its role.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`]; [`Error::Invalid`] on `words`, or on `step` when somebody was faster.
pub async fn settle(
    city: &City,
    actor: &Actor,
    id: StepId,
    state: StepState,
    words: Option<String>,
) -> Result<Step> {
    if state == StepState::Due {
        return Err(Invalid::one("step", Problem::Unknown));
    }
    let words = checked_words(words)?;
    let found = rows::by_id(&mut city.store().read().await?, id).await?;
    let found = found.ok_or(Error::NotFound)?;
    if state == StepState::Skipped && !found.optional && words.is_none() {
        return Err(Invalid::one("words", Problem::Missing));
    }
    let (actor, now) = (actor.clone(), city.now());
    let roles = roles(&city.configuration(), &actor);
    let incident = found.incident;
    write_with(city, &[incident], words, move |db, note| {
        let (actor, roles) = (actor.clone(), roles.clone());
        Box::pin(async move {
            let mut step = rows::by_id_for_update(db, id)
                .await?
                .ok_or(Error::NotFound)?;
            may_settle(db, &actor, &roles, &step).await?;
            if step.state != StepState::Due {
                return Err(Invalid::one("step", Problem::Unknown));
            }
            (step.state, step.settled_at) = (state, Some(now));
            rows::update(db, &step).await?;
            let kind = format!("step_{state}");
            let (stream, by) = (chains::incident(incident), actor_text(&actor));
            let position =
                chains::append(db, &stream, now, &kind, &by, &format!("step:{id}")).await?;
            beside(db, note.as_ref(), position).await?;
            let event = Event::StepSettled {
                incident,
                step: id,
                state,
            };
            City::journal(db, now, &event).await?;
            Ok(step)
        })
    })
    .await
}

async fn may_settle(db: &mut Db, actor: &Actor, roles: &[String], step: &Step) -> Result<()> {
    if allows(actor, Action::OpenIncident, Subject::City) {
        return Ok(());
    }
    let crews = incident_rows::assignments_of(db, Target::Incident(step.incident)).await?;
    let sent = crews.iter().any(|held| {
        let work = Subject::Work {
            team: Some(held.team),
        };
        held.state.is_active() && allows(actor, Action::WorkTask, work)
    });
    if sent && roles.contains(&step.role) {
        Ok(())
    } else {
        Err(Error::Denied(Action::WorkTask))
    }
}
