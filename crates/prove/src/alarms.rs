//! Rules under load: how long from a reading to its alarm.
//!
//! Alarms are read from the database of the running node: what stands there is what every page shows.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use pendopo_domain::alarms::Alarm;
use pendopo_domain::time::Timestamp;
use pendopo_store::{MasterKey, Store, alarms};
use serde_json::{Value, json};

use crate::drive::{self, Drive, Make, Watch};
use crate::load::percentile_ms;
use crate::node::{City, Place, Running};
use crate::sensors::{GAUGE, LEVEL};
use crate::wire::Wire;
use crate::{evidence, postgres, reach, sensors};

const TYPES: &str = "/ngsi-ld/v1/types";
/// Gauges made in one request.
const BATCH: usize = 500;
/// What has not come by then will not.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the alarms.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// ISA-18.2 asks for no figure; this is ours.
const TARGET_P99_MS: f64 = 500.0;

#[derive(clap::Args)]
pub struct Args {
    /// The node to measure.
    #[arg(long)]
    binary: PathBuf,
    #[arg(long, default_value_t = 1_000)]
    rules: usize,
    #[arg(long, default_value_t = 10_000)]
    gauges: usize,
    /// Readings a second of all gauges but the one that is measured.
    #[arg(long, default_value_t = 1_000)]
    background: u32,
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How often the measured gauge raises its alarm.
    #[arg(long, default_value_t = 100)]
    samples: u32,
    /// Keep the city in a PostgreSQL that is started for this, with fsync on.
    #[arg(long)]
    postgres: bool,
    #[arg(long, default_value = "docs/proof/alarms.json")]
    pub out: PathBuf,
}

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
    let rules = (0..args.rules).map(|number| rule(number, &args));
    put_rules(&city, &[], rules).await?;
    let node = city.start_live(TYPES, &[]).await?;
    fill(&node, args.gauges).await?;
    let store = Store::open(city.location(), MasterKey::new([0; 32])).await?;
    let mut figures = json!({
        "database": if args.postgres { "postgresql" } else { "sqlite" }, "rules": args.rules,
        "gauges": args.gauges, "background_wanted_per_second": args.background, "target_p99_ms": TARGET_P99_MS,
    });
    for loaded in [false, true] {
        let figure = measure(&args, &node, &store, loaded).await?;
        println!("{figure}");
        figures[if loaded { "under_load" } else { "at_rest" }] = figure;
    }
    store.close().await;
    node.stop().await?;
    evidence::write(&args.out, &figures)?;
    println!("{figures:#}");
    Ok(())
}

/// The rule with a number: the first is the one that is measured; of the others two in five look at every gauge, and the
/// rest at one, as thresholds, rates of rise, silence and expressions.
fn rule(number: usize, args: &Args) -> Value {
    let every = json!({"type": GAUGE, "attribute": LEVEL});
    let gauge = if number == 0 {
        0
    } else {
        1 + number * 7 % (args.gauges - 1)
    };
    let one = json!({"type": GAUGE, "attribute": LEVEL, "entity": sensors::gauge_id(gauge)});
    let delays = json!({"on_s": 60, "off_s": 300});
    let condition = match number {
        0 => json!({"kind": "threshold", "signal": one, "side": "above", "limit": 5_000}),
        _ => match number % 10 {
            0..4 => json!({
                "kind": "threshold", "signal": every, "side": "above", "limit": 10_000 + number, "delays": delays,
            }),
            4..7 => json!({
                "kind": "threshold", "signal": one, "side": "above", "limit": 800, "deadband": 20, "delays": delays,
            }),
            7 => json!({"kind": "rate_of_rise", "signal": one, "per_hour": 1e9, "over_s": 600}),
            8 => json!({"kind": "no_data", "signal": one, "after_s": 86_400}),
            _ => json!({
                "kind": "expression", "cel": "level > 700.0 && level < 750.0", "signals": {"level": one},
                "delays": delays,
            }),
        },
    };
    described(&format!("prove/{number}"), &condition)
}

/// A rule with everything that it must say.
pub fn described(code: &str, condition: &Value) -> Value {
    let texts = json!({"id": "x", "en": "x"});
    json!({
        "code": code, "names": texts, "condition": condition, "cause": texts, "consequence": texts,
        "action": texts, "minutes_to_act": 10, "priority": 3, "owner": "bpbd",
    })
}

