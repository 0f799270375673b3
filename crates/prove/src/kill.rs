//! SIGKILL under load: what was accepted is there after a restart, and the city is sound.
//!
//! It does not show that a report survives the loss of power: the kernel keeps what a killed process wrote, synced or
//! not. [`crate::power_loss`] is for that.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::chance::Chance;
use crate::load::{self, Accepted, Load, Outcome};
use crate::node::{City, Place, Running};
use crate::{evidence, postgres};

#[derive(clap::Args)]
pub struct Args {
    /// The node to kill.
    #[arg(long)]
    binary: PathBuf,
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    #[arg(long, default_value_t = 64)]
    writers: usize,
    /// A PostgreSQL database to keep the city in.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Keep the city in a PostgreSQL that is started for this, with fsync on.
    #[arg(long, conflicts_with = "database")]
    postgres: bool,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value = "docs/proof/kill.json")]
    pub out: PathBuf,
}

/// Reports of one writer in one round; what it could not send in 1.5 s anyway.
const EACH: usize = 400;

#[derive(Default)]
struct Tally {
    accepted: usize,
    unanswered: usize,
    lost: Vec<String>,
    least: Option<usize>,
    most: usize,
    restart_ms: u128,
}

pub async fn run(args: Args) -> Result<()> {
    let begun = Instant::now();
    let own = if args.postgres {
        Some(postgres::Server::start(false)?)
    } else {
        None
    };
    let url = own
        .as_ref()
        .map(|server| server.url.clone())
        .or(args.database);
    let place = url.map_or(Place::Own, Place::Postgres);
    let database = match &place {
        Place::Own | Place::Folder(_) => "sqlite",
        Place::Postgres(_) => "postgresql",
    };
    let city = City::new(&args.binary, place).await?;
    let mut chance = Chance::new(args.seed);
    let mut tally = Tally::default();
    let mut all = Vec::new();
    let mut node = city.start(&[]).await?;
    for round in 0..args.rounds {
        let outcome = one_round(&city, node, round, args.writers, &mut chance).await?;
        node = verify(&city, &outcome, &mut tally).await?;
        all.extend(outcome.accepted);
        println!(
            "round {}: {} accepted in all, {} missing, {} s",
            round + 1,
            all.len(),
            tally.lost.len(),
            begun.elapsed().as_secs()
        );
    }
    node.stop().await?;
    let (total, missing) = at_the_end(&city, &all).await?;
    tally.lost.extend(missing);
    let extra = total.saturating_sub(all.len());
    let figures = json!({
        "database": database, "rounds": args.rounds, "writers": args.writers, "seed": args.seed,
        "accepted": tally.accepted, "stored_missing": tally.lost.len(), "missing": tally.lost,
        "unanswered": tally.unanswered, "extra": extra,
        "accepted_in_a_round": {"least": tally.least.unwrap_or(0), "most": tally.most},
        "slowest_restart_ms": u64::try_from(tally.restart_ms).unwrap_or(u64::MAX),
        "seconds": begun.elapsed().as_secs(),
    });
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    ensure!(tally.lost.is_empty(), "accepted reports are missing");
    ensure!(
        extra <= tally.unanswered,
        "reports are there that nobody sent"
    );
    println!(
        "kill: {} rounds on {database}, {} accepted, none missing, {extra} stored without an answer",
        args.rounds, tally.accepted
    );
    Ok(())
}

/// Load, and SIGKILL at a moment of chance.
async fn one_round(
    city: &City,
    node: Running,
    round: usize,
    writers: usize,
    chance: &mut Chance,
) -> Result<Outcome> {
    let load = Load::new(city, node.address, &format!("r{round}"), writers, EACH);
    let running = tokio::spawn({
        let load = load.clone();
        async move { load.run().await }
    });
    tokio::time::sleep(Duration::from_millis(50 + chance.below(1450))).await;
    load.ending.store(true, Ordering::SeqCst);
    node.kill().await?;
    running.await?
}

/// Looks at what is left, without a node and with one. That one goes on into the next round.
async fn verify(city: &City, outcome: &Outcome, tally: &mut Tally) -> Result<Running> {
    let accepted: &[Accepted] = &outcome.accepted;
    city.check().await?;
    let node = city.start(&[]).await?;
    tally.restart_ms = tally.restart_ms.max(node.started_in.as_millis());
    tally.accepted += accepted.len();
    tally.unanswered += outcome.unanswered;
    tally.least = Some(tally.least.unwrap_or(usize::MAX).min(accepted.len()));
    tally.most = tally.most.max(accepted.len());
    tally
        .lost
        .extend(load::missing(node.address, accepted).await?);
    // Beside a running node, as an operator would.
    city.check().await?;
    Ok(node)
}

/// All rounds once more: nothing of an earlier round went later.
async fn at_the_end(city: &City, all: &[Accepted]) -> Result<(usize, Vec<String>)> {
    let twice = load::given_twice(all);
    ensure!(twice.is_empty(), "numbers were given twice: {twice:?}");
    let node = city.start(&[]).await?;
    let missing = load::missing(node.address, all).await?;
    let total = load::total(node.address).await?;
    node.stop().await?;
    Ok((total, missing))
}
