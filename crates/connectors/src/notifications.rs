//! NGSI-LD notifications: changes of entities, told to those who asked (ETSI GS CIM 009, section 5.8).
//!
//! Two tasks for each city that this process leads. [`match_changes`] reads the journal behind the consumer's place and
//! keeps what is to be told in the transaction that moves it on. [`tell`] sends what is due, one after the other for
//! each subscription, and removes what was taken. A crash between the two sends a notification twice, never not at all.
//!
//! A change is told with the values that it wrote; the rest of the entity is as it is when the change is looked at, or
//! as it was when it was deleted.

mod compiled;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use pendopo_domain::entities::{Effect, Iri};
use pendopo_domain::time::Timestamp;
use pendopo_operations::store::Live;
use pendopo_operations::store::journal::Position;
use pendopo_operations::store::live::Entry;
use pendopo_operations::subscriptions::{self, Notification};
use pendopo_operations::{City, Result};
pub use pendopo_standards::ngsi_ld::contexts::Contexts;
use tokio::sync::Notify;

use crate::outgoing::Outgoing;
use compiled::Compiled;

/// How often to look for what other processes wrote, and for intervals that passed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long changes gather before they are looked at.
const GATHER: Duration = Duration::from_millis(5);
/// Subscriptions that are told at the same time.
const AT_ONCE: usize = 32;
/// Notifications of one subscription sent before others have their turn again.
const IN_A_ROW: i64 = 64;

/// Tells the subscribers of `city` until the process ends.
pub async fn run(city: Arc<City>, contexts: Arc<Contexts>, outgoing: Arc<Outgoing>) {
    let more = Notify::new();
    tokio::join!(
        match_changes(&city, &contexts, &more),
        tell(&city, &outgoing, &more)
    );
}

