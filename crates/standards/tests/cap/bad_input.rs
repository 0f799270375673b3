//! Hostile and broken documents: refused with the reason, without reading anything else.

use pendopo_standards::cap::{self, MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS, Refused};
use pendopo_standards::document::Unreadable;

use crate::written::{around, info};

fn refused(text: &str) -> Refused {
    cap::read(text.as_bytes())
        .map(|read| read.alert.identifier)
        .unwrap_err()
}

#[test]
fn an_entity_bomb_and_an_outside_entity_are_refused_unread() {
    let bomb = format!(
        "<!DOCTYPE alert [<!ENTITY a \"aaaaaaaaaa\">{}]>{}",
        (0..20)
            .map(|n| format!("<!ENTITY b{n} \"&a;&a;&a;&a;\">"))
            .collect::<String>(),
        around(&info("<area><areaDesc>&b19;</areaDesc></area>"))
            .replace("<?xml version=\"1.0\"?>", "")
    );
    let outside = around("").replace(
        "<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?><!DOCTYPE alert SYSTEM \"http://127.0.0.1:9/x.dtd\">",
    );
    for text in [bomb, outside] {
        assert_eq!(refused(&text), Refused::Unreadable(Unreadable::DocType));
    }
    let undeclared = around(&info("<area><areaDesc>&xxe;</areaDesc></area>"));
    assert_eq!(refused(&undeclared).word(), "malformed");
}

#[test]
fn what_is_too_deep_too_many_or_too_large_is_refused() {
    let deep = around(&"<x>".repeat(100_000));
    assert_eq!(
        refused(&deep),
        Refused::Unreadable(Unreadable::TooDeep(MOST_DEPTH))
    );
    let many = around(&"<code>x</code>".repeat(MOST_ELEMENTS));
    assert_eq!(
        refused(&many),
        Refused::Unreadable(Unreadable::TooManyElements(MOST_ELEMENTS))
    );
    let large = around(&format!("<note>{}</note>", "x".repeat(MOST_BYTES)));
    assert_eq!(
        refused(&large),
        Refused::Unreadable(Unreadable::TooLarge(MOST_BYTES))
    );
}

#[test]
fn what_is_no_message_is_refused() {
    for text in [
        "",
        "alert",
        "<alert/>",
        "<alert xmlns='urn:other'/>",
        "<info xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>",
    ] {
        let word = refused(text).word();
        assert!(["not-cap", "malformed"].contains(&word), "{text}: {word}");
    }
    assert_eq!(
        cap::read(&around("").into_bytes()[..100])
            .unwrap_err()
            .word(),
        "malformed"
    );
    assert_eq!(cap::read(b"\xff\xfe<\0a\0").unwrap_err().word(), "encoding");
}

#[test]
fn each_thing_without_which_a_message_cannot_be_used_is_named() {
    for name in ["identifier", "sender", "sent", "status", "msgType", "scope"] {
        let text = around("");
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let from = text.find(&start).unwrap();
        let to = text.find(&end).unwrap() + end.len();
        let without = format!("{}{}", &text[..from], &text[to..]);
        assert_eq!(refused(&without), Refused::Missing(name));
        let empty = format!("{}{start} {end}{}", &text[..from], &text[to..]);
        assert_eq!(refused(&empty), Refused::Missing(name));
        if !["identifier", "sender"].contains(&name) {
            let other = format!("{}{start}whatever{end}{}", &text[..from], &text[to..]);
            assert_eq!(refused(&other), Refused::Unusable(name));
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_cut_and_said() {
    let text = around(&info("")).replace("Rob", &"é".repeat(cap::MOST_TEXT));
    let read = cap::read(text.as_bytes()).unwrap();
    assert_eq!(read.alert.info[0].event.len(), cap::MOST_TEXT);
    assert_eq!(read.problems[0].fault, cap::Fault::TooLong);
}

#[test]
fn more_points_than_are_read_cost_the_rings_that_have_them() {
    let ring = format!("<polygon>{}</polygon>", "0,1 ".repeat(cap::MOST_POINTS));
    let content =
        format!("<area><areaDesc>x</areaDesc>{ring}<polygon>0,0 0,1 1,1 0,0</polygon></area>");
    let read = cap::read(around(&info(&content)).as_bytes()).unwrap();
    // The first ring fills the measure exactly; nothing is left for the second.
    assert_eq!(read.alert.info[0].area[0].polygon.len(), 1);
    assert_eq!(read.problems[0].fault, cap::Fault::TooMany);
}

#[test]
fn a_document_full_of_faults_notes_some_of_them() {
    let text = around(&"<surprise/>".repeat(1000));
    let read = cap::read(text.as_bytes()).unwrap();
    assert_eq!(read.problems.len(), cap::MOST_PROBLEMS);
}
