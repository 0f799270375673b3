//! Rules (aturan): what watches entities, reports and alerts, and raises alarms.
//!
//! A rule is data. It says what is watched, and for the operator what the cause is, what follows, what to do, how soon,
//! how grave it is and whose it is: an alarm that asks for nothing is no alarm (ISA-18.2, EEMUA 191). Everything here is
//! pure and goes by the time of events; timers are [`Watch::due`] and [`Watch::tick`].
//!
//! - [`watch`]: from single readings to a side that lasts, by deadband and delays
//! - [`look`]: what one reading says to one rule
//! - [`expression`]: conditions in CEL, bounded before they run
//! - [`cause`]: which rules speak of the same thing
//! - [`engine`]: all rules of a city over what comes in

pub mod cause;
pub mod engine;
pub mod expression;
pub mod look;
mod memory;
pub mod watch;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::entities::Iri;
use crate::incidents::Priority;
use crate::services::Texts;
use crate::time::Timestamp;
pub use cause::Edge;
pub use engine::Engine;
pub use expression::Expression;
pub use memory::{Kept, Memory};
pub use watch::{Delays, Heard, Side, Turn, Watch};

/// Rules of one city.
pub const MOST: usize = 2_000;
/// Signals of one expression.
pub const MOST_SIGNALS: usize = 16;
/// The longest delay or window, in seconds: a day.
pub const LONGEST_S: u32 = 86_400;
/// The farthest that reports of one cause may lie apart, in metres.
pub const FARTHEST_M: u32 = 20_000;

/// One rule of a city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique in the city; `a-z`, `0-9`, `-`, `/`.
    pub code: String,
    pub names: Texts,
    pub condition: Condition,
    /// What is probably the matter.
    pub cause: Texts,
    /// What follows if nobody acts.
    pub consequence: Texts,
    /// What the operator does.
    pub action: Texts,
    /// Within how many minutes.
    pub minutes_to_act: u32,
    pub priority: Priority,
    /// Code of the team whose alarm it is.
    pub owner: String,
    /// Rules of one group that watch the same thing raise one alarm; the gravest of them speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// An alarm opens an incident, or joins the one that is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Opens>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// The incident that an alarm opens or joins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opens {
    pub service_code: String,
    /// Alarms and reports of the service within so many metres belong to it.
    pub within_m: u32,
}

/// What a rule waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// The value stands at or beyond `limit`; it is over when it is back by more than `deadband`.
    Threshold {
        signal: Signal,
        side: Beyond,
        limit: f64,
        #[serde(default)]
        deadband: f64,
        #[serde(default)]
        delays: Delays,
    },
    /// The value rises by `per_hour` or more, measured over `over_s` seconds; falls, where `per_hour` is negative.
    RateOfRise {
        signal: Signal,
        per_hour: f64,
        over_s: u32,
        #[serde(default)]
        deadband_per_hour: f64,
        #[serde(default)]
        delays: Delays,
    },
    /// Nothing was observed for `after_s` seconds.
    NoData { signal: Signal, after_s: u32 },
    /// `count` public reports of these services within `within_m` metres in `in_minutes` minutes.
    Reports {
        service_codes: Vec<String>,
        count: u32,
        within_m: u32,
        in_minutes: u32,
    },
    /// A CAP alert of this severity or graver whose area touches the city.
    Alert {
        /// CAP 1.2 `severity`: `Extreme`, `Severe`, `Moderate` or `Minor`.
        severity: String,
        /// Only alerts whose area touches the area of this code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        area: Option<String>,
    },
    /// An expression in CEL over named signals is true.
    Expression {
        cel: String,
        signals: BTreeMap<String, Signal>,
        #[serde(default)]
        delays: Delays,
    },
}

/// On which side of a limit a value is abnormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    Above,
    Below,
}

/// A value that is watched: an attribute of every entity of a type, or of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Expanded name of the type.
    #[serde(rename = "type")]
    pub kind: Iri,
    /// Expanded name of the attribute.
    pub attribute: Iri,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Iri>,
}

/// What is wrong with a rule: the field and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    #[error("the code may have a-z, 0-9, - and / only")]
    Code,
    #[error("{0}")]
    Expression(#[from] expression::Rejected),
}

fn yes() -> bool {
    true
}

