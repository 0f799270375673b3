//! Which entities a question means (ETSI GS CIM 009, sections 4.9, 4.10, 4.17, 4.19).
//!
//! The text forms (`q`, `georel`, `type`, `scopeQ`) are read in `standards`; what is here is their meaning.

use geo::{
    Closest, Contains, Distance, Haversine, HaversineClosestPoint, Intersects, Point, Relate,
};
use regex::Regex;
use serde_json::Value as Tree;

use super::{Attribute, Entity, Iri, Value};
use crate::time::Timestamp;

/// Where an entity is, when a question does not name another GeoProperty.
pub const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";
/// Members of an attribute that are no attributes themselves, under their expanded names.
pub const OBSERVED_AT: &str = "https://uri.etsi.org/ngsi-ld/observedAt";
pub const CREATED_AT: &str = "https://uri.etsi.org/ngsi-ld/createdAt";
pub const MODIFIED_AT: &str = "https://uri.etsi.org/ngsi-ld/modifiedAt";
pub const UNIT_CODE: &str = "https://uri.etsi.org/ngsi-ld/unitCode";
pub const DATASET_ID: &str = "https://uri.etsi.org/ngsi-ld/datasetId";

/// A question about entities. An empty list means: any.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub ids: Vec<Iri>,
    pub id_pattern: Option<Regex>,
    pub types: Option<Logic<Iri>>,
    /// At least one of these must be there.
    pub attributes: Vec<Iri>,
    pub condition: Option<Logic<Term>>,
    pub near: Option<Geo>,
    pub scopes: Option<Logic<Scope>>,
}

/// Terms put together with *and* and *or*.
#[derive(Clone, Debug, PartialEq)]
pub enum Logic<T> {
    Is(T),
    All(Vec<Logic<T>>),
    Any(Vec<Logic<T>>),
}

impl<T> Logic<T> {
    /// Whether it holds, given which terms hold.
    pub fn holds(&self, holds: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Is(term) => holds(term),
            Self::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(holds)),
        }
    }

    /// Every term, in order.
    pub fn terms(&self) -> Vec<&T> {
        match self {
            Self::Is(term) => vec![term],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::terms).collect(),
        }
    }
}

/// A place in a hierarchy of scopes (section 4.19).
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// This one; `+` stands for one level.
    Exact(Vec<String>),
    /// This one and everything below (`/#`).
    Below(Vec<String>),
}

impl Scope {
    fn holds(&self, scope: &str) -> bool {
        let levels: Vec<&str> = scope.trim_start_matches('/').split('/').collect();
        let same = |wanted: &[String], levels: &[&str]| {
            wanted
                .iter()
                .zip(levels)
                .all(|(wanted, level)| wanted == "+" || wanted == level)
        };
        match self {
            Self::Exact(wanted) => wanted.len() == levels.len() && same(wanted, &levels),
            Self::Below(wanted) => wanted.len() <= levels.len() && same(wanted, &levels),
        }
    }
}

/// One comparison of `q`, or, without one, that the attribute is there.
#[derive(Clone, Debug)]
pub struct Term {
    /// The attribute, its part, the part of that, …
    pub path: Vec<Iri>,
    /// Members inside the value: `address[city.name]`; of a LanguageProperty the language, or `*`.
    pub inside: Vec<String>,
    pub test: Option<(Comparison, Operand)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Unequal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Matches,
    MatchesNot,
}

/// What is compared with.
#[derive(Clone, Debug)]
pub enum Operand {
    /// Any of these.
    OneOf(Vec<Scalar>),
    /// From the first to the second, both included.
    Between(Scalar, Scalar),
    Pattern(Regex),
}

/// A value of `q`.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Number(f64),
    Text {
        text: String,
        /// The text as a term of the context, to compare with a VocabProperty.
        iri: Iri,
    },
    Bool(bool),
    Time(Timestamp),
}

/// A question about a place.
#[derive(Clone, Debug)]
pub struct Geo {
    pub relation: Relation,
    pub shape: geo::Geometry,
    /// The GeoProperty that is asked.
    pub property: Iri,
}

/// Relations of section 4.10; distances in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    Near {
        least: Option<f64>,
        most: Option<f64>,
    },
    Within,
    Contains,
    Overlaps,
    Intersects,
    Equals,
    Disjoint,
}

impl Query {
    /// Whether `entity` is meant.
    pub fn holds(&self, entity: &Entity) -> bool {
        (self.ids.is_empty() || self.ids.contains(&entity.id))
            && self
                .id_pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&entity.id))
            && self
                .types
                .as_ref()
                .is_none_or(|types| types.holds(&|name| entity.has_type(name)))
            && (self.attributes.is_empty()
                || self
                    .attributes
                    .iter()
                    .any(|name| entity.attribute(name).is_some()))
            && self.scopes.as_ref().is_none_or(|scopes| {
                scopes.holds(&|one| entity.scopes.iter().any(|s| one.holds(s)))
            })
            && self.near.as_ref().is_none_or(|geo| geo.holds(entity))
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(&|term| term.holds(entity)))
    }
}

