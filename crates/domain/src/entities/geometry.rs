//! A GeoJSON geometry (RFC 7946, section 3.1) as the value of a GeoProperty.

use geo::{Coord, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Tree;
use serde_json::value::RawValue;

use super::Json;
use crate::geo::Position;

/// Positions in one geometry.
pub const MOST_POSITIONS: usize = 10_000;

/// A geometry as it was given, and as it is reckoned with. Axis order lon, lat (WGS 84); heights are kept in the text
/// and not reckoned with.
#[derive(Clone, Debug)]
pub struct Geometry {
    text: Json,
    shape: Box<geo::Geometry>,
}

impl PartialEq for Geometry {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.text.get() == other.text.get()
    }
}

/// Why a text is not a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAGeometry {
    #[error("not a GeoJSON geometry")]
    Shape,
    #[error("a position is outside the world")]
    Outside,
    #[error("more than {MOST_POSITIONS} positions")]
    TooLarge,
    #[error("a ring of a polygon needs four positions and ends where it begins")]
    Ring,
}

impl Geometry {
    /// From a GeoJSON geometry: Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon.
    ///
    /// # Errors
    /// When the text is none of these, or a position is not on earth.
    pub fn parse(text: Json) -> Result<Self, NotAGeometry> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            r#type: std::borrow::Cow<'a, str>,
            coordinates: Tree,
        }
        let wire: Wire<'_> = serde_json::from_str(text.get()).map_err(|_| NotAGeometry::Shape)?;
        let shape = shape(&wire.r#type, &wire.coordinates)?;
        Ok(Self {
            text,
            shape: Box::new(shape),
        })
    }

    /// A point.
    pub fn point(at: Position) -> Self {
        let text = format!(
            "{{\"type\":\"Point\",\"coordinates\":[{},{}]}}",
            at.lon(),
            at.lat()
        );
        // The text of two finite numbers in brackets is JSON.
        let text = RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            text,
            shape: Box::new(Point::new(at.lon(), at.lat()).into()),
        }
    }

    /// The GeoJSON, as given.
    pub fn text(&self) -> &Json {
        &self.text
    }

    /// What is reckoned with.
    pub fn shape(&self) -> &geo::Geometry {
        &self.shape
    }

    /// Where to draw a mark: the point itself, else the middle of its box.
    pub fn centre(&self) -> Option<Position> {
        use geo::BoundingRect;
        if let geo::Geometry::Point(point) = &*self.shape {
            return Position::new(point.x(), point.y());
        }
        let middle = self.shape.bounding_rect()?.center();
        Position::new(middle.x, middle.y)
    }
}

impl Serialize for Geometry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Geometry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn shape(kind: &str, coordinates: &Tree) -> Result<geo::Geometry, NotAGeometry> {
    let mut left = MOST_POSITIONS;
    let left = &mut left;
    Ok(match kind {
        "Point" => Point(position(coordinates, left)?).into(),
        "MultiPoint" => MultiPoint(
            positions(coordinates, left)?
                .into_iter()
                .map(Point)
                .collect(),
        )
        .into(),
        "LineString" => line(coordinates, left)?.into(),
        "MultiLineString" => MultiLineString(each(coordinates, |one| line(one, left))?).into(),
        "Polygon" => polygon(coordinates, left)?.into(),
        "MultiPolygon" => MultiPolygon(each(coordinates, |one| polygon(one, left))?).into(),
        _ => return Err(NotAGeometry::Shape),
    })
}

fn each<T>(
    tree: &Tree,
    one: impl FnMut(&Tree) -> Result<T, NotAGeometry>,
) -> Result<Vec<T>, NotAGeometry> {
    tree.as_array()
        .ok_or(NotAGeometry::Shape)?
        .iter()
        .map(one)
        .collect()
}

fn position(tree: &Tree, left: &mut usize) -> Result<Coord, NotAGeometry> {
    *left = left.checked_sub(1).ok_or(NotAGeometry::TooLarge)?;
    let numbers = tree.as_array().ok_or(NotAGeometry::Shape)?;
    let (Some(lon), Some(lat)) = (
        numbers.first().and_then(Tree::as_f64),
        numbers.get(1).and_then(Tree::as_f64),
    ) else {
        return Err(NotAGeometry::Shape);
    };
    if numbers.len() > 3 || !numbers.iter().all(Tree::is_number) {
        return Err(NotAGeometry::Shape);
    }
    Position::new(lon, lat).ok_or(NotAGeometry::Outside)?;
    Ok(Coord { x: lon, y: lat })
}

fn positions(tree: &Tree, left: &mut usize) -> Result<Vec<Coord>, NotAGeometry> {
    each(tree, |one| position(one, left))
}

fn line(tree: &Tree, left: &mut usize) -> Result<LineString, NotAGeometry> {
    let positions = positions(tree, left)?;
    if positions.len() < 2 {
        return Err(NotAGeometry::Shape);
    }
    Ok(LineString(positions))
}

fn polygon(tree: &Tree, left: &mut usize) -> Result<Polygon, NotAGeometry> {
    let mut rings = each(tree, |one| {
        let ring = positions(one, left)?;
        if ring.len() < 4 || ring.first() != ring.last() {
            return Err(NotAGeometry::Ring);
        }
        Ok(LineString(ring))
    })?
    .into_iter();
    let outer = rings.next().ok_or(NotAGeometry::Shape)?;
    Ok(Polygon::new(outer, rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Geometry, NotAGeometry> {
        Geometry::parse(RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn a_geometry_is_kept_as_given_and_reckoned_with() {
        let text = r#"{"type":"Point","coordinates":[106.85,-6.21,4.0]}"#;
        let geometry = parse(text).unwrap();
        assert_eq!(geometry.text().get(), text);
        let centre = geometry.centre().unwrap();
        assert_eq!((centre.lon(), centre.lat()), (106.85, -6.21));
    }

    #[test]
    fn what_is_not_a_geometry_is_told_apart() {
        let of = |text| parse(text).unwrap_err();
        assert_eq!(
            of(r#"{"type":"Circle","coordinates":[1,2]}"#),
            NotAGeometry::Shape
        );
        assert_eq!(
            of(r#"{"type":"Point","coordinates":[1]}"#),
            NotAGeometry::Shape
        );
        assert_eq!(
            of(r#"{"type":"Point","coordinates":[1,"2"]}"#),
            NotAGeometry::Shape
        );
        assert_eq!(
            of(r#"{"type":"Point","coordinates":[181,2]}"#),
            NotAGeometry::Outside
        );
        assert_eq!(
            of(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#),
            NotAGeometry::Ring
        );
        let many = vec!["[0,0]"; MOST_POSITIONS + 1].join(",");
        let text = format!(r#"{{"type":"MultiPoint","coordinates":[{many}]}}"#);
        assert_eq!(of(&text), NotAGeometry::TooLarge);
    }
}
