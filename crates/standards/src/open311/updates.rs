//! Service request updates: news about a report, in both directions. An extension of GeoReport v2 (mySociety, 2013), the
//! most used one for updates; `GET` and `POST` on `servicerequestupdates` (some clients post to `update`).
//!
//! Statuses are finer than the two of v2 and map onto them: [`UpdateStatus::to_v2`].

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::datetime::{parse_datetime, serialize as datetime};
use super::listing::{Page, Span, requested_span, updated_span};
use super::params::Params;
use super::post::MAX_DESCRIPTION_CHARS;
use super::problem::{self, Problem};
use super::types::Status;

macro_rules! update_statuses {
    ($($(#[$doc:meta])* $name:ident = $word:literal => $v2:expr,)*) => {
        /// What an update says about a report. Lower case out, any case in (clients post upper case).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum UpdateStatus { $($(#[$doc])* $name,)* }

        impl UpdateStatus {
            /// Every status, for lists and tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The status of v2 that it amounts to; `None` for `unchanged`.
            #[must_use]
            pub const fn to_v2(self) -> Option<Status> {
                match self { $(Self::$name => $v2,)* }
            }
        }
    };
}

const OPEN: Option<Status> = Some(Status::Open);
const CLOSED: Option<Status> = Some(Status::Closed);

update_statuses! {
    /// Reported.
    Open = "open" => OPEN,
    /// Closed, no more said.
    Closed = "closed" => CLOSED,
    /// Done.
    Fixed = "fixed" => CLOSED,
    /// Being worked on.
    InProgress = "in_progress" => OPEN,
    /// In a plan.
    Planned = "planned" => OPEN,
    /// Has a date.
    ActionScheduled = "action_scheduled" => OPEN,
    /// Being looked at.
    Investigating = "investigating" => OPEN,
    /// Already reported.
    Duplicate = "duplicate" => CLOSED,
    /// Another authority's business.
    NotCouncilsResponsibility = "not_councils_responsibility" => CLOSED,
    /// Nothing more will be done.
    NoFurtherAction = "no_further_action" => CLOSED,
    /// Handed on within the city.
    InternalReferral = "internal_referral" => OPEN,
    /// Withdrawn.
    Cancelled = "cancelled" => CLOSED,
    /// Open again.
    Reopen = "reopen" => OPEN,
    /// Waits for someone to sort it.
    ForTriage = "for_triage" => OPEN,
    /// A comment only.
    Unchanged = "unchanged" => None,
}

impl UpdateStatus {
    /// Reads the word in any case, with spaces or dashes for underscores. `None`: not one of them.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.as_str() == word)
    }
}

impl Serialize for UpdateStatus {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// News about a report, going out. Element `request_update`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestUpdate {
    /// Unique id of the update.
    pub update_id: String,
    /// The report.
    pub service_request_id: String,
    /// Its status after the update.
    pub status: UpdateStatus,
    /// When.
    #[serde(serialize_with = "datetime")]
    pub updated_datetime: Timestamp,
    /// Text for the reporter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pictures: JSON has a text for one and an array for several, XML repeats the element.
    #[serde(
        rename = "media_url",
        serialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub media_urls: Vec<String>,
    /// The status in the words of the city's own system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_status_code: Option<String>,
    /// A reference that the reporter may quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
    /// The report's id at the site that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixmystreet_id: Option<String>,
    /// Further names and values. XML leaves out names that are not plain element names.
    #[serde(serialize_with = "as_map", skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<(String, String)>,
}

fn one_or_many<S: Serializer>(urls: &[String], to: S) -> Result<S::Ok, S::Error> {
    match urls {
        [one] => one.serialize(to),
        many => many.serialize(to),
    }
}

fn as_map<S: Serializer>(pairs: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// A question for updates. `GET servicerequestupdates`.
#[derive(Clone, PartialEq)]
pub struct UpdatesQuery {
    /// The client's key: needed for nothing, but whoever sent an update may be shown its words.
    pub api_key: Option<String>,
    /// Which city, where several share an endpoint.
    pub jurisdiction_id: Option<String>,
    /// When they were made.
    pub span: Span,
    /// Which part of them.
    pub page: Page,
}

/// Without the key.
impl fmt::Debug for UpdatesQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdatesQuery")
            .field("span", &self.span)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// Reads the query string of GET servicerequestupdates, decoded ([`decode_form`](super::decode_form)).
///
/// Dates and pages are those of the list of reports ([`parse_query`](super::parse_query)): `start_date` and `end_date`
/// go before `updated_after` and `updated_before`, and without any it is the 90 days before `now`.
///
/// # Errors
/// Every fault found, each a 400.
pub fn parse_updates_query(
    pairs: impl IntoIterator<Item = (String, String)>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<UpdatesQuery, Vec<Problem>> {
    let mut params = Params::collect(pairs);
    let updated = updated_span(&mut params, now, zone);
    let made = requested_span(&mut params, now, zone, updated.is_some());
    let query = UpdatesQuery {
        api_key: params.short("api_key"),
        jurisdiction_id: params.short("jurisdiction_id"),
        // One of the two is always there: the first is only left out for the second.
        span: made.or(updated).unwrap_or(Span { from: now, to: now }),
        page: Page::read(&mut params),
    };
    params.finish(query)
}

/// The answer to an accepted update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateReceipt {
    /// The id of the update here.
    UpdateId(String),
    /// A token, when the id comes later.
    Token(String),
    /// Neither: nothing was kept.
    Blackbox,
}

impl Serialize for UpdateReceipt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match self {
            Self::UpdateId(id) => map.serialize_entry("update_id", id)?,
            Self::Token(token) => map.serialize_entry("token", token)?,
            Self::Blackbox => {}
        }
        map.end()
    }
}

