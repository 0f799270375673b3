//! Entities: what sensors and other systems tell the city, as NGSI-LD has it (ETSI GS CIM 009, section 4).
//!
//! Names are expanded IRIs; contexts and JSON-LD belong to the wire. A [`Command`] is what a client asks for,
//! [`decide`] turns it into the [`Effect`] that the journal keeps, [`Entity::apply`] applies an effect. All of it is
//! pure, so the state after a journal is the same wherever it is read.
//!
//! - [`Entity`], [`Attribute`], [`Value`]: the document
//! - [`aggregates`](mod@aggregates): many values in a few numbers
//! - [`command`]: what may be asked, and the effects that the journal keeps
//! - [`decide`]: what becomes of a command
//! - [`geometry`]: GeoJSON geometry as a value
//! - [`query`]: which entities a question means

pub mod aggregates;
pub mod command;
mod decide;
pub mod geometry;
pub mod query;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::time::Timestamp;
pub use command::{Command, Effect, Outcome, Patch, Refusal};
pub use decide::decide;
pub use geometry::Geometry;

/// An expanded name or an identifier, shared by all that use it.
pub type Iri = Arc<str>;

/// JSON text that is known to be well formed, without blanks.
pub type Json = Box<RawValue>;

/// One thing of the city with what is known about it now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entity {
    pub id: Iri,
    /// At least one.
    #[serde(rename = "t")]
    pub types: Vec<Iri>,
    /// Places in hierarchies of the city, each beginning with `/` (section 4.18).
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Iri>,
    #[serde(rename = "c", with = "micros")]
    pub created_at: Timestamp,
    #[serde(rename = "m", with = "micros")]
    pub modified_at: Timestamp,
    /// When it ends by itself (`expiresAt`).
    #[serde(
        rename = "x",
        with = "some_micros",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Timestamp>,
    /// No two with the same name and dataset.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Arc<Attribute>>,
}

/// A Property, Relationship or one of their kin, of an entity or of another attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attribute {
    #[serde(rename = "n")]
    pub name: Iri,
    /// Which of several values that stand beside each other; `None` is the default instance (section 4.5.5).
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Iri>,
    #[serde(rename = "v")]
    pub value: Value,
    /// When it was so in the world.
    #[serde(
        rename = "o",
        with = "some_micros",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub observed_at: Option<Timestamp>,
    /// When the city first had it.
    #[serde(rename = "c", with = "micros")]
    pub created_at: Timestamp,
    /// When the city last wrote it.
    #[serde(rename = "m", with = "micros")]
    pub modified_at: Timestamp,
    #[serde(
        rename = "x",
        with = "some_micros",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Timestamp>,
    /// UN/CEFACT code of the unit.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unit_code: Option<Iri>,
    /// Attributes of this attribute.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Attribute>,
}

/// What an attribute says, by its kind (section 4.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Value {
    #[serde(rename = "P")]
    Property(Json),
    #[serde(rename = "G")]
    GeoProperty(Geometry),
    /// The ids of the objects, and the types that the client says they have. `many` keeps a list of one a list.
    #[serde(rename = "R")]
    Relationship {
        #[serde(rename = "o")]
        objects: Vec<Iri>,
        #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
        many: bool,
        #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
        object_types: Vec<Iri>,
    },
    /// An object of texts by language tag.
    #[serde(rename = "L")]
    LanguageProperty(Json),
    /// One expanded IRI, or an array of them.
    #[serde(rename = "V")]
    VocabProperty(Json),
    /// JSON that no context touches.
    #[serde(rename = "J")]
    JsonProperty(Json),
    /// An ordered list of values.
    #[serde(rename = "l")]
    ListProperty(Json),
    /// An ordered list of ids.
    #[serde(rename = "r")]
    ListRelationship {
        #[serde(rename = "o")]
        objects: Vec<Iri>,
        #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
        object_types: Vec<Iri>,
    },
}

impl Value {
    /// The NGSI-LD name of the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Property(_) => "Property",
            Self::GeoProperty(_) => "GeoProperty",
            Self::Relationship { .. } => "Relationship",
            Self::LanguageProperty(_) => "LanguageProperty",
            Self::VocabProperty(_) => "VocabProperty",
            Self::JsonProperty(_) => "JsonProperty",
            Self::ListProperty(_) => "ListProperty",
            Self::ListRelationship { .. } => "ListRelationship",
        }
    }

    /// The number, when the value is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Property(json) if !json.get().starts_with(['"', '{', '[', 't', 'f', 'n']) => {
                json.get().parse().ok()
            }
            _ => None,
        }
    }
}

/// Two values are equal when they say the same in the same words; 1 and 1.0 are different texts.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Property(a), Self::Property(b))
            | (Self::LanguageProperty(a), Self::LanguageProperty(b))
            | (Self::VocabProperty(a), Self::VocabProperty(b))
            | (Self::JsonProperty(a), Self::JsonProperty(b))
            | (Self::ListProperty(a), Self::ListProperty(b)) => a.get() == b.get(),
            (Self::GeoProperty(a), Self::GeoProperty(b)) => a == b,
            (
                Self::Relationship {
                    objects,
                    many,
                    object_types,
                },
                Self::Relationship {
                    objects: o,
                    many: m,
                    object_types: t,
                },
            ) => objects == o && many == m && object_types == t,
            (
                Self::ListRelationship {
                    objects,
                    object_types,
                },
                Self::ListRelationship {
                    objects: o,
                    object_types: t,
                },
            ) => objects == o && object_types == t,
            _ => false,
        }
    }
}

impl Attribute {
    /// Whether it is the instance called `name` in `dataset`.
    pub fn is(&self, name: &str, dataset: Option<&str>) -> bool {
        &*self.name == name && self.dataset.as_deref() == dataset
    }

    /// The part called `name`; the default instance before others.
    pub fn part(&self, name: &str) -> Option<&Attribute> {
        default_first(self.parts.iter().filter(|one| &*one.name == name))
    }
}

fn default_first<'a>(mut named: impl Iterator<Item = &'a Attribute>) -> Option<&'a Attribute> {
    let first = named.next()?;
    if first.dataset.is_none() {
        return Some(first);
    }
    Some(named.find(|one| one.dataset.is_none()).unwrap_or(first))
}

impl Entity {
    /// The attribute called `name`; the default instance before others.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        default_first(self.instances(name))
    }

    /// All instances of the attribute called `name`.
    pub fn instances(&self, name: &str) -> impl Iterator<Item = &Attribute> {
        let attributes = self.attributes.iter().map(|one| &**one);
        attributes.filter(move |one| &*one.name == name)
    }

    /// The instance called `name` in `dataset`.
    pub fn instance(&self, name: &str, dataset: Option<&str>) -> Option<&Attribute> {
        let attributes = self.attributes.iter().map(|one| &**one);
        attributes.into_iter().find(|one| one.is(name, dataset))
    }

    /// Whether it is of type `name`.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.iter().any(|one| &**one == name)
    }

    /// The newest instant at which anything about it was observed.
    pub fn last_observed_at(&self) -> Option<Timestamp> {
        self.attributes
            .iter()
            .filter_map(|one| one.observed_at)
            .max()
    }
}

/// A time as whole microseconds, which is what both databases keep.
pub(crate) mod micros {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.micros())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Ok(Timestamp::from_micros(i64::deserialize(deserializer)?))
    }
}

pub(crate) mod some_micros {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::micros).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
    }
}
