//! SenML in its JSON form (RFC 8428): a pack of records in, resolved records out (section 4.6).
//!
//! Does not do: CBOR, XML and EXI; sums (`s`) alone, which are counted as a problem; update times (`ut`), which are read
//! and left out. Units are those of section 12.1 and of RFC 8798; [`unece_code`] says which code of UN/CEFACT
//! Recommendation 20 means the same.

use std::borrow::Cow;
use std::fmt;

use pendopo_domain::time::Timestamp;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Records of one pack.
pub const MOST_RECORDS: usize = 1_000;
/// Bytes of a name, base and own together.
pub const MOST_NAME_BYTES: usize = 256;
/// Section 4.4: the version of RFC 8428.
const VERSION: u64 = 10;
/// Section 4.5.3: smaller times are relative to now.
const FIRST_ABSOLUTE: f64 = 268_435_456.0;

/// The pack as a whole cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSenml {
    #[error("not an array of SenML records")]
    Shape,
    #[error("more than {MOST_RECORDS} records")]
    TooMany,
    /// Section 4.4: a field that ends in `_` must be understood, and a newer version too.
    #[error("asks for more than RFC 8428")]
    Unknown,
}

/// What is wrong with one record; the others are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    Name,
    /// No value, or more than one.
    Value,
    Time,
}

/// One measurement, with what the base fields gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The base name. Together with `name` it names the sensor.
    pub base: String,
    /// The own name; may be empty when the base name is the whole.
    pub name: String,
    pub unit: Option<String>,
    pub value: Value,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    Flag(bool),
    /// base64url, as it was sent.
    Data(String),
}

/// Reads a pack. Times are resolved against `now`.
///
/// # Errors
/// [`NotSenml`] when nothing of it can be used.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<(Vec<Record>, Vec<Problem>), NotSenml> {
    let wire: Vec<Wire<'_>> = serde_json::from_slice(bytes).map_err(|_| NotSenml::Shape)?;
    if wire.len() > MOST_RECORDS {
        return Err(NotSenml::TooMany);
    }
    let (mut records, mut problems) = (Vec::with_capacity(wire.len()), vec![]);
    let mut base = Base::default();
    for one in wire {
        if one.unknown || one.version.is_some_and(|version| version > VERSION) {
            return Err(NotSenml::Unknown);
        }
        base.take(&one);
        // A record of base fields alone says nothing by itself.
        if one.is_base_only() {
            continue;
        }
        match base.resolve(one, now) {
            Ok(record) => records.push(record),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((records, problems))
}

#[derive(Default)]
struct Base {
    name: String,
    time: f64,
    unit: Option<String>,
    value: f64,
}

impl Base {
    fn take(&mut self, wire: &Wire<'_>) {
        if let Some(name) = &wire.base_name {
            self.name = name.clone().into_owned();
        }
        if let Some(unit) = &wire.base_unit {
            self.unit = Some(unit.clone().into_owned());
        }
        self.time = wire.base_time.unwrap_or(self.time);
        self.value = wire.base_value.unwrap_or(self.value);
    }

    fn resolve(&self, wire: Wire<'_>, now: Timestamp) -> Result<Record, Problem> {
        let name = wire.name.unwrap_or_default().into_owned();
        if !is_name(&self.name, &name) {
            return Err(Problem::Name);
        }
        let value = match (wire.number, wire.text, wire.flag, wire.data) {
            (Some(number), None, None, None) => Value::Number(number + self.value),
            (None, Some(text), None, None) => Value::Text(text.into_owned()),
            (None, None, Some(flag), None) => Value::Flag(flag),
            (None, None, None, Some(data)) => Value::Data(data.into_owned()),
            _ => return Err(Problem::Value),
        };
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            return Err(Problem::Value);
        }
        let unit = wire.unit.map(Cow::into_owned).or_else(|| self.unit.clone());
        Ok(Record {
            base: self.name.clone(),
            name,
            unit,
            value,
            at: instant(self.time + wire.time.unwrap_or(0.0), now)?,
        })
    }
}

/// Section 4.5.1: letters, digits and `-:./_`, beginning with a letter or digit.
fn is_name(base: &str, name: &str) -> bool {
    let mut letters = base.bytes().chain(name.bytes());
    base.len() + name.len() <= MOST_NAME_BYTES
        && letters
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"-:./_".contains(&b))
}

fn instant(seconds: f64, now: Timestamp) -> Result<Timestamp, Problem> {
    /// Year 9999, beyond which nobody can write a date.
    const LAST: f64 = 253_402_300_799.0;
    if !(-LAST..=LAST).contains(&seconds) {
        return Err(Problem::Time);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 2.6e17, which an i64 holds"
    )]
    let micros = (seconds * 1e6).round() as i64;
    Ok(if seconds >= FIRST_ABSOLUTE {
        Timestamp::from_micros(micros)
    } else {
        Timestamp::from_micros(now.micros().saturating_add(micros))
    })
}

