//! The one writer of a SQLite file, with group commit.
//!
//! Everything that waits when the writer becomes free is put into one transaction and made durable by one fsync.
//! Each piece of work has its own savepoint, so an error in one undoes that one only. An answer is given after
//! the commit, never before.
//!
//! A write-ahead log that has grown large is moved to its end here, between two groups: only when nobody writes is there
//! an end, and only from there can the log begin anew. Most of it has been moved beside the writer by then.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot, watch};

use crate::backend::{Db, checkpoint};
use crate::{Result, StoreError};

/// Works that may wait; beyond it callers wait for a place, which slows them instead of filling memory.
const QUEUE: usize = 1024;
/// Works in one transaction. Bounds how long the first one waits for the last one.
const GROUP: usize = 256;

/// What a work leaves behind: whether to keep its changes, and how to tell its caller once they are durable.
struct Done {
    keep: bool,
    tell: Box<dyn FnOnce(Result<()>) + Send>,
}

type Work = Box<dyn for<'a> FnOnce(&'a mut Db) -> BoxFuture<'a, Done> + Send>;

pub(crate) struct Writer {
    queue: mpsc::Sender<Work>,
    pool: SqlitePool,
}

impl Writer {
    /// Starts the writer on `pool`, which has one connection. `moved` is told of every commit; `large_log` asks for the
    /// log to be begun anew.
    pub(crate) fn start(
        pool: SqlitePool,
        moved: watch::Sender<u64>,
        large_log: Arc<AtomicBool>,
    ) -> Self {
        let (queue, works) = mpsc::channel(QUEUE);
        tokio::spawn(run(works, pool.clone(), moved, large_log));
        Self { queue, pool }
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Db) -> BoxFuture<'a, std::result::Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |db| {
            async move {
                // Called inside, so that a panic before the first await is caught as well.
                let outcome = AssertUnwindSafe(async move { work(db).await })
                    .catch_unwind()
                    .await;
                let outcome = outcome.unwrap_or_else(|_| Err(StoreError::NotWritten.into()));
                let keep = outcome.is_ok();
                let tell = move |committed: Result<()>| {
                    let outcome =
                        outcome.and_then(|value| committed.map(|()| value).map_err(E::from));
                    // A caller that stopped waiting loses nothing: the work is done all the same.
                    let _ = answer.send(outcome);
                };
                Done {
                    keep,
                    tell: Box::new(tell),
                }
            }
            .boxed()
        });
        self.queue
            .send(work)
            .await
            .map_err(|_| StoreError::NotWritten)?;
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::NotWritten.into()))
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn run(
    mut works: mpsc::Receiver<Work>,
    pool: SqlitePool,
    moved: watch::Sender<u64>,
    large_log: Arc<AtomicBool>,
) {
    let mut group = Vec::with_capacity(GROUP);
    while works.recv_many(&mut group, GROUP).await > 0 {
        let mut done = Vec::with_capacity(group.len());
        let committed = commit_together(&pool, group.drain(..), &mut done).await;
        if let Err(error) = &committed {
            tracing::error!(error = %error, "store.commit failed; nothing of this group was kept");
        }
        if committed.is_ok() && done.iter().any(|done| done.keep) {
            moved.send_modify(|count| *count += 1);
        }
        for done in done {
            let result = if committed.is_ok() {
                Ok(())
            } else {
                Err(StoreError::NotWritten)
            };
            (done.tell)(result);
        }
        if large_log.swap(false, Ordering::Relaxed)
            && let Err(error) = checkpoint(&pool).await
        {
            tracing::warn!(error = %error, "store.checkpoint failed; it is tried again");
        }
    }
}

/// One transaction for all of `works`. When it fails, the works in `done` and those that were dropped are all
/// answered as not written.
async fn commit_together(
    pool: &SqlitePool,
    works: impl ExactSizeIterator<Item = Work>,
    done: &mut Vec<Done>,
) -> Result<()> {
    let mut db = Db::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?);
    // One that is alone needs no savepoint: without a commit the transaction is undone.
    let alone = works.len() == 1;
    for work in works {
        if !alone {
            savepoint(&mut db, "SAVEPOINT work").await?;
        }
        let outcome = work(&mut db).await;
        let keep = outcome.keep;
        done.push(outcome);
        match (alone, keep) {
            (true, true) => {}
            (true, false) => return Ok(()),
            (false, true) => savepoint(&mut db, "RELEASE work").await?,
            (false, false) => {
                savepoint(&mut db, "ROLLBACK TO work").await?;
                savepoint(&mut db, "RELEASE work").await?;
            }
        }
    }
    #[cfg(feature = "sabotage-answer-early")]
    answer_early(done);
    db.commit().await
}

#[cfg(all(feature = "sabotage-answer-early", not(debug_assertions)))]
compile_error!("sabotage-answer-early loses reports; it is never part of a release build");

/// What must never happen, for the proof that the proof of power loss finds it.
#[cfg(feature = "sabotage-answer-early")]
fn answer_early(done: &mut [Done]) {
    for one in done {
        std::mem::replace(&mut one.tell, Box::new(|_| {}))(Ok(()));
    }
}

async fn savepoint(db: &mut Db, statement: &'static str) -> Result<()> {
    if let Db::Sqlite(tx) = db {
        sqlx::query(statement).execute(&mut **tx).await?;
    }
    Ok(())
}
