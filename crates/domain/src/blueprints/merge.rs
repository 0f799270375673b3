//! Three trees become one: *base* as it was adopted, *live* as the city has it, *next* as the new version says.
//!
//! Field by field: what only one side changed is taken from that side, what both changed alike is settled, and what both
//! changed differently is a [`Conflict`] that a person decides. Lists whose items have codes are merged by code, with
//! their order as a field of its own ([`ORDER`]); other lists are one field. Nothing goes by an index.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::objects::ObjectId;
use super::tree::Tree;

/// The last part of the field that is the order of a list.
pub const ORDER: &str = "#order";
/// The fields by which items of a list are known, the first that all of them have.
const KEYS: [&str; 3] = ["code", "key", "name"];

/// Whose a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The blueprint's: an upgrade changes it.
    Upstream,
    /// A parameter's: the city's value, kept as a value.
    Param,
    /// The city changed it: an upgrade keeps it.
    City,
}

/// A field of an object; `""` is the whole object. Parts are separated by `/`; `~1` stands for `/` in a part and `~0`
/// for `~` (RFC 6901), and an item of a list stands by its code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Field {
    pub object: ObjectId,
    pub field: String,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.object, self.field)
    }
}

/// A field that becomes another. `None` is: not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub at: Field,
    /// Who changed it.
    pub owner: Owner,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// A field that the city and the blueprint changed, each in its own way. `None` is: not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    pub at: Field,
    pub base: Option<Value>,
    pub live: Option<Value>,
    pub next: Option<Value>,
    /// How it was settled.
    pub settled: Option<Settlement>,
}

/// Which side a conflict takes, who says so, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub take: Take,
    /// A position or a sign-in, never a name.
    pub by: String,
    pub reason: String,
}

/// One side of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    Upstream,
    City,
}

/// What a merge comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// With the city's side where a conflict is not settled.
    pub tree: Tree,
    /// What the city gets: upstream's changes.
    pub changes: Vec<Change>,
    /// What the city keeps of its own.
    pub kept: Vec<Change>,
    pub conflicts: Vec<Conflict>,
}

/// Merges the objects of `base` and `next` into `live`; objects of the city alone stay as they are.
pub fn merge(
    base: &Tree,
    live: &Tree,
    next: &Tree,
    settlements: &BTreeMap<Field, Settlement>,
) -> Merged {
    let mut merged = Merged {
        tree: live.clone(),
        ..Merged::default()
    };
    let ids: BTreeSet<&ObjectId> = base.0.keys().chain(next.0.keys()).collect();
    for id in ids {
        let mut merger = Merger {
            object: id,
            settlements,
            merged: &mut merged,
        };
        let sides = [base.get(id), live.get(id), next.get(id)];
        match merger.value(sides, String::new()) {
            Some(value) => merged.tree.0.insert(id.clone(), value),
            None => merged.tree.0.remove(id),
        };
    }
    merged
}

/// Base, live and next of one field.
type Sides<'a> = [Option<&'a Value>; 3];

struct Merger<'a> {
    object: &'a ObjectId,
    settlements: &'a BTreeMap<Field, Settlement>,
    merged: &'a mut Merged,
}

