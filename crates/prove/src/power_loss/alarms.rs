//! Gauges under a rule with delays: what a disk keeps of their readings says how often each was beyond its limit, and so
//! often its alarm must have been raised once the rules have caught up, whether the power went before, inside or after
//! a delay.
//!
//! Each gauge has one writer, who counts: the level is the number of the reading, with [`BEYOND`] added while it stands
//! above the limit. The rules catch up in this process, by the code that a node runs, on a clock that is past every delay.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use jiff::SignedDuration;
use pendopo_operations::City as Running;
use pendopo_operations::rules::Runner;
use pendopo_store::{Location, Store, alarms};
use pendopo_testkit::{DrivenClock, TestEntropy};
use serde_json::json;

use super::live::Heard;
use super::{Args, Promises, Watch};
use crate::alarms::{described, fill, put_rules};
use crate::alarms_kill::{RULE, fault};
use crate::node::City;
use crate::sensors::{self, GAUGE, LEVEL, gauge_id};
use crate::trace::{Logs, What};
use crate::wire::{Wire, request};
use crate::{reach, verify};

const TYPES: &str = "/ngsi-ld/v1/types";
/// The delays of the rule.
const DELAY: Duration = Duration::from_secs(1);
/// Between two readings: two stand longer than the delay, one does not.
const PAUSE: Duration = Duration::from_millis(650);
const BEYOND: u64 = 1_000;
/// Readings of one time beyond and back: two above, two below.
const TURNS: u64 = 4;

/// What the gauges of one city were told.
pub struct Gauges {
    /// Readings of each gauge in all.
    each: u64,
    heard: Heard,
}

/// Makes a city with a rule and lets its gauges go up and down, everything behind strace, to the orderly end of the node.
pub async fn watch(args: &Args, binary: &Path) -> Result<Watch<Gauges>> {
    let (logs, city) = Logs::city(binary).await?;
    let condition = json!({
        "kind": "threshold", "signal": {"type": GAUGE, "attribute": LEVEL}, "side": "above", "limit": BEYOND,
        "deadband": 20, "delays": {"on_s": DELAY.as_secs(), "off_s": DELAY.as_secs()},
    });
    let rule = std::iter::once(described(RULE, &condition));
    put_rules(&city, &logs.next(), rule).await?;
    let node = city.start_live_behind(&logs.next(), TYPES, &[]).await?;
    fill(&node, args.writers).await?;
    let gauges = Gauges::new(args);
    let writers = (0..args.writers).map(|gauge| write(node.address, gauge, gauges.each));
    try_join_all(writers).await?;
    node.stop().await?;
    let events = logs.read(&city)?;
    Gauges::new(args).heard.ensure_whole(&events, gauges.each)?;
    Ok((city, gauges, events))
}

/// The level of a gauge at its reading with this number, from 1.
fn level(reading: u64) -> u64 {
    reading + if is_beyond(reading) { BEYOND } else { 0 }
}

fn is_beyond(reading: u64) -> bool {
    reading > 0 && (reading - 1) % TURNS < TURNS / 2
}

/// How often a gauge with so many readings was beyond and back, when no reading came for longer than the delays.
fn turned(readings: u64) -> [u32; 2] {
    let beyond = readings.div_ceil(TURNS);
    let back = beyond - u64::from(is_beyond(readings));
    [beyond, back].map(|times| u32::try_from(times).unwrap_or(u32::MAX))
}

async fn write(address: SocketAddr, gauge: usize, each: u64) -> Result<()> {
    // Apart from each other, so that the power goes at every place of a delay.
    tokio::time::sleep(Duration::from_millis(gauge as u64 * 337 % 2_600)).await;
    let mut wire = Wire::open(address).await?;
    let mut ask = vec![];
    request(
        &mut ask,
        "GET",
        &format!("/entities/{}", gauge_id(gauge)),
        &[],
    );
    let status = wire.ask(&ask).await?;
    ensure!(status == 200, "{status}: {}", wire.text());
    for reading in 1..=each {
        let mut told = vec![];
        sensors::read_gauge(&mut told, gauge, level(reading), reach::now());
        let status = wire.ask(&told).await?;
        ensure!(status == 204, "{status}: {}", wire.text());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

impl Gauges {
    fn new(args: &Args) -> Self {
        Self {
            each: args.each as u64 * TURNS,
            heard: Heard::new((0..args.writers).map(gauge_id).collect()),
        }
    }
}

impl Promises for Gauges {
    /// Readings, and times beyond.
    fn counts(&self) -> [usize; 2] {
        let readings = self.heard.held.len() * self.each as usize;
        [readings, readings / TURNS as usize]
    }

    fn hear(&mut self, what: &What) {
        self.heard.hear(what);
    }

    fn heard(&self) -> usize {
        self.heard.count()
    }

    async fn look(&self, city: &City, folder: &Path) -> Result<Vec<String>> {
        let gauges = self.heard.held.iter().enumerate();
        let known: Vec<(usize, u64)> = gauges
            .filter_map(|(at, held)| Some((at, (*held)?)))
            .collect();
        // A level tells its reading, and one more than what was acknowledged may be there.
        let promised: BTreeMap<_, _> = known
            .iter()
            .map(|(gauge, _)| (gauge_id(*gauge), 0..=BEYOND + self.each))
            .collect();
        let found = verify::live(folder, &city.slug, LEVEL, &promised).await?;
        let mut problems = found.problems;
        let mut kept = vec![];
        for (gauge, held) in known {
            let Some(level) = found.values.get(&gauge_id(gauge)) else {
                continue;
            };
            let reading = level % BEYOND;
            if !(held..=(held + 1).min(self.each)).contains(&reading) {
                problems.push(format!(
                    "gauge {gauge}: reading {reading} of {held} acknowledged"
                ));
            }
            kept.push((gauge, reading));
        }
        if problems.is_empty() && !kept.is_empty() {
            let raised = raised(folder, city, &kept).await;
            problems =
                raised.unwrap_or_else(|error| vec![format!("the rules do not run: {error:#}")]);
        }
        Ok(problems)
    }
}

/// What is wrong with the alarms, once the rules have caught up with all that the disk kept.
async fn raised(folder: &Path, city: &City, kept: &[(usize, u64)]) -> Result<Vec<String>> {
    let master = verify::master_key(&folder.join("node.key")).context("the node has no key")?;
    let location = Location::Folder(folder.join(&city.slug));
    let store = Store::open(location, master.for_city(&city.slug)).await?;
    let clock = Arc::new(DrivenClock::at(reach::now()));
    let entropy = Arc::new(TestEntropy::default());
    let running = Running::new(&city.slug, store, clock.clone(), entropy).await?;
    let mut runner = Runner::default();
    // Once for what the journal has, and once more for delays that end with nothing after them.
    for _ in 0..2 {
        while runner.step(&running).await? {}
        clock.advance(SignedDuration::from_mins(10));
    }
    while runner.step(&running).await? {}
    let mut db = running.store().read().await?;
    let open = alarms::open(&mut db, 100_000).await?;
    drop(db);
    let mut problems = vec![];
    for (gauge, readings) in kept {
        problems.extend(fault(running.store(), *gauge, turned(*readings), &open).await?);
    }
    running.store().close().await;
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_tell_how_often_a_gauge_turned() {
        let levels: Vec<u64> = (0..6).map(level).collect();
        assert_eq!(levels, [0, 1_001, 1_002, 3, 4, 1_005]);
        let all: Vec<[u32; 2]> = (0..6).map(turned).collect();
        assert_eq!(all, [[0, 0], [1, 0], [1, 0], [1, 1], [1, 1], [2, 1]]);
    }
}
