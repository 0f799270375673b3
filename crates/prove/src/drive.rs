//! Load on a thread of its own: as many clients as are asked for, each waiting for its answer, as cheap as it can be.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::load::{per_second, percentile_ms};
use crate::node::Running;
use crate::sensors;
use crate::wire::{Wire, request};

/// Makes the request with a number.
pub type Make = dyn Fn(usize, &mut Vec<u8>) + Send + Sync;

/// How much is sent.
#[derive(Clone, Copy)]
pub struct Drive {
    pub address: SocketAddr,
    pub clients: usize,
    /// At most so many, by all clients together,
    pub requests: usize,
    /// and none that begins later than this.
    pub most: Duration,
    /// No faster than this, evenly; as fast as it answers without.
    pub per_second: Option<u32>,
}

/// What came of it.
pub struct Driven {
    pub waits: Vec<Duration>,
    pub took: Duration,
    /// Bytes of all answers' bodies.
    pub bytes: usize,
}

impl Drive {
    /// Sends the requests `0..`, each once. An answer above 299 ends it.
    ///
    /// # Errors
    /// When a request is refused or the node goes away.
    pub async fn run(self, make: Arc<Make>) -> Result<Driven> {
        // One thread: clients that wake each other on another core would cost what they measure.
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(self.all(make))
        })
        .await?
    }

    async fn all(self, make: Arc<Make>) -> Result<Driven> {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..self.clients {
            clients.spawn(self.one(begun, Arc::clone(&next), Arc::clone(&make)));
        }
        let mut all = Driven {
            waits: vec![],
            took: Duration::ZERO,
            bytes: 0,
        };
        while let Some(client) = clients.join_next().await {
            let (waits, bytes) = client??;
            all.waits.extend(waits);
            all.bytes += bytes;
        }
        all.took = begun.elapsed();
        all.waits.sort_unstable();
        Ok(all)
    }

    async fn one(
        self,
        begun: Instant,
        next: Arc<AtomicUsize>,
        make: Arc<Make>,
    ) -> Result<(Vec<Duration>, usize)> {
        let mut wire = Wire::open(self.address).await?;
        let (mut request, mut waits, mut bytes) = (vec![], vec![], 0);
        while begun.elapsed() < self.most {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests {
                break;
            }
            if let Some(rate) = self.per_second {
                let due = Duration::from_secs_f64(number as f64 / f64::from(rate));
                tokio::time::sleep_until((begun + due).into()).await;
            }
            request.clear();
            make(number, &mut request);
            let sent = Instant::now();
            let status = wire.ask(&request).await?;
            waits.push(sent.elapsed());
            ensure!(
                status < 300,
                "request {number} was answered with {status}: {}",
                wire.text()
            );
            bytes += wire.body().len();
        }
        Ok((waits, bytes))
    }
}

/// Processor time of two processes and the load of the machine, from one moment to another.
pub struct Watch {
    begun: Instant,
    node: u32,
    before: [f64; 2],
}

impl Watch {
    /// Begins to watch a node, and this process, which is the driver.
    ///
    /// # Errors
    /// When the node has ended.
    pub fn begin(node: u32) -> Result<Self> {
        Ok(Self {
            begun: Instant::now(),
            node,
            before: [cpu_seconds(node)?, cpu_seconds(std::process::id())?],
        })
    }

    /// Cores that the node took and cores that the driver took.
    ///
    /// # Errors
    /// When the node has ended.
    pub fn cores(&self) -> Result<[f64; 2]> {
        let took = self.begun.elapsed().as_secs_f64().max(0.001);
        let node = cpu_seconds(self.node)? - self.before[0];
        let driver = cpu_seconds(std::process::id())? - self.before[1];
        Ok([hundredths(node / took), hundredths(driver / took)])
    }

    /// A line of figures for what was driven since; each request did `each` things.
    ///
    /// # Errors
    /// When the node has ended.
    pub fn figures(&self, drive: &Drive, driven: &Driven, each: usize) -> Result<Value> {
        let [node, driver] = self.cores()?;
        let requests = driven.waits.len();
        Ok(json!({
            "clients": drive.clients, "requests": requests,
            "per_second": per_second(requests * each, driven.took),
            "p50_ms": percentile_ms(&driven.waits, 50), "p99_ms": percentile_ms(&driven.waits, 99),
            "bytes_of_an_answer": driven.bytes / requests.max(1),
            "cores_of_node": node, "cores_of_driver": driver, "load_average": load_average(),
        }))
    }
}

/// Waits until the node has nothing more to do, and returns how long that took.
///
/// # Errors
/// When it has ended.
pub async fn settled(node: &Running, most: Duration) -> Result<Duration> {
    const LOOK: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    // A question about the past waits for everything that was answered before it.
    let mut ask = vec![];
    let path = format!("/temporal/entities/{}?lastN=1", sensors::id(0));
    request(&mut ask, "GET", &path, &[]);
    tokio::time::timeout(most, Wire::open(node.address).await?.ask(&ask)).await??;
    let node = node.pid()?;
    while begun.elapsed() < most {
        let before = cpu_seconds(node)?;
        tokio::time::sleep(LOOK).await;
        if cpu_seconds(node)? - before < 0.03 {
            return Ok(begun.elapsed().saturating_sub(LOOK));
        }
    }
    Ok(begun.elapsed())
}

/// Processor time that a process has taken, in itself and for it in the kernel.
///
/// # Errors
/// When there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    /// Linux counts in hundredths on every machine that we know.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let rest = text.rsplit_once(')').context("no name")?.1;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| words.get(at).and_then(|word| word.parse::<f64>().ok());
    // Fields 14 and 15 of the whole line; the first two stand before the bracket.
    let (user, kernel) = (ticks(11), ticks(12));
    Ok((user.context("no time")? + kernel.context("no time")?) / TICKS)
}

/// Of the last minute.
pub fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// Mebibytes of a file, or of all files in a folder and below.
pub fn mebibytes(path: &Path) -> f64 {
    hundredths(bytes(path) as f64 / 1_048_576.0)
}

fn bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0, |about| about.len());
    };
    entries.flatten().map(|entry| bytes(&entry.path())).sum()
}

pub fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
