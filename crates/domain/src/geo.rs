//! Where things are: positions, boxes and the areas of a city.
//!
//! Axis order is lon, lat (WGS 84) everywhere inside. Areas decide whether a place is inside the
//! city; the drawn coast never does. A city without areas refuses nothing.

use geo::{BoundingRect, Geometry, Intersects, MultiPolygon, Point};
use serde::{Deserialize, Serialize};

use crate::id_type;

id_type!(
    /// An area (wilayah) of a city: a kelurahan, a district.
    AreaId
);

/// A place on earth in degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    lon: f64,
    lat: f64,
}

impl Position {
    /// `None` unless both are finite, |lon| ≤ 180 and |lat| ≤ 90.
    pub fn new(lon: f64, lat: f64) -> Option<Self> {
        let valid = lon.is_finite() && lat.is_finite() && lon.abs() <= 180.0 && lat.abs() <= 90.0;
        valid.then_some(Self { lon, lat })
    }

    /// Degrees east.
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Degrees north.
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Distance in metres on the mean sphere (haversine).
    pub fn metres_to(self, other: Position) -> f64 {
        const MEAN_RADIUS_M: f64 = 6_371_008.8;
        let (phi1, phi2) = (self.lat.to_radians(), other.lat.to_radians());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let a = half(other.lat - self.lat) + phi1.cos() * phi2.cos() * half(other.lon - self.lon);
        2.0 * MEAN_RADIUS_M * a.sqrt().min(1.0).asin()
    }
}

/// West, south, east, north in degrees; never crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Position {
    /// The mean of places that lie near each other; `None` of none.
    pub fn middle(places: &[Self]) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "nobody has so many")]
        let n = places.len() as f64;
        let lon: f64 = places.iter().map(|one| one.lon()).sum();
        let lat: f64 = places.iter().map(|one| one.lat()).sum();
        Self::new(lon / n, lat / n)
    }
}

impl BoundingBox {
    /// `None` unless the four numbers make a box with west ≤ east and south ≤ north in the world.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Option<Self> {
        let corners = Position::new(west, south).is_some() && Position::new(east, north).is_some();
        (corners && west <= east && south <= north).then_some(Self {
            west,
            south,
            east,
            north,
        })
    }

    /// From text `west,south,east,north`.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse().ok())
            .collect::<Option<_>>()?;
        let [west, south, east, north] = numbers[..] else {
            return None;
        };
        Self::new(west, south, east, north)
    }

    /// The box that holds a circle of `metres` around `centre`, cut at the edges of the world.
    pub fn around(centre: Position, metres: f64) -> Self {
        const METRES_PER_DEGREE: f64 = 111_194.9;
        let dlat = metres / METRES_PER_DEGREE;
        let dlon = (dlat / centre.lat.to_radians().cos().max(0.01)).min(180.0);
        Self {
            west: (centre.lon - dlon).max(-180.0),
            south: (centre.lat - dlat).max(-90.0),
            east: (centre.lon + dlon).min(180.0),
            north: (centre.lat + dlat).min(90.0),
        }
    }

    /// True on the edges too.
    pub fn contains(&self, at: Position) -> bool {
        (self.west..=self.east).contains(&at.lon) && (self.south..=self.north).contains(&at.lat)
    }
}

/// A named part of a city with its outline.
#[derive(Clone, Debug)]
pub struct Area {
    pub id: AreaId,
    /// Code of the authority, unique in the city.
    pub code: String,
    pub name: String,
    /// What kind of area the authority calls it: kelurahan, desa, ward.
    pub kind: String,
    /// Name of the larger area it belongs to, if the source says so.
    pub parent_name: Option<String>,
    /// True when the outline was drawn around a centre point, not surveyed.
    pub approximate: bool,
    /// A point inside, for labels and for reports that name only the area.
    pub centre: Position,
    /// Outline: rings of lon, lat.
    pub outline: MultiPolygon<f64>,
}

/// The areas of a city with their boxes, for finding the one that holds a position.
#[derive(Clone, Debug, Default)]
pub struct Areas {
    all: Vec<(Area, Option<geo::Rect<f64>>)>,
}