impl Geo {
    fn holds(&self, entity: &Entity) -> bool {
        entity
            .instances(&self.property)
            .any(|one| match &one.value {
                Value::GeoProperty(geometry) => self.relation.holds(geometry.shape(), &self.shape),
                _ => false,
            })
    }
}

impl Relation {
    /// Whether `entity` stands in this relation to `asked`.
    pub fn holds(self, entity: &geo::Geometry, asked: &geo::Geometry) -> bool {
        match self {
            Self::Near { least, most } => {
                let metres = metres_between(entity, asked);
                least.is_none_or(|least| metres >= least) && most.is_none_or(|most| metres <= most)
            }
            // The same for a point, and many times quicker than the whole matrix.
            Self::Within
                if let (geo::Geometry::Point(point), geo::Geometry::Polygon(asked)) =
                    (entity, asked) =>
            {
                asked.contains(point)
            }
            Self::Intersects if let geo::Geometry::Point(point) = entity => asked.intersects(point),
            Self::Within => entity.relate(asked).is_within(),
            Self::Contains => entity.relate(asked).is_contains(),
            Self::Overlaps => entity.relate(asked).is_overlaps(),
            Self::Intersects => entity.relate(asked).is_intersects(),
            Self::Equals => entity.relate(asked).is_equal_topo(),
            Self::Disjoint => entity.relate(asked).is_disjoint(),
        }
    }
}

/// Metres on the mean sphere between the nearest points; to a shape that is no point, from the other's middle.
pub fn metres_between(a: &geo::Geometry, b: &geo::Geometry) -> f64 {
    let (from, to) = match (a, b) {
        (geo::Geometry::Point(a), geo::Geometry::Point(b)) => return Haversine.distance(*a, *b),
        (geo::Geometry::Point(point), other) | (other, geo::Geometry::Point(point)) => {
            (*point, other)
        }
        (a, b) => (middle(a), b),
    };
    match to.haversine_closest_point(&from) {
        Closest::Intersection(_) => 0.0,
        Closest::SinglePoint(nearest) => Haversine.distance(from, nearest),
        Closest::Indeterminate => Haversine.distance(from, middle(to)),
    }
}

fn middle(shape: &geo::Geometry) -> Point {
    use geo::BoundingRect;
    shape
        .bounding_rect()
        .map_or(Point::new(f64::NAN, f64::NAN), |rect| rect.center().into())
}

impl Term {
    /// Whether any instance of the attribute passes.
    pub fn holds(&self, entity: &Entity) -> bool {
        let Some((first, rest)) = self.path.split_first() else {
            return false;
        };
        if rest.is_empty() && self.inside.is_empty() {
            let time = match &**first {
                CREATED_AT => Some(entity.created_at),
                MODIFIED_AT => Some(entity.modified_at),
                _ => None,
            };
            if let Some(time) = time {
                return self.passes_time(time);
            }
        }
        entity.instances(first).any(|one| self.holds_for(one, rest))
    }