/// A record as it is sent (section 4.2).
#[derive(Default)]
struct Wire<'a> {
    base_name: Option<Cow<'a, str>>,
    base_time: Option<f64>,
    base_unit: Option<Cow<'a, str>>,
    base_value: Option<f64>,
    version: Option<u64>,
    name: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    number: Option<f64>,
    text: Option<Cow<'a, str>>,
    flag: Option<bool>,
    data: Option<Cow<'a, str>>,
    sum: bool,
    time: Option<f64>,
    unknown: bool,
}

impl Wire<'_> {
    fn is_base_only(&self) -> bool {
        let value = self.number.is_some() || self.text.is_some() || self.flag.is_some();
        !(value || self.data.is_some() || self.sum || self.name.is_some() || self.unit.is_some())
            && (self.base_name.is_some()
                || self.base_time.is_some()
                || self.base_unit.is_some()
                || self.base_value.is_some()
                || self.version.is_some())
    }
}

impl<'de> Deserialize<'de> for Wire<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Wire<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SenML record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire<'de>, A::Error> {
        let mut wire = Wire::default();
        while let Some(Text(field)) = map.next_key()? {
            match &*field {
                "bn" => once(&mut wire.base_name, text(&mut map)?)?,
                "bt" => once(&mut wire.base_time, map.next_value()?)?,
                "bu" => once(&mut wire.base_unit, text(&mut map)?)?,
                "bv" => once(&mut wire.base_value, map.next_value()?)?,
                "bver" => once(&mut wire.version, map.next_value()?)?,
                "n" => once(&mut wire.name, text(&mut map)?)?,
                "u" => once(&mut wire.unit, text(&mut map)?)?,
                "v" => once(&mut wire.number, map.next_value()?)?,
                "vs" => once(&mut wire.text, text(&mut map)?)?,
                "vb" => once(&mut wire.flag, map.next_value()?)?,
                "vd" => once(&mut wire.data, text(&mut map)?)?,
                "t" => once(&mut wire.time, map.next_value()?)?,
                "s" => {
                    map.next_value::<f64>()?;
                    wire.sum = true;
                }
                other => {
                    wire.unknown |= other.ends_with('_');
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(wire)
    }
}

/// A text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Cow<'de, str>, A::Error> {
    Ok(map.next_value::<Text<'de>>()?.0)
}

fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a field stands twice")),
    }
}

/// The code of UN/CEFACT Recommendation 20 for a SenML unit; `None` where there is none or it is not known here.
pub fn unece_code(unit: &str) -> Option<&'static str> {
    let at = UNITS.binary_search_by_key(&unit, |(name, _)| name).ok()?;
    Some(UNITS[at].1)
}

