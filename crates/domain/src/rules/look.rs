//! What one reading says to one rule. What lasts is [`super::Watch`]'s, what is remembered [`super::Memory`]'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expression::{Expression, Term, Terms};
use super::watch::Heard;
use super::{Beyond, Condition, Rule, Signal, judge};
use crate::entities::{Attribute, Entity, Iri, Value};
use crate::time::Timestamp;

/// A reading that rules may look at.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Of the entity, with its types.
    pub id: &'a Iri,
    pub types: &'a [Iri],
    pub attribute: &'a Attribute,
    /// When it was so, at the latest when the city had it.
    pub at: Timestamp,
    /// When the city had it.
    pub came_at: Timestamp,
}

/// Where an expression finds the signals that a reading does not bring.
pub trait Present {
    /// The entity called `id` as it is now.
    fn entity(&self, id: &str) -> Option<Arc<Entity>>;
}

/// A rule, ready for use.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) rule: Arc<Rule>,
    pub(super) expression: Option<Expression>,
}

/// What a reading means to a rule.
pub(super) enum Says {
    /// On which side of its limit the value is: beyond, or back behind the deadband.
    Side {
        side: (bool, bool),
        value: Option<f64>,
    },
    /// It is not silent, and has `after_s` seconds until it is.
    Alive { after_s: u32 },
    /// An expression is to be asked, for this subject.
    Asks {
        subject: Iri,
        expression: Expression,
        terms: Terms,
    },
}

impl Reading<'_> {
    pub(super) fn heard(&self) -> Heard {
        Heard {
            at: self.at,
            came_at: self.came_at,
        }
    }
}

impl Ready {
    /// `None` when it says nothing. `rate` adds a value to the samples over so many seconds, and tells the change in an
    /// hour where they are long enough.
    pub(super) fn says(
        &self,
        reading: &Reading<'_>,
        present: &dyn Present,
        rate: impl FnOnce(f64, u32) -> Option<f64>,
    ) -> Option<Says> {
        let is_of =
            |signal: &Signal| signal.is_of(reading.id, reading.types, &reading.attribute.name);
        match &self.rule.condition {
            Condition::Threshold {
                signal,
                side,
                limit,
                deadband,
                ..
            } if is_of(signal) => {
                let value = reading.attribute.value.number()?;
                Some(Says::Side {
                    side: judge(value, *side, *limit, *deadband),
                    value: Some(value),
                })
            }
            Condition::RateOfRise {
                signal,
                per_hour: limit,
                over_s,
                deadband_per_hour,
                ..
            } if is_of(signal) => {
                let value = reading.attribute.value.number()?;
                let side = match *limit < 0.0 {
                    true => Beyond::Below,
                    false => Beyond::Above,
                };
                Some(Says::Side {
                    side: judge(rate(value, *over_s)?, side, *limit, *deadband_per_hour),
                    value: Some(value),
                })
            }
            Condition::NoData { signal, after_s } if is_of(signal) => {
                Some(Says::Alive { after_s: *after_s })
            }
            Condition::Expression { signals, .. } => {
                let subject = subject(signals, reading)?;
                Some(Says::Asks {
                    expression: self.expression.clone()?,
                    terms: terms(signals, &subject, reading, present)?,
                    subject,
                })
            }
            _ => None,
        }
    }
}

impl Signal {
    /// Whether it is the attribute `name` of the entity `id`.
    pub(super) fn is_of(&self, id: &Iri, types: &[Iri], name: &Iri) -> bool {
        self.attribute == *name
            && types.contains(&self.kind)
            && self.entity.as_ref().is_none_or(|one| one == id)
    }
}

/// What an expression over `signals` is about when this reading comes: with a signal of every entity of a type it is
/// that entity, else the first that is named.
fn subject(signals: &BTreeMap<String, Signal>, reading: &Reading<'_>) -> Option<Iri> {
    let mut meant = signals
        .values()
        .filter(|one| one.is_of(reading.id, reading.types, &reading.attribute.name))
        .peekable();
    meant.peek()?;
    if meant.any(|one| one.entity.is_none()) {
        return Some(Arc::clone(reading.id));
    }
    match signals.values().all(|one| one.entity.is_some()) {
        true => signals.values().find_map(|one| one.entity.clone()),
        false => None,
    }
}

/// What the signals of an expression say about `subject`; `None` while one of them says nothing.
fn terms(
    signals: &BTreeMap<String, Signal>,
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
