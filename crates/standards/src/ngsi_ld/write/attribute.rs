//! Attributes, out: all instances of one name, in the three formats.

use pendopo_domain::entities::command::NULL;
use pendopo_domain::entities::{Attribute, Iri, Value};
use serde_json::value::RawValue;

use super::{Format, View, member, text, time, types};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::json;
use crate::ngsi_ld::read::is_bare;

/// An instance of an attribute, or of one that a notification tells to be gone.
#[derive(Clone, Copy)]
pub enum Instance<'a> {
    Here(&'a Attribute),
    Gone(&'a Attribute),
}

impl<'a> Instance<'a> {
    pub const fn attribute(&self) -> &'a Attribute {
        match self {
            Self::Here(one) | Self::Gone(one) => one,
        }
    }
}

/// Instances of one name: itself, an array, or in the simplified form an object by dataset (section 4.5.4).
pub fn instances(out: &mut Vec<u8>, group: &[Instance<'_>], context: &Context, view: &View<'_>) {
    if view.format == Format::Simplified {
        if let [one] = group
            && one.attribute().dataset.is_none()
        {
            simplified(out, *one, context, view);
            return;
        }
        out.extend_from_slice(b"{\"dataset\":{");
        for one in group {
            member(out, one.attribute().dataset.as_deref().unwrap_or("@none"));
            simplified(out, *one, context, view);
        }
        out.extend_from_slice(b"}}");
        return;
    }
    if let [one] = group {
        one_instance(out, *one, context, view);
        return;
    }
    out.push(b'[');
    for (n, one) in group.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        one_instance(out, *one, context, view);
    }
    out.push(b']');
}

/// One instance, normalized or concise.
pub fn one_instance(out: &mut Vec<u8>, one: Instance<'_>, context: &Context, view: &View<'_>) {
    let attribute = one.attribute();
    let concise = view.format == Format::Concise;
    if let Instance::Gone(_) = one {
        gone(out, attribute, view);
        return;
    }
    let chosen = match (&attribute.value, view.languages) {
        (Value::LanguageProperty(map), Some(languages)) => languages.choose(map),
        _ => None,
    };
    if concise && chosen.is_none() && bare(out, attribute, view) {
        return;
    }
    out.push(b'{');
    if !concise {
        out.extend_from_slice(b"\"type\":\"");
        let kind = match chosen {
            Some(_) => "Property",
            None => attribute.value.kind(),
        };
        out.extend_from_slice(kind.as_bytes());
        out.push(b'"');
    }
    match chosen {
        Some((tag, chosen)) => {
            member(out, "value");
            out.extend_from_slice(chosen.get().as_bytes());
            member(out, "lang");
            text(out, &tag);
        }
        None => value(out, attribute, context, view),
    }
    about(out, attribute, view);
    for part in grouped_parts(attribute) {
        member(out, &context.compact(&part[0].attribute().name));
        let inner = View {
            format: view.format,
            sys_attrs: view.sys_attrs,
            languages: view.languages,
            ..View::default()
        };
        instances(out, &part, context, &inner);
    }
    out.push(b'}');
}

fn grouped_parts(attribute: &Attribute) -> Vec<Vec<Instance<'_>>> {
    super::grouped(attribute.parts.iter().map(Instance::Here))
}

/// Everything about the value that is no attribute.
fn about(out: &mut Vec<u8>, attribute: &Attribute, view: &View<'_>) {
    if let Some(changes) = &view.changes
        && changes.show
        && let Some(before) = changes.before
        && let Some(old) = before.instance(&attribute.name, attribute.dataset.as_deref())
        && old.value != attribute.value
    {
        previous(out, &old.value);
    }
    if let Some(unit) = &attribute.unit_code {
        member(out, "unitCode");
        text(out, unit);
    }
    if let Some(at) = attribute.observed_at {
        member(out, "observedAt");
        time(out, at);
    }
    if let Some(dataset) = &attribute.dataset {
        member(out, "datasetId");
        text(out, dataset);
    }
    if let Some(at) = attribute.expires_at {
        member(out, "expiresAt");
        time(out, at);
    }
    if view.sys_attrs {
        member(out, "createdAt");
        time(out, attribute.created_at);
        member(out, "modifiedAt");
        time(out, attribute.modified_at);
    }
}

