//! Histories, out: instances (section 4.5.7), pairs of value and time (4.5.9), aggregates (4.5.19).

use pendopo_domain::entities::command::NULL;
use pendopo_domain::entities::{Attribute, Entity, Iri, Value};
use pendopo_domain::time::Timestamp;

use super::{Method, TimeProperty};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::select::SCOPE;
use crate::ngsi_ld::write::{
    Format, Instance, View, gone_members, member, one_instance, part_of_value, scopes, text, time,
    types,
};

/// One instance of an attribute in a history. A history of scopes is one of a Property called [`SCOPE`].
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub attribute: &'a Attribute,
    pub instance_id: Option<&'a str>,
    /// Given when the attribute was taken away then.
    pub deleted_at: Option<Timestamp>,
}

impl Moment<'_> {
    /// The time of it that counts.
    pub fn at(&self, property: TimeProperty) -> Option<Timestamp> {
        if self.deleted_at.is_some() {
            return self.deleted_at;
        }
        match property {
            TimeProperty::ObservedAt => self.attribute.observed_at,
            TimeProperty::CreatedAt => Some(self.attribute.created_at),
            TimeProperty::ModifiedAt => Some(self.attribute.modified_at),
            TimeProperty::DeletedAt => None,
        }
    }
}

/// A value, and the first and last instant of what it is of.
pub type Span = (f64, Timestamp, Timestamp);

/// What was counted of one attribute, in the order of time: for each method value, beginning and end of each span.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    pub name: &'a Iri,
    pub dataset: Option<&'a Iri>,
    /// `Property`, `Relationship`, …
    pub kind: &'static str,
    pub methods: Vec<(Method, Vec<Span>)>,
}

/// What is told of an entity.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Gives id, types and scopes.
    pub head: &'a Entity,
    /// When the entity was taken away.
    pub deleted_at: Option<Timestamp>,
    /// In the order that they are to have.
    pub moments: &'a [Moment<'a>],
    /// Attributes whose instances are all on another page (section 6.3.10): they are told as empty.
    pub elsewhere: &'a [Iri],
    /// The time that goes with a value.
    pub property: TimeProperty,
}

/// Appends the history of an entity. The format `Simplified` gives pairs of value and time. False when nothing is left.
pub fn history(out: &mut Vec<u8>, told: &History<'_>, context: &Context, view: &View<'_>) -> bool {
    let start = out.len();
    let moments = told.moments;
    let scope_moments = moments.iter().any(|one| &*one.attribute.name == SCOPE);
    beginning(out, told.head, context, view, !scope_moments);
    if let Some(at) = told.deleted_at
        && view.sys_attrs
        && view.selection.is_none_or(|one| one.pick.is_none())
    {
        member(out, "deletedAt");
        time(out, at);
    }
    let kept: Vec<&Moment<'_>> = moments
        .iter()
        .filter(|one| view.keeps_instance(one.attribute))
        .collect();
    for group in grouped(&kept, |one| &one.attribute.name) {
        member(out, &context.compact(&group[0].attribute.name));
        if view.format == Format::Simplified {
            pairs(out, &group, told.property, context);
        } else {
            instances(out, &group, context, view);
        }
    }
    for name in told.elsewhere.iter().filter(|name| view.keeps(name)) {
        member(out, &context.compact(name));
        out.extend_from_slice(b"[]");
    }
    end(out, start, view)
}

