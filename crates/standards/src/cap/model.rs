//! A message as the standard has it, in its own names. CAP 1.2, section 3.2.
//!
//! Texts have no blanks around them and are not empty: an empty element says nothing. Positions are lon, lat (WGS 84), the
//! other way around than on the wire.

use pendopo_domain::alerts::area::{Circle, Ring};
use pendopo_domain::alerts::{
    Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency,
};

use super::time::DateTime;

/// `<alert>`, §3.2.1.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub identifier: String,
    pub sender: String,
    pub sent: DateTime,
    pub status: Status,
    pub msg_type: MsgType,
    pub source: Option<String>,
    pub scope: Scope,
    pub restriction: Option<String>,
    pub addresses: Vec<String>,
    pub code: Vec<String>,
    pub note: Option<String>,
    pub references: Vec<Reference>,
    pub incidents: Vec<String>,
    pub info: Vec<Info>,
}

/// One of `<references>`: `sender,identifier,sent`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub sender: String,
    pub identifier: String,
    pub sent: DateTime,
}

/// `<info>`, §3.2.2.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// `None` means `en-US`.
    pub language: Option<String>,
    pub category: Vec<Category>,
    pub event: String,
    pub response_type: Vec<ResponseType>,
    pub urgency: Urgency,
    pub severity: Severity,
    pub certainty: Certainty,
    pub audience: Option<String>,
    pub event_code: Vec<Pair>,
    pub effective: Option<DateTime>,
    pub onset: Option<DateTime>,
    pub expires: Option<DateTime>,
    pub sender_name: Option<String>,
    pub headline: Option<String>,
    pub description: Option<String>,
    pub instruction: Option<String>,
    pub web: Option<String>,
    pub contact: Option<String>,
    pub parameter: Vec<Pair>,
    pub resource: Vec<Resource>,
    pub area: Vec<Area>,
}

/// `<valueName>` and `<value>`; either may be empty in what others send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub value_name: String,
    pub value: String,
}

/// `<resource>`, §3.2.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub resource_desc: String,
    pub mime_type: String,
    /// Bytes, about.
    pub size: Option<u64>,
    pub uri: Option<String>,
    /// The thing itself, in base64.
    pub deref_uri: Option<String>,
    /// SHA-1 of the thing, in hexadecimal.
    pub digest: Option<String>,
}

/// `<area>`, §3.2.4: the union of what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub area_desc: String,
    pub polygon: Vec<Ring>,
    pub circle: Vec<Circle>,
    pub geocode: Vec<Pair>,
    /// Feet above mean sea level.
    pub altitude: Option<f64>,
    /// Feet above mean sea level, with `altitude` only.
    pub ceiling: Option<f64>,
}
