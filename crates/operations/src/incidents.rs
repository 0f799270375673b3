//! Incidents: opened from reports, worked by crews, resolved for all of their reports at once.

mod open;
mod resolve;
mod see;
mod states;

use pendopo_domain::incidents::{IncidentId, Target};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::ReportId;
use pendopo_store::{chains, incidents as rows};

pub use self::open::{can_join, join, open};
pub use self::resolve::resolve;
pub(crate) use self::resolve::resolve_as;
pub use self::see::{Seen, list, see};
pub(crate) use self::states::{note_crew, reopen, settle_again};
pub use self::states::{reopen_at_desk, set_state};
use crate::configuration::must;
use crate::dispatch;
use crate::reports::{Change, checked_words};
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
                let incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
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

/// Writes words on the timeline.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`.
pub async fn note(city: &City, actor: &Actor, id: IncidentId, words: String) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let words =
        checked_words(Some(words))?.ok_or_else(|| Invalid::one("words", Problem::Missing))?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                let stream = chains::incident(id);
                let by = actor_text(&actor);
                let position = chains::append(db, &stream, now, "note", &by, "city").await?;
                rows::add_note(db, &stream, position, &words).await?;
                Ok(())
            })
        })
        .await
}

async fn prepare_all(
    city: &City,
    reports: &[ReportId],
    words: Option<&str>,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for id in reports {
        changes.push(Change::prepare(city, *id, words.map(str::to_owned)).await?);
    }
    Ok(changes)
}
