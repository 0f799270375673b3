//! Entities as GeoJSON (ETSI GS CIM 009, sections 4.5.16 and 4.5.17; RFC 7946).

use pendopo_domain::entities::query::LOCATION;
use pendopo_domain::entities::{Entity, Value};

use super::{View, body, member, text, types};
use crate::ngsi_ld::context::Context;

/// Appends a Feature whose geometry is the GeoProperty called `property` (expanded), or `location` when `None`; null
/// when there is no such.
pub fn feature(
    out: &mut Vec<u8>,
    entity: &Entity,
    context: &Context,
    view: &View<'_>,
    property: Option<&str>,
) {
    out.extend_from_slice(b"{\"id\":");
    text(out, &entity.id);
    out.extend_from_slice(b",\"type\":\"Feature\",\"geometry\":");
    let name = property.unwrap_or(LOCATION);
    let wanted = match view.datasets {
        [one] => entity.instance(name, one.as_deref()),
        _ => entity.attribute(name),
    };
    match wanted.map(|one| &one.value) {
        Some(Value::GeoProperty(geometry)) => {
            out.extend_from_slice(geometry.text().get().as_bytes());
        }
        _ => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"properties\":{");
    if view.keeps("@type") {
        member(out, "type");
        types(out, &entity.types, context);
    }
    body(out, entity, context, view);
    out.push(b'}');
    end(out, view);
}

/// A FeatureCollection; the context stands once, beside the features.
pub fn features<'a>(
    all: impl IntoIterator<Item = &'a Entity>,
    context: &Context,
    view: &View<'_>,
    property: Option<&str>,
) -> Vec<u8> {
    let mut out = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
    let inner = View {
        context: None,
        ..*view
    };
    for (n, one) in all.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        feature(&mut out, one, context, &inner, property);
    }
    out.push(b']');
    end(&mut out, view);
    out
}

fn end(out: &mut Vec<u8>, view: &View<'_>) {
    if let Some(json) = view.context {
        member(out, "@context");
        out.extend_from_slice(json.as_bytes());
    }
    out.push(b'}');
}
