//! All rules of a city over what comes in.
//!
//! [`Engine`] is the rules, ready for use; [`Memory`] is what they know. Both are pure: the same readings in the same
//! order give the same [`Edge`]s, so whoever keeps [`Memory::take_dirty`] in the transaction that moves it past those
//! readings can be killed at any instant and goes on as if nothing had been.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Kept;
use super::expression::{Expression, Term, Terms};
use super::memory::{Key, Memory, add_sample};
use super::{Beyond, Condition, Delays, Rule, Signal, Turn, Watch, judge, per_hour, seconds};
use crate::entities::{Attribute, Entity, Iri, Value};
use crate::time::Timestamp;

/// The rules of a city, ready for use.
#[derive(Debug, Default)]
pub struct Engine {
    rules: Vec<Ready>,
    by_signal: HashMap<(Iri, Iri), Vec<usize>>,
}

#[derive(Debug)]
struct Ready {
    rule: Arc<Rule>,
    expression: Option<Expression>,
}

/// A rule that turned.
#[derive(Clone, Debug)]
pub struct Edge {
    pub rule: Arc<Rule>,
    pub subject: Iri,
    pub turn: Turn,
    /// The value that made it turn, when one did.
    pub value: Option<f64>,
    /// Of the rules of the same cause, those whose condition holds now; the gravest first.
    pub holding: Vec<Arc<Rule>>,
}

/// A reading that rules may look at.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Of the entity, with its types.
    pub id: &'a Iri,
    pub types: &'a [Iri],
    pub attribute: &'a Attribute,
    /// When it was so, at the latest when the city had it.
    pub at: Timestamp,
}

/// Where an expression finds the signals that a reading does not bring.
pub trait Present {
    /// The entity called `id` as it is now.
    fn entity(&self, id: &str) -> Option<Arc<Entity>>;
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

