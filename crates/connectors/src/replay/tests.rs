mod sending;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use pendopo_domain::entities::Command;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_operations::configuration::{Profile, found};
use pendopo_operations::store::history::Range;
use pendopo_operations::{City, entities};
use pendopo_standards::ngsi_ld::{Context, Document};
use pendopo_testkit::{TestCity, both_databases};
use serde_json::Value;

use super::*;

/// Names the folder with recorded data; tests that need it say so when it is not set.
const DATA: &str = "PENDOPO_DATA";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";

/// The folder called `name` of the recorded data; `None`, and a line about it, when there is none.
fn recorded(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(DATA).filter(|folder| !folder.is_empty());
    if folder.is_none() {
        say(&format!(
            "skipped: 1 test reads recorded data; set {DATA} to the folder that has it"
        ));
    }
    folder.map(|folder| PathBuf::from(folder).join(name))
}

#[expect(
    clippy::print_stderr,
    reason = "what a test left out is for the one who runs it"
)]
fn say(text: &str) {
    eprintln!("{text}");
}

fn file(folder: &tempfile::TempDir, name: &str, text: impl AsRef<[u8]>) -> Vec<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    vec![path]
}

fn all(kind: Kind, files: &[PathBuf]) -> Vec<Result<Record, Reason>> {
    let read: Result<Vec<_>, _> = read(kind, files).unwrap().collect();
    read.unwrap()
}

fn reasons(items: &[Result<Record, Reason>]) -> Vec<Option<Reason>> {
    items
        .iter()
        .map(|item| item.as_ref().err().copied())
        .collect()
}

fn counted(items: &[Result<Record, Reason>]) -> (usize, BTreeMap<Reason, usize>) {
    let mut refused = BTreeMap::new();
    for reason in reasons(items).into_iter().flatten() {
        *refused.entry(reason).or_default() += 1;
    }
    (items.iter().filter(|item| item.is_ok()).count(), refused)
}

fn tree(item: &Result<Record, Reason>) -> Value {
    match &item.as_ref().unwrap().content {
        Content::Entity { json, .. } => serde_json::from_str(json).unwrap(),
        Content::Report(report) => panic!("{report:?}"),
    }
}

#[test]
fn a_level_keeps_its_number_and_its_hour_and_a_spoiled_row_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "time_wib,water_level_cm,siaga\n2024-02-15 00:00,650,4\n2024-02-15 01:00,650.5,3\n\
        2024-02-15 02:00,650\n2024-02-30 03:00,650,4\n2024-02-15 04:00,high,4\n2024-02-15 05:00,650,5\n\
        2024-02-15 06:00,1e9,4\n\"2024-02-15 07:00,650,4\n2024-02-15 08:00,-190,4\n";
    let items = all(
        Kind::WaterLevel,
        &file(&folder, "tma_manggarai_x.csv", rows),
    );
    let expected = [
        None,
        None,
        Some(Reason::WrongColumnCount),
        Some(Reason::BadTime),
        Some(Reason::BadValue),
        Some(Reason::BadValue),
        Some(Reason::BadValue),
        Some(Reason::BadTime),
        None,
    ];
    assert_eq!(reasons(&items), expected);
    let first = tree(&items[0]);
    assert_eq!(first[LEVEL]["value"].to_string(), "650");
    assert_eq!(first[LEVEL]["unitCode"], "CMT");
    assert_eq!(first[LEVEL]["observedAt"], "2024-02-14T17:00:00Z");
    assert_eq!(first["location"]["value"]["coordinates"][0], 106.848439);
    // Who the gauge is and where it stands is told once.
    assert!(tree(&items[1]).get("location").is_none());
    assert_eq!(tree(&items[1])[LEVEL]["value"].to_string(), "650.5");
}

#[test]
fn a_file_of_another_kind_is_refused_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (Kind::WaterLevel, "tma_manggarai.csv", "a,b\n1,2\n"),
        (
            Kind::WaterLevel,
            "tma_nowhere.csv",
            "time_wib,water_level_cm\n",
        ),
        (Kind::Petabencana, "reports_x.geojson", "<html>"),
        (Kind::Petabencana, "floods_x.geojson", "{\"features\":[]}"),
        (Kind::GtfsRt, "feed.pb", "<html>"),
    ];
    for (kind, name, text) in cases {
        let read = read(kind, &file(&folder, name, text));
        assert!(matches!(read, Err(ReplayError::OtherKind { .. })), "{name}");
    }
    let missing = read(Kind::NgsiLd, &[folder.path().join("none")]);
    assert!(matches!(missing, Err(ReplayError::Read { .. })));
}

