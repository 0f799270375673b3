//! Counts of reports by day, service, area and state, kept by the consumer `measures`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pendopo_domain::geo::AreaId;
use pendopo_domain::measures::{Cell, Numbers};
use pendopo_domain::reports::State;

use crate::backend::{Db, on_backend};
use crate::{Result, StoreError, columns};

/// Moves `n` reports into (or, negative, out of) a cell.
pub async fn add(db: &mut Db, cell: &Cell, n: i64) -> Result<()> {
    on_backend!(db, |c| {
        sqlx::query(
            "INSERT INTO measure_counts (day, service_code, area_id, state, on_time, n)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (day, service_code, area_id, state, on_time)
             DO UPDATE SET n = measure_counts.n + $6",
        )
        .bind(cell.day.to_string())
        .bind(&cell.service_code)
        .bind(cell.area.map_or(0, |area| area.0))
        .bind(cell.state.word())
        .bind(on_time_column(cell.on_time))
        .bind(n)
        .execute(c)
        .await?;
    });
    Ok(())
}

fn on_time_column(on_time: Option<bool>) -> i64 {
    on_time.map_or(-1, i64::from)
}

fn on_time(column: i64) -> Option<bool> {
    (column >= 0).then_some(column == 1)
}

/// Numbers of the reports received from `from` to `to` (both counted), in total, by service and by area.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub total: Numbers,
    pub by_service: BTreeMap<String, Numbers>,
    /// `None` for reports that lie in no area.
    pub by_area: BTreeMap<Option<AreaId>, Numbers>,
}

/// Adds up the cells of a period.
pub async fn table(db: &mut Db, from: Date, to: Date) -> Result<Table> {
    type Row = (String, i64, String, i64, i64);
    let rows: Vec<Row> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT service_code, area_id, state, on_time, CAST(SUM(n) AS BIGINT) FROM measure_counts
             WHERE day >= $1 AND day <= $2 GROUP BY service_code, area_id, state, on_time",
        )
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await?
    });
    let mut table = Table::default();
    for (service, area, state, in_time, n) in rows {
        let state = columns::word(&state, State::from_word)?;
        let area = (area != 0).then_some(AreaId(area));
        let places = [
            &mut table.total,
            table.by_service.entry(service).or_default(),
            table.by_area.entry(area).or_default(),
        ];
        for numbers in places {
            numbers.add(state, on_time(in_time), n);
        }
    }
    Ok(table)
}

/// The first day that has a report.
pub async fn first_day(db: &mut Db) -> Result<Option<Date>> {
    let day: Option<String> = on_backend!(db, |c| {
        sqlx::query_scalar("SELECT MIN(day) FROM measure_counts")
            .fetch_one(c)
            .await?
    });
    day.map(|day| {
        day.parse()
            .map_err(|_| StoreError::Corrupt(format!("{day} is not a day")))
    })
    .transpose()
}

/// Compares the counts with the reports themselves, if the consumer has read the whole journal.
pub async fn verify(db: &mut Db) -> Result<Vec<String>> {
    let behind: i64 = on_backend!(db, |c| {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM journal j WHERE NOT EXISTS (
                 SELECT 1 FROM consumers k WHERE k.name = 'measures'
                 AND (k.txid > j.txid OR (k.txid = j.txid AND k.seq >= j.seq)))",
        )
        .fetch_one(c)
        .await?
    });
    if behind > 0 {
        return Ok(vec![]);
    }
    let wrong: Vec<(String, i64, i64)> = on_backend!(db, |c| {
        sqlx::query_as(
            "SELECT state, CAST(SUM(counted) AS BIGINT), CAST(SUM(stored) AS BIGINT) FROM (
                 SELECT state, n AS counted, 0 AS stored FROM measure_counts
                 UNION ALL SELECT state, 0, 1 FROM reports) both_sides
             GROUP BY state HAVING SUM(counted) <> SUM(stored) ORDER BY state",
        )
        .fetch_all(c)
        .await?
    });
    Ok(wrong
        .into_iter()
        .map(|(state, counted, stored)| {
            format!("measures: {counted} counted as {state}, {stored} stored")
        })
        .collect())
}
