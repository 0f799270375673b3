//! Bodies of requests: the forms of an attribute, and what is refused.

use pendopo_domain::entities::command::Given;
use pendopo_domain::entities::{Iri, Value};
use pendopo_standards::ngsi_ld::read::{batch, batch_of_ids};
use pendopo_standards::ngsi_ld::{Context, Document, Format, Kind};
use serde_json::json;

use crate::support::{city, created, in_format, read, refused};

const HEAD: &str = r#""id":"urn:ngsi-ld:Building:1","type":"Building""#;

fn with(attribute: &str) -> String {
    format!("{{{HEAD},{attribute}}}")
}

/// The same attribute in all three forms of input gives the same entity; outputs as they should be.
#[track_caller]
fn check(inputs: &[&str], normalized: &str, concise: &str, simplified: &str) {
    let context = city();
    for input in inputs {
        let entity = created(&with(input), &context);
        let expect =
            |attribute: &str| serde_json::from_str::<serde_json::Value>(&with(attribute)).unwrap();
        let out = |format| in_format(&entity, &context, format);
        assert_eq!(out(Format::Normalized), expect(normalized), "{input}");
        assert_eq!(out(Format::Concise), expect(concise), "{input}");
        assert_eq!(out(Format::Simplified), expect(simplified), "{input}");
    }
}

#[test]
fn a_property_is_read_in_all_forms() {
    check(
        &[
            r#""name":{"type":"Property","value":"Tower"}"#,
            r#""name" : { "value" : "Tower" }"#,
            r#""name":"Tower""#,
            r#""ex:name":"Tower""#,
            r#""https://city.example/terms#name":{"https://uri.etsi.org/ngsi-ld/hasValue":"Tower"}"#,
        ],
        r#""name":{"type":"Property","value":"Tower"}"#,
        r#""name":"Tower""#,
        r#""name":"Tower""#,
    );
    check(
        &[
            r#""level":{"value":4,"unitCode":"C62","observedAt":"2020-09-09T16:40:00.000Z","source":"eye",
            "providedBy":{"object":"urn:x:y"}}"#,
        ],
        r#""level":{"type":"Property","value":4,"unitCode":"C62","observedAt":"2020-09-09T16:40:00Z",
            "source":{"type":"Property","value":"eye"},"providedBy":{"type":"Relationship","object":"urn:x:y"}}"#,
        r#""level":{"value":4,"unitCode":"C62","observedAt":"2020-09-09T16:40:00Z","source":"eye",
            "providedBy":{"object":"urn:x:y"}}"#,
        r#""level":4"#,
    );
}

