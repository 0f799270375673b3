//! One city, one database: the only crate with SQL.
//!
//! A city is four databases of the same kind, side by side: `city` (everything it knows), `keys` (one wrapped key
//! per person), `media` (pictures) and `live` (entities and their history, behind the journal). Embedded they are four
//! SQLite files in the city's folder; outgrown they are four PostgreSQL schemas. Every statement is written once and runs on both through `on_backend!`.
//!
//! To add a table: a migration in `migrations/{sqlite,postgres}/…` (a test holds them equal), a file here named
//! like the room in `domain`, and a test in `tests/` on both databases (a test fails for a statement that did
//! not run on both).
//!
//! Absent on purpose: any knowledge of HTTP, of pages, of who may do what.
#![forbid(unsafe_code)]

pub mod alarms;
pub mod alert_documents;
pub mod alert_drafts;
pub mod alert_feeds;
pub mod alerts;
pub mod backend;
pub mod backup;
pub mod chains;
pub mod city_stages;
pub mod clocks;
mod columns;
pub mod comments;
pub mod configuration;
pub mod consumers;
pub mod drafts;
pub mod history;
mod history_heads;
mod history_write;
pub mod incidents;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod live;
mod live_flush;
mod live_places;
mod live_state;
mod live_tables;
mod location;
pub mod measures;
pub mod media;
pub mod mergers;
pub mod mqtt;
pub mod photos;
pub mod playbooks;
pub mod presses;
pub mod quarantine;
pub mod ratings;
pub mod report_query;
pub mod reports;
pub mod rules;
pub mod sign_ins;
pub mod sources;
mod statements;
pub mod subscriptions;
pub mod units;
pub mod updates;
pub mod walls;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use pendopo_domain::time::Timestamp;
use tokio::sync::watch;

pub use backend::{Database, Db};
pub use keys::{Keys, MasterKey};
pub use live::Live;
pub use location::{Kind, Location};
pub use media::Media;

/// What can go wrong below the use cases.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or answered with an error of its own. Trying again may help.
    #[error("the database did not do what was asked")]
    Unavailable(#[from] sqlx::Error),
    /// The schema could not be brought to this version of the program.
    #[error("the database schema could not be prepared")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Something on disk does not read as what it should be.
    #[error("stored data does not read: {0}")]
    Corrupt(String),
    /// A folder or file of the city could not be used.
    #[error("a file of the city could not be used")]
    Io(#[from] std::io::Error),
    /// The work was dropped before it could be answered; nothing of it was kept.
    #[error("the write did not happen")]
    NotWritten,
}

impl StoreError {
    /// True when a uniqueness rule of the schema refused a row.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Unavailable(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

/// Result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The four databases of one city.
pub struct Store {
    location: Location,
    city: Arc<Database>,
    keys: Keys,
    media: Media,
    tables: Arc<Database>,
    live: tokio::sync::OnceCell<Live>,
}

impl Store {
    /// Opens a city, creating what is missing and bringing its schema to this version.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be used, [`StoreError::Migration`] when the schema is newer
    /// than this program.
    pub async fn open(location: Location, master: MasterKey) -> Result<Self> {
        if let Location::Folder(folder) = &location {
            std::fs::create_dir_all(folder)?;
        }
        let city = Arc::new(Database::open(&location, Kind::City).await?);
        let keys = Keys::new(Database::open(&location, Kind::Keys).await?, master);
        let media = Media::new(Database::open(&location, Kind::Media).await?);
        let tables = Arc::new(Database::open(&location, Kind::Live).await?);
        Ok(Self {
            location,
            city,
            keys,
            media,
            tables,
            live: tokio::sync::OnceCell::new(),
        })
    }

    /// Whether a city exists at `location`, without creating anything.
    pub async fn exists(location: &Location) -> Result<bool> {
        match location {
            Location::Folder(folder) => Ok(folder.join(Kind::City.file_name()).is_file()),
            Location::Postgres { url, schema } => location::schema_exists(url, schema).await,
        }
    }

    /// Where the city is kept.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The keys of the persons.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The pictures.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// The live data, loaded when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be loaded; it is tried again the next time.
    pub async fn live(&self) -> Result<&Live> {
        let (city, tables) = (&self.city, &self.tables);
        self.live
            .get_or_try_init(|| Live::open(Arc::clone(city), Arc::clone(tables)))
            .await
    }

    /// The live data, if somebody has asked for it.
    pub fn loaded_live(&self) -> Option<&Live> {
        self.live.get()
    }

    /// Up to where the tables behind the live data have the journal.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn flushed(&self) -> Result<journal::Position> {
        live_tables::flushed(&mut self.tables.read().await?).await
    }

    /// A consistent look at the city.
    pub async fn read(&self) -> Result<Db> {
        self.city.read().await
    }

    /// One transaction, acknowledged when it is on disk. See [`Database::write`].
    pub async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Db) -> futures::future::BoxFuture<'a, std::result::Result<T, E>>
            + Send
            + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.city.write(work).await
    }

    /// Changes whenever this process has committed to the city. Other processes are seen by polling.
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.city.moved()
    }

    /// How many times the city's databases have made a transaction durable since they were opened.
    pub fn commits(&self) -> u64 {
        *self.city.moved().borrow()
    }

    /// Closes all connections, after what was being written is done.
    pub async fn close(&self) {
        self.city.close().await;
        self.keys.close().await;
        self.media.close().await;
        self.tables.close().await;
    }

    /// Takes the right to do this city's background work, or `None` when another process holds it.
    ///
    /// # Errors
    /// When the database or the lock file cannot be reached.
    pub async fn lease(&self) -> Result<Option<backend::Lease>> {
        self.city.lease(&self.location).await
    }

    /// Checks that the databases are sound and that every hash chain closes. Returns what is wrong.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut problems = self.city.integrity().await?;
        problems.extend(self.keys.integrity().await?);
        problems.extend(self.media.integrity().await?);
        problems.extend(self.tables.integrity().await?);
        let mut db = self.read().await?;
        problems.extend(chains::verify(&mut db).await?);
        problems.extend(measures::verify(&mut db).await?);
        Ok(problems)
    }
}

/// All the cities kept below a folder or in a PostgreSQL database, by name, in alphabetical order.
///
/// # Errors
/// When the folder or the database cannot be read.
pub async fn cities(root: &Root) -> Result<Vec<String>> {
    match root {
        Root::Folder(folder) => location::folders_with_city(folder),
        Root::Postgres(url) => location::schemas_with_city(url).await,
    }
}

/// Where a node keeps its cities.
#[derive(Clone)]
pub enum Root {
    /// A folder with one folder per city.
    Folder(PathBuf),
    /// The address of a PostgreSQL database with four schemas per city.
    Postgres(String),
}

/// The address of a database may hold a password.
impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::Postgres(_) => f.write_str("Postgres(****)"),
        }
    }
}

impl Root {
    /// Where the city called `slug` is, or would be.
    pub fn city(&self, slug: &str) -> Location {
        match self {
            Self::Folder(folder) => Location::Folder(folder.join(slug)),
            Self::Postgres(url) => Location::Postgres {
                url: url.clone(),
                schema: slug.to_owned(),
            },
        }
    }
}

/// Binds a time as it is stored.
pub(crate) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::micros)
}
