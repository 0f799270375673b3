//! Subscriptions of other systems to entities, and their notifications on the way out.
//!
//! What a subscription says is known to whoever speaks its language; here it is a document with an id. A consumer of live
//! data ([`take_up`]) turns changes into notifications in the transaction that moves it on, so that none is lost; a
//! notification is removed when the other side has taken it, so that it may come twice and never not at all.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use pendopo_domain::entities::{Entity, Iri};
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor};
use pendopo_store::journal::Position;
use pendopo_store::live::{self, Entry};
pub use pendopo_store::subscriptions::{Account, Notification, Subscription};
use pendopo_store::{StoreError, consumers, journal, subscriptions as rows};

use crate::configuration::must;
use crate::{City, Error, Invalid, Problem, Result};

/// Name of the consumer.
pub const CONSUMER: &str = "subscriptions";
/// Journal rows turned into notifications in one transaction.
const AT_ONCE: i64 = 16;
/// Subscriptions of one city.
pub const MOST: i64 = 10_000;
/// How often one notification is tried before it is dropped; the last try is about five hours after the first.
const ATTEMPTS: i64 = 12;

/// Adds a subscription.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `id` with [`Problem::Unknown`] when it is taken, on `subscriptions` when
/// there are too many.
pub async fn create(
    city: &City,
    actor: &Actor,
    id: &str,
    document: String,
    context: Option<String>,
) -> Result<()> {
    must(actor, Action::SubscribeEntities)?;
    let now = city.now();
    // The first subscription asks about what comes, not about all that the journal still has.
    let from_here = city.store().live().await?.state().position();
    let new = Subscription {
        id: id.to_owned(),
        document,
        context,
        created_at: now,
        modified_at: now,
        account: Account::default(),
    };
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let before = rows::count(db).await?;
            if before >= MOST {
                let most = usize::try_from(MOST).unwrap_or(usize::MAX);
                return Err(Invalid::one("subscriptions", Problem::TooMany { most }));
            }
            if before == 0 {
                consumers::take(db, CONSUMER, consumers::Follows::Live, now).await?;
                consumers::advance(db, CONSUMER, from_here, now).await?;
            }
            if !rows::insert(db, &new).await? {
                return Err(Invalid::one("id", Problem::Unknown));
            }
            changed(db, now).await
        })
    });
    write.await
}

async fn changed(db: &mut pendopo_store::Db, now: pendopo_domain::time::Timestamp) -> Result<()> {
    rows::revise(db).await?;
    let what = CONSUMER.to_owned();
    journal::append(db, now, &Event::ConfigurationChanged { what }).await?;
    Ok(())
}

/// Gives a subscription another document.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn replace(
    city: &City,
    actor: &Actor,
    id: &str,
    document: String,
    context: Option<String>,
) -> Result<()> {
    must(actor, Action::SubscribeEntities)?;
    let (id, now) = (id.to_owned(), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if !rows::replace(db, &id, &document, context.as_deref(), now).await? {
                return Err(Error::NotFound);
            }
            changed(db, now).await
        })
    });
    write.await
}

/// Ends a subscription; what was still to be told is not told.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn delete(city: &City, actor: &Actor, id: &str) -> Result<()> {
    must(actor, Action::SubscribeEntities)?;
    let (id, now) = (id.to_owned(), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if !rows::delete(db, &id).await? {
                return Err(Error::NotFound);
            }
            if rows::count(db).await? == 0 {
                // Nobody asks any more: nothing is kept for it.
                consumers::forget(db, CONSUMER).await?;
            }
            changed(db, now).await
        })
    });
    write.await
}

/// One subscription.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(city: &City, actor: &Actor, id: &str) -> Result<Subscription> {
    must(actor, Action::SubscribeEntities)?;
    let mut db = city.store().read().await?;
    rows::get(&mut db, id).await?.ok_or(Error::NotFound)
}

/// All subscriptions, in the order of their ids.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(city: &City, actor: &Actor) -> Result<Vec<Subscription>> {
    must(actor, Action::SubscribeEntities)?;
    Ok(rows::all(&mut city.store().read().await?).await?)
}

/// What the consumer has to look at.
pub struct Next {
    /// Where the consumer stands.
    pub position: Position,
    /// The changes after it.
    pub entries: Vec<Entry>,
    /// Changes whenever `subscriptions` do.
    pub revision: i64,
    /// All of them, unless the revision is the one that the caller knows.
    pub subscriptions: Option<Vec<Subscription>>,
}

