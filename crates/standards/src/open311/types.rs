//! The resources of GeoReport v2 as they stand on the wire, in the standard's own words.
//!
//! `None` is "unknown or not applicable": JSON leaves the key out, XML writes an empty element. Serialising one of these
//! types gives its JSON form; lists and wrappers are the business of [`render`](super::render).

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Format;
use super::datetime::{serialize as datetime, serialize_optional as optional_datetime};

/// The specification URL that a discovery document names for GeoReport v2.
pub const GEOREPORT_V2: &str = "http://wiki.open311.org/GeoReport_v2";

/// A kind of report that the city takes. GeoReport v2, GET Service List.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Unique id within the jurisdiction.
    pub service_code: String,
    /// Name for people.
    pub service_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True: ask for the [`ServiceDefinition`] before posting.
    pub metadata: bool,
    /// What an accepted post is answered with.
    #[serde(rename = "type")]
    pub kind: ServiceType,
    /// Search words; one comma separated text on the wire.
    #[serde(
        serialize_with = "comma_separated",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub keywords: Vec<String>,
    /// The category to list it under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What an accepted post is answered with. GeoReport v2, GET Service List, `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceType {
    /// The id at once.
    Realtime,
    /// A token that becomes an id later.
    Batch,
    /// Neither, ever.
    Blackbox,
}

/// The questions of one service. GeoReport v2, GET Service Definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceDefinition {
    /// The service it belongs to.
    pub service_code: String,
    /// The questions, in the order in which they are written.
    pub attributes: Vec<Attribute>,
}

/// One question. GeoReport v2, GET Service Definition, `attribute`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    /// False: `description` is only shown, nothing is asked.
    pub variable: bool,
    /// Unique id within the service; posted as `attribute[code]`.
    pub code: String,
    /// What may be answered.
    pub datatype: Datatype,
    /// An answer is needed.
    pub required: bool,
    /// A hint for filling it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datatype_description: Option<String>,
    /// Place in the form, 1 first, unique within the service.
    pub order: u32,
    /// The question.
    pub description: String,
    /// The choices of the two list types, else empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<AttributeValue>,
}

/// What may be answered. GeoReport v2, GET Service Definition, `datatype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    /// One line.
    String,
    /// A number.
    Number,
    /// A time, ISO 8601.
    Datetime,
    /// Several lines.
    Text,
    /// One of `values`.
    SingleValueList,
    /// Any of `values`.
    MultiValueList,
}

/// One choice of a list. GeoReport v2, GET Service Definition, `value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeValue {
    /// What is posted.
    pub key: String,
    /// What is shown.
    pub name: String,
}

/// The status of a report; GeoReport v2 knows two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Reported, not dealt with.
    Open,
    /// Dealt with, whatever the outcome.
    Closed,
}

/// A report as everyone may see it. GeoReport v2, GET Service Requests.
///
/// There is deliberately no field for who reported it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceRequest {
    /// Unique id.
    pub service_request_id: String,
    /// Open or closed.
    pub status: Status,
    /// Why it has this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_notes: Option<String>,
    /// Name of the service for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Id of the service.
    pub service_code: String,
    /// Plain text with line breaks, at most [`MAX_DESCRIPTION_CHARS`](super::post::MAX_DESCRIPTION_CHARS) characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who has to deal with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_responsible: Option<String>,
    /// What will happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_notice: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "datetime")]
    pub requested_datetime: Timestamp,
    /// Last change; for a closed one, the closing.
    #[serde(
        serialize_with = "optional_datetime",
        skip_serializing_if = "Option::is_none"
    )]
    pub updated_datetime: Option<Timestamp>,
    /// When it is due.
    #[serde(
        serialize_with = "optional_datetime",
        skip_serializing_if = "Option::is_none"
    )]
    pub expected_datetime: Option<Timestamp>,
    /// From most specific to most general.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Id in an address register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_id: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zipcode: Option<String>,
    /// WGS 84 degrees north; a value that is not finite is left out.
    #[serde(skip_serializing_if = "is_no_number")]
    pub lat: Option<f64>,
    /// WGS 84 degrees east; a value that is not finite is left out.
    #[serde(skip_serializing_if = "is_no_number")]
    pub long: Option<f64>,
    /// One picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_url: Option<String>,
    /// Only for a client that asked with `extensions=true`; not part of v2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_attributes: Option<ExtendedAttributes>,
}

