//! Recorded data as if it happened now: on a driven clock, through the public interfaces.
//!
//! [`read`] turns files into [`Record`]s with their times and touches nothing else, [`pace`] moves the clock to each
//! time and hands what is due to a [`send::Client`], and the [`Account`] says what became of every record: read is
//! accepted plus refused. A record that does not read, or that the city does not take, never stops the rest.
//!
//! Entities go to `POST /ngsi-ld/v1/entityOperations/upsert?options=update`, reports of residents to Open311. Names in
//! entities are whole IRIs, so that no `@context` is needed.
//!
//! Deliberately absent: history with its own closing and state (that is an import), and the clock of a real city.

mod account;
mod gtfs_rt;
mod ngsi_ld;
pub mod pace;
mod petabencana;
pub mod send;
#[cfg(test)]
mod tests;
mod water_level;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use pendopo_domain::geo::Position;
use pendopo_domain::time::Timestamp;

pub use account::{Account, Reason};
pub use pace::{Pace, replay};

use crate::starter::FileError;

/// Bytes of one file that is read as a whole.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hourly levels of a gauge of Dinas SDA DKI Jakarta: CSV.
    WaterLevel,
    /// Flooded areas and reports of PetaBencana.id: GeoJSON.
    Petabencana,
    /// An NGSI-LD entity, or an array of them, in each line.
    NgsiLd,
    /// Feeds of GTFS Realtime, one a file.
    GtfsRt,
}

/// What happened, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub at: Timestamp,
    pub content: Content,
}

/// What the city is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A whole or partial entity in normalized NGSI-LD.
    Entity {
        /// Its `id`, by which an answer names it.
        id: String,
        json: String,
        /// It brings an `@context` of its own.
        context: bool,
    },
    Report(Report),
}

/// A report of a resident, for Open311.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub service_code: String,
    pub description: String,
    pub position: Position,
    /// Answers by code.
    pub attributes: Vec<(String, String)>,
}

/// Why a replay ended before its time. What was sent before stays.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the file {file} cannot be read on")]
    Read {
        file: String,
        source: std::io::Error,
    },
    /// It is another kind of file, and nothing of it was sent.
    #[error("the file {file} is of another kind: {why}")]
    OtherKind { file: String, why: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the city cannot be reached")]
    Send(#[from] send::SendError),
    /// A fault of this program: records were lost or counted twice.
    #[error("the account does not close: {} read, {} accepted, {} refused", .0.read, .0.accepted, .0.refused_in_all())]
    DoesNotClose(Account),
}

/// One record, or why it is none; the outer error ends the file.
pub type Item = Result<Result<Record, Reason>, ReplayError>;

/// Records in the order in which they are sent.
pub type Records = Box<dyn Iterator<Item = Item> + Send>;

/// The records of `files`. Those of one file stand in the order of their times or are put into it; levels and lines are
/// read as they are sent, the other kinds at once.
///
/// # Errors
/// [`ReplayError`] when a file cannot be opened or is of another kind. A line that is no record is no error.
pub fn read(kind: Kind, files: &[PathBuf]) -> Result<Records, ReplayError> {
    match kind {
        Kind::WaterLevel => {
            let opened: Result<Vec<_>, _> =
                files.iter().map(|file| water_level::open(file)).collect();
            Ok(Box::new(opened?.into_iter().flatten()))
        }
        Kind::NgsiLd => {
            let opened: Result<Vec<_>, _> = files.iter().map(|file| ngsi_ld::open(file)).collect();
            Ok(Box::new(opened?.into_iter().flatten()))
        }
        Kind::Petabencana => {
            let mapping = petabencana::Mapping::of_file()?;
            in_order(files, |file| petabencana::read(file, &mapping))
        }
        Kind::GtfsRt => in_order(files, gtfs_rt::read),
    }
}

/// When the first good record was, and all records again, that one and those before it included.
///
/// # Errors
/// [`ReplayError`] when a file ends before its time.
pub fn begin(mut records: Records) -> Result<(Option<Timestamp>, Records), ReplayError> {
    let (mut ahead, mut at) = (vec![], None);
    while at.is_none()
        && let Some(item) = records.next()
    {
        let item = item?;
        at = item.as_ref().ok().map(|record| record.at);
        ahead.push(Ok(item));
    }
    Ok((at, Box::new(ahead.into_iter().chain(records))))
}

type Whole = Vec<Result<Record, Reason>>;

/// All of `files` by their times. What is refused comes first: it has no time.
fn in_order(
    files: &[PathBuf],
    read: impl Fn(&Path) -> Result<Whole, ReplayError>,
) -> Result<Records, ReplayError> {
    let mut all = vec![];
    for file in files {
        all.extend(read(file)?);
    }
    all.sort_by_key(|item| item.as_ref().ok().map(|record| record.at));
    Ok(Box::new(all.into_iter().map(Ok)))
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

fn open(path: &Path) -> Result<File, ReplayError> {
    File::open(path).map_err(|source| ReplayError::Read {
        file: shown(path),
        source,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, ReplayError> {
    let mut bytes = vec![];
    let read = open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| ReplayError::Read {
        file: shown(path),
        source,
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(other_kind(path, format!("more than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

fn other_kind(path: &Path, why: impl Into<String>) -> ReplayError {
    ReplayError::OtherKind {
        file: shown(path),
        why: why.into(),
    }
}

/// An attribute with a value that was so at `at`, in normalized NGSI-LD.
fn property(value: impl Into<serde_json::Value>, at: Timestamp) -> serde_json::Value {
    serde_json::json!({"type": "Property", "value": value.into(), "observedAt": at.to_string()})
}

/// The same with a UN/CEFACT code of its unit.
fn measured(value: impl Into<serde_json::Value>, unit: &str, at: Timestamp) -> serde_json::Value {
    let mut property = property(value, at);
    property["unitCode"] = unit.into();
    property
}

/// A letter, digit, `-`, `_` or `.` stays; anything else would not stand in a URN as it is.
fn urn_part(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars()
        .map(|c| {
            if kept(c) {
                c.to_string()
            } else {
                c.to_string()
                    .bytes()
                    .map(|byte| format!("%{byte:02X}"))
                    .collect()
            }
        })
        .collect()
}