/// The changes after the consumer's place and the subscriptions of that moment, so that no change meets subscriptions
/// that are older than it is. `known` is the revision that the caller has; with `nobody` it has no subscription. While
/// there is none no change is read.
///
/// # Errors
/// When the database does not answer.
pub async fn next(city: &City, known: Option<i64>, nobody: bool) -> Result<Next> {
    let mut db = city.store().read().await?;
    let position = consumers::position(&mut db, CONSUMER).await?;
    let revision = rows::revision(&mut db).await?;
    let subscriptions = match known == Some(revision) {
        true => None,
        false => Some(rows::all(&mut db).await?),
    };
    let nobody = subscriptions.as_ref().map_or(nobody, Vec::is_empty);
    let entries = match nobody {
        true => vec![],
        false => live::after(&mut db, position, AT_ONCE).await?,
    };
    Ok(Next {
        position,
        entries,
        revision,
        subscriptions,
    })
}

/// What entities were whose changes are looked at only after they were deleted: [`live::deleted`].
///
/// # Errors
/// When the database does not answer.
pub async fn deleted(city: &City, wanted: &[(Iri, Position)]) -> Result<Deleted> {
    if wanted.is_empty() {
        return Ok(Deleted::new());
    }
    Ok(live::deleted(&mut city.store().read().await?, wanted).await?)
}

/// Entities as they were when they were deleted, by id and by the place of the change that is told.
pub type Deleted = HashMap<(Iri, Position), Arc<Entity>>;

/// Keeps `notifications` (subscription and body) and moves the consumer from `from` to `to`. False when another process
/// has moved it: then nothing is kept, because that one has done this work.
///
/// # Errors
/// When the database does not answer.
pub async fn take_up(
    city: &City,
    from: Position,
    to: Position,
    notifications: Vec<(String, String)>,
) -> Result<bool> {
    let now = city.now();
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if consumers::take(db, CONSUMER, consumers::Follows::Live, now).await? != from {
                return Ok(false);
            }
            for (subscription, body) in &notifications {
                rows::push(db, subscription, body, now).await?;
            }
            consumers::advance(db, CONSUMER, to, now).await?;
            Ok::<_, StoreError>(true)
        })
    });
    Ok(write.await?)
}

/// Keeps notifications that no change made: those of `timeInterval`, and the first one of a subscription.
///
/// # Errors
/// When the database does not answer.
pub async fn push(city: &City, notifications: Vec<(String, String)>) -> Result<()> {
    let now = city.now();
    let write = city.store().write(move |db| {
        Box::pin(async move {
            for (subscription, body) in &notifications {
                rows::push(db, subscription, body, now).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    Ok(write.await?)
}

/// Subscriptions whose oldest notification is due.
///
/// # Errors
/// When the database does not answer.
pub async fn due(city: &City) -> Result<Vec<String>> {
    Ok(rows::due(&mut city.store().read().await?, city.now()).await?)
}

/// The oldest notifications of a subscription.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting(city: &City, subscription: &str, limit: i64) -> Result<Vec<Notification>> {
    let mut db = city.store().read().await?;
    Ok(rows::waiting(&mut db, subscription, limit).await?)
}

/// `count` notifications are about to be sent.
///
/// # Errors
/// When the database does not answer.
pub async fn sending(city: &City, subscription: &str, count: i64) -> Result<()> {
    let (subscription, now) = (subscription.to_owned(), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move { rows::sending(db, &subscription, count, now).await })
    });
    Ok(write.await?)
}

/// The other side has taken everything up to `last`.
///
/// # Errors
/// When the database does not answer; then they come again.
pub async fn told(city: &City, last: &Notification) -> Result<()> {
    let (id, subscription, now) = (last.id, last.subscription.clone(), city.now());
    let write = city
        .store()
        .write(move |db| Box::pin(async move { rows::told(db, &subscription, id, now).await }));
    Ok(write.await?)
}

/// The other side did not take it. It is tried again after 1, 2, 4 … seconds, at most two hours.
///
/// # Errors
/// When the database does not answer.
pub async fn failed(city: &City, notification: &Notification) -> Result<()> {
    let (notification, now) = (notification.clone(), city.now());
    let pause = SignedDuration::from_secs(1 << notification.attempts.clamp(0, 13));
    let again_at = (notification.attempts + 1 < ATTEMPTS).then(|| now.plus(pause));
    let write = city.store().write(move |db| {
        Box::pin(async move { rows::failed(db, &notification, again_at, now).await })
    });
    Ok(write.await?)
}
