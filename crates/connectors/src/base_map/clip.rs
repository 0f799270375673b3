//! A box out of the indexed file, as GeoJSON for the browser.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flatgeobuf::{
    FallibleStreamingIterator, FeatureProperties, FgbFeature, FgbReader, GeometryType,
};
use geo::Coord;
use serde_json::{Value, json};

use super::read::Rings;
use super::split::{Box4, UNCUT, cut_to_box};
use super::{BaseMapError, CUT_SIDES};

/// Enough for a map of a whole country; more is a mistake in the caller.
pub const MAX_SPAN_DEGREES: f64 = 60.0;

/// Above this span the coast is thinned; a city (usually under half a degree) is never touched.
const THIN_ABOVE_DEGREES: f64 = 2.0;
/// A wide map is drawn at most about this many pixels wide; finer detail would not be seen.
const THIN_STEPS: f64 = 4_000.0;

/// The land inside `bbox` (west, south, east, north in degrees, WGS 84) as a GeoJSON
/// `FeatureCollection` in one string.
///
/// It has the members `attribution` (the credit, always to be shown) and `bbox`, and features of two
/// kinds: `kind: "land"`, polygons that touch where a big one was split, to be filled without an
/// outline; and at most one `kind: "coast"`, the lines between land and sea, without those splits and
/// without the edges of the box. A box at sea has no features; one inside land has no coast.
///
/// A map shows more than the box it was asked for as soon as its frame has another shape: ask with
/// [`grow`] around a city's own box.
pub fn clip(index: &Path, bbox: [f64; 4]) -> Result<String, BaseMapError> {
    let bbox = checked(bbox)?;
    let [west, south, east, north] = bbox;
    let file = File::open(index).map_err(|source| BaseMapError::File {
        path: index.to_owned(),
        source,
    })?;
    let reader = FgbReader::open(BufReader::new(file))?;
    let credit = credit_of(&reader);
    // Only files of `build` are read: one geometry type for all, written in the header.
    if reader.header().geometry_type() != GeometryType::Polygon {
        return Err(BaseMapError::NotPolygon);
    }

    let span = (east - west).max(north - south);
    let step = (span > THIN_ABOVE_DEGREES).then_some(span / THIN_STEPS);
    let mut features = Vec::new();
    let mut coast = Vec::new();
    let mut found = reader.select_bbox(west, south, east, north)?;
    while let Some(feature) = found.next()? {
        let Some(rings) = rings_of(feature)? else {
            continue;
        };
        let cell = cell_of(feature);
        for mut part in cut_to_box(rings, bbox) {
            if let Some(step) = step {
                part = thinned(part, |p| on_sides(p, bbox) | on_sides(p, cell) != 0, step);
            }
            if part.is_empty() {
                continue;
            }
            for ring in &part {
                coast_of(ring, bbox, cell, &mut coast);
            }
            features.push(json!({
                "type": "Feature",
                "properties": { "kind": "land" },
                "geometry": { "type": "Polygon", "coordinates": lines_json(&part) },
            }));
        }
    }
    if !coast.is_empty() {
        features.push(json!({
            "type": "Feature",
            "properties": { "kind": "coast" },
            "geometry": { "type": "MultiLineString", "coordinates": lines_json(&coast) },
        }));
    }
    Ok(json!({
        "type": "FeatureCollection",
        "attribution": credit,
        "bbox": bbox,
        "features": features,
    })
    .to_string())
}

/// The box with `share` of its longer side added on every side, kept inside the world. A share of 1.5
/// lets a screen three times as wide as high show the whole of a city. Adds at least
/// a twentieth of a degree, so that a single place has surroundings too.
pub fn grow(bbox: [f64; 4], share: f64) -> [f64; 4] {
    let [west, south, east, north] = bbox;
    let by = ((east - west).max(north - south) * share).max(0.05);
    [
        (west - by).max(-180.0),
        (south - by).max(-90.0),
        (east + by).min(180.0),
        (north + by).min(90.0),
    ]
}

fn checked(bbox: [f64; 4]) -> Result<[f64; 4], BaseMapError> {
    let [west, south, east, north] = bbox;
    let on_earth = (-180.0..=180.0).contains(&west)
        && (-180.0..=180.0).contains(&east)
        && (-90.0..=90.0).contains(&south)
        && (-90.0..=90.0).contains(&north);
    if (west > east && on_earth) || west < -180.0 || east > 180.0 {
        return Err(BaseMapError::Antimeridian);
    }
    if !on_earth || west >= east || south >= north {
        return Err(BaseMapError::BadBox);
    }
    if east - west > MAX_SPAN_DEGREES || north - south > MAX_SPAN_DEGREES {
        return Err(BaseMapError::BoxTooLarge);
    }
    Ok(bbox.map(super::on_grid))
}

