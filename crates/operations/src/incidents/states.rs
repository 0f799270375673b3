//! How the state of an incident moves: by the desk, by what a crew does, by the word of a reporter.

use pendopo_domain::incidents::{AssignmentState, Clock, Incident, IncidentId, State, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, StoreError, chains, clocks, incidents as rows, reports as report_rows};

use super::locked;
use super::mergers::leave;
use super::notes::{beside, write_with};
use crate::configuration::must;
use crate::{City, Error, Invalid, Problem, Result, actor_text, dispatch};

/// What the desk says of an incident: triaged, to be worked on, contained, another role's word that it is done, or the
/// end of the file.
///
/// # Errors
/// As [`set_state_because`].
pub async fn set_state(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    state: State,
) -> Result<Incident> {
    set_state_because(city, actor, id, state, None).await
}

/// The same with a reason, whose words are kept as notes are. To reject, or to refer to another body, one is needed:
/// then the reports of the incident stand alone again, and its crews are called back.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`, or on `state`: as [`Problem::OwnWork`] when
/// the actor would verify what they declared resolved themselves.
pub async fn set_state_because(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    state: State,
    reason: Option<String>,
) -> Result<Incident> {
    use State::{Closed, Contained, Open, Referred, Rejected, Triaged, Verified};
    must(actor, Action::OpenIncident)?;
    if !matches!(
        state,
        Triaged | Open | Contained | Rejected | Referred | Verified | Closed
    ) {
        return Err(Invalid::one("state", Problem::Unknown));
    }
    if state.is_set_aside() && reason.as_deref().is_none_or(|text| text.trim().is_empty()) {
        return Err(Invalid::one("words", Problem::Missing));
    }
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id], reason, move |db, note| {
        let actor = actor.clone();
        Box::pin(async move {
            let mut incident = locked(db, &actor, id).await?;
            // What was merged comes back by a split alone.
            if incident.merged.is_some() || !incident.state.may_become(state) {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            if state == Verified {
                let timeline = chains::entries(db, &chains::incident(id), i64::MAX).await?;
                if own_work(&timeline, &actor) {
                    return Err(Invalid::one("state", Problem::OwnWork));
                }
            }
            let position = change_state(db, &actor, &mut incident, state, "city", now).await?;
            beside(db, note.as_ref(), position).await?;
            if state.is_set_aside() {
                set_aside(db, id, now).await?;
            }
            Ok(incident)
        })
    })
    .await
}

/// Lets the reports of an incident stand alone again, and calls its crews back.
async fn set_aside(db: &mut Db, id: IncidentId, now: Timestamp) -> Result<()> {
    dispatch::end(db, Target::Incident(id), AssignmentState::Withdrawn, now).await?;
    for report in report_rows::of_incident(db, id).await? {
        if let Some(mut report) = report_rows::by_id_for_update(db, report.id).await? {
            leave(db, id, &mut report, None).await?;
        }
    }
    Ok(())
}

/// Whether the actor is the one of the staff who last declared resolved what `timeline` (newest first) tells of. A
/// reporter who takes *not yet* back declares nothing: what the staff said stands again.
pub(super) fn own_work(timeline: &[chains::Entry], actor: &Actor) -> bool {
    timeline
        .iter()
        .find(|entry| entry.kind == State::Resolved.word() && !entry.actor.starts_with("reporter:"))
        .is_some_and(|entry| entry.actor == actor_text(actor))
}

/// Moves the incident, which is locked, on to `state`: row, timeline, clock, journal. `about` is the subject of the
/// entry, whose position is returned.
pub(super) async fn change_state(
    db: &mut Db,
    actor: &Actor,
    incident: &mut Incident,
    state: State,
    about: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let (stream, by) = (chains::incident(incident.id), actor_text(actor));
    let position = chains::append(db, &stream, now, state.word(), &by, about).await?;
    move_to(db, incident, state, now).await?;
    Ok(position)
}

/// The same without an entry of its own, for what another entry says already.
async fn move_to(
    db: &mut Db,
    incident: &mut Incident,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let from = incident.state;
    incident.state = state;
    incident.updated_at = now;
    rows::update(db, incident).await?;
    let clock = match state {
        State::Contained => Some(Clock::Contained),
        State::Resolved => Some(Clock::Resolved),
        State::Verified => Some(Clock::Verified),
        _ => None,
    };
    if let Some(clock) = clock {
        clocks::note(db, incident.id, clock, now).await?;
    }
    let event = Event::IncidentChanged {
        incident: incident.id,
        from,
        to: state,
    };
    City::journal(db, now, &event).await
}

/// What a crew did, on the timeline; moves the incident on when that follows. Returns the position of the entry.
pub(crate) async fn note_crew(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    kind: &str,
    subject: &str,
    next: Option<State>,
    now: Timestamp,
) -> Result<i64> {
    let mut incident = rows::by_id_for_update(db, id)
        .await?
        .ok_or(Error::NotFound)?;
    let (stream, by) = (chains::incident(id), actor_text(actor));
    let position = chains::append(db, &stream, now, kind, &by, subject).await?;
    match next.filter(|next| incident.state.may_become(*next)) {
        Some(next) => move_to(db, &mut incident, next, now).await?,
        None => {
            incident.updated_at = now;
            rows::update(db, &incident).await?;
        }
    }
    Ok(position)
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
    change_state(db, actor, &mut incident, State::Reopened, "city", now).await?;
    if let Some(team) = team {
        dispatch::send(db, team, Target::Incident(id), now).await?;
    }
    Ok(())
}

/// The desk opens an incident again; its last team goes out again. Its reports stay as their reporters left them.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`; on `state` when it is not over.
pub async fn reopen_at_desk(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    reason: Option<String>,
) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id], reason, move |db, note| {
        let actor = actor.clone();
        Box::pin(async move {
            let mut incident = locked(db, &actor, id).await?;
            if incident.merged.is_some() || !incident.state.may_become(State::Reopened) {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            let crews = rows::assignments_of(db, Target::Incident(id)).await?;
            incident.resolved_at = None;
            let position =
                change_state(db, &actor, &mut incident, State::Reopened, "city", now).await?;
            beside(db, note.as_ref(), position).await?;
            if let Some(last) = crews.last() {
                dispatch::send(db, last.team, Target::Incident(id), now).await?;
            }
            Ok(())
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
    change_state(db, actor, &mut incident, State::Resolved, "city", now).await?;
    Ok(())
}
