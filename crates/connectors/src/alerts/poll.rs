//! Polling the feeds of a city.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pendopo_operations::alerts::feeds::{self, Known, Polled};
use pendopo_operations::alerts::{self, Carrier, Document};
use pendopo_operations::{City, Result};
use pendopo_standards::feeds::{Entry, Feed, Found, MOST_BYTES};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::outgoing::{Got, Outgoing, Unsent};

/// How often to look whether a feed is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest pause after failures.
const LONGEST: Duration = Duration::from_secs(900);
/// Feeds that are asked at the same time: one that is slow must not hold up the others.
const AT_A_TIME: usize = 4;
/// Messages fetched in one poll; the rest comes with the next one. Agencies count requests, often 60 in a minute.
const AT_ONCE: usize = 40;
/// Entries that are remembered as taken, of one feed.
const REMEMBERED: usize = 2_000;
/// What agencies see of us.
const AGENT: &str = concat!("pendopo/", env!("CARGO_PKG_VERSION"), " (CAP 1.2)");
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/cap+xml, application/xml;q=0.9, text/xml;q=0.9";

/// Follows the feeds of `city` until the process ends, as long as this process leads it.
pub async fn run(city: Arc<City>, outgoing: Arc<Outgoing>) {
    let mut poller = Poller::default();
    loop {
        if city.leads() {
            if let Err(error) = poller.look(&city, &outgoing).await {
                tracing::warn!(city = city.slug(), error = %error, "alerts.poll failed; it is tried again");
            }
        } else {
            poller = Poller::default();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// When each feed is asked next, and what of it was taken. Dropped, it asks no more.
#[derive(Default)]
pub(super) struct Poller {
    feeds: HashMap<String, Place>,
    /// Those that are being asked; their places are with them.
    asking: JoinSet<Asked>,
    asked: HashSet<String>,
}

/// A feed that was asked, and how long to wait before the next time.
struct Asked {
    name: String,
    place: Place,
    pause: Result<Duration>,
}

#[derive(Default)]
struct Place {
    /// The address that this is about; another one begins anew.
    url: String,
    next: Option<Instant>,
    /// Ids of entries with the time they say.
    taken: HashSet<String>,
}

/// Why a feed gave nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Unsent(#[from] Unsent),
    #[error("the answer was {status}")]
    Status {
        status: u16,
        after: Option<Duration>,
    },
    #[error("not a feed")]
    NotAFeed,
}

impl Failed {
    fn word(&self) -> String {
        match self {
            Self::Unsent(Unsent::Refused(_)) => "refused".to_owned(),
            Self::Unsent(Unsent::Unresolved) => "unresolved".to_owned(),
            Self::Unsent(Unsent::TooLarge) => "too-large".to_owned(),
            Self::Unsent(Unsent::NoAnswer) => "no-answer".to_owned(),
            Self::Status { status, .. } => format!("status-{status}"),
            Self::NotAFeed => "not-a-feed".to_owned(),
        }
    }
}

impl Poller {
    /// Begins to ask every feed that is due, as many at a time as may be; the rest with the next look.
    pub(super) async fn look(&mut self, city: &Arc<City>, outgoing: &Arc<Outgoing>) -> Result<()> {
        while let Some(done) = self.asking.try_join_next() {
            self.take_back(city, done);
        }
        let known = feeds::all(city).await?;
        self.feeds
            .retain(|name, _| known.iter().any(|one| one.name == *name));
        for feed in known {
            if self.asking.len() >= AT_A_TIME {
                break;
            }
            if self.asked.contains(&feed.name) {
                continue;
            }
            let now = Instant::now();
            let known = self.feeds.get(&feed.name);
            let mut known = known.filter(|place| place.url == feed.feed.url);
            if known.is_some_and(|place| place.next.is_some_and(|next| now < next)) {
                continue;
            }
            let place = match known.take() {
                Some(_) => self.feeds.remove(&feed.name).unwrap_or_default(),
                None => Place::default(),
            };
            self.begin(city, outgoing, feed, place);
        }
        Ok(())
    }

    fn begin(&mut self, city: &Arc<City>, outgoing: &Arc<Outgoing>, feed: Known, mut place: Place) {
        self.asked.insert(feed.name.clone());
        let (city, outgoing) = (Arc::clone(city), Arc::clone(outgoing));
        self.asking.spawn(async move {
            place.url.clone_from(&feed.feed.url);
            let pause = place.ask(&city, &outgoing, &feed).await;
            Asked {
                name: feed.name,
                place,
                pause,
            }
        });
    }

    fn take_back(&mut self, city: &City, done: std::result::Result<Asked, JoinError>) {
        let Ok(mut done) = done else {
            // It panicked, and its place is gone with it: everything is asked anew.
            tracing::error!(city = city.slug(), "alerts.poll: a feed could not be asked");
            *self = Self::default();
            return;
        };
        let pause = done.pause.unwrap_or_else(|error| {
            tracing::warn!(city = city.slug(), feed = done.name, error = %error, "alerts.poll failed; it is tried again");
            LOOK_EVERY
        });
        done.place.next = Some(Instant::now() + jittered(pause, city));
        self.asked.remove(&done.name);
        self.feeds.insert(done.name, done.place);
    }
}

#[cfg(test)]
impl Poller {
    /// Every feed is due again.
    pub(super) fn hurry(&mut self) {
        self.feeds.values_mut().for_each(|place| place.next = None);
    }

    /// Waits for all that are being asked.
    pub(super) async fn finish(&mut self, city: &City) {
        while let Some(done) = self.asking.join_next().await {
            self.take_back(city, done);
        }
    }
}

/// Up to a tenth longer, so that not every city asks in the same second.
fn jittered(pause: Duration, city: &City) -> Duration {
    let mut byte = [0];
    city.entropy().fill(&mut byte);
    pause + pause * u32::from(byte[0]) / 2560
}

impl Place {
    /// Asks the feed once and returns how long to wait before the next time.
    async fn ask(&mut self, city: &City, outgoing: &Outgoing, known: &Known) -> Result<Duration> {
        let every = Duration::from_secs(known.feed.every_s);
        let mut polled = known.polled.clone();
        polled.checked_at = Some(city.now());
        let pause = match self.poll(city, outgoing, known, &mut polled).await? {
            Ok(()) => {
                polled.succeeded_at = polled.checked_at;
                polled.failures = 0;
                polled.problem = None;
                every
            }
            Err(failed) => {
                polled.failures = polled.failures.saturating_add(1);
                polled.problem = Some(failed.word());
                // The whole feed is asked for again.
                (polled.etag, polled.last_modified) = (None, None);
                tracing::warn!(city = city.slug(), feed = known.name, error = %failed, "alerts.feed failed");
                let doublings = u32::try_from(polled.failures.min(6)).unwrap_or(6);
                let slower = (every * 2_u32.pow(doublings) / 2).min(LONGEST.max(every));
                match failed {
                    Failed::Status {
                        after: Some(after), ..
                    } => after.clamp(every, LONGEST.max(every)),
                    _ => slower,
                }
            }
        };
        feeds::note(city, &known.name, polled).await?;
        Ok(pause)
    }

    async fn poll(
        &mut self,
        city: &City,
        outgoing: &Outgoing,
        known: &Known,
        polled: &mut Polled,
    ) -> Result<Result<(), Failed>> {
        let mut headers = vec![
            ("accept", ACCEPT.to_owned()),
            ("user-agent", AGENT.to_owned()),
        ];
        headers.extend(polled.etag.clone().map(|tag| ("if-none-match", tag)));
        headers.extend(
            polled
                .last_modified
                .clone()
                .map(|at| ("if-modified-since", at)),
        );
        let got = match outgoing.get(&known.feed.url, &headers, MOST_BYTES).await {
            Ok(got) => got,
            Err(unsent) => return Ok(Err(unsent.into())),
        };
        if got.status == 304 {
            return Ok(Ok(()));
        }
        if got.status != 200 {
            return Ok(Err(status(&got)));
        }
        let feed = match pendopo_standards::feeds::read(&got.body) {
            Ok(feed) => feed,
            Err(_) => {
                alerts::put_aside(city, &known.carrier(), "not-a-feed", &got.body).await?;
                return Ok(Err(Failed::NotAFeed));
            }
        };
        Ok(match self.take(city, outgoing, known, feed).await? {
            Ok(true) => {
                (polled.etag, polled.last_modified) = (got.etag, got.last_modified);
                Ok(())
            }
            Ok(false) => {
                // There is more: the whole feed is asked for again.
                (polled.etag, polled.last_modified) = (None, None);
                Ok(())
            }
            Err(failed) => Err(failed),
        })
    }

    /// Fetches what is new of a feed and takes it in, in one transaction. Returns whether that was all of it.
    async fn take(
        &mut self,
        city: &City,
        outgoing: &Outgoing,
        known: &Known,
        feed: Feed,
    ) -> Result<Result<bool, Failed>> {
        let mut documents: Vec<Document> = vec![];
        let mut read = vec![];
        let mut missed = None;
        let is_new = |entry: &Entry| !self.taken.contains(&mark(entry));
        let new: Vec<Entry> = feed.entries.into_iter().filter(is_new).collect();
        // The oldest first, so that a broken poll leaves the newest for the next one.
        for entry in new.iter().take(AT_ONCE).rev() {
            let bytes = match self.fetch(outgoing, known, entry).await {
                Ok(bytes) => bytes,
                Err(failed) => {
                    missed = Some(failed);
                    continue;
                }
            };
            match super::read(&bytes) {
                Ok(document) => documents.push(document),
                Err(refused) => {
                    alerts::put_aside(city, &known.carrier(), refused.word(), &bytes).await?;
                }
            }
            read.push(mark(entry));
        }
        let carrier = Carrier {
            name: known.carrier(),
            by_hand: false,
            newer_replaces: known.feed.newer_replaces,
        };
        alerts::receive(city, carrier, documents).await?;
        if self.taken.len() + read.len() > REMEMBERED {
            self.taken.clear();
        }
        self.taken.extend(read);
        Ok(missed.map_or(Ok(new.len() <= AT_ONCE), Err))
    }

    async fn fetch(
        &self,
        outgoing: &Outgoing,
        known: &Known,
        entry: &Entry,
    ) -> Result<Vec<u8>, Failed> {
        let address = match &entry.found {
            Found::Inside { document } => return Ok(document.clone().into_bytes()),
            Found::At(address) => address,
        };
        let url = message_url(known, address).ok_or(Unsent::Refused(
            pendopo_operations::outgoing::Refused::NotAnAddress,
        ))?;
        let headers = [
            ("accept", ACCEPT.to_owned()),
            ("user-agent", AGENT.to_owned()),
        ];
        let most = pendopo_standards::cap::MOST_BYTES;
        let got = outgoing.get(&url, &headers, most).await?;
        match got.status {
            200 => Ok(got.body),
            _ => Err(status(&got)),
        }
    }
}

fn status(got: &Got) -> Failed {
    Failed::Status {
        status: got.status,
        after: got.retry_after,
    }
}

/// Says whether an entry was taken: its id, and the time that a changed one would say anew.
fn mark(entry: &Entry) -> String {
    let at = entry.updated.map_or(0, |at| at.micros());
    format!("{at} {}", entry.id)
}

/// The whole address of a message, if the feed may lead there: the same host, or what its configuration names.
fn message_url(known: &Known, address: &str) -> Option<String> {
    let base = reqwest::Url::parse(&known.feed.url).ok()?;
    let url = base.join(address).ok()?;
    let place = |url: &reqwest::Url| Some(format!("{}{}", authority(url)?, url.path()));
    let allowed = match &known.feed.messages {
        Some(prefix) => place(&url)?.starts_with(prefix.as_str()),
        None => authority(&url) == authority(&base),
    };
    let as_safe = url.scheme() == base.scheme() || url.scheme() == "https";
    (allowed && as_safe).then(|| url.to_string())
}

fn authority(url: &reqwest::Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