#[test]
fn a_line_is_one_entity_or_several_and_a_spoiled_one_has_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let entity = |id: &str, at: &str| {
        format!(
            r#"{{"id":"urn:x:{id}","type":"T","v":{{"type":"Property","value":1,"observedAt":"{at}"}}}}"#
        )
    };
    let good = entity("1", "2024-01-01T00:00:00Z");
    let lines = [
        r#"{"id":"urn:x:0","type":"T"}"#.to_owned(),
        format!("[{good},{}]", entity("2", "2024-01-01T00:00:01Z")),
        r#"{"id":"urn:x:3","type":"T"}"#.to_owned(),
        String::new(),
        "{".to_owned(),
        entity("4", "yesterday"),
        r#"{"type":"T"}"#.to_owned(),
        r#"{"id":"no uri","type":"T"}"#.to_owned(),
        r#"{"id":"urn:x:5","type":"T","@context":"https://example.org/c.jsonld"}"#.to_owned(),
        "x".repeat(super::ngsi_ld::MOST_LINE + 2),
        good.clone(),
    ];
    let items = all(
        Kind::NgsiLd,
        &file(&folder, "lines.jsonl", lines.join("\n")),
    );
    let expected = [
        Some(Reason::MissingTime),
        None,
        None,
        None,
        Some(Reason::Unreadable),
        Some(Reason::BadValue),
        Some(Reason::MissingName),
        Some(Reason::BadValue),
        None,
        Some(Reason::TooLong),
        None,
    ];
    assert_eq!(reasons(&items), expected);
    let at = |index: usize| items[index].as_ref().unwrap().at.to_string();
    assert_eq!(
        (at(2), at(3)),
        ("2024-01-01T00:00:01Z".into(), "2024-01-01T00:00:01Z".into())
    );
}

