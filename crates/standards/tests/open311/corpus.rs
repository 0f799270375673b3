//! Every file of the fuzz corpus goes through every entry point: none may panic, and each target's files must show both
//! an accepted and a refused case.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pendopo_standards::open311::*;

const TARGETS: [&str; 3] = ["open311_form", "open311_query", "open311_xml"];

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// What a client posted as an update, if that is one.
fn update(file: &Path) -> Option<PostUpdate> {
    let pairs = decode_form(&fs::read(file).unwrap(), &FormLimits::default()).ok()?;
    parse_update(pairs, &TimeZone::UTC).ok()
}

/// Whether the form, query and XML entry points accept these bytes.
fn accepts(bytes: &[u8]) -> [bool; 3] {
    let pairs = decode_form(bytes, &FormLimits::default());
    let post = pairs.clone().ok().and_then(|pairs| parse_form(pairs).ok());
    if let Some(post) = &post {
        let _ = validate_attributes(&crate::samples::definition(), post);
    }
    if let Ok(pairs) = &pairs {
        let _ = parse_update(pairs.clone(), &TimeZone::UTC);
    }
    if let Ok(pairs) = &pairs {
        let _ = parse_updates_query(pairs.clone(), Timestamp::UNIX_EPOCH, &TimeZone::UTC);
    }
    let query = pairs
        .ok()
        .and_then(|pairs| parse_query(pairs, Timestamp::UNIX_EPOCH, &TimeZone::UTC).ok());
    [
        post.is_some(),
        query.is_some(),
        parse_requests_xml(bytes).is_ok(),
    ]
}

#[test]
fn the_corpus_has_updates_that_are_taken_and_some_that_are_not() {
    let files: Vec<_> = files(TARGETS[0])
        .into_iter()
        .filter(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("update"))
        })
        .collect();
    let taken = files.iter().filter(|file| update(file).is_some()).count();
    assert!(
        taken >= 3 && files.len() - taken >= 3,
        "{taken} of {files:?}"
    );
}

#[test]
fn the_corpus_passes_every_entry_point() {
    for (index, target) in TARGETS.iter().enumerate() {
        let files = files(target);
        let verdicts: Vec<bool> = files
            .iter()
            .map(|file| accepts(&fs::read(file).unwrap())[index])
            .collect();
        assert!(
            verdicts.contains(&true) && verdicts.contains(&false),
            "{target}: {verdicts:?}"
        );
        assert!(
            files
                .iter()
                .all(|file| fs::metadata(file).unwrap().len() < 4096),
            "{target}: a seed is small"
        );
    }
}
