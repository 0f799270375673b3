//! Messages of devices, by the mappings of a city: bytes in, commands out. Pure.
//!
//! A message that has several values keeps the good ones; one without any cannot be used.

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::entities::command::{Fragment, Given};
use pendopo_domain::entities::query::LOCATION;
use pendopo_domain::entities::{Command, Geometry, Iri, Json, Patch, Value};
use pendopo_domain::geo::Position;
use pendopo_domain::sources::{Format, Mapping, Reason, expanded, is_late, is_plausible, topic};
use pendopo_domain::time::Timestamp;
use pendopo_standards::json_pointer::{Pointer, Wanted, depth};
use pendopo_standards::senml;
use serde_json::value::{RawValue, to_raw_value};

/// Brackets that may stand in each other in a message. Readers of the stored value allow 128.
pub const MOST_DEPTH: usize = 32;
/// Bytes of an id.
const MOST_ID_BYTES: usize = 1_000;

/// What a message says.
#[derive(Debug)]
pub struct Taken {
    pub commands: Vec<Command>,
    /// Observed longer ago than is usual for the source.
    pub late: bool,
    /// Units without a code, which were kept as they are.
    pub unknown_units: u64,
}

/// What is wrong with a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("the topic is not a filter")]
    Topic,
    #[error("the id does not begin like urn:… or names something that is not there")]
    Id,
    #[error("a pointer does not begin with / or has too many levels")]
    Pointer,
    #[error("a mapping of JSON needs attributes")]
    NoAttributes,
}

/// The mappings of a city, ready for use.
#[derive(Default)]
pub struct Mappings(Vec<Compiled>);

impl Mappings {
    /// One that cannot be used is left out; [`check`] says why before it is stored.
    pub fn new(mappings: &[Mapping]) -> Self {
        Self(
            mappings
                .iter()
                .filter_map(|one| Compiled::new(one).ok())
                .collect(),
        )
    }

    /// Reads `body`, which was published on `topic` (without the name of the city).
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn take(&self, topic: &str, body: &[u8], now: Timestamp) -> Result<Taken, Reason> {
        let (mapping, captures) = self
            .0
            .iter()
            .find_map(|one| Some((one, topic::captures(&one.topic, topic)?)))
            .ok_or(Reason::NoMapping)?;
        if depth(body) > MOST_DEPTH {
            return Err(Reason::TooDeep);
        }
        match mapping.format {
            Format::Json => mapping.json(&captures, body, now),
            Format::Senml => mapping.senml(&captures, body, now),
        }
    }
}

/// Whether a mapping can be used.
///
/// # Errors
/// What is wrong with it.
pub fn check(mapping: &Mapping) -> Result<(), Unusable> {
    Compiled::new(mapping).map(|_| ())
}

struct Compiled {
    topic: String,
    format: Format,
    id: Vec<Part>,
    kind: Iri,
    wanted: Wanted,
    observed_at: Option<usize>,
    location: Option<(usize, usize)>,
    attributes: Vec<Attribute>,
    names: BTreeMap<String, Iri>,
    late_after_s: u32,
}

/// A part of an id.
enum Part {
    Text(String),
    /// What the n-th `+` of the topic stands for, from 0.
    Level(usize),
    /// The place of a pointer.
    Pointed(usize),
    /// The base name of a SenML record.
    Device,
}

struct Attribute {
    place: usize,
    name: Iri,
    unit_code: Option<Iri>,
    required: bool,
}

impl Compiled {
    fn new(mapping: &Mapping) -> Result<Self, Unusable> {
        if !topic::is_filter(&mapping.topic) {
            return Err(Unusable::Topic);
        }
        if mapping.format == Format::Json && mapping.attributes.is_empty() {
            return Err(Unusable::NoAttributes);
        }
        let mut wanted = Wanted::default();
        let mut place = |text: &str| {
            let pointer = Pointer::parse(text).ok_or(Unusable::Pointer)?;
            Ok(wanted.add(&pointer))
        };
        let attributes = mapping.attributes.iter().map(|one| {
            Ok(Attribute {
                place: place(&one.pointer)?,
                name: expanded(&one.name),
                unit_code: one.unit_code.as_deref().map(Iri::from),
                required: one.required,
            })
        });
        let attributes = attributes.collect::<Result<_, Unusable>>()?;
        let observed_at = mapping.observed_at.as_deref().map(&mut place).transpose()?;
        let location = match &mapping.location {
            Some(location) => Some((place(&location.lon)?, place(&location.lat)?)),
            None => None,
        };
        let id = parts(mapping, place)?;
        let names = mapping.names.iter();
        Ok(Self {
            topic: mapping.topic.clone(),
            format: mapping.format,
            id,
            kind: expanded(&mapping.kind),
            wanted,
            observed_at,
            location,
            attributes,
            names: names
                .map(|(from, to)| (from.clone(), expanded(to)))
                .collect(),
            late_after_s: mapping.late_after_s,
        })
    }

