//! How long until a reading is seen: from the moment before it is sent until a client of the live stream has it, and
//! until a browser shows it. Each at rest, and while the city takes in a thousand other readings per second.
//!
//! One sensor is read five times a second. A reading counts as seen with the first value that is as new: what comes
//! together in one event was not lost. Driver, node and browser share the cores and the clock of one machine.

mod browser;
mod stream;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pendopo_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::drive::{Drive, Make, Watch, load_average};
use crate::load::percentile_ms;
use crate::node::{City, Place, Running};
use crate::wire::Wire;
use crate::{drive, evidence, sensors};
use browser::Browser;
use stream::Stream;

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    binary: PathBuf,
    /// Entities that are only there.
    #[arg(long, default_value_t = 20_000)]
    entities: usize,
    /// Gauges on the public map; the first is the one that is looked at.
    #[arg(long, default_value_t = 2_000)]
    gauges: usize,
    /// Readings of it for each figure,
    #[arg(long, default_value_t = 300)]
    samples: u32,
    /// so many per second.
    #[arg(long, default_value_t = 5)]
    per_second: u32,
    /// Readings of all other gauges per second,
    #[arg(long, default_value_t = 1_000)]
    background: u32,
    /// by so many clients.
    #[arg(long, default_value_t = 20)]
    clients: usize,
    /// Ask no browser.
    #[arg(long)]
    without_browser: bool,
    /// What opens the page and says what is to be seen.
    #[arg(long, default_value = "e2e/reach.mjs")]
    script: PathBuf,
    #[arg(long, default_value = "docs/proof/reach.json")]
    pub out: PathBuf,
}

/// Entities of one batch.
const BATCH: usize = 1_000;
/// What a reading may take to a client of the stream, and to a screen.
const TARGET_STREAM_P99_MS: f64 = 10.0;
const TARGET_SCREEN_P95_MS: f64 = 1_000.0;
/// How long the last reading may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A window like a phone's map of one street: degrees to each side of the gauge.
const STREET: [f64; 2] = [0.0084, 0.0075];
/// All of the city.
const CITY: [f64; 2] = [0.1, 0.08];
const TYPES: &str = "/ngsi-ld/v1/types";

/// A value, and when it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    value: u64,
    at: Instant,
}

/// What one onlooker has seen so far, in its order.
#[derive(Clone, Default)]
pub struct Sights(Arc<Mutex<Vec<Sight>>>);

impl Sights {
    fn add(&self, value: u64, at: Instant) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(Sight { value, at });
    }

    fn newest(&self) -> Option<u64> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.last().map(|last| last.value)
    }

    fn take(&self) -> Vec<Sight> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `value` or a newer one was seen.
    async fn until(&self, value: u64) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.newest().is_some_and(|newest| newest >= value) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("the value {value} was not seen after {PATIENCE:?}")
    }
}

pub async fn run(args: Args) -> Result<()> {
    let city = City::new(&args.binary, Place::Own).await?;
    let node = city.start_live(TYPES, &[]).await?;
    fill(&args, &node).await?;
    let mut trial = Trial {
        args: &args,
        node: &node,
        next: 1,
    };
    let mut figures = json!({
        "entities": args.entities, "gauges": args.gauges, "per_second": args.per_second,
        "background_wanted_per_second": args.background,
        "targets": {"stream_p99_ms": TARGET_STREAM_P99_MS, "screen_p95_ms": TARGET_SCREEN_P95_MS},
    });
    figures["stream_of_a_street"] = trial.stream(STREET).await?;
    figures["stream_of_the_city"] = trial.stream(CITY).await?;
    if !args.without_browser {
        figures["screen"] = trial.screen().await?;
    }
    node.stop().await?;
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    Ok(())
}

