//! Messages that could not be used, kept until a mapping can take them up.

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::entities::Command;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::sources::{Counts, Reason, Source};
use pendopo_domain::time::Timestamp;
use pendopo_store::StoreError;
use pendopo_store::quarantine::{self as rows, Aside, Kept, Which};

use crate::configuration::{changed, must};
use crate::{City, Error, Result, actor_text, limits, sources};

/// Messages tried again together.
const PAGE: i64 = 256;
/// Bytes of a body that are shown.
pub const SHOWN_BYTES: i32 = 1024;

/// What the listener makes of a message: its topic, its body and the moment when it arrived.
pub type Read = dyn Fn(&str, &[u8], Timestamp) -> Result<Vec<Command>, Reason> + Send + Sync;

type Make = dyn Fn(&City) -> Box<Read> + Send + Sync;

/// Makes a [`Read`] by the present mappings of a city. Which bytes say what belongs to the wire, so it comes from there.
#[derive(Clone)]
pub struct Reader(Arc<Make>);

impl Reader {
    pub fn new(make: impl Fn(&City) -> Box<Read> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

/// Puts messages of `source` aside, durably, and counts them.
///
/// # Errors
/// When it could not be made durable.
pub async fn put_aside(city: &City, source: &Source, messages: Vec<Aside>) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let (name, now, count) = (source.to_string(), city.now(), messages.len());
    let written: Result<u64, StoreError> = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                rows::put(db, &name, &messages, now, limits::QUARANTINE_OF_A_SOURCE).await
            })
        })
        .await;
    let counts = Counts {
        quarantined: count as u64,
        dropped: written?,
        ..Counts::default()
    };
    sources::note(city, source, counts);
    Ok(())
}

/// Messages that wait, oldest first after the one numbered `after`.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may manage sources: messages may hold anything.
pub async fn waiting(
    city: &City,
    actor: &Actor,
    which: Which<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Kept>> {
    must(actor, Action::ManageSources)?;
    Ok(rows::waiting(&mut city.store().read().await?, which, after, limit).await?)
}

/// Messages that wait, newest first before the one numbered `before`. Bodies are cut to [`SHOWN_BYTES`], and empty
/// for whoever may not manage sources: they may hold anything.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see sources.
pub async fn newest(
    city: &City,
    actor: &Actor,
    which: Which<'_>,
    before: i64,
    limit: i64,
) -> Result<Vec<Kept>> {
    must(actor, Action::SeeSources)?;
    let bytes = match allows(actor, Action::ManageSources, Subject::City) {
        true => SHOWN_BYTES,
        false => 0,
    };
    Ok(rows::newest(&mut city.store().read().await?, which, before, limit, bytes).await?)
}

/// How many wait, by source and reason.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may see sources.
pub async fn counts(city: &City, actor: &Actor) -> Result<Vec<(String, Reason, i64)>> {
    must(actor, Action::SeeSources)?;
    Ok(rows::counts(&mut city.store().read().await?).await?)
}

/// What trying again came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub taken: usize,
    pub left: BTreeMap<Reason, usize>,
}

/// Tries every message that waits and is meant.
///
/// A message is marked after its commit. A crash between the two has it recorded again at the next replay, with the same
/// instant and value, which leaves the entity as it is.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may manage sources, or when the database does not answer.
pub async fn replay(
    city: &City,
    actor: &Actor,
    which: Which<'_>,
    reader: &Reader,
) -> Result<Replayed> {
    must(actor, Action::ManageSources)?;
    let read = (reader.0)(city);
    let (mut after, mut done) = (0, Replayed::default());
    loop {
        let page = waiting(city, actor, which, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(done);
        };
        after = last.id;
        let fates = try_again(city, &page, &read).await?;
        for fate in settle(city, &page, fates).await? {
            match fate {
                Some(reason) => *done.left.entry(reason).or_default() += 1,
                None => done.taken += 1,
            }
        }
    }
}

/// Why each message still cannot be used; `None` for those that were recorded.
async fn try_again(city: &City, page: &[Kept], read: &Read) -> Result<Vec<Option<Reason>>> {
    let (mut fates, mut commands, mut lengths) = (vec![], vec![], vec![]);
    for kept in page {
        let taken = if kept.is_whole() {
            read(&kept.topic, &kept.body, kept.at)
        } else {
            Err(Reason::TooLarge)
        };
        let of_this = taken.as_ref().map_or(0, Vec::len);
        fates.push(taken.as_ref().err().copied());
        lengths.push(of_this);
        commands.extend(taken.unwrap_or_default());
    }
    let outcomes = city
        .store()
        .live()
        .await?
        .commit(commands, city.now())
        .await?;
    let mut outcomes = outcomes.into_iter();
    for (fate, length) in fates.iter_mut().zip(lengths) {
        let refused = outcomes
            .by_ref()
            .take(length)
            .filter(Result::is_err)
            .count();
        if refused > 0 {
            *fate = Some(Reason::Refused);
        }
    }
    Ok(fates)
}

/// Takes messages that wait away for good, and chains that it was done. Returns how many.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may manage sources, or when the database does not answer.
pub async fn discard(city: &City, actor: &Actor, which: Which<'_>) -> Result<u64> {
    must(actor, Action::ManageSources)?;
    let (by, now) = (actor_text(actor), city.now());
    let (source, reason) = (which.source.map(str::to_owned), which.reason);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let source = source.as_deref();
                let gone = rows::discard(db, Which { source, reason }).await?;
                if gone > 0 {
                    changed(db, &by, "quarantine", now).await?;
                }
                Ok::<_, Error>(gone)
            })
        })
        .await
}

async fn settle(
    city: &City,
    page: &[Kept],
    fates: Vec<Option<Reason>>,
) -> Result<Vec<Option<Reason>>> {
    let now = city.now();
    let marks: Vec<(i64, Option<Reason>)> =
        page.iter().map(|kept| kept.id).zip(fates.clone()).collect();
    let written: Result<(), StoreError> = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                for (id, fate) in marks {
                    match fate {
                        Some(reason) => rows::failed(db, id, reason).await?,
                        // Somebody else's mark is as good.
                        None => drop(rows::replayed(db, id, now).await?),
                    }
                }
                Ok(())
            })
        })
        .await;
    written?;
    Ok(fates)
}
