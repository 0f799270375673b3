//! Messages written for these tests, one idea each, and what is read of them.

use pendopo_standards::cap::{self, Fault, Read, Version};

/// A message with `info` in it, as the least that CAP 1.2 asks for.
pub fn around(info: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>kota-1</identifier>\
         <sender>pusdalops@kota.example</sender><sent>2026-02-16T22:50:00+07:00</sent><status>Actual</status>\
         <msgType>Alert</msgType><scope>Public</scope>{info}</alert>"
    )
}

/// An info with `area` in it.
pub fn info(area: &str) -> String {
    format!(
        "<info><language>id</language><category>Met</category><event>Rob</event><urgency>Expected</urgency>\
         <severity>Moderate</severity><certainty>Likely</certainty>{area}</info>"
    )
}

pub fn read(text: &str) -> Read {
    cap::read(text.as_bytes()).unwrap_or_else(|refused| panic!("{refused}: {text}"))
}

/// The faults that are noted of an area with `content`, and how many rings and circles are left of it.
fn area(content: &str) -> (Vec<(String, Fault)>, usize, usize) {
    let text = around(&info(&format!(
        "<area><areaDesc>Pesisir</areaDesc>{content}</area>"
    )));
    let read = read(&text);
    let area = &read.alert.info[0].area[0];
    let found = read.problems.into_iter().map(|one| (one.at, one.fault));
    (found.collect(), area.polygon.len(), area.circle.len())
}

const GOOD: &str = "<polygon>0,104 0,105 1,105 1,104 0,104</polygon>";

fn ring_at(number: usize, fault: Fault) -> (String, Fault) {
    (format!("info[1]/area[1]/polygon[{number}]"), fault)
}

#[test]
fn six_empty_polygons_are_no_polygons() {
    let empty = "<polygon></polygon><polygon/>".repeat(3);
    let (problems, rings, _) = area(&empty);
    assert_eq!(rings, 0);
    assert_eq!(problems, [("info[1]/area[1]/polygon".into(), Fault::Empty)]);
}

#[test]
fn a_bad_ring_harms_only_itself() {
    let content =
        format!("<polygon>0,104 0,105 95,105 0,104</polygon>{GOOD}<polygon>0,1 0,2 0,1</polygon>");
    let (problems, rings, _) = area(&content);
    assert_eq!(rings, 1);
    assert_eq!(
        problems,
        [ring_at(1, Fault::Position), ring_at(3, Fault::ShortRing)]
    );
}

#[test]
fn blanks_around_and_between_positions_do_not_matter() {
    let (problems, rings, _) = area("<polygon>\n 0,104 0,105\n\t1,105   1,104 0,104 \n</polygon>");
    assert_eq!((problems, rings), (vec![], 1));
}

#[test]
fn an_open_ring_is_closed_and_said() {
    let (problems, rings, _) = area("<polygon>0,104 0,105 1,105</polygon>");
    assert_eq!((problems, rings), (vec![ring_at(1, Fault::OpenRing)], 1));
}

#[test]
fn a_polygon_across_the_world_is_read() {
    let (problems, rings, circles) = area(
        "<polygon>-90,-180 -90,180 90,180 90,-180 -90,-180</polygon><circle>0,0 20000</circle><circle>0,0</circle>",
    );
    let fault = ("info[1]/area[1]/circle[3]".to_owned(), Fault::Position);
    assert_eq!((rings, circles), (1, 1));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].1, fault.1);
}

#[test]
fn an_all_clear_in_three_languages_that_names_itself_is_over_and_not_an_error() {
    let over = |language: &str| {
        info("")
            .replace("id</language>", &format!("{language}</language>"))
            .replace("Expected", "Past")
            .replace(
                "<urgency>",
                "<responseType>AllClear</responseType><urgency>",
            )
    };
    let infos = ["id", "en", "jv"].map(over).concat();
    let text = around(&infos).replace("Alert</msgType>", "Update</msgType>").replace(
        "</scope>",
        "</scope><references>pusdalops@kota.example,kota-1,2026-02-16T22:50:00+07:00</references>",
    );
    let read = read(&text);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let message = cap::convert::message(&read.alert);
    assert!(message.is_all_clear());
    assert_eq!(message.infos_in("jv").len(), 1);
    assert_eq!(message.infos_in("fr")[0].language, "en");
    assert_eq!(message.references[0].sent_text, message.sent_text);
}