    fn json(&self, captures: &[&str], body: &[u8], now: Timestamp) -> Result<Taken, Reason> {
        let found = self.wanted.find(body).map_err(|_| Reason::Malformed)?;
        let at = |place: usize| found[place].filter(|value| value.get() != "null");
        let observed_at = match self.observed_at {
            Some(place) => instant(at(place).ok_or(Reason::BadTime)?).ok_or(Reason::BadTime)?,
            None => now,
        };
        if !is_plausible(observed_at, now) {
            return Err(Reason::BadTime);
        }
        let mut attributes = vec![];
        for one in &self.attributes {
            match at(one.place) {
                Some(value) => {
                    let value = Value::Property(compact(value)?);
                    let unit = one.unit_code.clone();
                    attributes.push(patch(Arc::clone(&one.name), value, unit, observed_at));
                }
                None if one.required => return Err(Reason::NoValue),
                None => {}
            }
        }
        if attributes.is_empty() {
            return Err(Reason::NoValue);
        }
        if let Some((lon, lat)) = self.location {
            match (at(lon), at(lat)) {
                (None, None) => {}
                (lon, lat) => attributes.push(point(lon, lat, observed_at)?),
            }
        }
        let id = self.id(captures, &at, None)?;
        Ok(Taken {
            commands: vec![self.record(id, attributes)],
            late: self.is_late(observed_at, now),
            unknown_units: 0,
        })
    }

    fn senml(&self, captures: &[&str], body: &[u8], now: Timestamp) -> Result<Taken, Reason> {
        let (records, problems) = senml::parse(body, now).map_err(|_| Reason::Malformed)?;
        let mut taken = Taken {
            commands: vec![],
            late: false,
            unknown_units: 0,
        };
        let mut implausible = false;
        for record in records {
            if !is_plausible(record.at, now) {
                implausible = true;
                continue;
            }
            taken.late |= self.is_late(record.at, now);
            // The base name is the device and the own name what it measures, unless one of them is missing.
            let (device, name) = match record.name.as_str() {
                "" => record
                    .base
                    .rsplit_once(['/', ':'])
                    .unwrap_or(("", &record.base)),
                name => (record.base.as_str(), name),
            };
            let id = self.id(
                captures,
                &|_| None,
                Some(device.trim_end_matches(['/', ':'])),
            )?;
            let unit = record.unit.as_deref().map(|unit| {
                let code = senml::unece_code(unit);
                taken.unknown_units += u64::from(code.is_none());
                Iri::from(code.unwrap_or(unit))
            });
            let value = Value::Property(match &record.value {
                senml::Value::Number(number) => raw(number)?,
                senml::Value::Text(text) | senml::Value::Data(text) => raw(text)?,
                senml::Value::Flag(flag) => raw(flag)?,
            });
            let name = match self.names.get(name) {
                Some(mapped) => Arc::clone(mapped),
                None => expanded(&name.replace(['/', ':'], "_")),
            };
            let attributes = vec![patch(name, value, unit, record.at)];
            taken.commands.push(self.record(id, attributes));
        }
        match (taken.commands.is_empty(), implausible) {
            (false, _) => Ok(taken),
            (true, true) => Err(Reason::BadTime),
            (true, false) if problems.contains(&senml::Problem::Time) => Err(Reason::BadTime),
            (true, false) => Err(Reason::NoValue),
        }
    }

    fn is_late(&self, observed_at: Timestamp, now: Timestamp) -> bool {
        is_late(observed_at, now, self.late_after_s)
    }

    fn record(&self, id: Iri, attributes: Vec<Patch>) -> Command {
        Command::Record(Fragment {
            id,
            types: vec![Arc::clone(&self.kind)],
            scopes: Given::Absent,
            expires_at: Given::Absent,
            attributes,
        })
    }