    /// The kept subjects whose rule is not enabled any more: their alarms end.
    pub fn orphans<'a>(&self, kept: &'a [Kept]) -> Vec<&'a Kept> {
        let known: HashSet<&str> = self.rules().map(|rule| rule.code.as_str()).collect();
        kept.iter()
            .filter(|one| !known.contains(one.rule.as_str()))
            .collect()
    }

    /// Begins to expect something of `entity`: from now on its silence is heard.
    pub fn expect(&self, memory: &mut Memory, entity: &Entity) {
        for attribute in entity.attributes.iter().filter(|one| one.dataset.is_none()) {
            let at = attribute.observed_at.unwrap_or(attribute.modified_at);
            for number in self.watching(&entity.types, &attribute.name) {
                if let Condition::NoData { signal, after_s } = &self.rules[number].rule.condition
                    && signal.is_of(&entity.id, &entity.types, &attribute.name)
                {
                    let key = (number, Arc::clone(&entity.id));
                    if !memory.due.contains_key(&key) && !memory.watches.contains_key(&key) {
                        memory.wake(&key, Some(at.plus(seconds(*after_s))));
                    }
                    let series = (Arc::clone(&entity.id), Arc::clone(&attribute.name));
                    memory.last.entry(series).or_insert(at);
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
            let last = memory.last.entry(series).or_insert(reading.at);
            if *last > reading.at {
                continue;
            }
            *last = reading.at;
            let mut asked = vec![];
            for number in self.watching(reading.types, &reading.attribute.name) {
                self.look(memory, number, reading, present, &mut asked, &mut edges);
            }
            self.answer(memory, asked, reading.at, &mut edges);
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
        let name = &reading.attribute.name;
        let is_of = |signal: &Signal| signal.is_of(reading.id, reading.types, name);
        let key = (number, Arc::clone(reading.id));
        let number_of = || reading.attribute.value.number();
        match &self.rules[number].rule.condition {
            Condition::Threshold {
                signal,
                side,
                limit,
                deadband,
                ..
            } if is_of(signal) => {
                if let Some(value) = number_of() {
                    let (beyond, back) = judge(value, *side, *limit, *deadband);
                    self.note(memory, &key, (beyond, back), reading.at, Some(value), edges);
                }
            }
            Condition::RateOfRise {
                signal,
                per_hour: limit,
                over_s,
                deadband_per_hour,
                ..
            } if is_of(signal) => {
                if let Some(value) = number_of() {
                    let samples = memory.samples.entry(key.clone()).or_default();
                    add_sample(samples, reading.at, value, *over_s);
                    if let Some(rate) = per_hour(samples, *over_s) {
                        let side = match *limit < 0.0 {
                            true => Beyond::Below,
                            false => Beyond::Above,
                        };
                        let seen = judge(rate, side, *limit, *deadband_per_hour);
                        self.note(memory, &key, seen, reading.at, Some(value), edges);
                    }
                }
            }
            Condition::NoData { signal, after_s } if is_of(signal) => {
                let due = reading.at.plus(seconds(*after_s));
                if memory.watches.contains_key(&key) {
                    self.note(memory, &key, (false, true), reading.at, number_of(), edges);
                    memory.wake(&key, Some(due));
                } else if !memory.due.contains_key(&key) {
                    memory.wake(&key, Some(due));
                }
            }
            Condition::Expression { signals, .. } => {
                let about = signals
                    .values()
                    .find(|one| is_of(one) && one.entity.is_none());
                let named = signals.values().find(|one| is_of(one));
                // With a signal of every entity of a type the subject is that entity, else the first that is named.
                let subject = match (about, named) {
                    (Some(_), _) => Arc::clone(reading.id),
                    (None, Some(_)) if signals.values().all(|one| one.entity.is_some()) => {
                        match signals.values().find_map(|one| one.entity.clone()) {
                            Some(first) => first,
                            None => return,
                        }
                    }
                    _ => return,
                };
                if let Some(expression) = &self.rules[number].expression
                    && let Some(terms) = terms(signals, &subject, reading, present)
                {
                    asked.push(((number, subject), expression.clone(), terms));
                }
            }
            _ => {}
        }
    }

    fn answer(
        &self,
        memory: &mut Memory,
        asked: Vec<(Key, Expression, Terms)>,
        at: Timestamp,
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
                self.note(memory, key, (holds, !holds), at, None, edges);
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
            self.note(memory, &key, seen, at, None, &mut edges);
        }
        edges
    }

    /// What the rule `code` holds against now.
    pub fn on(&self, memory: &Memory, code: &str) -> Vec<Iri> {
        let Some(number) = self.rules.iter().position(|one| one.rule.code == code) else {
            return vec![];
        };
        let on = memory
            .watches
            .iter()
            .filter(|(key, watch)| key.0 == number && watch.is_on());
        let mut subjects: Vec<Iri> = on.map(|(key, _)| Arc::clone(&key.1)).collect();
        subjects.sort();
        subjects
    }

    /// `entity` is no more: what its readings raised is over.
    pub fn forget(&self, memory: &mut Memory, entity: &str, at: Timestamp) -> Vec<Edge> {
        let mut edges = vec![];
        let about = |key: &&Key| *key.1 == *entity;
        let watched: Vec<Key> = memory.watches.keys().filter(about).cloned().collect();
        for key in watched {
            let was_on = memory.watches.get(&key).is_some_and(Watch::is_on);
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
                    // Something came since the timer was set: it has its turn in the order of time.
                    match last.map(|at| at.plus(seconds(*after_s))) {
                        Some(later) if later > due => memory.wake(&key, Some(later)),
                        Some(_) => self.note(memory, &key, (true, false), due, None, &mut edges),
                        None => {}
                    }
                }
                Condition::Reports { .. } => {
                    self.note(memory, &key, (false, true), due, None, &mut edges);
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
        at: Timestamp,
        value: Option<f64>,
        edges: &mut Vec<Edge>,
    ) {
        let before = memory.watches.get(key).copied();
        if before.is_none() && !beyond {
            return;
        }
        let mut watch = before.unwrap_or_default();
        let turns = watch.see(beyond, back, at, self.delays(key.0));
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
            _ => watch.due(self.delays(key.0)),
        }
    }

    fn edge(&self, memory: &Memory, key: &Key, turn: Turn, value: Option<f64>) -> Edge {
        let rule = &self.rules[key.0].rule;
        let on = |number: usize| {
            let key = (number, Arc::clone(&key.1));
            memory.watches.get(&key).is_some_and(Watch::is_on)
        };
        let mut holding: Vec<Arc<Rule>> = match &rule.group {
            None => (on(key.0)).then(|| Arc::clone(rule)).into_iter().collect(),
            Some(group) => {
                let all = self.rules.iter().enumerate();
                let same = all.filter(|(_, one)| one.rule.group.as_ref() == Some(group));
                same.filter(|(number, _)| on(*number))
                    .map(|(_, one)| Arc::clone(&one.rule))
                    .collect()
            }
        };
        holding.sort_by_key(|rule| rule.priority);
        Edge {
            rule: Arc::clone(rule),
            subject: Arc::clone(&key.1),
            turn,
            value,
            holding,
        }
    }
}

impl Signal {
    /// Whether it is the attribute `name` of the entity `id`.
    fn is_of(&self, id: &Iri, types: &[Iri], name: &Iri) -> bool {
        self.attribute == *name
            && types.contains(&self.kind)
            && self.entity.as_ref().is_none_or(|one| one == id)
    }
}

/// What the signals of an expression say about `subject`; `None` while one of them says nothing.
fn terms(
    signals: &std::collections::BTreeMap<String, Signal>,
    subject: &Iri,
    reading: &Reading<'_>,
    present: &dyn Present,
) -> Option<Terms> {
    let each = signals.iter().map(|(name, signal)| {
        let id = signal.entity.as_ref().unwrap_or(subject);
        let read = id == reading.id && signal.attribute == reading.attribute.name;
        let term = match read {
            true => term(&reading.attribute.value)?,
            false => term(&present.entity(id)?.attribute(&signal.attribute)?.value)?,
        };
        Some((name.clone(), term))
    });
    each.collect()
}

fn term(value: &Value) -> Option<Term> {
    if let Some(number) = value.number() {
        return Some(Term::Number(number));
    }
    let Value::Property(json) = value else {
        return None;
    };
    match json.get() {
        "true" => Some(Term::Truth(true)),
        "false" => Some(Term::Truth(false)),
        text => serde_json::from_str(text).ok().map(Term::Text),
    }
}

#[cfg(test)]
mod tests;
