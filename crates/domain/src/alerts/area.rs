//! Where a warning holds, and whether that is here. CAP 1.2 §3.2.4.

use geo::orient::{Direction, Orient};
use geo::{Contains, Coord, Intersects, LineString, MultiPolygon, Polygon};
use serde::{Deserialize, Serialize};

use crate::geo::{AreaId, Areas, BoundingBox, Position};

/// Corners of the outline that stands for a circle.
const CIRCLE_CORNERS: u32 = 64;

/// An `<area>`: the union of its rings, circles and codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    pub desc: String,
    /// Each closed, counter-clockwise.
    pub rings: Vec<Ring>,
    pub circles: Vec<Circle>,
    /// Name of the list and the code in it.
    pub geocodes: Vec<(String, String)>,
    /// Feet above mean sea level.
    pub altitude_ft: Option<f64>,
    /// Feet above mean sea level; only together with `altitude_ft`.
    pub ceiling_ft: Option<f64>,
}

/// A closed line of at least four positions; the last is the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ring(Vec<Position>);

/// A centre and a radius in kilometres; 0 is a point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circle {
    pub centre: Position,
    pub radius_km: f64,
}

impl Ring {
    /// `None` unless there are at least four positions and the last is the first.
    pub fn new(positions: Vec<Position>) -> Option<Self> {
        let closed = positions.len() >= 4 && positions.first() == positions.last();
        closed.then_some(Self(positions))
    }

    /// In the order given, the first again at the end.
    pub fn positions(&self) -> &[Position] {
        &self.0
    }

    fn polygon(&self) -> Polygon<f64> {
        let line = self.0.iter().map(|at| Coord {
            x: at.lon(),
            y: at.lat(),
        });
        Polygon::new(LineString(line.collect()), vec![]).orient(Direction::Default)
    }
}

impl Circle {
    /// `None` unless the radius is a number from 0 to half the way around the earth.
    pub fn new(centre: Position, radius_km: f64) -> Option<Self> {
        const HALF_AROUND_KM: f64 = 20_040.0;
        (0.0..=HALF_AROUND_KM)
            .contains(&radius_km)
            .then_some(Self { centre, radius_km })
    }

    /// An outline around it, cut at the edges of the world. A point is a square of a few metres.
    fn polygon(&self) -> Polygon<f64> {
        const POINT_KM: f64 = 0.005;
        // The corners lie outside, so that the sides do not cut the circle.
        let grown = (std::f64::consts::PI / f64::from(CIRCLE_CORNERS)).cos();
        let metres = self.radius_km.max(POINT_KM) * 1000.0 / grown;
        let reach = BoundingBox::around(self.centre, metres);
        let (dlon, dlat) = (
            (reach.east - self.centre.lon()).max(self.centre.lon() - reach.west),
            (reach.north - self.centre.lat()).max(self.centre.lat() - reach.south),
        );
        let corner = |index: u32| {
            let angle = f64::from(index) / f64::from(CIRCLE_CORNERS) * std::f64::consts::TAU;
            Coord {
                x: (self.centre.lon() + dlon * angle.cos()).clamp(-180.0, 180.0),
                y: (self.centre.lat() + dlat * angle.sin()).clamp(-90.0, 90.0),
            }
        };
        let line = (0..=CIRCLE_CORNERS).map(|index| corner(index % CIRCLE_CORNERS));
        Polygon::new(LineString(line.collect()), vec![])
    }
}

impl Area {
    /// A named place without an outline.
    pub fn named(desc: &str) -> Self {
        Self {
            desc: desc.to_owned(),
            rings: vec![],
            circles: vec![],
            geocodes: vec![],
            altitude_ft: None,
            ceiling_ft: None,
        }
    }

    /// Outlines in lon, lat: rings, and circles as polygons around them.
    pub fn outline(&self) -> MultiPolygon<f64> {
        let rings = self.rings.iter().map(Ring::polygon);
        let circles = self.circles.iter().map(Circle::polygon);
        MultiPolygon(rings.chain(circles).collect())
    }

    /// Whether both mean the same place; the words for it may be in different languages.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let drawn = !self.rings.is_empty() || !self.circles.is_empty() || !self.geocodes.is_empty();
        let same = self.rings == other.rings
            && self.circles == other.circles
            && self.geocodes == other.geocodes;
        same && (drawn || self.desc == other.desc)
    }
}

/// What a warning has to do with the city.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Whether it concerns the city. True as well when that cannot be said: better one warning too many.
    pub here: bool,
    /// Areas of the city that an outline touches or a code names; empty when that cannot be said.
    pub areas: Vec<AreaId>,
    /// Nothing in the message says where it holds in a way that can be checked.
    pub unverified: bool,
}