    fn id<'v>(
        &self,
        captures: &[&str],
        at: &impl Fn(usize) -> Option<&'v RawValue>,
        device: Option<&str>,
    ) -> Result<Iri, Reason> {
        let mut id = String::new();
        for part in &self.id {
            let before = id.len();
            match part {
                Part::Text(text) => id.push_str(text),
                Part::Level(level) => push_encoded(&mut id, captures.get(*level).unwrap_or(&"")),
                Part::Pointed(place) => {
                    push_encoded(&mut id, &plain(at(*place).ok_or(Reason::BadId)?)?);
                }
                Part::Device => push_encoded(&mut id, device.unwrap_or_default()),
            }
            if id.len() == before {
                return Err(Reason::BadId);
            }
        }
        if id.len() > MOST_ID_BYTES {
            return Err(Reason::BadId);
        }
        Ok(id.into())
    }
}

/// The parts of [`Mapping::id`].
fn parts(
    mapping: &Mapping,
    mut place: impl FnMut(&str) -> Result<usize, Unusable>,
) -> Result<Vec<Part>, Unusable> {
    let levels = mapping
        .topic
        .split('/')
        .filter(|level| *level == "+")
        .count();
    let mut parts = vec![];
    let mut rest = mapping.id.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, behind) = after.split_once('}').ok_or(Unusable::Id)?;
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(match inside {
            "device" if mapping.format == Format::Senml => Part::Device,
            pointer if pointer.starts_with('/') && mapping.format == Format::Json => {
                Part::Pointed(place(pointer)?)
            }
            number => match number.parse::<usize>() {
                Ok(number) if (1..=levels).contains(&number) => Part::Level(number - 1),
                _ => return Err(Unusable::Id),
            },
        });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    // An id is a URI, so it begins with a scheme (ETSI GS CIM 009, section 4.6.1).
    let scheme = mapping.id.split_once(':').map_or("", |(scheme, _)| scheme);
    let good = !scheme.is_empty()
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
        && mapping.id.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(parts) } else { Err(Unusable::Id) }
}

/// Letters of other alphabets and blanks become `%xx`, so that the id is a URI whatever a device calls itself.
fn push_encoded(id: &mut String, text: &str) {
    use std::fmt::Write;
    for byte in text.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~:".contains(&b) => id.push(b.into()),
            // Writing to a String does not fail.
            b => drop(write!(id, "%{b:02X}")),
        }
    }
}

/// A text or a number as it stands in an id.
fn plain(value: &RawValue) -> Result<String, Reason> {
    match value.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(value.get()).map_err(|_| Reason::BadId),
        Some(b'-' | b'0'..=b'9') => Ok(value.get().to_owned()),
        _ => Err(Reason::BadId),
    }
}

fn patch(name: Iri, value: Value, unit_code: Option<Iri>, observed_at: Timestamp) -> Patch {
    Patch {
        observed_at: Given::Is(observed_at),
        unit_code: unit_code.map_or(Given::Absent, Given::Is),
        ..Patch::new(name, value)
    }
}

fn point(
    lon: Option<&RawValue>,
    lat: Option<&RawValue>,
    observed_at: Timestamp,
) -> Result<Patch, Reason> {
    let degrees = |value: Option<&RawValue>| value?.get().trim_matches('"').parse::<f64>().ok();
    let position = degrees(lon).zip(degrees(lat));
    let position = position.and_then(|(lon, lat)| Position::new(lon, lat));
    let value = Value::GeoProperty(Geometry::point(position.ok_or(Reason::BadPlace)?));
    Ok(patch(LOCATION.into(), value, None, observed_at))
}

/// RFC 3339, or a number of seconds or milliseconds since 1970. As seconds the last number below the border is the year
/// 5138, as milliseconds the first one is in 1973.
fn instant(value: &RawValue) -> Option<Timestamp> {
    const FIRST_MILLISECONDS: f64 = 1e11;
    let text = value.get();
    if text.starts_with('"') {
        let text: String = serde_json::from_str(text).ok()?;
        return Some(text.parse::<jiff::Timestamp>().ok()?.into());
    }
    let number: f64 = text.parse().ok()?;
    let micros = if number.abs() < FIRST_MILLISECONDS {
        number * 1e6
    } else {
        number * 1e3
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as stops at the ends of the range"
    )]
    Some(Timestamp::from_micros(micros.round() as i64))
}

/// Stored values have no blanks.
fn compact(value: &RawValue) -> Result<Json, Reason> {
    if !value.get().starts_with(['{', '[']) {
        return Ok(value.to_owned());
    }
    let tree: serde_json::Value =
        serde_json::from_str(value.get()).map_err(|_| Reason::Malformed)?;
    raw(&tree)
}

fn raw(value: &(impl serde::Serialize + ?Sized)) -> Result<Json, Reason> {
    to_raw_value(value).map_err(|_| Reason::Malformed)
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