async fn fill(args: &Args, node: &Running) -> Result<()> {
    let mut wire = Wire::open(node.address).await?;
    let mut send = async |request: Vec<u8>| {
        let status = wire.ask(&request).await?;
        ensure!(status < 300, "{status}: {}", wire.text());
        anyhow::Ok(())
    };
    for from in (0..args.entities).step_by(BATCH) {
        let mut request = vec![];
        let to = (from + BATCH).min(args.entities);
        sensors::batch(&mut request, from..to, 0);
        send(request).await?;
    }
    for from in (0..args.gauges).step_by(BATCH) {
        let mut request = vec![];
        let to = (from + BATCH).min(args.gauges);
        sensors::gauges(&mut request, from..to, now());
        send(request).await?;
    }
    drive::settled(node, PATIENCE).await?;
    Ok(())
}

/// Readings go on counting through all figures.
struct Trial<'a> {
    args: &'a Args,
    node: &'a Running,
    next: u64,
}

impl Trial<'_> {
    /// To a client that has so much of the map around the gauge.
    async fn stream(&mut self, around: [f64; 2]) -> Result<Value> {
        let [east, north] = sensors::MIDDLE;
        let bbox = format!(
            "{:.4},{:.4},{:.4},{:.4}",
            east - around[0],
            north - around[1],
            east + around[0],
            north + around[1]
        );
        let stream = Stream::open(self.node.address, &bbox, &sensors::gauge_id(0)).await?;
        let mut figures = json!({"bbox": bbox});
        for loaded in [false, true] {
            let before = stream.counts();
            let mut figure = self.seen(&stream.sights, loaded).await?;
            let counts = stream.counts().since(before);
            figure["events"] = counts.events.into();
            figure["asked_for_all"] = counts.asked.into();
            figure["kib_per_second"] =
                drive::hundredths(counts.bytes as f64 / 1024.0 / self.sampling().as_secs_f64())
                    .into();
            let p99 = figure["p99_ms"].as_f64();
            figure["within_target"] = p99.is_some_and(|ms| ms <= TARGET_STREAM_P99_MS).into();
            put(&mut figures, loaded, figure);
        }
        stream.end().await?;
        Ok(figures)
    }

    /// To the pixels of a phone's browser that shows the map of the gauge.
    async fn screen(&mut self) -> Result<Value> {
        let url = format!(
            "http://{}/langsung/{}",
            self.node.address,
            sensors::gauge_id(0)
        );
        let browser = Browser::open(&self.args.script, &url, &sensors::gauge_id(0)).await?;
        let mut figures = json!({"page": "/langsung/{id}", "width_px": 390});
        for loaded in [false, true] {
            let mut figure = self.seen(&browser.sights, loaded).await?;
            ensure!(
                browser.hidden() == 0,
                "the value was covered or outside the screen"
            );
            let p95 = figure["p95_ms"].as_f64();
            figure["within_target"] = p95.is_some_and(|ms| ms <= TARGET_SCREEN_P95_MS).into();
            put(&mut figures, loaded, figure);
        }
        figures["clocks_differ_by_ms"] = browser.end().await?.into();
        Ok(figures)
    }

    /// Reads the gauge, and says how long each reading took to be seen.
    async fn seen(&mut self, sights: &Sights, loaded: bool) -> Result<Value> {
        sights.take();
        let watch = Watch::begin(self.node.pid()?)?;
        let background = loaded.then(|| tokio::spawn(self.background().run(self.others())));
        let first = self.next;
        let (sent, answered) = self.sample().await?;
        sights.until(self.next - 1).await?;
        let [node, driver] = watch.cores()?;
        let mut figure = waits(first, &sent, &sights.take());
        figure["answered_p50_ms"] = percentile_ms(&answered, 50).into();
        figure["answered_p99_ms"] = percentile_ms(&answered, 99).into();
        figure["cores_of_node"] = node.into();
        figure["cores_of_driver"] = driver.into();
        figure["load_average"] = load_average().into();
        if let Some(background) = background {
            let driven = background.await??;
            let rate = crate::load::per_second(driven.waits.len(), driven.took);
            figure["background_per_second"] = rate.into();
            figure["background_p99_ms"] = percentile_ms(&driven.waits, 99).into();
        }
        println!("{figure}");
        Ok(figure)
    }

    fn sampling(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.args.samples) / f64::from(self.args.per_second))
    }

    /// As long as the gauge is read.
    fn background(&self) -> Drive {
        Drive {
            address: self.node.address,
            clients: self.args.clients,
            requests: usize::MAX,
            most: self.sampling(),
            per_second: Some(self.args.background),
        }
    }

    /// Readings of all gauges but the first.
    fn others(&self) -> Arc<Make> {
        let others = self.args.gauges - 1;
        Arc::new(move |number, out| {
            // A prime, so that neighbours in time are no neighbours on the map.
            let gauge = 1 + number.wrapping_mul(7_919) % others;
            sensors::read_gauge(out, gauge, number as u64 % 900, now());
        })
    }

    /// Sends the readings of one figure. When each was sent, and how long each waited for its answer, sorted.
    async fn sample(&mut self) -> Result<(Vec<Instant>, Vec<Duration>)> {
        let mut wire = Wire::open(self.node.address).await?;
        let (mut sent, mut answered, mut request) = (vec![], vec![], vec![]);
        let mut turn = tokio::time::interval(Duration::from_secs(1) / self.args.per_second);
        for _ in 0..self.args.samples {
            turn.tick().await;
            request.clear();
            sensors::read_gauge(&mut request, 0, self.next, now());
            self.next += 1;
            let begun = Instant::now();
            let status = wire.ask(&request).await?;
            answered.push(begun.elapsed());
            ensure!(status == 204, "{status}: {}", wire.text());
            sent.push(begun);
        }
        answered.sort_unstable();
        Ok((sent, answered))
    }
}

