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
use pendopo_domain::reports::ReportId;
use pendopo_store::{Db, incidents as rows, reports as report_rows};

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

/// Locks the incident that a report stands in, and returns it. An incident is always locked before its reports, here and
/// at the desk: two who do both must not wait for each other. The caller looks again whether the report, once it is
/// locked, still stands there.
pub(crate) async fn lock_around(db: &mut Db, report: ReportId) -> Result<Option<IncidentId>> {
    let report = report_rows::by_id(db, report)
        .await?
        .ok_or(Error::NotFound)?;
    if let Some(incident) = report.incident {
        rows::by_id_for_update(db, incident).await?;
    }
    Ok(report.incident)
}
