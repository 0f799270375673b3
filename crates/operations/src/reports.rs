//! A report's way through the city: submit, join, assign, refer, close, resolve.

mod check;
mod list;
mod read;
mod submit;
mod triage;

use pendopo_domain::journal::Event;
use pendopo_domain::organisation::{TeamId, route};
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Report, ReportId, Visibility};
use pendopo_store::reports as rows;

pub use self::list::{Listing, list_public, map_public, similar};
pub(crate) use self::read::open_sealed;
pub use self::read::{SecretText, answer_words, see, text};
pub use self::submit::{Submission, Submitted, submit, validate};
pub(crate) use self::triage::{Change, checked_words};
pub use self::triage::{Triage, triage};
use crate::configuration::{Configuration, must};
use crate::{City, Error, Result};

/// Says *me too* to a public report.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there or not public; [`Error::Denied`].
pub async fn join(city: &City, actor: &Actor, id: ReportId) -> Result<Report> {
    must(actor, Action::SubmitReport)?;
    let now = city.now();
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let found = rows::by_id_for_update(db, id).await?;
                let mut report = found
                    .filter(|report| report.visibility == Visibility::Public)
                    .ok_or(Error::NotFound)?;
                report.joined = report.joined.saturating_add(1);
                rows::update(db, &report).await?;
                City::journal(db, now, &Event::ReportJoined { report: id }).await?;
                Ok(report)
            })
        })
        .await
}

/// The team that the routing proposes for a report.
pub fn proposed_team(configuration: &Configuration, report: &Report) -> Option<TeamId> {
    route(&configuration.routes, &report.service_code, report.area)
}
