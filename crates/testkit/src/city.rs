use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pendopo_domain::time::{Clock, Timestamp};
use pendopo_store::{Location, MasterKey, Store, journal};
use tempfile::TempDir;

use crate::{DrivenClock, TestEntropy, postgres};

/// A new, empty city. Its parts may be moved out; it is removed when the rest of it is dropped.
pub struct TestCity {
    pub store: Store,
    pub clock: Arc<DrivenClock>,
    pub entropy: Arc<TestEntropy>,
    pub location: Location,
    /// Last, so that the store is closed before its place is removed.
    pub place: Place,
}

impl TestCity {
    /// The master key of every test city.
    pub const MASTER: MasterKey = MasterKey::new([7; 32]);

    /// A city in a folder that is removed afterwards.
    pub async fn sqlite() -> Self {
        Self::open(Place::sqlite()).await
    }

    /// A city in a database that is removed afterwards.
    pub async fn postgres() -> Self {
        Self::open(Place::postgres()).await
    }

    async fn open(place: Place) -> Self {
        let location = place.location().clone();
        let store = Store::open(location.clone(), Self::MASTER)
            .await
            .unwrap_or_else(|error| panic!("the city at {location:?} does not open: {error:?}"));
        Self {
            store,
            clock: Arc::default(),
            entropy: Arc::default(),
            location,
            place,
        }
    }

    /// The present instant of the city.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// See [`settle`].
    pub async fn settle(&self) {
        settle(&self.store).await;
    }

    /// Opens the same city a second time, as another node would.
    pub async fn another_node(&self) -> Store {
        Store::open(self.location.clone(), Self::MASTER)
            .await
            .expect("a city opens twice")
    }

    /// A place where no city is yet, in the other kind of database.
    pub fn place_elsewhere(&self) -> Place {
        match self.location {
            Location::Folder(_) => Place::postgres(),
            Location::Postgres { .. } => Place::sqlite(),
        }
    }
}

/// Waits until consumers can read everything that was committed. On PostgreSQL any transaction of the server that is
/// still open, of another test too, holds the end of every journal back for a moment.
pub async fn settle(store: &Store) {
    for _ in 0..3000 {
        let mut db = store.read().await.expect("the city reads");
        if journal::unsettled(&mut db)
            .await
            .expect("the journal reads")
            == 0
        {
            return;
        }
        drop(db);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a transaction has been open for half a minute");
}

/// Room for one city, given back when dropped.
pub struct Place {
    location: Location,
    folder: Option<TempDir>,
}

impl Place {
    /// A folder; it exists when a city was opened in it.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            location: Location::Folder(folder.path().join("city")),
            folder: Some(folder),
        }
    }

    /// A schema in a database of its own, on the server of [`postgres::postgres_url`].
    pub fn postgres() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let chance = RandomState::new().hash_one(std::process::id());
        let schema = format!("t{count}_{chance:016x}");
        Self {
            location: Location::Postgres {
                url: postgres::create(&schema),
                schema,
            },
            folder: None,
        }
    }

    /// Where the city is, or would be.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match &self.location {
            // The folder goes with `self.folder`.
            Location::Folder(_) => drop(self.folder.take()),
            Location::Postgres { schema, .. } => postgres::forget(schema),
        }
    }
}
