use super::*;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

fn mappings() -> Mappings {
    let air = json!({
        "name": "air", "topic": "air/+/reading", "format": "json", "id": "urn:ngsi-ld:AirQualityObserved:{1}",
        "type": "AirQualityObserved", "observed_at": "/t", "location": {"lon": "/pos/0", "lat": "/pos/1"},
        "attributes": [
            {"pointer": "/pm25", "name": "pm25", "unit_code": "GQ", "required": true},
            {"pointer": "/more", "name": "https://example.org/more"}
        ]
    });
    let bus = json!({
        "name": "bus", "topic": "bus/#", "format": "json", "id": "urn:x:{/line}:{/id}", "type": "Vehicle",
        "attributes": [{"pointer": "/speed", "name": "speed"}]
    });
    let lora = json!({
        "name": "lora", "topic": "lora/+", "format": "senml", "id": "urn:ngsi-ld:Device:{device}", "type": "Device",
        "names": {"temp": "temperature"}
    });
    let all: Vec<Mapping> = [air, bus, lora]
        .map(|one| serde_json::from_value(one).unwrap())
        .into();
    for one in &all {
        check(one).unwrap();
    }
    Mappings::new(&all)
}

fn take(topic: &str, body: &str) -> Result<Taken, Reason> {
    mappings().take(topic, body.as_bytes(), NOW)
}

fn fragments(taken: Taken) -> Vec<Fragment> {
    let fragment = |command| match command {
        Command::Record(fragment) => fragment,
        other => panic!("{other:?}"),
    };
    taken.commands.into_iter().map(fragment).collect()
}

