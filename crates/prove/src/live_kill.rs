//! SIGKILL under live data: every value that was acknowledged is there after a restart, and every change that was
//! acknowledged is told to everybody who asked for it, at least once.
//!
//! Each entity has one writer, who counts: the value is the number of the change. As [`crate::kill`] it shows nothing
//! about the loss of power.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::node::{City, Place, Running};
use crate::receivers::Receivers;
use crate::wire::{Wire, request};
use crate::{evidence, postgres};

#[derive(clap::Args)]
pub struct Args {
    /// The node to kill.
    #[arg(long)]
    binary: PathBuf,
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Writers of one entity each.
    #[arg(long, default_value_t = 64)]
    writers: usize,
    /// Entities that one more writer changes in batches.
    #[arg(long, default_value_t = 200)]
    group: usize,
    #[arg(long, default_value_t = 100)]
    subscriptions: usize,
    /// Milliseconds that a writer rests between two changes: each is told to several subscribers.
    #[arg(long, default_value_t = 20)]
    pause: u64,
    /// Seconds after a restart in which everything must have been told.
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// Keep the city in a PostgreSQL that is started for this, with fsync on.
    #[arg(long)]
    postgres: bool,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value = "docs/proof/live-kill.json")]
    pub out: PathBuf,
}

/// Entities of one batch.
const BATCH: usize = 50;
const KINDS: usize = 10;
const TYPES: &str = "/ngsi-ld/v1/types";

/// One entity, and what its only writer knows of it.
#[derive(Clone, Debug)]
pub struct Written {
    pub id: String,
    kind: usize,
    /// The last change that was sent.
    pub sent: u64,
    /// The last one that was acknowledged, in any round.
    held: u64,
    /// What was acknowledged in this round.
    acknowledged: Vec<u64>,
}

#[derive(Default)]
struct Tally {
    acknowledged: usize,
    lost: Vec<String>,
    untold: Vec<String>,
    restart: Duration,
    settled: Duration,
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
    let receivers = Receivers::start(args.subscriptions).await?;
    let mut all = entities(args.writers + args.group);
    let mut node = start(&city).await?;
    prepare(&args, node.address, &receivers, &all).await?;
    let (mut chance, mut tally) = (Chance::new(args.seed), Tally::default());
    for round in 0..args.rounds {
        all = one_round(&args, node, all, &mut chance).await?;
        node = start(&city).await?;
        tally.restart = tally.restart.max(node.started_in);
        tally.lost.extend(lost(node.address, &all).await?);
        told(&args, &receivers, &mut all, &mut tally).await?;
        println!(
            "round {}: {} changes acknowledged in all, {} lost, {} not told, {} s",
            round + 1,
            tally.acknowledged,
            tally.lost.len(),
            tally.untold.len(),
            begun.elapsed().as_secs()
        );
    }
    tally.lost.extend(lost(node.address, &all).await?);
    node.stop().await?;
    city.check().await?;
    report(&args, &tally, &receivers, begun.elapsed())
}

fn report(args: &Args, tally: &Tally, receivers: &Receivers, took: Duration) -> Result<()> {
    let counts = receivers.counts();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let figures = json!({
        "database": if args.postgres { "postgresql" } else { "sqlite" }, "rounds": args.rounds,
        "writers": args.writers, "subscriptions": args.subscriptions, "seed": args.seed,
        "acknowledged": tally.acknowledged, "lost": tally.lost, "not_told": tally.untold,
        "notifications": counts.notifications, "changes_told": counts.changes, "told_again": counts.again,
        "slowest_restart_ms": ms(tally.restart), "slowest_settling_ms": ms(tally.settled),
        "seconds": took.as_secs(),
    });
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    ensure!(tally.lost.is_empty(), "acknowledged values are missing");
    ensure!(
        tally.untold.is_empty(),
        "acknowledged changes were not told"
    );
    ensure!(tally.acknowledged > 0, "nothing was acknowledged");
    Ok(())
}

/// The entities of the writers, then those of the batches.
/// So many entities without a change.
pub fn entities(count: usize) -> Vec<Written> {
    (0..count)
        .map(|number| Written {
            id: format!("urn:ngsi-ld:Tulis:{number:05}"),
            kind: number % KINDS,
            sent: 0,
            held: 0,
            acknowledged: vec![],
        })
        .collect()
}

async fn start(city: &City) -> Result<Running> {
    let allow = city.home().join("outgoing.allow");
    std::fs::write(&allow, "127.0.0.1\n")?;
    let allow = allow.to_str().context("the folder has no readable name")?;
    city.start_live(TYPES, &["--outgoing-allow", allow]).await
}

/// Makes the entities and the subscriptions.
async fn prepare(
    args: &Args,
    address: SocketAddr,
    receivers: &Receivers,
    all: &[Written],
) -> Result<()> {
    let mut wire = Wire::open(address).await?;
    for part in all.chunks(BATCH) {
        let status = wire.ask(&batch(part)).await?;
        ensure!(status == 201, "{status}: {}", wire.text());
    }
    for number in 0..args.subscriptions {
        let mut about = json!({"type": format!("Jenis{}", number / KINDS % KINDS)});
        if let Some(one) = single(args, number) {
            about = json!({"id": all[one].id, "type": format!("Jenis{}", all[one].kind)});
        }
        let body = json!({
            "id": format!("urn:ngsi-ld:Subscription:{number}"), "type": "Subscription", "entities": [about],
            "watchedAttributes": ["urutan"],
            "notification": {
                "attributes": ["urutan"],
                "endpoint": {"uri": format!("http://{}/{number}", receivers.address), "accept": "application/json"},
            },
        });
        let mut out = vec![];
        request(
            &mut out,
            "POST",
            "/subscriptions",
            body.to_string().as_bytes(),
        );
        let status = wire.ask(&out).await?;
        ensure!(status == 201, "{status}: {}", wire.text());
    }
    Ok(())
}

