//! SQLite and PostgreSQL behind one door.
//!
//! A [`Database`] hands out [`Db`]s: an open transaction on either. `on_backend!` runs one piece of code, with one
//! SQL text, on whichever it is. A real difference between the two is a `match` with a comment that says why.
//!
//! SQLite: WAL, `synchronous=FULL`, one writer with group commit, a pool of readers, checkpoints on a connection of
//! their own but for the end of a large log. PostgreSQL: one schema per database, its own group commit, no table ever qualified by a schema
//! name, so that no statement can reach another city.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection, Postgres, Sqlite, Transaction};
use tokio::sync::watch;

use crate::location::{Kind, Location, check_schema};
use crate::writer::Writer;
use crate::{Result, StoreError};

/// How long a statement waits for another process that is writing to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// Readers of one SQLite file; reads are short, and each connection is a thread with a page cache.
const SQLITE_READERS: u32 = 4;
/// Connections of one node to one schema.
const POSTGRES_CONNECTIONS: u32 = 12;
/// How long a caller waits for a connection before it is told that the database is not there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// In the folder of a city: locked by the process that works behind it.
pub(crate) const LOCK_FILE: &str = "node.lock";

/// Every commit is on disk before it is answered. Only the build that must be caught does without.
const SYNCHRONOUS: SqliteSynchronous = if cfg!(feature = "sabotage-skip-fsync") {
    SqliteSynchronous::Off
} else {
    SqliteSynchronous::Full
};
#[cfg(all(feature = "sabotage-skip-fsync", not(debug_assertions)))]
compile_error!("sabotage-skip-fsync loses reports; it is never part of a release build");

/// An open transaction on either database.
pub enum Db {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    pub(crate) fn backend(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Locks the rows of a `SELECT` until the end of the transaction. SQLite has one writer, which holds the lock
    /// already, and no such clause.
    pub(crate) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE",
        }
    }
}

