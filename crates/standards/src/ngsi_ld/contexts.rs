//! Contexts by their URL, built once and kept.
//!
//! A URL of which there is no copy is not available: nothing is fetched, so that a city answers the same with a bad line
//! or none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value as Tree;

use super::context::{self, Context};
use super::problem::{Kind, Problem};

/// Built contexts that are kept; beyond it all are built again.
const KEPT: usize = 256;
/// A context inside a body that is larger is not kept.
const KEPT_BYTES: usize = 64 * 1024;

/// Copies of context documents, and the contexts built from them.
#[derive(Debug, Default)]
pub struct Contexts {
    documents: HashMap<String, Arc<Tree>>,
    built: Mutex<HashMap<String, Arc<Context>>>,
}

impl Contexts {
    /// With copies of documents, by their URL.
    pub fn new(documents: impl IntoIterator<Item = (String, Tree)>) -> Self {
        let documents = documents.into_iter();
        Self {
            documents: documents.map(|(url, tree)| (url, Arc::new(tree))).collect(),
            built: Mutex::default(),
        }
    }

    /// The context of a URL.
    ///
    /// # Errors
    /// LdContextNotAvailable, or BadRequestData for one that is no context.
    pub fn of_url(&self, url: &str) -> Result<Arc<Context>, Problem> {
        self.of(url, || Tree::String(url.to_owned()))
    }

    /// The context of a `@context` member.
    ///
    /// # Errors
    /// As for [`Self::of_url`].
    pub fn of_member(&self, json: &str) -> Result<Arc<Context>, Problem> {
        let tree = || serde_json::from_str(json).unwrap_or(Tree::Null);
        self.of(json, tree)
    }

    fn of(&self, key: &str, tree: impl FnOnce() -> Tree) -> Result<Arc<Context>, Problem> {
        let held = self.built.lock().map(|built| built.get(key).cloned());
        if let Ok(Some(context)) = held {
            return Ok(context);
        }
        let tree = tree();
        let mut loaded = HashMap::new();
        self.load_all(&tree, &mut loaded)?;
        let context = Arc::new(Context::build(&tree, &loaded)?);
        if key.len() <= KEPT_BYTES
            && let Ok(mut built) = self.built.lock()
        {
            if built.len() >= KEPT {
                built.clear();
            }
            built.insert(key.to_owned(), Arc::clone(&context));
        }
        Ok(context)
    }

    fn load_all(
        &self,
        tree: &Tree,
        loaded: &mut HashMap<String, Arc<Tree>>,
    ) -> Result<(), Problem> {
        for url in context::references(tree) {
            if loaded.contains_key(&url) || loaded.len() >= context::MOST_REFERENCES {
                continue;
            }
            let document = self.documents.get(&url).ok_or_else(|| {
                Kind::LdContextNotAvailable
                    .because(format!("no copy of the context {url:.200} is kept here"))
            })?;
            loaded.insert(url, Arc::clone(document));
            self.load_all(document, loaded)?;
        }
        Ok(())
    }
}
