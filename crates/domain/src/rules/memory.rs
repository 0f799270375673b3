//! What the rules know while they run, and what of it is kept.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::watch::Heard;
use super::{Engine, Watch, seconds};
use crate::entities::Iri;
use crate::time::Timestamp;

/// Samples that a rate of rise is measured over; in a denser series the newest replaces the one before.
const MOST_SAMPLES: usize = 256;

/// A rule and what it watches.
pub(super) type Key = (usize, Iri);

/// What the rules know. Everything that is normal is left out.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) watches: HashMap<Key, Watch>,
    /// The newest of each series; what is older comes late and changes nothing.
    pub(super) last: HashMap<(Iri, Iri), Heard>,
    pub(super) samples: HashMap<Key, Vec<(Timestamp, f64)>>,
    pub(super) timers: BTreeSet<(Timestamp, usize, Iri)>,
    pub(super) due: HashMap<Key, Timestamp>,
    pub(super) dirty: HashSet<Key>,
}

/// What is kept of a watch that is not normal; `None` when it is normal again.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Code of the rule.
    pub rule: String,
    pub subject: Iri,
    pub watch: Option<Watch>,
}

impl Memory {
    /// Whose condition holds.
    pub(super) fn on(&self) -> impl Iterator<Item = &Key> {
        let on = self.watches.iter().filter(|(_, watch)| watch.is_on());
        on.map(|(key, _)| key)
    }

    pub(super) fn is_on(&self, key: &Key) -> bool {
        self.watches.get(key).is_some_and(Watch::is_on)
    }

    pub(super) fn put(&mut self, key: &Key, watch: Watch, due: Option<Timestamp>) {
        self.wake(key, due);
        if watch.is_normal() {
            if self.watches.remove(key).is_some() {
                self.dirty.insert(key.clone());
            }
        } else if self.watches.insert(key.clone(), watch) != Some(watch) {
            self.dirty.insert(key.clone());
        }
    }

    /// Sets or ends the timer of `key`.
    pub(super) fn wake(&mut self, key: &Key, due: Option<Timestamp>) {
        let old = match due {
            Some(due) => self.due.insert(key.clone(), due),
            None => self.due.remove(key),
        };
        if let Some(old) = old {
            self.timers.remove(&(old, key.0, Arc::clone(&key.1)));
        }
        if let Some(due) = due {
            self.timers.insert((due, key.0, Arc::clone(&key.1)));
        }
    }

    /// What changed since it was last taken, to be kept.
    pub fn take_dirty(&mut self, engine: &Engine) -> Vec<Kept> {
        let mut keys: Vec<Key> = self.dirty.drain().collect();
        keys.sort();
        let kept = |key: Key| Kept {
            rule: engine.code(key.0).to_owned(),
            watch: self.watches.get(&key).copied(),
            subject: key.1,
        };
        keys.into_iter().map(kept).collect()
    }
}

/// Adds to the samples of a rate of rise what was so `at`, and forgets what is before its window.
pub(super) fn add_sample(
    samples: &mut Vec<(Timestamp, f64)>,
    at: Timestamp,
    value: f64,
    over_s: u32,
) {
    let span = seconds(over_s);
    // The newest one that is older than the window stays: the window begins at it.
    let inside = samples.partition_point(|(old, _)| at.since(*old) > span);
    samples.drain(..inside.saturating_sub(1));
    let dense = samples.len() >= MOST_SAMPLES;
    match samples.last_mut() {
        Some(last) if dense || last.0 == at => *last = (at, value),
        _ => samples.push((at, value)),
    }
}
