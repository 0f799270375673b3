//! Which types of entities the city shows, and when what they say is old.
//!
//! Types are data. No code names one.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::services::Texts;
use crate::time::Timestamp;

/// Missed so many times what was expected, and a value is stale.
const MISSED: u32 = 2;

/// A type of entities with what people see of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveType {
    /// Short name in addresses, unique in the city.
    pub code: String,
    /// Expanded name of the type.
    #[serde(rename = "type")]
    pub kind: String,
    pub names: Texts,
    /// Expanded name of the attribute whose value is shown.
    pub attribute: String,
    #[serde(default)]
    pub attribute_names: Texts,
    /// Written after the value.
    #[serde(default)]
    pub unit: Texts,
    /// How often a new value is expected, in seconds.
    pub expected_every_s: u32,
    /// Everyone may see the name, the place and the one attribute; nothing else of the entity.
    #[serde(default)]
    pub public: bool,
    /// Name of an icon of the sprite.
    #[serde(default)]
    pub icon: String,
}

/// How new a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    Fresh,
    Stale,
    /// Nothing says when it was so.
    Unknown,
}

impl LiveType {
    /// How new a value is that was so at `observed_at`.
    pub fn freshness(&self, observed_at: Option<Timestamp>, now: Timestamp) -> Freshness {
        let Some(at) = observed_at else {
            return Freshness::Unknown;
        };
        let expected = SignedDuration::from_secs(self.expected_every_s.into());
        if now.since(at) > expected * i32::try_from(MISSED).unwrap_or(1) {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge() -> LiveType {
        LiveType {
            code: "gauge".into(),
            kind: "https://example.org/Gauge".into(),
            names: Texts::same("Gauge"),
            attribute: "https://example.org/level".into(),
            attribute_names: Texts::default(),
            unit: Texts::same("cm"),
            expected_every_s: 600,
            public: true,
            icon: String::new(),
        }
    }

    #[test]
    fn a_value_is_stale_when_more_than_two_were_missed() {
        let now = Timestamp::from_micros(1_795_505_746_000_000);
        let ago = |seconds: i64| Some(now.plus(SignedDuration::from_secs(-seconds)));
        let cases = [
            (ago(0), Freshness::Fresh),
            (ago(1_200), Freshness::Fresh),
            (ago(1_201), Freshness::Stale),
            // A clock that is ahead of ours makes nothing old.
            (ago(-3_600), Freshness::Fresh),
            (None, Freshness::Unknown),
        ];
        for (at, expect) in cases {
            assert_eq!(gauge().freshness(at, now), expect, "{at:?}");
        }
    }

    #[test]
    fn a_type_of_a_file_is_hidden_unless_it_says_public() {
        let file =
            r#"{"code":"x","type":"t","names":{"id":"X"},"attribute":"a","expected_every_s":60}"#;
        let read: LiveType = serde_json::from_str(file).unwrap();
        assert!(!read.public && read.names.get("en") == "X");
    }
}
