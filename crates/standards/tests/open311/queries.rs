//! Questions for lists of reports.

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use pendopo_standards::open311::query::{Filter, MAX_SPAN, Select, Span};
use pendopo_standards::open311::*;

use crate::messages::assert_translated;
use crate::samples::pairs;

fn now() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn parse(query: &str) -> Result<RequestsQuery, Vec<&'static str>> {
    parse_query(pairs(query), now(), &TimeZone::fixed(offset(7))).map_err(|problems| {
        problems.iter().for_each(assert_translated);
        assert_eq!(status_of(&problems), 400);
        problems.iter().map(|problem| problem.key).collect()
    })
}

fn filter(query: &str) -> Filter {
    match parse(query).unwrap().select {
        Select::Filter(filter) => *filter,
        Select::Ids(ids) => panic!("{query} gave ids {ids:?}"),
    }
}

fn span(from: &str, to: &str) -> Option<Span> {
    Some(Span {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    })
}

#[test]
fn without_parameters_the_last_ninety_days_are_meant() {
    let query = parse("").unwrap();
    assert_eq!(
        (
            query.page.number,
            query.page.size,
            query.page.offset(),
            query.extensions
        ),
        (1, 1000, 0, false)
    );
    let filter = filter("unknown=1&status=&start_date=");
    assert_eq!(
        filter.requested,
        Some(Span {
            from: now() - MAX_SPAN,
            to: now()
        })
    );
    assert_eq!(filter.statuses, [Status::Open, Status::Closed]);
    assert_eq!(
        (filter.updated, filter.bbox, filter.near, filter.q),
        (None, None, None, None)
    );
}

#[test]
fn a_one_sided_span_reaches_ninety_days() {
    let start = filter("start_date=2026-01-01T00:00:00Z").requested;
    assert_eq!(start, span("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"));
    let end = filter("end_date=2026-04-01T00:00:00Z").requested;
    assert_eq!(end, span("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"));
    let extreme = filter("start_date=9999-12-30T00:00:00Z").requested.unwrap();
    assert_eq!(extreme.to, Timestamp::MAX);
}

#[test]
fn a_span_has_at_most_ninety_days() {
    let exact = filter("start_date=2026-01-01T00:00:00Z&end_date=2026-04-01T00:00:00Z").requested;
    assert_eq!(exact, span("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"));
    let over = parse("start_date=2026-01-01T00:00:00Z&end_date=2026-04-01T00:00:01Z");
    assert_eq!(over, Err(vec!["open311-span-too-long"]));
    let days = filter("start_date=2026-01-01&end_date=2026-04-01").requested;
    assert_eq!(days, span("2025-12-31T17:00:00Z", "2026-04-01T16:59:59Z"));
    assert_eq!(
        parse("start_date=2026-01-01&end_date=2026-04-02"),
        Err(vec!["open311-span-too-long"])
    );
    let reversed = parse("start_date=2026-02-01T00:00:00Z&end_date=2026-01-01T00:00:00Z");
    assert_eq!(reversed, Err(vec!["open311-dates-reversed"]));
}

#[test]
fn dates_are_read_as_clients_send_them() {
    let expect = span("2026-11-15T17:00:00Z", "2026-11-16T15:52:00.983659Z");
    let sent =
        "start_date=2026-11-16T00:00:00+07:00&end_date=2026-11-16T15%3A52%3A00.983659%2B00%3A00";
    assert_eq!(filter(sent).requested, expect);
    assert_eq!(
        parse("start_date=kemarin"),
        Err(vec!["open311-date-invalid"])
    );
}

#[test]
fn lists_are_comma_separated_or_repeated_without_doubles() {
    let filter = filter("service_code=001,%20002,,001&service_code=003&status=CLOSED,closed");
    assert_eq!(filter.service_codes, ["001", "002", "003"]);
    assert_eq!(filter.statuses, [Status::Closed]);
    assert_eq!(
        parse("status=open,fixed"),
        Err(vec!["open311-status-unknown"])
    );
}

#[test]
fn ids_override_every_other_filter_even_a_faulty_one() {
    let query =
        parse("service_request_id=b,a,b&status=nonsense&start_date=x&page=7&lat=1&extensions=true")
            .unwrap();
    assert_eq!(
        query.select,
        Select::Ids(vec!["b".to_owned(), "a".to_owned()])
    );
    assert_eq!((query.page.number, query.extensions), (1, true));
    assert!(matches!(
        parse("service_request_id=,&status=open").unwrap().select,
        Select::Filter(_)
    ));
    let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    assert!(parse(&format!("service_request_id={}", ids(1000))).is_ok());
    assert_eq!(
        parse(&format!("service_request_id={}", ids(1001))),
        Err(vec!["open311-list-too-long"])
    );
}

