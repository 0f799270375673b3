//! Every file of the fuzz corpus goes through every entry point: none may panic, and there must be both an accepted and a
//! refused one.

use std::path::Path;

use pendopo_standards::{cap, feeds};

#[test]
fn the_corpus_passes_every_entry_point() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/cap");
    let (mut messages, mut index, mut refused) = (0, 0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        match (cap::read(&bytes), feeds::read(&bytes)) {
            (Ok(read), _) => {
                messages += 1;
                let text = cap::write(&read.alert);
                let again = cap::read(text.as_bytes()).unwrap().alert;
                assert_eq!(cap::write(&again), text);
            }
            (_, Ok(_)) => index += 1,
            _ => refused += 1,
        }
    }
    assert!(
        messages >= 4 && index >= 2 && refused >= 3,
        "{messages} {index} {refused}"
    );
}
