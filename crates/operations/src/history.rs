//! History that comes in by import: with its own dates, status and closing. Triggers nothing, tells nobody.

use std::collections::BTreeMap;

use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::reports::{Report, ReportId};
use pendopo_store::{StoreError, reports as rows};

use crate::{City, Result};

/// Reports stored in one transaction.
pub const BATCH: usize = 500;

/// Stores one batch of at most [`BATCH`] past reports and journals it as one entry. Reports whose number is known
/// already are left out. Returns the numbers that were left out.
///
/// # Errors
/// When the database does not answer; nothing of the batch was stored then.
pub async fn import(city: &City, reports: Vec<Report>) -> Result<Vec<String>> {
    let configuration = city.configuration();
    let now = city.now();
    Ok(city
        .store()
        .write(move |db| {
            Box::pin(async move {
                let numbers: Vec<String> = reports
                    .iter()
                    .filter_map(|report| report.foreign_number.clone())
                    .collect();
                let known = rows::known_numbers(db, &numbers).await?;
                let new: Vec<Report> = reports
                    .into_iter()
                    .filter(|report| {
                        !report
                            .foreign_number
                            .as_ref()
                            .is_some_and(|n| known.contains(n))
                    })
                    .collect();
                if new.is_empty() {
                    return Ok(known);
                }
                let mut cells: BTreeMap<Cell, i64> = BTreeMap::new();
                for report in &new {
                    *cells
                        .entry(Cell::of(report, &configuration.calendar))
                        .or_default() += 1;
                }
                let ids = rows::insert(db, &new).await?;
                let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
                    return Err(StoreError::NotWritten);
                };
                let event = Event::ReportsImported {
                    first: ReportId(first.0),
                    last: ReportId(last.0),
                    cells: cells.into_iter().collect(),
                };
                City::journal(db, now, &event).await?;
                Ok(known)
            })
        })
        .await?)
}