/// Runs `$body` with `$c` bound to the connection inside a [`Db`], whichever it is, and notes that the statement
/// ran.
macro_rules! on_backend {
    ($db:expr, |$c:ident| $body:expr) => {{
        $crate::statements::ran($db.backend(), file!(), line!());
        match $db {
            $crate::backend::Db::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::backend::Db::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    }};
}
pub(crate) use on_backend;

/// One of the four databases of a city.
pub struct Database {
    inner: Inner,
    moved: watch::Sender<u64>,
}

enum Inner {
    Sqlite {
        writer: Writer,
        readers: SqlitePool,
        /// One connection, for checkpoints alone.
        checkpointing: SqlitePool,
        checkpoints: tokio::task::JoinHandle<()>,
    },
    Postgres {
        pool: PgPool,
    },
}

impl Database {
    /// Opens the database, creates it if need be and applies its migrations.
    pub(crate) async fn open(location: &Location, kind: Kind) -> Result<Self> {
        let moved = watch::Sender::new(0);
        let inner = match location {
            Location::Folder(folder) => {
                open_sqlite(&folder.join(kind.file_name()), kind, &moved).await?
            }
            Location::Postgres { url, schema } => open_postgres(url, schema, kind).await?,
        };
        Ok(Self { inner, moved })
    }

    /// A consistent look: everything read through it is of one moment.
    pub async fn read(&self) -> Result<Db> {
        Ok(match &self.inner {
            Inner::Sqlite { readers, .. } => Db::Sqlite(readers.begin().await?),
            Inner::Postgres { pool } => Db::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    /// Runs `work` in one transaction and answers when it is on disk.
    ///
    /// An error from `work` undoes all of it and is returned. The work goes on when the caller stops waiting. On
    /// SQLite concurrent works share one commit, each keeping its own result; `work` does no I/O but its statements.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] when the transaction could not be made durable; then nothing of it
    /// was kept.
    pub async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Db) -> BoxFuture<'a, std::result::Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.inner {
            Inner::Sqlite { writer, .. } => writer.write(work).await,
            Inner::Postgres { pool } => {
                let (pool, moved) = (pool.clone(), self.moved.clone());
                let task = tokio::spawn(async move {
                    let mut db = Db::Postgres(pool.begin().await.map_err(StoreError::from)?);
                    let value = work(&mut db).await?;
                    db.commit().await?;
                    moved.send_modify(|count| *count += 1);
                    Ok(value)
                });
                task.await
                    .unwrap_or_else(|_| Err(StoreError::NotWritten.into()))
            }
        }
    }

    pub(crate) fn moved(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    pub(crate) async fn close(&self) {
        match &self.inner {
            Inner::Sqlite {
                writer,
                readers,
                checkpointing,
                checkpoints,
            } => {
                writer.close().await;
                readers.close().await;
                checkpoints.abort();
                checkpointing.close().await;
            }
            Inner::Postgres { pool } => pool.close().await,
        }
    }

    /// Makes what was deleted unreadable on disk. SQLite keeps old pages in the write-ahead log until it is folded
    /// into the file; PostgreSQL reuses the room of dead rows itself (autovacuum).
    pub(crate) async fn fold_log(&self) -> Result<()> {
        if let Inner::Sqlite { checkpointing, .. } = &self.inner {
            let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(checkpointing)
                .await?;
            if busy != 0 {
                tracing::warn!(
                    "store.fold_log met a reader that did not end; the log goes with the next one"
                );
            }
        }
        Ok(())
    }

    pub(crate) async fn integrity(&self) -> Result<Vec<String>> {
        match self.read().await? {
            // PostgreSQL checks its pages itself (data checksums, amcheck); asking it adds nothing.
            Db::Postgres(_) => Ok(vec![]),
            Db::Sqlite(mut tx) => {
                let mut lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
                    .fetch_all(&mut *tx)
                    .await?;
                lines.retain(|line| line != "ok");
                let broken: Vec<(String,)> =
                    sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check")
                        .fetch_all(&mut *tx)
                        .await?;
                lines.extend(
                    broken
                        .into_iter()
                        .map(|(table,)| format!("{table}: a row points nowhere")),
                );
                Ok(lines)
            }
        }
    }

    /// See [`crate::Store::lease`].
    pub(crate) async fn lease(&self, location: &Location) -> Result<Option<Lease>> {
        match (&self.inner, location) {
            (Inner::Postgres { pool }, _) => {
                let mut connection = pool.acquire().await?.detach();
                let held: bool =
                    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext(current_schema()))")
                        .fetch_one(&mut connection)
                        .await?;
                if held {
                    return Ok(Some(Lease(Held::Postgres(Box::new(connection)))));
                }
                connection.close().await?;
                Ok(None)
            }
            (Inner::Sqlite { .. }, Location::Folder(folder)) => {
                let file = std::fs::File::create(folder.join(LOCK_FILE))?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(Lease(Held::File(file)))),
                    Err(std::fs::TryLockError::WouldBlock) => Ok(None),
                    Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
                }
            }
            (Inner::Sqlite { .. }, Location::Postgres { .. }) => Ok(None),
        }
    }
}

/// The right to do a city's background work; given back when dropped or when the process ends.
pub struct Lease(Held);

