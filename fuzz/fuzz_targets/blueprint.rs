//! Blueprints of strangers, as manifest, object, package and signature: no panic, and what can be packed opens again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_domain::blueprints::trial;
use pendopo_exchange::{Files, MANIFEST, archive, package, read, signature};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(files) = archive::read(bytes) {
        let written = archive::write(&files);
        assert_eq!(archive::read(&written).as_ref(), Ok(&files));
    }
    let _ = package::open(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<signature::Claim>();
        let _ = signature::key_id(text);
        // Files one after the other, each behind a line with its path.
        let mut files = Files::new();
        for part in text.split("\n>>> ") {
            let (path, content) = part.split_once('\n').unwrap_or((MANIFEST, part));
            files.insert(path.to_owned(), content.as_bytes().to_vec());
        }
        if let (Some(blueprint), _) = read::read(&files) {
            for (place, one) in &blueprint.trials {
                let _ = trial::run(&blueprint, one, place);
            }
        }
        if let Ok(packed) = package::pack(&files) {
            let opened = package::open(&packed.bytes).expect("our own package");
            assert_eq!(opened.digest, packed.digest);
        }
    }
});
