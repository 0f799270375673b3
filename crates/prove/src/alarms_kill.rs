//! SIGKILL under rules: every time a gauge stood beyond its limit for long enough, its alarm was raised, once.
//!
//! Each gauge goes up and down on the machine's own clock, so that kills fall inside on-delays and off-delays. A reading
//! is sent again, with the time that it had, until it is acknowledged. Nobody acknowledges the alarms, so each gauge has
//! one at the end, which counts how often it was raised.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::join_all;
use pendopo_domain::alarms::Alarm;
use pendopo_store::{MasterKey, Store, alarms, chains};
use serde_json::json;

use crate::alarms::{described, fill, put_rules};
use crate::chance::Chance;
use crate::node::{City, Place};
use crate::sensors::{self, GAUGE, LEVEL};
use crate::wire::Wire;
use crate::{evidence, postgres, reach};

/// The rule that every gauge is under.
pub const RULE: &str = "prove/high";
const TYPES: &str = "/ngsi-ld/v1/types";
/// The delays of the rule, in seconds.
const DELAY_S: u64 = 1;
const HIGH: u64 = 200;
const LOW: u64 = 10;
/// After the last reading everything has been raised and is over.
const SETTLED: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub struct Args {
    /// The node to kill.
    #[arg(long)]
    binary: PathBuf,
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    #[arg(long, default_value_t = 64)]
    gauges: usize,
    /// Keep the city in a PostgreSQL that is started for this, with fsync on.
    #[arg(long)]
    postgres: bool,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value = "docs/proof/alarms-kill.json")]
    pub out: PathBuf,
}

/// Where the node listens now, and whether the gauges may end.
struct Scene {
    address: SocketAddr,
    is_over: bool,
}

pub async fn run(args: Args) -> Result<()> {
    let begun = Instant::now();
    let server = match args.postgres {
        true => Some(postgres::Server::start(false)?),
        false => None,
    };
    let place = match &server {
        Some(server) => Place::Postgres(server.url.clone()),
        None => Place::Own,
    };
    let city = City::new(&args.binary, place).await?;
    let condition = json!({
        "kind": "threshold", "signal": {"type": GAUGE, "attribute": LEVEL}, "side": "above", "limit": 100,
        "deadband": 20, "delays": {"on_s": DELAY_S, "off_s": DELAY_S},
    });
    put_rules(&city, &[], std::iter::once(described(RULE, &condition))).await?;
    let mut node = city.start_live(TYPES, &[]).await?;
    fill(&node, args.gauges).await?;
    let scene = Arc::new(Mutex::new(Scene {
        address: node.address,
        is_over: false,
    }));
    let gauges = (0..args.gauges).map(|gauge| tokio::spawn(go(gauge, Arc::clone(&scene))));
    let gauges: Vec<_> = gauges.collect();
    let mut chance = Chance::new(args.seed);
    for round in 0..args.rounds {
        tokio::time::sleep(Duration::from_millis(300 + chance.below(2_200))).await;
        node.kill().await?;
        node = city.start_live(TYPES, &[]).await?;
        lock(&scene).address = node.address;
        println!("round {}: {} s", round + 1, begun.elapsed().as_secs());
    }
    lock(&scene).is_over = true;
    let mut wanted = vec![];
    for gone in join_all(gauges).await {
        wanted.push(gone??);
    }
    let store = Store::open(city.location(), MasterKey::new([0; 32])).await?;
    let found = settle(&store, &wanted).await?;
    let wrong = faults(&store, &wanted, &found).await?;
    store.close().await;
    node.stop().await?;
    city.check().await?;
    let figures = json!({
        "database": if args.postgres { "postgresql" } else { "sqlite" }, "rounds": args.rounds,
        "gauges": args.gauges, "seed": args.seed, "times_beyond": wanted.iter().sum::<u32>(),
        "times_raised": found.iter().map(|alarm| alarm.times).sum::<u32>(), "alarms": found.len(),
        "wrong": wrong, "seconds": begun.elapsed().as_secs(),
    });
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    ensure!(wrong.is_empty(), "alarms were lost or doubled");
    ensure!(
        wanted.iter().all(|times| *times > 0),
        "a gauge was never beyond"
    );
    Ok(())
}

