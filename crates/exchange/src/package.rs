//! One file for the way: a tar whose manifest holds the digest of every other file.
//!
//! The same content gives the same bytes, so the digest of a package is the digest of what it says.

use pendopo_domain::blueprints::{Blueprint, Manifest, Problem, What, tree};

use crate::archive::{self, Refusal};
use crate::{Files, MANIFEST, read};

/// A blueprint that was packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    pub blueprint: Blueprint,
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes, 64 hexadecimal digits.
    pub digest: String,
}

/// Why a package is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PackageError {
    /// The archive is none of ours.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// What is in it cannot be used.
    #[error("{} problems", .0.len())]
    Problems(Vec<Problem>),
}

/// Packs the files of a blueprint that can be handed on.
///
/// # Errors
/// Everything that is wrong with it.
pub fn pack(files: &Files) -> Result<Package, Vec<Problem>> {
    let mut blueprint = read::checked(files)?;
    let mut files = files.clone();
    seal(&mut blueprint.manifest, &files);
    let text = toml::to_string(&blueprint.manifest)
        .map_err(|error| vec![Problem::new(MANIFEST, What::Unreadable, error.to_string())])?;
    files.insert(MANIFEST.to_owned(), text.into_bytes());
    let bytes = archive::write(&files);
    Ok(Package {
        digest: tree::digest(&bytes),
        bytes,
        blueprint,
    })
}

/// Writes the digest of every file into the manifest, and puts what has no order into one.
fn seal(manifest: &mut Manifest, files: &Files) {
    let digest = |path: &str| files.get(path).map(|content| tree::digest(content));
    for entry in &mut manifest.objects {
        entry.sha256 = digest(&entry.path);
    }
    for entry in &mut manifest.tests {
        entry.sha256 = digest(&entry.path);
    }
    manifest
        .objects
        .sort_by(|one, other| one.path.cmp(&other.path));
    manifest
        .tests
        .sort_by(|one, other| one.path.cmp(&other.path));
}

/// Opens a package.
///
/// # Errors
/// [`PackageError`].
pub fn open(bytes: &[u8]) -> Result<Package, PackageError> {
    let files = archive::read(bytes)?;
    let package = pack(&files).map_err(PackageError::Problems)?;
    // A manifest without digests, another order or other rights: nobody packed it with this program.
    match package.bytes == bytes {
        true => Ok(package),
        false => Err(Refusal::NotCanonical.into()),
    }
}
