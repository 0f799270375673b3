//! Every file of `fuzz/corpus/blueprint` through the entry points that the fuzz target calls.

use std::path::Path;

use pendopo_domain::blueprints::{What, trial};
use pendopo_exchange::{Files, MANIFEST, archive, package, read, signature};

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/blueprint");
    let entries = std::fs::read_dir(folder).unwrap();
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

/// Files one after the other, each behind a line with its path.
fn files(text: &str) -> Files {
    let mut files = Files::new();
    for part in text.split("\n>>> ") {
        let (path, content) = part.split_once('\n').unwrap_or((MANIFEST, part));
        files.insert(path.to_owned(), content.as_bytes().to_vec());
    }
    files
}

#[test]
fn every_file_of_the_corpus_is_taken_or_refused_as_its_name_says() {
    let mut seen = vec![];
    for (name, bytes) in corpus() {
        let packed = package::open(&bytes);
        let read_back = archive::read(&bytes);
        let _ = signature::key_id(&String::from_utf8_lossy(&bytes));
        let told = match (std::str::from_utf8(&bytes), packed) {
            (_, Ok(packed)) => {
                assert_eq!(archive::write(&read_back.unwrap()), packed.bytes);
                "opens".to_owned()
            }
            (Ok(text), _) if text.parse::<signature::Claim>().is_ok() => "claim".to_owned(),
            (Ok(text), _) => {
                let files = files(text);
                if let (Some(blueprint), _) = read::read(&files) {
                    for (place, one) in &blueprint.trials {
                        let _ = trial::run(&blueprint, one, place);
                    }
                }
                match package::pack(&files) {
                    Ok(packed) => {
                        assert_eq!(package::open(&packed.bytes).as_ref(), Ok(&packed));
                        "packs".to_owned()
                    }
                    Err(problems) => problems[0].what.to_string(),
                }
            }
            (Err(_), Err(error)) => error.to_string(),
        };
        seen.push((name, told));
    }
    seen.sort();
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|(name, told)| (name.as_str(), told.as_str()))
        .collect();
    let expect = [
        ("claim", "claim"),
        ("climbs_out", What::BadPath.word()),
        ("manifest", What::MissingFile.word()),
        ("number_as_code", What::Unreadable.word()),
        ("package", "opens"),
        ("small", "packs"),
        ("trial", "packs"),
        ("whole", "packs"),
    ];
    assert_eq!(seen, expect);
}