impl Rule {
    /// Whether it can be used: every text that the operator needs, every number within its bounds.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), Fault> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c);
        if self.code.is_empty() || self.code.len() > 80 || !self.code.chars().all(good) {
            return Err(Fault::Code);
        }
        for (name, text) in [
            ("names", &self.names),
            ("cause", &self.cause),
            ("consequence", &self.consequence),
            ("action", &self.action),
        ] {
            if text.get("id").trim().is_empty() {
                return Err(Fault::Missing(name));
            }
        }
        if self.owner.is_empty() {
            return Err(Fault::Missing("owner"));
        }
        between("minutes_to_act", self.minutes_to_act, 1, 1_440)?;
        if let Some(opens) = &self.incident {
            between("incident.within_m", opens.within_m, 1, FARTHEST_M)?;
        }
        self.condition.check()
    }

    /// The key of the cause that it sees at `subject`: one open alarm for each.
    pub fn cause_at(&self, subject: &str) -> String {
        format!("{}|{subject}", self.group.as_deref().unwrap_or(&self.code))
    }
}

fn between(name: &'static str, value: u32, least: u32, most: u32) -> Result<(), Fault> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(Fault::OutOfRange(name)),
    }
}

fn finite(name: &'static str, value: f64, least: f64) -> Result<(), Fault> {
    match value.is_finite() && value >= least {
        true => Ok(()),
        false => Err(Fault::OutOfRange(name)),
    }
}

impl Condition {
    fn check(&self) -> Result<(), Fault> {
        if let Some(delays) = self.delays() {
            between("delays", delays.on_s, 0, LONGEST_S)?;
            between("delays", delays.off_s, 0, LONGEST_S)?;
        }
        match self {
            Self::Threshold {
                limit, deadband, ..
            } => {
                finite("limit", *limit, f64::MIN)?;
                finite("deadband", *deadband, 0.0)
            }
            Self::RateOfRise {
                per_hour,
                over_s,
                deadband_per_hour,
                ..
            } => {
                finite("per_hour", per_hour.abs(), f64::MIN_POSITIVE)?;
                finite("deadband_per_hour", *deadband_per_hour, 0.0)?;
                between("over_s", *over_s, 10, LONGEST_S)
            }
            Self::NoData { after_s, .. } => between("after_s", *after_s, 1, 30 * LONGEST_S),
            Self::Reports {
                service_codes,
                count,
                within_m,
                in_minutes,
            } => {
                if service_codes.is_empty() {
                    return Err(Fault::Missing("service_codes"));
                }
                between("count", *count, 1, 1_000)?;
                between("within_m", *within_m, 1, FARTHEST_M)?;
                between("in_minutes", *in_minutes, 1, LONGEST_S / 60)
            }
            Self::Alert { severity, .. } => {
                match ["Extreme", "Severe", "Moderate", "Minor"].contains(&severity.as_str()) {
                    true => Ok(()),
                    false => Err(Fault::OutOfRange("severity")),
                }
            }
            Self::Expression { cel, signals, .. } => {
                if signals.is_empty() || signals.len() > MOST_SIGNALS {
                    return Err(Fault::OutOfRange("signals"));
                }
                Expression::compile(cel, signals.keys().map(String::as_str))?;
                Ok(())
            }
        }
    }

    /// How long it must last, and be over; `None` where that has no meaning.
    pub fn delays(&self) -> Option<Delays> {
        match self {
            Self::Threshold { delays, .. }
            | Self::RateOfRise { delays, .. }
            | Self::Expression { delays, .. } => Some(*delays),
            Self::NoData { .. } | Self::Reports { .. } | Self::Alert { .. } => None,
        }
    }

    /// The signals that it is about.
    pub fn signals(&self) -> Vec<&Signal> {
        match self {
            Self::Threshold { signal, .. }
            | Self::RateOfRise { signal, .. }
            | Self::NoData { signal, .. } => vec![signal],
            Self::Expression { signals, .. } => signals.values().collect(),
            Self::Reports { .. } | Self::Alert { .. } => vec![],
        }
    }
}

/// Whether `value` is abnormal, normal again, or in the deadband between: `(beyond, back)`.
fn judge(value: f64, side: Beyond, limit: f64, deadband: f64) -> (bool, bool) {
    match side {
        Beyond::Above => (value >= limit, value < limit - deadband),
        Beyond::Below => (value <= limit, value > limit + deadband),
    }
}

/// `seconds` as a span of time.
fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}

/// How much values changed in an hour, between the oldest and the newest of `samples` (by time); `None` while they
/// span less than half of `over_s`.
pub fn per_hour(samples: &[(Timestamp, f64)], over_s: u32) -> Option<f64> {
    let ((from, first), (to, last)) = (samples.first()?, samples.last()?);
    let span = to.since(*from).as_secs_f64();
    (span * 2.0 >= f64::from(over_s) && span > 0.0).then(|| (last - first) / span * 3_600.0)
}