    fn holds_for(&self, attribute: &Attribute, path: &[Iri]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return self.passes(attribute);
        };
        let time = match &**first {
            OBSERVED_AT => Some(attribute.observed_at),
            CREATED_AT => Some(Some(attribute.created_at)),
            MODIFIED_AT => Some(Some(attribute.modified_at)),
            _ => None,
        };
        let text = match &**first {
            UNIT_CODE => Some(&attribute.unit_code),
            DATASET_ID => Some(&attribute.dataset),
            _ => None,
        };
        if let Some(time) = time {
            return time.is_some_and(|time| self.passes_time(time));
        }
        if let Some(text) = text {
            return text.as_ref().is_some_and(|text| self.passes_text(text));
        }
        attribute
            .parts
            .iter()
            .filter(|part| part.name == *first)
            .any(|part| self.holds_for(part, rest))
    }

    fn passes_time(&self, time: Timestamp) -> bool {
        let Some((comparison, operand)) = &self.test else {
            return true;
        };
        let order = |scalar: &Scalar| match scalar {
            Scalar::Time(asked) => Some(time.cmp(asked)),
            Scalar::Text { text, .. } => {
                Some(time.cmp(&text.parse::<jiff::Timestamp>().ok()?.into()))
            }
            _ => None,
        };
        compare(*comparison, operand, &order, None)
    }

    fn passes_text(&self, text: &str) -> bool {
        let Some((comparison, operand)) = &self.test else {
            return true;
        };
        compare(
            *comparison,
            operand,
            &|scalar| text_order(text, scalar),
            Some(text),
        )
    }

    fn passes(&self, attribute: &Attribute) -> bool {
        let Some((comparison, operand)) = &self.test else {
            return self.inside.is_empty() || self.tree(attribute).is_some();
        };
        match &attribute.value {
            Value::Relationship { objects, .. } | Value::ListRelationship { objects, .. } => {
                objects.iter().any(|object| self.passes_text(object))
            }
            Value::VocabProperty(json) => match serde_json::from_str::<Tree>(json.get()) {
                Ok(tree) => any_leaf(&tree, &|leaf| {
                    let order = |scalar: &Scalar| match scalar {
                        Scalar::Text { iri, .. } => Some(leaf.as_str()?.cmp(iri)),
                        _ => None,
                    };
                    compare(*comparison, operand, &order, leaf.as_str())
                }),
                Err(_) => false,
            },
            value => {
                if self.inside.is_empty()
                    && let Some(number) = value.number()
                {
                    return compare(*comparison, operand, &|s| number_order(number, s), None);
                }
                self.tree(attribute).is_some_and(|tree| {
                    any_leaf(&tree, &|leaf| leaf_passes(leaf, *comparison, operand))
                })
            }
        }
    }

    /// The value, or what of it the brackets name.
    fn tree(&self, attribute: &Attribute) -> Option<Tree> {
        let json = match &attribute.value {
            Value::Property(json)
            | Value::LanguageProperty(json)
            | Value::VocabProperty(json)
            | Value::JsonProperty(json)
            | Value::ListProperty(json) => json,
            Value::GeoProperty(geometry) => geometry.text(),
            Value::Relationship { .. } | Value::ListRelationship { .. } => return None,
        };
        let mut tree: Tree = serde_json::from_str(json.get()).ok()?;
        for key in &self.inside {
            if key == "*" && matches!(attribute.value, Value::LanguageProperty(_)) {
                tree = Tree::Array(tree.as_object()?.values().cloned().collect());
                continue;
            }
            tree = tree.get_mut(key.as_str())?.take();
        }
        Some(tree)
    }
}

fn any_leaf(tree: &Tree, passes: &impl Fn(&Tree) -> bool) -> bool {
    match tree {
        Tree::Array(items) => items.iter().any(|item| any_leaf(item, passes)),
        leaf => passes(leaf),
    }
}

fn leaf_passes(leaf: &Tree, comparison: Comparison, operand: &Operand) -> bool {
    let leaf = leaf.get("@value").unwrap_or(leaf);
    let order = |scalar: &Scalar| match leaf {
        Tree::Number(number) => number_order(number.as_f64()?, scalar),
        Tree::String(text) => text_order(text, scalar),
        Tree::Bool(bool) => match scalar {
            Scalar::Bool(asked) => Some(bool.cmp(asked)),
            _ => None,
        },
        _ => None,
    };
    compare(comparison, operand, &order, leaf.as_str())
}

fn number_order(number: f64, scalar: &Scalar) -> Option<std::cmp::Ordering> {
    match scalar {
        Scalar::Number(asked) => number.partial_cmp(asked),
        _ => None,
    }
}

fn text_order(text: &str, scalar: &Scalar) -> Option<std::cmp::Ordering> {
    match scalar {
        Scalar::Text { text: asked, .. } => Some(text.cmp(asked)),
        Scalar::Time(asked) => {
            let time: Timestamp = text.parse::<jiff::Timestamp>().ok()?.into();
            Some(time.cmp(asked))
        }
        _ => None,
    }
}

/// `order` says how the value stands to a scalar, `None` when the two cannot be compared.
fn compare(
    comparison: Comparison,
    operand: &Operand,
    order: &impl Fn(&Scalar) -> Option<std::cmp::Ordering>,
    text: Option<&str>,
) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let equal = || match operand {
        Operand::OneOf(scalars) => scalars.iter().any(|scalar| order(scalar) == Some(Equal)),
        Operand::Between(from, to) => {
            matches!(order(from), Some(Greater | Equal)) && matches!(order(to), Some(Less | Equal))
        }
        Operand::Pattern(_) => false,
    };
    let single = || match operand {
        Operand::OneOf(scalars) => scalars.first().and_then(order),
        _ => None,
    };
    let matches = || match operand {
        Operand::Pattern(pattern) => text.map(|text| pattern.is_match(text)),
        _ => None,
    };
    match comparison {
        Comparison::Equal => equal(),
        Comparison::Unequal => !equal(),
        Comparison::Greater => single() == Some(Greater),
        Comparison::GreaterEqual => matches!(single(), Some(Greater | Equal)),
        Comparison::Less => single() == Some(Less),
        Comparison::LessEqual => matches!(single(), Some(Less | Equal)),
        Comparison::Matches => matches() == Some(true),
        Comparison::MatchesNot => matches() == Some(false),
    }
}
