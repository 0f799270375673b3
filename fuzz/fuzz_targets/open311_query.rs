//! Questions for Open311 reports: no panic, and an accepted question is bounded.
#![no_main]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use pendopo_standards::open311::query::{MAX_ROWS, Select};
use pendopo_standards::open311::{FormLimits, decode_form, parse_query, parse_updates_query};

fuzz_target!(|bytes: &[u8]| {
    let Ok(pairs) = decode_form(bytes, &FormLimits::default()) else {
        return;
    };
    if let Ok(query) = parse_updates_query(pairs.clone(), Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
        assert!(query.page.number >= 1 && (1..=MAX_ROWS).contains(&query.page.size));
        assert!(query.span.from <= query.span.to);
    }
    let Ok(query) = parse_query(pairs, Timestamp::UNIX_EPOCH, &TimeZone::UTC) else {
        return;
    };
    assert!(query.page.number >= 1 && (1..=MAX_ROWS).contains(&query.page.size));
    let _ = query.page.offset();
    match query.select {
        Select::Ids(ids) => assert!(!ids.is_empty() && ids.len() <= MAX_ROWS as usize),
        Select::Filter(filter) => {
            assert!(!filter.statuses.is_empty());
            assert!(filter.requested.is_some() || filter.updated.is_some());
            for span in [filter.requested, filter.updated].into_iter().flatten() {
                assert!(span.from <= span.to);
            }
        }
    }
});
