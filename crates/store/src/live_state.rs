//! The entities of a city as they are now, in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pendopo_domain::entities::query::{Logic, Query};
use pendopo_domain::entities::{Effect, Entity, Iri};
use pendopo_domain::time::Timestamp;

use crate::journal::Position;
use crate::live_places::Places;

/// Entities of a type that are sooner looked at than sought by their place.
const FEW: usize = 1_000;

/// Entities by id, by type in the order of their ids, by place, and by the time at which they end.
#[derive(Default)]
pub struct State {
    slots: Vec<Option<Arc<Entity>>>,
    free: Vec<usize>,
    by_id: HashMap<Iri, usize>,
    by_type: HashMap<Iri, BTreeMap<Iri, usize>>,
    ending: BTreeSet<(Timestamp, Iri)>,
    places: Places,
    /// Everything up to here is in.
    pub(super) position: Position,
}

/// What a question found.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their ids.
    pub entities: Vec<Arc<Entity>>,
    /// How many there are in all, when that was asked.
    pub count: Option<usize>,
    /// Whether there are more after these.
    pub more: bool,
}

impl State {
    /// How many entities there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Everything up to here is in.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The entity called `id`.
    pub fn get(&self, id: &str) -> Option<&Arc<Entity>> {
        self.slots[*self.by_id.get(id)?].as_ref()
    }

    /// The types that there are, with how many entities have each, in alphabetical order.
    pub fn types(&self) -> Vec<(Iri, usize)> {
        let mut types: Vec<_> = self
            .by_type
            .iter()
            .map(|(name, ids)| (Arc::clone(name), ids.len()))
            .collect();
        types.sort();
        types
    }

    /// The entities that `query` means, from the `offset`-th on, at most `limit`.
    pub fn find(&self, query: &Query, offset: usize, limit: usize, count: bool) -> Found {
        let mut found = Found::default();
        let mut seen = 0;
        let mut take = |entity: &Arc<Entity>| {
            seen += 1;
            if seen > offset && found.entities.len() < limit {
                found.entities.push(Arc::clone(entity));
            } else if seen > offset {
                found.more = true;
            }
            count || !found.more
        };
        match self.candidates(query) {
            Some(slots) => {
                let held = slots.filter_map(|slot| self.slots[slot].as_ref());
                held.filter(|entity| query.holds(entity))
                    .take_while(|entity| take(entity))
                    .for_each(drop);
            }
            // Few are meant of all that there are: only those are put in order.
            None => {
                let held = self.slots.iter().flatten();
                let mut meant: Vec<_> = held.filter(|entity| query.holds(entity)).collect();
                meant.sort_unstable_by(|one, other| one.id.cmp(&other.id));
                meant
                    .into_iter()
                    .take_while(|entity| take(entity))
                    .for_each(drop);
            }
        }
        found.count = count.then_some(seen);
        found
    }

    /// Slots in the order of ids, of everything that may be meant. `None` when that is everything there is.
    fn candidates<'a>(&'a self, query: &'a Query) -> Option<Box<dyn Iterator<Item = usize> + 'a>> {
        if !query.ids.is_empty() {
            let ids: BTreeSet<&Iri> = query.ids.iter().collect();
            let slots = ids.into_iter().filter_map(|id| self.by_id.get(id).copied());
            return Some(Box::new(slots));
        }
        let few = match &query.types {
            Some(Logic::Is(name)) => self.by_type.get(name).map_or(0, BTreeMap::len) <= FEW,
            _ => false,
        };
        if let Some(near) = query.near.as_ref().filter(|_| !few)
            && let Some(slots) = self.places.candidates(near)
        {
            let held = slots
                .into_iter()
                .filter_map(|slot| Some((&self.slots[slot].as_ref()?.id, slot)));
            let mut held: Vec<(&Iri, usize)> = held.collect();
            held.sort_unstable();
            held.dedup();
            return Some(Box::new(held.into_iter().map(|(_, slot)| slot)));
        }
        Some(match query.types.as_ref()? {
            Logic::Is(name) => match self.by_type.get(name) {
                Some(ids) => Box::new(ids.values().copied()),
                None => Box::new(std::iter::empty()),
            },
            types => {
                let of_types = types
                    .terms()
                    .into_iter()
                    .filter_map(|name| self.by_type.get(name));
                let ids: BTreeMap<&Iri, usize> =
                    of_types.flatten().map(|(id, slot)| (id, *slot)).collect();
                Box::new(ids.into_values())
            }
        })
    }

    /// Entities whose end has come, at most `limit`.
    pub fn ended(&self, now: Timestamp, limit: usize) -> Vec<Iri> {
        let due = self.ending.iter().take_while(|(at, _)| *at <= now);
        due.take(limit).map(|(_, id)| Arc::clone(id)).collect()
    }

    /// Makes `entity` what there is under `id`.
    pub(super) fn place(&mut self, id: &Iri, entity: Option<Arc<Entity>>) {
        let slot = self.by_id.get(id).copied();
        let old = slot.and_then(|slot| self.slots[slot].clone());
        match (slot, entity) {
            (Some(slot), Some(new)) => {
                self.reindex(slot, old.as_deref(), Some(&new));
                self.slots[slot] = Some(new);
            }
            (None, Some(new)) => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(None);
                    self.slots.len() - 1
                });
                self.by_id.insert(Arc::clone(id), slot);
                self.reindex(slot, None, Some(&new));
                self.slots[slot] = Some(new);
            }
            (Some(slot), None) => {
                self.reindex(slot, old.as_deref(), None);
                self.slots[slot] = None;
                self.by_id.remove(id);
                self.free.push(slot);
            }
            (None, None) => {}
        }
    }

    fn reindex(&mut self, slot: usize, old: Option<&Entity>, new: Option<&Entity>) {
        self.places.replace(slot, old, new);
        let (before, after) = (old.map(|e| &e.types), new.map(|e| &e.types));
        if before != after {
            for (entity, name) in old.iter().flat_map(|e| e.types.iter().map(move |t| (e, t))) {
                if let Some(ids) = self.by_type.get_mut(name) {
                    ids.remove(&entity.id);
                    if ids.is_empty() {
                        self.by_type.remove(name);
                    }
                }
            }
            for (entity, name) in new.iter().flat_map(|e| e.types.iter().map(move |t| (e, t))) {
                let ids = self.by_type.entry(Arc::clone(name)).or_default();
                ids.insert(Arc::clone(&entity.id), slot);
            }
        }
        let end =
            |entity: Option<&Entity>| entity.and_then(|e| Some((e.expires_at?, Arc::clone(&e.id))));
        if let Some(end) = end(old) {
            self.ending.remove(&end);
        }
        if let Some(end) = end(new) {
            self.ending.insert(end);
        }
    }

    /// Applies what the journal has at `position`.
    pub(super) fn apply(&mut self, effects: &[Effect], position: Position) {
        for effect in effects {
            if effect.changes_present() {
                let after = effect.apply(self.get(effect.id()));
                self.place(effect.id(), after);
            }
        }
        self.position = position;
    }
}
