//! The feeds of warnings that a city follows: configuration, and how polling goes. The polling itself is a connector's.

use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_store::Db;
pub use pendopo_store::alert_feeds::Polled;
use pendopo_store::{StoreError, alert_feeds as rows};
use serde::{Deserialize, Serialize};

use crate::configuration::{changed, must};
use crate::outgoing::Address;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// Feeds of one city.
const MOST: usize = 50;
/// No feed is asked more often, in seconds.
const SHORTEST_S: u64 = 10;
/// How long a feed may be silent before what it carried is marked, in polls.
const SILENT_POLLS: i64 = 5;
/// Least of that, in seconds.
const SILENT_LEAST_S: i64 = 300;

/// A feed, as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    pub url: String,
    /// Seconds between two polls.
    pub every_s: u64,
    /// The agency sends a new alert where CAP has an update that refers to the old one; a newer one of the same sender for
    /// the same places then replaces the older.
    #[serde(default)]
    pub newer_replaces: bool,
    /// Whom a page must name beside what this feed brings, in each language.
    #[serde(default)]
    pub credit: Option<Texts>,
    /// Host and beginning of the path of the messages, `host/path`; the host of the feed when left out.
    #[serde(default)]
    pub messages: Option<String>,
}

/// A feed and how it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub name: String,
    pub feed: Feed,
    pub polled: Polled,
}

impl Known {
    /// How its messages name it.
    pub fn carrier(&self) -> String {
        format!("feed:{}", self.name)
    }

    /// Whether it has not answered for longer than it should.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        if self.polled.failures == 0 {
            return false;
        }
        let every = i64::try_from(self.feed.every_s).unwrap_or(i64::MAX);
        let silent = every.saturating_mul(SILENT_POLLS).max(SILENT_LEAST_S);
        let since = self.polled.succeeded_at;
        since.is_none_or(|at| now.since(at).as_secs() > silent)
    }
}

/// Every feed. One whose configuration does not read is left out.
pub(super) async fn known(db: &mut Db) -> Result<Vec<Known>, StoreError> {
    let read = |row: rows::Feed| {
        Some(Known {
            feed: serde_json::from_str(&row.feed).ok()?,
            name: row.name,
            polled: row.polled,
        })
    };
    Ok(rows::all(db).await?.into_iter().filter_map(read).collect())
}

/// Every feed, for the connector that polls them.
///
/// # Errors
/// When the database does not answer.
pub async fn all(city: &City) -> Result<Vec<Known>> {
    Ok(known(&mut city.store().read().await?).await?)
}

/// The carriers that speak for one agency: `carrier`, and the feeds of its host. An agency often has one for each language.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn of_one_house(city: &City, carrier: &str) -> Result<Vec<String>> {
    let known = all(city).await?;
    let host = |feed: &Known| {
        let (_, rest) = feed.feed.url.split_once("://")?;
        rest.split('/').next().map(str::to_ascii_lowercase)
    };
    let own = known.iter().find(|feed| feed.carrier() == carrier);
    let house = own.and_then(host);
    let beside = known
        .iter()
        .filter(|feed| house.is_some() && host(feed) == house);
    let mut all: Vec<String> = beside.map(Known::carrier).collect();
    if own.is_none() {
        all.push(carrier.to_owned());
    }
    Ok(all)
}

/// Every feed, for a page.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see warnings.
pub async fn list(city: &City, actor: &Actor) -> Result<Vec<Known>> {
    must(actor, Action::SeeAlerts)?;
    all(city).await
}

/// Adds a feed, or changes the one of this name. Whether the address may be spoken to is asked when it is.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `name`, `url`, `every` or `feeds`.
pub async fn put(city: &City, actor: &Actor, name: &str, feed: Feed) -> Result<()> {
    must(actor, Action::ManageAlertFeeds)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 40 || !name.bytes().all(plain) {
        return Err(Invalid::one("name", Problem::Unknown));
    }
    if Address::parse(&feed.url).is_err() || !feed.url.starts_with("http") {
        return Err(Invalid::one("url", Problem::Unknown));
    }
    if feed.every_s < SHORTEST_S {
        let least = usize::try_from(SHORTEST_S).unwrap_or(usize::MAX);
        return Err(Invalid::one("every", Problem::TooShort { least }));
    }
    let text = serde_json::to_string(&feed).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    let (name, by, now) = (name.to_owned(), actor_text(actor), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let there = rows::all(db).await?;
            if there.len() >= MOST && !there.iter().any(|one| one.name == name) {
                return Err(Invalid::one("feeds", Problem::TooMany { most: MOST }));
            }
            rows::put(db, &name, &text).await?;
            changed(db, &by, &format!("alert_feed:{name}"), now).await
        })
    });
    write.await
}

/// Ends a feed. What it brought stays.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`].
pub async fn remove(city: &City, actor: &Actor, name: &str) -> Result<()> {
    must(actor, Action::ManageAlertFeeds)?;
    let (name, by, now) = (name.to_owned(), actor_text(actor), city.now());
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if !rows::remove(db, &name).await? {
                return Err(Error::NotFound);
            }
            changed(db, &by, &format!("alert_feed:{name}"), now).await
        })
    });
    write.await
}

/// Notes how a poll went.
///
/// # Errors
/// When the database does not answer.
pub async fn note(city: &City, name: &str, polled: Polled) -> Result<()> {
    let name = name.to_owned();
    let write = city
        .store()
        .write(move |db| Box::pin(async move { rows::note(db, &name, &polled).await }));
    Ok(write.await?)
}
