//! Lists of other Open311 endpoints: no panic, and what was read is the same after writing and reading it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_standards::open311::{Format, parse_requests_xml, requests};

fuzz_target!(|bytes: &[u8]| {
    let Ok((mut list, _)) = parse_requests_xml(bytes) else {
        return;
    };
    let xml = requests(&list, Format::Xml);
    let (again, problems) = parse_requests_xml(xml.as_bytes()).expect("our own document");
    assert!(problems.is_empty());
    // The wire has whole seconds.
    for request in &mut list {
        let cut = |time: jiff::Timestamp| {
            pendopo_standards::open311::emit_datetime(time)
                .parse()
                .expect("our own time")
        };
        request.requested_datetime = cut(request.requested_datetime);
        request.updated_datetime = request.updated_datetime.map(cut);
        request.expected_datetime = request.expected_datetime.map(cut);
    }
    assert_eq!(list, again);
});