/// Nine of ten subscriptions are about the entity of one writer, the others about all of a kind.
fn single(args: &Args, number: usize) -> Option<usize> {
    (number % KINDS != KINDS - 1).then(|| number % args.writers)
}

fn is_about(args: &Args, number: usize, at: usize, written: &Written) -> bool {
    match single(args, number) {
        Some(one) => one == at,
        None => number / KINDS % KINDS == written.kind,
    }
}

/// A request that makes or changes entities together.
pub fn batch(part: &[Written]) -> Vec<u8> {
    let entities: Vec<Value> = part
        .iter()
        .map(|one| {
            json!({
                "id": one.id, "type": format!("Jenis{}", one.kind),
                "urutan": {"type": "Property", "value": one.sent},
            })
        })
        .collect();
    let body = Value::from(entities).to_string();
    let mut out = vec![];
    let path = "/entityOperations/upsert?options=update";
    request(&mut out, "POST", path, body.as_bytes());
    out
}

/// Load, and SIGKILL at a moment of chance.
async fn one_round(
    args: &Args,
    node: Running,
    all: Vec<Written>,
    chance: &mut Chance,
) -> Result<Vec<Written>> {
    let ending = Arc::new(AtomicBool::new(false));
    let (address, pause) = (node.address, Duration::from_millis(args.pause));
    let (singles, group) = all.split_at(args.writers);
    let mut parts: Vec<Vec<Written>> = singles.iter().map(|one| vec![one.clone()]).collect();
    parts.push(group.to_vec());
    let writers = parts.into_iter().map(|part| {
        let ending = Arc::clone(&ending);
        tokio::spawn(async move { write(address, part, pause, &ending).await })
    });
    let writers: Vec<_> = writers.collect();
    tokio::time::sleep(Duration::from_millis(50 + chance.below(1_450))).await;
    ending.store(true, Ordering::SeqCst);
    node.kill().await?;
    let mut after = vec![];
    for part in join_all(writers).await {
        after.extend(part??);
    }
    Ok(after)
}

/// Changes its entities until the node is gone: one alone by itself, several in batches.
async fn write(
    address: SocketAddr,
    mut part: Vec<Written>,
    pause: Duration,
    ending: &AtomicBool,
) -> Result<Vec<Written>> {
    let mut wire = Wire::open(address).await?;
    let mut from = 0;
    while !ending.load(Ordering::SeqCst) && !part.is_empty() {
        let to = (from + BATCH).min(part.len());
        let now = &mut part[from..to];
        for one in now.iter_mut() {
            one.sent += 1;
        }
        match wire.ask(&change(now)).await {
            Ok(204) => {}
            Ok(status) => anyhow::bail!("refused with {status}: {}", wire.text()),
            Err(error) => {
                ensure!(ending.load(Ordering::SeqCst), "the node went away: {error}");
                break;
            }
        }
        for one in now.iter_mut() {
            one.held = one.sent;
            one.acknowledged.push(one.sent);
        }
        from = if to == part.len() { 0 } else { to };
        tokio::time::sleep(pause).await;
    }
    Ok(part)
}

/// A request that changes one entity by itself, several in a batch.
pub fn change(part: &[Written]) -> Vec<u8> {
    let [one] = part else {
        return batch(part);
    };
    let body = json!({"urutan": {"type": "Property", "value": one.sent}}).to_string();
    let path = format!("/entities/{}/attrs", one.id);
    let mut out = vec![];
    request(&mut out, "PATCH", &path, body.as_bytes());
    out
}

/// Entities that are behind what was acknowledged, or have what nobody sent.
async fn lost(address: SocketAddr, all: &[Written]) -> Result<Vec<String>> {
    let mut wire = Wire::open(address).await?;
    let mut lost = vec![];
    for one in all {
        let mut out = vec![];
        let path = format!("/entities/{}?options=keyValues", one.id);
        request(&mut out, "GET", &path, &[]);
        let status = wire.ask(&out).await?;
        let kept: Value = serde_json::from_slice(wire.body()).unwrap_or_default();
        let value = kept["urutan"].as_u64();
        if !value.is_some_and(|value| (one.held..=one.sent).contains(&value)) {
            lost.push(format!(
                "{}: {value:?} ({status}), acknowledged {}, sent {}",
                one.id, one.held, one.sent
            ));
        }
    }
    Ok(lost)
}

/// Waits until all that this round acknowledged has been told, and counts what has not been in time.
async fn told(
    args: &Args,
    receivers: &Receivers,
    all: &mut [Written],
    tally: &mut Tally,
) -> Result<()> {
    let begun = Instant::now();
    let mut missing = untold(args, receivers, all);
    while !missing.is_empty() && begun.elapsed() < Duration::from_secs(args.settle) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        missing = untold(args, receivers, all);
    }
    tally.settled = tally.settled.max(begun.elapsed());
    tally.untold.extend(missing);
    for one in all {
        tally.acknowledged += std::mem::take(&mut one.acknowledged).len();
    }
    Ok(())
}

fn untold(args: &Args, receivers: &Receivers, all: &[Written]) -> Vec<String> {
    let mut missing = vec![];
    for number in 0..args.subscriptions {
        let about = all
            .iter()
            .enumerate()
            .filter(|(at, one)| is_about(args, number, *at, one));
        for (_, one) in about {
            for turn in receivers.missing(number, &one.id, &one.acknowledged) {
                missing.push(format!("{} {turn} to {number}", one.id));
            }
        }
    }
    missing
}
