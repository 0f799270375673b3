//! Live data under load: a city full of sensors, changed and asked as fast as it answers; then a start with a tail.
//!
//! The driver runs on the cores of the node; how much of them it takes is in the figures.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::drive::{self, Drive, Make, Watch, mebibytes};
use crate::node::{City, Place, Running};
use crate::tail::{self, Tables};
use crate::wire::Wire;
use crate::{evidence, postgres, sensors};

#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    binary: PathBuf,
    /// Keep the city in a PostgreSQL that is started for this, with fsync on.
    #[arg(long)]
    postgres: bool,
    /// Entities of the city.
    #[arg(long, default_value_t = 100_000)]
    entities: usize,
    /// At most so long for each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Changes of one entity each,
    #[arg(long, default_value_t = 300_000)]
    patches: usize,
    /// by so many clients.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Batches of a thousand entities,
    #[arg(long, default_value_t = 500)]
    batches: usize,
    /// by so many clients.
    #[arg(long, default_value_t = 3)]
    batch_clients: usize,
    /// Entities asked for by their id.
    #[arg(long, default_value_t = 300_000)]
    gets: usize,
    /// Questions of each kind.
    #[arg(long, default_value_t = 50_000)]
    queries: usize,
    /// Changes right before the node is killed and started again. On SQLite it starts once more with tables that have
    /// none of them.
    #[arg(long, default_value_t = 1_000_000)]
    tail: usize,
    #[arg(long, default_value = "docs/proof/live.json")]
    pub out: PathBuf,
}

/// Entities of one batch.
const BATCH: usize = 1_000;
/// Clients that ask questions.
const READERS: usize = 16;
/// How long a node may work on after a load.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the changes before the kill may take.
const TAIL: Duration = Duration::from_secs(600);
/// Entities that are asked for before the kill and after each start.
const ASKED: usize = 200;
/// Answers when live data does.
const TYPES: &str = "/ngsi-ld/v1/types";

pub async fn run(args: Args) -> Result<()> {
    let server = match args.postgres {
        true => Some(postgres::Server::start(false)?),
        false => None,
    };
    let place = match &server {
        Some(server) => Place::Postgres(server.url.clone()),
        None => Place::Own,
    };
    let city = City::new(&args.binary, place).await?;
    let node = city.start_live(TYPES, &[]).await?;
    let mut figures = json!({
        "database": if args.postgres { "postgresql" } else { "sqlite" },
        "entities": args.entities, "resident_mib_empty": node.resident_mib()?,
    });
    let fill = fill(&args, &node).await?;
    figures["fill"] = said("fill", fill);
    figures["resident_mib_filled"] = node.resident_mib()?.into();
    figures["disk_mib_filled"] = disk(&city, server.as_ref());
    measure(&args, &node, &mut figures).await?;
    figures["resident_mib_after_load"] = node.resident_mib()?.into();
    figures["disk_mib_after_load"] = disk(&city, server.as_ref());
    figures["start"] = starts(&args, &city, node).await?;
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    Ok(())
}

/// Tells of a figure while the others are taken.
fn said(name: &str, figure: Value) -> Value {
    println!("{name}: {figure}");
    figure
}

impl Args {
    fn drive(&self, node: &Running, clients: usize, requests: usize) -> Drive {
        Drive {
            address: node.address,
            clients,
            requests,
            most: Duration::from_secs(self.seconds),
            per_second: None,
        }
    }

    /// Batches over all entities in turn. Each has another time than the one before.
    fn batches(&self) -> Arc<Make> {
        let entities = self.entities;
        Arc::new(move |number, out| {
            let from = number * BATCH;
            let numbers = (from..from + BATCH).map(|number| number % entities);
            sensors::batch(out, numbers, number);
        })
    }
}

async fn fill(args: &Args, node: &Running) -> Result<Value> {
    let mut drive = args.drive(node, args.batch_clients, args.entities.div_ceil(BATCH));
    drive.most = PATIENCE;
    measured(node, drive, BATCH, args.batches()).await
}

/// One load, and how long the node works on after it.
async fn measured(node: &Running, drive: Drive, each: usize, make: Arc<Make>) -> Result<Value> {
    let watch = Watch::begin(node.pid()?)?;
    let driven = drive.run(make).await?;
    let mut figures = watch.figures(&drive, &driven, each)?;
    let after = drive::settled(node, PATIENCE).await?;
    figures["works_on_for_s"] = drive::hundredths(after.as_secs_f64()).into();
    Ok(figures)
}

