//! The question for a list of reports. GeoReport v2, GET Service Requests, with the paging and filters that cities have
//! added (`updated_after` and `updated_before` of the v2.1 draft among them).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::listing::{requested_span, updated_span};
use super::params::{Params, parse_number};
use super::post::lat_long;
use super::problem::{self, Problem};
use super::types::Status;

pub use super::listing::{MAX_ROWS, MAX_SPAN, Page, Span};

/// Most service codes in one question.
pub const MAX_SERVICE_CODES: usize = 500;
/// Largest radius in metres: no city is wider.
pub const MAX_RADIUS_M: f64 = 200_000.0;

/// A question for reports.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestsQuery {
    /// Which city, where several share an endpoint.
    pub jurisdiction_id: Option<String>,
    /// Which reports.
    pub select: Select,
    /// Which part of them.
    pub page: Page,
    /// True: send [`ExtendedAttributes`](super::ExtendedAttributes).
    pub extensions: bool,
}

/// Which reports. Ids override every other filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Select {
    /// These, at most [`MAX_ROWS`]; not empty. No other filter was looked at.
    Ids(Vec<String>),
    /// Those that pass.
    Filter(Box<Filter>),
}

/// Conditions that all have to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Any of these services; empty: all.
    pub service_codes: Vec<String>,
    /// Any of these; never empty.
    pub statuses: Vec<Status>,
    /// `requested_datetime` in here. `None` only when `updated` is set and no date was given: a change of an old report
    /// must be found.
    pub requested: Option<Span>,
    /// `updated_datetime` in here; sort by it then.
    pub updated: Option<Span>,
    /// In this box.
    pub bbox: Option<BoundingBox>,
    /// In this circle.
    pub near: Option<Circle>,
    /// This text somewhere in what is public.
    pub q: Option<String>,
    /// This agency.
    pub agency_responsible: Option<String>,
    /// With or without a picture.
    pub has_photo: Option<bool>,
}

/// WGS 84 degrees, `west <= east`, `south <= north`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

/// A place and a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// WGS 84 degrees.
    pub lat: f64,
    /// WGS 84 degrees.
    pub long: f64,
    /// Metres.
    pub radius_m: f64,
}

/// Reads the query string of GET requests, decoded ([`decode_form`](super::decode_form)).
///
/// `now` ends the default span of 90 days; `zone` (the city's) is meant where a date has none.
///
/// # Errors
/// Every fault found, each a 400.
pub fn parse_query(
    pairs: impl IntoIterator<Item = (String, String)>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<RequestsQuery, Vec<Problem>> {
    let mut params = Params::collect(pairs);
    let jurisdiction_id = params.short("jurisdiction_id");
    let extensions = flag(&mut params, "extensions").unwrap_or(false);
    if params.has("service_request_id") {
        let ids = params.list("service_request_id", MAX_ROWS as usize);
        if !ids.is_empty() {
            let select = Select::Ids(ids);
            return params.finish(RequestsQuery {
                jurisdiction_id,
                select,
                page: Page::WHOLE,
                extensions,
            });
        }
    }
    let query = RequestsQuery {
        jurisdiction_id,
        page: Page::read(&mut params),
        select: Select::Filter(Box::new(filter(&mut params, now, zone))),
        extensions,
    };
    params.finish(query)
}

fn filter(params: &mut Params, now: Timestamp, zone: &TimeZone) -> Filter {
    let updated = updated_span(params, now, zone);
    Filter {
        service_codes: params.list("service_code", MAX_SERVICE_CODES),
        statuses: statuses(params),
        requested: requested_span(params, now, zone, updated.is_some()),
        updated,
        bbox: bbox(params),
        near: circle(params),
        q: params.short("q"),
        agency_responsible: params.short("agency_responsible"),
        has_photo: flag(params, "has_photo"),
    }
}

fn statuses(params: &mut Params) -> Vec<Status> {
    let mut statuses = Vec::new();
    for word in params.list("status", MAX_SERVICE_CODES) {
        let status = match word.to_ascii_lowercase().as_str() {
            "open" => Status::Open,
            "closed" => Status::Closed,
            _ => {
                params.fault(Problem::bad(problem::STATUS_UNKNOWN).arg("value", word));
                continue;
            }
        };
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    if statuses.is_empty() {
        vec![Status::Open, Status::Closed]
    } else {
        statuses
    }
}

/// `bbox=west,south,east,north`.
fn bbox(params: &mut Params) -> Option<BoundingBox> {
    let text = params.get("bbox")?.to_owned();
    let numbers: Option<Vec<f64>> = text
        .split(',')
        .take(5)
        .map(|part| parse_number(part.trim()))
        .collect();
    let corners = match numbers.as_deref() {
        Some(&[west, south, east, north]) => Some(BoundingBox {
            west,
            south,
            east,
            north,
        }),
        _ => None,
    };
    let valid = corners.filter(|b| {
        b.west <= b.east
            && b.south <= b.north
            && b.south >= -90.0
            && b.north <= 90.0
            && b.west >= -180.0
            && b.east <= 180.0
    });
    if valid.is_none() {
        params.fault(Problem::bad(problem::BBOX_INVALID).arg("value", text));
    }
    valid
}

/// `lat`, `long`, `radius` in metres: all or none.
fn circle(params: &mut Params) -> Option<Circle> {
    let given = ["lat", "long", "radius"].map(|name| params.has(name));
    match given {
        [false, false, false] => return None,
        [true, true, true] => {}
        _ => {
            params.fault(Problem::bad(problem::RADIUS_INCOMPLETE));
            return None;
        }
    }
    let place = lat_long(params);
    let radius = params.number("radius", problem::RADIUS_INVALID)?;
    if radius <= 0.0 || radius > MAX_RADIUS_M {
        params.fault(Problem::bad(problem::RADIUS_INVALID).arg("value", radius));
        return None;
    }
    place.map(|(lat, long)| Circle {
        lat,
        long,
        radius_m: radius,
    })
}

fn flag(params: &mut Params, name: &'static str) -> Option<bool> {
    let text = params.get(name)?.to_ascii_lowercase();
    match text.as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => {
            params.fault(
                Problem::bad(problem::FLAG_INVALID)
                    .arg("field", name)
                    .arg("value", text),
            );
            None
        }
    }
}
