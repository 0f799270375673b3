//! What is written is read as the same.

use std::sync::Arc;

use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::{Entity, Geometry, Iri, Json, Value};
use pendopo_domain::geo::Position;
use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::{Context, Format};
use proptest::prelude::*;
use serde_json::value::{RawValue, to_raw_value};

use crate::support::{city, in_format, read, stored};

fn name() -> impl Strategy<Value = Iri> {
    prop_oneof![
        "[a-z][a-zA-Z0-9_]{0,8}"
            .prop_map(|name| format!("https://uri.etsi.org/ngsi-ld/default-context/{name}")),
        "[a-z]{1,6}".prop_map(|name| format!("https://city.example/terms#{name}")),
        Just("https://uri.etsi.org/ngsi-ld/location".to_owned()),
        Just("https://other.example/a/b".to_owned()),
    ]
    .prop_map(Iri::from)
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (-1e6..1e6).prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    let tree = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map(
                prop_oneof!["[a-z]{1,5}", Just("type".into()), Just("value".into())],
                inner,
                0..4
            )
            .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    tree.prop_map(|tree| to_raw_value(&tree).unwrap())
}

fn id() -> impl Strategy<Value = Iri> {
    "urn:ngsi-ld:[A-Za-z]{1,6}:[a-z0-9é]{1,6}".prop_map(Iri::from)
}

fn value() -> impl Strategy<Value = Value> {
    let raw = |text: String| RawValue::from_string(text).unwrap();
    prop_oneof![
        json().prop_map(Value::Property),
        json().prop_map(Value::JsonProperty),
        (-180.0..180.0, -90.0..90.0).prop_map(|(lon, lat)| Value::GeoProperty(Geometry::point(
            Position::new(lon, lat).unwrap()
        ))),
        (
            prop::collection::vec(id(), 1..3),
            any::<bool>(),
            prop::collection::vec(name(), 0..2)
        )
            .prop_map(|(objects, many, object_types)| Value::Relationship {
                many: many || objects.len() > 1,
                objects,
                object_types,
            }),
        ("[a-z]{2}", any::<String>()).prop_map(move |(tag, text)| Value::LanguageProperty(raw(
            format!("{{\"{tag}\":{}}}", serde_json::to_string(&text).unwrap())
        ))),
        prop::collection::vec(name(), 1..3)
            .prop_map(|all| Value::VocabProperty(to_raw_value(&all).unwrap())),
        prop::collection::vec(any::<i32>(), 0..3)
            .prop_map(|all| Value::ListProperty(to_raw_value(&all).unwrap())),
        prop::collection::vec(id(), 0..3).prop_map(|objects| Value::ListRelationship {
            objects,
            object_types: vec![]
        }),
    ]
}

fn given<T: std::fmt::Debug + Clone + 'static>(
    some: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Given<T>> {
    prop_oneof![Just(Given::Absent), some.prop_map(Given::Is)]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(Timestamp::from_micros)
}

fn patch(parts: impl Strategy<Value = Vec<Patch>>) -> impl Strategy<Value = Patch> {
    (
        name(),
        prop::option::of(id()),
        value(),
        given(time()),
        given("[A-Z0-9]{2,3}".prop_map(Iri::from)),
        given(time()),
        parts,
    )
        .prop_map(
            |(name, dataset, value, observed_at, unit_code, expires_at, parts)| Patch {
                name,
                dataset,
                value: Given::Is(value),
                observed_at,
                expires_at,
                unit_code,
                parts,
            },
        )
}

fn once(mut all: Vec<Patch>) -> Vec<Patch> {
    let mut seen = std::collections::HashSet::new();
    all.retain(|one| seen.insert((one.name.clone(), one.dataset.clone())));
    // Instances of one name stand together on the wire.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn entity() -> impl Strategy<Value = Arc<Entity>> {
    let parts = || prop::collection::vec(patch(Just(vec![])), 0..3).prop_map(once);
    (
        id(),
        prop::collection::hash_set(name(), 1..3),
        prop::collection::vec("/[A-Za-z]{1,5}(/[a-z]{1,5})?".prop_map(Iri::from), 0..3),
        given(time()),
        prop::collection::vec(patch(parts()), 0..6).prop_map(once),
    )
        .prop_map(|(id, types, scopes, expires_at, attributes)| {
            stored(Fragment {
                id,
                types: types.into_iter().collect(),
                scopes: Given::Is(scopes),
                expires_at,
                attributes,
            })
        })
}

fn same(entity: &Entity, context: &Context, format: Format) -> Result<(), TestCaseError> {
    let tree = in_format(entity, context, format);
    let again = read(&tree.to_string(), context)
        .map_err(|problem| TestCaseError::fail(format!("{problem}: {tree}")))?;
    let mut again = Arc::unwrap_or_clone(stored(again));
    // A tree sorts the members of an object; instances of one name keep their order.
    again.attributes.sort_by(|a, b| a.name.cmp(&b.name));
    let text = |entity: &Entity| {
        let tree: serde_json::Value = serde_json::to_value(entity).unwrap();
        tree
    };
    prop_assert_eq!(sorted(text(&again)), sorted(text(entity)));
    Ok(())
}

/// Parts by name, since a tree has no order of members.
fn sorted(mut tree: serde_json::Value) -> serde_json::Value {
    if let Some(all) = tree.get_mut("a").and_then(|all| all.as_array_mut()) {
        for one in all {
            if let Some(parts) = one.get_mut("p").and_then(|parts| parts.as_array_mut()) {
                parts.sort_by_key(|part| part["n"].to_string());
            }
        }
    }
    tree
}

proptest! {
    #[test]
    fn an_entity_comes_back_from_its_normalized_form(entity in entity()) {
        same(&entity, &city(), Format::Normalized)?;
        same(&entity, &Context::core(), Format::Normalized)?;
    }

    #[test]
    fn an_entity_comes_back_from_its_concise_form(entity in entity()) {
        same(&entity, &city(), Format::Concise)?;
    }

    #[test]
    fn anything_is_read_or_refused(body in any::<Vec<u8>>(), text in "[\\[\\]{}\":,a-z0-9 @]{0,60}") {
        use pendopo_standards::ngsi_ld::{Document, q, read};
        let context = city();
        for body in [&body[..], text.as_bytes()] {
            if let Ok(document) = Document::parse(body) {
                let _ = document.entity(&context);
                let _ = document.fragment(&"urn:x:1".into(), &context);
            }
            let _ = read::batch(body);
            let _ = read::batch_of_ids(body);
        }
        let _ = q::condition(&text, &context);
        let _ = q::types(&text, &context);
        let _ = q::scopes(&text);
    }
}
