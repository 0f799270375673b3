//! Live data behind the journal: when the tables are brought after it, and with what.
//!
//! What was decided lately is still in memory and is not read again. The tables are brought on in few, large parts, and
//! between two of them there is rest while readings keep coming: a burst is answered first and written up after it. A
//! start reads what the tables do not have from the journal, so there is no rest once much waits. Nobody who writes is
//! held up: who writes faster than the tables take, for long, makes the next start longer.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use pendopo_domain::entities::{Effect, Entity, Iri};

use crate::journal::Position;
use crate::live::{Entry, Live, ROWS, after};
use crate::{Result, StoreError, history_write, live_tables};

/// Effects that one transaction of the tables takes up, about. The more there are, the more of them stand on one page.
const AT_ONCE: usize = 50_000;
/// Fewer effects than this wait for more of them,
const ENOUGH: usize = 5_000;
/// but no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Effects that are kept in memory until they are in the tables. Beyond it they are read from the journal.
const KEPT: usize = AT_ONCE;
/// Waiting effects from which on there is no rest: a start reads a million in a few seconds.
const BACKLOG: usize = 500_000;
/// While readings keep coming, so many times as long as the last part took is left to them.
const REST: u32 = 4;
/// Readings are said to keep coming when the last ones came this lately.
const LATELY: Duration = Duration::from_millis(200);

/// What is not yet in the tables.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Every entry after this position, in order.
    entries: VecDeque<Entry>,
    after: Position,
    kept: usize,
    /// Effects that wait, those that are no longer kept included.
    effects: usize,
    since: Option<Instant>,
    came_at: Option<Instant>,
    rest_until: Option<Instant>,
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing before this position is of interest.
    pub(crate) fn begin(&self, position: Position) {
        self.lock().after = position;
    }

    /// Takes up what is in the journal now.
    pub(crate) fn push(&self, entry: Entry) {
        let mut inner = self.lock();
        let now = Instant::now();
        inner.since.get_or_insert(now);
        inner.came_at = Some(now);
        inner.kept += entry.effects.len();
        inner.effects += entry.effects.len();
        inner.entries.push_back(entry);
        while inner.kept > KEPT && inner.entries.len() > 1 {
            inner.drop_first();
        }
    }

    /// The entries after `from`, as many as are written together. `None` when some of them are no longer kept.
    fn next(&self, from: Position) -> Option<Vec<Entry>> {
        let inner = self.lock();
        if from < inner.after {
            return None;
        }
        let mut effects = 0;
        let new = inner.entries.iter().filter(|one| one.position > from);
        let next = new.take_while(|one| {
            let first = effects == 0;
            effects += one.effects.len();
            first || effects <= AT_ONCE
        });
        Some(next.cloned().collect())
    }

    /// The tables have everything up to `position`, of which `effects` were written just now in so long a time.
    fn written(&self, position: Position, effects: usize, took: Duration) {
        let mut inner = self.lock();
        inner.pass(position);
        inner.effects = inner.effects.saturating_sub(effects).max(inner.kept);
        let now = Instant::now();
        inner.since = (inner.effects > 0).then_some(now);
        inner.rest_until = Some(now + took * REST);
    }

    /// The tables have everything up to `flushed`, whoever wrote it, and the memory is at `reached`.
    fn look(&self, flushed: Position, reached: Position) {
        let mut inner = self.lock();
        inner.pass(flushed);
        if inner.entries.is_empty() && flushed >= reached {
            (inner.effects, inner.since) = (0, None);
        }
    }

    fn due(&self) -> bool {
        let inner = self.lock();
        let Some(since) = inner.since else {
            return false;
        };
        let now = Instant::now();
        let keeps_coming = inner.came_at.is_some_and(|at| now - at < LATELY);
        let rests = keeps_coming && inner.rest_until.is_some_and(|until| now < until);
        inner.effects >= BACKLOG || (!rests && (inner.effects >= ENOUGH || now - since >= PATIENCE))
    }
}

impl Inner {
    fn pass(&mut self, position: Position) {
        while self
            .entries
            .front()
            .is_some_and(|one| one.position <= position)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.entries.pop_front() {
            self.kept -= first.effects.len();
            self.after = first.position;
        }
    }
}

