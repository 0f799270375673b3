//! What people do with a city: one function per use case, one transaction each.
//!
//! A use case asks the policy, changes the domain, stores it and appends to the journal, in one commit. What follows
//! from a change and need not be in the answer is done by a consumer of the journal or a job ([`background`]), so that
//! it survives a crash.
//!
//! Absent on purpose: HTTP, pages, languages, SQL, the system clock and the system's randomness.
#![forbid(unsafe_code)]

pub mod alarms;
pub mod alerts;
pub mod background;
pub mod city;
pub mod comments;
pub mod configuration;
pub mod deadlines;
pub mod dispatch;
pub mod entities;
pub mod followers;
pub mod founding;
pub mod history;
pub mod identity;
pub mod incidents;
pub mod limits;
pub mod links;
pub mod measures;
pub mod node;
pub mod outgoing;
pub mod photos;
pub mod playbooks;
pub mod quarantine;
pub mod ratings;
pub mod reports;
pub mod rules;
pub mod sign_ins;
pub mod sources;
pub mod standing;
pub mod subscriptions;
pub mod units;
pub mod walls;

pub use city::City;
pub use node::Node;
pub use pendopo_store as store;

use pendopo_domain::policy::{Action, Actor, Who};
use pendopo_domain::reports::Refusal;
use pendopo_store::StoreError;

/// Why a use case did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the actor may not know that there is.
    #[error("not found")]
    NotFound,
    /// The policy says no.
    #[error("{0} is not allowed")]
    Denied(Action),
    /// The thing is not in a state from which this step follows.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was given cannot be used; each entry names a field and what is wrong with it.
    #[error("{} fields cannot be used", .0.len())]
    Invalid(Vec<Invalid>),
    /// The database could not do it. Trying again may help.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field, as the use case calls it.
    pub field: &'static str,
    pub problem: Problem,
}

impl Invalid {
    /// One invalid field as an error.
    pub fn one(field: &'static str, problem: Problem) -> Error {
        Error::Invalid(vec![Self { field, problem }])
    }
}

/// What is wrong with a field. Each has a text of its own in the translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    Missing,
    TooShort {
        least: usize,
    },
    TooLong {
        most: usize,
    },
    Unknown,
    OutsideCity,
    NotAPicture,
    TooManyBytes {
        most: usize,
    },
    TooManyPixels {
        most: u64,
    },
    TooMany {
        most: usize,
    },
    /// Somebody else has to do it: the actor would judge their own work.
    OwnWork,
    /// It is at work already.
    Busy,
    OutOfService,
    /// Too long ago, or ahead of us.
    NotInTime,
}

impl Problem {
    /// The stable word of the problem, used as a translation key.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::Unknown => "unknown",
            Self::OutsideCity => "outside-city",
            Self::NotAPicture => "not-a-picture",
            Self::TooManyBytes { .. } => "too-many-bytes",
            Self::TooManyPixels { .. } => "too-many-pixels",
            Self::TooMany { .. } => "too-many",
            Self::OwnWork => "own-work",
            Self::Busy => "busy",
            Self::OutOfService => "out-of-service",
            Self::NotInTime => "not-in-time",
        }
    }
}

/// The actor as the chains write it: a kind and an id, never a name.
pub(crate) fn actor_text(actor: &Actor) -> String {
    match actor.who {
        Who::Public => "public".to_owned(),
        Who::Reporter(report) => format!("reporter:{report}"),
        Who::Staff(sign_in) => format!("sign_in:{sign_in}"),
        Who::ApiClient(key) => format!("api_key:{key}"),
        Who::MqttAccount(account) => format!("mqtt_account:{account}"),
        Who::City => "city".to_owned(),
    }
}
