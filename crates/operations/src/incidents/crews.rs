//! Crews that the desk sends to an incident, and calls back.

use pendopo_domain::incidents::{AssignmentId, AssignmentState, IncidentId, State, Target};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::units::UnitId;
use pendopo_store::{Db, incidents as rows};

use super::{beside, give_waiting, locked, note_crew, write_with};
use crate::configuration::must;
use crate::{City, Error, Invalid, Problem, Result, dispatch, units};

/// Who is sent: one unit, or a team that decides itself who goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crew {
    Team(TeamId),
    Unit(UnitId),
}

/// Sends one more team.
///
/// # Errors
/// As [`send`].
pub async fn send_team(city: &City, actor: &Actor, id: IncidentId, team: TeamId) -> Result<()> {
    send(city, actor, id, Crew::Team(team)).await
}

/// Sends a crew; reports that wait for a team are given to its team.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] on `incident` when it is over, on `team` or `unit` when
/// there is none such; as [`Problem::Busy`] for a unit that is sent somewhere already, or a team that is sent to this
/// incident already; as [`Problem::OutOfService`].
pub async fn send(city: &City, actor: &Actor, id: IncidentId, crew: Crew) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let configuration = city.configuration();
    let (team, unit) = match crew {
        Crew::Team(team) => (configuration.team(team).map(|team| team.id), None),
        Crew::Unit(unit) => (configuration.unit(unit).map(|unit| unit.team), Some(unit)),
    };
    let field = if unit.is_some() { "unit" } else { "team" };
    let team = team.ok_or_else(|| Invalid::one(field, Problem::Unknown))?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let incident = locked(db, &actor, id).await?;
                if !incident.state.needs_action() {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                match unit {
                    Some(unit) => units::free(db, unit).await?,
                    None => not_there_yet(db, id, team).await?,
                }
                let held = dispatch::send_crew(db, team, unit, Target::Incident(id), now).await?;
                let about = dispatch::about(&held);
                let next = Some(State::Dispatched);
                note_crew(db, &actor, id, "dispatched", &about, next, now).await?;
                give_waiting(db, &configuration, id, team, now).await
            })
        })
        .await
}

/// Two who press the same button send one team.
async fn not_there_yet(db: &mut Db, id: IncidentId, team: TeamId) -> Result<()> {
    let crews = rows::assignments_of(db, Target::Incident(id)).await?;
    let there = crews
        .iter()
        .any(|held| held.state.is_active() && held.unit.is_none() && held.team == team);
    if there {
        return Err(Invalid::one("team", Problem::Busy));
    }
    Ok(())
}

/// Calls a crew back (stands it down).
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`; on `state` when the crew is done already.
pub async fn withdraw(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    crew: AssignmentId,
    reason: Option<String>,
) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id], reason, move |db, note| {
        let actor = actor.clone();
        Box::pin(async move {
            locked(db, &actor, id).await?;
            let held = rows::assignment(db, crew, true).await?;
            let mut held = held
                .filter(|held| held.target == Target::Incident(id))
                .ok_or(Error::NotFound)?;
            if !held.state.is_active() {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            dispatch::set(db, &mut held, AssignmentState::Withdrawn, now).await?;
            let about = dispatch::about(&held);
            let position = note_crew(db, &actor, id, "withdrawn", &about, None, now).await?;
            beside(db, note.as_ref(), position).await
        })
    })
    .await
}
