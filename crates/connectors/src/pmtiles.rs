//! A file of vector tiles for the map: PMTiles, version 3 of its specification. Looked at once, when a node starts; browsers
//! read the tiles themselves.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// PMTiles 3 §3: the header has a fixed length.
const HEADER_BYTES: usize = 127;
/// More than any metadata holds; a damaged length must not fill the memory.
const MOST_METADATA: u64 = 16 * 1024 * 1024;
/// The source layers of the Protomaps basemap that maps draw.
pub const LAYERS: [&str; 3] = ["earth", "water", "roads"];

/// Why a file is no use.
#[derive(Debug, thiserror::Error)]
pub enum PmtilesError {
    #[error("it cannot be read")]
    File(#[from] std::io::Error),
    #[error("it is no PMTiles file")]
    NotPmtiles,
    #[error("it is PMTiles of version {0}, and maps read version 3")]
    Version(u8),
    #[error("it holds pictures or other tiles, and maps draw vector tiles (MVT)")]
    NotVector,
    #[error("its compression is one that browsers cannot undo; use gzip or none")]
    Compression,
    #[error("it has {is} bytes and should have {should}: it was not copied whole")]
    CutShort { is: u64, should: u64 },
    #[error("its metadata cannot be read")]
    Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    vector_layers: Vec<VectorLayer>,
}

#[derive(Deserialize)]
struct VectorLayer {
    id: String,
}

/// Looks at a file of tiles. Returns which of [`LAYERS`] it does not have.
///
/// # Errors
/// When maps could not draw it.
pub fn check(path: &Path) -> Result<Vec<&'static str>, PmtilesError> {
    let mut file = File::open(path)?;
    let mut header = Vec::new();
    file.by_ref()
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    let Some((b"PMTiles", [version, ..])) = header.split_at_checked(7) else {
        return Err(PmtilesError::NotPmtiles);
    };
    if *version != 3 {
        return Err(PmtilesError::Version(*version));
    }
    let header: [u8; HEADER_BYTES] = header.try_into().map_err(|_| PmtilesError::NotPmtiles)?;
    // PMTiles 3 §3.1: 1 is MVT; none is 1 and gzip is 2.
    let [inside, tiles, kind] = [header[97], header[98], header[99]];
    if kind != 1 {
        return Err(PmtilesError::NotVector);
    }
    if !matches!((inside, tiles), (1 | 2, 1 | 2)) {
        return Err(PmtilesError::Compression);
    }
    let is = file.metadata()?.len();
    // Offset and length of root directory, metadata, leaf directories and tiles.
    let should =
        [8, 24, 40, 56].map(|at| number(&header, at).saturating_add(number(&header, at + 8)));
    let should = should.into_iter().max().unwrap_or_default();
    if is < should {
        return Err(PmtilesError::CutShort { is, should });
    }
    let bytes = number(&header, 32);
    if bytes > MOST_METADATA {
        return Err(PmtilesError::Metadata);
    }
    file.seek(SeekFrom::Start(number(&header, 24)))?;
    let lying = file.take(bytes);
    let metadata: Metadata = if inside == 2 {
        serde_json::from_reader(MultiGzDecoder::new(lying).take(MOST_METADATA))
    } else {
        serde_json::from_reader(lying)
    }
    .map_err(|_| PmtilesError::Metadata)?;
    let has = |layer: &&str| metadata.vector_layers.iter().any(|held| held.id == **layer);
    Ok(LAYERS.into_iter().filter(|layer| !has(layer)).collect())
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u64 {
    header[at..at + 8]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file without tiles whose metadata names `layers`.
    fn file(layers: &[&str]) -> Vec<u8> {
        let named: Vec<_> = layers
            .iter()
            .map(|id| serde_json::json!({"id": id}))
            .collect();
        let metadata = serde_json::json!({"vector_layers": named}).to_string();
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[..8].copy_from_slice(b"PMTiles\x03");
        bytes[24] = 127;
        bytes[32..34].copy_from_slice(&u16::try_from(metadata.len()).unwrap().to_le_bytes());
        bytes[97..100].copy_from_slice(&[1, 2, 1]);
        bytes.extend_from_slice(metadata.as_bytes());
        bytes
    }

    fn look(bytes: &[u8]) -> Result<Vec<&'static str>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        check(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_says_which_layers_it_lacks() {
        assert_eq!(
            look(&file(&["roads", "water", "earth", "pois"])),
            Ok(vec![])
        );
        assert_eq!(look(&file(&["buildings"])), Ok(LAYERS.to_vec()));
    }

    #[test]
    fn a_file_that_maps_cannot_draw_is_refused_with_its_reason() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = file(&LAYERS);
            bytes[at] = byte;
            look(&bytes)
        };
        let cases = [
            (look(b""), "no PMTiles file"),
            (look(b"PMTiles\x03"), "no PMTiles file"),
            (look(&[b'{'; 4096]), "no PMTiles file"),
            (changed(7, 2), "version 2"),
            (changed(99, 2), "vector tiles"),
            (changed(98, 4), "compression"),
            (changed(60, 1), "not copied whole"),
            (changed(32, 3), "metadata"),
        ];
        for (answer, expect) in cases {
            assert!(
                answer.as_ref().is_err_and(|error| error.contains(expect)),
                "{expect}: {answer:?}"
            );
        }
        assert!(matches!(
            check(Path::new("/nowhere.pmtiles")),
            Err(PmtilesError::File(_))
        ));
    }
}