fn lock(scene: &Mutex<Scene>) -> std::sync::MutexGuard<'_, Scene> {
    scene.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Goes up and down until it may end. Returns how often it was beyond for long enough.
async fn go(gauge: usize, scene: Arc<Mutex<Scene>>) -> Result<u32> {
    let (mut times, mut line) = (0, None);
    // Apart from each other, so that a kill finds them everywhere.
    tokio::time::sleep(Duration::from_millis(gauge as u64 * 37 % 2_600)).await;
    while !lock(&scene).is_over {
        for value in [HIGH, HIGH, LOW, LOW] {
            tell(gauge, value, &scene, &mut line).await?;
            tokio::time::sleep(Duration::from_millis(DELAY_S * 650)).await;
        }
        times += 1;
    }
    Ok(times)
}

/// Sends a reading until it is acknowledged.
async fn tell(
    gauge: usize,
    value: u64,
    scene: &Mutex<Scene>,
    line: &mut Option<Wire>,
) -> Result<()> {
    let mut request = vec![];
    sensors::read_gauge(&mut request, gauge, value, reach::now());
    loop {
        if line.is_none() {
            let address = lock(scene).address;
            *line = Wire::open(address).await.ok();
        }
        if let Some(wire) = line {
            match wire.ask(&request).await {
                Ok(204) => return Ok(()),
                Ok(status) => anyhow::bail!("refused with {status}: {}", wire.text()),
                Err(_) => *line = None,
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nothing moves any more.
async fn settle(store: &Store, wanted: &[u32]) -> Result<Vec<Alarm>> {
    let begun = Instant::now();
    loop {
        let mut db = store.read().await?;
        let found = alarms::open(&mut db, 100_000).await?;
        drop(db);
        let raised: u32 = found.iter().map(|alarm| alarm.times).sum();
        let is_quiet = found.iter().all(|alarm| !alarm.is_active);
        if (is_quiet && raised >= wanted.iter().sum()) || begun.elapsed() > SETTLED {
            // What would come twice comes now.
            tokio::time::sleep(Duration::from_secs(3 * DELAY_S)).await;
            let mut db = store.read().await?;
            return Ok(alarms::open(&mut db, 100_000).await?);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Gauges whose alarm does not tell what they did.
async fn faults(store: &Store, wanted: &[u32], found: &[Alarm]) -> Result<Vec<String>> {
    let mut wrong = vec![];
    for (gauge, times) in wanted.iter().enumerate() {
        wrong.extend(fault(store, gauge, [*times; 2], found).await?);
    }
    Ok(wrong)
}

/// What is wrong with the alarms of a gauge that was so often beyond its limit and so often back, if anything is.
pub async fn fault(
    store: &Store,
    gauge: usize,
    [beyond, back]: [u32; 2],
    found: &[Alarm],
) -> Result<Option<String>> {
    let cause = format!("{RULE}|{}", sensors::gauge_id(gauge));
    let same: Vec<&Alarm> = found.iter().filter(|alarm| alarm.cause == cause).collect();
    let alarm = match same[..] {
        [] if beyond == 0 => return Ok(None),
        [alarm] => alarm,
        _ => return Ok(Some(format!("gauge {gauge}: {} open alarms", same.len()))),
    };
    let mut db = store.read().await?;
    let timeline = chains::entries(&mut db, &chains::alarm(alarm.id), i64::MAX).await?;
    let told = |kinds: &[&str]| {
        let told = timeline
            .iter()
            .filter(|entry| kinds.contains(&entry.kind.as_str()));
        u32::try_from(told.count()).unwrap_or(u32::MAX)
    };
    let (raised, returned) = (told(&["raised", "raised_again"]), told(&["returned"]));
    let is_as_told = alarm.times == beyond && alarm.is_active == (beyond > back);
    Ok((!is_as_told || raised != beyond || returned != back).then(|| {
        format!(
            "gauge {gauge}: beyond {beyond} times and back {back}; raised {raised}, over {returned}, counted {}",
            alarm.times
        )
    }))
}