/// Writes the value alone, when the concise form of the attribute is that and it is read as the same again.
fn bare(out: &mut Vec<u8>, attribute: &Attribute, view: &View<'_>) -> bool {
    let alone = attribute.parts.is_empty()
        && attribute.unit_code.is_none()
        && attribute.observed_at.is_none()
        && attribute.dataset.is_none()
        && attribute.expires_at.is_none()
        && !view.sys_attrs
        && !view.changes.is_some_and(|changes| changes.show);
    match &attribute.value {
        Value::Property(json) if alone && is_bare(json) => {
            out.extend_from_slice(json.get().as_bytes());
            true
        }
        Value::GeoProperty(geometry) if alone => {
            out.extend_from_slice(geometry.text().get().as_bytes());
            true
        }
        _ => false,
    }
}

/// The member that holds the value, and those that belong to it.
fn value(out: &mut Vec<u8>, attribute: &Attribute, context: &Context, view: &View<'_>) {
    let (name, object_types): (_, &[Iri]) = match &attribute.value {
        Value::Property(_) | Value::GeoProperty(_) => ("value", &[]),
        Value::Relationship { object_types, .. } => ("object", object_types),
        Value::LanguageProperty(_) => ("languageMap", &[]),
        Value::VocabProperty(_) => ("vocab", &[]),
        Value::JsonProperty(_) => ("json", &[]),
        Value::ListProperty(_) => ("valueList", &[]),
        Value::ListRelationship { object_types, .. } => ("objectList", object_types),
    };
    member(out, name);
    part_of_value(out, &attribute.value, context, true);
    if !object_types.is_empty() {
        member(out, "objectType");
        types(out, object_types, context);
    }
    let Some(linked) = view.linked else { return };
    let (objects, many) = match &attribute.value {
        Value::Relationship { objects, many, .. } => (objects, *many),
        Value::ListRelationship { objects, .. } => (objects, true),
        _ => return,
    };
    let found = objects
        .iter()
        .filter_map(|object| linked(attribute, object));
    let found: Vec<Vec<u8>> = found.collect();
    match (&*found, many) {
        ([], _) => {}
        ([one], false) => {
            member(out, "entity");
            out.extend_from_slice(one);
        }
        (all, _) => {
            member(out, "entityList");
            out.push(b'[');
            out.extend_from_slice(&all.join(&b','));
            out.push(b']');
        }
    }
}

/// The value without the attribute around it. The ids of a ListRelationship are objects when `wrapped`.
pub fn part_of_value(out: &mut Vec<u8>, value: &Value, context: &Context, wrapped: bool) {
    match value {
        Value::Property(json)
        | Value::LanguageProperty(json)
        | Value::JsonProperty(json)
        | Value::ListProperty(json) => out.extend_from_slice(json.get().as_bytes()),
        Value::GeoProperty(geometry) => out.extend_from_slice(geometry.text().get().as_bytes()),
        Value::VocabProperty(json) => vocab(out, json, context),
        Value::Relationship { objects, many, .. } => match &**objects {
            [one] if !many => text(out, one),
            all => crate::ngsi_ld::problem::ids(out, all.iter().map(|one| &**one)),
        },
        Value::ListRelationship { objects, .. } => {
            out.push(b'[');
            for (n, one) in objects.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                if wrapped {
                    out.extend_from_slice(b"{\"object\":");
                }
                text(out, one);
                if wrapped {
                    out.push(b'}');
                }
            }
            out.push(b']');
        }
    }
}

fn vocab(out: &mut Vec<u8>, value: &RawValue, context: &Context) {
    match (json::string(value), json::strings(value)) {
        (Some(one), _) => text(out, &context.compact(&one)),
        (None, Some(all)) => {
            let all: Vec<_> = all.iter().map(|one| context.compact(one)).collect();
            crate::ngsi_ld::problem::ids(out, all.iter().map(|one| &**one));
        }
        (None, None) => out.extend_from_slice(value.get().as_bytes()),
    }
}

