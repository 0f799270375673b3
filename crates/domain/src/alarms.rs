//! Alarms: signals that need an operator's action (ISA-18.2 §7, the alarm states; EEMUA 191).
//!
//! One cause has one open alarm, however many rules see it and however often. It ends when its condition is over *and*
//! somebody has acknowledged it: what came and went unseen stays until it is seen.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::entities::Iri;
use crate::geo::{AreaId, Position};
use crate::incidents::{IncidentId, Priority};
use crate::rules::{Rule, Turn};
use crate::time::Timestamp;
use crate::{id_type, word_enum};

id_type!(
    /// An alarm of one city.
    AlarmId
);

word_enum!(
    /// Where an alarm stands.
    State {
        Unacknowledged = "unacknowledged",
        Acknowledged = "acknowledged",
        /// Its condition is over, and nobody has acknowledged it yet.
        Returned = "returned",
        /// Out of sight for a time, with a reason.
        Shelved = "shelved",
        /// Over and acknowledged.
        Ended = "ended",
    }
);

/// The longest that an alarm may be shelved.
pub const LONGEST_SHELF: SignedDuration = SignedDuration::from_hours(8);
/// Characters of the reason for it.
pub const LONGEST_REASON: usize = 200;

/// One alarm as the city keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    pub id: AlarmId,
    /// Code of the rule that speaks: the gravest of those whose condition holds, or held last.
    pub rule: String,
    /// What is the matter where: one open alarm for each.
    pub cause: String,
    pub state: State,
    /// Whether the condition holds now.
    pub is_active: bool,
    pub priority: Priority,
    /// The entity that it is about, when it is about one.
    pub entity: Option<Iri>,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    /// The value that raised it.
    pub value: Option<f64>,
    /// When the condition began to count, by the time of events.
    pub raised_at: Timestamp,
    /// When the city noticed, by its clock.
    pub noticed_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    /// When the condition was last over.
    pub returned_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub shelved_until: Option<Timestamp>,
    pub shelved_reason: Option<String>,
    pub incident: Option<IncidentId>,
    /// How often the condition began while this alarm was open.
    pub times: u32,
}

/// What an alarm is about, beside its cause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    pub entity: Option<Iri>,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    pub value: Option<f64>,
}

/// What an operator asked for cannot be done to an alarm in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an alarm that is {0:?} does not allow this")]
pub struct Refused(pub State);

/// Something that happened to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Raised,
    /// Its condition began again, or a graver rule of the same cause spoke.
    RaisedAgain,
    Returned,
    Acknowledged,
    Shelved,
    Unshelved,
}

impl Step {
    /// The stable word of it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::RaisedAgain => "raised_again",
            Self::Returned => "returned",
            Self::Acknowledged => "acknowledged",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
        }
    }
}

impl Alarm {
    /// What `rule` raises at `cause`. `id` is given by the database.
    pub fn raise(rule: &Rule, cause: String, about: About, at: Timestamp, now: Timestamp) -> Self {
        Self {
            id: AlarmId(0),
            rule: rule.code.clone(),
            cause,
            state: State::Unacknowledged,
            is_active: true,
            priority: rule.priority,
            entity: about.entity,
            area: about.area,
            position: about.position,
            value: about.value,
            raised_at: at,
            noticed_at: now,
            acknowledged_at: None,
            returned_at: None,
            ended_at: None,
            shelved_until: None,
            shelved_reason: None,
            incident: None,
            times: 1,
        }
    }

    /// A rule of its cause turned, after which `holding` hold, the gravest first. What happened to the alarm, if anything.
    pub fn turn<'a>(
        &mut self,
        turn: Turn,
        value: Option<f64>,
        holding: impl IntoIterator<Item = &'a Rule>,
        now: Timestamp,
    ) -> Option<Step> {
        let gravest = holding.into_iter().next();
        match (turn, gravest) {
            (Turn::On(at), Some(rule)) => {
                let graver = rule.priority < self.priority;
                let anew = !self.is_active;
                self.is_active = true;
                self.rule.clone_from(&rule.code);
                self.priority = rule.priority;
                if anew {
                    self.times += 1;
                }
                if anew || graver {
                    self.value = value.or(self.value);
                    self.raised_at = at;
                    self.noticed_at = now;
                    self.acknowledged_at = None;
                    if self.state != State::Shelved || graver {
                        self.state = State::Unacknowledged;
                        self.shelved_until = None;
                    }
                    return Some(Step::RaisedAgain);
                }
                None
            }
            (Turn::Off(_), Some(rule)) => {
                // A graver one is over and this one still holds: nothing new is asked of anyone.
                self.rule.clone_from(&rule.code);
                self.priority = rule.priority;
                None
            }
            (Turn::Off(at), None) if self.is_active => {
                self.is_active = false;
                self.returned_at = Some(at);
                match self.state {
                    State::Unacknowledged => self.state = State::Returned,
                    State::Acknowledged => self.end(now),
                    State::Returned | State::Shelved | State::Ended => {}
                }
                Some(Step::Returned)
            }
            (Turn::Off(_) | Turn::On(_), None) => None,
        }
    }

    /// Somebody has seen it and acts.
    ///
    /// # Errors
    /// [`Refused`] unless it waits for that.
    pub fn acknowledge(&mut self, now: Timestamp) -> Result<Step, Refused> {
        match self.state {
            State::Unacknowledged => self.state = State::Acknowledged,
            State::Returned => self.end(now),
            State::Acknowledged | State::Shelved | State::Ended => return Err(Refused(self.state)),
        }
        self.acknowledged_at = Some(now);
        Ok(Step::Acknowledged)
    }

    /// Out of sight until then, for a reason.
    ///
    /// # Errors
    /// [`Refused`] when it is over, or shelved already.
    pub fn shelve(&mut self, until: Timestamp, reason: String) -> Result<Step, Refused> {
        match self.state {
            State::Unacknowledged | State::Acknowledged => {}
            State::Returned | State::Shelved | State::Ended => return Err(Refused(self.state)),
        }
        self.state = State::Shelved;
        self.shelved_until = Some(until);
        self.shelved_reason = Some(reason);
        Ok(Step::Shelved)
    }

    /// In sight again: by hand, or because the time is over.
    ///
    /// # Errors
    /// [`Refused`] unless it is shelved.
    pub fn unshelve(&mut self, now: Timestamp) -> Result<Step, Refused> {
        if self.state != State::Shelved {
            return Err(Refused(self.state));
        }
        self.shelved_until = None;
        match self.is_active {
            true => {
                self.state = State::Unacknowledged;
                self.acknowledged_at = None;
            }
            false => self.end(now),
        }
        Ok(Step::Unshelved)
    }

    fn end(&mut self, now: Timestamp) {
        self.state = State::Ended;
        self.ended_at = Some(now);
    }

    /// Whether an operator still has something to do with it.
    pub fn is_open(&self) -> bool {
        self.state != State::Ended
    }

    /// Until when it wants action; the rule says how soon.
    pub fn act_by(&self, minutes_to_act: u32) -> Timestamp {
        let time = SignedDuration::from_mins(minutes_to_act.into());
        self.noticed_at.plus(time)
    }
}

#[cfg(test)]
mod tests;
