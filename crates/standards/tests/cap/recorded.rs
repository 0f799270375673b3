//! Messages of real agencies and of other projects' tests, which are not kept here.

use std::path::PathBuf;

use pendopo_standards::cap::{self, Fault, Read, Refused, Version};
use pendopo_standards::document::Unreadable;
use pendopo_standards::feeds::{self, Found};

/// Names the folder with recorded data; tests that need it say so when it is not set.
const DATA: &str = "PENDOPO_DATA";

pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os(DATA).filter(|folder| !folder.is_empty());
    if folder.is_none() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "skipped: 1 test reads recorded examples; set {DATA} to the folder that has them"
        );
    }
    folder.map(PathBuf::from)
}

/// What is expected of a recorded message that is read: version, infos, and the faults that are noted.
struct Expect(&'static str, Version, usize, &'static [Fault]);

const READ: &[Expect] = &[
    Expect("bmkg/cap_banten.xml", Version::V1_2, 1, &[]),
    Expect("cap/google_canada.cap", Version::V1_2, 2, &[Fault::Empty]),
    Expect("cap/google_wcatwc-warning.cap", Version::V1_2, 1, &[]),
    Expect(
        "cap/google_canada_errors.cap",
        Version::V1_2,
        1,
        &[Fault::Empty],
    ),
    Expect(
        "cap/google_earthquake.cap",
        Version::V1_1,
        1,
        &[Fault::OldVersion],
    ),
    Expect(
        "cap/google_earthquake_signed.cap",
        Version::V1_1,
        1,
        &[Fault::OldVersion, Fault::TimeForm],
    ),
    Expect(
        "cap/google_weather.cap",
        Version::V1_1,
        1,
        &[Fault::OldVersion],
    ),
    Expect(
        "cap/google_no_optional_fields.cap",
        Version::V1_1,
        0,
        &[Fault::OldVersion],
    ),
    Expect(
        "cap/kde_rs-2.49.0.0.688.0.20250817210003.457535.xml",
        Version::V1_2,
        3,
        &[Fault::Order],
    ),
    Expect(
        "cap/kde_thunderstorm.xml",
        Version::V1_2,
        1,
        &[Fault::Order],
    ),
    Expect(
        "cap/kde_dwd-update.xml",
        Version::V1_2,
        1,
        &[Fault::ShortRing],
    ),
    Expect("cap/kde_multi-area.xml", Version::V1_2, 2, &[]),
    Expect("cap/kde_tsunami.xml", Version::V1_2, 1, &[]),
];

fn message(name: &str) -> Option<Read> {
    let bytes = std::fs::read(folder()?.join(name)).unwrap();
    Some(cap::read(&bytes).unwrap_or_else(|refused| panic!("{name}: {refused}")))
}

#[test]
fn recorded_messages_are_read_and_what_is_wrong_with_them_is_said() {
    for Expect(name, version, infos, faults) in READ {
        let Some(read) = message(name) else { return };
        assert_eq!(read.version, *version, "{name}");
        assert_eq!(read.alert.info.len(), *infos, "{name}");
        let mut found: Vec<Fault> = vec![];
        for problem in &read.problems {
            if !found.contains(&problem.fault) {
                found.push(problem.fault);
            }
        }
        assert_eq!(found, *faults, "{name}: {:?}", read.problems);
    }
}

#[test]
fn recorded_messages_that_cannot_be_used_are_refused_with_a_reason() {
    let Some(folder) = folder() else { return };
    let refused = |name: &str| cap::read(&std::fs::read(folder.join(name)).unwrap()).unwrap_err();
    assert_eq!(refused("cap/google_invalid.cap"), Refused::Missing("scope"));
    let hostile = Refused::Unreadable(Unreadable::DocType);
    assert_eq!(refused("cap/google_xee.cap"), hostile);
    assert_eq!(refused("bmkg/rss_active.xml"), Refused::NotCap);
}

#[test]
fn a_weather_warning_has_its_rings_and_its_hours() {
    let Some(read) = message("bmkg/cap_banten.xml") else {
        return;
    };
    let message = cap::convert::message(&read.alert);
    assert_eq!(message.effective().to_string(), "2026-02-16T16:00:00Z");
    assert_eq!(message.expires().to_string(), "2026-02-16T19:00:00Z");
    let rings = &message.infos[0].areas[0].rings;
    assert_eq!(
        rings
            .iter()
            .map(|ring| ring.positions().len())
            .collect::<Vec<_>>(),
        [14, 19]
    );
    let first = rings[0].positions()[0];
    assert_eq!((first.lon(), first.lat()), (105.994, -5.981));
    assert!(cap::check(&read.alert).is_empty());
}

#[test]
fn languages_references_circles_codes_and_signatures_are_kept() {
    let Some(canada) = message("cap/google_canada.cap") else {
        return;
    };
    assert_eq!(canada.alert.references.len(), 2);
    let kept = cap::convert::message(&canada.alert);
    let french = kept.info_in("fr").unwrap();
    assert_eq!((french.language.as_str(), kept.areas().len()), ("fr-CA", 2));

    let tsunami = message("cap/kde_tsunami.xml").unwrap();
    assert_eq!(tsunami.signatures, 1);
    let circle = tsunami.alert.info[0].area[0].circle[0];
    assert_eq!((circle.centre.lon(), circle.radius_km), (-165.164, 1.0));

    let coded = message("cap/kde_multi-area.xml").unwrap().alert;
    assert!(
        coded
            .info
            .iter()
            .flat_map(|info| &info.area)
            .all(|area| { area.polygon.is_empty() && !area.geocode.is_empty() })
    );

    let update = message("cap/kde_dwd-update.xml").unwrap().alert;
    assert_eq!(update.references.len(), 1);
    // The ring that is none harmed itself only.
    let areas = &update.info[0].area;
    assert!(areas[0].polygon.is_empty() && areas.len() == 2);

    let warning = message("cap/google_wcatwc-warning.cap").unwrap().alert;
    assert_ne!(warning.references[0].sender, warning.sender);
}

#[test]
fn what_a_message_breaks_of_the_prose_is_said() {
    let Some(read) = message("cap/google_canada_errors.cap") else {
        return;
    };
    let laws: Vec<&str> = cap::check(&read.alert)
        .iter()
        .map(|one| one.law.word())
        .collect();
    assert_eq!(laws, ["references"]);
    assert!(read.problems.iter().any(|one| one.at == "references"));
}

#[test]
fn recorded_feeds_are_indexes_of_messages() {
    let Some(folder) = folder() else { return };
    let feed = |name: &str| feeds::read(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let rss = feed("bmkg/rss_active.xml");
    assert_eq!((rss.entries.len(), rss.left_out), (3, 0));
    assert_eq!(rss.entries[0].id, "2.49.0.1.360.0.2026.02.16.16.36.004");
    assert_eq!(
        rss.entries[0].updated.unwrap().to_string(),
        "2026-02-16T15:50:00Z"
    );
    let address = "https://www.bmkg.go.id/alerts/nowcast/id/CBT20260216004_alert.xml";
    assert_eq!(rss.entries[0].found, Found::At(address.into()));

    let atom = feed("cap/noaa_atom_feed_small.xml");
    assert!(!atom.entries.is_empty() && atom.left_out == 0);
    assert!(
        atom.entries
            .iter()
            .all(|entry| matches!(&entry.found, Found::At(at) if at.starts_with("https://")))
    );
}
