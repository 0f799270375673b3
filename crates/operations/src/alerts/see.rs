//! What holds, what came, what the city published.

use std::collections::BTreeSet;

use pendopo_domain::alerts::{AlertId, Message, Scope, Status};
use pendopo_domain::policy::{Action, Actor};
use pendopo_store::alert_documents;
use pendopo_store::alerts::{self as rows, Which};
pub use pendopo_store::alerts::{Aside, Kept};

use super::feeds::{self, Known};
use crate::configuration::must;
use crate::{City, Result};

/// Warnings that hold at once and are looked at.
const MOST_ACTIVE: i64 = 100;
/// Messages of one chain that are listed.
const MOST_OF_A_CHAIN: i64 = 200;
/// What ended is still listed in the city's own feeds for this many days.
const LISTED_DAYS: i64 = 1;
/// Published warnings in a feed.
const MOST_PUBLISHED: i64 = 100;
/// Bytes of a document aside that are shown.
const ASIDE_BYTES: i32 = 400;

/// A warning with what is known about where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub kept: Kept,
    /// No feed that carried it has answered for too long: it may have been withdrawn since.
    pub stale: bool,
    /// Whom the page must name, in each language.
    pub credit: Option<pendopo_domain::services::Texts>,
}

/// The real warnings for everyone that hold and concern the city, gravest first, with their outlines. One look at the database, so that a
/// wall or a rule may ask each time something changed.
///
/// # Errors
/// When the database does not answer.
pub async fn active(city: &City) -> Result<Vec<Seen>> {
    real(city, true).await
}

/// As [`active`], without outlines: for a banner.
///
/// # Errors
/// When the database does not answer.
pub async fn headlines(city: &City) -> Result<Vec<Seen>> {
    real(city, false).await
}

async fn real(city: &City, outlines: bool) -> Result<Vec<Seen>> {
    let mut all = listed(city, Which::Active, outlines, MOST_ACTIVE).await?;
    let for_all =
        |message: &Message| message.status == Status::Actual && message.scope == Scope::Public;
    all.retain(|one| for_all(&one.kept.message));
    Ok(all)
}

async fn listed(city: &City, which: Which, outlines: bool, limit: i64) -> Result<Vec<Seen>> {
    let mut db = city.store().read().await?;
    let found = rows::list(&mut db, which, outlines, limit).await?;
    if found.is_empty() {
        return Ok(vec![]);
    }
    let known = feeds::known(&mut db).await?;
    Ok(found
        .into_iter()
        .map(|kept| seen(kept, &known, city))
        .collect())
}

fn seen(kept: Kept, known: &[Known], city: &City) -> Seen {
    let names: BTreeSet<&str> = kept.carriers.iter().map(String::as_str).collect();
    let carriers = || {
        known
            .iter()
            .filter(|feed| names.contains(feed.carrier().as_str()))
    };
    let silent = carriers().count() > 0 && carriers().all(|feed| feed.is_stale(city.now()));
    let credit = carriers().find_map(|feed| feed.feed.credit.clone());
    Seen {
        stale: silent && !kept.own && !kept.by_hand,
        credit,
        kept,
    }
}

/// Everything that came or was published before the one numbered `before`, newest first, without outlines.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see warnings.
pub async fn newest(city: &City, actor: &Actor, before: AlertId, limit: i64) -> Result<Vec<Seen>> {
    must(actor, Action::SeeAlerts)?;
    listed(city, Which::Before(before), false, limit).await
}

/// One warning, for whoever may see it: the public sees real ones that concern or concerned the city.
///
/// # Errors
/// When the database does not answer.
pub async fn one(city: &City, actor: &Actor, id: AlertId) -> Result<Option<Seen>> {
    let mut db = city.store().read().await?;
    let Some(kept) = rows::get(&mut db, id).await? else {
        return Ok(None);
    };
    let staff = must(actor, Action::SeeAlerts).is_ok();
    if !staff && !is_public(&kept) {
        return Ok(None);
    }
    let known = feeds::known(&mut db).await?;
    Ok(Some(seen(kept, &known, city)))
}

fn is_public(kept: &Kept) -> bool {
    let message = &kept.message;
    let listed = kept.own || (kept.matched.here && kept.state.is_some());
    message.status == Status::Actual && message.scope == Scope::Public && listed
}

/// The messages of a chain, newest first, without outlines.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see warnings.
pub async fn chain(city: &City, actor: &Actor, id: AlertId) -> Result<Vec<Seen>> {
    must(actor, Action::SeeAlerts)?;
    listed(city, Which::Chain(id), false, MOST_OF_A_CHAIN).await
}

/// The bytes of a warning: as they came, or as they were published.
///
/// # Errors
/// When the database does not answer.
pub async fn document(city: &City, actor: &Actor, id: AlertId) -> Result<Option<Vec<u8>>> {
    if one(city, actor, id).await?.is_none() {
        return Ok(None);
    }
    Ok(rows::document(&mut city.store().read().await?, id).await?)
}

/// The documents of a warning as they came: the one that was kept first, then those that joined it in other languages.
/// SHA-256 and bytes of each; empty when there is no such warning.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see warnings.
pub async fn documents(city: &City, actor: &Actor, id: AlertId) -> Result<Vec<(String, Vec<u8>)>> {
    must(actor, Action::SeeAlerts)?;
    let mut db = city.store().read().await?;
    let (Some(kept), Some(first)) = (
        rows::get(&mut db, id).await?,
        rows::document(&mut db, id).await?,
    ) else {
        return Ok(vec![]);
    };
    let mut all = vec![(kept.sha256, first)];
    all.extend(alert_documents::of(&mut db, id).await?);
    Ok(all)
}

/// What the city's own feeds list: what holds, and what was sent in the last day, withdrawals too. Newest first, real
/// ones only.
///
/// # Errors
/// When the database does not answer.
pub async fn published(city: &City) -> Result<Vec<Seen>> {
    let since = city.now().plus_days(-LISTED_DAYS);
    let mut all = listed(city, Which::Published(since), false, MOST_PUBLISHED).await?;
    all.retain(|one| one.kept.message.status == Status::Actual);
    Ok(all)
}

/// Documents that could not be read, newest first, the beginning of each.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see warnings.
pub async fn aside(city: &City, actor: &Actor, limit: i64) -> Result<Vec<Aside>> {
    must(actor, Action::SeeAlerts)?;
    Ok(rows::aside(&mut city.store().read().await?, limit, ASIDE_BYTES).await?)
}
