//! Plan, apply, roll back: how a blueprint comes to work in a city, and goes.
//!
//! A [`Plan`] holds the hash of the state that it was made for, and is refused for any other. [`apply`] and
//! [`roll_back`] make a new generation; a generation is the whole configuration, so going back is exact: what was
//! created since then is gone, and what was changed is as it was.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::{Problem, What};
use super::fit::Facts;
use super::merge::{Change, Conflict, Field, Owner, Settlement, from_params, merge};
use super::objects::{Need, Object, ObjectId, types};
use super::{Blueprint, Tree, tree};

/// The configuration of a city, and what it adopted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub tree: Tree,
    /// By id of the blueprint.
    pub adoptions: BTreeMap<String, Adoption>,
}

impl State {
    /// 64 hexadecimal digits; another one for any other state.
    pub fn hash(&self) -> String {
        tree::hash(self)
    }
}

/// A blueprint at work in a city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adoption {
    pub version: String,
    /// SHA-256 of the package.
    pub package: String,
    /// The values of the city.
    pub params: BTreeMap<String, Value>,
    /// The objects as they came, with these values.
    pub base: Tree,
}

/// What an adoption or an upgrade would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub blueprint: String,
    pub version: String,
    /// SHA-256 of the package.
    pub package: String,
    /// Hash of the state that it was made for.
    pub live: String,
    pub params: BTreeMap<String, Value>,
    /// Parameters that the city has to fill in first.
    pub missing: Vec<String>,
    /// What the city gets.
    pub changes: Vec<Change>,
    /// What the city keeps of its own.
    pub kept: Vec<Change>,
    pub conflicts: Vec<Conflict>,
    /// Parameters whose new default the city does not use.
    pub unused_defaults: Vec<String>,
    /// What would not work afterwards.
    pub broken: Vec<Problem>,
    /// Hard requirements, in the order of the manifest; `None` where the city does not say.
    pub fit: Vec<Option<bool>>,
    after: Tree,
    base: Tree,
}

/// Why a plan is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The city changed since the plan was made.
    #[error("the plan was made for another state of the city")]
    Stale,
    #[error("a parameter has no value")]
    Missing,
    #[error("a conflict is not settled")]
    Unsettled,
    #[error("something would not work afterwards")]
    Broken,
    #[error("there is no such generation")]
    NoGeneration,
}

/// Plans to adopt `blueprint`, or to upgrade to it. Values that the city gave before stay, unless `params` has others.
///
/// # Errors
/// What is wrong with the blueprint when these values are filled in.
pub fn plan(
    state: &State,
    facts: &Facts,
    blueprint: &Blueprint,
    package: &str,
    params: &BTreeMap<String, Value>,
    settlements: &BTreeMap<Field, Settlement>,
) -> Result<Plan, Vec<Problem>> {
    let manifest = &blueprint.manifest;
    let adopted = state.adoptions.get(&manifest.id);
    let (values, missing) = values(blueprint, adopted, params)?;
    let next = blueprint.bound(&values)?;
    let base = adopted.map(|one| one.base.clone()).unwrap_or_default();
    let base = base.moved(&manifest.moved);
    // Only what this blueprint brought is renamed with it.
    let brought: BTreeMap<_, _> = manifest
        .moved
        .iter()
        .filter(|(old, _)| adopted.is_some_and(|one| one.base.get(old).is_some()))
        .map(|(old, new)| (old.clone(), new.clone()))
        .collect();
    let live = state.tree.moved(&brought);
    let merged = merge(&base, &live, &next, settlements);
    let fit = manifest.fit.requires.iter();
    let fit = fit
        .map(|one| super::fit::met(one, facts, &state.tree))
        .collect();
    Ok(Plan {
        blueprint: manifest.id.clone(),
        version: manifest.version.clone(),
        package: package.to_owned(),
        live: state.hash(),
        missing,
        changes: owned(merged.changes, blueprint),
        kept: merged.kept,
        conflicts: merged.conflicts,
        unused_defaults: unused_defaults(blueprint, adopted, &values),
        broken: newly_broken(&state.tree, &merged.tree, facts),
        fit,
        after: merged.tree,
        base: next,
        params: values,
    })
}

/// The values for all parameters, and the names of those that the city still has to give.
#[expect(clippy::type_complexity, reason = "used once")]
fn values(
    blueprint: &Blueprint,
    adopted: Option<&Adoption>,
    given: &BTreeMap<String, Value>,
) -> Result<(BTreeMap<String, Value>, Vec<String>), Vec<Problem>> {
    let (mut values, mut missing, mut problems) = (BTreeMap::new(), vec![], vec![]);
    let known = &blueprint.manifest.params;
    for name in given.keys().filter(|name| !known.contains_key(*name)) {
        problems.push(Problem::new("params", What::UnknownParam, name));
    }
    for (name, param) in known {
        let before = adopted.and_then(|one| one.params.get(name));
        let value = match given.get(name).or(before) {
            Some(value) => value,
            None => {
                if param.local_required {
                    missing.push(name.clone());
                }
                &param.default
            }
        };
        if !param.takes(value) {
            problems.push(Problem::new("params", What::BadParam, name));
        }
        values.insert(name.clone(), value.clone());
    }
    match problems.is_empty() {
        true => Ok((values, missing)),
        false => Err(problems),
    }
}

