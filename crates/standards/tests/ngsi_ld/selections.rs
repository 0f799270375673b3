//! What of an entity is written: members, instances, languages, changes, GeoJSON, and faults.

use pendopo_standards::ngsi_ld::problem::{batch_result, update_result};
use pendopo_standards::ngsi_ld::{
    Changes, Context, Format, Kind, Languages, Selection, View, select, write,
};
use serde_json::{Value as Tree, json};

use crate::support::{NOW, city, created, written};

const BODY: &str = r#"{"id":"urn:x:1","type":"Building","scope":"/A","name":"Tower","speed":[{"value":1},
    {"value":2,"datasetId":"urn:d:1"}],"street":{"languageMap":{"fr":"Grand Place","nl":"Grote Markt"}},
    "location":{"type":"Point","coordinates":[1,2]},"locatedAt":{"object":"urn:x:2"}}"#;

#[track_caller]
fn select(attrs: &str, pick: &str, omit: &str) -> Tree {
    let context = city();
    let selection = Selection::parse(Some(attrs), Some(pick), Some(omit), &context).unwrap();
    let view = View {
        format: Format::Simplified,
        selection: Some(&selection),
        ..View::default()
    };
    written(&created(BODY, &context), &context, &view)
}

#[test]
fn members_are_selected() {
    let head = json!({"id": "urn:x:1", "type": "Building", "scope": "/A", "name": "Tower"});
    assert_eq!(select("name,missing", "", ""), head);
    assert_eq!(
        select("", "id,name", ""),
        json!({"id": "urn:x:1", "name": "Tower"})
    );
    assert_eq!(
        select("", "type,scope", ""),
        json!({"type": "Building", "scope": "/A"})
    );
    assert_eq!(
        select("", "locatedAt{name}", ""),
        json!({"locatedAt": "urn:x:2"})
    );
    assert_eq!(
        select("", "", "id,type,speed,street,location,locatedAt,scope"),
        json!({"name": "Tower"})
    );
    let inner = select("", "", "locatedAt{name}");
    assert_eq!(inner["locatedAt"], "urn:x:2");
    let context = city();
    let selection = Selection::parse(None, Some("missing"), None, &context).unwrap();
    let view = View {
        selection: Some(&selection),
        ..View::default()
    };
    let entity = created(BODY, &context);
    let mut out = b"before".to_vec();
    assert!(!write::entity(&mut out, &entity, &context, &view));
    assert_eq!(out, b"before");
    assert_eq!(
        write::entities([&*entity, &*entity], &context, &view),
        b"[]"
    );
    let inside = Selection::parse(None, Some("locatedAt{name,x{y}}"), None, &context).unwrap();
    let inside = inside.inside(&context.expand_name("locatedAt"));
    assert!(inside.keeps(&context.expand_name("x")) && !inside.keeps("@id"));
}

#[test]
fn what_is_no_selection_is_refused() {
    let context = city();
    for (attrs, pick, omit) in [
        ("id,type", "", ""),
        ("name", "name", ""),
        ("name", "", "name"),
        ("", "name", "name"),
        ("", "id;name", ""),
        ("", "id,locatedAt{name", ""),
        ("", "id,locatedAt{{name}", ""),
        ("", "id,,name", ""),
        ("", "id,locatedAt{,name}", ""),
        ("", "id,locatedAt{}", ""),
        ("", "id}", ""),
        ("a b", "", ""),
    ] {
        let problem = Selection::parse(Some(attrs), Some(pick), Some(omit), &context).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData, "{attrs} {pick} {omit}");
    }
    let deep = format!("{}a{}", "a{".repeat(5_000), "}".repeat(5_000));
    assert!(Selection::parse(None, Some(&deep), None, &context).is_err());
}

#[test]
fn instances_are_selected_by_dataset() {
    let context = city();
    let entity = created(BODY, &context);
    let speed = |datasets: &str| {
        let datasets = select::datasets(datasets).unwrap();
        let view = View {
            datasets: &datasets,
            ..View::default()
        };
        written(&entity, &context, &view).get("speed").cloned()
    };
    let second = json!({"type": "Property", "value": 2, "datasetId": "urn:d:1"});
    assert_eq!(speed("urn:d:1"), Some(second.clone()));
    let first = json!({"type": "Property", "value": 1});
    assert_eq!(speed("@none"), Some(first.clone()));
    assert_eq!(speed("@none,urn:d:1"), Some(json!([first, second])));
    assert_eq!(speed("urn:d:2"), None);
    assert!(select::datasets("x").is_err());
}

#[test]
fn one_language_is_chosen() {
    let context = city();
    let entity = created(BODY, &context);
    let street = |languages: &str, format| {
        let languages = Languages::parse(languages).unwrap();
        let view = View {
            format,
            languages: Some(&languages),
            ..View::default()
        };
        written(&entity, &context, &view)["street"].clone()
    };
    let fr = json!({"type": "Property", "value": "Grand Place", "lang": "fr"});
    let nl = json!({"type": "Property", "value": "Grote Markt", "lang": "nl"});
    for (languages, expect) in [
        ("fr", &fr),
        ("fr-CH,fr", &fr),
        ("*", &fr),
        ("fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5", &fr),
        ("fr;q=0.1,nl;q=0.2", &nl),
        ("NL", &nl),
        ("de", &fr),
    ] {
        assert_eq!(
            street(languages, Format::Normalized),
            *expect,
            "{languages}"
        );
    }
    assert_eq!(street("nl", Format::Simplified), "Grote Markt");
    for text in ["", "fr;x", "fr;q=x", "f r"] {
        assert!(Languages::parse(text).is_err(), "{text}");
    }
}

