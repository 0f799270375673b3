//! NGSI-LD bodies and queries: no panic, and an entity that was read comes back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendopo_domain::entities::{Command, Effect, decide};
use pendopo_domain::time::Timestamp;
use pendopo_standards::ngsi_ld::{
    Context, Document, Format, Languages, Selection, Subscription, View, q, read, select, write,
};

const NOW: Timestamp = Timestamp::from_micros(0);

fuzz_target!(|bytes: &[u8]| {
    let core = Context::core();
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(condition) = q::condition(text, &core) {
            let again = q::condition_text(&condition, &core);
            if again.len() <= q::MOST_BYTES {
                q::condition(&again, &core).expect("a written condition is read");
            }
        }
        let _ = q::types(text, &core);
        let _ = q::scopes(text);
        let _ = q::id_pattern(text);
        let _ = q::geo(Some(text), Some("Point"), Some(text), None, &core);
        let _ = Selection::parse(None, Some(text), None, &core);
        let _ = Languages::parse(text);
        let _ = select::datasets(text);
        if let Ok(tree) = serde_json::from_str(text) {
            let _ = Context::build(&tree, &Default::default());
        }
    }
    let _ = read::batch(bytes);
    let _ = read::batch_of_ids(bytes);
    let Ok(document) = Document::parse(bytes) else {
        return;
    };
    let _ = Subscription::read(&document, &core, NOW);
    let _ = document.history(None, &core);
    let _ = document.fragment(&"urn:x:1".into(), &core);
    let Ok(fragment) = document.entity(&core) else {
        return;
    };
    let Ok((Some(Effect::Put(entity)), _)) = decide(None, Command::Create(fragment), NOW) else {
        return;
    };
    for format in [Format::Normalized, Format::Concise, Format::Simplified] {
        let view = View {
            format,
            ..View::default()
        };
        let mut out = vec![];
        write::entity(&mut out, &entity, &core, &view);
        let again = Document::parse(&out).expect("what is written is JSON");
        if format != Format::Simplified {
            let fragment = again.entity(&core).expect("what is written is an entity");
            assert_eq!(fragment.attributes.len(), entity.attributes.len());
        }
    }
});
