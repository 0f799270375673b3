//! A node: one process that serves one or many cities.
//!
//! Cities are opened when they are first asked for. A city that was restored or made by the command line while the node
//! runs is found the next time someone asks for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use pendopo_domain::time::{Clock, Entropy};
use pendopo_store::{MasterKey, Root, Store};
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{City, Result, background, rules, sources};

/// A name that no city has is looked for at most this often: a stranger may send any Host, as often as he likes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Which names there are.
#[derive(Default)]
struct Names {
    slugs: HashSet<String>,
    /// Web domains of cities, to their short names.
    domains: HashMap<String, String>,
    read_at: Option<Instant>,
}

/// Work for an opened city that ends only with the process.
pub type Worker = Arc<dyn Fn(Arc<City>) -> BoxFuture<'static, ()> + Send + Sync>;

/// The cities of one process.
pub struct Node {
    workers: Vec<Worker>,
    root: Root,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    cities: RwLock<BTreeMap<String, Arc<City>>>,
    names: RwLock<Names>,
    /// Held while the names are read, so that it is done once for all who wait.
    reading_names: Mutex<()>,
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
            workers: vec![],
            root,
            master,
            clock,
            entropy,
            cities: RwLock::default(),
            names: RwLock::default(),
            reading_names: Mutex::default(),
            tasks: Mutex::default(),
        }
    }

    /// With work of another crate for every city that is opened from now on.
    #[must_use]
    pub fn with_worker(mut self, worker: Worker) -> Self {
        self.workers.push(worker);
        self
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
        tasks.spawn(rules::run(Arc::clone(&city)));
        for worker in &self.workers {
            tasks.spawn(worker(Arc::clone(&city)));
        }
        drop(tasks);
        cities.insert(slug.to_owned(), Arc::clone(&city));
        Ok(Some(city))
    }

    /// The city that the host `name` asks for, in small letters and without a port: by its first label, or by the city's
    /// own web domain. A city or a domain that is new is found within [`LOOK_AGAIN`].
    ///
    /// # Errors
    /// When the root cannot be read, or the city is there but cannot be opened.
    pub async fn city_of_host(&self, name: &str) -> Result<Option<Arc<City>>> {
        let label = name.split_once('.').map(|(label, _)| label);
        if let Some(label) = label
            && let Some(city) = self.cities.read().await.get(label)
        {
            return Ok(Some(Arc::clone(city)));
        }
        if let Some(city) = self.named(name, label).await? {
            return Ok(Some(city));
        }
        if !self.read_names().await? {
            return Ok(None);
        }
        self.named(name, label).await
    }

    async fn named(&self, name: &str, label: Option<&str>) -> Result<Option<Arc<City>>> {
        let names = self.names.read().await;
        let known = label.filter(|label| names.slugs.contains(*label));
        let domain = names.domains.get(name).cloned();
        drop(names);
        if let Some(slug) = known {
            return self.city(slug).await;
        }
        let Some(slug) = domain else { return Ok(None) };
        // The city may have got another domain since.
        let city = self.city(&slug).await?;
        Ok(city.filter(|city| city.configuration().profile.domain == name))
    }

    /// Reads the names of all cities anew, unless that was done a moment ago. Returns whether they may be others now.
    async fn read_names(&self) -> Result<bool> {
        let begun = Instant::now();
        let read_at = self.names.read().await.read_at;
        if read_at.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
            return Ok(false);
        }
        let _place = self.reading_names.lock().await;
        if self.names.read().await.read_at.is_some_and(|at| at > begun) {
            // Somebody else did while this one waited.
            return Ok(true);
        }
        let mut names = Names::default();
        for slug in self.slugs().await? {
            // One city that does not open must not make the others unknown.
            match self.city(&slug).await {
                Ok(Some(city)) => {
                    let domain = city.configuration().profile.domain.clone();
                    if !domain.is_empty() {
                        names.domains.insert(domain, slug.clone());
                    }
                }
                Ok(None) => continue,
                Err(error) => tracing::debug!(city = slug, error = %error, "node.open failed"),
            }
            names.slugs.insert(slug);
        }
        names.read_at = Some(Instant::now());
        *self.names.write().await = names;
        Ok(true)
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
