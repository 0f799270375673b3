//! All rules of a city over what comes in.
//!
//! [`Engine`] is the rules, ready for use; [`Memory`] is what they know. Both are pure: the same readings in the same
//! order give the same [`Edge`]s, so whoever keeps [`Memory::take_dirty`] in the transaction that moves it past those
//! readings can be killed at any instant and goes on as if nothing had been.

use std::collections::HashMap;
use std::sync::Arc;

use super::expression::{Expression, Terms};
use super::look::{Present, Reading, Ready, Says};
use super::memory::{Key, Memory, add_sample};
use super::watch::Heard;
use super::{Condition, Delays, Edge, Kept, Rule, Turn, Watch, per_hour, seconds};
use crate::entities::{Entity, Iri};
use crate::time::Timestamp;

/// The rules of a city, ready for use.
#[derive(Debug, Default)]
pub struct Engine {
    pub(super) rules: Vec<Ready>,
    by_signal: HashMap<(Iri, Iri), Vec<usize>>,
}

impl Engine {
    /// Those of `rules` that are enabled and can be used; the codes of the others that cannot.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> (Self, Vec<String>) {
        let (mut engine, mut faulty) = (Self::default(), vec![]);
        for rule in rules {
            if rule.check().is_err() {
                faulty.push(rule.code);
                continue;
            }
            if !rule.enabled {
                continue;
            }
            let expression = match &rule.condition {
                Condition::Expression { cel, signals, .. } => {
                    Expression::compile(cel, signals.keys().map(String::as_str)).ok()
                }
                _ => None,
            };
            let number = engine.rules.len();
            for signal in rule.condition.signals() {
                let key = (Arc::clone(&signal.kind), Arc::clone(&signal.attribute));
                let watching = engine.by_signal.entry(key).or_default();
                if watching.last() != Some(&number) {
                    watching.push(number);
                }
            }
            engine.rules.push(Ready {
                rule: Arc::new(rule),
                expression,
            });
        }
        (engine, faulty)
    }

    /// The enabled rules.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().map(|ready| &ready.rule)
    }

    /// The code of the rule with this number.
    pub(super) fn code(&self, number: usize) -> &str {
        &self.rules[number].rule.code
    }

    /// Whether any rule looks at an attribute of this name of an entity of one of these types.
    pub fn watches(&self, types: &[Iri], attribute: &Iri) -> bool {
        self.watching(types, attribute).next().is_some()
    }

    fn watching<'a>(
        &'a self,
        types: &'a [Iri],
        attribute: &'a Iri,
    ) -> impl Iterator<Item = usize> + 'a {
        let found = types.iter().filter_map(|kind| {
            let key = (Arc::clone(kind), Arc::clone(attribute));
            self.by_signal.get(&key)
        });
        found.flatten().copied()
    }

    /// What is remembered from `kept`; rules that are no more are left out.
    pub fn remember(&self, kept: Vec<Kept>) -> Memory {
        let numbers: HashMap<&str, usize> = self
            .rules
            .iter()
            .enumerate()
            .map(|(number, ready)| (ready.rule.code.as_str(), number))
            .collect();
        let mut memory = Memory::default();
        for one in kept {
            if let (Some(number), Some(watch)) = (numbers.get(one.rule.as_str()), one.watch) {
                let key = (*number, one.subject);
                memory.put(&key, watch, self.due(&key, &watch));
                memory.dirty.remove(&key);
            }
        }
        memory
    }

    /// Begins to expect something of `entity`: from now on its silence is heard.
    pub fn expect(&self, memory: &mut Memory, entity: &Entity) {
        for attribute in entity.attributes.iter().filter(|one| one.dataset.is_none()) {
            let heard = Heard {
                at: attribute.observed_at.unwrap_or(attribute.modified_at),
                came_at: attribute.modified_at,
            };
            for number in self.watching(&entity.types, &attribute.name) {
                if let Condition::NoData { signal, after_s } = &self.rules[number].rule.condition
                    && signal.is_of(&entity.id, &entity.types, &attribute.name)
                {
                    let key = (number, Arc::clone(&entity.id));
                    if !memory.due.contains_key(&key) && !memory.watches.contains_key(&key) {
                        let due = heard.at.plus(seconds(*after_s));
                        memory.wake(&key, Some(heard.rings(due)));
                    }
                    let series = (Arc::clone(&entity.id), Arc::clone(&attribute.name));
                    memory.last.entry(series).or_insert(heard);
                }
            }
        }
    }

    /// The rate-of-rise series of this reading that are not known yet: over how many seconds they are measured.
    pub fn unknown_past(&self, memory: &Memory, reading: &Reading<'_>) -> Option<u32> {
        let of_rate = |number: usize| match &self.rules[number].rule.condition {
            Condition::RateOfRise { signal, over_s, .. }
                if signal.is_of(reading.id, reading.types, &reading.attribute.name) =>
            {
                let key = (number, Arc::clone(reading.id));
                (!memory.samples.contains_key(&key)).then_some(*over_s)
            }
            _ => None,
        };
        self.watching(reading.types, &reading.attribute.name)
            .filter_map(of_rate)
            .max()
    }

    /// Tells what a series was before `reading`, oldest first.
    pub fn tell_past(&self, memory: &mut Memory, reading: &Reading<'_>, past: &[(Timestamp, f64)]) {
        for number in self.watching(reading.types, &reading.attribute.name) {
            let Condition::RateOfRise { over_s, .. } = &self.rules[number].rule.condition else {
                continue;
            };
            let key = (number, Arc::clone(reading.id));
            memory.samples.entry(key).or_insert_with(|| {
                let mut samples = vec![];
                for (at, value) in past.iter().filter(|(at, _)| *at < reading.at) {
                    add_sample(&mut samples, *at, *value, *over_s);
                }
                samples
            });
        }
    }

    /// Looks at readings in the order in which they came.
    pub fn see(
        &self,
        memory: &mut Memory,
        readings: &[Reading<'_>],
        present: &dyn Present,
    ) -> Vec<Edge> {
        let mut edges = vec![];
        for reading in readings {
            let series = (Arc::clone(reading.id), Arc::clone(&reading.attribute.name));
            let heard = reading.heard();
            let last = memory.last.entry(series).or_insert(heard);
            if last.at > heard.at {
                continue;
            }
            *last = heard;
            let mut asked = vec![];
            for number in self.watching(reading.types, &reading.attribute.name) {
                self.look(memory, number, reading, present, &mut asked, &mut edges);
            }
            self.answer(memory, asked, heard, &mut edges);
        }
        edges
    }

    fn look(
        &self,
        memory: &mut Memory,
        number: usize,
        reading: &Reading<'_>,
        present: &dyn Present,
        asked: &mut Vec<(Key, Expression, Terms)>,
        edges: &mut Vec<Edge>,
    ) {
        let key = (number, Arc::clone(reading.id));
        let rate = |value, over_s| {
            let samples = memory.samples.entry(key.clone()).or_default();
            add_sample(samples, reading.at, value, over_s);
            per_hour(samples, over_s)
        };
        let heard = reading.heard();
        match self.rules[number].says(reading, present, rate) {
            None => {}
            Some(Says::Side { side, value }) => {
                self.note(memory, &key, side, heard, value, edges);
            }
            Some(Says::Alive { after_s }) => {
                let rings = heard.rings(heard.at.plus(seconds(after_s)));
                if memory.watches.contains_key(&key) {
                    let value = reading.attribute.value.number();
                    self.note(memory, &key, (false, true), heard, value, edges);
                    memory.wake(&key, Some(rings));
                } else if !memory.due.contains_key(&key) {
                    memory.wake(&key, Some(rings));
                }
            }
            Some(Says::Asks {
                subject,
                expression,
                terms,
            }) => asked.push(((number, subject), expression, terms)),
        }
    }

    fn answer(
        &self,
        memory: &mut Memory,
        asked: Vec<(Key, Expression, Terms)>,
        heard: Heard,
        edges: &mut Vec<Edge>,
    ) {
        let (keys, programs): (Vec<Key>, Vec<_>) = asked
            .into_iter()
            .map(|(key, expression, terms)| (key, (expression, terms)))
            .unzip();
        let answers = Expression::evaluate_all(&programs);
        for (key, answer) in keys.iter().zip(answers) {
            // What cannot be answered leaves the rule as it is.
            if let Ok(holds) = answer {
                self.note(memory, key, (holds, !holds), heard, None, edges);
            }
        }
    }

    /// A condition that is told from outside (reports, alerts) holds, or does so no longer.
    pub fn tell(
        &self,
        memory: &mut Memory,
        code: &str,
        subject: &Iri,
        holds: bool,
        at: Timestamp,
    ) -> Vec<Edge> {
        let mut edges = vec![];
        if let Some(number) = self.rules.iter().position(|one| one.rule.code == code) {
            let key = (number, Arc::clone(subject));
            let seen = (holds, !holds);
            self.note(memory, &key, seen, Heard::at_once(at), None, &mut edges);
        }
        edges
    }

    /// What the rule `code` holds against now.
    pub fn on(&self, memory: &Memory, code: &str) -> Vec<Iri> {
        let Some(number) = self.rules.iter().position(|one| one.rule.code == code) else {
            return vec![];
        };
        let on = memory.on().filter(|key| key.0 == number);
        let mut subjects: Vec<Iri> = on.map(|key| Arc::clone(&key.1)).collect();
        subjects.sort();
        subjects
    }

    /// `entity` is no more: what its readings raised is over.
    pub fn forget(&self, memory: &mut Memory, entity: &str, at: Timestamp) -> Vec<Edge> {
        let mut edges = vec![];
        let about = |key: &&Key| *key.1 == *entity;
        let watched: Vec<Key> = memory.watches.keys().filter(about).cloned().collect();
        for key in watched {
            let was_on = memory.is_on(&key);
            memory.put(&key, Watch::new(), None);
            if was_on {
                edges.push(self.edge(memory, &key, Turn::Off(at), None));
            }
        }
        let waiting: Vec<Key> = memory.due.keys().filter(about).cloned().collect();
        for key in waiting {
            memory.wake(&key, None);
        }
        memory.last.retain(|series, _| *series.0 != *entity);
        memory.samples.retain(|key, _| *key.1 != *entity);
        edges
    }

    /// Whether a timer has run out at `now`.
    pub fn is_due(&self, memory: &Memory, now: Timestamp) -> bool {
        memory.timers.first().is_some_and(|(due, ..)| *due <= now)
    }

    /// Does what the clock alone does: delays that end, silence that is heard.
    pub fn tick(&self, memory: &mut Memory, now: Timestamp) -> Vec<Edge> {
        let mut edges = vec![];
        while let Some((due, number, subject)) = memory.timers.first().cloned() {
            if due > now {
                break;
            }
            let key = (number, subject);
            memory.wake(&key, None);
            match &self.rules[number].rule.condition {
                Condition::NoData { signal, after_s } => {
                    let series = (Arc::clone(&key.1), Arc::clone(&signal.attribute));
                    let last = memory.last.get(&series).copied();
                    let Some(last) = last else { continue };
                    let silent = last.at.plus(seconds(*after_s));
                    // Something came since the timer was set: it has its turn in the order of time.
                    match last.rings(silent) {
                        later if later > due => memory.wake(&key, Some(later)),
                        _ => {
                            let heard = Heard::at_once(silent);
                            self.note(memory, &key, (true, false), heard, None, &mut edges);
                        }
                    }
                }
                Condition::Reports { .. } => {
                    let heard = Heard::at_once(due);
                    self.note(memory, &key, (false, true), heard, None, &mut edges);
                }
                _ => {
                    let mut watch = memory.watches.get(&key).copied().unwrap_or_default();
                    let turn = watch.tick(now, self.delays(number));
                    memory.put(&key, watch, self.due(&key, &watch));
                    edges.extend(turn.map(|turn| self.edge(memory, &key, turn, None)));
                }
            }
        }
        edges
    }

    fn note(
        &self,
        memory: &mut Memory,
        key: &Key,
        (beyond, back): (bool, bool),
        heard: Heard,
        value: Option<f64>,
        edges: &mut Vec<Edge>,
    ) {
        let before = memory.watches.get(key).copied();
        if before.is_none() && !beyond {
            return;
        }
        let mut watch = before.unwrap_or_default();
        let turns = watch.see(beyond, back, heard, self.delays(key.0));
        memory.put(key, watch, self.due(key, &watch));
        for turn in turns {
            edges.push(self.edge(memory, key, turn, value));
        }
    }

    fn delays(&self, number: usize) -> Delays {
        let condition = &self.rules[number].rule.condition;
        condition.delays().unwrap_or_default()
    }

    fn due(&self, key: &Key, watch: &Watch) -> Option<Timestamp> {
        match &self.rules[key.0].rule.condition {
            Condition::Reports { in_minutes, .. } if watch.is_on() => {
                Some(watch.last_at.plus(seconds(in_minutes * 60)))
            }
            _ => watch.rings(self.delays(key.0)),
        }
    }
}

#[cfg(test)]
mod tests;