fn credit_of<R>(reader: &FgbReader<R>) -> String
where
    R: std::io::Read,
{
    let header = reader.header();
    header
        .metadata()
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|metadata| metadata["attribution"].as_str().map(str::to_owned))
        .or_else(|| header.description().map(str::to_owned))
        .unwrap_or_default()
}

fn rings_of(feature: &FgbFeature) -> Result<Option<Rings>, BaseMapError> {
    let Some(geometry) = feature.geometry() else {
        return Ok(None);
    };
    let Some(xy) = geometry.xy() else {
        return Ok(None);
    };
    let positions: Vec<Coord<f64>> = (0..xy.len() / 2)
        .map(|i| Coord {
            x: xy.get(2 * i),
            y: xy.get(2 * i + 1),
        })
        .collect();
    // A polygon of one ring has no list of ends.
    let ends: Vec<usize> = match geometry.ends() {
        Some(ends) if !ends.is_empty() => ends.iter().map(|end| end as usize).collect(),
        _ => vec![positions.len()],
    };
    let mut rings = Vec::with_capacity(ends.len());
    let mut start = 0;
    for end in ends {
        let ring = positions.get(start..end).ok_or(BaseMapError::NotPolygon)?;
        rings.push(ring.to_vec());
        start = end;
    }
    Ok(Some(rings))
}

/// The sides on which a piece was cut when the file was built.
fn cell_of(feature: &FgbFeature) -> Box4 {
    let mut cell = UNCUT;
    for (side, name) in cell.iter_mut().zip(CUT_SIDES) {
        // A side that is no cut has no value.
        if let Ok(at) = feature.property::<f64>(name) {
            *side = at;
        }
    }
    cell
}

/// Drops islands and positions that a map of this width cannot show. By distance alone: a recursive
/// simplifier can go as deep as a coast is long, and no stack is that deep. Positions on a cut or on
/// the edge of the box stay, or the land would come off it.
fn thinned(rings: Rings, fixed: impl Fn(Coord<f64>) -> bool, step: f64) -> Rings {
    let mut thin = Vec::with_capacity(rings.len());
    for (i, ring) in rings.into_iter().enumerate() {
        let mut kept: Vec<Coord<f64>> = Vec::new();
        for position in ring {
            let far = kept.last().is_none_or(|last| {
                (position.x - last.x).abs() >= step || (position.y - last.y).abs() >= step
            });
            if far || fixed(position) {
                kept.push(position);
            }
        }
        if let Some(&first) = kept.first()
            && kept.last() != Some(&first)
        {
            kept.push(first);
        }
        if kept.len() >= 4 {
            thin.push(kept);
        } else if i == 0 {
            return Vec::new();
        }
    }
    thin
}

/// A bit for each side of a box that a position lies on.
fn on_sides(position: Coord<f64>, [west, south, east, north]: Box4) -> u8 {
    let near = |a: f64, b: f64| (a - b).abs() < 0.5e-7;
    u8::from(near(position.x, west))
        | u8::from(near(position.y, south)) << 1
        | u8::from(near(position.x, east)) << 2
        | u8::from(near(position.y, north)) << 3
}

/// Adds the lines of a ring that are coast: all edges but those along a side of the box or a cut.
fn coast_of(ring: &[Coord<f64>], bbox: Box4, cell: Box4, lines: &mut Vec<Vec<Coord<f64>>>) {
    let start = lines.len();
    let mut open = false;
    for edge in ring.windows(2) {
        let (a, b) = (edge[0], edge[1]);
        let along =
            (on_sides(a, bbox) & on_sides(b, bbox)) | (on_sides(a, cell) & on_sides(b, cell));
        if along != 0 {
            open = false;
        } else if open && let Some(line) = lines.last_mut() {
            line.push(b);
        } else {
            lines.push(vec![a, b]);
            open = true;
        }
    }
    // A ring may start in the middle of a line: join its end to its beginning.
    if lines.len() > start + 1
        && lines.last().and_then(|line| line.last()) == lines[start].first()
        && let Some(mut end) = lines.pop()
    {
        end.extend_from_slice(&lines[start][1..]);
        lines[start] = end;
    }
}

/// Five decimals are about a metre: finer than the data, a third fewer bytes.
fn short(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

fn lines_json(lines: &[Vec<Coord<f64>>]) -> Value {
    let line_json = |line: &Vec<Coord<f64>>| -> Value {
        line.iter()
            .map(|position| json!([short(position.x), short(position.y)]))
            .collect()
    };
    lines.iter().map(line_json).collect()
}
