//! Durable reports per second, and how many share one sync: with 1, 8 and 64 clients, on both databases.
//!
//! The rate is taken without a tracer, the number of syncs behind one. The load runs on the cores of the node.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::load::{self, Load};
use crate::node::{self, City, Place};
use crate::trace::{self, Event, Logs, What};
use crate::{evidence, postgres};

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    binary: PathBuf,
    /// Reports for each rate.
    #[arg(long, default_value_t = 6_000)]
    reports: usize,
    /// Reports behind the tracer, which slows a node.
    #[arg(long, default_value_t = 1_000)]
    counted: usize,
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    clients: Vec<usize>,
    /// Leave PostgreSQL out.
    #[arg(long)]
    sqlite_only: bool,
    #[arg(long, default_value = "docs/proof/group-commit.json")]
    pub out: PathBuf,
}

pub async fn run(args: Args) -> Result<()> {
    node::need("strace", "strace")?;
    let mut rows = Vec::new();
    for clients in &args.clients {
        rows.push(sqlite(&args, *clients).await?);
    }
    if !args.sqlite_only {
        // What the server syncs to start, to make a city and to end is measured by itself and taken off.
        let idle = counted_server(&args, 1, 0).await?.0;
        for clients in &args.clients {
            rows.push(postgresql(&args, *clients, idle).await?);
        }
    }
    let order = order(&args.binary).await?;
    let figures = json!({"rates": rows, "order_of_one_named_report": order});
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    Ok(())
}

async fn sqlite(args: &Args, clients: usize) -> Result<Value> {
    let (rate, waits, reports) = rate(args, Place::Own, clients).await?;
    let city = City::new(&args.binary, Place::Own).await?;
    let counts = city.home().join("syncs");
    let node = city.start(&trace::strace_count(&counts)).await?;
    let load = Load::new(
        &city,
        node.address,
        "count",
        clients,
        (args.counted / clients).max(1),
    );
    let outcome = load.run().await?;
    node.stop().await?;
    let syncs = trace::counted(&std::fs::read_to_string(&counts)?);
    Ok(row(
        "sqlite",
        clients,
        (rate, &waits, reports),
        (syncs, outcome.accepted.len()),
    ))
}

async fn postgresql(args: &Args, clients: usize, idle: u64) -> Result<Value> {
    let server = postgres::Server::start(false)?;
    let place = Place::Postgres(server.url.clone());
    let (rate, waits, reports) = rate(args, place, clients).await?;
    drop(server);
    let (syncs, counted) = counted_server(args, clients, (args.counted / clients).max(1)).await?;
    let syncs = syncs.saturating_sub(idle);
    Ok(row(
        "postgresql",
        clients,
        (rate, &waits, reports),
        (syncs, counted),
    ))
}

async fn counted_server(args: &Args, clients: usize, each: usize) -> Result<(u64, usize)> {
    let server = postgres::Server::start(true)?;
    let city = City::new(&args.binary, Place::Postgres(server.url.clone())).await?;
    let node = city.start(&[]).await?;
    let outcome = Load::new(&city, node.address, "count", clients, each)
        .run()
        .await?;
    node.stop().await?;
    Ok((server.stop_and_count()?, outcome.accepted.len()))
}

async fn rate(args: &Args, place: Place, clients: usize) -> Result<(u64, Vec<Duration>, usize)> {
    let city = City::new(&args.binary, place).await?;
    let node = city.start(&[]).await?;
    Load::new(&city, node.address, "warm", clients, 10)
        .run()
        .await?;
    let load = Load::new(
        &city,
        node.address,
        "rate",
        clients,
        (args.reports / clients).max(1),
    );
    let outcome = load.run().await?;
    node.stop().await?;
    Ok((
        outcome.per_second(),
        outcome.waits.clone(),
        outcome.accepted.len(),
    ))
}

fn row(
    database: &str,
    clients: usize,
    (rate, waits, reports): (u64, &[Duration], usize),
    (syncs, counted): (u64, usize),
) -> Value {
    json!({
        "database": database, "clients": clients, "reports": reports, "reports_per_second": rate,
        "p50_ms": load::percentile_ms(waits, 50), "p99_ms": load::percentile_ms(waits, 99),
        "counted_reports": counted, "syncs": syncs,
        "syncs_per_report": (syncs as f64 / counted.max(1) as f64 * 100.0).round() / 100.0,
    })
}

/// What one named report does to the files, in order, until its answer.
async fn order(binary: &Path) -> Result<Vec<String>> {
    const REPORTS: usize = 6;
    let (logs, city) = Logs::city(binary).await?;
    let node = city.start(&logs.next()).await?;
    let outcome = Load::new(&city, node.address, "order", 1, REPORTS)
        .run()
        .await?;
    node.stop().await?;
    let events = logs.read(&city)?;
    // The first of a connection may stand behind other work of a node that has just started.
    let mut named = outcome.accepted.iter().filter(|sent| sent.email.is_some());
    let number = &named.next_back().context("no named report")?.number;
    let steps = steps(&events, number, &city.data())?;
    let slug = &city.slug;
    let wanted = [
        format!("write {slug}/keys.db-wal"),
        format!("sync {slug}/keys.db-wal"),
        format!("write {slug}/city.db-wal"),
        format!("sync {slug}/city.db-wal"),
        "answer".to_owned(),
    ];
    ensure!(
        in_order(&steps, &wanted),
        "a step is missing or out of order: {steps:?}"
    );
    Ok(steps)
}

/// Whether `wanted` happened in its order; the work of consumers may stand in between.
fn in_order(steps: &[String], wanted: &[String]) -> bool {
    let mut rest = steps.iter();
    let mut happened = |word: &String| rest.any(|step| step.starts_with(word.as_str()));
    wanted.iter().all(&mut happened)
}

/// What happened between the answer before and the answer with `number`, equal steps counted.
fn steps(events: &[Event], number: &str, root: &Path) -> Result<Vec<String>> {
    let holds =
        |event: &Event| matches!(&event.what, What::Answer(all) if all.iter().any(|n| n == number));
    let end = events
        .iter()
        .position(holds)
        .context("no answer in the log")?;
    let before = events[..end]
        .iter()
        .rposition(|event| matches!(event.what, What::Answer(_)));
    let mut steps: Vec<(String, usize)> = Vec::new();
    for event in &events[before.map_or(0, |at| at + 1)..=end] {
        let inside = |path: &Path| {
            path.strip_prefix(root)
                .unwrap_or(path)
                .display()
                .to_string()
        };
        let step = match &event.what {
            What::Write { path, .. } => format!("write {}", inside(path)),
            What::Sync(path) => format!("sync {}", inside(path)),
            What::Answer(_) => "answer".to_owned(),
            _ => continue,
        };
        match steps.last_mut() {
            Some((last, count)) if *last == step => *count += 1,
            _ => steps.push((step, 1)),
        }
    }
    let words = steps
        .into_iter()
        .map(|(step, count)| format!("{step} ×{count}"));
    Ok(words.collect())
}