/// Appends what was counted of an entity. False when nothing is left.
pub fn aggregates(
    out: &mut Vec<u8>,
    head: &Entity,
    all: &[Series<'_>],
    context: &Context,
    view: &View<'_>,
) -> bool {
    let start = out.len();
    beginning(out, head, context, view, true);
    let kept: Vec<&Series<'_>> = all.iter().filter(|one| view.keeps(one.name)).collect();
    for group in grouped(&kept, |one| one.name) {
        member(out, &context.compact(group[0].name));
        array(out, &group, |out, one| {
            out.extend_from_slice(b"{\"type\":");
            text(out, one.kind);
            if let Some(dataset) = one.dataset {
                member(out, "datasetId");
                text(out, dataset);
            }
            for (method, spans) in &one.methods {
                member(out, method.name());
                out.push(b'[');
                for (n, (value, from, to)) in spans.iter().enumerate() {
                    out.extend_from_slice(if n > 0 { b",[" } else { b"[" });
                    // What is no number, like the mean of none, is null in JSON.
                    let _ = serde_json::to_writer(&mut *out, value);
                    out.push(b',');
                    time(out, *from);
                    out.push(b',');
                    time(out, *to);
                    out.push(b']');
                }
                out.push(b']');
            }
            out.push(b'}');
        });
    }
    end(out, start, view)
}

fn beginning(
    out: &mut Vec<u8>,
    head: &Entity,
    context: &Context,
    view: &View<'_>,
    with_scopes: bool,
) {
    out.push(b'{');
    if view.keeps("@id") {
        member(out, "id");
        text(out, &head.id);
    }
    if view.keeps("@type") && !head.types.is_empty() {
        member(out, "type");
        types(out, &head.types, context);
    }
    if with_scopes && !head.scopes.is_empty() && view.keeps(SCOPE) {
        member(out, "scope");
        scopes(out, &head.scopes);
    }
    if view.sys_attrs && view.selection.is_none_or(|one| one.pick.is_none()) {
        member(out, "createdAt");
        time(out, head.created_at);
        member(out, "modifiedAt");
        time(out, head.modified_at);
    }
}

fn end(out: &mut Vec<u8>, start: usize, view: &View<'_>) -> bool {
    if out.len() == start + 1 {
        out.truncate(start);
        return false;
    }
    if let Some(json) = view.context {
        member(out, "@context");
        out.extend_from_slice(json.as_bytes());
    }
    out.push(b'}');
    true
}

/// Those of one name together, in the order of their first.
fn grouped<'m, T>(all: &[&'m T], name: impl Fn(&T) -> &Iri) -> Vec<Vec<&'m T>> {
    let mut groups: Vec<Vec<&T>> = vec![];
    let mut places = std::collections::HashMap::new();
    for one in all {
        let place = *places.entry(Iri::clone(name(one))).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// One thing, or an array of several.
fn array<T>(out: &mut Vec<u8>, all: &[T], one: impl Fn(&mut Vec<u8>, &T)) {
    if all.len() != 1 {
        out.push(b'[');
    }
    for (n, item) in all.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        one(out, item);
    }
    if all.len() != 1 {
        out.push(b']');
    }
}

/// Always an array, even of one.
fn instances(out: &mut Vec<u8>, group: &[&Moment<'_>], context: &Context, view: &View<'_>) {
    out.push(b'[');
    for (n, one) in group.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match one.deleted_at {
            Some(at) => {
                out.push(b'{');
                if &*one.attribute.name == SCOPE {
                    out.extend_from_slice(b"\"type\":\"Property\",\"value\":[]");
                } else {
                    gone_members(out, one.attribute, view);
                }
                member(out, "deletedAt");
                time(out, at);
                out.push(b'}');
            }
            None => one_instance(out, Instance::Here(one.attribute), context, view),
        }
        if let Some(id) = one.instance_id {
            out.pop();
            member(out, "instanceId");
            text(out, id);
            out.push(b'}');
        }
    }
    out.push(b']');
}

/// `{"type": …, "values": [[value, time], …]}`, one for each dataset.
fn pairs(out: &mut Vec<u8>, group: &[&Moment<'_>], property: TimeProperty, context: &Context) {
    let none: Iri = "@none".into();
    let by_dataset = grouped(group, |one| one.attribute.dataset.as_ref().unwrap_or(&none));
    array(out, &by_dataset, |out, all| {
        let first = all[0].attribute;
        out.extend_from_slice(b"{\"type\":");
        text(out, first.value.kind());
        if let Some(dataset) = &first.dataset {
            member(out, "datasetId");
            text(out, dataset);
        }
        let (name, wrapped) = match &first.value {
            Value::Property(_) | Value::GeoProperty(_) => ("values", None),
            Value::Relationship { .. } => ("objects", None),
            Value::LanguageProperty(_) => ("languageMaps", Some("languageMap")),
            Value::VocabProperty(_) => ("vocabs", Some("vocab")),
            Value::JsonProperty(_) => ("jsons", Some("json")),
            Value::ListProperty(_) => ("valueLists", None),
            Value::ListRelationship { .. } => ("objectLists", None),
        };
        member(out, name);
        out.push(b'[');
        for (n, one) in all.iter().enumerate() {
            out.extend_from_slice(if n > 0 { b",[" } else { b"[" });
            pair_value(out, one, wrapped, context);
            out.push(b',');
            match one.at(property) {
                Some(at) => time(out, at),
                None => out.extend_from_slice(b"null"),
            }
            out.push(b']');
        }
        out.extend_from_slice(b"]}");
    });
}

fn pair_value(out: &mut Vec<u8>, one: &Moment<'_>, wrapped: Option<&str>, context: &Context) {
    if one.deleted_at.is_some() {
        if &*one.attribute.name == SCOPE {
            out.extend_from_slice(b"[]");
        } else {
            text(out, NULL);
        }
        return;
    }
    match wrapped {
        None => part_of_value(out, &one.attribute.value, context, false),
        Some(name) => {
            out.push(b'{');
            member(out, name);
            part_of_value(out, &one.attribute.value, context, false);
            out.push(b'}');
        }
    }
}