#[test]
fn an_object_is_a_value_unless_it_looks_like_an_attribute() {
    check(
        &[
            r#""address":{"city":"Bandung","type":"PostalAddress"}"#,
            r#""address":{"value":{"city":"Bandung","type":"PostalAddress"}}"#,
        ],
        r#""address":{"type":"Property","value":{"city":"Bandung","type":"PostalAddress"}}"#,
        r#""address":{"city":"Bandung","type":"PostalAddress"}"#,
        r#""address":{"city":"Bandung","type":"PostalAddress"}"#,
    );
    check(
        &[r#""odd":{"type":"Property","value":{"value":3}}"#],
        r#""odd":{"type":"Property","value":{"value":3}}"#,
        r#""odd":{"value":{"value":3}}"#,
        r#""odd":{"value":3}"#,
    );
    check(
        &[
            r#""list":[{"a":1},{"value":2}]"#,
            r#""list":{"value":[{"a":1},{"value":2}]}"#,
        ],
        r#""list":{"type":"Property","value":[{"a":1},{"value":2}]}"#,
        r#""list":[{"a":1},{"value":2}]"#,
        r#""list":[{"a":1},{"value":2}]"#,
    );
    check(
        &[r#""none":[]"#],
        r#""none":{"type":"Property","value":[]}"#,
        r#""none":[]"#,
        r#""none":[]"#,
    );
}

#[test]
fn a_geometry_is_a_geo_property_in_all_forms() {
    check(
        &[
            r#""location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1.5, 2]}}"#,
            r#""location":{"value":{"type":"Point","coordinates":[1.5,2]}}"#,
            r#""location":{"type":"Point","coordinates":[1.5,2]}"#,
        ],
        r#""location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1.5,2]}}"#,
        r#""location":{"type":"Point","coordinates":[1.5,2]}"#,
        r#""location":{"type":"Point","coordinates":[1.5,2]}"#,
    );
}

#[test]
fn relationships_have_one_object_or_many() {
    check(
        &[
            r#""locatedAt":{"type":"Relationship","object":"urn:x:1","objectType":"Building"}"#,
            r#""locatedAt":{"object":"urn:x:1","objectType":["Building"]}"#,
        ],
        r#""locatedAt":{"type":"Relationship","object":"urn:x:1","objectType":"Building"}"#,
        r#""locatedAt":{"object":"urn:x:1","objectType":"Building"}"#,
        r#""locatedAt":"urn:x:1""#,
    );
    check(
        &[r#""locatedAt":{"type":"Relationship","object":["urn:x:1"]}"#],
        r#""locatedAt":{"type":"Relationship","object":["urn:x:1"]}"#,
        r#""locatedAt":{"object":["urn:x:1"]}"#,
        r#""locatedAt":["urn:x:1"]"#,
    );
    check(
        &[
            r#""route":{"type":"ListRelationship","objectList":[{"object":"urn:x:2"},{"object":"urn:x:1"}]}"#,
            r#""route":{"objectList":["urn:x:2","urn:x:1"]}"#,
        ],
        r#""route":{"type":"ListRelationship","objectList":[{"object":"urn:x:2"},{"object":"urn:x:1"}]}"#,
        r#""route":{"objectList":[{"object":"urn:x:2"},{"object":"urn:x:1"}]}"#,
        r#""route":{"objectList":["urn:x:2","urn:x:1"]}"#,
    );
}

#[test]
fn language_vocab_json_and_list_properties_are_themselves() {
    check(
        &[
            r#""street":{"type":"LanguageProperty","languageMap":{"fr":"Place","nl":["Markt","Plein"]}}"#,
            r#""street":{"languageMap":{"fr":"Place","nl":["Markt","Plein"]}}"#,
        ],
        r#""street":{"type":"LanguageProperty","languageMap":{"fr":"Place","nl":["Markt","Plein"]}}"#,
        r#""street":{"languageMap":{"fr":"Place","nl":["Markt","Plein"]}}"#,
        r#""street":{"languageMap":{"fr":"Place","nl":["Markt","Plein"]}}"#,
    );
    check(
        &[r#""use":{"type":"VocabProperty","vocab":["monument","Building"]}"#],
        r#""use":{"type":"VocabProperty","vocab":["monument","Building"]}"#,
        r#""use":{"vocab":["monument","Building"]}"#,
        r#""use":{"vocab":["monument","Building"]}"#,
    );
    check(
        &[r#""raw":{"type":"JsonProperty","json":{"id":"x","type":"y","null":null}}"#],
        r#""raw":{"type":"JsonProperty","json":{"id":"x","type":"y","null":null}}"#,
        r#""raw":{"json":{"id":"x","type":"y","null":null}}"#,
        r#""raw":{"json":{"id":"x","type":"y","null":null}}"#,
    );
    check(
        &[r#""steps":{"type":"ListProperty","valueList":[3, 1, "x"]}"#],
        r#""steps":{"type":"ListProperty","valueList":[3,1,"x"]}"#,
        r#""steps":{"valueList":[3,1,"x"]}"#,
        r#""steps":{"valueList":[3,1,"x"]}"#,
    );
    let vocab = created(&with(r#""use":{"vocab":["monument","Building"]}"#), &city());
    let Value::VocabProperty(json) = &vocab.attributes[0].value else {
        panic!()
    };
    assert_eq!(
        json.get(),
        r#"["https://uri.etsi.org/ngsi-ld/default-context/monument","https://city.example/terms#Building"]"#
    );
}

#[test]
fn several_instances_stand_beside_each_other() {
    check(
        &[
            r#""speed":[{"type":"Property","value":55},{"type":"Property","value":54.5,"datasetId":"urn:d:gps"}]"#,
            r#""speed":[{"value":55},{"value":54.5,"datasetId":"urn:d:gps"}]"#,
            r#""speed":{"dataset":{"@none":55,"urn:d:gps":54.5}}"#,
        ],
        r#""speed":[{"type":"Property","value":55},{"type":"Property","value":54.5,"datasetId":"urn:d:gps"}]"#,
        r#""speed":[{"value":55},{"value":54.5,"datasetId":"urn:d:gps"}]"#,
        r#""speed":{"dataset":{"@none":55,"urn:d:gps":54.5}}"#,
    );
    check(
        &[r#""speed":{"type":"Property","value":54.5,"datasetId":"urn:d:gps"}"#],
        r#""speed":{"type":"Property","value":54.5,"datasetId":"urn:d:gps"}"#,
        r#""speed":{"value":54.5,"datasetId":"urn:d:gps"}"#,
        r#""speed":{"dataset":{"urn:d:gps":54.5}}"#,
    );
}

#[test]
fn types_scopes_and_the_end_are_kept() {
    let context = city();
    let body = r#"{"@id":"urn:x:1","@type":["Building","Tower","Building"],"scope":["Madrid/Gardens","/A"],
        "expiresAt":"2030-01-01T00:00:00Z","createdAt":"2001-01-01T00:00:00Z"}"#;
    let entity = created(body, &context);
    assert_eq!(
        in_format(&entity, &context, Format::Normalized),
        json!({"id": "urn:x:1", "type": ["Building", "Tower"], "scope": ["/Madrid/Gardens", "/A"],
            "expiresAt": "2030-01-01T00:00:00Z"})
    );
    assert_eq!(&*entity.types[0], "https://city.example/terms#Building");
}

#[test]
fn values_lose_their_blanks_and_nothing_else() {
    let entity = created(
        &with(
            "\"odd\" : { \"value\" : { \"a b\" : [ 1.50 , \"x \\\" y\" , true ] ,\n\t\"c\" : { } } }",
        ),
        &city(),
    );
    let Value::Property(json) = &entity.attributes[0].value else {
        panic!()
    };
    assert_eq!(json.get(), r#"{"a b":[1.50,"x \" y",true],"c":{}}"#);
}

#[test]
fn the_word_for_null_takes_away() {
    let context = city();
    let body = r#"{"name":"urn:ngsi-ld:null","speed":{"value":"urn:ngsi-ld:null","datasetId":"urn:d:1"},
        "street":{"languageMap":{"@none":"urn:ngsi-ld:null"}},"locatedAt":{"object":"urn:ngsi-ld:null"},
        "use":{"type":"VocabProperty","vocab":"urn:ngsi-ld:null"},"raw":{"json":"urn:ngsi-ld:null"},
        "location":{"type":"GeoProperty","value":"urn:ngsi-ld:null"},"scope":"urn:ngsi-ld:null",
        "expiresAt":"urn:ngsi-ld:null"}"#;
    let id: Iri = "urn:x:1".into();
    let document = Document::parse(body.as_bytes()).unwrap();
    let fragment = document.fragment(&id, &context).unwrap();
    assert_eq!(fragment.attributes.len(), 7);
    assert!(
        fragment
            .attributes
            .iter()
            .all(|one| one.value == Given::Null)
    );
    assert_eq!(fragment.scopes, Given::Null);
    assert_eq!(fragment.expires_at, Given::Null);
    let patch = Document::parse(br#"{"observedAt":"urn:ngsi-ld:null","unitCode":"urn:ngsi-ld:null","source":"urn:ngsi-ld:null"}"#)
        .unwrap()
        .attribute(&id, &context)
        .unwrap();
    assert_eq!(patch.value, Given::Absent);
    assert_eq!(
        (patch.observed_at, patch.unit_code),
        (Given::Null, Given::Null)
    );
    assert_eq!(patch.parts[0].value, Given::Null);
}

#[test]
fn parts_of_entities_and_attributes_may_lack_what_wholes_need() {
    let context = city();
    let id: Iri = "urn:x:1".into();
    let document =
        Document::parse(br#"{"id":"placeholder","speed":{"observedAt":"2020-01-01T00:00:00Z"}}"#)
            .unwrap();
    let fragment = document.fragment(&id, &context).unwrap();
    assert_eq!(fragment.id, id);
    assert_eq!(fragment.attributes[0].value, Given::Absent);
    assert!(matches!(fragment.attributes[0].observed_at, Given::Is(_)));
    for empty in ["{}", r#"{"@context":[]}"#] {
        let document = Document::parse(empty.as_bytes()).unwrap();
        let problem = document.fragment(&id, &context).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData);
        let problem = document.attribute(&id, &context).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData);
    }
}

#[test]
fn what_is_not_json_is_an_invalid_request() {
    for body in [
        "",
        " ",
        "[]",
        "3",
        "\"x\"",
        "null",
        "{",
        "{\"id\":\"urn:x:1\",,\"type\":\"T\"}",
        r#"{"id":"urn:x:1","type":"T","a":NaN}"#,
        r#"{"id":"urn:x:1","type":"T","a":01}"#,
        r#"{"id":"urn:x:1","type":"T"} x"#,
        r#"{"id":"urn:x:1","type":"T","a":{"value":"\q"}}"#,
        "{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":\"\u{1}\"}",
    ] {
        refused(body, Kind::InvalidRequest);
    }
    let problem = Document::parse(b"{\"id\":\"\xff\"}").unwrap_err();
    assert_eq!(problem.kind, Kind::InvalidRequest);
}

#[test]
fn json_that_is_no_entity_is_bad_request_data() {
    for body in [
        "{}",
        r#"{"id":"urn:x:1"}"#,
        r#"{"type":"T"}"#,
        r#"{"id":"thisisaninvaliduri","type":"T"}"#,
        r#"{"id":"urn: x","type":"T"}"#,
        r#"{"id":3,"type":"T"}"#,
        r#"{"id":"urn:x:1","type":"type"}"#,
        r#"{"id":"urn:x:1","type":[]}"#,
        r#"{"id":"urn:x:1","type":""}"#,
        r#"{"id":"urn:x:1","type":null}"#,
        r#"{"id":"urn:x:1","type":"a b"}"#,
        r#"{"id":"urn:x:1","id":"urn:x:1","type":"T"}"#,
        r#"{"id":"urn:x:1","type":"T","scope":"/a//b"}"#,
        r#"{"id":"urn:x:1","type":"T","scope":"/a/"}"#,
        r#"{"id":"urn:x:1","type":"T","scope":"/#"}"#,
        r#"{"id":"urn:x:1","type":"T","expiresAt":"tomorrow"}"#,
    ] {
        refused(body, Kind::BadRequestData);
    }
    for attribute in [
        r#""name":null"#,
        r#""name":{"type":"Property","value":null}"#,
        r#""name":{"type":"Property"}"#,
        r#""name":{"type":"Property","object":"urn:x:1"}"#,
        r#""name":{"type":"Text","value":"x"}"#,
        r#""name":{"type":"Property","value":1,"object":"urn:x:1"}"#,
        r#""name":{"type":"Property","value":1,"value":1}"#,
        r#""name":{"type":"Relationship","value":"urn:x:1"}"#,
        r#""name":{"type":"Relationship","object":"x"}"#,
        r#""name":{"type":"Relationship","object":[]}"#,
        r#""name":{"type":"Relationship","object":{"a":1}}"#,
        r#""name":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1]}}"#,
        r#""name":{"type":"GeoProperty","value":"x"}"#,
        r#""name":{"type":"Point","coordinates":[200,1]}"#,
        r#""name":{"type":"LanguageProperty","languageMap":"x"}"#,
        r#""name":{"type":"LanguageProperty","languageMap":{"fr":3}}"#,
        r#""name":{"type":"VocabProperty","vocab":3}"#,
        r#""name":{"type":"ListProperty","valueList":3}"#,
        r#""name":{"type":"JsonProperty","json":null}"#,
        r#""name":{"value":1,"observedAt":"2021-03-11T15:51:02+05:30"}"#,
        r#""name":{"value":1,"observedAt":"2021-03-11T15:51:02"}"#,
        r#""name":{"value":1,"observedAt":"2021-13-11T15:51:02Z"}"#,
        r#""name":{"value":1,"observedAt":1}"#,
        r#""name":{"value":1,"unitCode":3}"#,
        r#""name":{"value":1,"datasetId":"x"}"#,
        r#""name":{"value":1,"inner":{"type":"Property"}}"#,
        r#""name":{"value":1,"inner":null}"#,
        r#""name":[{"type":"Property","value":1},{"type":"Property","value":2}]"#,
        r#""name":1,"ex:name":2"#,
        r#""a b":1"#,
        r#""a<b":1"#,
        r#""":1"#,
        r#""name":"\ud800""#,
    ] {
        refused(&with(attribute), Kind::BadRequestData);
    }
}

#[test]
fn bodies_have_bounds() {
    let nested = |depth: usize| {
        with(&format!(
            "\"a\":{}1{}",
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    assert!(read(&nested(63), &city()).is_ok());
    refused(&nested(64), Kind::BadRequestData);
    refused(&nested(1_000_000), Kind::BadRequestData);
    refused(&"[".repeat(100_000), Kind::InvalidRequest);
    let attributes = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!("\"a{n}\":{n}")).collect();
        with(&all.join(","))
    };
    let entity = created(&attributes(1_000), &city());
    assert_eq!(entity.attributes.len(), 1_000);
    assert_eq!(
        in_format(&entity, &city(), Format::Simplified)
            .as_object()
            .unwrap()
            .len(),
        1_002
    );
    refused(&attributes(1_001), Kind::BadRequestData);
    refused(&attributes(10_000), Kind::BadRequestData);
    let long = "a".repeat(1_025);
    refused(&with(&format!("\"{long}\":1")), Kind::BadRequestData);
    refused(
        &format!("{{\"id\":\"urn:{long}\",\"type\":\"T\"}}"),
        Kind::BadRequestData,
    );
}

#[test]
fn a_batch_tells_the_fault_of_each() {
    let context = Context::core();
    let body = br#" [{"id":"urn:x:1","type":"T","a":1},{"id":"urn:x:2","type":"T","a":{"type":"Property","value":null},
        "@context":["https://a.example/c"]},3,{"id":"urn:x:3","id":"urn:x:3"},{"id":"urn:x:4","a":1}]"#;
    let documents = batch(body).unwrap();
    assert_eq!(documents.len(), 5);
    let first = documents[0].as_ref().unwrap();
    assert!(first.context().is_none() && first.entity(&context).is_ok());
    let second = documents[1].as_ref().unwrap();
    assert_eq!(second.id().unwrap(), "urn:x:2");
    assert_eq!(
        second.context().unwrap().get(),
        r#"["https://a.example/c"]"#
    );
    assert_eq!(
        second.entity(&context).unwrap_err().kind,
        Kind::BadRequestData
    );
    for wrong in &documents[2..4] {
        assert_eq!(wrong.as_ref().unwrap_err().kind, Kind::BadRequestData);
    }
    let last = documents[4].as_ref().unwrap();
    assert!(last.entity(&context).is_err() && last.part(&context).is_ok());
    for (body, kind) in [
        ("[]", Kind::BadRequestData),
        ("{}", Kind::InvalidRequest),
        ("", Kind::InvalidRequest),
        ("[{,}]", Kind::InvalidRequest),
    ] {
        assert_eq!(batch(body.as_bytes()).unwrap_err().kind, kind, "{body}");
        assert_eq!(
            batch_of_ids(body.as_bytes()).unwrap_err().kind,
            kind,
            "{body}"
        );
    }
    let many = format!("[{}]", vec!["{}"; 10_001].join(","));
    assert_eq!(
        batch(many.as_bytes()).unwrap_err().kind,
        Kind::BadRequestData
    );
    let ids = batch_of_ids(br#"["urn:x:1","x"]"#).unwrap();
    assert!(ids[0].is_ok() && ids[1].is_err());
}
