//! Moves the clock of the city from record to record and sends what is due.

use std::collections::BTreeSet;
use std::time::Duration;

use pendopo_domain::time::{Clock, Timestamp};
use tokio::time::Instant;

use super::send::{BATCH, BATCH_BYTES, Client, Outgoing, Said};
use super::{Account, Content, Record, Records, ReplayError};
use crate::driven::Driven;

/// Between two moves of the clock while nothing is due.
const STEP: Duration = Duration::from_millis(100);

/// How fast the time of the city goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// From record to record without waiting.
    Max,
    /// So many seconds of the city in one of ours; more than 0.
    Times(f64),
}

impl std::str::FromStr for Pace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err("write max, or a number above 0"),
        }
    }
}

/// Sends `records`, each when the clock of the city is there, and accounts for all of them. `progress` is told after each
/// request.
///
/// The clock never goes back: a record from before the one ahead of it is sent at once, as a late one.
///
/// # Errors
/// [`ReplayError`] when a file ends before its time. What was sent stays.
pub async fn replay(
    records: Records,
    pace: Pace,
    clock: &Driven,
    client: &Client,
    mut progress: impl FnMut(&Account, Timestamp),
) -> Result<Account, ReplayError> {
    let mut run = Run {
        client,
        account: Account::default(),
        batch: vec![],
        ids: BTreeSet::new(),
        bytes: 0,
    };
    let begun = (Instant::now(), clock.now());
    for item in records {
        let item = item?;
        run.account.read += 1;
        let record = match item {
            Ok(record) => record,
            Err(reason) => {
                run.account.refuse(reason);
                continue;
            }
        };
        if record.at > clock.now() {
            run.send().await;
            wait(pace, clock, begun, record.at).await;
            progress(&run.account, clock.now());
        }
        run.take(record).await;
    }
    run.send().await;
    progress(&run.account, clock.now());
    if run.account.closes() {
        Ok(run.account)
    } else {
        Err(ReplayError::DoesNotClose(run.account))
    }
}

/// Until the clock is at `until`.
async fn wait(pace: Pace, clock: &Driven, begun: (Instant, Timestamp), until: Timestamp) {
    if let Pace::Times(times) = pace {
        loop {
            let passed = begun.0.elapsed().as_secs_f64() * times * 1e6;
            let now = Timestamp::from_micros(begun.1.micros().saturating_add(passed as i64));
            if now >= until {
                break;
            }
            clock.advance_to(now);
            let left = (until.micros() - now.micros()) as f64 / 1e6 / times;
            // A step at most, so that whoever looks at the clock meanwhile sees it go.
            let left = Duration::try_from_secs_f64(left).unwrap_or(STEP);
            tokio::time::sleep(left.min(STEP)).await;
        }
    }
    clock.advance_to(until);
}

struct Run<'c> {
    client: &'c Client,
    account: Account,
    batch: Vec<Outgoing>,
    /// A batch names no entity twice: which of them came last would be lost.
    ids: BTreeSet<String>,
    bytes: usize,
}

impl Run<'_> {
    async fn take(&mut self, record: Record) {
        match record.content {
            Content::Entity { id, json, context } => {
                let full = self.batch.len() >= BATCH || self.bytes + json.len() > BATCH_BYTES;
                if full || self.ids.contains(&id) {
                    self.send().await;
                }
                self.bytes += json.len();
                self.ids.insert(id.clone());
                self.batch.push(Outgoing { id, json, context });
            }
            Content::Report(report) => {
                // In the order in which things happened.
                self.send().await;
                let said = self.client.report(&report).await;
                self.count(said);
            }
        }
    }

    async fn send(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        self.ids.clear();
        self.bytes = 0;
        for said in self.client.entities(&batch).await {
            self.count(said);
        }
    }

    fn count(&mut self, said: Said) {
        self.account.sent += 1;
        match said {
            Said::Accepted => self.account.accepted += 1,
            Said::Refused(reason, why) => {
                self.account.refuse(reason);
                self.account.first_refusal.get_or_insert(why);
            }
        }
    }
}