#[test]
fn pages_are_kept_exactly_up_to_a_thousand_rows() {
    let page = |query: &str| {
        parse(query).map(|query| (query.page.number, query.page.size, query.page.offset()))
    };
    assert_eq!(page("page=3&page_size=200"), Ok((3, 200, 400)));
    assert_eq!(page("page=0&page_size=1000"), Ok((1, 1000, 0)));
    assert_eq!(page("page_size=1001"), Ok((1, 1000, 0)));
    assert_eq!(
        page("page_size=4294967295&page=1000000"),
        Ok((1_000_000, 1000, 999_999_000))
    );
    for bad in [
        "page=-1",
        "page=x",
        "page=1000001",
        "page_size=0",
        "page_size=1.5",
        "page_size=99999999999",
    ] {
        assert_eq!(page(bad), Err(vec!["open311-number-invalid"]), "{bad}");
    }
}

#[test]
fn changes_are_found_however_old_the_report_is() {
    let after = filter("updated_after=2026-01-01T00:00:00Z");
    assert_eq!(after.requested, None);
    assert_eq!(
        after.updated,
        span("2026-01-01T00:00:00Z", "2026-11-24T08:00:00Z")
    );
    let both = filter(
        "updated_after=2026-11-01T00:00:00Z&updated_before=2026-11-02T00:00:00Z&start_date=2026-10-01T00:00:00Z",
    );
    assert_eq!(
        both.updated,
        span("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
    );
    assert_eq!(
        both.requested,
        span("2026-10-01T00:00:00Z", "2026-12-30T00:00:00Z")
    );
    let before = filter("updated_before=2026-04-01T00:00:00Z");
    assert_eq!(
        before.updated,
        span("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z")
    );
    let reversed = parse("updated_after=2026-11-02T00:00:00Z&updated_before=2026-11-01T00:00:00Z");
    assert_eq!(reversed, Err(vec!["open311-dates-reversed"]));
}

#[test]
fn places_are_boxes_or_circles() {
    let filter = filter(
        "bbox=107.5,-7.0,107.7,-6.8&lat=-6.9&long=107.6&radius=500&q=lubang&has_photo=1&agency_responsible=Dinas",
    );
    let (bbox, near) = (filter.bbox.unwrap(), filter.near.unwrap());
    assert_eq!(
        (bbox.west, bbox.south, bbox.east, bbox.north),
        (107.5, -7.0, 107.7, -6.8)
    );
    assert_eq!((near.lat, near.long, near.radius_m), (-6.9, 107.6, 500.0));
    assert_eq!(
        (filter.q.as_deref(), filter.has_photo),
        (Some("lubang"), Some(true))
    );
    assert_eq!(filter.agency_responsible.as_deref(), Some("Dinas"));
    let cases = [
        ("bbox=1,2,3", "open311-bbox-invalid"),
        ("bbox=1,2,3,4,5", "open311-bbox-invalid"),
        ("bbox=3,2,1,4", "open311-bbox-invalid"),
        ("bbox=1,-91,2,0", "open311-bbox-invalid"),
        ("bbox=NaN,NaN,NaN,NaN", "open311-bbox-invalid"),
        ("lat=1&long=1", "open311-radius-incomplete"),
        ("radius=1", "open311-radius-incomplete"),
        ("lat=1&long=1&radius=0", "open311-radius-invalid"),
        ("lat=1&long=1&radius=1e9", "open311-radius-invalid"),
        ("lat=91&long=1&radius=1", "open311-lat-invalid"),
        ("has_photo=maybe", "open311-flag-invalid"),
        ("extensions=maybe", "open311-flag-invalid"),
    ];
    for (query, key) in cases {
        assert_eq!(parse(query), Err(vec![key]), "{query}");
    }
}

#[test]
fn a_question_for_updates_has_the_days_and_pages_of_one_for_reports() {
    let zone = TimeZone::fixed(offset(7));
    let updates = |query: &str| parse_updates_query(pairs(query), now(), &zone);
    for days in [
        "",
        "start_date=2026-11-01&end_date=2026-11-02",
        "start_date=2026-11-01T00:00:00Z",
        "end_date=2026-11-02T00:00:00Z",
        "start_date=2026-11-02&end_date=2026-11-01",
        "start_date=2026-01-01&end_date=2026-11-01",
        "start_date=kemarin",
        "page=2&page_size=7",
        "page_size=0&page=x",
    ] {
        let requests = parse_query(pairs(days), now(), &zone).map(|query| {
            let Select::Filter(filter) = query.select else {
                panic!("{days}")
            };
            (filter.requested.unwrap(), query.page)
        });
        assert_eq!(
            updates(days).map(|query| (query.span, query.page)),
            requests,
            "{days}"
        );
    }
    let since = updates("updated_after=2026-01-01T00:00:00Z").unwrap();
    assert_eq!(
        (since.span.from, since.span.to),
        ("2026-01-01T00:00:00Z".parse().unwrap(), now())
    );
    let both =
        "updated_after=2026-01-01T00:00:00Z&start_date=2026-11-01T00:00:00Z&api_key=rahasia&bbox=x";
    let both = updates(both).unwrap();
    assert_eq!(both.span.from, "2026-11-01T00:00:00Z".parse().unwrap());
    assert_eq!(both.api_key.as_deref(), Some("rahasia"));
    assert!(!format!("{both:?}").contains("rahasia"));
}