#[test]
fn system_times_and_the_context_are_written_when_asked_for() {
    let context = city();
    let entity = created(
        r#"{"id":"urn:x:1","type":"Building","name":"Tower"}"#,
        &context,
    );
    let view = View {
        sys_attrs: true,
        context: Some(r#"["https://a.example/c"]"#),
        ..View::default()
    };
    let at = "2026-11-24T00:00:00Z";
    assert_eq!(
        written(&entity, &context, &view),
        json!({"id": "urn:x:1", "type": "Building", "createdAt": at, "modifiedAt": at, "name": {"type": "Property",
            "value": "Tower", "createdAt": at, "modifiedAt": at}, "@context": ["https://a.example/c"]})
    );
    let core = written(&entity, &Context::core(), &View::default());
    assert_eq!(core["type"], "https://city.example/terms#Building");
    assert!(core.get("https://city.example/terms#name").is_some());
}

#[test]
fn entities_become_features() {
    let context = city();
    let body = r#"{"id":"urn:x:1","type":"Building","location":{"type":"Point","coordinates":[1,2]},"name":"Tower"}"#;
    let entity = created(body, &context);
    let view = View {
        context: Some("\"https://a.example/c\""),
        ..View::default()
    };
    let tree = |bytes: &[u8]| serde_json::from_slice::<Tree>(bytes).unwrap();
    let mut out = vec![];
    write::feature(&mut out, &entity, &context, &view, None);
    let point = json!({"type": "Point", "coordinates": [1, 2]});
    let properties = json!({"type": "Building", "name": {"type": "Property", "value": "Tower"},
        "location": {"type": "GeoProperty", "value": point}});
    assert_eq!(
        tree(&out),
        json!({"id": "urn:x:1", "type": "Feature", "geometry": point, "properties": properties,
            "@context": "https://a.example/c"})
    );
    let all = write::features([&*entity], &context, &view, Some("https://a.example/none"));
    assert_eq!(
        tree(&all),
        json!({"type": "FeatureCollection", "features": [{"id": "urn:x:1", "type": "Feature", "geometry": null,
            "properties": properties}], "@context": "https://a.example/c"})
    );
}

#[test]
fn a_notification_tells_what_changed() {
    let context = city();
    let before = created(BODY, &context);
    let after = created(
        r#"{"id":"urn:x:1","type":"Building","name":"Tour","speed":{"value":1},"locatedAt":{"object":"urn:x:2"}}"#,
        &context,
    );
    let gone: Vec<_> = before
        .attributes
        .iter()
        .map(|one| &**one)
        .filter(|one| after.instance(&one.name, one.dataset.as_deref()).is_none())
        .collect();
    let mut view = View {
        changes: Some(Changes {
            before: Some(&before),
            removed: &gone,
            at: NOW,
            entity_removed: false,
            show: true,
        }),
        ..View::default()
    };
    assert_eq!(
        written(&after, &context, &view),
        json!({"id": "urn:x:1", "type": "Building",
            "name": {"type": "Property", "value": "Tour", "previousValue": "Tower"},
            "speed": [{"type": "Property", "value": 1},
                {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 2, "datasetId": "urn:d:1"}],
            "locatedAt": {"type": "Relationship", "object": "urn:x:2"},
            "street": {"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"},
                "previousLanguageMap": {"fr": "Grand Place", "nl": "Grote Markt"}},
            "location": {"type": "GeoProperty", "value": "urn:ngsi-ld:null",
                "previousValue": {"type": "Point", "coordinates": [1, 2]}}})
    );
    view.format = Format::Simplified;
    let simple = written(&after, &context, &view);
    assert_eq!(
        simple["speed"],
        json!({"dataset": {"@none": 1, "urn:d:1": "urn:ngsi-ld:null"}})
    );
    assert_eq!(simple["street"], "urn:ngsi-ld:null");
}

#[test]
fn linked_entities_stand_inside() {
    let context = city();
    let entity = created(
        r#"{"id":"urn:x:1","type":"Building","locatedAt":{"object":"urn:x:2"}}"#,
        &context,
    );
    let linked = |_: &_, object: &str| Some(format!("{{\"id\":\"{object}\"}}").into_bytes());
    let mut view = View {
        linked: Some(&linked),
        ..View::default()
    };
    assert_eq!(
        written(&entity, &context, &view)["locatedAt"],
        json!({"type": "Relationship", "object": "urn:x:2", "entity": {"id": "urn:x:2"}})
    );
    view.format = Format::Simplified;
    assert_eq!(
        written(&entity, &context, &view)["locatedAt"],
        json!({"id": "urn:x:2"})
    );
}

#[test]
fn faults_are_told_as_the_standard_has_them() {
    let problem = Kind::BadRequestData.because("a \"detail\"");
    let tree: Tree = serde_json::from_slice(&problem.json()).unwrap();
    let body = json!({"type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData", "title": "Bad request data",
        "detail": "a \"detail\"", "status": 400});
    assert_eq!(tree, body);
    let tree: Tree =
        serde_json::from_slice(&batch_result(["urn:x:1"], [("urn:x:2", &problem)])).unwrap();
    assert_eq!(
        tree,
        json!({"success": ["urn:x:1"], "errors": [{"entityId": "urn:x:2", "error": body}]})
    );
    let tree: Tree = serde_json::from_slice(&update_result(["a", "b"], [("c", "why")])).unwrap();
    assert_eq!(
        tree,
        json!({"updated": ["a", "b"], "notUpdated": [{"attributeName": "c", "reason": "why"}]})
    );
}
