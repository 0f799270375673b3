//! How domain values stand in columns: words, times, positions.

use pendopo_domain::geo::Position;
use pendopo_domain::time::Timestamp;

use crate::{Result, StoreError};

/// Units of a stored coordinate: 1e-7 degrees, about a centimetre. Whole numbers compare, group and divide alike
/// on both databases.
pub(crate) const PER_DEGREE: f64 = 1e7;

pub(crate) fn to_e7(degrees: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees are at most 180, so the product fits"
    )]
    let units = (degrees * PER_DEGREE).round() as i64;
    units
}

pub(crate) fn from_e7(units: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 1.8e9, far below 2^53")]
    let units = units as f64;
    units / PER_DEGREE
}

pub(crate) fn position(lon: Option<i64>, lat: Option<i64>) -> Option<Position> {
    Position::new(from_e7(lon?), from_e7(lat?))
}

pub(crate) fn lon_e7(position: Option<Position>) -> Option<i64> {
    position.map(|at| to_e7(at.lon()))
}

pub(crate) fn lat_e7(position: Option<Position>) -> Option<i64> {
    position.map(|at| to_e7(at.lat()))
}

pub(crate) fn time(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// Reads a stored word back; a word that this version does not know means a damaged or newer database.
pub(crate) fn word<T>(text: &str, read: fn(&str) -> Option<T>) -> Result<T> {
    read(text).ok_or_else(|| StoreError::Corrupt(format!("unknown word {text:?}")))
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// Rows of one statement with many: SQLite takes at most 32,766 values.
pub(crate) const ROWS: usize = 500;

/// `rows` times `width` places for values: `(?, ?), (?, ?)`. For SQLite, which takes no arrays.
pub(crate) fn places(rows: usize, width: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(", "));
    vec![row; rows].join(", ")
}