async fn match_changes(city: &City, contexts: &Contexts, more: &Notify) {
    let mut moved = city.store().moved();
    let mut matcher = Matcher::default();
    loop {
        if city.leads() {
            match matcher.step(city, contexts).await {
                Ok(Step::Told) => more.notify_one(),
                Ok(Step::Nothing) => {}
                Ok(Step::More) => continue,
                Err(error) => {
                    tracing::warn!(city = city.slug(), error = %error, "notifications.match failed; it is tried again");
                }
            }
        } else {
            matcher = Matcher::default();
        }
        tokio::select! {
            _ = moved.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The subscriptions as they are used, and when each was last told.
#[derive(Default)]
struct Matcher {
    revision: Option<i64>,
    all: Vec<Compiled>,
    last: HashMap<String, Timestamp>,
}

enum Step {
    /// There was nothing to look at.
    Nothing,
    /// Changes were looked at, and nobody wants to know; there may be more.
    More,
    /// There is something to tell.
    Told,
}

impl Matcher {
    async fn step(&mut self, city: &City, contexts: &Contexts) -> Result<Step> {
        let next = subscriptions::next(city, self.revision, self.all.is_empty()).await?;
        if let Some(all) = next.subscriptions {
            self.all = all
                .iter()
                .filter_map(|one| Compiled::read(one, contexts))
                .collect();
            self.revision = Some(next.revision);
            for one in &all {
                if let Some(at) = one.account.last_notification {
                    self.last.entry(one.id.clone()).or_insert(at);
                }
            }
        }
        let periodic = self.periodic(city).await?;
        let Some(to) = next.entries.last().map(|entry| entry.position) else {
            return Ok(if periodic { Step::Told } else { Step::Nothing });
        };
        if self.all.is_empty() {
            // Nobody asks. The place is kept by the first who does.
            return Ok(Step::Nothing);
        }
        let now = city.now();
        let mut notifications = vec![];
        let live = city.store().live().await?;
        let gone = self.gone(&next.entries, live, now);
        let deleted = subscriptions::deleted(city, &gone).await?;
        for entry in &next.entries {
            for one in self.all.iter().filter(|one| one.runs(now)) {
                let found = one.changes(entry, live, &deleted);
                if !found.is_empty() && self.may_tell(one, entry.at) {
                    notifications.push((one.id.clone(), one.notification(&found, entry.at, city)));
                    self.last.insert(one.id.clone(), entry.at);
                }
            }
        }
        let told = !notifications.is_empty() || periodic;
        subscriptions::take_up(city, next.position, to, notifications).await?;
        Ok(if told { Step::Told } else { Step::More })
    }

    /// The changes that someone waits for and whose entities are there no more.
    fn gone(&self, entries: &[Entry], live: &Live, now: Timestamp) -> Vec<(Iri, Position)> {
        let mut gone = vec![];
        for entry in entries {
            for effect in entry.effects.iter() {
                let changed = matches!(effect, Effect::Set(_)) && live.get(effect.id()).is_none();
                let mut running = self.all.iter().filter(|one| one.runs(now));
                if changed && running.any(|one| one.is_triggered(effect)) {
                    gone.push((Arc::clone(effect.id()), entry.position));
                }
            }
        }
        gone.sort_unstable();
        gone.dedup();
        gone
    }

    /// Whether `throttling` lets a notification through.
    fn may_tell(&self, one: &Compiled, at: Timestamp) -> bool {
        match (one.throttling(), self.last.get(&one.id)) {
            (Some(least), Some(last)) => at.since(*last) >= least,
            _ => true,
        }
    }

    /// Keeps the notifications of every `timeInterval` that has passed.
    async fn periodic(&mut self, city: &City) -> Result<bool> {
        let now = city.now();
        let mut notifications = vec![];
        for one in &self.all {
            let Some(interval) = one.interval().filter(|_| one.runs(now)) else {
                continue;
            };
            let due = self
                .last
                .get(&one.id)
                .is_none_or(|last| now.since(*last) >= interval);
            if !due {
                continue;
            }
            self.last.insert(one.id.clone(), now);
            let found = one.all(city.store().live().await?);
            if !found.is_empty() {
                notifications.push((one.id.clone(), one.notification(&found, now, city)));
            }
        }
        let any = !notifications.is_empty();
        if any {
            subscriptions::push(city, notifications).await?;
        }
        Ok(any)
    }
}

async fn tell(city: &City, outgoing: &Outgoing, more: &Notify) {
    loop {
        let mut again = false;
        if city.leads() {
            match subscriptions::due(city).await {
                Ok(due) => {
                    let sent = stream::iter(due)
                        .map(|id| async move { tell_one(city, outgoing, &id).await })
                        .buffer_unordered(AT_ONCE)
                        .collect::<Vec<_>>();
                    for outcome in sent.await {
                        match outcome {
                            Ok(rest) => again |= rest,
                            Err(error) => {
                                tracing::warn!(city = city.slug(), error = %error, "notifications.tell failed; it is tried again");
                            }
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(city = city.slug(), error = %error, "notifications.due failed; it is tried again");
                }
            }
        }
        if !again {
            tokio::select! {
                () = more.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// Sends what waits for one subscription, in order, until something is not taken. Returns whether there may be more.
async fn tell_one(city: &City, outgoing: &Outgoing, id: &str) -> Result<bool> {
    let waiting = subscriptions::waiting(city, id, IN_A_ROW).await?;
    let full = i64::try_from(waiting.len()).is_ok_and(|len| len == IN_A_ROW);
    let mut taken = None;
    let mut failed = None;
    let count = i64::try_from(waiting.len()).unwrap_or(IN_A_ROW);
    subscriptions::sending(city, id, count).await?;
    for one in &waiting {
        if !sent(outgoing, one).await {
            failed = Some(one);
            break;
        }
        taken = Some(one);
    }
    if let Some(last) = taken {
        subscriptions::told(city, last).await?;
    }
    if let Some(one) = failed {
        subscriptions::failed(city, one).await?;
        return Ok(false);
    }
    Ok(full)
}

async fn sent(outgoing: &Outgoing, one: &Notification) -> bool {
    let Ok(letter) = serde_json::from_str::<compiled::Letter>(&one.body) else {
        return false;
    };
    match outgoing
        .post(&letter.uri, &letter.headers, letter.body)
        .await
    {
        Ok(200..=299) => true,
        Ok(status) => {
            tracing::info!(
                subscription = one.subscription,
                status,
                "a notification was not taken"
            );
            false
        }
        Err(error) => {
            tracing::info!(subscription = one.subscription, error = %error, "a notification was not sent");
            false
        }
    }
}