/// Compares the places of a message with the areas of the city: outlines first, then codes equal to an area's own code
/// (`code_names` are the lists that hold such codes), then nothing is left but to believe it.
pub fn match_city(places: &[&Area], city: &Areas, code_names: &[String]) -> Match {
    let outline = MultiPolygon(places.iter().flat_map(|place| place.outline().0).collect());
    if city.is_empty() {
        return Match {
            here: true,
            areas: vec![],
            unverified: outline.0.is_empty(),
        };
    }
    let codes: Vec<&str> = places
        .iter()
        .flat_map(|place| &place.geocodes)
        .filter(|(name, _)| code_names.iter().any(|known| known == name))
        .map(|(_, code)| code.as_str())
        .collect();
    if outline.0.is_empty() && codes.is_empty() {
        return Match {
            here: true,
            areas: vec![],
            unverified: true,
        };
    }
    let touched = |area: &&crate::geo::Area| {
        codes.contains(&area.code.as_str()) || touches(&outline, &area.outline, area.centre)
    };
    let areas: Vec<AreaId> = city.iter().filter(touched).map(|area| area.id).collect();
    Match {
        here: !areas.is_empty(),
        areas,
        unverified: false,
    }
}

fn touches(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>, centre: Position) -> bool {
    // Quick and usual; the exact question is asked of what is left.
    one.contains(&geo::Point::new(centre.lon(), centre.lat())) || one.intersects(other)
}

/// Every outline of a message as one GeoJSON-like list of rings of lon, lat; for maps.
pub fn outline_of(places: &[&Area]) -> MultiPolygon<f64> {
    MultiPolygon(places.iter().flat_map(|place| place.outline().0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{BoundingRect, polygon};

    fn at(lon: f64, lat: f64) -> Position {
        Position::new(lon, lat).unwrap()
    }

    fn square(west: f64, south: f64, side: f64) -> Ring {
        Ring::new(vec![
            at(west, south),
            at(west, south + side),
            at(west + side, south + side),
            at(west + side, south),
            at(west, south),
        ])
        .unwrap()
    }

    fn place(rings: Vec<Ring>, circles: Vec<Circle>) -> Area {
        Area {
            rings,
            circles,
            ..Area::named("somewhere")
        }
    }

    fn city() -> Areas {
        let area = |id: i64, west: f64| crate::geo::Area {
            id: AreaId(id),
            code: format!("21.72.0{id}"),
            name: format!("Area {id}"),
            kind: "kecamatan".into(),
            parent_name: None,
            approximate: false,
            centre: at(west + 0.5, 0.5),
            outline: MultiPolygon(vec![
                polygon![(x: west, y: 0.0), (x: west + 1.0, y: 0.0), (x: west + 1.0, y: 1.0), (x: west, y: 1.0)],
            ]),
        };
        Areas::new(vec![area(1, 104.0), area(2, 105.0)])
    }

    fn found(place: Area) -> (bool, Vec<i64>, bool) {
        let found = match_city(&[&place], &city(), &["KEMENDAGRI".to_owned()]);
        let areas = found.areas.iter().map(|id| id.0).collect();
        (found.here, areas, found.unverified)
    }

    #[test]
    fn an_outline_concerns_the_areas_that_it_touches() {
        let corner = place(vec![square(103.9, -0.1, 0.2)], vec![]);
        assert_eq!(found(corner), (true, vec![1], false));
        let across = place(vec![square(104.9, 0.4, 0.2)], vec![]);
        assert_eq!(found(across), (true, vec![1, 2], false));
        let world = place(
            vec![square(-90.0, -89.0, 178.0), square(90.0, -40.0, 80.0)],
            vec![],
        );
        assert_eq!(found(world).1, [1, 2]);
        let far = place(vec![square(110.0, 0.0, 1.0)], vec![]);
        assert_eq!(found(far), (false, vec![], false));
    }

    #[test]
    fn a_circle_reaches_as_far_as_its_radius() {
        let circle =
            |lon: f64, km: f64| place(vec![], vec![Circle::new(at(lon, 0.5), km).unwrap()]);
        // 0.1 degrees of longitude are 11.1 km at the equator.
        assert_eq!(found(circle(103.9, 11.2)), (true, vec![1], false));
        assert_eq!(found(circle(103.9, 10.9)), (false, vec![], false));
        assert_eq!(found(circle(104.5, 0.0)), (true, vec![1], false));
    }

    #[test]
    fn a_code_of_a_known_list_concerns_its_area() {
        let coded = |name: &str| Area {
            geocodes: vec![(name.into(), "21.72.02".into())],
            ..Area::named("somewhere")
        };
        assert_eq!(found(coded("KEMENDAGRI")), (true, vec![2], false));
        assert_eq!(found(coded("SAME")), (true, vec![], true));
    }

    #[test]
    fn a_place_that_cannot_be_checked_is_believed_and_flagged() {
        assert_eq!(found(Area::named("Kepulauan Riau")), (true, vec![], true));
    }

    #[test]
    fn an_outline_is_turned_counter_clockwise() {
        let area = place(vec![square(0.0, 0.0, 1.0)], vec![]);
        let outline = area.outline();
        let ring: Vec<Coord> = outline.0[0].exterior().0.clone();
        let twice_area: f64 = ring
            .windows(2)
            .map(|w| w[0].x * w[1].y - w[1].x * w[0].y)
            .sum();
        assert!(twice_area > 0.0, "{ring:?}");
        assert_eq!(outline.bounding_rect().unwrap().width(), 1.0);
    }
}
