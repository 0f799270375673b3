//! One running city: its store, its clock, and its configuration in memory.

use std::sync::{Arc, RwLock};

use pendopo_domain::journal::Event;
use pendopo_domain::organisation::{ApiKeyId, PositionId, SignInId};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::ReportId;
use pendopo_domain::sources::MqttAccountId;
use pendopo_domain::time::{Clock, Entropy, Timestamp};
use pendopo_store::journal::{self, Position};
use pendopo_store::{Store, StoreError};
use tokio::sync::broadcast;

use crate::configuration::Configuration;
use crate::followers::Followers;
use crate::sources::{self, Counting};
use crate::{Result, limits};

/// Changes that a slow follower may be behind before it has to look again by itself.
const CHANGES_KEPT: usize = 256;

/// One city in this process.
pub struct City {
    slug: String,
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    configuration: RwLock<Arc<Configuration>>,
    /// Held while the configuration is read again, so that what was read earlier never replaces what was read later.
    reloading: tokio::sync::Mutex<()>,
    changes: broadcast::Sender<Change>,
    residents: Followers,
    staff: Followers,
    counting: Counting,
    leads: std::sync::atomic::AtomicBool,
}

/// A change that the journal has and that followers (live pages) may want to know.
#[derive(Clone, Debug)]
pub struct Change {
    pub position: Position,
    pub event: Arc<Event>,
}

impl City {
    /// Reads the configuration of an opened city.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn new(
        slug: &str,
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let configuration = Configuration::load(&mut store.read().await?).await?;
        Ok(Self {
            slug: slug.to_owned(),
            store,
            clock,
            entropy,
            configuration: RwLock::new(Arc::new(configuration)),
            reloading: tokio::sync::Mutex::default(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            leads: std::sync::atomic::AtomicBool::new(false),
            residents: Followers::new(limits::FOLLOWERS, limits::FOLLOWERS_OF_ADDRESS),
            staff: Followers::new(limits::STAFF_FOLLOWERS, limits::STAFF_FOLLOWERS),
            counting: Counting::default(),
        })
    }

    /// The short name: host name, folder and schema.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The databases of the city.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The present instant of this city.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Random bytes.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// What was counted about sources and not yet written.
    pub(crate) fn counting(&self) -> &Counting {
        &self.counting
    }

    /// The configuration as it is now. Take it once per use case, so that one case sees one configuration.
    pub fn configuration(&self) -> Arc<Configuration> {
        let held = self
            .configuration
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// Reads the configuration again.
    ///
    /// # Errors
    /// When it cannot be read; the old one stays.
    pub async fn reload(&self) -> Result<()> {
        let _place = self.reloading.lock().await;
        let fresh = Arc::new(Configuration::load(&mut self.store.read().await?).await?);
        let mut held = self
            .configuration
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *held = fresh;
        Ok(())
    }

    /// Whether this process does the background work of the city.
    pub fn leads(&self) -> bool {
        self.leads.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn set_leads(&self, leads: bool) {
        self.leads
            .store(leads, std::sync::atomic::Ordering::Relaxed);
    }

    /// Changes from now on, as they appear in the journal.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// The places of those who follow the changes for a page of `actor`.
    pub fn followers(&self, actor: &Actor) -> &Followers {
        match actor.who {
            Who::Staff(_) => &self.staff,
            _ => &self.residents,
        }
    }

    /// Where the journal ends now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn journal_end(&self) -> Result<Position> {
        Ok(journal::end(&mut self.store.read().await?).await?)
    }

    /// A text that is another one after every change; see [`journal::mark`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mark(&self) -> Result<String> {
        Ok(journal::mark(&mut self.store.read().await?).await?)
    }

