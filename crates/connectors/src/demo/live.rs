//! A day of invented live data: water levels that follow the tide, of which one gauge may have fallen silent, and stations
//! that measure the air, whose last messages nobody can use. The rules of the city look on in the last two hours.

use std::sync::Arc;

use bytes::Bytes;
use jiff::SignedDuration;
use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::{Command, Geometry, Value};
use pendopo_domain::geo::{Area, Position};
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::sources::{Counts, Kind, Source};
use pendopo_domain::time::Timestamp;
use pendopo_operations::{City, configuration, entities, rules, sources};
use serde_json::value::RawValue;

use super::{Day, DemoError};
use crate::driven::Driven;
use crate::mqtt::intake::{Intake, Message, Writer};

const TYPE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const NAME: &str = "https://smartdatamodels.org/name";
const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";
/// UN/CEFACT Recommendation 20: centimetre.
const CENTIMETRE: &str = "CMT";
const GAUGES: usize = 4;
/// Between two readings of the day.
const MINUTES: i64 = 30;
const READINGS: i64 = 48;
/// Between two readings of the last hours, in which the rules look on.
const DENSE_MINUTES: i64 = 5;
const DENSE_FROM: i64 = 120;
/// For how long the silent gauge has told nothing, in minutes.
const SILENT: i64 = 300;
/// What the system that tells of the gauges is called among the sources.
const GAUGES_NAME: &str = "tide-gauges";
/// The account of the stations that measure the air.
const AIR_NAME: &str = "air-stations";
/// Readings that the stations miss at the end.
const AIR_SILENT: i64 = 6;

/// Minutes before *now* of the readings of a gauge, the oldest first.
pub(super) fn minutes() -> impl Iterator<Item = i64> {
    let day = (1..READINGS).rev().map(|step| step * MINUTES);
    let day = day.filter(|before| *before > DENSE_FROM);
    let dense = (0..=DENSE_FROM / DENSE_MINUTES).rev();
    day.chain(dense.map(|step| step * DENSE_MINUTES))
}

/// Writes what the gauges of `city` told until `now`; each stands in one of its areas.
pub async fn write(
    city: &City,
    day: &Day,
    clock: &Driven,
    now: Timestamp,
) -> Result<(), DemoError> {
    let configuration = city.configuration();
    // The system that sends them: nobody's key, as the demo has no system of its own.
    let client = city.api_client(ApiKeyId(0));
    let areas: Vec<_> = configuration.areas.iter().take(GAUGES).collect();
    let high_water = now.plus(SignedDuration::from_mins(day.high_water_in_minutes));
    let mut rules = rules::Runner::default();
    let mut named = false;
    for before in minutes() {
        let at = now.plus(SignedDuration::from_mins(-before));
        let telling = areas.iter().enumerate().filter(|(index, _)| {
            let silent = day.silent_gauge && index + 1 == GAUGES;
            !silent || before >= SILENT
        });
        let commands = telling.map(|(index, area)| {
            let place = (!named).then_some((&area.name, area.centre));
            let height = level(index, at.since(high_water));
            Command::Record(reading(index, place, height, at))
        });
        let commands: Vec<_> = commands.collect();
        named = true;
        clock.set(at);
        let outcomes = entities::write(city, &client, commands).await?;
        let told = Counts {
            received: outcomes.len() as u64,
            ..Counts::default()
        };
        sources::note(city, &Source::new(Kind::Feed, GAUGES_NAME), told);
        // One at a time: the rate is that of the last minute.
        sources::write_out(city).await?;
        if before <= DENSE_FROM {
            while rules.step(city).await? {}
        }
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

/// What devices told over MQTT: the stations of an account, until they got a program that speaks otherwise.
pub async fn devices(city: &Arc<City>, clock: &Driven, now: Timestamp) -> Result<(), DemoError> {
    let it_staff = configuration::command_line();
    let rights = ["air/#".to_owned()];
    // Nobody needs the password: no such device exists.
    sources::add_account(city, &it_staff, AIR_NAME, &rights).await?;
    let configuration = city.configuration();
    let Some(account) = configuration.sources.account(AIR_NAME) else {
        return Ok(());
    };
    let source = Source::new(Kind::Mqtt, AIR_NAME);
    let writer = Writer::Account(account.id);
    let intake = Intake::new(Arc::clone(city), source, writer, Arc::default());
    let at = |step: i64| now.plus(SignedDuration::from_mins(-step * MINUTES));
    for step in (AIR_SILENT..READINGS).rev() {
        clock.set(at(step));
        let message = |(index, area): (usize, &Area)| Message {
            topic: format!("air/{}/reading", area.code),
            body: air(index, step, area, at(step)),
        };
        let areas = configuration.areas.iter().skip(GAUGES).take(2).enumerate();
        intake.take(areas.map(message).collect()).await?;
        sources::write_out(city).await?;
    }
    clock.set(now);
    Ok(())
}

/// What one station says. After its new program the first one has no clock, and the other no JSON.
fn air(index: usize, step: i64, area: &Area, at: Timestamp) -> Bytes {
    let changed = step < AIR_SILENT + 2;
    if changed && index > 0 {
        return Bytes::from_static(b"pm25=21;temp=29.5");
    }
    let at = if changed {
        "1970-01-01T00:02:11Z".to_owned()
    } else {
        at.to_string()
    };
    let body = serde_json::json!({
        "t": at, "pm25": 18 + (step * 7 + index as i64 * 5) % 17, "temperature": 28.5,
        "name": format!("Stasiun udara {}", area.name), "lon": area.centre.lon(), "lat": area.centre.lat(),
    });
    body.to_string().into()
}

fn reading(
    index: usize,
    place: Option<(&String, Position)>,
    height: i64,
    at: Timestamp,
) -> Fragment {
    let mut attributes = vec![Patch {
        observed_at: Given::Is(at),
        unit_code: Given::Is(CENTIMETRE.into()),
        ..patch(LEVEL, Value::Property(json(&height.into())))
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

/// Centimetres at a gauge, `since` the high water at the first one. Half a day from one high water to the next, an hour
/// later at each gauge.
fn level(index: usize, since: SignedDuration) -> i64 {
    const TIDE_H: f64 = 12.42;
    let hours = since.as_secs_f64() / 3_600.0 - index as f64;
    let height =
        180.0 + 15.0 * index as f64 + 60.0 * (hours / TIDE_H * std::f64::consts::TAU).cos();
    height.round() as i64
}

fn json(value: &serde_json::Value) -> Box<RawValue> {
    // The text of a JSON value is JSON.
    RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
