//! What the tests share: a context, entities, and how they are compared.

use std::sync::Arc;

use pendopo_domain::entities::command::Fragment;
use pendopo_domain::entities::{Command, Effect, Entity, decide};
use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::{Context, Document, Format, Kind, Problem, View, write};
use serde_json::{Value as Tree, json};

/// When everything in these tests happens: 2026-11-24T00:00:00Z.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_478_400_000_000);

/// A context of a city.
pub fn city() -> Context {
    let context = json!({
        "Building": "https://city.example/terms#Building",
        "ex": "https://city.example/terms#",
        "name": "ex:name",
        "speed": {"@id": "ex:speed"},
        "street": {"@id": "ex:street", "@container": "@language"},
        "locatedAt": {"@id": "https://city.example/terms#locatedAt", "@type": "@id"},
    });
    Context::build(&context, &Default::default()).unwrap()
}

pub fn read(body: &str, context: &Context) -> Result<Fragment, Problem> {
    Document::parse(body.as_bytes())?.entity(context)
}

/// The entity that a body creates.
pub fn created(body: &str, context: &Context) -> Arc<Entity> {
    stored(read(body, context).unwrap_or_else(|problem| panic!("{problem}: {body}")))
}

pub fn stored(fragment: Fragment) -> Arc<Entity> {
    match decide(None, Command::Create(fragment), NOW) {
        Ok((Some(Effect::Put(entity)), _)) => entity,
        other => panic!("{other:?}"),
    }
}

pub fn written(entity: &Entity, context: &Context, view: &View<'_>) -> Tree {
    let mut out = vec![];
    assert!(write::entity(&mut out, entity, context, view));
    serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
}

pub fn in_format(entity: &Entity, context: &Context, format: Format) -> Tree {
    let view = View {
        format,
        ..View::default()
    };
    written(entity, context, &view)
}

/// Checks that `body` is refused as `kind`.
#[track_caller]
pub fn refused(body: &str, kind: Kind) {
    match read(body, &city()) {
        Ok(fragment) => panic!("{body} was read as {fragment:?}"),
        Err(problem) => assert_eq!(problem.kind, kind, "{problem}: {body}"),
    }
}
