//! Incidents: opened from reports, worked by crews, resolved for all of their reports at once.

mod notes;
mod open;
mod resolve;
mod see;
mod states;

use pendopo_domain::incidents::{Incident, IncidentId, Target};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_store::{Db, chains, incidents as rows};

pub use self::notes::note;
pub use self::open::{Opening, can_join, join, open};
pub(crate) use self::resolve::{Hand, resolve_as};
pub use self::resolve::{Resolution, resolve};
pub use self::see::{Seen, list, see};
pub(crate) use self::states::{note_crew, reopen, settle_again};
pub use self::states::{reopen_at_desk, set_state};
use crate::configuration::must;
use crate::dispatch;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// Sends one more team.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] when the incident is over.
pub async fn send_team(city: &City, actor: &Actor, id: IncidentId, team: TeamId) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    if city.configuration().team(team).is_none() {
        return Err(Invalid::one("team", Problem::Unknown));
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let incident = locked(db, &actor, id).await?;
                if !incident.state.needs_action() {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                dispatch::send(db, team, Target::Incident(id), now).await?;
                let stream = chains::incident(id);
                chains::append(
                    db,
                    &stream,
                    now,
                    "dispatched",
                    &actor_text(&actor),
                    &format!("team:{team}"),
                )
                .await?;
                Ok(())
            })
        })
        .await
}

/// The incident, locked until the end of the transaction, for an actor who may work on incidents: how every write at
/// the desk begins.
async fn locked(db: &mut Db, actor: &Actor, id: IncidentId) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    rows::by_id_for_update(db, id).await?.ok_or(Error::NotFound)
}
