//! What may be asked of an entity, and the effects that the journal keeps.
//!
//! A command names members that may be absent or null; the effect that it has on the present entity is complete and is
//! what the journal keeps. Applying the same effects in the same order gives the same entities.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Attribute, Entity, Iri, Value, micros};
use crate::time::Timestamp;

/// In JSON-LD a null removes the member before anybody sees it, so the standard has a word for it (section 4.5.0).
pub const NULL: &str = "urn:ngsi-ld:null";
/// Attributes of one entity, counting every instance.
pub const MOST_ATTRIBUTES: usize = 1_000;

/// A member that a client left out, took away, or gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Given<T> {
    #[default]
    Absent,
    Null,
    Is(T),
}

impl<T> Given<T> {
    /// The value, when there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    pub(super) fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Absent => old,
            Self::Null => None,
            Self::Is(value) => Some(value),
        }
    }
}

impl<T> From<T> for Given<T> {
    fn from(value: T) -> Self {
        Self::Is(value)
    }
}

/// An attribute as a client gave it. A value that is [`Given::Null`] takes the attribute away.
#[derive(Clone, Debug)]
pub struct Patch {
    pub name: Iri,
    pub dataset: Option<Iri>,
    pub value: Given<Value>,
    pub observed_at: Given<Timestamp>,
    pub expires_at: Given<Timestamp>,
    pub unit_code: Given<Iri>,
    pub parts: Vec<Patch>,
}

impl Patch {
    /// An attribute of which nothing but its value is said.
    pub fn new(name: impl Into<Iri>, value: impl Into<Given<Value>>) -> Self {
        Self {
            name: name.into(),
            dataset: None,
            value: value.into(),
            observed_at: Given::Absent,
            expires_at: Given::Absent,
            unit_code: Given::Absent,
            parts: vec![],
        }
    }
}

/// An entity, or a part of one, as a client gave it.
#[derive(Clone, Debug)]
pub struct Fragment {
    pub id: Iri,
    pub types: Vec<Iri>,
    pub scopes: Given<Vec<Iri>>,
    pub expires_at: Given<Timestamp>,
    pub attributes: Vec<Patch>,
}

/// Which instances of an attribute are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instances {
    /// The one without a dataset.
    Default,
    Dataset(Iri),
    All,
}

impl Instances {
    pub(super) fn include(&self, dataset: Option<&str>) -> bool {
        match self {
            Self::Default => dataset.is_none(),
            Self::Dataset(wanted) => dataset == Some(&**wanted),
            Self::All => true,
        }
    }
}

/// What a client asks for. The sections are those of ETSI GS CIM 009.
#[derive(Clone, Debug)]
pub enum Command {
    /// 5.6.1: refused when there is one already.
    Create(Fragment),
    /// 5.6.18: refused when there is none.
    Replace(Fragment),
    /// 5.6.8: created, or replaced.
    Upsert(Fragment),
    /// 5.6.8 with `options=update`, and everything that devices say: created, or appended to.
    Record(Fragment),
    /// 5.6.3: attributes are added; those that exist are replaced, or left when `overwrite` is false.
    Append { fragment: Fragment, overwrite: bool },
    /// 5.6.2: attributes that exist are replaced, others are added. A scope is replaced only where there is one.
    Update(Fragment),
    /// 5.6.17: merged member by member.
    Merge(Fragment),
    /// 5.6.4: the given members of one attribute.
    UpdateAttribute { id: Iri, patch: Patch },
    /// 5.6.19: one attribute as a whole.
    ReplaceAttribute { id: Iri, patch: Patch },
    /// 5.6.5.
    DeleteAttribute {
        id: Iri,
        name: Iri,
        instances: Instances,
    },
    /// 5.6.6.
    Delete { id: Iri },
    /// What [`Entity::expires_at`] announces.
    Expire { id: Iri },
    /// 5.6.11 to 5.6.16: an edit of the past. Whether there is such a history is for the caller to know.
    EditPast { id: Iri, edit: Past },
}

impl Command {
    /// The entity that is meant.
    pub fn id(&self) -> &Iri {
        match self {
            Self::Create(fragment)
            | Self::Replace(fragment)
            | Self::Upsert(fragment)
            | Self::Record(fragment)
            | Self::Append { fragment, .. }
            | Self::Update(fragment)
            | Self::Merge(fragment) => &fragment.id,
            Self::UpdateAttribute { id, .. }
            | Self::ReplaceAttribute { id, .. }
            | Self::DeleteAttribute { id, .. }
            | Self::Delete { id }
            | Self::Expire { id }
            | Self::EditPast { id, .. } => id,
        }
    }

    /// When the newest of its values was observed; `None` when the client does not say.
    pub fn observed_at(&self) -> Option<Timestamp> {
        let patches = match self {
            Self::Create(fragment)
            | Self::Replace(fragment)
            | Self::Upsert(fragment)
            | Self::Record(fragment)
            | Self::Append { fragment, .. }
            | Self::Update(fragment)
            | Self::Merge(fragment) => &fragment.attributes[..],
            Self::UpdateAttribute { patch, .. } | Self::ReplaceAttribute { patch, .. } => {
                std::slice::from_ref(patch)
            }
            // The past is what it is.
            Self::DeleteAttribute { .. }
            | Self::Delete { .. }
            | Self::Expire { .. }
            | Self::EditPast { .. } => &[],
        };
        let observed = |patch: &Patch| match patch.observed_at {
            Given::Is(at) => Some(at),
            Given::Absent | Given::Null => None,
        };
        patches.iter().filter_map(observed).max()
    }
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    /// `not_updated` are the names that were refused, each once.
    Updated {
        updated: Vec<Iri>,
        not_updated: Vec<Iri>,
    },
    Deleted,
}

