//! The value of an attribute by its kind (ETSI GS CIM 009, sections 4.5.2, 4.5.3, 4.5.18 to 4.5.24).

use pendopo_domain::entities::command::{Given, NULL};
use pendopo_domain::entities::{Iri, Json, Value};
use serde_json::value::RawValue;

use super::attribute::geometry;
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::core_terms::NGSI_LD;
use crate::ngsi_ld::json;
use crate::ngsi_ld::names;
use crate::ngsi_ld::problem::Problem;

/// Objects of one Relationship.
const MOST_OBJECTS: usize = 10_000;

/// Kinds of attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Property,
    GeoProperty,
    Relationship,
    LanguageProperty,
    VocabProperty,
    JsonProperty,
    ListProperty,
    ListRelationship,
}

use Kind::{
    GeoProperty, JsonProperty, LanguageProperty, ListProperty, ListRelationship, Property,
    Relationship, VocabProperty,
};

const ALL: [Kind; 8] = [
    Property,
    GeoProperty,
    Relationship,
    LanguageProperty,
    VocabProperty,
    JsonProperty,
    ListProperty,
    ListRelationship,
];

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Property => "Property",
            GeoProperty => "GeoProperty",
            Relationship => "Relationship",
            LanguageProperty => "LanguageProperty",
            VocabProperty => "VocabProperty",
            JsonProperty => "JsonProperty",
            ListProperty => "ListProperty",
            ListRelationship => "ListRelationship",
        }
    }

    /// The member that holds the value.
    pub const fn member(self) -> &'static str {
        match self {
            Property | GeoProperty => "value",
            Relationship => "object",
            LanguageProperty => "languageMap",
            VocabProperty => "vocab",
            JsonProperty => "json",
            ListProperty => "valueList",
            ListRelationship => "objectList",
        }
    }

    /// The kind called `name`, as a term or written out.
    pub fn named(name: &str) -> Option<Self> {
        let name = name
            .strip_prefix(NGSI_LD)
            .or_else(|| name.strip_prefix("ngsi-ld:"))
            .unwrap_or(name);
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind whose value is in `member`; a Property for `value`.
    pub fn with_member(member: &str) -> Self {
        ALL.into_iter()
            .find(|kind| kind.member() == member)
            .unwrap_or(Property)
    }

    /// The value in its member.
    pub fn read(
        self,
        raw: &RawValue,
        object_type: Option<&RawValue>,
        context: &Context,
    ) -> Result<Given<Value>, Problem> {
        if raw.get().starts_with('"') && json::string(raw).is_some_and(|text| text == NULL) {
            return Ok(Given::Null);
        }
        Ok(Given::Is(match self {
            Property => Value::Property(plain(raw)?),
            GeoProperty => Value::GeoProperty(geometry(raw)?),
            Relationship => Value::Relationship {
                objects: objects(raw)?,
                many: raw.get().starts_with('['),
                object_types: object_types(object_type, context)?,
            },
            LanguageProperty => return language(raw),
            VocabProperty => Value::VocabProperty(vocab(raw, context)?),
            JsonProperty => Value::JsonProperty(plain(raw)?),
            ListProperty if raw.get().starts_with('[') => Value::ListProperty(plain(raw)?),
            ListProperty => return Err(Problem::bad("not an array")),
            ListRelationship => Value::ListRelationship {
                objects: listed(raw)?,
                object_types: object_types(object_type, context)?,
            },
        }))
    }
}

/// Any JSON, without blanks.
///
/// Half of a surrogate pair passes for JSON where a text is only skipped, but no one else could read it.
pub fn plain(raw: &RawValue) -> Result<Json, Problem> {
    let text = raw.get();
    if text.contains("\\u") && serde_json::from_str::<serde_json::Value>(text).is_err() {
        return Err(Problem::bad("a text is not Unicode"));
    }
    Ok(json::compact(raw))
}

fn objects(raw: &RawValue) -> Result<Vec<Iri>, Problem> {
    let texts = json::strings(raw)
        .filter(|texts| !texts.is_empty() && texts.len() <= MOST_OBJECTS)
        .ok_or_else(|| Problem::bad("neither an id nor an array of ids"))?;
    texts.iter().map(|text| names::id(text)).collect()
}

fn object_types(raw: Option<&RawValue>, context: &Context) -> Result<Vec<Iri>, Problem> {
    match raw {
        None => Ok(vec![]),
        Some(raw) => super::read_types(raw, context).map_err(|problem| problem.of("objectType")),
    }
}

/// The ids of an `objectList`, each bare or as `{"object": id}`.
fn listed(raw: &RawValue) -> Result<Vec<Iri>, Problem> {
    let wrong = || Problem::bad("not an array of ids");
    let items = json::items(raw).ok_or_else(wrong)?;
    if items.len() > MOST_OBJECTS {
        return Err(wrong());
    }
    let one = |item: &RawValue| {
        if let Some(text) = json::string(item) {
            return names::id(&text);
        }
        let members = json::members(item).ok_or_else(wrong)?;
        let [(name, raw)] = &*members else {
            return Err(wrong());
        };
        let text = json::string(raw).filter(|_| super::short(name) == "object");
        names::id(&text.ok_or_else(wrong)?)
    };
    items.into_iter().map(one).collect()
}

fn language(raw: &RawValue) -> Result<Given<Value>, Problem> {
    let wrong = || Problem::bad("not an object of texts by language");
    let members = json::members(raw).ok_or_else(wrong)?;
    if let [(tag, raw)] = &*members
        && tag == "@none"
        && json::string(raw).is_some_and(|text| text == NULL)
    {
        return Ok(Given::Null);
    }
    super::check_unique(&members)?;
    for (tag, raw) in &members {
        let fits = tag
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'@'));
        if !fits || tag.is_empty() || json::strings(raw).is_none() {
            return Err(wrong());
        }
    }
    Ok(Given::Is(Value::LanguageProperty(json::compact(raw))))
}

fn vocab(raw: &RawValue, context: &Context) -> Result<Json, Problem> {
    let wrong = || Problem::bad("neither a text nor an array of texts");
    let expand = |text: &str| {
        if text.is_empty() || text.len() > names::MOST_NAME_BYTES {
            return Err(wrong());
        }
        Ok(context.expand_name(text))
    };
    if let Some(text) = json::string(raw) {
        return Ok(json::raw(&expand(&text)?));
    }
    let texts = json::strings(raw)
        .filter(|texts| !texts.is_empty() && texts.len() <= MOST_OBJECTS)
        .ok_or_else(wrong)?;
    let all = texts.iter().map(|text| expand(text));
    Ok(json::raw(&all.collect::<Result<Vec<_>, _>>()?))
}