/// News about a report, coming in. `POST servicerequestupdates`.
#[derive(Clone, PartialEq)]
pub struct PostUpdate {
    /// The client's key; whether it is good is the caller's question.
    pub api_key: Option<String>,
    /// Which city, where several share an endpoint.
    pub jurisdiction_id: Option<String>,
    /// The report: its id, or a token that stands for it.
    pub service_request_id: String,
    /// The client's id of the update: posting it twice must not add it twice.
    pub update_id: String,
    /// Status after the update.
    pub status: UpdateStatus,
    /// When it happened there.
    pub updated_datetime: Timestamp,
    /// Text, at most [`MAX_DESCRIPTION_CHARS`] characters.
    pub description: Option<String>,
    /// Heading.
    pub title: Option<String>,
    /// Personal data of who wrote it.
    pub email: Option<String>,
    /// Personal data of who wrote it.
    pub phone: Option<String>,
    /// Personal data of who wrote it.
    pub first_name: Option<String>,
    /// Personal data of who wrote it.
    pub last_name: Option<String>,
    /// Account at the sending site.
    pub account_id: Option<String>,
    /// Pictures.
    pub media_urls: Vec<String>,
    /// Answers, in the order of their first appearance.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// Without the key, the texts and the person, so that a log line cannot give them away.
impl fmt::Debug for PostUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostUpdate")
            .field("service_request_id", &self.service_request_id)
            .field("update_id", &self.update_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Reads a posted update. Names an older client uses are understood (`update_id_ext`), and `token` where there is no
/// `service_request_id`.
///
/// # Errors
/// Every fault found, each a 400.
pub fn parse_update(
    pairs: impl IntoIterator<Item = (String, String)>,
    zone: &TimeZone,
) -> Result<PostUpdate, Vec<Problem>> {
    let mut params = Params::collect(pairs);
    let service_request_id = match params.has("service_request_id") {
        false if params.has("token") => params.required("token"),
        _ => params.required("service_request_id"),
    };
    let mut update_id = params.short("update_id");
    if update_id.is_none() {
        update_id = params.short("update_id_ext");
    }
    if update_id.is_none() {
        params.fault(Problem::bad(problem::FIELD_MISSING).arg("field", "update_id"));
    }
    let status = required_status(&mut params);
    let updated_datetime = required_datetime(&mut params, zone);
    let update = PostUpdate {
        api_key: params.short("api_key"),
        jurisdiction_id: params.short("jurisdiction_id"),
        service_request_id,
        update_id: update_id.unwrap_or_default(),
        status: status.unwrap_or(UpdateStatus::Unchanged),
        updated_datetime: updated_datetime.unwrap_or(Timestamp::UNIX_EPOCH),
        description: params.long("description", MAX_DESCRIPTION_CHARS),
        title: params.short("title"),
        email: params.short("email"),
        phone: params.short("phone"),
        first_name: params.short("first_name"),
        last_name: params.short("last_name"),
        account_id: params.short("account_id"),
        media_urls: params.media_urls(),
        attributes: params.attributes(),
    };
    params.finish(update)
}

fn required_status(params: &mut Params) -> Option<UpdateStatus> {
    let word = params.required("status");
    let status = UpdateStatus::parse(&word);
    if status.is_none() && !word.is_empty() {
        params.fault(Problem::bad(problem::UPDATE_STATUS_UNKNOWN).arg("value", word));
    }
    status
}

fn required_datetime(params: &mut Params, zone: &TimeZone) -> Option<Timestamp> {
    let text = params.required("updated_datetime");
    let time = parse_datetime(&text, zone);
    if time.is_none() && !text.is_empty() {
        params.fault(
            Problem::bad(problem::DATE_INVALID)
                .arg("field", "updated_datetime")
                .arg("value", text),
        );
    }
    time
}
