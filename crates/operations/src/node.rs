//! A node: one process that serves one or many cities.
//!
//! Cities are opened when they are first asked for. A city that was restored or made by the command line while the node
//! runs is found the next time someone asks for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use pendopo_domain::time::{Clock, Entropy};
use pendopo_store::{MasterKey, Root, Store};
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinSet;

use crate::{City, Result, background, sources};

/// The cities of one process.
pub struct Node {
    root: Root,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    cities: RwLock<BTreeMap<String, Arc<City>>>,
    /// What works for the cities without being asked.
    tasks: Mutex<JoinSet<()>>,
}

impl Node {
    /// A node that keeps its cities at `root`. Opens none yet.
    pub fn new(
        root: Root,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            root,
            master,
            clock,
            entropy,
            cities: RwLock::default(),
            tasks: Mutex::default(),
        }
    }

    /// Where the cities are kept.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Where the node's randomness comes from.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// The clock of the node's real cities.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The names of all cities at the root.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub async fn slugs(&self) -> Result<Vec<String>> {
        Ok(pendopo_store::cities(&self.root).await?)
    }

    /// The store of the city called `slug`, created if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn store(&self, slug: &str) -> Result<Store> {
        Ok(Store::open(self.root.city(slug), self.master.for_city(slug)).await?)
    }

    /// The city called `slug`, opened and at work; `None` when there is none. An unknown name never makes a city.
    ///
    /// # Errors
    /// When it is there but cannot be opened.
    pub async fn city(&self, slug: &str) -> Result<Option<Arc<City>>> {
        if let Some(city) = self.cities.read().await.get(slug) {
            return Ok(Some(Arc::clone(city)));
        }
        if !is_slug(slug) {
            return Ok(None);
        }
        let mut cities = self.cities.write().await;
        if let Some(city) = cities.get(slug) {
            return Ok(Some(Arc::clone(city)));
        }
        if !Store::exists(&self.root.city(slug)).await? {
            return Ok(None);
        }
        let city = Arc::new(self.open(slug, Arc::clone(&self.clock)).await?);
        let mut tasks = self.tasks.lock().await;
        tasks.spawn(Arc::clone(&city).follow());
        tasks.spawn(background::run(Arc::clone(&city)));
        drop(tasks);
        cities.insert(slug.to_owned(), Arc::clone(&city));
        Ok(Some(city))
    }

    /// The city called `slug` on a clock of the caller's, without background work: for the command line and for demo
    /// cities, whose time may be driven.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self, slug: &str, clock: Arc<dyn Clock>) -> Result<City> {
        City::new(
            slug,
            self.store(slug).await?,
            clock,
            Arc::clone(&self.entropy),
        )
        .await
    }

    /// Ends the background work and closes all cities, after what was being written is done.
    pub async fn close(&self) {
        // A write that has begun goes on without its caller; what was not begun is due again at the next start.
        self.tasks.lock().await.shutdown().await;
        for city in self.cities.write().await.values() {
            if let Err(error) = sources::write_out(city).await {
                tracing::warn!(city = city.slug(), error = %error, "sources.write failed");
            }
            city.store().close().await;
        }
    }
}

/// Whether `text` can be the short name of a city: 2 to 31 lower-case letters and digits, a letter first. It is a host
/// name, a folder and a schema at once.
pub fn is_slug(text: &str) -> bool {
    (2..=31).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}
