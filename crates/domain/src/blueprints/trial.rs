//! The tests that a blueprint brings: recorded readings and reports in, alarms out, through the rules as a city runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::objects::{Kind, Object, ObjectId, plain};
use super::{Blueprint, Problem, What};
use crate::entities::{self, Attribute, Entity, Iri};
use crate::geo::Position;
use crate::rules::look::{Present, Reading};
use crate::rules::{Condition, Edge, Engine, Memory, Rule, Turn};
use crate::services::Texts;
use crate::time::Timestamp;

/// Readings and reports of one test.
pub const MOST_EVENTS: usize = 20_000;
/// The longest test, in seconds: 31 days.
pub const LONGEST_S: u32 = 31 * 86_400;

/// One test of a blueprint. Times are seconds since its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    pub names: Texts,
    /// How long the clock runs; without it as long as something comes.
    #[serde(default)]
    pub until_s: u32,
    /// Values other than the defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    #[serde(default)]
    pub series: Vec<Series>,
    #[serde(rename = "report", default)]
    pub reports: Vec<ReportSeen>,
    /// Every turn of every rule, in the order of time.
    #[serde(rename = "expect", default)]
    pub expected: Vec<Turned>,
}

/// What one device observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    pub entity: String,
    /// Code of the entity type whose attribute it is.
    pub of: String,
    /// Second and value.
    pub readings: Vec<(u32, f64)>,
}

/// A public report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSeen {
    pub at_s: u32,
    pub service_code: String,
    pub lon: f64,
    pub lat: f64,
}

/// A rule that turned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turned {
    pub at_s: u32,
    pub rule: String,
    pub turn: OnOff,
}

crate::word_enum!(
    /// Which way a rule turned.
    OnOff {
        On = "on",
        Off = "off",
    }
);

impl std::fmt::Display for Turned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} s {} {}", self.at_s, self.rule, self.turn)
    }
}

/// What came of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Expected, and did not happen.
    pub missing: Vec<Turned>,
    /// Happened, and was not expected.
    pub surplus: Vec<Turned>,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }
}

/// Where the time of a test begins: 2026-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn at(second: u32) -> Timestamp {
    BEGIN.plus(SignedDuration::from_secs(second.into()))
}

