//! A blueprint on disk, as its author writes it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pendopo_domain::blueprints::{LARGEST, LARGEST_FILE};

use crate::archive::{Refusal, check_path};
use crate::{Files, MOST_FILES};

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: {refusal}")]
    Refused { path: PathBuf, refusal: Refusal },
}

/// How deep folders may lie in a blueprint: kinds have one.
const DEEPEST: usize = 3;

/// All files of a folder. Links are refused, so that nothing of elsewhere is packed by mistake.
///
/// # Errors
/// [`FolderError`], with the file.
pub fn read(folder: &Path) -> Result<Files, FolderError> {
    let (mut files, mut total) = (Files::new(), 0);
    walk(folder, "", 0, &mut files, &mut total)?;
    Ok(files)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Files,
    total: &mut usize,
) -> Result<(), FolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Io { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let path = entry.path();
        let refused = |refusal| FolderError::Refused {
            path: path.clone(),
            refusal,
        };
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| refused(Refusal::BadPath))?;
        let inside = format!("{prefix}{name}");
        check_path(&inside).map_err(refused)?;
        let kind = entry.file_type().map_err(failed(&path))?;
        if kind.is_symlink() {
            return Err(refused(Refusal::Link));
        }
        if kind.is_dir() && depth < DEEPEST {
            walk(&path, &format!("{inside}/"), depth + 1, files, total)?;
            continue;
        }
        if !kind.is_file() {
            return Err(refused(Refusal::NotAFile));
        }
        let mut content = vec![];
        let file = fs::File::open(&path).map_err(failed(&path))?;
        let most = LARGEST_FILE as u64 + 1;
        file.take(most)
            .read_to_end(&mut content)
            .map_err(failed(&path))?;
        *total += content.len();
        if content.len() > LARGEST_FILE || *total > LARGEST {
            return Err(refused(Refusal::TooLarge));
        }
        if files.len() >= MOST_FILES {
            return Err(refused(Refusal::TooManyFiles));
        }
        files.insert(inside, content);
    }
    Ok(())
}
