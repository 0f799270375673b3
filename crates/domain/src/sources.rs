//! Sources of live data: who sends, what is counted about it, and how a message of a device becomes an entity.
//!
//! A [`Mapping`] is data of a city, never code: which topics it takes, and where in a message the values stand. How the
//! bytes of a message are read belongs to the wire.
//!
//! - [`topic`]: MQTT topics and filters (MQTT 5.0, section 4.7)

pub mod topic;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::entities::Iri;
use crate::time::Timestamp;
use crate::{id_type, word_enum};

id_type!(
    /// An account with which devices publish over MQTT.
    MqttAccountId
);

word_enum!(
    /// How a source reaches the city.
    Kind {
        /// An account of the city's own MQTT listener.
        Mqtt = "mqtt",
        /// Somebody else's MQTT broker.
        Broker = "broker",
        /// A system with a key.
        ApiKey = "api_key",
        /// Something that the city fetches.
        Feed = "feed",
        /// Recorded data, played as if it happened now.
        Replay = "replay",
    }
);

word_enum!(
    /// Why a message could not be used.
    Reason {
        NoMapping = "no_mapping",
        TooLarge = "too_large",
        TooDeep = "too_deep",
        Malformed = "malformed",
        NoValue = "no_value",
        BadTime = "bad_time",
        BadPlace = "bad_place",
        BadId = "bad_id",
        /// It was read, and the entity could not take it.
        Refused = "refused",
    }
);

/// Which source: `mqtt:river-gauges`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    pub kind: Kind,
    pub name: String,
}

impl Source {
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }

    /// From its written form.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        Some(Self::new(Kind::from_word(kind)?, name))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

/// What a source did since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Everything that arrived and was durable when it was answered.
    pub received: u64,
    /// Of these, observed longer ago than is usual for the source.
    pub late: u64,
    /// Not taken and not kept: without the right to write there, or told at once why not.
    pub refused: u64,
    /// Kept aside, because it could not be used.
    pub quarantined: u64,
    /// Kept aside once, and dropped because there was too much of it.
    pub dropped: u64,
    /// Units that have no code of UN/CEFACT here.
    pub unknown_units: u64,
}

impl Counts {
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.received += more.received;
        self.late += more.late;
        self.refused += more.refused;
        self.quarantined += more.quarantined;
        self.dropped += more.dropped;
        self.unknown_units += more.unknown_units;
    }
}

word_enum!(
    /// What the bytes of a message are.
    Format {
        /// Any JSON document, read by pointers (RFC 6901).
        Json = "json",
        /// SenML in JSON (RFC 8428).
        Senml = "senml",
    }
);

/// How messages of some topics become entities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What it is called in this city.
    pub name: String,
    /// Filter over topics without the name of the city. What `+` stands for is `{1}`, `{2}` … in [`Mapping::id`].
    pub topic: String,
    pub format: Format,
    /// Id of the entity: text with `{1}` from the topic, `{/pointer}` from JSON, `{device}` from SenML.
    pub id: String,
    /// Type of the entity: a name of the default context, or an IRI.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where the instant of the observation stands: RFC 3339, or seconds or milliseconds since 1970. Without it the
    /// moment of arrival is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What is taken out of JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeMapping>,
    /// Names of SenML records, and the attributes they become; others keep their own name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// An observation older than this when it arrives is counted as late, in seconds.
    #[serde(default = "usual_lateness")]
    pub late_after_s: u32,
}

/// Ten minutes: most sensors report every one to five.
pub const USUAL_LATENESS_S: u32 = 600;

const fn usual_lateness() -> u32 {
    USUAL_LATENESS_S
}

/// Whether an observation arrives so late that it is counted.
pub fn is_late(observed_at: Timestamp, now: Timestamp, late_after_s: u32) -> bool {
    now.since(observed_at).as_secs() > i64::from(late_after_s)
}

/// Longer than any sensor of a city is quiet by itself: gauges of slow rivers report every half hour.
const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(60);

/// Whether a source that was seen last then has fallen silent.
pub fn is_silent(last_seen_at: Timestamp, now: Timestamp) -> bool {
    now.since(last_seen_at) > SILENT_AFTER
}

/// One value of a JSON document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeMapping {
    pub pointer: String,
    /// A name of the default context, or an IRI.
    pub name: String,
    /// UN/CEFACT code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_code: Option<String>,
    /// A message without it cannot be used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// Where the position stands: degrees, WGS 84.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    pub lon: String,
    pub lat: String,
}

/// Names without a colon belong to the default context of NGSI-LD (ETSI GS CIM 009, section 4.4).
pub const DEFAULT_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// The expanded form of a name in a mapping.
pub fn expanded(name: &str) -> Iri {
    match name {
        "location" => crate::entities::query::LOCATION.into(),
        name if name.contains(':') => name.into(),
        name => format!("{DEFAULT_CONTEXT}{name}").into(),
    }
}

/// Whether an observation can be meant: not before 2000, when no sensor had a clock that was set, and not more than a
/// day ahead of the city's clock.
pub fn is_plausible(observed_at: Timestamp, now: Timestamp) -> bool {
    /// 2000-01-01T00:00:00Z.
    const FIRST: Timestamp = Timestamp::from_micros(946_684_800_000_000);
    observed_at >= FIRST && observed_at <= now.plus_days(1)
}

/// A broker of somebody else that the city listens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    pub name: String,
    /// `mqtts://host:8883`; `mqtt://` only where `outgoing.allow` lists it.
    pub address: String,
    /// With `$share/<group>/` in front several nodes share the messages.
    pub filter: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// File on the node that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// With it the broker keeps messages while the node is away; then only one node may listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_written_and_read_back() {
        let source = Source::new(Kind::Mqtt, "river:gauges");
        assert_eq!(source.to_string(), "mqtt:river:gauges");
        assert_eq!(Source::parse("mqtt:river:gauges"), Some(source));
        assert_eq!(Source::parse("carrier-pigeon:7"), None);
    }

    #[test]
    fn a_name_is_expanded_once() {
        assert_eq!(
            &*expanded("pm25"),
            "https://uri.etsi.org/ngsi-ld/default-context/pm25"
        );
        assert_eq!(
            &*expanded("https://example.org/pm25"),
            "https://example.org/pm25"
        );
        assert_eq!(
            &*expanded("location"),
            "https://uri.etsi.org/ngsi-ld/location"
        );
    }

    #[test]
    fn a_clock_that_was_never_set_is_not_believed() {
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        assert!(is_plausible(now, now) && is_plausible(now.plus_days(-3000), now));
        assert!(!is_plausible(Timestamp::from_micros(0), now));
        assert!(!is_plausible(now.plus_days(2), now));
    }

    #[test]
    fn late_and_silent_begin_after_their_last_second() {
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let ago = |seconds: i64| now.plus(SignedDuration::from_secs(-seconds));
        assert_eq!(
            [600, 601].map(|s| is_late(ago(s), now, USUAL_LATENESS_S)),
            [false, true]
        );
        assert_eq!([3600, 3601].map(|s| is_silent(ago(s), now)), [false, true]);
        assert!(!is_late(ago(-60), now, 0) && !is_silent(ago(-60), now));
    }
}
