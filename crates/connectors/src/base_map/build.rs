//! Land polygons in, an indexed FlatGeobuf file out. Runs once, at set-up.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geo::{CoordsIter, Geometry};
use geozero::{ColumnValue, PropertyProcessor};

use super::{BaseMapError, CUT_SIDES, read, split};

/// What a build did, for the line on the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BuildReport {
    pub polygons_read: u64,
    pub vertices_read: u64,
    pub pieces_written: u64,
    pub vertices_written: u64,
    pub bytes_written: u64,
}

/// Reads GeoJSON land polygons from `input` and writes the indexed file `output`.
///
/// `credit` is stored in the file and shown on every map (see [`super::OPENSTREETMAP_CREDIT`]).
/// `progress` is called after every thousand polygons and at the end. The file appears under its name
/// only when it is whole; a build that fails or is stopped leaves an older one as it was.
pub fn build(
    input: impl Read,
    output: &Path,
    credit: &str,
    mut progress: impl FnMut(&BuildReport),
) -> Result<BuildReport, BaseMapError> {
    let metadata = serde_json::json!({ "attribution": credit }).to_string();
    let mut writer = FgbWriter::create_with_options(
        "land",
        GeometryType::Polygon,
        FgbWriterOptions {
            write_index: true,
            detect_type: false,
            promote_to_multi: false,
            crs: FgbCrs {
                code: 4326,
                ..FgbCrs::default()
            },
            title: Some("Land polygons, split for a base map"),
            description: Some(credit),
            metadata: Some(&metadata),
            ..FgbWriterOptions::default()
        },
    )?;

    for side in CUT_SIDES {
        writer.add_column(side, ColumnType::Double, |_, column| column.nullable = true);
    }

    let mut report = BuildReport::default();
    read::polygons(input, |rings| {
        report.polygons_read += 1;
        report.vertices_read += rings.iter().map(|ring| ring.len() as u64).sum::<u64>();
        split::split(rings, |piece, cell| {
            report.pieces_written += 1;
            report.vertices_written += piece.coords_count() as u64;
            let mut cuts = Ok(());
            writer.add_feature_geom(Geometry::Polygon(piece), |feature| {
                for (i, (name, at)) in CUT_SIDES.iter().zip(cell).enumerate() {
                    if at.is_finite() && cuts.is_ok() {
                        cuts = feature
                            .property(i, name, &ColumnValue::Double(at))
                            .map(drop);
                    }
                }
            })?;
            cuts
        })?;
        if report.polygons_read.is_multiple_of(1_000) {
            progress(&report);
        }
        Ok(())
    })?;
    if report.pieces_written == 0 {
        return Err(BaseMapError::Empty);
    }

    let failed = |source| BaseMapError::File {
        path: output.to_owned(),
        source,
    };
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let unfinished = output.with_extension("part");
    let mut file = BufWriter::new(File::create(&unfinished).map_err(failed)?);
    writer.write(&mut file)?;
    file.flush().map_err(failed)?;
    let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
    file.sync_all().map_err(failed)?;
    report.bytes_written = file.metadata().map_err(failed)?.len();
    fs::rename(&unfinished, output).map_err(failed)?;
    progress(&report);
    Ok(report)
}
