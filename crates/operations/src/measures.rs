//! The honest numbers: a consumer of the journal keeps the counts, pages read them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, StoreError, consumers, journal, measures as rows, ratings};

use crate::{City, Result};

/// Name of the consumer.
pub const CONSUMER: &str = "measures";
/// Journal entries counted in one transaction.
const AT_ONCE: i64 = 500;

/// Counts the next entries of the journal. Returns how many there were; 0 means that it is up to date.
///
/// # Errors
/// When the database does not answer; the position has not moved then.
pub async fn count_next(city: &City) -> Result<usize> {
    // Looks first: a write wakes everyone who waits for one, this consumer too, so an idle city must not write.
    let mut db = city.store().read().await?;
    let position = consumers::position(&mut db, CONSUMER).await?;
    if journal::after(&mut db, position, 1).await?.is_empty() {
        return Ok(0);
    }
    drop(db);
    let now = city.now();
    Ok(city
        .store()
        .write(move |db| Box::pin(async move { count_in(db, now).await }))
        .await?)
}

async fn count_in(db: &mut Db, now: Timestamp) -> Result<usize, StoreError> {
    let position = consumers::take(db, CONSUMER, consumers::Follows::Cases, now).await?;
    let entries = journal::after(db, position, AT_ONCE).await?;
    let Some(last) = entries.last() else {
        return Ok(0);
    };
    let mut moves: BTreeMap<Cell, i64> = BTreeMap::new();
    let mut add = |cell: &Cell, n: i64| *moves.entry(cell.clone()).or_default() += n;
    for entry in &entries {
        match &entry.event {
            Event::ReportReceived { cell, .. } => add(cell, 1),
            Event::ReportChanged { from, to, .. } => {
                add(from, -1);
                add(to, 1);
            }
            Event::ReportsImported { cells, .. } => {
                cells.iter().for_each(|(cell, n)| add(cell, *n))
            }
            _ => {}
        }
    }
    for (cell, n) in moves.iter().filter(|(_, n)| **n != 0) {
        rows::add(db, cell, *n).await?;
    }
    consumers::advance(db, CONSUMER, last.position, now).await?;
    Ok(entries.len())
}

/// What the numbers page shows.
pub struct Seen {
    pub from: Date,
    pub to: Date,
    pub table: rows::Table,
    /// How many gave 1, 2, 3, 4 and 5 stars in this time.
    pub stars: [i64; 5],
}

/// Numbers of the reports received in the last `days` days, or of all time.
///
/// # Errors
/// When the database does not answer.
pub async fn see(city: &City, days: Option<i64>) -> Result<Seen> {
    let configuration = city.configuration();
    let now = city.now();
    let to = configuration.calendar.date_of(now);
    let mut db = city.store().read().await?;
    let from = match days {
        Some(days) => configuration
            .calendar
            .date_of(now.plus_days(1 - days.max(1))),
        None => rows::first_day(&mut db).await?.unwrap_or(to).min(to),
    };
    let table = rows::table(&mut db, from, to).await?;
    let stars = ratings::histogram(&mut db, configuration.calendar.start_of(from)).await?;
    Ok(Seen {
        from,
        to,
        table,
        stars,
    })
}
