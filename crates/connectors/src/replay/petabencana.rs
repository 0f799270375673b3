//! Floods in Jakarta as PetaBencana.id kept them: areas that the disaster agency marked flooded, one snapshot an hour
//! (`floods_2017-02-21T09.geojson`), and reports of residents (`reports_….geojson`).
//!
//! Both tell times of the city's wall clock, WIB. An area is an entity whose state was so at the hour of its snapshot; an
//! area that a later snapshot leaves out is told no more, and what is shown of it grows old. A report becomes a request
//! of Open311 with its text and its place; `cities/replay/petabencana.json` says for which service, and which answer a
//! depth is.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use pendopo_domain::entities::Geometry;
use pendopo_domain::geo::Position;
use pendopo_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Content, Reason, Record, ReplayError, Report, Whole, property};
use crate::starter::{self, FileError};

/// Western Indonesian time.
const WIB: Offset = Offset::constant(7);
const TYPE: &str = "https://smartdatamodels.org/dataModel.Environment/FloodMonitoring";
const STATE: &str = "https://smartdatamodels.org/dataModel.Environment/floodLevelStatus";
const NAME: &str = "https://smartdatamodels.org/name";
/// States of CogniCity: 1 is not known, 4 the deepest.
const STATES: std::ops::RangeInclusive<u64> = 1..=4;

/// What a report becomes.
#[derive(Deserialize)]
pub struct Mapping {
    service_code: String,
    depth: Depth,
}

#[derive(Deserialize)]
struct Depth {
    attribute: String,
    steps: Vec<Step>,
    deeper: String,
    /// The answer of a report that says no depth.
    not_said: String,
}

#[derive(Deserialize)]
struct Step {
    up_to_cm: f64,
    value: String,
}

impl Mapping {
    /// From the packed file.
    pub fn of_file() -> Result<Self, FileError> {
        starter::read("replay/petabencana.json")
    }

    fn answer(&self, cm: Option<f64>) -> &str {
        let Some(cm) = cm else {
            return &self.depth.not_said;
        };
        let step = self.depth.steps.iter().find(|step| cm <= step.up_to_cm);
        step.map_or(&self.depth.deeper, |step| &step.value)
    }
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Feature {
    geometry: Option<Box<RawValue>>,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    geom_id: Option<u64>,
    state: Option<u64>,
    created_at: Option<String>,
    text: Option<String>,
    report_data: Option<ReportData>,
}

#[derive(Deserialize)]
struct ReportData {
    flood_depth: Option<f64>,
}

/// Reads a file of either sort.
pub fn read(path: &Path, mapping: &Mapping) -> Result<Whole, ReplayError> {
    let collection: Collection = serde_json::from_slice(&super::bytes(path)?)
        .map_err(|error| super::other_kind(path, error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hour = match name.strip_prefix("floods_") {
        None => None,
        Some(rest) => {
            let hour = hour(rest);
            let without = || super::other_kind(path, "its name has no hour");
            Some(hour.ok_or_else(without)?)
        }
    };
    let record = |feature: &RawValue| {
        let feature: Feature =
            serde_json::from_str(feature.get()).map_err(|_| Reason::Unreadable)?;
        match hour {
            Some(hour) => area(feature, hour),
            None => report(feature, mapping),
        }
    };
    Ok(collection
        .features
        .iter()
        .map(|feature| record(feature))
        .collect())
}

/// `2017-02-21T09`, at the beginning.
fn hour(text: &str) -> Option<Timestamp> {
    wib(&format!("{}:00", text.get(..13)?))
}

fn wib(text: &str) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    let at = at.to_zoned_datetime(TimeZone::fixed(WIB)).ok()?;
    Some(at.timestamp().into())
}

fn area(feature: Feature, at: Timestamp) -> Result<Record, Reason> {
    let code = feature.properties.geom_id.ok_or(Reason::MissingName)?;
    let state = feature.properties.state.ok_or(Reason::BadValue)?;
    if !STATES.contains(&state) {
        return Err(Reason::BadValue);
    }
    let geometry = feature.geometry.ok_or(Reason::BadPosition)?;
    let geometry = Geometry::parse(geometry).map_err(|_| Reason::BadPosition)?;
    let id = format!("urn:ngsi-ld:FloodMonitoring:rw:{code}");
    let entity = json!({
        "id": id,
        "type": TYPE,
        STATE: property(state, at),
        NAME: {"type": "Property", "value": format!("RW {code}")},
        "location": {"type": "GeoProperty", "value": geometry.text()},
    });
    let content = Content::Entity {
        id,
        json: entity.to_string(),
        context: false,
    };
    Ok(Record { at, content })
}

fn report(feature: Feature, mapping: &Mapping) -> Result<Record, Reason> {
    let given = feature.properties;
    let at = given.created_at.ok_or(Reason::MissingTime)?;
    let at = wib(&at).ok_or(Reason::BadTime)?;
    let description = given.text.unwrap_or_default().trim().to_owned();
    if description.is_empty() {
        return Err(Reason::MissingText);
    }
    let geometry = feature.geometry.ok_or(Reason::BadPosition)?;
    let position = point(&geometry).ok_or(Reason::BadPosition)?;
    let depth = given.report_data.and_then(|data| data.flood_depth);
    let answer = mapping.answer(depth).to_owned();
    Ok(Record {
        at,
        content: Content::Report(Report {
            service_code: mapping.service_code.clone(),
            description,
            position,
            attributes: vec![(mapping.depth.attribute.clone(), answer)],
        }),
    })
}

fn point(geometry: &RawValue) -> Option<Position> {
    #[derive(Deserialize)]
    struct Point {
        r#type: String,
        coordinates: (f64, f64),
    }
    let point: Point = serde_json::from_str(geometry.get()).ok()?;
    (point.r#type == "Point").then_some(())?;
    Position::new(point.coordinates.0, point.coordinates.1)
}