/// Why a command did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the entity exists already")]
    AlreadyExists,
    #[error("there is no such entity")]
    NotFound,
    #[error("the entity has no such attribute")]
    AttributeNotFound(Iri),
    #[error("the attribute has no value")]
    NoValue(Iri),
    #[error("the entity has no type")]
    NoType,
    #[error("the attribute is of another kind")]
    OtherKind(Iri),
    #[error("more than {MOST_ATTRIBUTES} attributes")]
    TooMany,
}

/// One change of one entity, complete: what the journal keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Effect {
    /// The entity is now this.
    #[serde(rename = "put")]
    Put(Arc<Entity>),
    /// These instances are now this, or gone; the rest is as it was.
    #[serde(rename = "set")]
    Set(Set),
    #[serde(rename = "del")]
    Delete {
        id: Iri,
        /// What it was, for those who are told.
        #[serde(rename = "t")]
        types: Vec<Iri>,
        #[serde(with = "micros")]
        at: Timestamp,
        /// As it was, for those who look at its earlier changes only now.
        #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
        last: Option<Arc<Entity>>,
    },
    /// History is edited; the present is as it was.
    #[serde(rename = "past")]
    Past {
        id: Iri,
        #[serde(with = "micros")]
        at: Timestamp,
        edit: Past,
    },
}

/// An edit of what an entity was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Past {
    /// Instances are added; the entity has a history from now on.
    #[serde(rename = "add")]
    Add {
        types: Vec<Iri>,
        scopes: Vec<Iri>,
        instances: Vec<PastInstance>,
    },
    /// One instance is now this.
    #[serde(rename = "correct")]
    Correct(PastInstance),
    /// All of one attribute, of one dataset (`Some(None)`: the default one), or one instance.
    #[serde(rename = "forget")]
    Forget {
        name: Iri,
        dataset: Option<Option<Iri>>,
        instance: Option<Iri>,
    },
    /// The whole history.
    #[serde(rename = "forget_all")]
    ForgetAll,
}

/// What an attribute was at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PastInstance {
    /// `instanceId`.
    pub id: Option<Iri>,
    pub attribute: Attribute,
}

/// See [`Effect::Set`]. `None` means: as it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Set {
    pub id: Iri,
    #[serde(with = "micros")]
    pub at: Timestamp,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<Iri>>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Iri>>,
    /// Microseconds; the inner `None` takes the end away.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Option<i64>>,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Arc<Attribute>>,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Arc<Attribute>>,
}

impl Set {
    pub(super) fn new(id: Iri, at: Timestamp) -> Self {
        Self {
            id,
            at,
            types: None,
            scopes: None,
            expires_at: None,
            attributes: vec![],
            removed: vec![],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.types.is_none()
            && self.scopes.is_none()
            && self.expires_at.is_none()
            && self.attributes.is_empty()
            && self.removed.is_empty()
    }
}

impl Effect {
    /// The entity that changes.
    pub fn id(&self) -> &Iri {
        match self {
            Self::Put(entity) => &entity.id,
            Self::Set(set) => &set.id,
            Self::Delete { id, .. } | Self::Past { id, .. } => id,
        }
    }

    /// Whether the entity itself is another after it, not only its history.
    pub fn changes_present(&self) -> bool {
        !matches!(self, Self::Past { .. })
    }

    /// When the city wrote it.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Put(entity) => entity.modified_at,
            Self::Set(set) => set.at,
            Self::Delete { at, .. } | Self::Past { at, .. } => *at,
        }
    }

    /// The attribute instances that now say something.
    pub fn written(&self) -> &[Arc<Attribute>] {
        match self {
            Self::Put(entity) => &entity.attributes,
            Self::Set(set) => &set.attributes,
            Self::Delete { .. } | Self::Past { .. } => &[],
        }
    }

    /// The attribute instances that are gone, as they were, apart from those of a deleted entity.
    pub fn removed(&self) -> &[Arc<Attribute>] {
        match self {
            Self::Set(set) => &set.removed,
            Self::Put(_) | Self::Delete { .. } | Self::Past { .. } => &[],
        }
    }

    /// The entity after this effect; `None` when it is gone.
    pub fn apply(&self, current: Option<&Arc<Entity>>) -> Option<Arc<Entity>> {
        match self {
            Self::Put(entity) => Some(Arc::clone(entity)),
            Self::Delete { .. } => None,
            Self::Past { .. } => current.cloned(),
            // A change of what is not there changes nothing: it was deleted by a later command of an earlier reader.
            Self::Set(set) => current.map(|entity| Arc::new(entity.with(set))),
        }
    }
}

impl Entity {
    fn with(&self, set: &Set) -> Self {
        let mut entity = self.clone();
        entity.modified_at = set.at;
        if let Some(types) = &set.types {
            entity.types.clone_from(types);
        }
        if let Some(scopes) = &set.scopes {
            entity.scopes.clone_from(scopes);
        }
        if let Some(expires_at) = set.expires_at {
            entity.expires_at = expires_at.map(Timestamp::from_micros);
        }
        entity.attributes.retain(|one| {
            !set.removed
                .iter()
                .any(|gone| one.is(&gone.name, gone.dataset.as_deref()))
        });
        for attribute in &set.attributes {
            let place = entity
                .attributes
                .iter_mut()
                .find(|one| one.is(&attribute.name, attribute.dataset.as_deref()));
            match place {
                Some(place) => *place = Arc::clone(attribute),
                None => entity.attributes.push(Arc::clone(attribute)),
            }
        }
        entity
    }
}
