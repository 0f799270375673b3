//! Stations that measure the air and publish over MQTT, whose last messages nobody can use.

use std::sync::Arc;

use bytes::Bytes;
use jiff::SignedDuration;
use pendopo_domain::geo::Area;
use pendopo_domain::sources::{Kind, Source};
use pendopo_domain::time::Timestamp;
use pendopo_operations::{City, configuration, sources};

use super::DemoError;
use super::gauges::GAUGES;
use crate::driven::Driven;
use crate::mqtt::intake::{Intake, Message, Writer};

/// The account of the stations.
const NAME: &str = "air-stations";
/// Between two readings.
const MINUTES: i64 = 30;
/// Readings of a day.
const READINGS: i64 = 48;
/// Readings that the stations miss at the end.
const SILENT: i64 = 6;

/// What devices told over MQTT: the stations of an account, until they got a program that speaks otherwise.
pub async fn write(city: &Arc<City>, clock: &Driven, now: Timestamp) -> Result<(), DemoError> {
    let it_staff = configuration::command_line();
    let rights = ["air/#".to_owned()];
    // Nobody needs the password: no such device exists.
    sources::add_account(city, &it_staff, NAME, &rights).await?;
    let configuration = city.configuration();
    let Some(account) = configuration.sources.account(NAME) else {
        return Ok(());
    };
    let source = Source::new(Kind::Mqtt, NAME);
    let writer = Writer::Account(account.id);
    let intake = Intake::new(Arc::clone(city), source, writer, Arc::default());
    let at = |step: i64| now.plus(SignedDuration::from_mins(-step * MINUTES));
    for step in (SILENT..READINGS).rev() {
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
    let changed = step < SILENT + 2;
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
