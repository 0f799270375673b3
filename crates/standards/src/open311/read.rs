//! Reading the lists of other endpoints. GeoReport v2, GET Service Requests, XML answer.
//!
//! Other people's data keeps its good part: a row that cannot be used is left out and noted, a value that cannot be read
//! is left empty and noted. Only a document that is no list of reports at all is refused.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::datetime::parse_datetime;
use super::params::parse_number;
use super::problem::{self, Problem};
use super::types::{AnsweredAttribute, ExtendedAttributes, ServiceRequest, Status};
use super::updates::UpdateStatus;
use super::xml_tree::{Element, read_rows};

pub use super::xml_tree::{MAX_DEPTH, MAX_ROW_ELEMENTS, MAX_XML_BYTES};

/// Most rows that are kept of one document. The standard stops at 1,000; some endpoints do not.
pub const MAX_READ_ROWS: usize = 10_000;
/// Most problems that are noted for one document; a wholly foreign one would repeat itself.
pub const MAX_NOTED_PROBLEMS: usize = 100;

/// Reads a `<service_requests>` document into its usable rows and what was wrong with the others.
///
/// Times without a zone are taken as UTC; coordinates out of range are dropped; a status other than open and closed is
/// mapped like that of an update ([`UpdateStatus::to_v2`]) and noted.
///
/// # Errors
/// A document that is too large, not UTF-8, not well formed, nested too deep, has a document type declaration, is an
/// `<errors>` answer or another document altogether.
pub fn parse_requests_xml(bytes: &[u8]) -> Result<(Vec<ServiceRequest>, Vec<Problem>), Problem> {
    let mut list = List::default();
    let root = read_rows(bytes, |root, element| list.take(root, element))?;
    match (root.as_str(), list.remote_error) {
        ("service_requests" | "requests", _) => {
            if list.seen > MAX_READ_ROWS {
                list.problems
                    .push(Problem::bad(problem::ROWS_TOO_MANY).arg("max", MAX_READ_ROWS));
            }
            Ok((list.requests, list.problems))
        }
        ("errors", Some(problem)) => Err(problem),
        _ => Err(Problem::bad(problem::XML_OTHER_DOCUMENT).arg("root", root)),
    }
}

#[derive(Default)]
struct List {
    requests: Vec<ServiceRequest>,
    problems: Vec<Problem>,
    remote_error: Option<Problem>,
    seen: usize,
}

impl List {
    fn take(&mut self, root: &str, element: Element) {
        match (root, element.name.as_str()) {
            ("service_requests" | "requests", "request") => self.take_request(&element),
            ("errors", "error") if self.remote_error.is_none() => {
                let part = |name| element.text_of(name).unwrap_or_default().trim();
                let problem = Problem::bad(problem::XML_REMOTE_ERROR);
                self.remote_error = Some(
                    problem
                        .arg("code", part("code"))
                        .arg("description", part("description")),
                );
            }
            _ => {}
        }
    }

    fn take_request(&mut self, element: &Element) {
        self.seen += 1;
        if self.seen > MAX_READ_ROWS {
            return;
        }
        let mut row = Row {
            element,
            number: self.seen,
            problems: Vec::new(),
        };
        let request = row.request();
        let room = MAX_NOTED_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(row.problems.into_iter().take(room));
        self.requests.extend(request);
    }
}

/// One row on its way from element to report.
struct Row<'a> {
    element: &'a Element,
    /// From 1, as people count.
    number: usize,
    problems: Vec<Problem>,
}

impl Row<'_> {
    fn request(&mut self) -> Option<ServiceRequest> {
        let service_request_id = self.required("service_request_id")?;
        let service_code = self.required("service_code")?;
        self.required("requested_datetime")?;
        let requested_datetime = self.time("requested_datetime")?;
        Some(ServiceRequest {
            service_request_id,
            status: self.status()?,
            status_notes: self.text("status_notes"),
            service_name: self.text("service_name"),
            service_code,
            description: self.text("description"),
            agency_responsible: self.text("agency_responsible"),
            service_notice: self.text("service_notice"),
            requested_datetime,
            updated_datetime: self.time("updated_datetime"),
            expected_datetime: self.time("expected_datetime"),
            address: self.text("address"),
            address_id: self.text("address_id"),
            zipcode: self.text("zipcode"),
            lat: self.degrees("lat", 90.0),
            long: self.degrees("long", 180.0),
            media_url: self.text("media_url").map(|url| url.trim().to_owned()),
            extended_attributes: self
                .element
                .child("extended_attributes")
                .map(extended_attributes),
        })
    }

    /// Free text as it stands.
    fn text(&self, name: &str) -> Option<String> {
        self.element.text_of(name).map(str::to_owned)
    }

    /// An id or code, without blanks around it.
    fn required(&mut self, field: &'static str) -> Option<String> {
        let value = self
            .element
            .text_of(field)
            .map(|text| text.trim().to_owned());
        if value.is_none() {
            self.note(problem::ROW_FIELD_MISSING, field);
        }
        value
    }

    fn time(&mut self, field: &'static str) -> Option<Timestamp> {
        let text = self.element.text_of(field)?;
        let time = parse_datetime(text, &TimeZone::UTC);
        if time.is_none() {
            self.note(problem::ROW_FIELD_INVALID, field);
        }
        time
    }

    fn degrees(&mut self, field: &'static str, max: f64) -> Option<f64> {
        let text = self.element.text_of(field)?;
        let degrees = parse_number(text.trim()).filter(|degrees| degrees.abs() <= max);
        if degrees.is_none() {
            self.note(problem::ROW_FIELD_INVALID, field);
        }
        degrees
    }

    fn status(&mut self) -> Option<Status> {
        let word = self.required("status")?;
        match word.to_ascii_lowercase().as_str() {
            "open" => Some(Status::Open),
            "closed" => Some(Status::Closed),
            other => {
                self.note(problem::ROW_FIELD_INVALID, "status");
                UpdateStatus::parse(other).and_then(UpdateStatus::to_v2)
            }
        }
    }

    fn note(&mut self, key: &'static str, field: &'static str) {
        self.problems.push(
            Problem::bad(key)
                .arg("row", self.number)
                .arg("field", field),
        );
    }
}

fn extended_attributes(element: &Element) -> ExtendedAttributes {
    let text = |of: &Element, name: &str| of.text_of(name).map(str::to_owned);
    let children = |name: &str| element.child(name).map_or(&[][..], |child| &child.children);
    ExtendedAttributes {
        title: text(element, "title"),
        detailed_status: text(element, "detailed_status"),
        media_urls: children("media_urls")
            .iter()
            .map(|url| url.text.trim().to_owned())
            .collect(),
        attributes: children("attributes")
            .iter()
            .map(|answer| AnsweredAttribute {
                label: text(answer, "label").unwrap_or_default(),
                name: text(answer, "name").unwrap_or_default(),
                value: text(answer, "value").unwrap_or_default(),
                code: text(answer, "code").unwrap_or_default(),
            })
            .collect(),
    }
}
