//! Warnings and feeds of strangers: no panic, and a message that was read is the same after writing and reading it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_standards::{cap, feeds};

fuzz_target!(|bytes: &[u8]| {
    let _ = feeds::read(bytes);
    let Ok(read) = cap::read(bytes) else {
        return;
    };
    let _ = cap::check(&read.alert);
    let text = cap::write(&read.alert);
    let again = cap::read(text.as_bytes()).expect("our own document");
    // A time in a form that CAP does not allow is written in one that it does; after that nothing moves.
    let settled = cap::write(&again.alert);
    assert_eq!(settled, text);
});
