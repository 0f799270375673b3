//! Sources of live data: what they did, who may publish over MQTT, and how messages become entities.
//!
//! Counts are kept in memory and written every few seconds, so that an idle city writes nothing and a busy one not for
//! each message. A crash loses the counts of those seconds, never what was counted.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::sources::{Broker, Counts, Kind, Mapping, Reason, Source, topic};
use pendopo_domain::time::Timestamp;
use pendopo_store::mqtt::{self as rows, Account};
use pendopo_store::sources::{self as counted, Seen};
use pendopo_store::{Db, StoreError};
use sha2::{Digest, Sha256};

use crate::configuration::{changed, must};
use crate::outgoing::Address;
use crate::{
    City, Error, Invalid, Problem, Result, actor_text, limits, links, quarantine, sign_ins,
};

/// How often counts are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Passwords that were right, remembered so that a thousand devices that come back need no thousand hashes.
const PROVEN: usize = 10_000;
/// Devices whose passwords are checked at the same time. Apart from people, whom no device may keep waiting.
static CHECKING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);

/// What a city says about MQTT; part of its configuration.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub accounts: Vec<Account>,
    pub mappings: Vec<Mapping>,
    pub brokers: Vec<Broker>,
}

impl Setup {
    pub(crate) async fn load(db: &mut Db) -> Result<Self, StoreError> {
        Ok(Self {
            accounts: rows::accounts(db).await?,
            mappings: rows::mappings(db).await?,
            brokers: rows::brokers(db).await?,
        })
    }

    /// The account of this name, unless it was revoked.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }
}

/// What a process has counted for a city and not yet written.
#[derive(Default)]
pub struct Counting {
    waiting: Mutex<BTreeMap<String, (Counts, Timestamp)>>,
    written: Mutex<Option<tokio::time::Instant>>,
    /// Held while counts are on their way to the database, so that nobody looks when they are in neither place.
    writing: tokio::sync::Mutex<()>,
    proven: Mutex<HashSet<[u8; 32]>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts what `source` did just now.
pub fn note(city: &City, source: &Source, counts: Counts) {
    add(city, source.to_string(), counts, city.now());
}

fn add(city: &City, source: String, counts: Counts, at: Timestamp) {
    let mut waiting = lock(&city.counting().waiting);
    let (sum, seen) = waiting.entry(source).or_insert((Counts::default(), at));
    *sum += counts;
    *seen = (*seen).max(at);
}

/// Writes what was counted, if there is something and it is time.
///
/// # Errors
/// When the database does not answer; nothing counted is lost.
pub async fn write_now_and_then(city: &City) -> Result<()> {
    if lock(&city.counting().waiting).is_empty() {
        return Ok(());
    }
    let due = lock(&city.counting().written).is_none_or(|at| at.elapsed() >= WRITE_EVERY);
    if due { write_out(city).await } else { Ok(()) }
}

/// Writes what was counted.
///
/// # Errors
/// When the database does not answer; nothing counted is lost.
pub async fn write_out(city: &City) -> Result<()> {
    let _writing = city.counting().writing.lock().await;
    *lock(&city.counting().written) = Some(tokio::time::Instant::now());
    let waiting = std::mem::take(&mut *lock(&city.counting().waiting));
    if waiting.is_empty() {
        return Ok(());
    }
    let writing = waiting.clone();
    let written: Result<(), StoreError> = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                for (name, (counts, seen)) in &writing {
                    counted::add(db, name, counts, *seen).await?;
                }
                Ok(())
            })
        })
        .await;
    if written.is_err() {
        for (name, (counts, seen)) in waiting {
            add(city, name, counts, seen);
        }
    }
    Ok(written?)
}

/// Every source that has ever been seen, by name, with what this process has counted up to now.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see sources.
pub async fn list(city: &City, actor: &Actor) -> Result<Vec<Seen>> {
    must(actor, Action::SeeSources)?;
    let _not_now = city.counting().writing.lock().await;
    let seen = counted::list(&mut city.store().read().await?, city.now()).await?;
    let mut seen: BTreeMap<String, Seen> = seen
        .into_iter()
        .map(|one| (one.name.clone(), one))
        .collect();
    for (name, (counts, at)) in lock(&city.counting().waiting).iter() {
        let one = seen.entry(name.clone()).or_insert_with(|| Seen {
            name: name.clone(),
            last_seen_at: *at,
            counts: Counts::default(),
            per_minute: 0,
        });
        one.counts += *counts;
        one.last_seen_at = one.last_seen_at.max(*at);
    }
    Ok(seen.into_values().collect())
}

/// A source of a city, with what is known about it.
#[derive(Clone, Debug)]
pub struct Known {
    pub source: Source,
    /// `None` for one that may send and has never been seen.
    pub seen: Option<Seen>,
    /// Messages that wait in quarantine, by reason.
    pub waiting: BTreeMap<Reason, u64>,
}

/// Every source: those that were seen, and the accounts and brokers that were not. By kind and name.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see sources.
pub async fn known(city: &City, actor: &Actor) -> Result<Vec<Known>> {
    let mut all: BTreeMap<Source, Known> = BTreeMap::new();
    let mut put = |source: Source, seen: Option<Seen>| {
        let none = || Known {
            source: source.clone(),
            seen: None,
            waiting: BTreeMap::new(),
        };
        let known = all.entry(source.clone()).or_insert_with(none);
        known.seen = seen.or(known.seen.take());
    };
    let setup = &city.configuration().sources;
    for account in &setup.accounts {
        put(Source::new(Kind::Mqtt, &account.name), None);
    }
    for broker in &setup.brokers {
        put(Source::new(Kind::Broker, &broker.name), None);
    }
    for seen in list(city, actor).await? {
        // Names are written by `note` alone.
        if let Some(source) = Source::parse(&seen.name) {
            put(source, Some(seen));
        }
    }
    for (name, reason, count) in quarantine::counts(city, actor).await? {
        let known = Source::parse(&name).and_then(|source| all.get_mut(&source));
        if let Some(known) = known {
            known
                .waiting
                .insert(reason, u64::try_from(count).unwrap_or(0));
        }
    }
    Ok(all.into_values().collect())
}

