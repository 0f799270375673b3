//! Levels of one gauge, hour by hour: `time_wib,water_level_cm[,siaga]`, as Dinas SDA DKI Jakarta keeps them.
//!
//! The name of the file tells the gauge (`tma_manggarai_…`), `cities/replay/water_level.json` where it stands. Levels are
//! centimetres above the zero of the gauge. *Siaga* 4 is normal, 1 the gravest.

use std::fs::File;
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Content, Item, Reason, Record, ReplayError, measured, open as open_file, property};
use crate::starter;

/// Western Indonesian time, which the column names.
const WIB: Offset = Offset::constant(7);
const TYPE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const STATUS: &str = "https://smartdatamodels.org/dataModel.Environment/floodLevelStatus";
const NAME: &str = "https://smartdatamodels.org/name";
/// UN/CEFACT Recommendation 20: centimetre.
const CENTIMETRE: &str = "CMT";
/// A gauge that says more is broken.
const MOST_CM: f64 = 10_000.0;

#[derive(Deserialize)]
struct Gauges {
    gauges: Vec<Gauge>,
}

#[derive(Clone, Deserialize)]
struct Gauge {
    /// What the name of the file holds.
    file: String,
    id: String,
    name: String,
    lon: f64,
    lat: f64,
}

/// The levels of a file, one after the other.
pub struct Levels {
    rows: csv::ByteRecordsIntoIter<File>,
    file: String,
    gauge: Gauge,
    columns: Columns,
    /// Name and place were told.
    told: bool,
}

struct Columns {
    count: usize,
    time: usize,
    level: usize,
    status: Option<usize>,
}

/// Opens a file and finds its gauge and its columns.
pub fn open(path: &Path) -> Result<Levels, ReplayError> {
    let other_kind = |why: String| super::other_kind(path, why);
    let gauges: Gauges = starter::read("replay/water_level.json")?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let known = || {
        let names: Vec<&str> = gauges.gauges.iter().map(|one| one.file.as_str()).collect();
        other_kind(format!("its name has none of {}", names.join(", ")))
    };
    let gauge = gauges.gauges.iter().find(|one| name.contains(&one.file));
    let gauge = gauge.ok_or_else(known)?.clone();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        // Numbers are not quoted; a stray mark must not swallow the lines behind it.
        .quoting(false)
        .from_reader(open_file(path)?);
    let header = reader
        .headers()
        .map_err(|error| other_kind(error.to_string()))?;
    let find = |name: &str| {
        header
            .iter()
            .position(|column| column.trim_start_matches('\u{feff}').trim() == name)
    };
    let missing = |name: &'static str| move || other_kind(format!("no column {name}"));
    let columns = Columns {
        count: header.len(),
        time: find("time_wib").ok_or_else(missing("time_wib"))?,
        level: find("water_level_cm").ok_or_else(missing("water_level_cm"))?,
        status: find("siaga"),
    };
    Ok(Levels {
        rows: reader.into_byte_records(),
        file: super::shown(path),
        gauge,
        columns,
        told: false,
    })
}

impl Iterator for Levels {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let row = match self.rows.next()? {
            Ok(row) => row,
            Err(error) => {
                return Some(Err(ReplayError::Read {
                    file: self.file.clone(),
                    source: std::io::Error::other(error),
                }));
            }
        };
        let record = self.record(&row);
        self.told |= record.is_ok();
        Some(Ok(record))
    }
}

impl Levels {
    fn record(&self, row: &csv::ByteRecord) -> Result<Record, Reason> {
        if row.len() != self.columns.count {
            return Err(Reason::WrongColumnCount);
        }
        let field = |index: usize| {
            std::str::from_utf8(&row[index])
                .map(str::trim)
                .map_err(|_| Reason::Unreadable)
        };
        let at = field(self.columns.time)?;
        let at = DateTime::strptime("%Y-%m-%d %H:%M", at).map_err(|_| Reason::BadTime)?;
        let at = at
            .to_zoned_datetime(TimeZone::fixed(WIB))
            .map_err(|_| Reason::BadTime)?
            .timestamp()
            .into();
        let level = level(field(self.columns.level)?)?;
        let id = format!("urn:ngsi-ld:WaterObserved:{}", self.gauge.id);
        let mut entity = json!({"id": id, "type": TYPE, LEVEL: measured(level, CENTIMETRE, at)});
        if let Some(column) = self.columns.status {
            let status = match field(column)? {
                known @ ("1" | "2" | "3" | "4") => format!("siaga {known}"),
                _ => return Err(Reason::BadValue),
            };
            entity[STATUS] = property(status, at);
        }
        if !self.told {
            entity[NAME] = json!({"type": "Property", "value": self.gauge.name});
            let place = json!({"type": "Point", "coordinates": [self.gauge.lon, self.gauge.lat]});
            entity["location"] = json!({"type": "GeoProperty", "value": place});
        }
        let content = Content::Entity {
            id,
            json: entity.to_string(),
            context: false,
        };
        Ok(Record { at, content })
    }
}

/// The number in the words of the file: 650 stays 650.
fn level(text: &str) -> Result<Value, Reason> {
    let number: serde_json::Number = serde_json::from_str(text).map_err(|_| Reason::BadValue)?;
    let sane = number.as_f64().is_some_and(|level| level.abs() <= MOST_CM);
    if sane {
        Ok(Value::Number(number))
    } else {
        Err(Reason::BadValue)
    }
}
