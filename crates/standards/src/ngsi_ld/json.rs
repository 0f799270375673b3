//! JSON text as text: how deep it is, its members without a tree, and the text without blanks.

use std::borrow::Cow;
use std::fmt;

use pendopo_domain::entities::Json;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::problem::Problem;

/// Arrays and objects inside each other in one body.
pub const MOST_DEPTH: usize = 64;

/// The text of a body, when it is not deeper than [`MOST_DEPTH`]. Whether it is JSON is left to the parser.
///
/// # Errors
/// InvalidRequest for what is not UTF-8, BadRequestData for what is too deep.
pub fn shallow(body: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::invalid("the body is not UTF-8"))?;
    let (mut depth, mut at) = (0_usize, 0);
    while at < body.len() {
        match body[at] {
            b'"' => {
                at += 1;
                while at < body.len() && body[at] != b'"' {
                    at += 1 + usize::from(body[at] == b'\\');
                }
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > MOST_DEPTH {
                    return Err(Problem::bad(format!(
                        "the body is deeper than {MOST_DEPTH} levels"
                    )));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(text)
}

/// A member of an object: its name and the text of its value.
pub type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// What one JSON text is, one level deep.
#[derive(Debug)]
pub enum Level<'a> {
    Object(Vec<Member<'a>>),
    Array(Vec<&'a RawValue>),
    Scalar,
}

/// Looks one level into a text.
///
/// # Errors
/// When it is not JSON.
pub fn level(text: &str) -> Result<Level<'_>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let level = parser.deserialize_any(LevelVisitor)?;
    parser.end()?;
    Ok(level)
}

/// Looks two levels into an array; one level into anything else.
///
/// # Errors
/// When it is not JSON.
pub fn levels(text: &str) -> Result<Vec<Level<'_>>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct All<'a>(#[serde(borrow)] Vec<Level<'a>>);
    serde_json::from_str::<All<'_>>(text).map(|all| all.0)
}

impl<'de: 'a, 'a> Deserialize<'de> for Level<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LevelVisitor)
    }
}

struct LevelVisitor;

impl<'de> Visitor<'de> for LevelVisitor {
    type Value = Level<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value::<&'de RawValue>()?));
        }
        Ok(Level::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = vec![];
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            items.push(item);
        }
        Ok(Level::Array(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Level::Scalar)
    }
}

/// A text, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The members of an object; `None` for anything else.
pub fn members(raw: &RawValue) -> Option<Vec<Member<'_>>> {
    if !raw.get().starts_with('{') {
        return None;
    }
    match level(raw.get()) {
        Ok(Level::Object(members)) => Some(members),
        _ => None,
    }
}

/// The items of an array; `None` for anything else.
pub fn items(raw: &RawValue) -> Option<Vec<&RawValue>> {
    if !raw.get().starts_with('[') {
        return None;
    }
    match level(raw.get()) {
        Ok(Level::Array(items)) => Some(items),
        _ => None,
    }
}

/// A text value; `None` for anything else.
pub fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(text).ok().map(Cow::Owned)
}

/// The texts of a text or an array of texts; `None` for anything else.
pub fn strings(raw: &RawValue) -> Option<Vec<Cow<'_, str>>> {
    match string(raw) {
        Some(one) => Some(vec![one]),
        None => items(raw)?.into_iter().map(string).collect(),
    }
}

/// Whether the value is `null`.
pub fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// The value without blanks between its parts.
pub fn compact(raw: &RawValue) -> Json {
    let text = raw.get();
    let Some(first) = next_blank(text.as_bytes(), 0) else {
        return raw.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let (mut from, mut blank) = (0, Some(first));
    while let Some(at) = blank {
        out.push_str(&text[from..at]);
        from = at + 1;
        blank = next_blank(text.as_bytes(), from);
    }
    out.push_str(&text[from..]);
    // Blanks between parts mean nothing, so what is left is the same JSON.
    RawValue::from_string(out).unwrap_or_else(|_| raw.to_owned())
}

/// The next blank outside of texts; `from` is outside.
fn next_blank(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            b' ' | b'\n' | b'\r' | b'\t' => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// JSON of a value that serde can write.
pub fn raw(value: &impl serde::Serialize) -> Json {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