async fn measure(args: &Args, node: &Running, figures: &mut Value) -> Result<()> {
    let entities = args.entities;
    // A prime, so that neighbours in time are no neighbours in the tables.
    let any = move |number: usize| number.wrapping_mul(7_919) % entities;
    let drive = args.drive(node, args.clients, args.patches);
    let make: Arc<Make> = Arc::new(move |n, out| sensors::patch(out, any(n), n));
    figures["patch"] = said("patch", measured(node, drive, 1, make).await?);

    let drive = args.drive(node, args.batch_clients, args.batches);
    figures["batch"] = said("batch", measured(node, drive, BATCH, args.batches()).await?);

    let drive = args.drive(node, READERS, args.gets);
    let make: Arc<Make> = Arc::new(move |n, out| sensors::get(out, any(n)));
    figures["get"] = said("get", measured(node, drive, 1, make).await?);

    let drive = args.drive(node, READERS, args.queries);
    let make: Arc<Make> = Arc::new(|n, out| sensors::query(out, n));
    figures["type_and_value"] = said("type_and_value", measured(node, drive, 1, make).await?);

    let make: Arc<Make> = Arc::new(|n, out| sensors::within(out, n));
    figures["within_a_box"] = said("within_a_box", measured(node, drive, 1, make).await?);
    Ok(())
}

/// A start after an orderly end, one after SIGKILL, and one with tables that are as they were before the last changes.
async fn starts(args: &Args, city: &City, node: Running) -> Result<Value> {
    let path = format!("/ngsi-ld/v1/entities/{}", sensors::id(0));
    node.stop().await?;
    let tables = Tables::copied(city)?;
    let unflushed = tail::unflushed(city).await?;
    let node = city.start_live(&path, &[]).await?;
    let mut figures = json!({"orderly": row(&node, unflushed)?});
    let mut drive = args.drive(&node, args.batch_clients, args.tail.div_ceil(BATCH));
    drive.most = TAIL;
    let driven = drive.run(args.batches()).await?;
    figures["changes_before_sigkill"] = (driven.waits.len() * BATCH).into();
    let before = answers(args, &node).await?;
    node.kill().await?;

    figures["after_sigkill"] = start_as_before(args, city, &path, &before).await?;
    if let Some(tables) = tables {
        tables.put_back()?;
        figures["after_tables_were_set_back"] = start_as_before(args, city, &path, &before).await?;
    }
    city.check().await?;
    Ok(said("start", figures))
}

/// Starts a node that was killed, requires that entities answer as they did, and kills it again.
async fn start_as_before(
    args: &Args,
    city: &City,
    path: &str,
    before: &[Vec<u8>],
) -> Result<Value> {
    let unflushed = tail::unflushed(city).await?;
    let node = city.start_live(path, &[]).await?;
    let row = row(&node, unflushed)?;
    ensure!(
        answers(args, &node).await? == before,
        "an entity is not what it was before the kill"
    );
    node.kill().await?;
    Ok(row)
}

/// What some entities are now.
async fn answers(args: &Args, node: &Running) -> Result<Vec<Vec<u8>>> {
    let mut wire = Wire::open(node.address).await?;
    let mut answers = vec![];
    for number in (0..args.entities).step_by(args.entities.div_ceil(ASKED).max(1)) {
        let mut request = vec![];
        sensors::get(&mut request, number);
        let status = wire.ask(&request).await?;
        ensure!(status == 200, "{status}: {}", wire.text());
        answers.push(wire.body().to_vec());
    }
    Ok(answers)
}

/// A start, with the changes that only the journal had then.
fn row(node: &Running, unflushed: usize) -> Result<Value> {
    let ms = u64::try_from(node.started_in.as_millis())?;
    Ok(json!({
        "first_answer_ms": ms, "resident_mib": node.resident_mib()?, "tail_changes_unflushed": unflushed,
    }))
}

/// What the databases take, logs included.
fn disk(city: &City, server: Option<&postgres::Server>) -> Value {
    if let Some(server) = server {
        return json!({"server": server.mebibytes()});
    }
    let folder = city.data().join(&city.slug);
    let file = |name: &str| mebibytes(&folder.join(name));
    json!({
        "city": file("city.db"), "city_log": file("city.db-wal"),
        "live": file("live.db"), "live_log": file("live.db-wal"),
    })
}
