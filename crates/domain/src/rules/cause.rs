//! One cause, one alarm: which rules hold against the same thing, and which of them speaks.
//!
//! The key of a cause is the group of a rule, or its code, with what it watches ([`Rule::cause_at`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::memory::{Key, Memory};
use super::{Engine, Rule, Turn};
use crate::entities::Iri;

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

impl Engine {
    /// Every cause that holds now: its key, and the rules that hold, the gravest first.
    pub fn causes(&self, memory: &Memory) -> BTreeMap<String, Vec<Arc<Rule>>> {
        let mut causes: BTreeMap<String, Vec<Arc<Rule>>> = BTreeMap::new();
        let mut on: Vec<&Key> = memory.on().collect();
        on.sort();
        for (number, subject) in on {
            let rule = &self.rules[*number].rule;
            let holding = causes.entry(rule.cause_at(subject)).or_default();
            holding.push(Arc::clone(rule));
        }
        for holding in causes.values_mut() {
            holding.sort_by_key(|rule| rule.priority);
        }
        causes
    }

    pub(super) fn edge(&self, memory: &Memory, key: &Key, turn: Turn, value: Option<f64>) -> Edge {
        let rule = &self.rules[key.0].rule;
        let same = |one: &Rule| match &rule.group {
            None => one.code == rule.code,
            Some(_) => one.group == rule.group,
        };
        let all = self.rules.iter().enumerate();
        let mut holding: Vec<Arc<Rule>> = all
            .filter(|(number, one)| same(&one.rule) && memory.is_on(&(*number, Arc::clone(&key.1))))
            .map(|(_, one)| Arc::clone(&one.rule))
            .collect();
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