impl Areas {
    /// Takes the areas in the order in which they are listed on pages.
    pub fn new(areas: Vec<Area>) -> Self {
        let with_box = |area: Area| {
            let rect = Geometry::from(area.outline.clone()).bounding_rect();
            (area, rect)
        };
        Self {
            all: areas.into_iter().map(with_box).collect(),
        }
    }

    /// True when the city has given no areas; then nothing is outside.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// In listing order.
    pub fn iter(&self) -> impl Iterator<Item = &Area> {
        self.all.iter().map(|(area, _)| area)
    }

    /// The area with this id.
    pub fn by_id(&self, id: AreaId) -> Option<&Area> {
        self.iter().find(|area| area.id == id)
    }

    /// The area with this code.
    pub fn by_code(&self, code: &str) -> Option<&Area> {
        self.iter().find(|area| area.code == code)
    }

    /// The first area whose outline holds `at`; of what lies on a border, the first that it borders.
    pub fn containing(&self, at: Position) -> Option<&Area> {
        let point = Point::new(at.lon, at.lat);
        self.all
            .iter()
            .filter(|(_, rect)| rect.is_some_and(|rect| rect.intersects(&point)))
            .map(|(area, _)| area)
            .find(|area| area.outline.intersects(&point))
    }

    /// Whether the city answers for `at`: some area holds it, or the city has no areas.
    pub fn admit(&self, at: Position) -> bool {
        self.is_empty() || self.containing(at).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    fn square(id: i64, west: f64) -> Area {
        let ring = polygon![(x: west, y: 0.0), (x: west + 1.0, y: 0.0), (x: west + 1.0, y: 1.0), (x: west, y: 1.0)];
        Area {
            id: AreaId(id),
            code: id.to_string(),
            name: format!("Area {id}"),
            kind: "kelurahan".into(),
            parent_name: None,
            approximate: true,
            centre: Position::new(west + 0.5, 0.5).unwrap(),
            outline: MultiPolygon(vec![ring]),
        }
    }

    #[test]
    fn what_lies_on_the_border_of_two_areas_lies_in_the_first() {
        let areas = Areas::new(vec![square(1, 0.0), square(2, 1.0)]);
        let at = |lon, lat| {
            areas
                .containing(Position::new(lon, lat).unwrap())
                .map(|area| area.id.0)
        };
        assert_eq!((at(1.0, 0.5), at(1.000_001, 0.5)), (Some(1), Some(2)));
        assert_eq!((at(2.0, 1.0), at(2.000_001, 1.0)), (Some(2), None));
    }

    #[test]
    fn a_position_outside_the_world_does_not_exist() {
        for (lon, lat) in [
            (181.0, 0.0),
            (0.0, 90.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert!(Position::new(lon, lat).is_none(), "{lon} {lat}");
        }
    }

    #[test]
    fn areas_decide_inside_and_outside() {
        let areas = Areas::new(vec![square(1, 10.0), square(2, 11.0)]);
        let find = |lon, lat| {
            areas
                .containing(Position::new(lon, lat).unwrap())
                .map(|a| a.id.0)
        };
        assert_eq!(find(10.5, 0.5), Some(1));
        assert_eq!(find(11.5, 0.5), Some(2));
        assert_eq!(find(12.5, 0.5), None);
        assert!(!areas.admit(Position::new(12.5, 0.5).unwrap()));
        assert!(Areas::default().admit(Position::new(12.5, 0.5).unwrap()));
    }

    #[test]
    fn a_degree_of_latitude_is_about_111_kilometres() {
        let metres = Position::new(0.0, 0.0)
            .unwrap()
            .metres_to(Position::new(0.0, 1.0).unwrap());
        assert!((metres - 111_195.0).abs() < 1.0, "{metres}");
    }

    #[test]
    fn a_box_around_a_point_holds_the_circle() {
        let centre = Position::new(104.45, 0.92).unwrap();
        let found = BoundingBox::around(centre, 500.0);
        assert!(found.contains(Position::new(104.454, 0.922).unwrap()));
        assert!(!found.contains(Position::new(104.46, 0.92).unwrap()));
    }
}
