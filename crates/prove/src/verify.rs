//! Opens what a disk holds after the power went, as a node would, and says what is wrong with it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result};
use pendopo_domain::reports::{Number, ReportId};
use pendopo_store::report_query::{self, Filter, Order};
use pendopo_store::reports::{self, Sealed};
use pendopo_store::{Location, MasterKey, Store, StoreError};

use crate::load::Accepted;

/// More than any load here makes.
const ALL: i64 = 1_000_000;

/// The attribute of live data whose value is the number of the change.
pub const COUNTED: &str = "https://uri.etsi.org/ngsi-ld/default-context/urutan";

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// What must not be; empty when all is well.
    pub problems: Vec<String>,
    /// Reports that were there.
    pub reports: usize,
    /// Values of entities that were there and in their range.
    pub values: BTreeMap<String, u64>,
}

/// Requires that the databases are sound, that every report in `answered` is there with its text and, if it was
/// named, with a key that opens its identity, and that no other report has a person without a key.
///
/// # Errors
/// When the folder could not be looked at for another reason than what it holds.
pub async fn folder(
    data: &Path,
    slug: &str,
    answered: &BTreeMap<String, Accepted>,
) -> Result<Found> {
    opened(data, slug, async |store, found| {
        reports_in(store, answered, found).await
    })
    .await
}

/// Requires that the databases are sound, also after the tables were brought after the journal, and that the counted
/// attribute of every entity has a value of its range: what was acknowledged at least, and at most what was sent.
///
/// # Errors
/// As [`folder`].
pub async fn live(
    data: &Path,
    slug: &str,
    counted: &str,
    promised: &BTreeMap<String, RangeInclusive<u64>>,
) -> Result<Found> {
    opened(data, slug, async |store, found| {
        live_in(store, counted, promised, found).await
    })
    .await
}

async fn opened(
    data: &Path,
    slug: &str,
    inside: impl AsyncFnOnce(&Store, &mut Found) -> Result<(), StoreError>,
) -> Result<Found> {
    let mut found = Found::default();
    let Some(master) = master_key(&data.join("node.key")) else {
        found
            .problems
            .push("the key of the node is not there".to_owned());
        return Ok(found);
    };
    let location = Location::Folder(data.join(slug));
    match look(location, master.for_city(slug), inside, &mut found).await {
        Err(StoreError::Io(error)) => return Err(error).context("the image could not be read"),
        Err(error) => found.problems.push(format!("it does not open: {error:?}")),
        Ok(()) => {}
    }
    Ok(found)
}

async fn look(
    location: Location,
    master: MasterKey,
    inside: impl AsyncFnOnce(&Store, &mut Found) -> Result<(), StoreError>,
    found: &mut Found,
) -> Result<(), StoreError> {
    let store = Store::open(location, master).await?;
    let outcome = inside(&store, found).await;
    found.problems.extend(store.check().await?);
    store.close().await;
    outcome
}

async fn live_in(
    store: &Store,
    counted: &str,
    promised: &BTreeMap<String, RangeInclusive<u64>>,
    found: &mut Found,
) -> Result<(), StoreError> {
    let live = store.live().await?;
    for (id, range) in promised {
        let entity = live.get(id);
        let attribute = entity.as_ref().and_then(|one| one.attribute(counted));
        let value = attribute.and_then(|one| one.value.number());
        match value.map(|value| value as u64) {
            Some(value) if range.contains(&value) => {
                found.values.insert(id.clone(), value);
            }
            _ => found
                .problems
                .push(format!("{id}: {value:?}, acknowledged and sent {range:?}")),
        }
    }
    live.flush_all().await
}

async fn reports_in(
    store: &Store,
    answered: &BTreeMap<String, Accepted>,
    found: &mut Found,
) -> Result<(), StoreError> {
    let mut db = store.read().await?;
    let all = report_query::list(&mut db, &Filter::default(), Order::NewestFirst, ALL, 0).await?;
    drop(db);
    found.reports = all.len();
    let mut there: BTreeMap<ReportId, Option<String>> = BTreeMap::new();
    for report in all {
        let text = report.description.clone();
        if let Some(person) = &report.person {
            let opened = match store.keys().open(person).await? {
                Some(key) => {
                    let mut db = store.read().await?;
                    let sealed = reports::sealed(&mut db, report.id, Sealed::Identity).await?;
                    let place = Sealed::Identity.place(person);
                    sealed.and_then(|sealed| key.open(&place, &sealed).ok())
                }
                None => None,
            };
            let number = report.number().to_string();
            let email = answered.get(&number).and_then(|sent| sent.email.clone());
            let opened = opened.map(|text| String::from_utf8_lossy(&text).into_owned());
            match (opened, email) {
                (None, _) => found
                    .problems
                    .push(format!("{number}: no key opens its person")),
                (Some(text), Some(email)) if !text.contains(&email) => {
                    found
                        .problems
                        .push(format!("{number}: its person is another one"));
                }
                _ => {}
            }
        }
        there.insert(report.id, text);
    }
    for (number, sent) in answered {
        let Number::Own(id) = Number::parse(number) else {
            found
                .problems
                .push(format!("{number} is no number of ours"));
            continue;
        };
        match there.get(&id) {
            None => found
                .problems
                .push(format!("{number} was answered and is not there")),
            Some(text) if text.as_deref() != Some(&sent.text) => {
                found.problems.push(format!("{number} has another text"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The key of the node: 64 hexadecimal digits in a file.
pub fn master_key(path: &Path) -> Option<MasterKey> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(MasterKey::new(bytes))
}
