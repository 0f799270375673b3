//! Areas of a city from GeoJSON (RFC 7946): a `FeatureCollection` of `Polygon` and `MultiPolygon`.
//!
//! Of each feature: the code from the property `code`, `kode` or `id`, or the feature's own `id`; the name from `name`,
//! `nama`, `NAME` or `Name`; `kind` or `jenis`; `parent`, `parent_name` or `induk`. An area with a known code replaces
//! the old one and keeps its reports.
//!
//! A feature that cannot be an area is counted under a [`Reason`] and the others are taken. A file that goes beyond the
//! limits, or is no collection at all, changes nothing. Outlines are taken as they are: holes stay holes, and whether two
//! areas overlap is for the authority that drew them.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Coord, InteriorPoint, LineString, MultiPolygon, Polygon};
use geojson::{Feature, GeometryValue, feature::Id};
use pendopo_domain::geo::{Area, AreaId, Position};
use pendopo_domain::policy::Actor;
use pendopo_operations::{City, configuration};
use serde::Deserialize;
use serde_json::value::RawValue;

/// More than any city has; a file with more is a country.
pub const MAX_FEATURES: usize = 5_000;
/// Points of all outlines together; they are kept in memory to find the area of a report.
pub const MAX_POINTS: usize = 2_000_000;
/// A closed ring has at least a triangle and its first point again (RFC 7946 §3.1.6).
const RING_POINTS: usize = 4;
const TEXT_CHARS: usize = 200;

/// Why a feature did not become an area. The word of each is stable: it is the key of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not a GeoJSON feature.
    NotAFeature,
    /// Another geometry, or none.
    NotAPolygon,
    MissingCode,
    MissingName,
    /// An earlier feature of the file has this code.
    DuplicateCode,
    /// A code, name, kind or parent of more than 200 characters.
    TextTooLong,
    /// A ring with fewer than four points, or that does not end where it begins.
    OpenRing,
    /// A coordinate outside the world, or without lon and lat.
    OutsideWorld,
    /// The outline encloses nothing.
    Empty,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NotAFeature,
        Self::NotAPolygon,
        Self::MissingCode,
        Self::MissingName,
        Self::DuplicateCode,
        Self::TextTooLong,
        Self::OpenRing,
        Self::OutsideWorld,
        Self::Empty,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAFeature => "not_a_feature",
            Self::NotAPolygon => "not_a_polygon",
            Self::MissingCode => "missing_code",
            Self::MissingName => "missing_name",
            Self::DuplicateCode => "duplicate_code",
            Self::TextTooLong => "text_too_long",
            Self::OpenRing => "open_ring",
            Self::OutsideWorld => "outside_world",
            Self::Empty => "empty",
        }
    }
}

