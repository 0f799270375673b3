//! Wiring of live data: contexts, where the node may send, and who tells subscribers.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use pendopo_connectors::alerts;
use pendopo_connectors::notifications::{self, Contexts};
use pendopo_connectors::outgoing::Outgoing;
use pendopo_operations::Node;
use pendopo_operations::outgoing::Allow;

use crate::cli::ServeArgs;
use crate::say::Say;

/// Reads `contexts.json` (an object: URL to file) of the folder of contexts, and the files it names.
pub fn contexts(say: &Say, args: &ServeArgs) -> anyhow::Result<Arc<Contexts>> {
    let Some(folder) = &args.contexts else {
        return Ok(Arc::default());
    };
    let read = || -> anyhow::Result<Contexts> {
        let map = std::fs::read_to_string(folder.join("contexts.json"))?;
        let map: BTreeMap<String, String> = serde_json::from_str(&map)?;
        let mut documents = vec![];
        for (url, file) in map {
            let text = std::fs::read_to_string(folder.join(&file)).with_context(|| file.clone())?;
            documents.push((
                url,
                serde_json::from_str(&text).with_context(|| file.clone())?,
            ));
        }
        Ok(Contexts::new(documents))
    };
    Ok(Arc::new(
        read().with_context(|| say.text("cli-no-contexts", &[]))?,
    ))
}

/// The node, telling subscribers of every city that it opens, and following its feeds of warnings.
pub fn with_notifications(
    node: Node,
    contexts: &Arc<Contexts>,
    allow: &Arc<Allow>,
) -> anyhow::Result<Node> {
    let outgoing = Arc::new(Outgoing::new(Allow::clone(allow))?);
    let contexts = Arc::clone(contexts);
    let asking = Arc::clone(&outgoing);
    let node = node.with_worker(Arc::new(move |city| {
        Box::pin(notifications::run(
            city,
            Arc::clone(&contexts),
            Arc::clone(&outgoing),
        ))
    }));
    Ok(node.with_worker(Arc::new(move |city| {
        Box::pin(alerts::run(city, Arc::clone(&asking)))
    })))
}