impl Merger<'_> {
    fn value(&mut self, sides: Sides<'_>, field: String) -> Option<Value> {
        let [base, live, next] = sides;
        if live == next {
            return live.cloned();
        }
        if let (Some(Value::Object(_)), Some(Value::Object(_))) = (live, next)
            && same_kind(sides)
        {
            return Some(self.fields(sides, &field));
        }
        if let (Some(Value::Array(_)), Some(Value::Array(_))) = (live, next)
            && let Some(key) = key_of(sides)
        {
            return Some(self.items(sides, key, &field));
        }
        if base == live {
            self.change(field, Owner::Upstream, live, next);
            return next.cloned();
        }
        if base == next {
            self.change(field, Owner::City, base, live);
            return live.cloned();
        }
        match self.conflict(sides, field) {
            Take::City => live.cloned(),
            Take::Upstream => next.cloned(),
        }
    }

    fn fields(&mut self, sides: Sides<'_>, field: &str) -> Value {
        let maps = sides.map(|side| side.and_then(Value::as_object));
        let names: BTreeSet<&String> = maps.iter().flatten().flat_map(|map| map.keys()).collect();
        let mut whole = Map::new();
        for name in names {
            let inner = maps.map(|map| map.and_then(|map| map.get(name)));
            if let Some(value) = self.value(inner, format!("{field}/{}", escaped(name))) {
                whole.insert(name.clone(), value);
            }
        }
        Value::Object(whole)
    }

    fn items(&mut self, sides: Sides<'_>, key: &str, field: &str) -> Value {
        let lists = sides.map(|side| items(side, key));
        let codes: BTreeSet<&str> = lists.iter().flatten().map(|(code, _)| *code).collect();
        let mut whole = BTreeMap::new();
        for code in codes {
            let inner = lists.each_ref().map(|list| {
                list.iter()
                    .find(|(one, _)| *one == code)
                    .map(|(_, value)| *value)
            });
            if let Some(value) = self.value(inner, format!("{field}/{}", escaped(code))) {
                whole.insert(code, value);
            }
        }
        let orders = lists.each_ref().map(|list| {
            let codes: Vec<&str> = list.iter().map(|(code, _)| *code).collect();
            codes
        });
        let order = self.order(orders, field);
        Value::Array(order.iter().filter_map(|code| whole.remove(code)).collect())
    }

    /// The order of a list: of the side that changed it, with what the other added behind what it stood behind.
    fn order<'v>(&mut self, orders: [Vec<&'v str>; 3], field: &str) -> Vec<&'v str> {
        let [base, live, next] = &orders;
        let city_moved = !same_order(base, live);
        let upstream_moved = !same_order(base, next);
        let first_is_next = match (city_moved, upstream_moved) {
            (true, true) if !same_order(live, next) => {
                let sides = orders.each_ref().map(|order| Value::from(order.clone()));
                let sides = sides.each_ref().map(Some);
                self.conflict(sides, format!("{field}/{ORDER}")) == Take::Upstream
            }
            (true, _) => false,
            (false, _) => true,
        };
        let (first, second) = match first_is_next {
            true => (next, live),
            false => (live, next),
        };
        let mut order = first.clone();
        for (at, code) in second.iter().enumerate() {
            if order.contains(code) {
                continue;
            }
            let before = second[..at].iter().rev();
            let behind = before.filter_map(|one| order.iter().position(|other| other == one));
            let place = behind.map(|found| found + 1).next().unwrap_or(0);
            order.insert(place, code);
        }
        order
    }

    fn change(
        &mut self,
        field: String,
        owner: Owner,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let change = Change {
            at: self.at(field),
            owner,
            before: before.cloned(),
            after: after.cloned(),
        };
        match owner {
            Owner::City => self.merged.kept.push(change),
            Owner::Upstream | Owner::Param => self.merged.changes.push(change),
        }
    }

    fn conflict(&mut self, [base, live, next]: Sides<'_>, field: String) -> Take {
        let at = self.at(field);
        // Nobody, or no reason, settles nothing.
        let said = |one: &&Settlement| !one.by.is_empty() && !one.reason.trim().is_empty();
        let settled = self.settlements.get(&at).filter(said).cloned();
        let take = settled.as_ref().map_or(Take::City, |one| one.take);
        self.merged.conflicts.push(Conflict {
            at,
            base: base.cloned(),
            live: live.cloned(),
            next: next.cloned(),
            settled,
        });
        take
    }

    fn at(&self, field: String) -> Field {
        Field {
            object: self.object.clone(),
            field,
        }
    }
}

/// Whether objects that say of what `kind` they are say the same: else they have nothing in common but their place.
fn same_kind(sides: Sides<'_>) -> bool {
    let kinds = sides.iter().flatten().map(|side| side.get("kind"));
    let kinds: BTreeSet<Option<&str>> = kinds.map(|kind| kind.and_then(Value::as_str)).collect();
    kinds.len() == 1
}

/// The field by which the items of these lists are known; `None` when there is none, and the list is one field.
fn key_of(sides: Sides<'_>) -> Option<&'static str> {
    let keyed = |key: &str| {
        sides.iter().flatten().all(|side| {
            let Some(list) = side.as_array() else {
                return false;
            };
            let codes: Option<BTreeSet<&str>> = list
                .iter()
                .map(|item| item.get(key).and_then(Value::as_str))
                .collect();
            codes.is_some_and(|codes| codes.len() == list.len())
        })
    };
    KEYS.into_iter().find(|key| keyed(key))
}

fn items<'v>(side: Option<&'v Value>, key: &str) -> Vec<(&'v str, &'v Value)> {
    let list = side.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| Some((item.get(key)?.as_str()?, item)))
        .collect()
}

/// Whether what both lists have stands in the same order in both.
fn same_order(one: &[&str], other: &[&str]) -> bool {
    let in_other = one.iter().filter(|code| other.contains(code));
    let in_one = other.iter().filter(|code| one.contains(code));
    in_other.eq(in_one)
}

/// A part of a field as it is written.
pub(super) fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// The fields that a template fills from parameters.
pub fn from_params(template: &Value) -> Vec<String> {
    fn walk(template: &Value, field: &str, found: &mut Vec<String>) {
        match template {
            Value::Object(fields) => {
                for (name, value) in fields {
                    walk(value, &format!("{field}/{}", escaped(name)), found);
                }
            }
            Value::Array(list) => match key_of([Some(template), None, None]) {
                Some(key) => {
                    for (code, value) in items(Some(template), key) {
                        walk(value, &format!("{field}/{}", escaped(code)), found);
                    }
                }
                None if list.iter().any(|one| !super::params::named(one).is_empty()) => {
                    found.push(field.to_owned());
                }
                None => {}
            },
            other if !super::params::named(other).is_empty() => found.push(field.to_owned()),
            _ => {}
        }
    }
    let mut found = vec![];
    walk(template, "", &mut found);
    found
}
