//! Every file of the fuzz corpus of device formats goes through its entry point: none may panic, and each target's files
//! must show both an accepted and a refused case.
#![forbid(unsafe_code)]

use std::path::Path;

use pendopo_domain::time::Timestamp;
use pendopo_standards::json_pointer::{Pointer, Wanted};
use pendopo_standards::senml;

fn verdicts(target: &str, accepts: impl Fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = std::fs::read_dir(folder).unwrap();
    let verdicts: Vec<bool> = files
        .map(|file| accepts(&std::fs::read(file.unwrap().path()).unwrap()))
        .collect();
    assert!(
        verdicts.contains(&true) && verdicts.contains(&false),
        "{target}: {verdicts:?}"
    );
}

#[test]
fn the_corpus_passes_every_entry_point() {
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    verdicts("senml", |bytes| senml::parse(bytes, now).is_ok());
    verdicts("json_pointer", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (pointer, document) = text.split_once('\n').unwrap();
        let Some(pointer) = Pointer::parse(pointer) else {
            return false;
        };
        let mut wanted = Wanted::default();
        wanted.add(&pointer);
        wanted.find(document.as_bytes()).is_ok()
    });
}
