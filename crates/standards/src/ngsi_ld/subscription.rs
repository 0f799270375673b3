//! Subscriptions and notifications (ETSI GS CIM 009, sections 5.2.12 to 5.2.15, 5.2.22, 5.3.1, 5.8).
//!
//! A [`Subscription`] has typed members; its names are expanded. Written with the context that it was read with and read
//! again, it is the same: so a store keeps the document and the context. When it last ran, and how often, is an
//! [`Account`] beside it.

mod read;
mod write;

use pendopo_domain::entities::query::{Geo, Logic, Query, Scope, Term};
use pendopo_domain::entities::{Entity, Iri, Json};
use pendopo_domain::time::Timestamp;
use regex::Regex;

use super::problem::Problem;
use super::select::Selection;
use super::write::Format;
pub use write::{Kind, notification};

/// What a client wants to be told about.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    /// `None` when the client leaves it to the city.
    pub id: Option<Iri>,
    pub name: Option<String>,
    pub description: Option<String>,
    /// Empty: any.
    pub entities: Vec<Selector>,
    /// Empty: any.
    pub watched: Vec<Iri>,
    /// Empty: those of [`Subscription::triggers`].
    pub given_triggers: Vec<Trigger>,
    /// Seconds between periodic notifications.
    pub time_interval: Option<f64>,
    /// Least seconds between two notifications.
    pub throttling: Option<f64>,
    pub q: Option<Given<Logic<Term>>>,
    /// A condition on context sources.
    pub csf: Option<Given<Logic<Term>>>,
    pub scope_q: Option<Given<Logic<Scope>>>,
    pub geo_q: Option<GeoQ>,
    /// As it was given; for context sources only.
    pub temporal_q: Option<Json>,
    pub is_active: Option<bool>,
    pub expires_at: Option<Timestamp>,
    pub lang: Option<String>,
    /// Only these instances: `None` is the default one. Empty: all.
    pub datasets: Vec<Option<Iri>>,
    pub notification: Notification,
    /// The context that notifications use.
    pub jsonld_context: Option<String>,
}

/// A query with the text that it was given as.
#[derive(Clone, Debug, PartialEq)]
pub struct Given<T> {
    pub text: String,
    pub query: T,
}

/// A geo-query with the document that it was given as.
#[derive(Clone, Debug)]
pub struct GeoQ {
    pub json: Json,
    pub geo: Geo,
}

/// Which entities (section 5.2.33).
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub ids: Vec<Iri>,
    pub id_pattern: Option<Regex>,
    pub types: Option<Logic<Iri>>,
}

/// What makes it run (section 5.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    EntityCreated,
    EntityUpdated,
    EntityDeleted,
    AttributeCreated,
    AttributeUpdated,
    AttributeDeleted,
}

impl Trigger {
    const ALL: [Self; 6] = [
        Self::EntityCreated,
        Self::EntityUpdated,
        Self::EntityDeleted,
        Self::AttributeCreated,
        Self::AttributeUpdated,
        Self::AttributeDeleted,
    ];

    /// Its word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntityCreated => "entityCreated",
            Self::EntityUpdated => "entityUpdated",
            Self::EntityDeleted => "entityDeleted",
            Self::AttributeCreated => "attributeCreated",
            Self::AttributeUpdated => "attributeUpdated",
            Self::AttributeDeleted => "attributeDeleted",
        }
    }
}

/// How and where it is told (section 5.2.14).
#[derive(Clone, Debug, Default)]
pub struct Notification {
    /// What of the entities is told.
    pub selection: Selection,
    pub format: Format,
    /// The word that the format was given as; `None` for the default.
    pub format_word: Option<&'static str>,
    pub sys_attrs: Option<bool>,
    pub show_changes: Option<bool>,
    pub join: Option<Join>,
    pub join_level: Option<u8>,
    pub endpoint: Endpoint,
}

/// How linked entities are told (section 4.5.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    None,
    Flat,
    Inline,
}