/// Gives the city rules through the command line, behind the words of a tracer or none.
pub async fn put_rules(
    city: &City,
    wrap: &[OsString],
    rules: impl Iterator<Item = Value>,
) -> Result<()> {
    let file = city.home().join("rules.json");
    std::fs::write(
        &file,
        json!({"rules": rules.collect::<Vec<_>>()}).to_string(),
    )?;
    let file = file.to_string_lossy().into_owned();
    city.run(wrap, &["rule", "put", &file, "--city", &city.slug])
        .await?;
    Ok(())
}

/// Makes the gauges.
pub async fn fill(node: &Running, gauges: usize) -> Result<()> {
    let mut wire = Wire::open(node.address).await?;
    for from in (0..gauges).step_by(BATCH) {
        let mut request = vec![];
        let to = (from + BATCH).min(gauges);
        sensors::gauges(&mut request, from..to, reach::now());
        let status = wire.ask(&request).await?;
        ensure!(status < 300, "{status}: {}", wire.text());
    }
    drive::settled(node, PATIENCE).await?;
    Ok(())
}

/// Raises the alarm of the first gauge again and again, and says how long each time took.
async fn measure(args: &Args, node: &Running, store: &Store, loaded: bool) -> Result<Value> {
    let watch = Watch::begin(node.pid()?)?;
    let background = Drive {
        address: node.address,
        clients: args.clients,
        requests: usize::MAX,
        most: PATIENCE,
        per_second: Some(args.background),
    };
    let others = args.gauges - 1;
    let make: Arc<Make> = Arc::new(move |number, out| {
        let gauge = 1 + number.wrapping_mul(7_919) % others;
        sensors::read_gauge(out, gauge, number as u64 % 900, reach::now());
    });
    let driving = loaded.then(|| tokio::spawn(background.run(make)));
    let (mut waits, mut wire) = (vec![], Wire::open(node.address).await?);
    let begun = Instant::now();
    for _ in 0..args.samples {
        let before = first(store).await?.map_or(0, |alarm| alarm.times);
        let sent = Instant::now();
        read(&mut wire, 9_000, reach::now()).await?;
        until(store, |alarm| {
            alarm.is_some_and(|alarm| alarm.times > before && alarm.is_active)
        })
        .await?;
        waits.push(sent.elapsed());
        read(&mut wire, 100, reach::now()).await?;
        until(store, |alarm| alarm.is_some_and(|alarm| !alarm.is_active)).await?;
    }
    let took = begun.elapsed();
    let [node_cores, driver_cores] = watch.cores()?;
    waits.sort_unstable();
    let p99 = percentile_ms(&waits, 99);
    let mut figure = json!({
        "alarms": waits.len(), "p50_ms": percentile_ms(&waits, 50), "p95_ms": percentile_ms(&waits, 95),
        "p99_ms": p99, "max_ms": percentile_ms(&waits, 100), "within_target": p99 <= TARGET_P99_MS,
        "seconds": drive::hundredths(took.as_secs_f64()), "cores_of_node": node_cores,
        "cores_of_driver": driver_cores, "load_average": drive::load_average(),
    });
    if let Some(driving) = driving {
        let driven = driving.await??;
        let rate = crate::load::per_second(driven.waits.len(), driven.took);
        figure["background_per_second"] = rate.into();
        figure["background_p99_ms"] = percentile_ms(&driven.waits, 99).into();
    }
    Ok(figure)
}

async fn read(wire: &mut Wire, value: u64, at: Timestamp) -> Result<()> {
    let mut request = vec![];
    sensors::read_gauge(&mut request, 0, value, at);
    let status = wire.ask(&request).await?;
    ensure!(status == 204, "{status}: {}", wire.text());
    Ok(())
}

/// The open alarm of the first rule.
async fn first(store: &Store) -> Result<Option<Alarm>> {
    let cause = format!("prove/0|{}", sensors::gauge_id(0));
    let mut db = store.read().await?;
    let open = alarms::open(&mut db, 5_000).await?;
    Ok(open.into_iter().find(|alarm| alarm.cause == cause))
}

async fn until(store: &Store, is_so: impl Fn(Option<&Alarm>) -> bool) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if is_so(first(store).await?.as_ref()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("an alarm did not come to be as it should within {PATIENCE:?}")
}