/// Section 4.5.4: the value, or for kinds that would not be known again an object of one member.
fn simplified(out: &mut Vec<u8>, one: Instance<'_>, context: &Context, view: &View<'_>) {
    let attribute = one.attribute();
    if let Instance::Gone(_) = one {
        text(out, NULL);
        return;
    }
    let name = match &attribute.value {
        Value::LanguageProperty(map) => {
            if let Some((_, chosen)) = view.languages.and_then(|languages| languages.choose(map)) {
                out.extend_from_slice(chosen.get().as_bytes());
                return;
            }
            "languageMap"
        }
        Value::VocabProperty(_) => "vocab",
        Value::JsonProperty(_) => "json",
        Value::ListProperty(_) => "valueList",
        Value::ListRelationship { .. } => "objectList",
        Value::Relationship { objects, many, .. } => {
            let linked = view.linked;
            let find = |object: &str| linked.and_then(|linked| linked(attribute, object));
            let mut all = Vec::with_capacity(objects.len());
            for object in objects {
                all.push(find(object).unwrap_or_else(|| {
                    let mut id = vec![];
                    text(&mut id, object);
                    id
                }));
            }
            match (&*all, many) {
                ([one], false) => out.extend_from_slice(one),
                _ => {
                    out.push(b'[');
                    out.extend_from_slice(&all.join(&b','));
                    out.push(b']');
                }
            }
            return;
        }
        value => return part_of_value(out, value, context, false),
    };
    out.push(b'{');
    member(out, name);
    part_of_value(out, &attribute.value, context, false);
    out.push(b'}');
}

/// An attribute that is gone (section 4.5.0): its value is the word for null.
fn gone(out: &mut Vec<u8>, attribute: &Attribute, view: &View<'_>) {
    out.push(b'{');
    if view.format == Format::Normalized {
        member(out, "type");
        text(out, attribute.value.kind());
    }
    let entity_removed = view.changes.is_some_and(|changes| changes.entity_removed);
    let (name, of_null) = match &attribute.value {
        Value::Property(_) | Value::GeoProperty(_) => ("value", false),
        Value::Relationship { .. } => ("object", false),
        Value::LanguageProperty(_) => ("languageMap", !entity_removed),
        Value::VocabProperty(_) => ("vocab", false),
        Value::JsonProperty(_) => ("json", false),
        Value::ListProperty(_) => ("valueList", false),
        Value::ListRelationship { .. } => ("objectList", false),
    };
    member(out, name);
    if of_null {
        out.extend_from_slice(b"{\"@none\":");
        text(out, NULL);
        out.push(b'}');
    } else {
        text(out, NULL);
    }
    let changes = view.changes.as_ref();
    if changes.is_some_and(|changes| changes.show) {
        previous(out, &attribute.value);
    }
    if let Some(dataset) = &attribute.dataset {
        member(out, "datasetId");
        text(out, dataset);
    }
    if view.sys_attrs {
        member(out, "createdAt");
        time(out, attribute.created_at);
        member(out, "modifiedAt");
        time(out, attribute.modified_at);
        if let Some(changes) = changes {
            member(out, "deletedAt");
            time(out, changes.at);
        }
    }
    out.push(b'}');
}

/// `previousValue` and its kin, for the value before a change.
fn previous(out: &mut Vec<u8>, value: &Value) {
    let name = match value {
        Value::Property(_) | Value::GeoProperty(_) => "previousValue",
        Value::Relationship { .. } => "previousObject",
        Value::LanguageProperty(_) => "previousLanguageMap",
        Value::VocabProperty(_) => "previousVocab",
        Value::JsonProperty(_) => "previousJson",
        Value::ListProperty(_) => "previousValueList",
        Value::ListRelationship { .. } => "previousObjectList",
    };
    member(out, name);
    part_of_value(out, value, &Context::core(), true);
}
