//! Names to IRIs and back.

use std::collections::HashMap;
use std::sync::Arc;

use pendopo_standards::ngsi_ld::context::references;
use pendopo_standards::ngsi_ld::{Context, Kind};
use serde_json::{Value as Tree, json};

fn build(context: Tree) -> Context {
    Context::build(&context, &HashMap::new()).unwrap()
}

#[test]
fn the_core_context_knows_its_terms_and_gives_others_to_the_default_vocabulary() {
    let core = Context::core();
    for (name, iri) in [
        ("location", "https://uri.etsi.org/ngsi-ld/location"),
        ("observedAt", "https://uri.etsi.org/ngsi-ld/observedAt"),
        ("expiresAt", "https://uri.etsi.org/ngsi-ld/expiresAt"),
        ("value", "https://uri.etsi.org/ngsi-ld/hasValue"),
        ("ListProperty", "https://uri.etsi.org/ngsi-ld/ListProperty"),
        ("Point", "https://purl.org/geojson/vocab#Point"),
        ("title", "http://purl.org/dc/terms/title"),
        ("ngsi-ld:status", "https://uri.etsi.org/ngsi-ld/status"),
        (
            "speed",
            "https://uri.etsi.org/ngsi-ld/default-context/speed",
        ),
        ("type", "@type"),
        ("https://a.example/b", "https://a.example/b"),
        ("urn:x:y", "urn:x:y"),
    ] {
        assert_eq!(&*core.expand_name(name), iri);
        assert_eq!(&*core.expand_once(name), iri);
        if !name.contains(':') {
            assert_eq!(core.compact(iri), name);
        }
    }
}

#[test]
fn terms_are_defined_by_texts_objects_prefixes_and_the_vocabulary() {
    let context = build(json!([
        {"schema": "https://schema.org/", "city": "schema:City", "gone": "schema:Gone"},
        {
            "@version": 1.1,
            "@vocab": "https://city.example/v#",
            "name": {"@id": "schema:name", "@type": "@id"},
            "road": {"@container": "@language"},
            "later": "after:it",
            "after": "https://after.example/",
            "alias": "@id",
            "town": "city",
            "gone": null,
        },
    ]));
    for (name, iri, short) in [
        ("city", "https://schema.org/City", "city"),
        ("town", "https://schema.org/City", "city"),
        ("name", "https://schema.org/name", "name"),
        ("road", "https://city.example/v#road", "road"),
        ("later", "https://after.example/it", "later"),
        ("gone", "https://city.example/v#gone", "gone"),
        ("schema:x", "https://schema.org/x", "schema:x"),
        ("after:x", "https://after.example/x", "after:x"),
        ("alias", "@id", "id"),
        ("other", "https://city.example/v#other", "other"),
    ] {
        assert_eq!(&*context.expand_name(name), iri, "{name}");
        assert_eq!(context.compact(iri), short, "{name}");
    }
}

#[test]
fn core_terms_cannot_be_redefined_and_a_hidden_name_goes_by_its_prefix() {
    let context = build(json!({"location": "https://a.example/l", "speed": "https://a.example/s"}));
    assert_eq!(
        &*context.expand_name("location"),
        "https://uri.etsi.org/ngsi-ld/location"
    );
    assert_eq!(
        context.compact("https://a.example/l"),
        "https://a.example/l"
    );
    assert_eq!(
        context.compact("https://uri.etsi.org/ngsi-ld/default-context/speed"),
        "ngsi-ld:default-context/speed"
    );
    assert_eq!(
        &*context.expand_name("ngsi-ld:default-context/speed"),
        "https://uri.etsi.org/ngsi-ld/default-context/speed"
    );
}

#[test]
fn remote_documents_are_named_first_and_read_when_they_are_there() {
    let context = json!([
        "https://a.example/one.jsonld",
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld",
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld",
        {"x": "https://a.example/x"},
        "https://a.example/one.jsonld",
    ]);
    assert_eq!(
        references(&context),
        [
            "https://a.example/one.jsonld",
            "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld"
        ]
    );
    let one = json!({"@context": ["https://a.example/two.jsonld", {"one": "https://a.example/1"}]});
    assert_eq!(references(&one), ["https://a.example/two.jsonld"]);
    let context = json!("https://a.example/one.jsonld");
    let mut loaded = HashMap::from([("https://a.example/one.jsonld".to_owned(), Arc::new(one))]);
    let problem = Context::build(&context, &loaded).unwrap_err();
    assert_eq!(problem.kind, Kind::LdContextNotAvailable);
    assert!(problem.detail.contains("two.jsonld"), "{problem}");
    let two = json!({"@context": {"two": "https://a.example/2"}});
    loaded.insert("https://a.example/two.jsonld".to_owned(), Arc::new(two));
    let context = Context::build(&context, &loaded).unwrap();
    assert_eq!(&*context.expand_name("one"), "https://a.example/1");
    assert_eq!(&*context.expand_name("two"), "https://a.example/2");
}

#[test]
fn what_is_no_context_is_refused() {
    let ring = json!({"@context": "https://a.example/ring"});
    let loaded = HashMap::from([
        ("https://a.example/ring".to_owned(), Arc::new(ring)),
        ("https://a.example/none".to_owned(), Arc::new(json!({}))),
    ]);
    for context in [
        json!(3),
        json!({"a": 3}),
        json!({"a": ["x"]}),
        json!({"a": "b:x", "b": "a:x"}),
        json!({"a": {"@id": 3}}),
        json!({"@vocab": 3}),
        json!("https://a.example/ring"),
        json!("https://a.example/none"),
    ] {
        let problem = Context::build(&context, &loaded).unwrap_err();
        assert_eq!(problem.kind, Kind::BadRequestData, "{context}: {problem}");
    }
}

#[test]
fn what_is_made_short_is_the_same_when_it_is_made_long() {
    let context = build(json!({
        "a": "https://a.example/", "b": "https://a.example/b#", "c": "https://a.example/b#c", "d": "b:d",
        "@vocab": "https://v.example/",
    }));
    for iri in [
        "https://a.example/",
        "https://a.example/b#",
        "https://a.example/b#c",
        "https://a.example/b#x/y",
        "https://a.example///x",
        "https://v.example/c",
        "https://v.example/a:b",
        "https://v.example/",
        "https://v.example/type",
        "urn:ngsi-ld:x",
        "https://uri.etsi.org/ngsi-ld/hasValue",
    ] {
        let short = context.compact(iri);
        assert_eq!(&*context.expand_name(&short), iri, "{short}");
    }
}
