//! What a city fills in: `${name}` in any text of an object.
//!
//! A placeholder that is the whole text becomes the value with its type; inside a longer text it is written out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::services::Texts;

/// A parameter of a blueprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    #[serde(rename = "type")]
    pub kind: ParamKind,
    /// What the author uses, and the tests of the blueprint.
    pub default: Value,
    /// Of a number; of a duration one of `s`, `min`, `h`, `d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Bounds of a number or a duration, both allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// The city has to say its own value; the default is only shown.
    #[serde(default)]
    pub local_required: bool,
    /// Why it differs, and how a city finds its value.
    pub why: Texts,
}

crate::word_enum!(
    /// What a value may be.
    ParamKind {
        Number = "number",
        String = "string",
        Bool = "bool",
        /// A whole number of the unit.
        Duration = "duration",
        /// Code of an area.
        Area = "area",
        /// Code of a team.
        Team = "team",
        /// Texts.
        List = "list",
    }
);

/// Units of durations.
pub const DURATIONS: [&str; 4] = ["s", "min", "h", "d"];
const LONGEST_VALUE: usize = 500;
const LONGEST_LIST: usize = 100;

impl Param {
    /// Whether `value` has its type and lies within its bounds.
    pub fn takes(&self, value: &Value) -> bool {
        let short = |value: &Value| {
            value.as_str().is_some_and(|text| {
                !text.is_empty() && text.len() <= LONGEST_VALUE && !text.contains("${")
            })
        };
        match self.kind {
            ParamKind::Number => value.as_f64().is_some_and(|number| self.bounds(number)),
            ParamKind::Duration => value
                .as_u64()
                .and_then(|whole| u32::try_from(whole).ok())
                .is_some_and(|whole| self.bounds(whole.into())),
            ParamKind::Bool => value.is_boolean(),
            ParamKind::String | ParamKind::Area | ParamKind::Team => short(value),
            ParamKind::List => value
                .as_array()
                .is_some_and(|list| list.len() <= LONGEST_LIST && list.iter().all(short)),
        }
    }

    fn bounds(&self, number: f64) -> bool {
        number.is_finite()
            && self.least.is_none_or(|least| number >= least)
            && self.most.is_none_or(|most| number <= most)
    }
}

/// One part of a text.
enum Part<'a> {
    Plain(&'a str),
    Param(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (vec![], text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            parts.push(Part::Plain(before));
        }
        parts.push(Part::Param(name));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Plain(rest));
    }
    parts
}

/// The parameters that a template names.
pub fn named(template: &Value) -> Vec<String> {
    match template {
        Value::String(text) => parts(text)
            .iter()
            .filter_map(|part| match part {
                Part::Param(name) => Some((*name).to_owned()),
                Part::Plain(_) => None,
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(named).collect(),
        Value::Object(fields) => fields.values().flat_map(named).collect(),
        _ => vec![],
    }
}

/// `template` with the values in their places.
///
/// # Errors
/// The name of a parameter that has no value, or whose value cannot stand inside a text.
pub fn bind(template: &Value, values: &BTreeMap<String, Value>) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => bind_text(text, values)?,
        Value::Array(list) => {
            let bound: Result<Vec<Value>, String> =
                list.iter().map(|one| bind(one, values)).collect();
            Value::Array(bound?)
        }
        Value::Object(fields) => {
            let bound: Result<serde_json::Map<String, Value>, String> = fields
                .iter()
                .map(|(name, one)| Ok((name.clone(), bind(one, values)?)))
                .collect();
            Value::Object(bound?)
        }
        other => other.clone(),
    })
}

fn bind_text(text: &str, values: &BTreeMap<String, Value>) -> Result<Value, String> {
    let parts = parts(text);
    let value = |name: &str| values.get(name).ok_or_else(|| name.to_owned());
    if let [Part::Param(name)] = parts.as_slice() {
        return value(name).cloned();
    }
    let mut whole = String::new();
    for part in parts {
        match part {
            Part::Plain(plain) => whole.push_str(plain),
            Part::Param(name) => match value(name)? {
                Value::String(text) => whole.push_str(text),
                Value::Array(_) | Value::Object(_) | Value::Null => return Err(name.to_owned()),
                other => whole.push_str(&other.to_string()),
            },
        }
    }
    Ok(Value::String(whole))
}
