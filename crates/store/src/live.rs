//! Live data: acknowledge when the journal has it, answer from memory, fill the tables later.
//!
//! One task per city takes what waits, decides it against the state in memory and appends one journal row for all of
//! it. When that is durable the state in memory moves on and everybody is answered. `live_flush` brings the tables
//! of the `live` database after it, and with them [`crate::history`].
//!
//! Several processes may write to one city. Each takes the same lock for the moment of its commit (SQLite has one
//! writer anyway; PostgreSQL an advisory lock) and first applies what others committed since, so that all decide on the
//! same state in the same order. No row is locked and nothing is merged twice.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures::FutureExt;
use pendopo_domain::entities::{Command, Effect, Entity, Iri, Outcome, Refusal, decide};
use pendopo_domain::time::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::backend::{Database, Db, on_backend};
use crate::history_write::KnownSeries;
use crate::journal::Position;
use crate::live_flush::Waiting;
pub use crate::live_state::{Found, State};
use crate::{Result, StoreError, journal, live_tables};

/// Kind of the journal's rows that hold effects on entities.
pub const KIND: &str = "entities";
/// Requests that may wait for the writer; beyond it callers wait for a place.
const QUEUE: usize = 4096;
/// Commands in one journal row, unless one request alone has more. Bounds how long the first waits for the last.
const GROUP: usize = 4096;
/// Journal rows read at a time.
pub(crate) const ROWS: i64 = 16;
/// Groups that a slow follower may be behind before it has to read the journal.
const CHANGES_KEPT: usize = 1024;

/// One journal row of live data.
#[derive(Clone, Debug)]
pub struct Entry {
    pub position: Position,
    pub at: Timestamp,
    pub effects: Arc<Vec<Effect>>,
}

/// What each command of a request did.
pub type Outcomes = Vec<std::result::Result<Outcome, Refusal>>;

struct Request {
    commands: Vec<Command>,
    at: Timestamp,
    answer: oneshot::Sender<Result<Outcomes>>,
}

/// The live data of one city in this process.
pub struct Live {
    shared: Arc<Shared>,
    tables: Arc<Database>,
    series: Arc<KnownSeries>,
    flushing: tokio::sync::Mutex<()>,
    queue: mpsc::Sender<Request>,
}

struct Shared {
    city: Arc<Database>,
    state: RwLock<State>,
    waiting: Waiting,
    /// Held from before a commit until the memory has it, so that what this process wrote is not read back meanwhile.
    turn: tokio::sync::Mutex<()>,
    changes: broadcast::Sender<Entry>,
}

impl Live {
    /// Loads the entities and what the journal has after them.
    ///
    /// # Errors
    /// When a database does not answer or a document does not read.
    pub(crate) async fn open(city: Arc<Database>, tables: Arc<Database>) -> Result<Self> {
        let mut state = State::default();
        let mut db = tables.read().await?;
        state.position = live_tables::flushed(&mut db).await?;
        live_tables::load(&mut db, |entity| {
            state.place(&Arc::clone(&entity.id), Some(entity))
        })
        .await?;
        drop(db);
        let tables_at = state.position;
        let shared = Arc::new(Shared {
            city,
            waiting: Waiting::default(),
            turn: tokio::sync::Mutex::default(),
            state: RwLock::new(state),
            changes: broadcast::channel(CHANGES_KEPT).0,
        });
        shared.waiting.begin(tables_at);
        let (queue, requests) = mpsc::channel(QUEUE);
        let live = Self {
            shared,
            tables,
            series: Arc::default(),
            flushing: tokio::sync::Mutex::default(),
            queue,
        };
        live.follow().await?;
        tokio::spawn(run(requests, Arc::clone(&live.shared)));
        Ok(live)
    }

    /// The entities as they are now. Not to be held across an await.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.shared
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The entity called `id` as it is now.
    pub fn get(&self, id: &str) -> Option<Arc<Entity>> {
        self.state().get(id).cloned()
    }

    /// Changes from now on, after they are durable.
    pub fn changes(&self) -> broadcast::Receiver<Entry> {
        self.shared.changes.subscribe()
    }

