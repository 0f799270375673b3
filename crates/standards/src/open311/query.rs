//! The question for a list of reports. GeoReport v2, GET Service Requests, with the paging and filters that cities have
//! added (`updated_after` and `updated_before` of the v2.1 draft among them).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::datetime::{Edge, parse_datetime_at};
use super::params::{Params, parse_number};
use super::post::lat_long;
use super::problem::{self, Problem};
use super::types::Status;

/// Longest span of `start_date` to `end_date`, and the span when neither is given. GeoReport v2, GET Service Requests.
pub const MAX_SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Most rows of one answer, and the page size when none is asked for. GeoReport v2, GET Service Requests.
pub const MAX_ROWS: u32 = 1_000;
/// Most service codes in one question.
pub const MAX_SERVICE_CODES: usize = 500;
/// Largest radius in metres: no city is wider.
pub const MAX_RADIUS_M: f64 = 200_000.0;
/// Last page that can be asked for.
const MAX_PAGE: u32 = 1_000_000;

/// A question for reports.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestsQuery {
    /// Which city, where several share an endpoint.
    pub jurisdiction_id: Option<String>,
    /// Which reports.
    pub select: Select,
    /// From 1.
    pub page: u32,
    /// Rows of a page, 1 to [`MAX_ROWS`]. A client takes a shorter page for the last one, so it is kept exactly.
    pub page_size: u32,
    /// True: send [`ExtendedAttributes`](super::ExtendedAttributes).
    pub extensions: bool,
}

impl RequestsQuery {
    /// Rows to skip.
    #[must_use]
    pub fn offset(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.page_size)
    }
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

/// From and to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub to: Timestamp,
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
                page: 1,
                page_size: MAX_ROWS,
                extensions,
            });
        }
    }
    let query = RequestsQuery {
        jurisdiction_id,
        page: count(&mut params, "page", MAX_PAGE).unwrap_or(1).max(1),
        page_size: page_size(&mut params),
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

/// `start_date` and `end_date`: one alone reaches 90 days, more than 90 days is refused.
fn requested_span(
    params: &mut Params,
    now: Timestamp,
    zone: &TimeZone,
    optional: bool,
) -> Option<Span> {
    let given = params.has("start_date") || params.has("end_date");
    let start = date(params, "start_date", zone, Edge::Start);
    let end = date(params, "end_date", zone, Edge::End);
    let span = match (start, end) {
        (Some(from), Some(to)) => Span { from, to },
        (Some(from), None) => Span {
            from,
            to: later(from, MAX_SPAN),
        },
        (None, Some(to)) => Span {
            from: earlier(to, MAX_SPAN),
            to,
        },
        (None, None) if optional && !given => return None,
        (None, None) => Span {
            from: earlier(now, MAX_SPAN),
            to: now,
        },
    };
    check_order(params, span, "start_date", "end_date");
    // A bare end date stands for its whole day, so two bare dates 90 days apart are still 90 days.
    let bare = params.get("end_date").is_some_and(|text| text.len() == 10);
    let max = if bare {
        MAX_SPAN + SignedDuration::from_secs(86_399)
    } else {
        MAX_SPAN
    };
    if span.to.duration_since(span.from) > max {
        params.fault(Problem::bad(problem::SPAN_TOO_LONG).arg("max_days", 90));
    }
    Some(span)
}

/// `updated_after` to `updated_before`: the end is now by default, the beginning 90 days before the end.
fn updated_span(params: &mut Params, now: Timestamp, zone: &TimeZone) -> Option<Span> {
    let after = date(params, "updated_after", zone, Edge::Start);
    let before = date(params, "updated_before", zone, Edge::End);
    let span = match (after, before) {
        (None, None) => return None,
        (Some(from), to) => Span {
            from,
            to: to.unwrap_or(now.max(from)),
        },
        (None, Some(to)) => Span {
            from: earlier(to, MAX_SPAN),
            to,
        },
    };
    check_order(params, span, "updated_after", "updated_before");
    Some(span)
}

fn check_order(params: &mut Params, span: Span, first: &str, last: &str) {
    if span.from > span.to {
        params.fault(
            Problem::bad(problem::DATES_REVERSED)
                .arg("first", first)
                .arg("last", last),
        );
    }
}

fn date(params: &mut Params, name: &'static str, zone: &TimeZone, edge: Edge) -> Option<Timestamp> {
    let text = params.get(name)?.to_owned();
    let time = parse_datetime_at(&text, zone, edge);
    if time.is_none() {
        params.fault(
            Problem::bad(problem::DATE_INVALID)
                .arg("field", name)
                .arg("value", text),
        );
    }
    time
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
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

/// Absent means [`MAX_ROWS`]; more than that is cut to it, none is a fault.
fn page_size(params: &mut Params) -> u32 {
    match count(params, "page_size", u32::MAX) {
        Some(0) => {
            params.fault(
                Problem::bad(problem::NUMBER_INVALID)
                    .arg("field", "page_size")
                    .arg("value", 0),
            );
            MAX_ROWS
        }
        asked => asked.unwrap_or(MAX_ROWS).min(MAX_ROWS),
    }
}

fn count(params: &mut Params, name: &'static str, max: u32) -> Option<u32> {
    let text = params.get(name)?.to_owned();
    let number = text.parse::<u32>().ok().filter(|number| *number <= max);
    if number.is_none() {
        params.fault(
            Problem::bad(problem::NUMBER_INVALID)
                .arg("field", name)
                .arg("value", text),
        );
    }
    number
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
