//! `pendopo base-map`: the drawn coast, built once and cut out for each city.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flate2::bufread::MultiGzDecoder;
use pendopo_connectors::{base_map, pmtiles};
use pendopo_domain::geo::BoundingBox;

use crate::cli::BaseMapCommand;
use crate::say::Say;

/// How much coast is kept around the box of a city, as a share of it: a screen three times as wide as high shows more
/// than the box.
const AROUND: f64 = 1.5;

pub fn run(say: &Say, command: BaseMapCommand) -> anyhow::Result<()> {
    let BaseMapCommand::Build { input, output } = command;
    let reader = open(say, &input)?;
    let told = |report: &base_map::BuildReport| {
        say.progress(
            "cli-base-map-reading",
            &[("polygons", &say.number(report.polygons_read))],
        );
    };
    let shown = output.display().to_string();
    let built = base_map::build(reader, &output, base_map::OPENSTREETMAP_CREDIT, told)
        .with_context(|| say.text("cli-base-map-failed", &[("file", &shown)]))?;
    say.line(
        "cli-base-map-built",
        &[
            ("file", &shown),
            ("polygons", &say.number(built.polygons_read)),
            ("pieces", &say.number(built.pieces_written)),
            ("bytes", &say.number(built.bytes_written)),
        ],
    );
    Ok(())
}

fn open(say: &Say, path: &Path) -> anyhow::Result<Box<dyn Read>> {
    /// RFC 1952 §2.3.1.
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let shown = path.display().to_string();
    let failed = || say.text("cli-cannot-read", &[("file", &shown)]);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).with_context(failed)?);
    if reader.fill_buf().with_context(failed)?.starts_with(&GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(reader)));
    }
    Ok(Box::new(reader))
}

/// The coast of a city's box, as GeoJSON.
pub fn clip(say: &Say, path: &Path, bbox: [f64; 4]) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    let [west, south, east, north] = bbox;
    if BoundingBox::new(west, south, east, north).is_none() {
        bail!(say.text("cli-bad-bbox", &[]));
    }
    // The box of a whole country has less room around it. Not quite all of it, for rounding may add a little.
    let span = (east - west).max(north - south).max(f64::EPSILON);
    let room = (base_map::MAX_SPAN_DEGREES * 0.999 / span - 1.0) / 2.0;
    base_map::clip(path, base_map::grow(bbox, AROUND.min(room).max(0.0)))
        .with_context(|| say.text("cli-base-map-failed", &[("file", &shown)]))
}

/// What cuts the coast of a city out of `path`, and says why when it cannot. Without a file no coast is wanted.
pub fn coast(say: Say, path: Option<PathBuf>) -> impl Fn([f64; 4]) -> Option<String> + Send + Sync {
    move |bbox| match &path {
        Some(path) => clip(&say, path, bbox)
            .inspect_err(|error| say.failed(error))
            .ok(),
        None => Some(String::new()),
    }
}

/// Looks at a file of tiles before the node serves it.
pub fn check_tiles(say: &Say, path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let shown = path.display().to_string();
    let lacks = pmtiles::check(path)
        .with_context(|| say.text("cli-pmtiles-unusable", &[("file", &shown)]))?;
    if !lacks.is_empty() {
        let layers = lacks.join(", ");
        say.progress(
            "cli-pmtiles-lacks",
            &[("file", &shown), ("layers", &layers)],
        );
    }
    Ok(())
}
