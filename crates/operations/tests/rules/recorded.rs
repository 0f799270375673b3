//! Recorded days: how many alarms and incidents they are, with delays and groups and without.
#![expect(
    clippy::print_stdout,
    reason = "the tables are what these tests are read for"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pendopo_domain::rules::Rule;
use pendopo_domain::time::Timestamp;
use pendopo_testkit::{TestCity, run};

use super::fixture::{self, City};

fn data(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PENDOPO_DATA") else {
        println!("skipped: 1 test, PENDOPO_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

/// A time of the wall clock in Jakarta.
fn wib(text: &str) -> Timestamp {
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    let local: DateTime = text.replace(' ', "T").parse().unwrap();
    zone.to_ambiguous_timestamp(local)
        .compatible()
        .unwrap()
        .into()
}

fn day(at: Timestamp) -> String {
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    at.in_zone(&zone).date().to_string()
}

/// Counts of each day.
#[derive(Default)]
struct Table(BTreeMap<String, [usize; 5]>);

impl Table {
    fn add(&mut self, column: usize, at: Timestamp, n: usize) {
        self.0.entry(day(at)).or_default()[column] += n;
    }

    fn total(&self, column: usize) -> usize {
        self.0.values().map(|row| row[column]).sum()
    }

    fn print(&self, heads: [&str; 5]) {
        println!("day        {}", heads.join(" | "));
        for (day, row) in self
            .0
            .iter()
            .filter(|(_, row)| row[1..].iter().any(|n| *n > 0))
        {
            println!("{day} {row:?}");
        }
        let totals: Vec<usize> = (0..5).map(|column| self.total(column)).collect();
        println!("{} days, all together {totals:?}", self.0.len());
    }
}

const HEADS: [&str; 5] = [
    "came in",
    "alarms before",
    "incidents before",
    "alarms after",
    "incidents after",
];

/// Counts the alarms, each as often as it was raised, and the incidents of a city.
async fn count(city: &City, table: &mut Table, column: usize) {
    for alarm in city.alarms().await {
        table.add(
            column,
            alarm.raised_at,
            usize::try_from(alarm.times).unwrap(),
        );
    }
    for incident in city.incidents().await {
        table.add(column + 1, incident.opened_at, 1);
    }
}

#[test]
fn manggarai_of_2024_passes_its_first_level_once() {
    let Some(file) = data("jakarta_water/tma_manggarai_hourly_2024.csv") else {
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let readings: Vec<(Timestamp, f64)> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split(',');
            Some((wib(fields.next()?), fields.next()?.parse().ok()?))
        })
        .collect();
    let mut table = Table::default();
    for (at, _) in &readings {
        table.add(0, *at, 1);
    }
    let before = [750.0, 850.0, 950.0].map(|limit| fixture::level(limit, 0.0, 0, 0, None));
    let after =
        [750.0, 850.0, 950.0].map(|limit| fixture::level(limit, 20.0, 3_600, 7_200, Some("siaga")));
    for (column, rules) in [(1, before.to_vec()), (3, after.to_vec())] {
        run(async {
            let mut city = City::found(TestCity::sqlite().await, rules).await;
            for day in readings.chunks(24) {
                for (at, value) in day {
                    city.stands_at(*at);
                    city.reads("urn:gauge:manggarai", *value).await;
                }
                city.catch_up().await;
            }
            count(&city, &mut table, column).await;
        });
    }
    table.print(HEADS);
    assert_eq!(table.total(0), 2_441);
    // The recorded months have one flood that passes the first level, and no ripple around it.
    assert_eq!((table.total(1), table.total(3), table.total(4)), (1, 1, 1));
}

#[test]
fn the_floods_of_2017_are_few_incidents_with_groups() {
    let Some(folder) = data("petabencana") else {
        return;
    };
    let mut reports: Vec<(Timestamp, f64, f64)> = vec![];
    for name in [
        "reports_2017-02-20.geojson",
        "reports_2017-02-21_part.geojson",
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        for feature in read["features"].as_array().unwrap() {
            let place = &feature["geometry"]["coordinates"];
            let at = feature["properties"]["created_at"].as_str().unwrap();
            let (Some(lon), Some(lat)) = (place[0].as_f64(), place[1].as_f64()) else {
                continue;
            };
            reports.push((wib(at), lon, lat));
        }
    }
    reports.sort_by_key(|one| one.0);
    let mut table = Table::default();
    let rules =
        |count| -> Vec<Rule> { vec![fixture::near(count, if count == 1 { 1 } else { 500 })] };
    for (column, rules) in [(1, rules(1)), (3, rules(3))] {
        let mut taken = 0;
        run(async {
            let mut city =
                City::found_around(TestCity::sqlite().await, rules, [106.4, -6.8, 107.3, -5.9])
                    .await;
            for some in reports.chunks(8) {
                for (at, lon, lat) in some {
                    city.stands_at(*at);
                    if city.tries_to_report("banjir", *lon, *lat).await {
                        taken += 1;
                        if column == 1 {
                            table.add(0, *at, 1);
                        }
                    }
                }
                city.catch_up().await;
            }
            count(&city, &mut table, column).await;
        });
        assert!(taken > 700, "{taken}");
    }
    table.print(HEADS);
    assert!(table.total(4) > 0 && table.total(4) * 3 < table.total(2));
}
