//! A pointer (first line) looked up in a document (the rest): no panic, and what is found is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_standards::json_pointer::{Pointer, Wanted, depth};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let document = rest.get(1..).unwrap_or_default();
    let Some(pointer) = std::str::from_utf8(line).ok().and_then(Pointer::parse) else {
        return;
    };
    assert!(depth(document) <= document.len());
    let mut wanted = Wanted::default();
    wanted.add(&Pointer::parse("/a").unwrap());
    wanted.add(&pointer);
    let Ok(found) = wanted.find(document) else {
        return;
    };
    for value in found.into_iter().flatten() {
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(value.get()).is_ok());
    }
});
