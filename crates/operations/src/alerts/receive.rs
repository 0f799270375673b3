//! Taking in what others say, and saying again where each message stands.

use std::collections::BTreeSet;

use pendopo_domain::alerts::chain::{self, State};
use pendopo_domain::alerts::{AlertId, Message, area};
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::time::Timestamp;
use pendopo_store::alerts::{self as rows, New, Put, Stand};
use pendopo_store::{Db, StoreError};

use super::sha256;
use crate::configuration::must;
use crate::{City, Result, limits};

/// Messages that ended longer ago have nothing to do any more with those that come.
const LINKED_DAYS: i64 = 7;

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// As it came.
    pub bytes: Vec<u8>,
    pub message: Message,
    /// What was wrong with it, as words.
    pub problems: Vec<String>,
    pub signatures: usize,
}

/// Where documents come from.
#[derive(Clone, Debug)]
pub struct Carrier {
    pub name: String,
    /// A person brings it, and answers for it.
    pub by_hand: bool,
    /// See [`super::feeds::Feed::newer_replaces`].
    pub newer_replaces: bool,
}

impl Carrier {
    /// A person with a file.
    pub fn hand() -> Self {
        Self {
            name: "hand".to_owned(),
            by_hand: true,
            newer_replaces: false,
        }
    }
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    New(AlertId),
    /// It was known; nothing changed.
    Known(AlertId),
    /// Another document of the same sender, identifier and time is kept; this one is put aside for people.
    Differs(AlertId),
    /// It says in other languages what was known, and was joined to that.
    Joined(AlertId),
}

/// Takes in documents that a person brings. Taking in the same again changes nothing.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may write warnings.
pub async fn import(city: &City, actor: &Actor, documents: Vec<Document>) -> Result<Vec<Outcome>> {
    must(actor, Action::WriteAlert)?;
    receive(city, Carrier::hand(), documents).await
}

/// Takes in documents that a feed brings, in one transaction. Asks no policy: the feed is configuration.
///
/// # Errors
/// When the database does not answer.
pub async fn receive(
    city: &City,
    carrier: Carrier,
    documents: Vec<Document>,
) -> Result<Vec<Outcome>> {
    if documents.is_empty() {
        return Ok(vec![]);
    }
    let configuration = city.configuration();
    let lists: Vec<String> = configuration.alerts.code_list.iter().cloned().collect();
    let kin = super::feeds::of_one_house(city, &carrier.name).await?;
    let news = documents.into_iter().map(|document| {
        let places = document.message.areas();
        let matched = area::match_city(&places, &configuration.areas, &lists);
        New {
            kin: kin.clone(),
            ..new(document, &carrier, matched, false)
        }
    });
    let news: Vec<New> = news.collect();
    let now = city.now();
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let outcomes = put_all(db, &news, now).await?;
            Ok::<_, StoreError>(outcomes)
        })
    });
    let outcomes = write.await?;
    for outcome in &outcomes {
        if let Outcome::Differs(alert) = outcome {
            tracing::warn!(
                city = city.slug(),
                alert.id = alert.0,
                "alert.differs: same id, changed"
            );
        }
    }
    Ok(outcomes)
}

pub(super) fn new(document: Document, carrier: &Carrier, matched: area::Match, own: bool) -> New {
    New {
        sha256: sha256(&document.bytes),
        document: document.bytes,
        message: document.message,
        problems: document.problems,
        signatures: i64::try_from(document.signatures).unwrap_or(i64::MAX),
        own,
        by_hand: carrier.by_hand,
        carrier: carrier.name.clone(),
        newer_replaces: carrier.newer_replaces,
        matched,
        kin: vec![],
    }
}

/// Keeps `news`, journals what is new, and says where everything stands.
pub(super) async fn put_all(
    db: &mut Db,
    news: &[New],
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    rows::take_turn(db, now).await?;
    let mut outcomes = vec![];
    for new in news {
        outcomes.push(match rows::put(db, new, now).await? {
            Put::New(alert) => {
                City::journal(db, now, &Event::AlertReceived { alert }).await?;
                Outcome::New(alert)
            }
            Put::Known(alert) => Outcome::Known(alert),
            Put::Joins(alert) => {
                put_changed(db, new, alert, now).await?;
                Outcome::Joined(alert)
            }
            Put::Differs(alert) => {
                aside(db, new, now).await?;
                Outcome::Differs(alert)
            }
        });
    }
    stand_again(db, now).await?;
    Ok(outcomes)
}

