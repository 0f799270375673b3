//! Every file of the fuzz corpus goes through every entry point: none may panic, and each entry point accepts some.

use std::fs;
use std::path::Path;

use pendopo_standards::ngsi_ld::{Context, Document, Selection, Subscription, q, read};

use crate::support::NOW;

/// Which entry points accept these bytes.
fn accepts(bytes: &[u8]) -> [bool; 8] {
    let core = Context::core();
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let document = Document::parse(bytes).ok();
    let document = document.as_ref();
    let tree = serde_json::from_str(text).ok();
    [
        document.is_some_and(|document| document.entity(&core).is_ok()),
        document.is_some_and(|document| document.history(None, &core).is_ok()),
        document.is_some_and(|document| Subscription::read(document, &core, NOW).is_ok()),
        tree.is_some_and(|tree| Context::build(&tree, &Default::default()).is_ok()),
        read::batch(bytes).is_ok() && read::batch_of_ids(bytes).is_ok(),
        q::condition(text, &core).is_ok(),
        q::scopes(text).is_ok(),
        Selection::parse(None, Some(text), None, &core).is_ok(),
    ]
}

#[test]
fn the_corpus_passes_every_entry_point() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ngsi_ld");
    let mut accepted = [0; 8];
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(bytes.len() < 4_096);
        files += 1;
        for (count, accepts) in accepted.iter_mut().zip(accepts(&bytes)) {
            *count += usize::from(accepts);
        }
    }
    assert!(
        accepted.iter().all(|count| (1..files).contains(count)),
        "{accepted:?} of {files}"
    );
}