#[test]
fn a_flood_is_an_entity_and_a_report_a_request_in_the_order_of_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let ring = "[[[106.8,-6.2],[106.9,-6.2],[106.9,-6.3],[106.8,-6.2]]]";
    let area = |properties: &str, ring: &str| {
        format!(
            r#"{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":{ring}}},"properties":{properties}}}"#
        )
    };
    let areas = [
        area(r#"{"geom_id":3172,"state":2}"#, ring),
        area(r#"{"geom_id":3173,"state":9}"#, ring),
        area(r#"{"state":2}"#, ring),
        area(r#"{"geom_id":3174,"state":2}"#, "[[[106.8,-6.2]]]"),
    ];
    let report = |properties: &str, at: &str| {
        format!(
            r#"{{"type":"Feature","geometry":{{"type":"Point","coordinates":{at}}},"properties":{properties}}}"#
        )
    };
    let reports = [
        report(
            r#"{"created_at":"2017-02-21T08:30:00.5","text":" Air masuk ","report_data":{"flood_depth":77}}"#,
            "[106.9,-6.2]",
        ),
        report(
            r#"{"created_at":"2017-02-21T10:00:00","text":"Genangan","report_data":null}"#,
            "[106.9,-6.2]",
        ),
        report(
            r#"{"created_at":"2017-02-21T10:00:00","text":" ","report_data":null}"#,
            "[106.9,-6.2]",
        ),
        report(r#"{"created_at":"soon","text":"Genangan"}"#, "[106.9,-6.2]"),
        report(
            r#"{"created_at":"2017-02-21T10:00:00","text":"Genangan"}"#,
            "[106.9,-96.2]",
        ),
        "7".to_owned(),
    ];
    let whole = |features: &[String]| format!(r#"{{"features":[{}]}}"#, features.join(","));
    let mut files = file(&folder, "floods_2017-02-21T09.geojson", whole(&areas));
    files.extend(file(&folder, "reports_2017-02-21.geojson", whole(&reports)));
    let items = all(Kind::Petabencana, &files);
    let (read, refused) = counted(&items);
    assert_eq!(read, 3);
    let expected = [
        (Reason::Unreadable, 1),
        (Reason::BadTime, 1),
        (Reason::BadValue, 1),
        (Reason::BadPosition, 2),
        (Reason::MissingName, 1),
        (Reason::MissingText, 1),
    ];
    assert_eq!(refused, BTreeMap::from(expected));
    let sent: Vec<&Record> = items.iter().flatten().collect();
    let Content::Report(first) = &sent[0].content else {
        panic!("{sent:?}")
    };
    assert_eq!(sent[0].at.to_string(), "2017-02-21T01:30:00.5Z");
    assert_eq!(first.description, "Air masuk");
    assert_eq!(
        first.attributes,
        [("ketinggian-air".into(), "pinggang".into())]
    );
    assert_eq!(sent[1].at.to_string(), "2017-02-21T02:00:00Z");
    assert!(matches!(&sent[1].content, Content::Entity { id, .. } if id.ends_with(":rw:3172")));
}

/// The readers and the files count alike.
#[test]
fn every_row_of_the_recorded_files_is_read() {
    let Some(data) = recorded("") else { return };
    let files = |folder: &str, begins: &str| -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(data.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with(begins)
            })
            .collect();
        files.sort();
        files
    };
    let levels = all(Kind::WaterLevel, &files("jakarta_water", "tma_"));
    assert_eq!(counted(&levels), (2_441, BTreeMap::new()));

    let floods = all(Kind::Petabencana, &files("petabencana", "floods_"));
    assert_eq!(counted(&floods), (968, BTreeMap::new()));
    let reports = all(Kind::Petabencana, &files("petabencana", "reports_"));
    let silent = BTreeMap::from([(Reason::MissingText, 23)]);
    assert_eq!(counted(&reports), (774 - 23, silent));
    let times: Vec<_> = reports.iter().flatten().map(|record| record.at).collect();
    assert!(times.is_sorted());

    for (name, entities) in [("estonia", 7), ("mississauga", 139), ("edmonton", 1_149)] {
        let feed = all(Kind::GtfsRt, &files("gtfs_rt", name));
        let (read, refused) = counted(&feed);
        say(&format!("{name}: {read} read, refused {refused:?}"));
        assert_eq!(feed.len(), entities, "{name}");
        for item in feed.iter().filter(|item| item.is_ok()) {
            let json = tree(item).to_string();
            let document = Document::parse(json.as_bytes()).unwrap();
            document.entity(&Context::core()).unwrap();
        }
    }
}

#[test]
fn the_values_of_the_recorded_feeds_are_those_of_their_bytes() {
    let Some(data) = recorded("gtfs_rt") else {
        return;
    };
    let buses = all(
        Kind::GtfsRt,
        &[data.join("mississauga_vehicle_positions.pb")],
    );
    let first = tree(buses.iter().find(|item| item.is_ok()).unwrap());
    let at = &first["location"]["value"]["coordinates"];
    let (lon, lat) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    assert!((-80.0..-79.0).contains(&lon) && (43.0..44.0).contains(&lat));
    let trips = all(Kind::GtfsRt, &[data.join("edmonton_trip_updates.pb")]);
    let late = trips
        .iter()
        .flatten()
        .filter(|record| match &record.content {
            Content::Entity { json, .. } => json.contains("arrivalDelay"),
            Content::Report(_) => false,
        });
    assert!(late.count() > 0);
}

async fn a_city(test: TestCity) -> (City, Arc<pendopo_testkit::DrivenClock>, impl Sized) {
    let profile = Profile {
        name: "Kota Ulang".into(),
        code: String::new(),
        province: String::new(),
        zone: "Asia/Jakarta".into(),
        zone_abbreviation: "WIB".into(),
        domain: String::new(),
        emergency_phone: String::new(),
        bbox: [106.6, -6.4, 107.0, -6.0],
        demo: true,
        holidays: vec![],
    };
    let now = test.now();
    let TestCity {
        store,
        clock,
        entropy,
        place,
        ..
    } = test;
    let start = crate::starter::starter().unwrap();
    found(&store, profile, start, now).await.unwrap();
    let driven = Arc::clone(&clock);
    let city = City::new("ulang", store, clock, entropy).await.unwrap();
    (city, driven, place)
}

both_databases! {
    async fn a_replayed_gauge_has_the_history_of_its_file(test: TestCity) {
        let Some(folder) = recorded("jakarta_water") else { return };
        let path = folder.join("tma_manggarai_hourly_2024.csv");
        let (city, clock, _place) = a_city(test).await;
        let client = city.api_client(ApiKeyId(1));
        let records: Vec<Record> = all(Kind::WaterLevel, std::slice::from_ref(&path)).into_iter().flatten().collect();
        for part in records.chunks(200) {
            let commands = part.iter().map(|record| {
                let Content::Entity { json, .. } = &record.content else { panic!() };
                Command::Record(Document::parse(json.as_bytes()).unwrap().entity(&Context::core()).unwrap())
            });
            clock.set(part.last().unwrap().at);
            let outcomes = entities::write(&city, &client, commands.collect()).await.unwrap();
            assert!(outcomes.iter().all(Result::is_ok));
        }
        let range = Range { limit: 10_000, ..Range::default() };
        let (_, history) = entities::history(&city, &client, "urn:ngsi-ld:WaterObserved:manggarai-bkb", &[LEVEL.into()], &range).await.unwrap();
        let kept: Vec<(Timestamp, f64)> = history[&(LEVEL.into(), None)]
            .iter()
            .map(|one| (one.attribute.observed_at.unwrap(), one.attribute.value.number().unwrap()))
            .collect();
        assert_eq!(kept, levels_of(&path));
        assert_eq!(kept.len(), 2_441);
    }
}

/// What the file says, read another way.
fn levels_of(path: &Path) -> Vec<(Timestamp, f64)> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let at: DateTime = fields[0].replace(' ', "T").parse().unwrap();
        let at = at
            .to_zoned_datetime(TimeZone::fixed(Offset::constant(7)))
            .unwrap();
        (at.timestamp().into(), fields[1].parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn a_pace_is_max_or_a_number_above_nothing() {
    assert_eq!("max".parse(), Ok(Pace::Max));
    assert_eq!("60".parse(), Ok(Pace::Times(60.0)));
    for bad in ["0", "-1", "inf", "fast", ""] {
        assert!(bad.parse::<Pace>().is_err(), "{bad}");
    }
}
