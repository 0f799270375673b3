//! Incidents: begun by an alarm, by hand or from reports, worked by crews, resolved for all of their reports at once.

mod begin;
mod clocks;
mod crews;
mod mergers;
mod notes;
mod open;
mod resolve;
mod see;
pub(crate) mod signals;
mod states;

use pendopo_domain::incidents::{Incident, IncidentId};
use pendopo_domain::policy::{Action, Actor};
use pendopo_store::{Db, incidents as rows};

pub(crate) use self::begin::give_waiting;
pub use self::begin::{Signal, attach, begin, begin_by_hand};
pub(crate) use self::clocks::note_crew as note_crew_clocks;
pub use self::clocks::{clocks, look, look_at_report, spans};
pub use self::crews::{Crew, send, send_team, withdraw};
pub use self::mergers::{merge, split_back, split_off};
pub use self::notes::note;
pub(crate) use self::notes::{beside, write_with};
pub use self::open::{Opening, can_join, join, open};
pub(crate) use self::resolve::{Hand, resolve_as};
pub use self::resolve::{Resolution, resolve};
pub use self::see::{Seen, list, over, see};
pub(crate) use self::states::{note_crew, reopen, settle_again};
pub use self::states::{reopen_at_desk, set_state, set_state_because};
use crate::configuration::must;
use crate::{Error, Result};

/// The incident, locked until the end of the transaction, for an actor who may work on incidents: how every write at
/// the desk begins.
async fn locked(db: &mut Db, actor: &Actor, id: IncidentId) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    rows::by_id_for_update(db, id).await?.ok_or(Error::NotFound)
}