/// What became of every feature: `read` is `stored` plus everything that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AreasAccount {
    pub read: u64,
    pub stored: u64,
    pub refused: BTreeMap<Reason, u64>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum AreasError {
    #[error("the file is not a GeoJSON FeatureCollection")]
    NotACollection(#[from] serde_json::Error),
    #[error("the file has {0} features; at most {MAX_FEATURES} can be taken")]
    TooManyFeatures(usize),
    #[error("the outlines have more than {MAX_POINTS} points")]
    TooManyPoints,
    #[error("the city did not take the areas")]
    City(#[from] pendopo_operations::Error),
}

#[derive(Deserialize)]
struct Collection<'t> {
    #[serde(rename = "type")]
    kind: CollectionType,
    /// Read one by one, so that a broken one costs only itself and no tree of the whole file is built.
    #[serde(borrow)]
    features: Vec<&'t RawValue>,
}

#[derive(Deserialize)]
enum CollectionType {
    FeatureCollection,
}

/// Adds or replaces the areas of `city` that the GeoJSON `text` holds.
///
/// # Errors
/// [`AreasError`]; the city is as it was then.
pub async fn import_geojson(
    city: &City,
    actor: &Actor,
    text: &str,
) -> Result<AreasAccount, AreasError> {
    let (areas, mut account) = read(text)?;
    if !areas.is_empty() {
        account.stored = configuration::put_areas(city, actor, areas).await? as u64;
    }
    Ok(account)
}

pub(crate) fn read(text: &str) -> Result<(Vec<Area>, AreasAccount), AreasError> {
    let collection: Collection<'_> = serde_json::from_str(text)?;
    let CollectionType::FeatureCollection = collection.kind;
    if collection.features.len() > MAX_FEATURES {
        return Err(AreasError::TooManyFeatures(collection.features.len()));
    }
    let mut account = AreasAccount::default();
    let (mut areas, mut codes, mut points) = (Vec::new(), BTreeSet::new(), 0);
    for feature in collection.features {
        account.read += 1;
        match area(feature.get()) {
            Ok(area) if !codes.insert(area.code.clone()) => {
                *account.refused.entry(Reason::DuplicateCode).or_default() += 1;
            }
            Ok(area) => {
                points += geo::CoordsIter::coords_count(&area.outline);
                if points > MAX_POINTS {
                    return Err(AreasError::TooManyPoints);
                }
                areas.push(area);
            }
            Err(reason) => *account.refused.entry(reason).or_default() += 1,
        }
    }
    Ok((areas, account))
}

fn area(text: &str) -> Result<Area, Reason> {
    let feature: Feature = serde_json::from_str(text).map_err(|_| Reason::NotAFeature)?;
    let code = match first_of(&feature, &["code", "kode", "id"])? {
        Some(code) => code,
        None => own_id(&feature).ok_or(Reason::MissingCode)?,
    };
    let name = first_of(&feature, &["name", "nama", "NAME", "Name"])?.ok_or(Reason::MissingName)?;
    let kind = first_of(&feature, &["kind", "jenis"])?.unwrap_or_default();
    let parent_name = first_of(&feature, &["parent_name", "parent", "induk"])?;
    let outline = outline(feature.geometry.ok_or(Reason::NotAPolygon)?.value)?;
    let inside = outline.interior_point().ok_or(Reason::Empty)?;
    Ok(Area {
        id: AreaId(0),
        code,
        name,
        kind,
        parent_name,
        approximate: false,
        centre: Position::new(inside.x(), inside.y()).ok_or(Reason::OutsideWorld)?,
        outline,
    })
}

/// The first of these properties that is a text or a number.
fn first_of(feature: &Feature, names: &[&str]) -> Result<Option<String>, Reason> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.trim().to_owned()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let found = names
        .iter()
        .filter_map(|name| feature.property(name).and_then(text))
        .find(|text| !text.is_empty());
    match found {
        Some(text) if text.chars().count() > TEXT_CHARS => Err(Reason::TextTooLong),
        other => Ok(other),
    }
}

fn own_id(feature: &Feature) -> Option<String> {
    match feature.id.as_ref()? {
        Id::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Id::Number(number) => Some(number.to_string()),
    }
}

fn outline(value: GeometryValue) -> Result<MultiPolygon<f64>, Reason> {
    let polygons = match value {
        GeometryValue::Polygon { coordinates } => vec![coordinates],
        GeometryValue::MultiPolygon { coordinates } => coordinates,
        _ => return Err(Reason::NotAPolygon),
    };
    polygons.into_iter().map(polygon).collect()
}

fn polygon(rings: Vec<Vec<geojson::Position>>) -> Result<Polygon<f64>, Reason> {
    let mut rings = rings.into_iter().map(ring);
    let exterior = rings.next().ok_or(Reason::Empty)??;
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}

