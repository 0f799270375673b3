//! SenML packs of devices: no panic, and what is read keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_domain::time::Timestamp;
use pendopo_standards::senml::{MOST_NAME_BYTES, MOST_RECORDS, Value, parse};

fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_micros(1_780_000_000_000_000);
    let Ok((records, problems)) = parse(bytes, now) else {
        return;
    };
    assert!(records.len() + problems.len() <= MOST_RECORDS);
    for record in records {
        let bytes = record.base.len() + record.name.len();
        assert!((1..=MOST_NAME_BYTES).contains(&bytes));
        assert!(!matches!(record.value, Value::Number(number) if !number.is_finite()));
    }
});