/// Adds an account that may publish on these topics, or gives the one of this name a new password and other rights.
/// Returns the password, this once. Filters may begin with the name of the city or leave it out.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `name` or `topic`.
pub async fn add_account(
    city: &City,
    actor: &Actor,
    name: &str,
    filters: &[String],
) -> Result<String> {
    must(actor, Action::ManageSources)?;
    check_name(name)?;
    let rights: Vec<String> = filters
        .iter()
        .map(|filter| {
            topic::of_city(city.slug(), filter)
                .unwrap_or(filter)
                .to_owned()
        })
        .collect();
    if rights.is_empty() {
        return Err(Invalid::one("topic", Problem::Missing));
    }
    if rights.len() > limits::MQTT_RIGHTS {
        return Err(Invalid::one(
            "topic",
            Problem::TooMany {
                most: limits::MQTT_RIGHTS,
            },
        ));
    }
    if !rights.iter().all(|filter| topic::is_filter(filter)) {
        return Err(Invalid::one("topic", Problem::Unknown));
    }
    let password = links::random_token(city.entropy());
    let hash = sign_ins::hash_password(city, password.clone()).await?;
    let (now, by, name) = (city.now(), actor_text(actor), name.to_owned());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let id = rows::put_account(db, &name, &hash, &rights, now).await?;
                changed(db, &by, &format!("mqtt_account:{id}"), now).await
            })
        })
        .await?;
    city.reload().await?;
    Ok(password)
}

/// Takes an account away; its connections end with their next message.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn revoke_account(city: &City, actor: &Actor, name: &str) -> Result<()> {
    must(actor, Action::ManageSources)?;
    let (now, by, name) = (city.now(), actor_text(actor), name.to_owned());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let id = rows::revoke_account(db, &name, now)
                    .await?
                    .ok_or(Error::NotFound)?;
                changed(db, &by, &format!("mqtt_account:{id}"), now).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    city.reload().await
}

/// The account whose name and password these are. A wrong one takes as long as a right one.
pub async fn authenticate(city: &City, name: &str, password: &str) -> Option<Account> {
    let configuration = city.configuration();
    let account = configuration.sources.account(name);
    let hash = account.map_or(sign_ins::NOBODYS_HASH, |account| &account.password_hash);
    let proof: [u8; 32] = Sha256::new()
        .chain_update(hash.as_bytes())
        .chain_update([0])
        .chain_update(password.as_bytes())
        .finalize()
        .into();
    if account.is_some() && lock(&city.counting().proven).contains(&proof) {
        return account.cloned();
    }
    let right = sign_ins::verify(&CHECKING, hash.to_owned(), password.to_owned()).await;
    let account = account.filter(|_| right)?;
    let mut proven = lock(&city.counting().proven);
    if proven.len() >= PROVEN {
        proven.clear();
    }
    proven.insert(proof);
    Some(account.clone())
}

/// Adds mappings and brokers, or replaces those of the same names. Whoever reads the messages has checked the pointers.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `name`, `topic`, `address` or `mappings`.
pub async fn put(
    city: &City,
    actor: &Actor,
    mappings: Vec<Mapping>,
    brokers: Vec<Broker>,
) -> Result<()> {
    must(actor, Action::ManageSources)?;
    for mapping in &mappings {
        check_name(&mapping.name)?;
        if !topic::is_filter(&mapping.topic) {
            return Err(Invalid::one("topic", Problem::Unknown));
        }
    }
    for broker in &brokers {
        check_name(&broker.name)?;
        Address::parse(&broker.address).map_err(|_| Invalid::one("address", Problem::Unknown))?;
        if !topic::is_filter(&broker.filter) {
            return Err(Invalid::one("topic", Problem::Unknown));
        }
    }
    let there = city.configuration().sources.mappings.len();
    if there + mappings.len() > limits::MQTT_MAPPINGS {
        return Err(Invalid::one(
            "mappings",
            Problem::TooMany {
                most: limits::MQTT_MAPPINGS,
            },
        ));
    }
    let first = i64::try_from(there).unwrap_or(0);
    let (now, by) = (city.now(), actor_text(actor));
    city.store()
        .write(move |db| {
            Box::pin(async move {
                for (sort, mapping) in (first..).zip(&mappings) {
                    rows::put_mapping(db, mapping, sort).await?;
                }
                for broker in &brokers {
                    rows::put_broker(db, broker).await?;
                }
                changed(db, &by, "sources", now).await
            })
        })
        .await?;
    city.reload().await
}

/// Takes the mapping and the broker of this name away.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn remove(city: &City, actor: &Actor, name: &str) -> Result<()> {
    must(actor, Action::ManageSources)?;
    let (now, by, name) = (city.now(), actor_text(actor), name.to_owned());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mapping = rows::remove_mapping(db, &name).await?;
                let broker = rows::remove_broker(db, &name).await?;
                if !(mapping || broker) {
                    return Err(Error::NotFound);
                }
                changed(db, &by, "sources", now).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    city.reload().await
}

/// Names stand in user names, topics and chains: letters, digits, `-` and `_`.
fn check_name(name: &str) -> Result<()> {
    let good = (1..=limits::SOURCE_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if good {
        Ok(())
    } else {
        Err(Invalid::one("name", Problem::Unknown))
    }
}
