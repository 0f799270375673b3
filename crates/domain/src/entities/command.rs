//! What may be asked of an entity, and what becomes of it.
//!
//! A command names members that may be absent or null; the effect that it has on the present entity is complete and is
//! what the journal keeps. Applying the same effects in the same order gives the same entities.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Tree;
use serde_json::value::to_raw_value;

use super::{Attribute, Entity, Iri, Json, Value, micros};
use crate::time::Timestamp;

/// In JSON-LD a null removes the member before anybody sees it, so the standard has a word for it (section 4.5.0).
pub const NULL: &str = "urn:ngsi-ld:null";
/// The expanded name of the member `scope`.
const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";
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

    fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Absent => old,
            Self::Null => None,
            Self::Is(value) => Some(value),
        }
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
    fn include(&self, dataset: Option<&str>) -> bool {
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
        #[serde(with = "micros")]
        at: Timestamp,
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
    pub removed: Vec<(Iri, Option<Iri>)>,
}

impl Set {
    fn new(id: Iri, at: Timestamp) -> Self {
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

    fn is_empty(&self) -> bool {
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

    /// The attribute instances that are gone, apart from those of a deleted entity.
    pub fn removed(&self) -> &[(Iri, Option<Iri>)] {
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
                .any(|(name, dataset)| one.is(name, dataset.as_deref()))
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

/// What `command` does to the entity as it is now, and what to tell the client. No effect means that nothing changes.
///
/// # Errors
/// When the command cannot be done; nothing changes.
pub fn decide(
    current: Option<&Entity>,
    command: Command,
    now: Timestamp,
) -> Result<(Option<Effect>, Outcome), Refusal> {
    match (command, current) {
        (Command::Create(_), Some(_)) => Err(Refusal::AlreadyExists),
        (
            Command::Create(fragment) | Command::Upsert(fragment) | Command::Record(fragment),
            None,
        ) => created(fragment, now),
        (Command::Upsert(fragment) | Command::Replace(fragment), Some(entity)) => {
            replaced(entity, fragment, now)
        }
        (Command::Record(fragment), Some(entity)) => appended(entity, fragment, true, now),
        (
            Command::Append {
                fragment,
                overwrite,
            },
            Some(entity),
        ) => appended(entity, fragment, overwrite, now),
        (Command::Update(fragment), Some(entity)) => updated(entity, fragment, now),
        (Command::Merge(fragment), Some(entity)) => merged(entity, fragment, now),
        (Command::UpdateAttribute { id, patch }, Some(entity)) => {
            attribute_updated(entity, id, patch, now)
        }
        (Command::ReplaceAttribute { id, patch }, Some(entity)) => {
            attribute_replaced(entity, id, patch, now)
        }
        (
            Command::DeleteAttribute {
                id,
                name,
                instances,
            },
            Some(entity),
        ) => attribute_deleted(entity, id, name, &instances, now),
        (Command::Delete { id }, Some(_)) => {
            Ok((Some(Effect::Delete { id, at: now }), Outcome::Deleted))
        }
        (Command::Expire { id }, Some(entity)) => Ok((
            entity
                .expires_at
                .is_some_and(|end| end <= now)
                .then_some(Effect::Delete { id, at: now }),
            Outcome::Deleted,
        )),
        (Command::EditPast { id, edit }, _) => {
            let effect = Effect::Past { id, at: now, edit };
            Ok((Some(effect), Outcome::Created))
        }
        (_, None) => Err(Refusal::NotFound),
    }
}

type Decision = Result<(Option<Effect>, Outcome), Refusal>;

fn created(fragment: Fragment, now: Timestamp) -> Decision {
    let entity = whole(fragment, None, now)?;
    Ok((Some(Effect::Put(Arc::new(entity))), Outcome::Created))
}

fn replaced(old: &Entity, mut fragment: Fragment, now: Timestamp) -> Decision {
    if fragment.types.is_empty() {
        fragment.types.clone_from(&old.types);
    }
    let entity = whole(fragment, Some(old), now)?;
    let outcome = Outcome::Updated {
        updated: names(&entity.attributes),
        not_updated: vec![],
    };
    Ok((Some(Effect::Put(Arc::new(entity))), outcome))
}

fn whole(fragment: Fragment, old: Option<&Entity>, now: Timestamp) -> Result<Entity, Refusal> {
    if fragment.types.is_empty() {
        return Err(Refusal::NoType);
    }
    if fragment.attributes.len() > MOST_ATTRIBUTES {
        return Err(Refusal::TooMany);
    }
    let attributes = fragment
        .attributes
        .into_iter()
        .filter(|patch| patch.value != Given::Null)
        .map(|patch| {
            let before = old.and_then(|old| old.instance(&patch.name, patch.dataset.as_deref()));
            Ok(Arc::new(patch.complete(before, now)?))
        })
        .collect::<Result<_, Refusal>>()?;
    Ok(Entity {
        id: fragment.id,
        types: fragment.types,
        scopes: fragment.scopes.value().unwrap_or_default(),
        created_at: old.map_or(now, |old| old.created_at),
        modified_at: now,
        expires_at: fragment.expires_at.value(),
        attributes,
    })
}

fn appended(entity: &Entity, fragment: Fragment, overwrite: bool, now: Timestamp) -> Decision {
    let mut writing = Writing::new(entity, now);
    writing.heading(
        fragment.types,
        fragment.scopes,
        fragment.expires_at,
        overwrite,
    );
    for patch in fragment.attributes {
        let old = entity.instance(&patch.name, patch.dataset.as_deref());
        match (old, &patch.value) {
            (Some(_), _) if !overwrite => writing.refuse(patch.name),
            (Some(_), Given::Null) => writing.remove(patch.name, patch.dataset),
            (None, Given::Null) => writing.refuse(patch.name),
            (old, _) => writing.put(patch.complete(old, now)?),
        }
    }
    writing.done()
}

fn updated(entity: &Entity, mut fragment: Fragment, now: Timestamp) -> Decision {
    let mut writing = Writing::new(entity, now);
    if entity.scopes.is_empty() && fragment.scopes != Given::Absent {
        fragment.scopes = Given::Absent;
        writing.refuse(SCOPE.into());
    }
    writing.heading(fragment.types, fragment.scopes, fragment.expires_at, true);
    for patch in fragment.attributes {
        let old = entity.instance(&patch.name, patch.dataset.as_deref());
        match (old, &patch.value) {
            (None, Given::Null) => writing.refuse(patch.name),
            (Some(_), Given::Null) => writing.remove(patch.name, patch.dataset),
            (old, _) => writing.put(patch.complete(old, now)?),
        }
    }
    writing.done()
}

fn merged(entity: &Entity, fragment: Fragment, now: Timestamp) -> Decision {
    let mut writing = Writing::new(entity, now);
    writing.heading(fragment.types, fragment.scopes, fragment.expires_at, true);
    for patch in fragment.attributes {
        match (
            entity.instance(&patch.name, patch.dataset.as_deref()),
            &patch.value,
        ) {
            (None, Given::Null) => {}
            (Some(_), Given::Null) => writing.remove(patch.name, patch.dataset),
            (None, _) => writing.put(patch.complete(None, now)?),
            (Some(old), _) => writing.put(patch.over(old, now, true)?),
        }
    }
    writing.done()
}

fn attribute_updated(entity: &Entity, id: Iri, patch: Patch, now: Timestamp) -> Decision {
    let Some(old) = entity.instance(&patch.name, patch.dataset.as_deref()) else {
        return Err(Refusal::AttributeNotFound(patch.name));
    };
    if patch.value == Given::Null {
        let instances = patch.dataset.map_or(Instances::Default, Instances::Dataset);
        return attribute_deleted(entity, id, patch.name, &instances, now);
    }
    if let Given::Is(value) = &patch.value
        && value.kind() != old.value.kind()
    {
        return Err(Refusal::OtherKind(patch.name));
    }
    let mut writing = Writing::new(entity, now);
    writing.put(patch.over(old, now, false)?);
    writing.done()
}

fn attribute_replaced(entity: &Entity, _id: Iri, patch: Patch, now: Timestamp) -> Decision {
    let Some(old) = entity.instance(&patch.name, patch.dataset.as_deref()) else {
        return Err(Refusal::AttributeNotFound(patch.name));
    };
    let mut writing = Writing::new(entity, now);
    writing.put(patch.complete(Some(old), now)?);
    writing.done()
}

fn attribute_deleted(
    entity: &Entity,
    _id: Iri,
    name: Iri,
    instances: &Instances,
    now: Timestamp,
) -> Decision {
    let mut writing = Writing::new(entity, now);
    for one in entity.instances(&name) {
        if instances.include(one.dataset.as_deref()) {
            writing.remove(Arc::clone(&name), one.dataset.clone());
        }
    }
    if writing.set.removed.is_empty() {
        return Err(Refusal::AttributeNotFound(name));
    }
    writing.done()
}

/// An effect on one entity while it is put together.
struct Writing<'a> {
    entity: &'a Entity,
    set: Set,
    updated: Vec<Iri>,
    not_updated: Vec<Iri>,
}

impl<'a> Writing<'a> {
    fn new(entity: &'a Entity, now: Timestamp) -> Self {
        Self {
            entity,
            set: Set::new(Arc::clone(&entity.id), now),
            updated: vec![],
            not_updated: vec![],
        }
    }

    /// Types are only ever added (section 5.6.3); scopes are replaced, or added to when `overwrite` is false.
    fn heading(
        &mut self,
        types: Vec<Iri>,
        scopes: Given<Vec<Iri>>,
        expires_at: Given<Timestamp>,
        overwrite: bool,
    ) {
        let added: Vec<Iri> = types
            .into_iter()
            .filter(|one| !self.entity.has_type(one))
            .collect();
        if !added.is_empty() {
            self.set.types = Some([self.entity.types.clone(), added].concat());
        }
        match scopes {
            Given::Absent => {}
            Given::Null => self.set.scopes = Some(vec![]),
            Given::Is(scopes) if overwrite => self.set.scopes = Some(scopes),
            Given::Is(scopes) => {
                let mut all = self.entity.scopes.clone();
                all.extend(
                    scopes
                        .into_iter()
                        .filter(|one| !self.entity.scopes.contains(one)),
                );
                self.set.scopes = Some(all);
            }
        }
        match expires_at {
            Given::Absent => {}
            Given::Null => self.set.expires_at = Some(None),
            Given::Is(at) => self.set.expires_at = Some(Some(at.micros())),
        }
    }

    fn put(&mut self, attribute: Attribute) {
        once(&mut self.updated, Arc::clone(&attribute.name));
        self.set.attributes.push(Arc::new(attribute));
    }

    fn remove(&mut self, name: Iri, dataset: Option<Iri>) {
        once(&mut self.updated, Arc::clone(&name));
        self.set.removed.push((name, dataset));
    }

    fn refuse(&mut self, name: Iri) {
        once(&mut self.not_updated, name);
    }

    fn done(self) -> Decision {
        if self.entity.attributes.len() + self.set.attributes.len() > 2 * MOST_ATTRIBUTES {
            return Err(Refusal::TooMany);
        }
        let outcome = Outcome::Updated {
            updated: self.updated,
            not_updated: self.not_updated,
        };
        Ok((
            (!self.set.is_empty()).then_some(Effect::Set(self.set)),
            outcome,
        ))
    }
}

fn once(names: &mut Vec<Iri>, name: Iri) {
    if !names.contains(&name) {
        names.push(name);
    }
}

fn names(attributes: &[Arc<Attribute>]) -> Vec<Iri> {
    let mut found = vec![];
    for attribute in attributes {
        once(&mut found, Arc::clone(&attribute.name));
    }
    found
}

impl Patch {
    /// The attribute that this is, standing alone or in the place of `old`.
    ///
    /// # Errors
    /// When it has no value.
    pub fn complete(self, old: Option<&Attribute>, now: Timestamp) -> Result<Attribute, Refusal> {
        let Given::Is(value) = self.value else {
            return Err(Refusal::NoValue(self.name));
        };
        let parts = self
            .parts
            .into_iter()
            .filter(|part| part.value != Given::Null)
            .map(|part| {
                let before = old.and_then(|old| old.part(&part.name));
                part.complete(before, now)
            })
            .collect::<Result<_, Refusal>>()?;
        Ok(Attribute {
            name: self.name,
            dataset: self.dataset,
            value,
            observed_at: self.observed_at.value(),
            created_at: old.map_or(now, |old| old.created_at),
            modified_at: now,
            expires_at: self.expires_at.value(),
            unit_code: self.unit_code.value(),
            parts,
        })
    }

    /// `old` with the members given here; with `deep` a value that is an object is merged as well (RFC 7396).
    ///
    /// # Errors
    /// When a new part has no value.
    pub fn over(self, old: &Attribute, now: Timestamp, deep: bool) -> Result<Attribute, Refusal> {
        let value = match self.value {
            Given::Absent | Given::Null => old.value.clone(),
            Given::Is(value) if deep => merged_value(&old.value, value),
            Given::Is(value) => value,
        };
        let mut parts = old.parts.clone();
        for patch in self.parts {
            let place = parts
                .iter()
                .position(|part| part.is(&patch.name, patch.dataset.as_deref()));
            match (place, &patch.value) {
                (Some(place), Given::Null) => drop(parts.remove(place)),
                (Some(place), _) => parts[place] = patch.over(&parts[place], now, deep)?,
                (None, Given::Null) => {}
                (None, _) => parts.push(patch.complete(None, now)?),
            }
        }
        Ok(Attribute {
            name: self.name,
            dataset: self.dataset,
            value,
            observed_at: self.observed_at.over(old.observed_at),
            created_at: old.created_at,
            modified_at: now,
            expires_at: self.expires_at.over(old.expires_at),
            unit_code: self.unit_code.over(old.unit_code.clone()),
            parts,
        })
    }
}

fn merged_value(old: &Value, new: Value) -> Value {
    match (old, new) {
        (Value::Property(old), Value::Property(new)) => Value::Property(merged_json(old, new)),
        (Value::LanguageProperty(old), Value::LanguageProperty(new)) => {
            Value::LanguageProperty(merged_json(old, new))
        }
        (_, new) => new,
    }
}

fn merged_json(old: &Json, new: Json) -> Json {
    if !(old.get().starts_with('{') && new.get().starts_with('{')) {
        return new;
    }
    let (Ok(mut target), Ok(patch)) = (
        serde_json::from_str::<Tree>(old.get()),
        serde_json::from_str::<Tree>(new.get()),
    ) else {
        return new;
    };
    merge_tree(&mut target, patch);
    to_raw_value(&target).unwrap_or(new)
}

fn merge_tree(target: &mut Tree, patch: Tree) {
    match (target, patch) {
        (Tree::Object(target), Tree::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() || value.as_str() == Some(NULL) {
                    target.remove(&name);
                } else {
                    merge_tree(target.entry(name).or_insert(Tree::Null), value);
                }
            }
        }
        (target, patch) => *target = patch,
    }
}
