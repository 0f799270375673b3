//! What residents can ask for: the services of a city (Open311 GeoReport v2 §services).
//!
//! Services are data. No code names one.

use serde::{Deserialize, Serialize};

use crate::reports::Visibility;

/// A text in the languages of the city, Bahasa Indonesia first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    pub id: String,
    #[serde(default)]
    pub en: String,
}

impl Texts {
    /// The text in `language` (`"id"` or `"en"`), the other one when it is missing.
    pub fn get(&self, language: &str) -> &str {
        match language {
            "en" if !self.en.is_empty() => &self.en,
            _ if !self.id.is_empty() => &self.id,
            _ => &self.en,
        }
    }

    /// The same text in both, for names that came in one language.
    pub fn same(text: &str) -> Self {
        Self {
            id: text.to_owned(),
            en: text.to_owned(),
        }
    }
}

/// One service: a kind of report with its own promise of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Unique in the city; Open311 `service_code`.
    pub code: String,
    pub names: Texts,
    #[serde(default)]
    pub descriptions: Texts,
    /// One category; Open311 `group`.
    #[serde(default)]
    pub group: Texts,
    /// Open311 `keywords`.
    #[serde(default)]
    pub keywords: Vec<String>,
    #[serde(flatten, default)]
    pub terms: Terms,
    /// What a report of this service is unless its reporter says otherwise.
    #[serde(default = "public")]
    pub default_visibility: Visibility,
    /// False hides it from new reports; old ones keep it.
    #[serde(default = "yes")]
    pub active: bool,
    /// Questions to the reporter; Open311 service definition.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

fn public() -> Visibility {
    Visibility::Public
}

fn yes() -> bool {
    true
}

/// Working days for each step of a report, as in SP4N-LAPOR: 3, 5 and 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// To verify and pass on.
    pub verify_days: u32,
    /// To follow up, after it was passed on.
    pub follow_up_days: u32,
    /// For the reporter's answer, after the city said resolved.
    #[serde(default = "ten")]
    pub answer_days: u32,
}

fn ten() -> u32 {
    10
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            verify_days: 3,
            follow_up_days: 5,
            answer_days: 10,
        }
    }
}

/// One question of a service definition (Open311 GeoReport v2, service definition).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub code: String,
    pub datatype: Datatype,
    #[serde(default)]
    pub required: bool,
    /// Position in the form, from 1.
    pub order: u32,
    pub description: Texts,
    #[serde(default)]
    pub values: Vec<AttributeValue>,
}

/// One choice of a list question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeValue {
    pub key: String,
    pub name: Texts,
}

crate::word_enum!(
    /// Open311 attribute datatypes.
    Datatype {
        String = "string",
        Number = "number",
        Datetime = "datetime",
        Text = "text",
        SingleValueList = "singlevaluelist",
        MultiValueList = "multivaluelist",
    }
);
