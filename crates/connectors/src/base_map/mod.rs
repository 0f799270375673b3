//! The base map: coastlines from a file of land polygons, cut to the box of a city.
//!
//! A city's map needs sea, land and the coast between them, drawn softly under its own areas and
//! reports. [`build`] reads a world of land polygons once, at set-up, and writes a spatially indexed
//! FlatGeobuf file; [`clip`] answers a box out of it as GeoJSON and reads only what the box touches.
//!
//! Two things decide the shape of this module:
//! - The largest land polygon of the world has millions of vertices. Nobody can cut a city out of it
//!   per request, so [`build`] splits big polygons along straight lines into pieces first.
//! - Those cut lines must never show. Each piece remembers on which sides it was cut, and [`clip`]
//!   returns the coast as lines of its own: the edges of the pieces without cuts and without the
//!   edges of the box.
//!
//! The coast is for the eye. It never decides whether a place is in or out of anything.

mod build;
mod clip;
mod read;
mod split;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use build::{BuildReport, build};
pub use clip::{MAX_SPAN_DEGREES, clip, grow};

/// The credit that OpenStreetMap's licence (ODbL) asks for. It is written into the built file and
/// comes back with every [`clip`], so that no page can forget it.
pub const OPENSTREETMAP_CREDIT: &str = "© OpenStreetMap contributors";

/// Columns of the built file: where a piece was cut, one for each side that is a cut.
const CUT_SIDES: [&str; 4] = ["cut_west", "cut_south", "cut_east", "cut_north"];

/// What can go wrong with a base map.
#[derive(Debug, thiserror::Error)]
pub enum BaseMapError {
    #[error("cannot read or write {path}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the land polygons are not readable GeoJSON")]
    Json(#[from] serde_json::Error),
    #[error("the land polygons hold something else than polygons: {0}")]
    NotLand(&'static str),
    #[error("the land polygons are empty")]
    Empty,
    #[error("the base map file is damaged or not a FlatGeobuf file")]
    Index(#[from] flatgeobuf::Error),
    #[error("the base map file could not be written")]
    Write(#[from] geozero::error::GeozeroError),
    #[error("the base map file holds a geometry that is not a polygon")]
    NotPolygon,
    #[error(
        "the box must be west, south, east, north in degrees, with west < east and south < north"
    )]
    BadBox,
    #[error("the box crosses the 180th meridian; ask for the two sides apart")]
    Antimeridian,
    #[error("the box is wider or higher than {MAX_SPAN_DEGREES} degrees")]
    BoxTooLarge,
}

/// Coordinates are kept on a grid of 1e-7 degrees (about a centimetre). Neighbouring pieces then hold
/// the very same numbers along a cut, so that no seam opens between them.
fn on_grid(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
