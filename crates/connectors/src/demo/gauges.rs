//! Water levels that follow the tide, of which one gauge may have fallen silent: a day of them when the city is made, and
//! what comes after while it is served. The rules of the city look on in the last two hours of that day.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::{Command, Entity, Geometry, Value};
use pendopo_domain::geo::Position;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::sources::{Counts, Kind, Source};
use pendopo_domain::time::Timestamp;
use pendopo_operations::{City, Error, entities, rules, sources};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Day, DemoCity, DemoError};
use crate::driven::Driven;

const TYPE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
pub(super) const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const NAME: &str = "https://smartdatamodels.org/name";
const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";
/// UN/CEFACT Recommendation 20: centimetre.
const CENTIMETRE: &str = "CMT";
pub(super) const GAUGES: usize = 4;
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
/// How often to look whether the gauges have something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// The tide of a city. Half a day from one high water to the next, an hour later at each gauge.
#[derive(Clone, Deserialize)]
pub(super) struct Tide {
    /// At the first gauge, in centimetres; each of the others stands [`Self::STEP_CM`] higher.
    mean_cm: f64,
    amplitude_cm: f64,
    /// From when the city is made to the high water at the first gauge.
    high_water_in_minutes: i64,
}

impl Tide {
    const STEP_CM: f64 = 15.0;
    /// Between two high waters: half a lunar day.
    const HOURS: f64 = 12.42;

    /// Centimetres at a gauge, `since` the city was made.
    pub(super) fn level(&self, index: usize, since: SignedDuration) -> i64 {
        let since = since - SignedDuration::from_mins(self.high_water_in_minutes);
        let hours = since.as_secs_f64() / 3_600.0 - index as f64;
        let turn = (hours / Self::HOURS * std::f64::consts::TAU).cos();
        let height = self.mean_cm + Self::STEP_CM * index as f64 + self.amplitude_cm * turn;
        height.round() as i64
    }
}

impl Day {
    fn is_silent(&self, index: usize) -> bool {
        self.silent_gauge && index + 1 == GAUGES
    }
}

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
    let areas: Vec<_> = configuration.areas.iter().take(GAUGES).collect();
    let mut rules = rules::Runner::default();
    let mut named = false;
    for before in minutes() {
        let since = SignedDuration::from_mins(-before);
        let at = now.plus(since);
        let telling = areas
            .iter()
            .enumerate()
            .filter(|(index, _)| !day.is_silent(*index) || before >= SILENT);
        let readings = telling.map(|(index, area)| {
            let place = (!named).then_some((&area.name, area.centre));
            reading(index, place, day.tide.level(index, since), at)
        });
        let readings = readings.collect();
        named = true;
        clock.set(at);
        send(city, readings).await?;
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

/// Lets the gauges of a demo city tell on as long as it is served. Does nothing for a city that is not `demo`.
pub async fn run(city: Arc<City>, demo: DemoCity) {
    while is_of(&city, &demo) {
        if city.leads()
            && let Err(error) = tell(&city, &demo).await
        {
            tracing::warn!(city = city.slug(), error = %error, "demo.gauges failed; it is tried again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Sends what is due at each gauge since its last reading: nothing, the next one, or, in a city that stood still, those
/// of the last two hours. Returns how many readings that were.
///
/// # Errors
/// When the database does not answer.
pub async fn tell(city: &City, demo: &DemoCity) -> Result<usize, Error> {
    if !is_of(city, demo) {
        return Ok(0);
    }
    let live = city.store().live().await?;
    let gauges: Vec<_> = (0..GAUGES).map(|index| live.get(&id(index))).collect();
    let begun = gauges.iter().flatten().map(|gauge| gauge.created_at).min();
    let (Some(begun), Some(first)) = (begun, minutes().next()) else {
        return Ok(0);
    };
    let made = begun.plus(SignedDuration::from_mins(first));
    let now = city.now();
    let passed = now.since(made).as_mins() / DENSE_MINUTES;
    let earliest = (passed - DENSE_FROM / DENSE_MINUTES + 1).max(1);
    let mut told = 0;
    for step in earliest..=passed {
        let since = SignedDuration::from_mins(step * DENSE_MINUTES);
        let at = made.plus(since);
        let due = gauges.iter().enumerate().filter(|(index, gauge)| {
            let last = gauge.as_deref().and_then(last_told);
            !demo.day.is_silent(*index) && last.is_some_and(|last| last < at)
        });
        let readings: Vec<_> = due
            .map(|(index, _)| reading(index, None, demo.day.tide.level(index, since), at))
            .collect();
        told += readings.len();
        if !readings.is_empty() {
            send(city, readings).await?;
        }
    }
    Ok(told)
}

fn is_of(city: &City, demo: &DemoCity) -> bool {
    city.slug() == demo.slug && city.configuration().profile.demo
}

/// When a gauge last told its level; `None` when somebody took that away.
fn last_told(gauge: &Entity) -> Option<Timestamp> {
    let is_level = |name: &str| name == LEVEL;
    let level = gauge.attributes.iter().find(|one| is_level(&one.name))?;
    level.observed_at
}

/// As the system does that tells of the gauges: nobody's key, as the demo has no system of its own.
async fn send(city: &City, readings: Vec<Fragment>) -> Result<(), Error> {
    let commands = readings.into_iter().map(Command::Record).collect();
    let outcomes = entities::write(city, &city.api_client(ApiKeyId(0)), commands).await?;
    let told = Counts {
        received: outcomes.len() as u64,
        ..Counts::default()
    };
    sources::note(city, &Source::new(Kind::Feed, GAUGES_NAME), told);
    Ok(())
}

fn id(index: usize) -> String {
    format!("urn:ngsi-ld:WaterObserved:demo-{}", index + 1)
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
        ..Patch::new(LEVEL, Value::Property(json(&height.into())))
    }];
    if let Some((area, centre)) = place {
        let name = serde_json::Value::from(format!("Alat ukur {area}"));
        attributes.push(Patch::new(NAME, Value::Property(json(&name))));
        attributes.push(Patch::new(
            LOCATION,
            Value::GeoProperty(Geometry::point(centre)),
        ));
    }
    Fragment {
        id: id(index).into(),
        types: vec![TYPE.into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes,
    }
}

fn json(value: &serde_json::Value) -> Box<RawValue> {
    // The text of a JSON value is JSON.
    RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