impl Join {
    /// From its word on the wire.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "@none" => Some(Self::None),
            "flat" => Some(Self::Flat),
            "inline" => Some(Self::Inline),
            _ => None,
        }
    }

    /// Its word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "@none",
            Self::Flat => "flat",
            Self::Inline => "inline",
        }
    }
}

/// Where to (section 5.2.15).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    pub uri: String,
    /// `application/json` when `None`.
    pub accept: Option<Accept>,
    /// Header fields for the receiver, and options of the way there.
    pub receiver_info: Vec<(String, String)>,
    pub notifier_info: Vec<(String, String)>,
    /// Milliseconds.
    pub timeout: Option<f64>,
    /// Milliseconds to wait after a failure.
    pub cooldown: Option<f64>,
}

/// Media types of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    Json,
    JsonLd,
    GeoJson,
}

impl Accept {
    const ALL: [Self; 3] = [Self::Json, Self::JsonLd, Self::GeoJson];

    /// The media type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What became of the notifications so far (section 5.2.14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub times_sent: u64,
    pub times_failed: u64,
    pub last_notification: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub last_failure: Option<Timestamp>,
}

/// Whether a subscription runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Paused,
    Expired,
}

impl Subscription {
    /// Whether it runs at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.expires_at.is_some_and(|end| end <= now) {
            Status::Expired
        } else if self.is_active == Some(false) {
            Status::Paused
        } else {
            Status::Active
        }
    }

    /// What makes it run; by default that attributes come or change.
    pub fn triggers(&self) -> &[Trigger] {
        const DEFAULT: &[Trigger] = &[Trigger::AttributeCreated, Trigger::AttributeUpdated];
        match &*self.given_triggers {
            [] => DEFAULT,
            given => given,
        }
    }

    /// Whether it is about `entity` as it is, apart from what changed.
    pub fn holds(&self, entity: &Entity) -> bool {
        let selected =
            self.entities.is_empty() || self.entities.iter().any(|one| one.holds(entity));
        selected && {
            let query = |scope: &Logic<Scope>| {
                scope.holds(&|one| {
                    Query {
                        scopes: Some(Logic::Is(one.clone())),
                        ..Query::default()
                    }
                    .holds(entity)
                })
            };
            self.scope_q
                .as_ref()
                .is_none_or(|given| query(&given.query))
                && self
                    .q
                    .as_ref()
                    .is_none_or(|given| given.query.holds(&|term| term.holds(entity)))
                && self.geo_q.as_ref().is_none_or(|given| {
                    Query {
                        near: Some(given.geo.clone()),
                        ..Query::default()
                    }
                    .holds(entity)
                })
        }
    }

    /// Rules that are about several members (section 5.2.12).
    fn check(&self) -> Result<(), Problem> {
        if self.entities.is_empty() && self.watched.is_empty() {
            return Err(Problem::bad(
                "a subscription has entities or watchedAttributes",
            ));
        }
        if self.time_interval.is_some() {
            if !self.watched.is_empty() {
                return Err(Problem::bad(
                    "timeInterval does not go with watchedAttributes",
                ));
            }
            if self.throttling.is_some() {
                return Err(Problem::bad("timeInterval does not go with throttling"));
            }
        }
        let told = &self.notification;
        if told.endpoint.uri.is_empty() {
            return Err(Problem::bad("a notification has an endpoint with a uri"));
        }
        if told.show_changes == Some(true) && told.format == Format::Simplified {
            return Err(Problem::bad(
                "showChanges does not go with a simplified format",
            ));
        }
        told.selection.check()
    }
}

impl Selector {
    /// Whether `entity` is meant.
    pub fn holds(&self, entity: &Entity) -> bool {
        (self.ids.is_empty() || self.ids.contains(&entity.id))
            && self
                .id_pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&entity.id))
            && self
                .types
                .as_ref()
                .is_none_or(|types| types.holds(&|name| entity.has_type(name)))
    }
}