/// A new default that the city, which said another value before, does not use.
fn unused_defaults(
    blueprint: &Blueprint,
    adopted: Option<&Adoption>,
    values: &BTreeMap<String, Value>,
) -> Vec<String> {
    let params = blueprint.manifest.params.iter();
    params
        .filter(|(name, param)| {
            adopted.is_some_and(|one| one.params.contains_key(*name))
                && values.get(*name) != Some(&param.default)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// Marks the changes that a parameter makes.
fn owned(mut changes: Vec<Change>, blueprint: &Blueprint) -> Vec<Change> {
    let mut filled: BTreeMap<&ObjectId, Vec<String>> = BTreeMap::new();
    for change in &mut changes {
        let Some((id, template)) = blueprint.objects.get_key_value(&change.at.object) else {
            continue;
        };
        let fields = filled.entry(id).or_insert_with(|| from_params(template));
        if fields.contains(&change.at.field) {
            change.owner = Owner::Param;
        }
    }
    changes
}

/// What does not work in `after` and did in `before`.
fn newly_broken(before: &Tree, after: &Tree, facts: &Facts) -> Vec<Problem> {
    let known = broken(before, facts);
    let mut found = broken(after, facts);
    found.retain(|problem| !known.contains(problem));
    found
}

/// References that lead nowhere, and objects that cannot be used.
pub fn broken(tree: &Tree, facts: &Facts) -> Vec<Problem> {
    let (mut objects, mut problems) = (vec![], vec![]);
    for (id, data) in &tree.0 {
        match Object::read(id.kind, data) {
            Ok(object) => objects.push((id, object)),
            Err(why) => problems.push(Problem::new(&id.to_string(), What::BadObject, why)),
        }
    }
    let known: BTreeSet<String> = objects
        .iter()
        .flat_map(|(_, object)| types(object))
        .collect();
    for (id, object) in &objects {
        if let Some(fault) = object.fault() {
            problems.push(Problem::new(&id.to_string(), What::BadObject, fault));
        }
        for need in object.needs() {
            let there = match &need {
                Need::Object(wanted) => tree.get(wanted).is_some(),
                Need::Type(name) => known.contains(name) || facts.types.contains(name),
                Need::Role(code) => facts.roles.contains(code),
                Need::Area(code) => facts.areas.contains(code),
            };
            if !there {
                problems.push(Problem::new(
                    &id.to_string(),
                    What::NotThere,
                    need.to_string(),
                ));
            }
        }
    }
    problems
}

impl Plan {
    /// Whether it can be carried out.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn ready(&self) -> Result<(), Refusal> {
        if !self.missing.is_empty() {
            return Err(Refusal::Missing);
        }
        if self.conflicts.iter().any(|one| one.settled.is_none()) {
            return Err(Refusal::Unsettled);
        }
        match self.broken.is_empty() {
            true => Ok(()),
            false => Err(Refusal::Broken),
        }
    }

    /// The objects that it would create.
    pub fn creates(&self) -> impl Iterator<Item = &ObjectId> {
        let whole = |change: &&Change| change.at.field.is_empty() && change.before.is_none();
        self.changes
            .iter()
            .filter(whole)
            .map(|change| &change.at.object)
    }
}

/// Why a generation was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// The city changed something by itself since the generation before.
    Local,
    Adopted {
        blueprint: String,
        version: String,
    },
    Upgraded {
        blueprint: String,
        version: String,
    },
    RolledBack {
        to: u32,
    },
}

/// A numbered state of a city's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// From 0, without gaps.
    pub number: u32,
    pub cause: Cause,
    pub state: State,
}

/// The generations of a city, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History(pub Vec<Generation>);

impl History {
    /// Adds what the city did by itself, then a generation with `cause`.
    fn add(&mut self, before: &State, cause: Cause, after: State) -> u32 {
        if self.0.last().is_none_or(|last| last.state != *before) {
            self.push(Cause::Local, before.clone());
        }
        self.push(cause, after)
    }

    fn push(&mut self, cause: Cause, state: State) -> u32 {
        let number = self.0.last().map_or(0, |last| last.number + 1);
        self.0.push(Generation {
            number,
            cause,
            state,
        });
        number
    }

    /// The generation with this number.
    pub fn get(&self, number: u32) -> Option<&Generation> {
        self.0.iter().find(|one| one.number == number)
    }
}

/// Carries `plan` out: the new state, which is a new generation of `history`.
///
/// # Errors
/// [`Refusal`]; nothing is changed then.
pub fn apply(history: &mut History, state: &State, plan: &Plan) -> Result<State, Refusal> {
    if state.hash() != plan.live {
        return Err(Refusal::Stale);
    }
    plan.ready()?;
    let mut after = State {
        tree: plan.after.clone(),
        adoptions: state.adoptions.clone(),
    };
    let adoption = Adoption {
        version: plan.version.clone(),
        package: plan.package.clone(),
        params: plan.params.clone(),
        base: plan.base.clone(),
    };
    let (blueprint, version) = (plan.blueprint.clone(), plan.version.clone());
    let cause = match after.adoptions.insert(blueprint.clone(), adoption) {
        None => Cause::Adopted { blueprint, version },
        Some(_) => Cause::Upgraded { blueprint, version },
    };
    history.add(state, cause, after.clone());
    Ok(after)
}

/// Goes back to generation `to`, exactly: the new state, which is a new generation of `history`.
///
/// # Errors
/// [`Refusal::NoGeneration`].
pub fn roll_back(history: &mut History, state: &State, to: u32) -> Result<State, Refusal> {
    let after = history.get(to).ok_or(Refusal::NoGeneration)?.state.clone();
    history.add(state, Cause::RolledBack { to }, after.clone());
    Ok(after)
}