enum Held {
    /// Locked as long as it is open.
    File(#[expect(dead_code, reason = "held for its lock, which ends with it")] std::fs::File),
    Postgres(Box<sqlx::PgConnection>),
}

impl Lease {
    /// Whether the lease still holds. A PostgreSQL lease ends with its connection.
    pub async fn holds(&mut self) -> bool {
        match &mut self.0 {
            Held::File(_) => true,
            Held::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }
}

async fn open_sqlite(path: &Path, kind: Kind, moved: &watch::Sender<u64>) -> Result<Inner> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match kind {
            // Made again from the journal when the last of it is lost; never damaged by that (WAL).
            Kind::Live => SqliteSynchronous::Normal,
            Kind::City | Kind::Keys | Kind::Media => SYNCHRONOUS,
        })
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // Deleted keys and texts must not survive in free pages.
        .pragma("secure_delete", "ON")
        // Checkpoints run on their own connection, so that no writer waits for a long one.
        .pragma("wal_autocheckpoint", "0")
        // Bytes that a log keeps on disk when it begins anew: what one burst took is given back.
        .pragma("journal_size_limit", "67108864");
    let one = || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
    };
    // Kibibytes. Live data is written up in large parts, whose pages must not be written twice.
    let cache = if kind == Kind::Live {
        "-32000"
    } else {
        "-8000"
    };
    let writing = one()
        .connect_with(options.clone().pragma("cache_size", cache))
        .await?;
    match kind {
        Kind::City => {
            sqlx::migrate!("./migrations/sqlite/city")
                .run(&writing)
                .await?
        }
        Kind::Keys => {
            sqlx::migrate!("./migrations/sqlite/keys")
                .run(&writing)
                .await?
        }
        Kind::Media => {
            sqlx::migrate!("./migrations/sqlite/media")
                .run(&writing)
                .await?
        }
        Kind::Live => {
            sqlx::migrate!("./migrations/sqlite/live")
                .run(&writing)
                .await?
        }
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(60))
        .connect_lazy_with(
            options
                .clone()
                .read_only(true)
                .pragma("cache_size", "-4000"),
        );
    let checkpointing = one().connect_lazy_with(options);
    let large_log = Arc::new(AtomicBool::new(false));
    let checkpoints = tokio::spawn(checkpoint_in_background(
        checkpointing.clone(),
        moved.subscribe(),
        Arc::clone(&large_log),
    ));
    Ok(Inner::Sqlite {
        writer: Writer::start(writing, moved.clone(), large_log),
        readers,
        checkpointing,
        checkpoints,
    })
}

/// Moves the write-ahead log into the database file, away from writers and readers. A log that has grown large is then
/// begun anew by the writer, see [`Writer`]: while somebody writes, what is done here alone never reaches its end.
async fn checkpoint_in_background(
    pool: SqlitePool,
    mut moved: watch::Receiver<u64>,
    large: Arc<AtomicBool>,
) {
    /// Often enough that the log stays small, rarely enough to cost nothing at rest,
    const PAUSE: Duration = Duration::from_millis(500);
    /// and more often under full load.
    const SHORT: Duration = Duration::from_millis(100);
    /// Pages of a log: 16 MiB.
    const LARGE: i64 = 4_096;
    /// Pages that the writer may be asked to move: 4 MiB. With more, somebody reads for long; it would wait for nothing.
    const LEFT: i64 = 1_024;
    while moved.changed().await.is_ok() {
        let mut pause = PAUSE;
        match checkpoint(&pool).await {
            Ok((pages, done)) if pages >= LARGE => {
                pause = SHORT;
                large.store(pages - done < LEFT, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = %error, "store.checkpoint failed; it is tried again")
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Moves what can be moved without waiting for anybody. Returns how many pages the log has, and how many of them are
/// moved.
pub(crate) async fn checkpoint(pool: &SqlitePool) -> Result<(i64, i64)> {
    let (_, pages, done): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)")
        .fetch_one(pool)
        .await?;
    Ok((pages, done))
}

async fn open_postgres(url: &str, schema: &str, kind: Kind) -> Result<Inner> {
    check_schema(schema)?;
    let schema = format!("{schema}{}", kind.schema_suffix());
    let options = PgConnectOptions::from_str(url)?.options([("search_path", schema.as_str())]);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(60))
        .connect_lazy_with(options);
    let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
    if let Err(error) = sqlx::query(AssertSqlSafe(create)).execute(&pool).await {
        // IF NOT EXISTS does not hold between two nodes that open a new city at once.
        let lost_the_race = error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation());
        if !lost_the_race {
            return Err(error.into());
        }
    }
    match kind {
        Kind::City => {
            sqlx::migrate!("./migrations/postgres/city")
                .run(&pool)
                .await?
        }
        Kind::Keys => {
            sqlx::migrate!("./migrations/postgres/keys")
                .run(&pool)
                .await?
        }
        Kind::Media => {
            sqlx::migrate!("./migrations/postgres/media")
                .run(&pool)
                .await?
        }
        Kind::Live => {
            sqlx::migrate!("./migrations/postgres/live")
                .run(&pool)
                .await?
        }
    }
    Ok(Inner::Postgres { pool })
}
