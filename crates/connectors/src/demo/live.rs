//! A day of invented water levels: a few gauges that follow the tide, one that fell silent.

use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::{Command, Geometry, Value};
use pendopo_domain::geo::Position;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::time::Timestamp;
use pendopo_operations::{City, entities};
use serde_json::value::RawValue;

use super::DemoError;
use crate::driven::Driven;

const TYPE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const NAME: &str = "https://smartdatamodels.org/name";
const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";
/// UN/CEFACT Recommendation 20: centimetre.
const CENTIMETRE: &str = "CMT";
const GAUGES: usize = 4;
/// Between two readings.
const MINUTES: i64 = 30;
const READINGS: i64 = 48;
/// Readings that the silent gauge misses at the end.
const SILENT: i64 = 10;

/// Writes what the gauges of `city` told until `now`; each stands in one of its areas.
pub async fn write(city: &City, clock: &Driven, now: Timestamp) -> Result<(), DemoError> {
    let configuration = city.configuration();
    // The system that sends them: nobody's key, as the demo has no system of its own.
    let client = city.api_client(ApiKeyId(0));
    let areas: Vec<_> = configuration.areas.iter().take(GAUGES).collect();
    for step in (0..READINGS).rev() {
        let at = now.plus(jiff::SignedDuration::from_mins(-step * MINUTES));
        let telling = areas.iter().enumerate().filter(|(index, _)| {
            let silent = index + 1 == GAUGES;
            !silent || step >= SILENT
        });
        let commands = telling.map(|(index, area)| {
            let first = step == READINGS - 1;
            Command::Record(reading(
                index,
                first.then_some((&area.name, area.centre)),
                at,
            ))
        });
        clock.set(at);
        entities::write(city, &client, commands.collect()).await?;
    }
    clock.set(now);
    let live = city
        .store()
        .live()
        .await
        .map_err(pendopo_operations::Error::from)?;
    live.flush_all()
        .await
        .map_err(pendopo_operations::Error::from)?;
    Ok(())
}

fn reading(index: usize, place: Option<(&String, Position)>, at: Timestamp) -> Fragment {
    let mut attributes = vec![Patch {
        observed_at: Given::Is(at),
        unit_code: Given::Is(CENTIMETRE.into()),
        ..patch(LEVEL, Value::Property(json(&level(index, at))))
    }];
    if let Some((area, centre)) = place {
        let name = serde_json::Value::from(format!("Alat ukur {area}"));
        attributes.push(patch(NAME, Value::Property(json(&name))));
        attributes.push(patch(LOCATION, Value::GeoProperty(Geometry::point(centre))));
    }
    Fragment {
        id: format!("urn:ngsi-ld:WaterObserved:demo-{}", index + 1).into(),
        types: vec![TYPE.into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes,
    }
}

fn patch(name: &str, value: Value) -> Patch {
    Patch {
        name: name.into(),
        dataset: None,
        value: Given::Is(value),
        observed_at: Given::Absent,
        expires_at: Given::Absent,
        unit_code: Given::Absent,
        parts: vec![],
    }
}

/// Half a day from one high water to the next, a little later at each gauge.
fn level(index: usize, at: Timestamp) -> serde_json::Value {
    const TIDE_H: f64 = 12.42;
    let hours = at.micros() as f64 / 3.6e9 - index as f64;
    let height =
        180.0 + 15.0 * index as f64 + 60.0 * (hours / TIDE_H * std::f64::consts::TAU).sin();
    serde_json::Value::from(height.round() as i64)
}

fn json(value: &serde_json::Value) -> Box<RawValue> {
    // The text of a JSON value is JSON.
    RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