/// More about a report, for clients that asked. Not part of v2; names as CitySDK and the cities that have it use them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ExtendedAttributes {
    /// A short heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A finer status, `RECEIVED`, `IN_PROCESS`, `PROCESSED`, `ARCHIVED`, `REJECTED` in CitySDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detailed_status: Option<String>,
    /// All pictures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media_urls: Vec<String>,
    /// The public answers to the service's questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AnsweredAttribute>,
}

/// One answered question of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnsweredAttribute {
    /// The question.
    pub label: String,
    /// The answer for people.
    pub name: String,
    /// The answer as posted.
    pub value: String,
    /// The question's id.
    pub code: String,
}

/// What identifies an accepted report. GeoReport v2, POST Service Request: an id or a token, never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptId {
    /// The id, at once.
    ServiceRequestId(String),
    /// A token to ask for the id with.
    Token(String),
    /// Neither: the service is a black box.
    Blackbox,
}

/// The answer to an accepted post. GeoReport v2, POST Service Request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestReceipt {
    /// Id or token.
    pub id: ReceiptId,
    /// What will happen.
    pub service_notice: Option<String>,
    /// The account it was filed under.
    pub account_id: Option<String>,
}

impl RequestReceipt {
    /// A receipt with an id and nothing else.
    #[must_use]
    pub fn of_request(service_request_id: impl Into<String>) -> Self {
        Self {
            id: ReceiptId::ServiceRequestId(service_request_id.into()),
            service_notice: None,
            account_id: None,
        }
    }
}

impl Serialize for RequestReceipt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match &self.id {
            ReceiptId::ServiceRequestId(id) => map.serialize_entry("service_request_id", id)?,
            ReceiptId::Token(token) => map.serialize_entry("token", token)?,
            ReceiptId::Blackbox => {}
        }
        if let Some(notice) = &self.service_notice {
            map.serialize_entry("service_notice", notice)?;
        }
        if let Some(account) = &self.account_id {
            map.serialize_entry("account_id", account)?;
        }
        map.end()
    }
}

/// The answer for a token. GeoReport v2, GET service_request_id from a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenAnswer {
    /// `None`: not yet. Clients ask again when it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_request_id: Option<String>,
    /// The token asked for.
    pub token: String,
}

/// One error. GeoReport v2 §Errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// Usually the HTTP status.
    pub code: String,
    /// For people, translated.
    pub description: String,
}

/// Where the interface is. Service Discovery 1.0; its URL must end in `/discovery.xml` and `/discovery.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discovery {
    /// Last change of anything here; clients refresh what they keep when it moves.
    #[serde(serialize_with = "datetime")]
    pub changeset: Timestamp,
    /// How to reach the people behind it.
    pub contact: String,
    /// How to get an `api_key`.
    pub key_service: String,
    /// The endpoints. Give two (production and test): a common checker takes one for a malformed list.
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint of a discovery document. Service Discovery 1.0, `endpoint`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoint {
    /// Normally [`GEOREPORT_V2`].
    pub specification: String,
    /// Base URL. Clients append `requests.xml`, some of them without a slash in between.
    pub url: String,
    /// Last change of this endpoint's services.
    #[serde(serialize_with = "datetime")]
    pub changeset: Timestamp,
    /// Real or for trying out.
    #[serde(rename = "type")]
    pub kind: EndpointType,
    /// Formats it answers in.
    pub formats: Vec<Format>,
}

/// Real or for trying out. Service Discovery 1.0, `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointType {
    /// Reports go to people.
    Production,
    /// Reports go nowhere.
    Test,
}

fn comma_separated<S: Serializer>(words: &[String], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&words.join(","))
}

fn is_no_number(value: &Option<f64>) -> bool {
    !value.is_some_and(f64::is_finite)
}
