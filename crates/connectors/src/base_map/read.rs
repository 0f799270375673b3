//! Reads land polygons out of GeoJSON as a stream: one polygon in memory at a time.
//!
//! A world of coastlines is more than 100 MB of text and about ten times as much as a tree of JSON
//! values. This reader hands out each polygon as soon as its last bracket is read. It accepts a bare
//! geometry, a `GeometryCollection`, a `Feature` and a `FeatureCollection`.

use std::fmt;
use std::io::{BufReader, Read};

use geo::Coord;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{BaseMapError, on_grid};

/// A closed ring: first and last position are the same.
pub(super) type Ring = Vec<Coord<f64>>;
/// The outer ring first, then its holes.
pub(super) type Rings = Vec<Ring>;

/// Calls `take` for each polygon of `input`.
pub(super) fn polygons(
    input: impl Read,
    mut take: impl FnMut(Rings) -> Result<(), BaseMapError>,
) -> Result<(), BaseMapError> {
    let mut sink = Sink {
        take: &mut take,
        failure: None,
    };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 20, input));
    let read = Node(&mut sink)
        .deserialize(&mut json)
        .and_then(|()| json.end());
    // Our own failure travels through the parser as a plain text; the original is the better one.
    match sink.failure {
        Some(failure) => Err(failure),
        None => Ok(read?),
    }
}

struct Sink<'a> {
    take: &'a mut dyn FnMut(Rings) -> Result<(), BaseMapError>,
    failure: Option<BaseMapError>,
}

impl Sink<'_> {
    fn refuse<E: de::Error>(&mut self, failure: BaseMapError) -> E {
        let text = failure.to_string();
        self.failure = Some(failure);
        E::custom(text)
    }
}

/// Any GeoJSON object: geometry, feature or collection.
struct Node<'s, 'a>(&'s mut Sink<'a>);

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON object")
    }

    /// A feature without a geometry.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "geometries" | "features" => map.next_value_seed(Nodes(self.0))?,
                "geometry" => map.next_value_seed(Node(self.0))?,
                "coordinates" => match map.next_value_seed(Nested(self.0))? {
                    Part::Polygon(rings) => hand_over(self.0, rings)?,
                    Part::Polygons | Part::Nothing => {}
                    Part::Number(_) | Part::Position(_) | Part::Ring(_) => {
                        return Err(self.0.refuse(BaseMapError::NotLand("a point or a line")));
                    }
                },
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A list of GeoJSON objects.
struct Nodes<'s, 'a>(&'s mut Sink<'a>);

impl<'de> DeserializeSeed<'de> for Nodes<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Nodes<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of GeoJSON objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Node(self.0))?.is_some() {}
        Ok(())
    }
}

/// What a level of `coordinates` turned out to be. The depth is not known before the first number,
/// because the member `type` may come after `coordinates`.
enum Part {
    Number(f64),
    Position(Coord<f64>),
    Ring(Ring),
    Polygon(Rings),
    /// Already handed to the sink.
    Polygons,
    Nothing,
}

struct Nested<'s, 'a>(&'s mut Sink<'a>);

impl<'de> DeserializeSeed<'de> for Nested<'_, '_> {
    type Value = Part;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_, '_> {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Part, E> {
        Ok(Part::Number(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Part, E> {
        Ok(Part::Number(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Part, E> {
        Ok(Part::Number(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Part, A::Error> {
        let sink = self.0;
        let Some(first) = seq.next_element_seed(Nested(sink))? else {
            return Ok(Part::Nothing);
        };
        match first {
            Part::Number(lon) => {
                let Some(Part::Number(lat)) = seq.next_element_seed(Nested(sink))? else {
                    return Err(sink.refuse(BaseMapError::NotLand("a position without latitude")));
                };
                // Heights and measures are of no use here.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
                    return Err(sink.refuse(BaseMapError::NotLand(
                        "a position outside -180..180, -90..90",
                    )));
                }
                Ok(Part::Position(Coord {
                    x: on_grid(lon),
                    y: on_grid(lat),
                }))
            }
            Part::Position(position) => {
                let mut ring = vec![position];
                while let Some(part) = seq.next_element_seed(Nested(sink))? {
                    let Part::Position(position) = part else {
                        return Err(sink.refuse(BaseMapError::NotLand("a broken ring")));
                    };
                    ring.push(position);
                }
                Ok(Part::Ring(ring))
            }
            Part::Ring(ring) => {
                let mut rings = vec![ring];
                while let Some(part) = seq.next_element_seed(Nested(sink))? {
                    let Part::Ring(ring) = part else {
                        return Err(sink.refuse(BaseMapError::NotLand("a broken polygon")));
                    };
                    rings.push(ring);
                }
                Ok(Part::Polygon(rings))
            }
            Part::Polygon(rings) => {
                hand_over(sink, rings)?;
                while let Some(part) = seq.next_element_seed(Nested(sink))? {
                    match part {
                        Part::Polygon(rings) => hand_over(sink, rings)?,
                        _ => return Err(sink.refuse(BaseMapError::NotLand("a broken polygon"))),
                    }
                }
                Ok(Part::Polygons)
            }
            Part::Polygons | Part::Nothing => {
                Err(sink.refuse(BaseMapError::NotLand("empty or too deep coordinates")))
            }
        }
    }
}

fn hand_over<E: de::Error>(sink: &mut Sink<'_>, rings: Rings) -> Result<(), E> {
    (sink.take)(rings).map_err(|failure| sink.refuse(failure))
}
