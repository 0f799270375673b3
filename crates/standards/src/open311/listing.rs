//! What the lists of reports and of updates share: the span of days and the pages. GeoReport v2, GET Service Requests.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::datetime::{Edge, parse_datetime_at};
use super::params::Params;
use super::problem::{self, Problem};

/// Longest span of `start_date` to `end_date`, and the span when neither is given. GeoReport v2, GET Service Requests.
pub const MAX_SPAN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Most rows of one answer, and the page size when none is asked for. GeoReport v2, GET Service Requests.
pub const MAX_ROWS: u32 = 1_000;
/// Last page that can be asked for.
const MAX_PAGE: u32 = 1_000_000;

/// From and to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub to: Timestamp,
}

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Rows of a page, 1 to [`MAX_ROWS`]. A client takes a shorter page for the last one, so it is kept exactly.
    pub size: u32,
}

impl Page {
    /// The first page at its largest.
    pub const WHOLE: Self = Self {
        number: 1,
        size: MAX_ROWS,
    };

    /// Reads `page` (0 and absent are 1) and `page_size`.
    pub(super) fn read(params: &mut Params) -> Self {
        Self {
            number: count(params, "page", MAX_PAGE).unwrap_or(1).max(1),
            size: page_size(params),
        }
    }

    /// Rows to skip.
    #[must_use]
    pub fn offset(self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.size)
    }
}

/// `start_date` and `end_date`: one alone reaches 90 days, more than 90 days is refused.
pub(super) fn requested_span(
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
pub(super) fn updated_span(params: &mut Params, now: Timestamp, zone: &TimeZone) -> Option<Span> {
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