    /// Does `commands` in their order and answers when the journal has them on disk. Each is done or refused by itself.
    ///
    /// # Errors
    /// When it could not be made durable; then nothing of it was kept.
    pub async fn commit(&self, commands: Vec<Command>, at: Timestamp) -> Result<Outcomes> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            commands,
            at,
            answer,
        };
        self.queue
            .send(request)
            .await
            .map_err(|_| StoreError::NotWritten)?;
        answered.await.unwrap_or(Err(StoreError::NotWritten))
    }

    /// Applies what other processes committed. Returns how many journal rows there were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn follow(&self) -> Result<usize> {
        let _turn = self.shared.turn.lock().await;
        let mut followed = 0;
        loop {
            let from = self.state().position;
            let mut db = self.shared.city.read().await?;
            let entries = after(&mut db, from, ROWS).await?;
            if entries.is_empty() {
                return Ok(followed);
            }
            followed += entries.len();
            self.shared.take_over(entries);
        }
    }

    /// The database behind the journal: entities and history.
    pub fn tables(&self) -> &Database {
        &self.tables
    }

    pub(crate) fn city(&self) -> &Database {
        &self.shared.city
    }

    pub(crate) fn series(&self) -> &Arc<KnownSeries> {
        &self.series
    }

    /// Held by the one who flushes: a second one of this process would make the same part only to throw it away.
    pub(crate) fn flushing(&self) -> &tokio::sync::Mutex<()> {
        &self.flushing
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.shared.waiting
    }
}

impl Shared {
    fn take_over(&self, entries: Vec<Entry>) {
        let mut state = self.writing();
        for entry in entries {
            // Somebody else may have been quicker with the same rows.
            if entry.position > state.position {
                state.apply(&entry.effects, entry.position);
                self.tell(entry);
            }
        }
    }

    fn publish(&self, group: Decided) -> Vec<(oneshot::Sender<Result<Outcomes>>, Outcomes)> {
        if let Some(entry) = group.entry {
            let mut state = self.writing();
            // Whoever follows the journal waits for this, see `turn`.
            debug_assert!(entry.position > state.position);
            for (id, entity) in group.after {
                state.place(&id, entity);
            }
            state.position = entry.position;
            self.tell(entry);
        }
        group.answers
    }

