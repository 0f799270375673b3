//! What becomes of a command: the effect that it has on the entity as it is.

use std::sync::Arc;

use serde_json::Value as Tree;
use serde_json::value::to_raw_value;

use super::command::{
    Command, Effect, Fragment, Given, Instances, MOST_ATTRIBUTES, NULL, Outcome, Patch, Refusal,
    Set,
};
use super::{Attribute, Entity, Iri, Json, Value};
use crate::time::Timestamp;

/// The expanded name of the member `scope`.
const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";

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
        (Command::Delete { id }, Some(entity)) => {
            Ok((Some(deletion(entity, id, now)), Outcome::Deleted))
        }
        (Command::Expire { id }, Some(entity)) => Ok((
            entity
                .expires_at
                .is_some_and(|end| end <= now)
                .then(|| deletion(entity, id, now)),
            Outcome::Deleted,
        )),
        (Command::EditPast { id, edit }, _) => {
            let effect = Effect::Past { id, at: now, edit };
            Ok((Some(effect), Outcome::Created))
        }
        (_, None) => Err(Refusal::NotFound),
    }
}

fn deletion(entity: &Entity, id: Iri, at: Timestamp) -> Effect {
    Effect::Delete {
        id,
        types: entity.types.clone(),
        at,
        last: Some(Arc::new(entity.clone())),
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
        let mut all = self.entity.attributes.iter();
        if let Some(gone) = all.find(|one| one.is(&name, dataset.as_deref())) {
            self.set.removed.push(Arc::clone(gone));
        }
        once(&mut self.updated, name);
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
