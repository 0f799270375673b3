//! Entities, out: normalized, concise, simplified, GeoJSON (ETSI GS CIM 009, sections 4.5.1 to 4.5.17, 5.2).
//!
//! Written straight into bytes. Names are made short by the [`Context`]; whether the answer also carries the context is
//! the caller's choice ([`View::context`]).

mod attribute;
mod geojson;

use std::collections::HashMap;

use pendopo_domain::entities::{Attribute, Entity, Iri};
use pendopo_domain::time::Timestamp;

use super::context::Context;
use super::select::{Languages, SCOPE, Selection};
use attribute::{Instance, instances};
pub use geojson::{feature, features};

/// How attributes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Section 4.5.1.
    #[default]
    Normalized,
    /// Section 4.5.1, with less words.
    Concise,
    /// Section 4.5.4, also called keyValues.
    Simplified,
}

/// What of an entity is written, and how. The default is all of it, normalized.
#[derive(Clone, Copy, Default)]
pub struct View<'a> {
    pub format: Format,
    /// With `createdAt` and `modifiedAt`.
    pub sys_attrs: bool,
    pub selection: Option<&'a Selection>,
    /// Only these instances: `None` is the default one. Empty: all.
    pub datasets: &'a [Option<Iri>],
    /// One text instead of a LanguageProperty.
    pub languages: Option<&'a Languages>,
    /// JSON of the member `@context`.
    pub context: Option<&'a str>,
    /// What a notification tells about the change.
    pub changes: Option<Changes<'a>>,
    /// JSON of the entity that a Relationship links to, to be written inside it (section 4.5.23).
    pub linked: Option<&'a dyn Fn(&Attribute, &str) -> Option<Vec<u8>>>,
}

/// A change of an entity (section 5.8.6).
#[derive(Clone, Copy)]
pub struct Changes<'a> {
    /// The entity before it.
    pub before: Option<&'a Entity>,
    /// Attributes that are gone.
    pub removed: &'a [&'a Attribute],
    /// When it was.
    pub at: Timestamp,
    /// Whether the entity is gone.
    pub entity_removed: bool,
    /// `showChanges`: with the values before it.
    pub show: bool,
}

impl View<'_> {
    fn keeps(&self, name: &str) -> bool {
        self.selection.is_none_or(|selection| selection.keeps(name))
    }

    fn keeps_instance(&self, attribute: &Attribute) -> bool {
        (self.datasets.is_empty() || self.datasets.contains(&attribute.dataset))
            && self.keeps(&attribute.name)
    }
}

/// Appends the entity; nothing, and false, when a `pick` leaves nothing of it.
pub fn entity(out: &mut Vec<u8>, entity: &Entity, context: &Context, view: &View<'_>) -> bool {
    let start = out.len();
    out.push(b'{');
    if view.keeps("@id") {
        out.extend_from_slice(b"\"id\":");
        text(out, &entity.id);
    }
    if view.keeps("@type") {
        member(out, "type");
        types(out, &entity.types, context);
    }
    body(out, entity, context, view);
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

/// An array of entities. Those of which nothing is left are left out.
pub fn entities<'a>(
    all: impl IntoIterator<Item = &'a Entity>,
    context: &Context,
    view: &View<'_>,
) -> Vec<u8> {
    let mut out = vec![b'['];
    for one in all {
        let before = out.len();
        if before > 1 {
            out.push(b',');
        }
        if !entity(&mut out, one, context, view) {
            out.truncate(before);
        }
    }
    out.push(b']');
    out
}

/// Everything after id and type.
fn body(out: &mut Vec<u8>, entity: &Entity, context: &Context, view: &View<'_>) {
    if !entity.scopes.is_empty() && view.keeps(SCOPE) {
        member(out, "scope");
        scopes(out, &entity.scopes);
    }
    let picked = view
        .selection
        .is_some_and(|selection| selection.pick.is_some());
    if view.sys_attrs && !picked {
        member(out, "createdAt");
        time(out, entity.created_at);
        member(out, "modifiedAt");
        time(out, entity.modified_at);
    }
    if let Some(at) = entity.expires_at
        && !picked
    {
        member(out, "expiresAt");
        time(out, at);
    }
    if let Some(changes) = &view.changes
        && changes.entity_removed
    {
        member(out, "deletedAt");
        time(out, changes.at);
    }
    let here = entity.attributes.iter().map(|one| Instance::Here(one));
    let gone = view.changes.map_or(&[][..], |changes| changes.removed);
    let gone = gone.iter().map(|one| Instance::Gone(one));
    let kept = here
        .chain(gone)
        .filter(|one| view.keeps_instance(one.attribute()));
    for group in grouped(kept) {
        member(out, &context.compact(&group[0].attribute().name));
        instances(out, &group, context, view);
    }
}

/// Instances of one name together, in the order of their first.
fn grouped<'a>(all: impl Iterator<Item = Instance<'a>>) -> Vec<Vec<Instance<'a>>> {
    let mut groups: Vec<Vec<Instance<'a>>> = vec![];
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for one in all {
        let name = &*one.attribute().name;
        // A few are found faster by looking at all.
        let place = if groups.len() < 16 {
            groups
                .iter()
                .position(|group| *group[0].attribute().name == *name)
        } else {
            if places.is_empty() {
                places.extend(
                    groups
                        .iter()
                        .enumerate()
                        .map(|(n, g)| (&*g[0].attribute().name, n)),
                );
            }
            places.get(name).copied()
        };
        match place {
            Some(place) => groups[place].push(one),
            None => {
                if !places.is_empty() {
                    places.insert(name, groups.len());
                }
                groups.push(vec![one]);
            }
        }
    }
    groups
}

/// A comma, unless it is the first member, and the name with its colon.
pub(super) fn member(out: &mut Vec<u8>, name: &str) {
    if !out.ends_with(b"{") {
        out.push(b',');
    }
    text(out, name);
    out.push(b':');
}

/// The types of an entity: a text, or an array when there are several.
pub(super) fn types(out: &mut Vec<u8>, types: &[Iri], context: &Context) {
    match types {
        [one] => text(out, &context.compact(one)),
        many => {
            out.push(b'[');
            for (n, one) in many.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                text(out, &context.compact(one));
            }
            out.push(b']');
        }
    }
}

/// The scopes of an entity: a text, or an array when there are several.
pub(super) fn scopes(out: &mut Vec<u8>, scopes: &[Iri]) {
    match scopes {
        [one] => text(out, one),
        many => super::problem::ids(out, many.iter().map(|one| &**one)),
    }
}

/// A JSON text.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // Writing a text into a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// A time as a JSON text.
pub(super) fn time(out: &mut Vec<u8>, at: Timestamp) {
    use std::io::Write;
    // Writing into a vector cannot fail.
    let _ = write!(out, "\"{at}\"");
}