impl Live {
    /// Brings the tables after the journal, a bounded part at a time. Returns how many journal rows were passed; 0 means
    /// that the tables are as new as the memory. Whoever comes second to a part leaves it to the first and looks again.
    ///
    /// # Errors
    /// When a database does not answer; nothing has moved then.
    pub async fn flush(&self) -> Result<usize> {
        loop {
            if let Some(passed) = self.try_flush().await? {
                return Ok(passed);
            }
        }
    }

    /// Whether anything waits for the tables.
    pub fn is_behind(&self) -> bool {
        self.waiting().lock().since.is_some()
    }

    /// [`Self::flush`] if it is time for it: enough waits or has waited long enough, and a burst has had its turn.
    ///
    /// # Errors
    /// As for [`Self::flush`].
    pub async fn flush_when_due(&self) -> Result<usize> {
        match self.waiting().due() {
            true => self.flush().await,
            false => Ok(0),
        }
    }

    /// Brings the tables up to everything that was answered before the call.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn flush_all(&self) -> Result<()> {
        let reached = self.state().position();
        loop {
            let nothing = self.flush().await? == 0;
            if live_tables::flushed(&mut self.tables().read().await?).await? >= reached {
                return Ok(());
            }
            if nothing {
                return Err(StoreError::Corrupt(
                    "the journal ends before what the memory has".into(),
                ));
            }
        }
    }

    /// `None` when somebody else was quicker with the same part.
    async fn try_flush(&self) -> Result<Option<usize>> {
        let _one = self.flushing().lock().await;
        let begun = Instant::now();
        let from = live_tables::flushed(&mut self.tables().read().await?).await?;
        let reached = self.state().position();
        self.waiting().look(from, reached);
        let entries = match self.waiting().next(from) {
            Some(entries) => entries,
            None => self.gather(from, reached).await?,
        };
        let Some(last) = entries.last() else {
            return Ok(Some(0));
        };
        let (passed, to) = (entries.len(), last.position);
        let effects = entries.iter().map(|entry| entry.effects.len()).sum();
        let documents = self.documents(&entries);
        let known = Arc::clone(self.series());
        let learned = self
            .tables()
            .write(move |db| {
                async move {
                    // First, so that on PostgreSQL a second one waits here for the first to be done.
                    if !live_tables::advance(db, from, to).await? {
                        return Ok::<_, StoreError>(None);
                    }
                    live_tables::put(db, &documents).await?;
                    history_write::record(db, &entries, &known).await.map(Some)
                }
                .boxed()
            })
            .await?;
        Ok(learned.map(|learned| {
            self.series().learn(learned);
            self.waiting().written(to, effects, begun.elapsed());
            passed
        }))
    }

    /// Journal rows after `from`, up to `to`, in a bounded number of effects.
    async fn gather(&self, from: Position, to: Position) -> Result<Vec<Entry>> {
        let (mut entries, mut effects): (Vec<Entry>, usize) = (vec![], 0);
        let mut db = self.city().read().await?;
        while effects < AT_ONCE {
            let from = entries.last().map_or(from, |entry| entry.position);
            let next = after(&mut db, from, ROWS).await?;
            if next.is_empty() || from >= to {
                break;
            }
            effects += next.iter().map(|entry| entry.effects.len()).sum::<usize>();
            entries.extend(next);
        }
        entries.retain(|entry| entry.position <= to);
        Ok(entries)
    }

    /// What is in memory now for everything that `entries` touched; `None` for what is gone. Newer than the entries is
    /// right as well: effects are complete, so doing them again ends in the same place.
    fn documents(&self, entries: &[Entry]) -> Vec<(Iri, Option<Arc<Entity>>)> {
        let effects = entries.iter().flat_map(|entry| entry.effects.iter());
        let touched: BTreeSet<&Iri> = effects
            .filter(|effect| effect.changes_present())
            .map(Effect::id)
            .collect();
        let state = self.state();
        touched
            .into_iter()
            .map(|id| (Arc::clone(id), state.get(id).cloned()))
            .collect()
    }
}