fn json_of(patch: &Patch) -> String {
    match &patch.value {
        Given::Is(Value::Property(json)) => json.get().to_owned(),
        Given::Is(Value::GeoProperty(place)) => place.text().get().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_becomes_an_entity_by_its_mapping() {
    let taken = take(
        "air/kilometer 7/reading",
        r#"{"t": 1779999990, "pm25": 35.50, "more": {"a": [ 1, 2 ]}, "pos": [104.45, 0.92], "other": [{}]}"#,
    )
    .unwrap();
    assert!(!taken.late);
    let [one] = &fragments(taken)[..] else {
        panic!()
    };
    assert_eq!(&*one.id, "urn:ngsi-ld:AirQualityObserved:kilometer%207");
    assert_eq!(
        &*one.types[0],
        "https://uri.etsi.org/ngsi-ld/default-context/AirQualityObserved"
    );
    let values: Vec<String> = one.attributes.iter().map(json_of).collect();
    assert_eq!(
        values,
        [
            "35.50",
            r#"{"a":[1,2]}"#,
            r#"{"type":"Point","coordinates":[104.45,0.92]}"#
        ]
    );
    assert_eq!(one.attributes[0].unit_code, Given::Is("GQ".into()));
    let observed = Timestamp::from_micros(1_779_999_990_000_000);
    assert!(
        one.attributes
            .iter()
            .all(|patch| patch.observed_at == Given::Is(observed))
    );
}

#[test]
fn an_id_may_stand_in_the_message() {
    let [one] = &fragments(take("bus", r#"{"line":"K 2","id":17,"speed":0}"#).unwrap())[..] else {
        panic!()
    };
    assert_eq!(&*one.id, "urn:x:K%202:17");
    assert_eq!(one.attributes[0].observed_at, Given::Is(NOW));
    assert_eq!(
        take("bus", r#"{"id":17,"speed":0}"#).unwrap_err(),
        Reason::BadId
    );
    assert_eq!(
        take("bus", r#"{"line":{},"id":17,"speed":0}"#).unwrap_err(),
        Reason::BadId
    );
}

#[test]
fn times_are_read_in_three_ways_and_old_ones_are_late() {
    for (time, late) in [
        ("1779999999.5", false),
        ("1779999999500", false),
        ("\"2026-05-28T20:26:40Z\"", false),
        ("\"2026-05-29T03:26:40+07:00\"", false),
        ("1779000000", true),
    ] {
        let taken = take("air/7/reading", &format!(r#"{{"t":{time},"pm25":1}}"#)).unwrap();
        assert_eq!(taken.late, late, "{time}");
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    let deep = format!(
        r#"{{"t":1780000000,"pm25":1,"x":{}{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    for (topic, body, wanted) in [
        ("water/7", "{}", Reason::NoMapping),
        ("air/7/reading", "{", Reason::Malformed),
        ("air/7/reading", "", Reason::Malformed),
        ("air/7/reading", &deep, Reason::TooDeep),
        ("air/7/reading", r#"{"t":1780000000}"#, Reason::NoValue),
        (
            "air/7/reading",
            r#"{"t":1780000000,"pm25":null}"#,
            Reason::NoValue,
        ),
        ("air/7/reading", r#"{"pm25":1}"#, Reason::BadTime),
        (
            "air/7/reading",
            r#"{"t":"yesterday","pm25":1}"#,
            Reason::BadTime,
        ),
        ("air/7/reading", r#"{"t":7,"pm25":1}"#, Reason::BadTime),
        ("air/7/reading", r#"{"t":1e300,"pm25":1}"#, Reason::BadTime),
        (
            "air/7/reading",
            r#"{"t":1790000000,"pm25":1}"#,
            Reason::BadTime,
        ),
        (
            "air/7/reading",
            r#"{"t":1780000000,"pm25":1,"pos":[200,0]}"#,
            Reason::BadPlace,
        ),
        (
            "air/7/reading",
            r#"{"t":1780000000,"pm25":1,"pos":[104]}"#,
            Reason::BadPlace,
        ),
        (
            "air//reading",
            r#"{"t":1780000000,"pm25":1}"#,
            Reason::BadId,
        ),
    ] {
        assert_eq!(
            take(topic, body).map(|_| ()).unwrap_err(),
            wanted,
            "{topic} {body}"
        );
    }
}

#[test]
fn senml_that_cannot_be_used_says_why() {
    for (topic, body, wanted) in [
        ("lora/7", "{}", Reason::Malformed),
        (
            "lora/7",
            r#"[{"bn":"urn:dev:7:","n":"temp"}]"#,
            Reason::NoValue,
        ),
        (
            "lora/7",
            r#"[{"bn":"urn:dev:7:","n":"temp","t":300000000,"v":1}]"#,
            Reason::BadTime,
        ),
    ] {
        assert_eq!(
            take(topic, body).map(|_| ()).unwrap_err(),
            wanted,
            "{topic} {body}"
        );
    }
}

#[test]
fn senml_becomes_one_record_per_measurement_with_its_unit() {
    let taken = take(
        "lora/gateway",
        r#"[{"bn":"urn:dev:mac:0024beff:","n":"temp","u":"Cel","v":27.5},{"n":"flow","u":"furlong","v":2},
            {"bn":"urn:dev:mac:17:level","vs":"low"}]"#,
    )
    .unwrap();
    assert_eq!(taken.unknown_units, 1);
    let all = fragments(taken);
    let said: Vec<(&str, &str, String)> = all
        .iter()
        .map(|one| {
            let patch = &one.attributes[0];
            let name = patch.name.rsplit('/').next().unwrap();
            (&*one.id, name, json_of(patch))
        })
        .collect();
    assert_eq!(
        said,
        [
            (
                "urn:ngsi-ld:Device:urn:dev:mac:0024beff",
                "temperature",
                "27.5".to_owned()
            ),
            (
                "urn:ngsi-ld:Device:urn:dev:mac:0024beff",
                "flow",
                "2.0".to_owned()
            ),
            (
                "urn:ngsi-ld:Device:urn:dev:mac:17",
                "level",
                "\"low\"".to_owned()
            ),
        ]
    );
    let units: Vec<_> = all
        .iter()
        .map(|one| one.attributes[0].unit_code.clone())
        .collect();
    assert_eq!(
        units,
        [
            Given::Is("CEL".into()),
            Given::Is("furlong".into()),
            Given::Absent
        ]
    );
}

#[test]
fn the_mappings_of_the_demo_cities_can_be_used() {
    #[derive(serde::Deserialize)]
    struct File {
        mappings: Vec<Mapping>,
    }
    let file: File = crate::starter::read("demo/sources.json").unwrap();
    for mapping in &file.mappings {
        assert_eq!(check(mapping), Ok(()), "{}", mapping.name);
    }
    let body = r#"{"observed_at":"2026-05-28T20:26:00Z","level_cm":142,"lon":124.84,"lat":1.49}"#;
    let taken = Mappings::new(&file.mappings)
        .take("river/tondano-1/level", body.as_bytes(), NOW)
        .unwrap();
    assert_eq!(
        &*fragments(taken)[0].id,
        "urn:ngsi-ld:WaterLevelObserved:tondano-1"
    );
}

#[test]
fn a_mapping_is_checked_before_it_is_stored() {
    let good = json!({
        "name": "a", "topic": "a/+", "format": "json", "id": "urn:a:{1}", "type": "A",
        "attributes": [{"pointer": "/v", "name": "v"}]
    });
    for (member, value, wanted) in [
        ("topic", json!("a/#/b"), Unusable::Topic),
        ("id", json!("urn:a:{2}"), Unusable::Id),
        ("id", json!("urn:a:{1"), Unusable::Id),
        ("id", json!("urn:a:{device}"), Unusable::Id),
        ("id", json!("{1}"), Unusable::Id),
        ("id", json!("urn:a b"), Unusable::Id),
        ("attributes", json!([]), Unusable::NoAttributes),
        (
            "attributes",
            json!([{"pointer": "v", "name": "v"}]),
            Unusable::Pointer,
        ),
        ("observed_at", json!("t"), Unusable::Pointer),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        let bad: Mapping = serde_json::from_value(bad).unwrap();
        assert_eq!(check(&bad), Err(wanted), "{bad:?}");
    }
}