    fn writing(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called while the state is locked, so that all see the same order.
    fn tell(&self, entry: Entry) {
        self.waiting.push(entry.clone());
        // Without followers there is nobody to tell.
        let _ = self.changes.send(entry);
    }
}

/// What a group of requests comes to, before it is durable.
struct Decided {
    after: HashMap<Iri, Option<Arc<Entity>>>,
    entry: Option<Entry>,
    answers: Vec<(oneshot::Sender<Result<Outcomes>>, Outcomes)>,
}

async fn run(mut requests: mpsc::Receiver<Request>, shared: Arc<Shared>) {
    let mut waiting = std::collections::VecDeque::new();
    loop {
        if waiting.is_empty() {
            match requests.recv().await {
                Some(request) => waiting.push_back(request),
                None => return,
            }
        }
        while waiting.len() < QUEUE
            && let Ok(request) = requests.try_recv()
        {
            waiting.push_back(request);
        }
        let mut group = vec![];
        let mut commands = 0;
        while let Some(next) = waiting.front()
            && (group.is_empty() || commands + next.commands.len() <= GROUP)
        {
            commands += next.commands.len();
            group.extend(waiting.pop_front());
        }
        commit_group(&shared, group).await;
    }
}

/// One journal row for all of `group`. Everybody is answered, after the row is durable.
async fn commit_group(shared: &Arc<Shared>, group: Vec<Request>) {
    let _turn = shared.turn.lock().await;
    let inside = Arc::clone(shared);
    let written = shared
        .city
        .write(move |db| async move { decide_in(db, &inside, group).await }.boxed())
        .await;
    match written {
        Ok(decided) => {
            for (answer, outcomes) in shared.publish(decided) {
                // A caller that stopped waiting loses nothing.
                let _ = answer.send(Ok(outcomes));
            }
        }
        // The answers were dropped with the work, so every caller is told that nothing was written.
        Err(error) => {
            tracing::error!(error = %error, "live.commit failed; nothing of this group was kept")
        }
    }
}

async fn decide_in(db: &mut Db, shared: &Shared, group: Vec<Request>) -> Result<Decided> {
    lock(db).await?;
    loop {
        let from = shared
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .position;
        let entries = after(db, from, ROWS).await?;
        if entries.is_empty() {
            break;
        }
        shared.take_over(entries);
    }
    let at = group
        .iter()
        .map(|request| request.at)
        .max()
        .unwrap_or(Timestamp::from_micros(0));
    let (after, effects, answers) = {
        let state = shared.state.read().unwrap_or_else(PoisonError::into_inner);
        decide_all(&state, group)
    };
    let entry = match effects.is_empty() {
        true => None,
        false => Some(append(db, at, effects).await?),
    };
    Ok(Decided {
        after,
        entry,
        answers,
    })
}

type After = HashMap<Iri, Option<Arc<Entity>>>;
type Answers = Vec<(oneshot::Sender<Result<Outcomes>>, Outcomes)>;

fn decide_all(state: &State, group: Vec<Request>) -> (After, Vec<Effect>, Answers) {
    let mut after: After = HashMap::new();
    let mut effects = vec![];
    let mut answers = Vec::with_capacity(group.len());
    for request in group {
        let mut outcomes = Vec::with_capacity(request.commands.len());
        for command in request.commands {
            let id = Arc::clone(command.id());
            let current = match after.get(&id) {
                Some(changed) => changed.as_ref(),
                None => state.get(&id),
            };
            match decide(current.map(|entity| &**entity), command, request.at) {
                Ok((effect, outcome)) => {
                    if let Some(effect) = effect {
                        if effect.changes_present() {
                            let next = effect.apply(current);
                            after.insert(id, next);
                        }
                        effects.push(effect);
                    }
                    outcomes.push(Ok(outcome));
                }
                Err(refusal) => outcomes.push(Err(refusal)),
            }
        }
        answers.push((request.answer, outcomes));
    }
    (after, effects, answers)
}

/// Keeps other processes of this city from deciding until the transaction ends. SQLite's writer has done so already.
async fn lock(db: &mut Db) -> Result<()> {
    if let Db::Postgres(tx) = db {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1)")
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

async fn append(db: &mut Db, at: Timestamp, effects: Vec<Effect>) -> Result<Entry> {
    let payload = serde_json::to_string(&effects)
        .map_err(|error| StoreError::Corrupt(format!("effects do not become JSON: {error}")))?;
    let (txid, seq): (i64, i64) = on_backend!(db, |c| {
        sqlx::query_as(
            "INSERT INTO journal (at, kind, payload) VALUES ($1, $2, $3) RETURNING txid, seq",
        )
        .bind(at.micros())
        .bind(KIND)
        .bind(payload)
        .fetch_one(c)
        .await?
    });
    Ok(Entry {
        position: Position { txid, seq },
        at,
        effects: Arc::new(effects),
    })
}

/// What entities were when they were deleted: for each of `wanted`, which stands at a place of the journal, the first
/// deletion at or after it. Those that were not deleted, or by a row that does not say, are missing.
///
/// Reads the journal from the first of the places until all are found.
pub async fn deleted(
    db: &mut Db,
    wanted: &[(Iri, Position)],
) -> Result<HashMap<(Iri, Position), Arc<Entity>>> {
    let mut found = HashMap::new();
    let Some(first) = wanted.iter().map(|(_, at)| *at).min() else {
        return Ok(found);
    };
    let mut position = Position {
        seq: first.seq - 1,
        ..first
    };
    while found.len() < wanted.len() {
        let entries = after(db, position, ROWS).await?;
        let Some(last) = entries.last() else { break };
        position = last.position;
        for entry in &entries {
            for effect in entry.effects.iter() {
                let Effect::Delete {
                    id,
                    last: Some(last),
                    ..
                } = effect
                else {
                    continue;
                };
                for key in wanted
                    .iter()
                    .filter(|(one, at)| one == id && *at <= entry.position)
                {
                    found.entry(key.clone()).or_insert_with(|| Arc::clone(last));
                }
            }
        }
    }
    Ok(found)
}

/// The next changes of live data after `position`, in order, at most `limit` rows.
///
/// Rows of this kind are committed one transaction after the other, so what can be seen is settled.
pub async fn after(db: &mut Db, position: Position, limit: i64) -> Result<Vec<Entry>> {
    let statement = format!(
        "SELECT txid, seq, at, payload FROM journal
         WHERE kind = 'entities' AND {} ORDER BY txid, seq LIMIT {limit}",
        journal::newer(db)
    );
    let rows: Vec<(i64, i64, i64, String)> = on_backend!(db, |c| {
        sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(position.txid)
            .bind(position.seq)
            .fetch_all(c)
            .await?
    });
    rows.into_iter()
        .map(|(txid, seq, at, payload)| {
            Ok(Entry {
                position: Position { txid, seq },
                at: Timestamp::from_micros(at),
                effects: Arc::new(crate::columns::json(&payload)?),
            })
        })
        .collect()
}
