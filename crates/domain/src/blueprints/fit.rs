//! Does it suit this city: what it must have, and how like the cities it is where it worked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::objects::{Kind, Need, ObjectId};
use crate::services::Texts;

/// What a blueprint asks of a city.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Without these it does not work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Of the cities where it was measured to work.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub worked_for: BTreeMap<Attribute, Range>,
}

crate::word_enum!(
    /// What a city says of itself.
    Attribute {
        Population = "population",
        DensityPerKm2 = "density_per_km2",
        AreaKm2 = "area_km2",
        Districts = "districts",
        Islands = "islands",
        /// Whether it lies on the sea.
        Coastal = "coastal",
        /// `kecil`, `sedang`, `besar`, `metropolitan` (PP 26/2008).
        Class = "class",
    }
);

/// From a number to a number, both within.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub least: f64,
    pub most: f64,
}

/// One hard requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Requirement {
    /// The city is so.
    Profile {
        attribute: Attribute,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        equals: Option<Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        least: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<f64>,
        why: Texts,
    },
    /// The city has it.
    Has {
        what: Thing,
        /// Its code; of a type of entities the expanded name.
        code: String,
        why: Texts,
        /// What could stand in for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<Texts>,
    },
}

crate::word_enum!(
    /// What a city may have.
    Thing {
        /// Entities of a type: something sends them.
        EntityType = "entity_type",
        Service = "service",
        Team = "team",
        Role = "role",
    }
);

/// What is known of a city besides its objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub profile: BTreeMap<Attribute, Value>,
    /// Expanded names of the types of entities that the city has.
    pub types: BTreeSet<String>,
    pub roles: BTreeSet<String>,
    pub areas: BTreeSet<String>,
}

/// Whether a requirement is met; `None` when the city does not say.
pub fn met(requirement: &Requirement, facts: &Facts, tree: &super::Tree) -> Option<bool> {
    match requirement {
        Requirement::Profile {
            attribute,
            equals,
            least,
            most,
            ..
        } => {
            let value = facts.profile.get(attribute)?;
            let within = |number: f64| {
                least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
            };
            let bounded = least.is_none() && most.is_none() || value.as_f64().is_some_and(within);
            let same = |wanted: &Value| {
                super::objects::plain(wanted.clone()) == super::objects::plain(value.clone())
            };
            Some(bounded && equals.as_ref().is_none_or(same))
        }
        Requirement::Has { what, code, .. } => Some(match what {
            Thing::EntityType => facts.types.contains(code),
            Thing::Role => facts.roles.contains(code),
            Thing::Service => tree.get(&ObjectId::new(Kind::Service, code)).is_some(),
            Thing::Team => tree.get(&ObjectId::new(Kind::Team, code)).is_some(),
        }),
    }
}

impl Requirement {
    /// What a city that meets it has.
    pub fn gives(&self) -> Option<Need> {
        let Self::Has { what, code, .. } = self else {
            return None;
        };
        Some(match what {
            Thing::EntityType => Need::Type(code.clone()),
            Thing::Role => Need::Role(code.clone()),
            Thing::Service => Need::Object(ObjectId::new(Kind::Service, code)),
            Thing::Team => Need::Object(ObjectId::new(Kind::Team, code)),
        })
    }

    /// Whether it asks for anything.
    pub fn is_empty(&self) -> bool {
        matches!(
            self,
            Self::Profile {
                equals: None,
                least: None,
                most: None,
                ..
            }
        )
    }

    pub(super) fn texts(&self) -> Vec<&Texts> {
        match self {
            Self::Profile { why, .. } => vec![why],
            Self::Has { why, instead, .. } => [Some(why), instead.as_ref()]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}