fn put(figures: &mut Value, loaded: bool, figure: Value) {
    figures[if loaded { "under_load" } else { "at_rest" }] = figure;
}

/// How long each reading took until it or a newer one was seen; `first` is the value of the first.
fn waits(first: u64, sent: &[Instant], sights: &[Sight]) -> Value {
    let (mut waits, mut together, mut at) = (vec![], 0, 0);
    for (value, sent) in (first..).zip(sent) {
        while sights.get(at).is_some_and(|sight| sight.value < value) {
            at += 1;
        }
        let Some(sight) = sights.get(at) else { break };
        together += usize::from(sight.value > value);
        waits.push(sight.at.saturating_duration_since(*sent));
    }
    waits.sort_unstable();
    json!({
        "readings": sent.len(), "seen": waits.len(), "seen_with_a_newer_one": together,
        "p50_ms": percentile_ms(&waits, 50), "p95_ms": percentile_ms(&waits, 95),
        "p99_ms": percentile_ms(&waits, 99), "max_ms": percentile_ms(&waits, 100),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver has the clock of the machine, as a sensor has"
)]
fn system_now() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

/// The present instant.
pub fn now() -> Timestamp {
    Timestamp::from_micros(i64::try_from(system_now().as_micros()).unwrap_or(i64::MAX))
}

/// The number that a mark shows: `1.234 cm` is 1234.
fn number_of(shown: &str) -> Option<u64> {
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_seen_with_the_first_value_that_is_as_new() {
        let begun = Instant::now();
        let ms = |ms: u64| begun + Duration::from_millis(ms);
        let sent = [ms(0), ms(200), ms(400)];
        let sight = |value, at| Sight { value, at };
        let figure = waits(
            7,
            &sent,
            &[sight(6, ms(1)), sight(7, ms(5)), sight(9, ms(430))],
        );
        assert_eq!(figure["seen"], 3);
        assert_eq!(figure["seen_with_a_newer_one"], 1);
        assert_eq!(
            (&figure["p50_ms"], &figure["max_ms"]),
            (&json!(30.0), &json!(230.0))
        );
        assert_eq!(number_of("1.234 cm"), Some(1234));
    }
}
