//! How the state of an incident moves: by the desk, by what a crew does, by the word of a reporter.

use pendopo_domain::incidents::{AssignmentState, Incident, IncidentId, State, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, StoreError, chains, incidents as rows, reports as report_rows};

use super::locked;
use crate::configuration::must;
use crate::{City, Error, Invalid, Problem, Result, actor_text, dispatch};

/// Another role's word that it is done, or the end of the file.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `state`: as [`Problem::OwnWork`] when the actor would
/// verify what they declared resolved themselves.
pub async fn set_state(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    state: State,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    if !matches!(state, State::Contained | State::Verified | State::Closed) {
        return Err(Invalid::one("state", Problem::Unknown));
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = locked(db, &actor, id).await?;
                if !incident.state.may_become(state) {
                    return Err(Invalid::one("state", Problem::Unknown));
                }
                if state == State::Verified {
                    let timeline = chains::entries(db, &chains::incident(id), i64::MAX).await?;
                    if own_work(&timeline, &actor) {
                        return Err(Invalid::one("state", Problem::OwnWork));
                    }
                }
                change_state(db, &actor, &mut incident, state, now).await?;
                Ok(incident)
            })
        })
        .await
}

/// Whether the actor is the one of the staff who last declared resolved what `timeline` (newest first) tells of. A
/// reporter who takes *not yet* back declares nothing: what the staff said stands again.
pub(super) fn own_work(timeline: &[chains::Entry], actor: &Actor) -> bool {
    timeline
        .iter()
        .find(|entry| entry.kind == State::Resolved.word() && !entry.actor.starts_with("reporter:"))
        .is_some_and(|entry| entry.actor == actor_text(actor))
}

pub(super) async fn change_state(
    db: &mut Db,
    actor: &Actor,
    incident: &mut Incident,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let from = incident.state;
    incident.state = state;
    incident.updated_at = now;
    rows::update(db, incident).await?;
    let stream = chains::incident(incident.id);
    chains::append(db, &stream, now, state.word(), &actor_text(actor), "city").await?;
    City::journal(
        db,
        now,
        &Event::IncidentChanged {
            incident: incident.id,
            from,
            to: state,
        },
    )
    .await
}

/// What a crew did, on the timeline; moves the incident on when that follows.
pub(crate) async fn note_crew(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    kind: &str,
    subject: &str,
    next: Option<State>,
    now: Timestamp,
) -> Result<()> {
    let mut incident = rows::by_id_for_update(db, id)
        .await?
        .ok_or(Error::NotFound)?;
    chains::append(
        db,
        &chains::incident(id),
        now,
        kind,
        &actor_text(actor),
        subject,
    )
    .await?;
    if let Some(next) =
        next.filter(|next| *next != incident.state && incident.state.may_become(*next))
    {
        let from = incident.state;
        incident.state = next;
        City::journal(
            db,
            now,
            &Event::IncidentChanged {
                incident: id,
                from,
                to: next,
            },
        )
        .await?;
    }
    incident.updated_at = now;
    rows::update(db, &incident).await?;
    Ok(())
}

/// A reporter said *not yet*: the incident is open again and its team goes out again.
pub(crate) async fn reopen(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    team: Option<TeamId>,
    now: Timestamp,
) -> Result<()> {
    let Some(mut incident) = rows::by_id_for_update(db, id).await? else {
        return Ok(());
    };
    if !incident.state.may_become(State::Reopened) {
        return Ok(());
    }
    incident.resolved_at = None;
    change_state(db, actor, &mut incident, State::Reopened, now).await?;
    if let Some(team) = team {
        dispatch::send(db, team, Target::Incident(id), now).await?;
    }
    Ok(())
}

/// The desk opens an incident again; its last team goes out again. Its reports stay as their reporters left them.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] on `state` when it is not over.
pub async fn reopen_at_desk(city: &City, actor: &Actor, id: IncidentId) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let incident = locked(db, &actor, id).await?;
                if !incident.state.may_become(State::Reopened) {
                    return Err(Invalid::one("state", Problem::Unknown));
                }
                let crews = rows::assignments_of(db, Target::Incident(id)).await?;
                reopen(db, &actor, id, crews.last().map(|held| held.team), now).await
            })
        })
        .await
}

/// The last *not yet* was taken back before anyone went out: the incident is resolved as before.
pub(crate) async fn settle_again(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    now: Timestamp,
) -> Result<()> {
    let Some(mut incident) = rows::by_id_for_update(db, id).await? else {
        return Ok(());
    };
    let members = report_rows::of_incident(db, id).await?;
    let still_open = members.iter().any(|report| report.state.is_open());
    if incident.state != State::Reopened || still_open {
        return Ok(());
    }
    dispatch::end(db, Target::Incident(id), AssignmentState::Withdrawn, now).await?;
    incident.resolved_at = Some(now);
    change_state(db, actor, &mut incident, State::Resolved, now).await?;
    Ok(())
}
