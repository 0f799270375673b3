//! Where the cities are, from the command line or the environment, and the node that opens them.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use pendopo_domain::time::Clock;
use pendopo_operations::store::{MasterKey, Root, Store};
use pendopo_operations::{City, Node, node};

use crate::key_file;
use crate::say::Say;
use crate::system::{SystemClock, SystemEntropy};

/// Address of the database, when no option says where the cities are.
const DATABASE: &str = "PENDOPO_DATABASE";
/// Key file, when no option names one.
const KEY_FILE: &str = "PENDOPO_KEY_FILE";
/// Key file of a folder of cities, when nothing names one.
pub const KEY_NAME: &str = "node.key";

/// Where the cities are kept, and under which key.
#[derive(Args)]
pub struct PlaceArgs {
    /// Folder of the cities: SQLite.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["database", "database_file"])]
    pub data: Option<PathBuf>,
    /// Address of a PostgreSQL database. It holds a password: better $PENDOPO_DATABASE or --database-file.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "database_file")]
    pub database: Option<Secret>,
    /// File that holds the address of a PostgreSQL database.
    #[arg(long, value_name = "FILE")]
    pub database_file: Option<PathBuf>,
    /// Key of the node; else $PENDOPO_KEY_FILE, else node.key in the folder of the cities.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// A text that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

impl PlaceArgs {
    /// Cities in this folder.
    pub fn folder(folder: PathBuf) -> Self {
        Self {
            data: Some(folder),
            database: None,
            database_file: None,
            key_file: None,
        }
    }

    /// Where the cities are.
    pub fn root(&self, say: &Say) -> anyhow::Result<Root> {
        if let Some(folder) = &self.data {
            return Ok(Root::Folder(folder.clone()));
        }
        let Secret(address) = match (&self.database, &self.database_file) {
            (Some(address), _) => address.clone(),
            (None, Some(path)) => read_secret(say, path)?,
            (None, None) => match std::env::var(DATABASE) {
                Ok(address) => Secret(address),
                Err(_) => bail!(say.text("cli-where", &[])),
            },
        };
        if !(address.starts_with("postgres://") || address.starts_with("postgresql://")) {
            bail!(say.text("cli-not-postgres", &[]));
        }
        Ok(Root::Postgres(address))
    }

    /// The node of cities that are there already, with its key.
    pub async fn node(&self, say: &Say) -> anyhow::Result<Node> {
        self.node_on(say, Arc::new(SystemClock)).await
    }

    /// The same on another clock. Only ever for a demo city.
    pub async fn node_on(&self, say: &Say, clock: Arc<dyn Clock>) -> anyhow::Result<Node> {
        let root = self.root(say)?;
        match self.key(say, &root).await? {
            Key::There(master) => Ok(Node::new(root, master, clock, Arc::new(SystemEntropy))),
            Key::New(_) => bail!(say.text("cli-no-cities", &[])),
        }
    }

    /// The node of cities that are there, or will be. A new place gets a new key.
    pub async fn new_node(&self, say: &Say) -> anyhow::Result<Node> {
        let root = self.root(say)?;
        let master = match self.key(say, &root).await? {
            Key::There(master) => master,
            Key::New(path) => key_file::make(say, &path, &SystemEntropy)?,
        };
        Ok(wired(root, master))
    }

    async fn key(&self, say: &Say, root: &Root) -> anyhow::Result<Key> {
        let named = self.key_file.clone();
        let named = named.or_else(|| std::env::var_os(KEY_FILE).map(PathBuf::from));
        let path = match (named, root) {
            (Some(path), _) => path,
            (None, Root::Folder(folder)) => folder.join(KEY_NAME),
            (None, Root::Postgres(_)) => bail!(say.text("cli-key-where", &[])),
        };
        if let Some(key) = key_file::read(say, &path)? {
            return Ok(Key::There(key));
        }
        // Under a new key nothing that was sealed before can be read, so one is never made behind anyone's back.
        let cities = pendopo_operations::store::cities(root)
            .await
            .with_context(|| say.text("cli-no-database", &[]))?;
        if !cities.is_empty() {
            let shown = path.display().to_string();
            bail!(say.text("cli-key-missing", &[("file", &shown)]));
        }
        Ok(Key::New(path))
    }
}

enum Key {
    There(MasterKey),
    /// There is none and no city needs one; this is where it would be.
    New(PathBuf),
}

fn wired(root: Root, master: MasterKey) -> Node {
    Node::new(root, master, Arc::new(SystemClock), Arc::new(SystemEntropy))
}

/// The content of a file that holds one secret line.
pub fn read_secret(say: &Say, path: &std::path::Path) -> anyhow::Result<Secret> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .with_context(|| say.text("cli-cannot-read", &[("file", &shown)]))?;
    Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
}

impl Secret {
    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The store of a city that is there.
pub async fn store(say: &Say, node: &Node, slug: &str) -> anyhow::Result<Store> {
    let there = node::is_slug(slug)
        && Store::exists(&node.root().city(slug))
            .await
            .with_context(|| say.text("cli-no-database", &[]))?;
    if !there {
        bail!(say.text("cli-no-city", &[("city", slug)]));
    }
    node.store(slug)
        .await
        .with_context(|| say.text("cli-city-does-not-open", &[("city", slug)]))
}

/// A city that is there, on the real clock, without background work.
pub async fn city(say: &Say, node: &Node, slug: &str) -> anyhow::Result<City> {
    let store = store(say, node, slug).await?;
    let (clock, entropy) = (Arc::clone(node.clock()), Arc::clone(node.entropy()));
    City::new(slug, store, clock, entropy)
        .await
        .with_context(|| say.text("cli-city-does-not-open", &[("city", slug)]))
}
