//! The stage of the city: warnings propose one, a person sets it, and what was set stays written down.

use pendopo_domain::alerts::stage::Stage;
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor};
pub use pendopo_store::city_stages::Set;
use pendopo_store::{StoreError, chains, city_stages as rows};

use super::headlines;
use crate::configuration::must;
use crate::{City, Result, actor_text};

/// The chain of what was set.
const STREAM: &str = "stage";

/// Where the city is, and where the warnings say it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    pub stage: Stage,
    pub proposed: Stage,
    /// `None` when nobody ever set one.
    pub set: Option<Set>,
}

/// The stage now, and the one that the warnings which hold propose.
///
/// # Errors
/// When the database does not answer.
pub async fn now(city: &City) -> Result<Now> {
    let proposals = city.configuration().alerts.proposals;
    let holding = headlines(city).await?;
    let dangers = holding
        .iter()
        .filter(|one| !one.kept.message.is_all_clear());
    let proposed = proposals.propose(dangers.map(|one| one.kept.message.severity()));
    let set = rows::history(&mut city.store().read().await?, 1)
        .await?
        .pop();
    Ok(Now {
        stage: set.as_ref().map_or(Stage::LOWEST, |set| set.stage),
        proposed,
        set,
    })
}

/// What was set last, when that is no ordinary day: for the top of a page.
///
/// # Errors
/// When the database does not answer.
pub async fn raised(city: &City) -> Result<Option<Set>> {
    let set = rows::history(&mut city.store().read().await?, 1)
        .await?
        .pop();
    Ok(set.filter(|set| set.stage > Stage::LOWEST))
}

/// Sets the stage; a person may confirm what is proposed or choose another.
///
/// # Errors
/// [`crate::Error::Denied`].
pub async fn set(city: &City, actor: &Actor, stage: Stage) -> Result<()> {
    must(actor, Action::SetStage)?;
    let proposed = now(city).await?.proposed;
    let set = Set {
        at: city.now(),
        stage,
        proposed,
        actor: actor_text(actor),
    };
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let subject = format!("stage:{}", stage.number());
            rows::set(db, &set).await?;
            chains::append(db, STREAM, set.at, "set", &set.actor, &subject).await?;
            City::journal(db, set.at, &Event::StageSet { stage }).await?;
            Ok::<_, StoreError>(())
        })
    });
    Ok(write.await?)
}

/// What was set, newest first.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see warnings.
pub async fn history(city: &City, actor: &Actor, limit: i64) -> Result<Vec<Set>> {
    must(actor, Action::SeeAlerts)?;
    Ok(rows::history(&mut city.store().read().await?, limit).await?)
}