/// Runs one test through the rules of the blueprint.
///
/// # Errors
/// What keeps it from running: values that the blueprint cannot take, a series of an unknown type.
pub fn run(blueprint: &Blueprint, trial: &Trial, place: &str) -> Result<Outcome, Vec<Problem>> {
    let one = |what, detail: &str| vec![Problem::new(place, what, detail)];
    let mut values = blueprint.manifest.defaults();
    for (name, value) in &trial.params {
        let param = blueprint.manifest.params.get(name);
        let param = param.ok_or_else(|| one(What::UnknownParam, name))?;
        let value = plain(value.clone());
        if !param.takes(&value) {
            return Err(one(What::BadParam, name));
        }
        values.insert(name.clone(), value);
    }
    let tree = blueprint.bound(&values)?;
    let (mut rules, mut types) = (vec![], BTreeMap::new());
    for (id, data) in &tree.0 {
        match Object::read(id.kind, data) {
            Ok(Object::Rule(rule)) => rules.push(*rule),
            Ok(Object::EntityType(one)) => {
                types.insert(one.live_type.code.clone(), one.live_type);
            }
            _ => {}
        }
    }
    let unknown = |series: &&Series| !types.contains_key(&series.of);
    if let Some(series) = trial.series.iter().find(unknown) {
        let id = ObjectId::new(Kind::EntityType, &series.of);
        return Err(one(What::NotThere, &id.to_string()));
    }
    let mut events: Vec<(u32, Event<'_>)> = vec![];
    for series in &trial.series {
        let live_type = &types[&series.of];
        let names = (live_type.kind.as_str(), live_type.attribute.as_str());
        for (second, value) in &series.readings {
            events.push((*second, Event::Reading(series, names, *value)));
        }
    }
    let reports = trial.reports.iter();
    events.extend(reports.map(|report| (report.at_s, Event::Report(report))));
    if events.len() > MOST_EVENTS {
        return Err(one(What::TooMany, &MOST_EVENTS.to_string()));
    }
    events.sort_by_key(|(second, _)| *second);
    let end = events
        .last()
        .map_or(0, |(second, _)| *second)
        .max(trial.until_s);
    if end > LONGEST_S {
        return Err(one(What::TooLong, &LONGEST_S.to_string()));
    }
    let happened = play(rules, &events, end);
    Ok(compare(&trial.expected, happened))
}

enum Event<'a> {
    Reading(&'a Series, (&'a str, &'a str), f64),
    Report(&'a ReportSeen),
}

fn play(rules: Vec<Rule>, events: &[(u32, Event<'_>)], end: u32) -> Vec<Turned> {
    let (engine, _) = Engine::new(rules);
    let (mut memory, mut edges) = (Memory::default(), vec![]);
    let mut entities = Seen::default();
    let mut reports = Reports::default();
    for (second, event) in events {
        // Whatever ran out before this happened.
        let before = at(*second).plus(SignedDuration::from_micros(-1));
        edges.extend(engine.tick(&mut memory, before));
        match event {
            Event::Reading(series, names, value) => {
                let entity = entities.put(series, *names, *value, at(*second));
                let Some(attribute) = entity.attributes.first() else {
                    continue;
                };
                let reading = Reading {
                    id: &entity.id,
                    types: &entity.types,
                    attribute,
                    at: at(*second),
                    came_at: at(*second),
                };
                edges.extend(engine.see(&mut memory, &[reading], &entities));
            }
            Event::Report(report) => {
                edges.extend(reports.take(&engine, &mut memory, *second, report));
            }
        }
    }
    edges.extend(engine.tick(&mut memory, at(end)));
    edges.iter().map(turned).collect()
}

fn turned(edge: &Edge) -> Turned {
    let (turn, time) = match edge.turn {
        Turn::On(time) => (OnOff::On, time),
        Turn::Off(time) => (OnOff::Off, time),
    };
    let second = time.since(BEGIN).as_secs();
    Turned {
        at_s: u32::try_from(second).unwrap_or(0),
        rule: edge.rule.code.clone(),
        turn,
    }
}

/// Reports that came, and what rules of reports made of them, as a city does.
#[derive(Default)]
struct Reports<'a> {
    came: Vec<(u32, Position, &'a ReportSeen)>,
    /// Where each cluster is: in the middle of those that made it.
    clusters: BTreeMap<Iri, Position>,
    /// Those that stand in an incident that a rule opened: no other cluster is made of them.
    taken: BTreeSet<usize>,
}

impl<'a> Reports<'a> {
    /// A new report: for each rule it joins a cluster that goes on, or makes one with those before it.
    fn take(
        &mut self,
        engine: &Engine,
        memory: &mut Memory,
        second: u32,
        report: &'a ReportSeen,
    ) -> Vec<Edge> {
        let Some(here) = Position::new(report.lon, report.lat) else {
            return vec![];
        };
        self.came.push((second, here, report));
        let newest = self.came.len() - 1;
        let mut edges = vec![];
        let rules = engine.rules().filter(|rule| match &rule.condition {
            Condition::Reports { service_codes, .. } => {
                service_codes.contains(&report.service_code)
            }
            _ => false,
        });
        let rules: Vec<&Rule> = rules.map(AsRef::as_ref).collect();
        for rule in rules {
            let (subject, members) = match self.going_on(engine, memory, rule, here) {
                Some(subject) => (subject, vec![newest]),
                None => match self.fresh(rule, second, here) {
                    Some(made) => made,
                    None => continue,
                },
            };
            if rule.incident.is_some() {
                self.taken.extend(members);
            }
            edges.extend(engine.tell(memory, &rule.code, &subject, true, at(second)));
        }
        edges
    }

    fn going_on(
        &self,
        engine: &Engine,
        memory: &Memory,
        rule: &Rule,
        here: Position,
    ) -> Option<Iri> {
        let on = engine.on(memory, &rule.code).into_iter();
        on.into_iter().find(|subject| {
            let place = self.clusters.get(subject);
            place.is_some_and(|place| is_near(rule, *place, here))
        })
    }

    /// A cluster around the newest report, and which reports make it.
    fn fresh(&mut self, rule: &Rule, second: u32, here: Position) -> Option<(Iri, Vec<usize>)> {
        let Condition::Reports {
            service_codes,
            count,
            in_minutes,
            ..
        } = &rule.condition
        else {
            return None;
        };
        let numbered = self.came.iter().enumerate();
        let members = numbered.filter(|(number, (then, place, report))| {
            !self.taken.contains(number)
                && service_codes.contains(&report.service_code)
                && second - then <= in_minutes * 60
                && is_near(rule, *place, here)
        });
        let members: Vec<usize> = members.map(|(number, _)| number).collect();
        let first = members
            .first()
            .filter(|_| members.len() >= *count as usize)?;
        let subject = Iri::from(format!("report:{}:{first}", rule.code));
        let places: Vec<Position> = members.iter().map(|number| self.came[*number].1).collect();
        let middle = Position::middle(&places)?;
        self.clusters.insert(Arc::clone(&subject), middle);
        Some((subject, members))
    }
}

fn is_near(rule: &Rule, place: Position, here: Position) -> bool {
    match &rule.condition {
        Condition::Reports { within_m, .. } => place.metres_to(here) <= f64::from(*within_m),
        _ => false,
    }
}

/// What was observed last of each entity.
#[derive(Default)]
struct Seen(BTreeMap<String, Arc<Entity>>);

impl Seen {
    fn put(
        &mut self,
        series: &Series,
        (kind, name): (&str, &str),
        value: f64,
        now: Timestamp,
    ) -> Arc<Entity> {
        let attribute = Attribute {
            name: name.into(),
            dataset: None,
            value: entities::Value::Property(
                serde_json::value::to_raw_value(&value).unwrap_or_default(),
            ),
            observed_at: Some(now),
            created_at: now,
            modified_at: now,
            expires_at: None,
            unit_code: None,
            parts: vec![],
        };
        let entity = Arc::new(Entity {
            id: series.entity.as_str().into(),
            types: vec![kind.into()],
            scopes: vec![],
            created_at: now,
            modified_at: now,
            expires_at: None,
            attributes: vec![Arc::new(attribute)],
        });
        self.0.insert(series.entity.clone(), Arc::clone(&entity));
        entity
    }
}

impl Present for Seen {
    fn entity(&self, id: &str) -> Option<Arc<Entity>> {
        self.0.get(id).cloned()
    }
}

fn compare(expected: &[Turned], mut happened: Vec<Turned>) -> Outcome {
    let mut outcome = Outcome::default();
    for one in expected {
        match happened.iter().position(|other| other == one) {
            Some(found) => {
                happened.remove(found);
            }
            None => outcome.missing.push(one.clone()),
        }
    }
    happened.sort();
    outcome.surplus = happened;
    outcome
}
