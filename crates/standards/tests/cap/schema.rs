//! What is written is valid by the schema of CAP 1.2, and by the stricter one.

use std::io::Write;
use std::path::Path;

use pendopo_standards::cap;

use crate::xmllint::invalid;
use crate::{law, recorded, written};

#[test]
fn what_is_written_is_valid_by_the_schema() {
    let Some(folder) = recorded::folder() else {
        return;
    };
    let documents: Vec<String> = documents(&folder);
    for schema in ["cap/CAP-v1.2.xsd", "cap/CAP-v1.2-extended.xsd"] {
        let schema = folder.join(schema);
        // The schema itself is asked first: an order that it does not allow must be told.
        let wrong = documents[0].replace("<scope>Public</scope>", "");
        let Some(refused) = invalid(&schema, &wrong) else {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: 1 test validates by xmllint, which is not installed"
            );
            return;
        };
        assert!(refused.is_some(), "the schema takes what it must not");
        for document in &documents {
            assert_eq!(invalid(&schema, document).unwrap(), None, "{document}");
        }
    }
}

/// Every recorded message that is read, a good warning, an all-clear and a large one, all as we write them.
fn documents(folder: &Path) -> Vec<String> {
    let mut made = vec![
        cap::write(&law::good()),
        cap::write(&written::read(&written::large()).alert),
    ];
    for part in ["cap", "bmkg"] {
        for file in std::fs::read_dir(folder.join(part)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            if let Ok(read) = cap::read(&bytes) {
                made.push(cap::write(&read.alert));
            }
        }
    }
    assert!(made.len() > 10);
    made
}
