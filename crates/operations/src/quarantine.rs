//! Messages that could not be used, kept until a mapping can take them up.

use std::collections::BTreeMap;

use pendopo_domain::entities::Command;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::sources::{Counts, Reason, Source};
use pendopo_domain::time::Timestamp;
use pendopo_store::StoreError;
use pendopo_store::quarantine::{self as rows, Aside, Kept};

use crate::configuration::must;
use crate::{City, Result, limits, sources};

/// Messages tried again together.
const PAGE: i64 = 256;

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
    source: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<Kept>> {
    must(actor, Action::ManageSources)?;
    Ok(rows::waiting(&mut city.store().read().await?, source, after, limit).await?)
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

/// Tries every message that waits, of `source` or of all. `read` is what the listener does with a topic, a body and the
/// moment of arrival.
///
/// A message is marked after its commit. A crash between the two has it recorded again at the next replay, with the same
/// instant and value, which leaves the entity as it is.
///
/// # Errors
/// [`crate::Error::Denied`] unless the actor may manage sources, or when the database does not answer.
pub async fn replay(
    city: &City,
    actor: &Actor,
    source: Option<&str>,
    read: impl Fn(&str, &[u8], Timestamp) -> Result<Vec<Command>, Reason>,
) -> Result<Replayed> {
    must(actor, Action::ManageSources)?;
    let (mut after, mut done) = (0, Replayed::default());
    loop {
        let page = waiting(city, actor, source, after, PAGE).await?;
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
async fn try_again(
    city: &City,
    page: &[Kept],
    read: &impl Fn(&str, &[u8], Timestamp) -> Result<Vec<Command>, Reason>,
) -> Result<Vec<Option<Reason>>> {
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
