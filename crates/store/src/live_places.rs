//! Where entities are, so that a question about a place need not look at all of them.
//!
//! Only `location` is kept; another GeoProperty is asked rarely enough. What is found here may be meant: the question
//! itself decides.

use geo::{BoundingRect, Rect};
use pendopo_domain::entities::query::{Geo, LOCATION, Relation};
use pendopo_domain::entities::{Entity, Value};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Metres of a degree on a great circle are 111,195 on the mean sphere; fewer here, so that no box is too small.
const METRES: f64 = 110_000.0;
/// Degrees of latitude beyond which a box of degrees is no help.
const FAR_NORTH: f64 = 85.0;
/// The shortest way between two corners leaves their box by less than this share of its size,
const BULGE: f64 = 0.25;
/// unless they are further apart than this, in degrees: then it may be anywhere.
const WIDE: f64 = 90.0;

type Place = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Boxes in degrees, lon and lat, with the slot of their entity.
#[derive(Default)]
pub(super) struct Places(RTree<Place>);

impl Places {
    /// The entity in `slot` was `old` and is now `new`.
    pub(super) fn replace(&mut self, slot: usize, old: Option<&Entity>, new: Option<&Entity>) {
        if places(old).eq(places(new)) {
            return;
        }
        for (from, to) in boxes(old) {
            self.0.remove(&place(from, to, slot));
        }
        for (from, to) in boxes(new) {
            self.0.insert(place(from, to, slot));
        }
    }

    /// Slots of everything that `asked` may mean, in no order; one may be named more than once. `None` when that may be
    /// everything.
    pub(super) fn candidates(&self, asked: &Geo) -> Option<Vec<usize>> {
        if &*asked.property != LOCATION {
            return None;
        }
        let rect = asked.shape.bounding_rect()?;
        if rect.width() > WIDE {
            return None;
        }
        let (from, to) = match asked.relation {
            Relation::Disjoint | Relation::Near { most: None, .. } => return None,
            Relation::Near {
                most: Some(metres), ..
            } => around(rect, metres)?,
            _ => (rect.min().into(), rect.max().into()),
        };
        let found = self
            .0
            .locate_in_envelope_intersecting(AABB::from_corners(from, to));
        Some(found.map(|place| place.data).collect())
    }
}

fn place(from: [f64; 2], to: [f64; 2], slot: usize) -> Place {
    GeomWithData::new(Rectangle::from_corners(from, to), slot)
}

fn places(entity: Option<&Entity>) -> impl Iterator<Item = &geo::Geometry> {
    let instances = entity.into_iter().flat_map(|one| one.instances(LOCATION));
    instances.filter_map(|one| match &one.value {
        Value::GeoProperty(geometry) => Some(geometry.shape()),
        _ => None,
    })
}

/// The boxes around the places of an entity, larger than those by what lines on a sphere may leave them.
fn boxes(entity: Option<&Entity>) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
    places(entity).filter_map(|shape| {
        let rect = shape.bounding_rect()?;
        if rect.width() > WIDE {
            return Some(([-180.0, -90.0], [180.0, 90.0]));
        }
        let more = BULGE * rect.width().max(rect.height());
        Some(grown(rect, more, more))
    })
}

fn grown(rect: Rect, lon: f64, lat: f64) -> ([f64; 2], [f64; 2]) {
    (
        [rect.min().x - lon, rect.min().y - lat],
        [rect.max().x + lon, rect.max().y + lat],
    )
}

/// The box of everything within `metres` of `rect`; `None` where degrees do not tell: near the poles and across the
/// date line.
fn around(rect: Rect, metres: f64) -> Option<([f64; 2], [f64; 2])> {
    let bulge = BULGE * rect.width().max(rect.height());
    let lat = metres / METRES + bulge;
    let highest = rect.max().y.abs().max(rect.min().y.abs()) + lat;
    if highest > FAR_NORTH {
        return None;
    }
    let lon = metres / METRES / highest.to_radians().cos() + bulge;
    let (from, to) = grown(rect, lon, lat);
    (from[0] >= -180.0 && to[0] <= 180.0).then_some((from, to))
}