fn ring(positions: Vec<geojson::Position>) -> Result<LineString<f64>, Reason> {
    if positions.len() < RING_POINTS || positions.first() != positions.last() {
        return Err(Reason::OpenRing);
    }
    positions
        .iter()
        .map(|position| match position.as_slice() {
            [lon, lat, ..] if Position::new(*lon, *lat).is_some() => Ok(Coord { x: *lon, y: *lat }),
            _ => Err(Reason::OutsideWorld),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn square(west: f64) -> Value {
        json!([[
            [west, 0.0],
            [west + 1.0, 0.0],
            [west + 1.0, 1.0],
            [west, 1.0],
            [west, 0.0]
        ]])
    }

    fn feature(properties: Value, kind: &str, coordinates: Value) -> Value {
        let geometry = json!({"type": kind, "coordinates": coordinates});
        json!({"type": "Feature", "properties": properties, "geometry": geometry})
    }

    fn check(features: &[Value]) -> (Vec<Area>, AreasAccount) {
        let text = json!({"type": "FeatureCollection", "features": features}).to_string();
        let (areas, mut account) = read(&text).unwrap();
        account.stored = areas.len() as u64;
        let refused: u64 = account.refused.values().sum();
        assert_eq!(account.read, account.stored + refused);
        (areas, account)
    }

    /// One feature for each reason.
    fn bad() -> Vec<(Value, Reason)> {
        let long = "x".repeat(TEXT_CHARS + 1);
        vec![
            (
                json!({"type": "Feature", "geometry": 7}),
                Reason::NotAFeature,
            ),
            (
                feature(named(json!("a")), "Point", json!([1, 2])),
                Reason::NotAPolygon,
            ),
            (
                feature(json!({"name": "x"}), "Polygon", square(0.0)),
                Reason::MissingCode,
            ),
            (
                feature(json!({"kode": "b"}), "Polygon", square(0.0)),
                Reason::MissingName,
            ),
            (
                feature(named(json!("ok")), "Polygon", square(0.0)),
                Reason::DuplicateCode,
            ),
            (
                feature(named(json!(long)), "Polygon", square(0.0)),
                Reason::TextTooLong,
            ),
            (
                feature(
                    named(json!("c")),
                    "Polygon",
                    json!([[[0, 0], [1, 0], [1, 1], [0, 1]]]),
                ),
                Reason::OpenRing,
            ),
            (
                feature(named(json!("d")), "Polygon", square(180.0)),
                Reason::OutsideWorld,
            ),
            (
                feature(named(json!("e")), "Polygon", json!([])),
                Reason::Empty,
            ),
        ]
    }

    fn named(code: Value) -> Value {
        json!({"code": code, "name": "Tepi Laut"})
    }

    #[test]
    fn every_refused_feature_has_a_reason_and_the_others_are_taken() {
        let bad = bad();
        let covered: BTreeSet<Reason> = bad.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(covered.len(), Reason::ALL.len());
        let mut features = vec![feature(named(json!("ok")), "Polygon", square(0.0))];
        features.extend(bad.iter().map(|(feature, _)| feature.clone()));
        features.push(feature(
            named(json!(7)),
            "MultiPolygon",
            json!([square(2.0)]),
        ));
        let (areas, account) = check(&features);
        assert_eq!(
            areas.iter().map(|area| &area.code).collect::<Vec<_>>(),
            ["ok", "7"]
        );
        for (_, reason) in bad {
            assert_eq!(account.refused.get(&reason), Some(&1), "{reason:?}");
        }
    }

    #[test]
    fn a_hole_stays_a_hole_and_the_centre_is_never_in_it() {
        let coordinates = json!([
            [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
            [[1, 1], [1, 9], [9, 9], [9, 1], [1, 1]],
        ]);
        let mut ring = feature(json!({"nama": "Cincin"}), "Polygon", coordinates);
        ring["id"] = json!("21.72");
        let (areas, _) = check(&[ring]);
        assert_eq!(areas[0].code, "21.72");
        assert_eq!(areas[0].outline.0[0].interiors().len(), 1);
        let all = pendopo_domain::geo::Areas::new(areas);
        let centre = all.iter().next().unwrap().centre;
        assert!(all.containing(centre).is_some(), "{centre:?}");
        assert!(all.containing(Position::new(5.0, 5.0).unwrap()).is_none());
    }

    #[test]
    fn a_file_that_is_no_collection_or_too_large_is_refused_as_a_whole() {
        for text in ["", "{}", "[]", r#"{"type":"Feature","features":[]}"#] {
            assert!(
                matches!(read(text), Err(AreasError::NotACollection(_))),
                "{text}"
            );
        }
        let many = vec!["{}"; MAX_FEATURES + 1].join(",");
        let text = format!(r#"{{"type":"FeatureCollection","features":[{many}]}}"#);
        assert!(matches!(read(&text), Err(AreasError::TooManyFeatures(_))));
    }
}