/// What is known says more now; what it says otherwise in a language that it spoke is left aside.
async fn put_changed(
    db: &mut Db,
    new: &New,
    alert: AlertId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(kept) = rows::get(db, alert).await? else {
        return Ok(());
    };
    if kept.message.differs_from(&new.message) {
        aside(db, new, now).await?;
    }
    let event = Event::AlertChanged {
        alert,
        from: kept.state,
        to: kept.state,
    };
    City::journal(db, now, &event).await
}

/// Leaves a document to people that says something else than the one that is kept.
async fn aside(db: &mut Db, new: &New, now: Timestamp) -> Result<(), StoreError> {
    let most = limits::ALERTS_ASIDE;
    rows::put_aside(
        db,
        &new.carrier,
        "differs",
        &new.document,
        &new.sha256,
        most,
        now,
    )
    .await
}

/// Says where each message stands at `now`, and journals what moved.
async fn stand_again(db: &mut Db, now: Timestamp) -> Result<(), StoreError> {
    let rows = rows::links(db, now.plus_days(-LINKED_DAYS)).await?;
    let ids: Vec<AlertId> = rows.iter().map(|(id, _, _)| *id).collect();
    let held: BTreeSet<AlertId> = ids.iter().copied().collect();
    let links: Vec<chain::Link> = rows.iter().map(|(_, link, _)| link.clone()).collect();
    for (found, (id, _, before)) in chain::states(&links, now).iter().zip(&rows) {
        let after = settled(found, before, &ids, &rows, &held);
        if after == *before {
            continue;
        }
        rows::stand(db, *id, after, now).await?;
        if after.state != before.state {
            let event = Event::AlertChanged {
                alert: *id,
                from: before.state,
                to: after.state,
            };
            City::journal(db, now, &event).await?;
        }
    }
    Ok(())
}

/// Where a message stands, with what is known from messages that ended too long ago to be looked at.
fn settled(
    found: &chain::Standing,
    before: &Stand,
    ids: &[AlertId],
    rows: &[(AlertId, chain::Link, Stand)],
    held: &BTreeSet<AlertId>,
) -> Stand {
    let is_of_old = |id: AlertId| id.0 != 0 && !held.contains(&id);
    let ended = matches!(before.state, Some(State::Superseded | State::Cancelled));
    let by_old = before.ended_by.is_some_and(is_of_old);
    let first = rows[found.chain].2.chain;
    Stand {
        state: if ended && by_old {
            before.state
        } else {
            found.state
        },
        chain: if is_of_old(first) {
            first
        } else {
            ids[found.chain]
        },
        ended_by: if by_old {
            before.ended_by
        } else {
            found.ended_by.map(|by| ids[by])
        },
    }
}

/// Moves on what time alone moves: what begins to hold, and what ends.
///
/// # Errors
/// When the database does not answer.
pub async fn tend(city: &City) -> Result<()> {
    let now = city.now();
    if !rows::is_due(&mut city.store().read().await?, now).await? {
        return Ok(());
    }
    let write = city.store().write(move |db| {
        Box::pin(async move {
            rows::take_turn(db, now).await?;
            stand_again(db, now).await
        })
    });
    Ok(write.await?)
}

/// Puts a document aside that could not be read; `reason` is a word.
///
/// # Errors
/// When the database does not answer.
pub async fn put_aside(city: &City, carrier: &str, reason: &str, bytes: &[u8]) -> Result<()> {
    let (carrier, reason, bytes) = (carrier.to_owned(), reason.to_owned(), bytes.to_vec());
    let (now, sha256) = (city.now(), sha256(&bytes));
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let most = limits::ALERTS_ASIDE;
            rows::put_aside(db, &carrier, &reason, &bytes, &sha256, most, now).await
        })
    });
    Ok(write.await?)
}
