//! Contexts by their URL.
//!
//! A node has a folder with a file `contexts.json` that says which file stands for which URL, so that it answers the
//! same with a bad line or none. A URL that is not in it is not available: the node fetches nothing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use pendopo_standards::ngsi_ld::{Context, Kind, Problem, context};
use serde_json::Value as Tree;

/// Built contexts that are kept; beyond it all are built again.
const KEPT: usize = 256;
/// A context inside a body that is larger is not kept.
const KEPT_BYTES: usize = 64 * 1024;

/// What the node knows of contexts.
#[derive(Debug, Default)]
pub struct Contexts {
    documents: HashMap<String, Arc<Tree>>,
    built: Mutex<HashMap<String, Arc<Context>>>,
}

impl Contexts {
    /// Reads `contexts.json` of `folder` (an object: URL → file in the folder) and the files it names.
    ///
    /// # Errors
    /// When a file is not there or is not JSON; the text names it.
    pub fn load(folder: &Path) -> std::io::Result<Self> {
        let read = |name: &str| -> std::io::Result<Tree> {
            let path = folder.join(name);
            let named = |what: String| std::io::Error::other(format!("{}: {what}", path.display()));
            let text = std::fs::read_to_string(&path).map_err(|error| named(error.to_string()))?;
            serde_json::from_str(&text).map_err(|error| named(error.to_string()))
        };
        let map = read("contexts.json")?;
        let map = map
            .as_object()
            .ok_or_else(|| std::io::Error::other("contexts.json is not an object"))?;
        let mut documents = HashMap::new();
        for (url, file) in map {
            let file = file
                .as_str()
                .ok_or_else(|| std::io::Error::other("contexts.json names files as texts"))?;
            documents.insert(url.clone(), Arc::new(read(file)?));
        }
        Ok(Self {
            documents,
            built: Mutex::default(),
        })
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