#[test]
fn a_large_message_is_read_whole() {
    let text = large();
    let read = read(&text);
    let rings = &read.alert.info[0].area[0].polygon;
    let points: usize = rings.iter().map(|ring| ring.positions().len()).sum();
    assert_eq!((rings.len(), points), (150, 3072));
    assert!(read.problems.is_empty());
}

/// 150 rings with 3,072 points together.
pub fn large() -> String {
    let ring = |number: usize| {
        let points = if number < 72 { 21 } else { 20 };
        let corner = |at: usize| {
            let angle = (at % (points - 1)) as f64 / (points - 1) as f64 * std::f64::consts::TAU;
            let (lat, lon) = (number as f64 / 100.0 - 6.0, 105.0 + number as f64 / 100.0);
            format!(
                "{:.3},{:.3}",
                lat + angle.sin() / 50.0,
                lon + angle.cos() / 50.0
            )
        };
        let corners: Vec<String> = (0..points).map(corner).collect();
        format!("<polygon>{}</polygon>", corners.join(" "))
    };
    let rings: String = (0..150).map(ring).collect();
    around(&info(&format!(
        "<area><areaDesc>Banten</areaDesc>{rings}</area>"
    )))
}

#[test]
fn any_order_and_any_prefix_is_read_and_the_order_is_said() {
    let text = "<c:alert xmlns:c='urn:oasis:names:tc:emergency:cap:1.2'><c:scope>Public</c:scope><c:msgType>Alert</c:msgType>\
        <c:status>actual</c:status><c:sent>2026-02-16T22:50:00.5Z</c:sent><c:sender>a</c:sender><c:identifier>1</c:identifier>\
        <x:extra xmlns:x='u:x'/><c:surprise/></c:alert>";
    let read = read(text);
    let found: Vec<Fault> = read.problems.iter().map(|one| one.fault).collect();
    assert_eq!(
        found,
        [
            Fault::Foreign,
            Fault::Foreign,
            Fault::Order,
            Fault::TimeForm,
            Fault::Case
        ]
    );
    assert_eq!(read.alert.sent.text(), "2026-02-16T22:50:00.5Z");
}

#[test]
fn version_1_0_is_read_as_1_2_would_say_it() {
    let text = around(
        &info("")
            .replace("<language>", "<eventCode>OET=OET-194</eventCode><language>")
            .replace("Likely", "Very Likely")
            .replace("<category>Met</category>", ""),
    )
    .replace(
        "urn:oasis:names:tc:emergency:cap:1.2",
        "http://www.incident.com/cap/1.0",
    )
    .replace("<scope>Public</scope>", "<password>x</password>");
    let read = read(&text);
    assert_eq!(read.version, Version::V1_0);
    let info = &read.alert.info[0];
    assert_eq!(
        (info.certainty.word(), info.category[0].word()),
        ("Likely", "Other")
    );
    assert_eq!(info.event_code[0].value, "OET-194");
    assert_eq!(read.alert.scope.word(), "Public");
    let again = self::read(&cap::write(&read.alert));
    assert_eq!((again.version, again.alert), (Version::V1_2, read.alert));
}

#[test]
fn values_that_are_not_listed_become_unknown_or_are_left_out() {
    let text = around(
        &info("")
            .replace("Moderate", "Terrible")
            .replace("<urgency>", "<responseType>Run</responseType><urgency>")
            .replace("Met", "Weather"),
    );
    let read = read(&text);
    let info = &read.alert.info[0];
    assert_eq!(
        (info.severity.word(), info.category[0].word()),
        ("Unknown", "Other")
    );
    assert!(info.response_type.is_empty());
    assert_eq!(
        read.problems
            .iter()
            .filter(|one| one.fault == Fault::Value)
            .count(),
        3
    );
}

#[test]
fn lists_are_divided_at_blanks_and_quotes_keep_them_together() {
    let text = around("").replace(
        "</scope>",
        "</scope><addresses>a@b \"Pos Utama 1\"\n c</addresses><references>a,1,2026-02-16T22:50:00+07:00 bad a,1,never</references><incidents>\"Banjir Rob\"</incidents>",
    );
    let read = read(&text);
    assert_eq!(read.alert.addresses, ["a@b", "Pos Utama 1", "c"]);
    assert_eq!(read.alert.incidents, ["Banjir Rob"]);
    assert_eq!(read.alert.references.len(), 1);
    assert_eq!(
        read.problems
            .iter()
            .filter(|one| one.fault == Fault::Reference)
            .count(),
        2
    );
}