    /// Follows the journal for this process: reloads the configuration when it changed and tells live pages. Ends
    /// only with the process. Other nodes and the command line are seen by looking once a second.
    pub async fn follow(self: Arc<Self>) {
        const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
        const GATHER: std::time::Duration = std::time::Duration::from_millis(5);
        // What this process writes of live data it knows already.
        const LOOK_AT_OTHERS: std::time::Duration = std::time::Duration::from_millis(250);
        let mut moved = self.store.moved();
        let mut position = None;
        let mut looked = tokio::time::Instant::now();
        loop {
            match self.follow_once(position).await {
                Ok(reached) => position = Some(reached),
                Err(error) => {
                    tracing::warn!(city = self.slug, error = %error, "city.follow failed")
                }
            }
            tokio::select! {
                _ = moved.changed() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Some(live) = self.store.loaded_live()
                && looked.elapsed() >= LOOK_AT_OTHERS
            {
                looked = tokio::time::Instant::now();
                if let Err(error) = live.follow().await {
                    tracing::warn!(city = self.slug, error = %error, "live.follow failed");
                }
            }
            if let Err(error) = sources::write_now_and_then(&self).await {
                tracing::warn!(city = self.slug, error = %error, "sources.write failed");
            }
        }
    }

    async fn follow_once(&self, from: Option<Position>) -> Result<Position> {
        const AT_ONCE: i64 = 500;
        let mut db = self.store.read().await?;
        let Some(from) = from else {
            return Ok(journal::end(&mut db).await?);
        };
        let entries = journal::after(&mut db, from, AT_ONCE).await?;
        drop(db);
        let reached = entries.last().map_or(from, |entry| entry.position);
        if entries
            .iter()
            .any(|entry| matches!(entry.event, Event::ConfigurationChanged { .. }))
        {
            self.reload().await?;
        }
        for entry in entries {
            // Without followers there is nobody to tell.
            let _ = self.changes.send(Change {
                position: entry.position,
                event: Arc::new(entry.event),
            });
        }
        Ok(reached)
    }

    /// Somebody who is not signed in.
    pub fn public(&self) -> Actor {
        Actor {
            who: Who::Public,
            grants: self.role_grants("public", Scope::City, None),
        }
    }

    /// The holder of a report's signed link: everything the public may, and this report.
    pub fn reporter(&self, report: ReportId) -> Actor {
        let mut grants = self.role_grants("public", Scope::City, None);
        grants.extend(self.role_grants("reporter", Scope::Report(report), None));
        Actor {
            who: Who::Reporter(report),
            grants,
        }
    }

    /// A system with a key.
    pub fn api_client(&self, key: ApiKeyId) -> Actor {
        Actor {
            who: Who::ApiClient(key),
            grants: self.role_grants("api_client", Scope::City, None),
        }
    }

    /// A device. It may do what other systems may do to entities, and of that only write.
    pub fn mqtt_account(&self, account: MqttAccountId) -> Actor {
        let mut grants = self.role_grants("api_client", Scope::City, None);
        for grant in &mut grants {
            grant
                .actions
                .retain(|action| *action == Action::WriteEntities);
        }
        Actor {
            who: Who::MqttAccount(account),
            grants,
        }
    }

    /// The city for what it fetches or listens to by itself: it writes entities and nothing else.
    pub fn listener(&self) -> Actor {
        let grant = Grant {
            actions: [Action::WriteEntities].into(),
            scope: Scope::City,
            position: None,
        };
        Actor {
            who: Who::City,
            grants: vec![grant],
        }
    }

    /// The node itself, for deadlines that pass. It asks no policy.
    pub fn itself(&self) -> Actor {
        Actor {
            who: Who::City,
            grants: vec![],
        }
    }

    /// Somebody signed in, acting from a position.
    pub fn staff(&self, sign_in: SignInId, position: PositionId) -> Actor {
        let configuration = self.configuration();
        let found = configuration
            .positions
            .iter()
            .find(|held| held.id == position);
        let grants = found.map_or(vec![], |held| {
            let scope = held.team.map_or(Scope::City, Scope::Team);
            self.role_grants(&held.role, scope, Some(position))
        });
        Actor {
            who: Who::Staff(sign_in),
            grants,
        }
    }

    fn role_grants(&self, role: &str, scope: Scope, position: Option<PositionId>) -> Vec<Grant> {
        let configuration = self.configuration();
        let found = configuration.roles.iter().find(|known| known.code == role);
        found
            .map(|role| Grant {
                actions: role.actions.clone(),
                scope,
                position,
            })
            .into_iter()
            .collect()
    }

    /// Appends `event` to the journal; for use inside a write.
    pub(crate) async fn journal(
        db: &mut pendopo_store::Db,
        now: Timestamp,
        event: &Event,
    ) -> Result<(), StoreError> {
        journal::append(db, now, event).await
    }
}