/// In the order of their bytes, for the search.
const UNITS: [(&str, &str); 78] = [
    ("%", "P1"),
    ("%RH", "P1"),
    ("/", "C62"),
    ("A", "AMP"),
    ("A/m", "AE"),
    ("Bq", "BQL"),
    ("C", "COU"),
    ("C/m2", "A33"),
    ("Cel", "CEL"),
    ("F", "FAR"),
    ("Gbit/s", "B80"),
    ("Gy", "A95"),
    ("H", "81"),
    ("Hz", "HTZ"),
    ("J", "JOU"),
    ("J/m", "B12"),
    ("K", "KEL"),
    ("MHz", "MHZ"),
    ("N", "NEW"),
    ("Ohm", "OHM"),
    ("Pa", "PAL"),
    ("S", "SIE"),
    ("S/m", "D10"),
    ("Sv", "D13"),
    ("T", "D33"),
    ("V", "VLT"),
    ("V/m", "D50"),
    ("VA", "D46"),
    ("W", "WTT"),
    ("W/m2", "D54"),
    ("Wb", "WEB"),
    ("Wh", "WHR"),
    ("bit", "A99"),
    ("bit/s", "B10"),
    ("cd", "CDL"),
    ("cd/m2", "A24"),
    ("cm", "CMT"),
    ("count", "C62"),
    ("dB", "2N"),
    ("deg", "DD"),
    ("g", "GRM"),
    ("g/m3", "A93"),
    ("h", "HUR"),
    ("hPa", "A97"),
    ("kPa", "KPA"),
    ("kVA", "KVA"),
    ("kW", "KWT"),
    ("kWh", "KWH"),
    ("kat", "KAT"),
    ("kg", "KGM"),
    ("kg/m3", "KMQ"),
    ("km", "KMT"),
    ("km/h", "KMH"),
    ("l", "LTR"),
    ("l/s", "G51"),
    ("lat", "DD"),
    ("lm", "LUM"),
    ("lon", "DD"),
    ("lx", "LUX"),
    ("m", "MTR"),
    ("m/s", "MTS"),
    ("m/s2", "MSK"),
    ("m2", "MTK"),
    ("m3", "MTQ"),
    ("m3/s", "MQS"),
    ("mA", "4K"),
    ("mV", "2Z"),
    ("mg/l", "M1"),
    ("min", "MIN"),
    ("mm", "MMT"),
    ("mm/h", "H67"),
    ("mol", "C34"),
    ("ms", "C26"),
    ("pH", "Q30"),
    ("ppm", "59"),
    ("rad", "C81"),
    ("s", "SEC"),
    ("ug/m3", "GQ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

    fn read(text: &str) -> (Vec<Record>, Vec<Problem>) {
        parse(text.as_bytes(), NOW).unwrap()
    }

    #[test]
    fn the_multiple_data_points_of_the_standard_are_resolved() {
        // Section 5.1.2, shortened, and 5.1.4.
        let (records, problems) = read(
            r#"[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
                 "n":"voltage","u":"V","v":120.1},
                {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3}]"#,
        );
        assert!(problems.is_empty());
        assert_eq!(
            (records[0].unit.as_deref(), &records[0].value),
            (Some("V"), &Value::Number(120.1))
        );
        assert_eq!(records[0].at.micros(), 1_276_020_076_001_000);
        assert_eq!(
            (records[1].name.as_str(), records[1].unit.as_deref()),
            ("current", Some("A"))
        );
        assert_eq!(records[1].at.micros(), 1_276_020_071_001_000);
        assert_eq!(records[2].base, "urn:dev:ow:10e2073a0108006:");
    }

    #[test]
    fn small_times_are_relative_to_now() {
        let (records, _) =
            read(r#"[{"n":"t","t":-60,"v":1},{"n":"t","v":2},{"n":"t","t":5,"v":3}]"#);
        let seconds: Vec<i64> = records
            .iter()
            .map(|record| (record.at.micros() - NOW.micros()) / 1_000_000)
            .collect();
        assert_eq!(seconds, [-60, 0, 5]);
    }

    #[test]
    fn every_kind_of_value_is_read_and_a_base_value_added() {
        let (records, problems) = read(
            r#"[{"bn":"d/","bv":10},{"n":"a","v":0.5},{"n":"b","vs":"open \"wide\""},
                {"n":"c","vb":true},{"n":"d","vd":"aGkgCg"},{"n":"e","s":4},{"n":"f"},{"n":"g","v":1,"vb":true}]"#,
        );
        let values: Vec<&Value> = records.iter().map(|record| &record.value).collect();
        assert_eq!(
            values,
            [
                &Value::Number(10.5),
                &Value::Text("open \"wide\"".into()),
                &Value::Flag(true),
                &Value::Data("aGkgCg".into()),
            ]
        );
        assert_eq!(problems, [Problem::Value; 3]);
    }

    #[test]
    fn one_bad_record_leaves_the_others() {
        let (records, problems) =
            read(r#"[{"n":"a b","v":1},{"n":"c","t":1e300,"v":1},{"n":"d","v":1},{"v":2}]"#);
        assert_eq!(records.len(), 1);
        assert_eq!(problems, [Problem::Name, Problem::Time, Problem::Name]);
    }

    #[test]
    fn what_is_no_pack_is_refused() {
        let many = format!(
            "[{}]",
            vec![r#"{"n":"a","v":1}"#; MOST_RECORDS + 1].join(",")
        );
        for (text, wanted) in [
            ("{}", NotSenml::Shape),
            ("[7]", NotSenml::Shape),
            (r#"[{"n":"a","n":"b","v":1}]"#, NotSenml::Shape),
            (r#"[{"n":"a","v":"1"}]"#, NotSenml::Shape),
            (r#"[{"n":"a","v":1,"must_":1}]"#, NotSenml::Unknown),
            (r#"[{"n":"a","v":1,"bver":11}]"#, NotSenml::Unknown),
            (&many, NotSenml::TooMany),
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), Err(wanted));
        }
    }

    #[test]
    fn units_are_found_by_their_names() {
        assert!(UNITS.is_sorted_by(|one, other| one.0 < other.0));
        for (unit, code) in UNITS {
            assert_eq!(unece_code(unit), Some(code));
        }
        assert_eq!(unece_code("furlong"), None);
    }
}
