//! Open311 GeoReport v2, in and out: the wire format and nothing behind it.
//!
//! GeoReport v2 is a small REST interface for reports to a city. This module holds its types ([`types`]), the answers in
//! XML and JSON ([`render`]), the questions and forms that clients send ([`form`], [`post`], [`query`], [`attributes`],
//! [`mod@updates`]), the answers of other endpoints ([`read`]) and service discovery (Service Discovery 1.0, in [`types`]).
//!
//! Deliberately absent: HTTP, storage, keys, rights and prose. A fault is a [`Problem`] with a key and arguments; the
//! caller translates it and gets the status to answer with. The read model has no field for the reporter's name, e-mail
//! or phone, so an answer cannot leak them.
//!
//! Times are UTC, coordinates WGS 84 degrees in the standard's own names and order (`lat`, `long`).
//!
//! ```
//! use pendopo_standards::open311::{self, Format, FormLimits};
//!
//! let body = b"service_code=jalan&lat=-6.9&long=107.6&description=Lubang";
//! let pairs = open311::decode_form(body, &FormLimits::default())?;
//! let post = open311::parse_form(pairs).map_err(|problems| problems[0].clone())?;
//! assert_eq!(post.service_code, "jalan");
//!
//! let receipt = open311::RequestReceipt::of_request("RPT-1");
//! assert_eq!(open311::receipt(&receipt, Format::Json), r#"[{"service_request_id":"RPT-1"}]"#);
//! # Ok::<(), open311::Problem>(())
//! ```

pub mod attributes;
pub mod datetime;
pub mod form;
pub mod format;
pub mod listing;
mod params;
pub mod post;
pub mod problem;
pub mod query;
pub mod read;
pub mod render;
pub mod types;
pub mod updates;
pub(crate) mod xml;
mod xml_tree;

pub use attributes::validate_attributes;
pub use datetime::{emit_datetime, parse_datetime};
pub use form::{FormLimits, MAX_FIELDS, decode_form};
pub use format::Format;
pub use listing::{Page, Span};
pub use post::{PostRequest, parse_form};
pub use problem::{Problem, check_jurisdiction, error_bodies, status_of};
pub use query::{RequestsQuery, Select, parse_query};
pub use read::parse_requests_xml;
pub use render::{
    discovery, errors, receipt, request, requests, service_definition, services, token,
    update_receipt, updates,
};
pub use types::*;
pub use updates::{
    PostUpdate, RequestUpdate, UpdateReceipt, UpdateStatus, UpdatesQuery, parse_update,
    parse_updates_query,
};
