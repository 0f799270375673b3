//! Lists of other endpoints: what is written is read back, what is broken is noted, what is hostile is refused.

use pendopo_standards::open311::read::{
    MAX_DEPTH, MAX_NOTED_PROBLEMS, MAX_READ_ROWS, MAX_ROW_ELEMENTS, MAX_XML_BYTES,
};
use pendopo_standards::open311::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::messages::assert_translated;
use crate::samples::{full_request, plain_request};

const ROW: &str = "<service_request_id>1</service_request_id><status>open</status><service_code>c</service_code>\
                   <requested_datetime>2026-11-24T00:00:00Z</requested_datetime>";

fn refusal(document: impl AsRef<[u8]>) -> &'static str {
    let problem = parse_requests_xml(document.as_ref()).unwrap_err();
    assert_translated(&problem);
    problem.key
}

fn read(rows: &str) -> (Vec<ServiceRequest>, Vec<(&'static str, String)>) {
    let document = format!("<service_requests>{rows}</service_requests>");
    let (requests, problems) = parse_requests_xml(document.as_bytes()).unwrap();
    problems.iter().for_each(assert_translated);
    let notes = problems.iter().map(|problem| {
        (
            problem.key,
            problem
                .args
                .iter()
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        )
    });
    (requests, notes.collect())
}

/// Whole seconds, as the wire has them.
fn time() -> impl Strategy<Value = jiff::Timestamp> {
    (0_i64..4_102_444_800).prop_map(|second| jiff::Timestamp::from_second(second).unwrap())
}

/// Any text with something to see in it and without what XML forbids.
fn text() -> impl Strategy<Value = String> {
    "\\PC{0,20}[!-~][\\PC\t\n\r]{0,20}"
        .prop_map(|text| text.replace(['\u{fffe}', '\u{ffff}'], ""))
        .prop_filter("forbidden", |text| {
            text.chars().all(|c| c >= ' ' || "\t\n\r".contains(c))
        })
}

fn id() -> impl Strategy<Value = String> {
    "[!-~]{1,12}|[a-z<&>'\"]{1,5} [é-ö]{1,3}x"
}

fn extended() -> impl Strategy<Value = ExtendedAttributes> {
    let answer =
        (text(), text(), text(), text()).prop_map(|(label, name, value, code)| AnsweredAttribute {
            label,
            name,
            value,
            code,
        });
    (
        option::of(text()),
        option::of(text()),
        vec(id(), 0..3),
        vec(answer, 0..3),
    )
        .prop_map(
            |(title, detailed_status, media_urls, attributes)| ExtendedAttributes {
                title,
                detailed_status,
                media_urls,
                attributes,
            },
        )
}

prop_compose! {
    fn any_request()(
        ids in (id(), id(), any::<bool>()),
        notes in (option::of(text()), option::of(text()), option::of(text())),
        more in (option::of(text()), option::of(text())),
        times in (time(), option::of(time()), option::of(time())),
        address in (option::of(text()), option::of(text()), option::of(text())),
        lat in option::of(-90.0..=90.0_f64),
        long in option::of(-180.0..=180.0_f64),
        media_url in option::of(id()),
        extended_attributes in option::of(extended()),
    ) -> ServiceRequest {
        ServiceRequest {
            service_request_id: ids.0,
            status: if ids.2 { Status::Open } else { Status::Closed },
            status_notes: notes.0,
            service_name: notes.1,
            service_code: ids.1,
            description: notes.2,
            agency_responsible: more.0,
            service_notice: more.1,
            requested_datetime: times.0,
            updated_datetime: times.1,
            expected_datetime: times.2,
            address: address.0,
            address_id: address.1,
            zipcode: address.2,
            lat,
            long,
            media_url,
            extended_attributes,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(list in vec(any_request(), 0..4)) {
        let xml = requests(&list, Format::Xml);
        prop_assert_eq!(parse_requests_xml(xml.as_bytes()), Ok((list, Vec::new())));
    }

    #[test]
    fn any_text_at_all_gives_a_document_that_can_be_read(text in any::<String>()) {
        let odd = ServiceRequest { description: Some(text.clone()), address: Some(text), ..plain_request("1") };
        let (list, problems) = parse_requests_xml(request(&odd, Format::Xml).as_bytes()).unwrap();
        prop_assert_eq!((list.len(), problems.len()), (1, 0));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = parse_requests_xml(&bytes);
        if let Ok(pairs) = decode_form(&bytes, &FormLimits::default()) {
            let _ = parse_form(pairs.clone());
            let _ = parse_update(pairs.clone(), &jiff::tz::TimeZone::UTC);
            let _ = parse_query(pairs, jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
        }
    }
}

#[test]
fn the_full_sample_survives_the_way_there_and_back() {
    let whole_seconds = ServiceRequest {
        requested_datetime: "2026-11-20T01:02:03Z".parse().unwrap(),
        ..full_request()
    };
    let xml = request(&full_request(), Format::Xml);
    let (list, problems) = parse_requests_xml(xml.as_bytes()).unwrap();
    assert_eq!((list, problems), (vec![whole_seconds], Vec::new()));
}

#[test]
fn documents_of_other_systems_are_read() {
    let document = format!(
        "\u{feff}<?xml version='1.0' encoding='utf-8'?>\r\n<!-- list -->\n<o:service_requests xmlns:o='x'>\r\n\
         <request a='b'>{ROW}<description><![CDATA[a < b\r\n& c]]> &lt;d&gt; &#233;&#x1F6A7;</description>\n\
         <status_notes>\n  </status_notes><lat> -6.9 </lat><long/><unknown><deep>x</deep></unknown></request>\n\
         <summary>1</summary></o:service_requests>\n"
    );
    let (list, problems) = parse_requests_xml(document.as_bytes()).unwrap();
    assert_eq!(problems, []);
    assert_eq!(list[0].description.as_deref(), Some("a < b\n& c <d> é🚧"));
    assert_eq!(
        (list[0].status_notes.as_ref(), list[0].lat, list[0].long),
        (None, Some(-6.9), None)
    );
}

#[test]
fn a_bad_row_is_noted_and_the_others_are_kept() {
    let row = |extra: &str| format!("<request>{extra}{ROW}</request>");
    let bad = "<request><status>open</status><service_code>c</service_code></request>";
    let (list, notes) = read(
        &[
            bad,
            &row(""),
            &row("<lat>91</lat><updated_datetime>besok</updated_datetime>"),
        ]
        .concat(),
    );
    assert_eq!(list.len(), 2);
    assert_eq!(
        notes,
        [
            (
                "open311-row-field-missing",
                "1 service_request_id".to_owned()
            ),
            ("open311-row-field-invalid", "3 updated_datetime".to_owned()),
            ("open311-row-field-invalid", "3 lat".to_owned()),
        ]
    );
}

#[test]
fn foreign_statuses_are_mapped_when_known_and_noted() {
    let row = |status: &str| {
        format!(
            "<request>{}</request>",
            ROW.replace(">open<", &format!(">{status}<"))
        )
    };
    let (list, notes) = read(
        &["Closed", "in_progress", "fixed", "resolved"]
            .map(row)
            .concat(),
    );
    let statuses: Vec<Status> = list.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Status::Closed, Status::Open, Status::Closed]);
    assert_eq!(notes.len(), 3);
}

#[test]
fn hostile_documents_are_refused() {
    let open = |n: usize| "<a>".repeat(n);
    let close = |n: usize| "</a>".repeat(n);
    let nested = |n: usize| {
        format!(
            "<service_requests>{}{}</service_requests>",
            open(n),
            close(n)
        )
    };
    assert!(parse_requests_xml(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
    let bomb = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><service_requests>&b;</service_requests>";
    let file = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><service_requests/>";
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (bomb.into(), "open311-xml-doctype"),
        (file.into(), "open311-xml-doctype"),
        ("<service_requests><!DOCTYPE x></service_requests>".into(), "open311-xml-doctype"),
        ("<service_requests><request><description>&b;</description></request></service_requests>".into(), "open311-xml-malformed"),
        ("<service_requests>&#x110000;</service_requests>".into(), "open311-xml-malformed"),
        (nested(MAX_DEPTH).into(), "open311-xml-too-deep"),
        (open(1_000_000).into(), "open311-xml-too-deep"),
        (format!("<service_requests><request>{}", "<a/>".repeat(MAX_ROW_ELEMENTS)).into(), "open311-xml-too-many-elements"),
        (vec![b' '; MAX_XML_BYTES + 1], "open311-xml-too-large"),
        (b"<service_requests>\xff</service_requests>".into(), "open311-xml-not-utf8"),
        (b"\xff\xfe<\0a\0/\0>\0".into(), "open311-xml-not-utf8"),
        ("".into(), "open311-xml-malformed"),
        ("   ".into(), "open311-xml-malformed"),
        ("hello".into(), "open311-xml-malformed"),
        ("<service_requests>".into(), "open311-xml-malformed"),
        ("<service_requests><request></service_requests>".into(), "open311-xml-malformed"),
        ("<service_requests></service_requests></service_requests>".into(), "open311-xml-malformed"),
        ("<service_requests/><service_requests/>".into(), "open311-xml-malformed"),
        ("<service_requests/>x".into(), "open311-xml-malformed"),
        ("<service_requests><a".into(), "open311-xml-malformed"),
        ("<service_requests>a & b</service_requests>".into(), "open311-xml-malformed"),
        ("<html><body/></html>".into(), "open311-xml-other-document"),
        ("<errors/>".into(), "open311-xml-other-document"),
    ];
    for (document, key) in cases {
        let shown = String::from_utf8_lossy(&document[..document.len().min(80)]).into_owned();
        assert_eq!(refusal(&document), key, "{shown}");
    }
}

#[test]
fn references_to_forbidden_characters_vanish() {
    let (list, _) = read(&format!(
        "<request>{ROW}<description>a&#1;&#xFFFF;b</description></request>"
    ));
    assert_eq!(list[0].description.as_deref(), Some("ab"));
}

#[test]
fn an_error_of_the_other_side_is_passed_on() {
    let document =
        "<errors><error><code>403</code><description>no key</description></error><error/></errors>";
    let problem = parse_requests_xml(document.as_bytes()).unwrap_err();
    assert_translated(&problem);
    let args = [
        ("code", "403".to_owned()),
        ("description", "no key".to_owned()),
    ];
    assert_eq!(
        (problem.key, problem.args),
        ("open311-xml-remote-error", args.to_vec())
    );
}

#[test]
fn long_lists_are_cut_and_their_problems_too() {
    let rows = |n: usize, row: &str| format!("<request>{row}</request>").repeat(n);
    let (list, notes) = read(&rows(MAX_READ_ROWS, ROW));
    assert_eq!((list.len(), notes.len()), (MAX_READ_ROWS, 0));
    let (list, notes) = read(&rows(MAX_READ_ROWS + 1, ROW));
    assert_eq!(
        (list.len(), notes[0].0),
        (MAX_READ_ROWS, "open311-rows-too-many")
    );
    let (list, notes) = read(&rows(MAX_NOTED_PROBLEMS * 2, ""));
    assert_eq!((list.len(), notes.len()), (0, MAX_NOTED_PROBLEMS));
}
