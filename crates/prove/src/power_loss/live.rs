//! Entities that count: each has one writer on a connection of its own, see [`Heard`].

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, ensure};
use futures::future::try_join_all;

use super::{Args, Promises, Watch};
use crate::live_kill::{Written, batch, change, entities};
use crate::node::City;
use crate::trace::{Event, Logs, What};
use crate::verify;
use crate::wire::{Wire, request};

/// Entities of a writer that changes several at once; every second one does.
const SEVERAL: usize = 5;
const TYPES: &str = "/ngsi-ld/v1/types";

/// What writers were told. Each first asks for an entity that is its own, on its own connection: so an answer is known by
/// the connection that it went out on, and its place there is the number of the change that was acknowledged.
pub struct Heard {
    entities: Vec<String>,
    /// Which writer a connection belongs to.
    lines: HashMap<String, usize>,
    /// The last change of each writer that was acknowledged; `None` before it has asked for its entity.
    pub held: Vec<Option<u64>>,
}

impl Heard {
    /// Nothing yet, of the writers of these entities.
    pub fn new(entities: Vec<String>) -> Self {
        Self {
            lines: HashMap::new(),
            held: vec![None; entities.len()],
            entities,
        }
    }

    /// Takes up an answer.
    pub fn hear(&mut self, what: &What) {
        let What::Acknowledged { line, entity } = what else {
            return;
        };
        if let Some(id) = entity {
            if let Some(writer) = self.entities.iter().position(|one| one == id) {
                self.lines.insert(line.clone(), writer);
                self.held[writer] = Some(0);
            }
        } else if let Some(writer) = self.lines.get(line) {
            self.held[*writer] = self.held[*writer].map(|turn| turn + 1);
        }
    }

    /// Changes that were acknowledged.
    pub fn count(&self) -> usize {
        let turns: u64 = self.held.iter().flatten().sum();
        usize::try_from(turns).unwrap_or(usize::MAX)
    }

    /// Requires that the whole log has every answer.
    ///
    /// # Errors
    /// When it has not.
    pub fn ensure_whole(mut self, events: &[Event], each: u64) -> Result<()> {
        events.iter().for_each(|event| self.hear(&event.what));
        ensure!(
            self.held.iter().all(|held| *held == Some(each)),
            "the log has not every answer: {:?}",
            self.held
        );
        Ok(())
    }
}

/// What the writers of one city were told.
pub struct Live {
    /// What each writer has, and how often it changed it in all.
    parts: Vec<Vec<Written>>,
    each: u64,
    heard: Heard,
}

/// Makes a city and changes its entities, everything behind strace, to the orderly end of the node.
pub async fn watch(args: &Args, binary: &Path) -> Result<Watch<Live>> {
    let (logs, city) = Logs::city(binary).await?;
    let node = city.start_live_behind(&logs.next(), TYPES, &[]).await?;
    let mut live = Live::new(args);
    prepare(node.address, &live.parts).await?;
    let writers = live
        .parts
        .iter()
        .map(|part| write(node.address, part.clone(), live.each));
    live.parts = try_join_all(writers).await?;
    node.stop().await?;
    let events = logs.read(&city)?;
    Live::new(args).heard.ensure_whole(&events, live.each)?;
    Ok((city, live, events))
}

async fn prepare(address: SocketAddr, parts: &[Vec<Written>]) -> Result<()> {
    let mut wire = Wire::open(address).await?;
    for part in parts {
        let status = wire.ask(&batch(part)).await?;
        ensure!(status == 201, "{status}: {}", wire.text());
    }
    Ok(())
}

async fn write(address: SocketAddr, mut part: Vec<Written>, each: u64) -> Result<Vec<Written>> {
    let mut wire = Wire::open(address).await?;
    let mut ask = vec![];
    request(&mut ask, "GET", &format!("/entities/{}", part[0].id), &[]);
    let status = wire.ask(&ask).await?;
    ensure!(status == 200, "{status}: {}", wire.text());
    for _ in 0..each {
        for one in &mut part {
            one.sent += 1;
        }
        let status = wire.ask(&change(&part)).await?;
        ensure!(status == 204, "{status}: {}", wire.text());
    }
    Ok(part)
}

impl Live {
    fn new(args: &Args) -> Self {
        let mut left = entities(args.writers * SEVERAL).into_iter();
        let count = |writer: usize| if writer.is_multiple_of(2) { 1 } else { SEVERAL };
        let parts = (0..args.writers).map(|writer| left.by_ref().take(count(writer)).collect());
        let parts: Vec<Vec<Written>> = parts.collect();
        Self {
            heard: Heard::new(parts.iter().map(|part| part[0].id.clone()).collect()),
            parts,
            each: args.each as u64,
        }
    }
}

impl Promises for Live {
    fn counts(&self) -> [usize; 2] {
        let several = self.parts.iter().filter(|part| part.len() > 1).count();
        [self.parts.len(), several].map(|writers| writers * self.each as usize)
    }

    fn hear(&mut self, what: &What) {
        self.heard.hear(what);
    }

    fn heard(&self) -> usize {
        self.heard.count()
    }

    async fn look(&self, city: &City, folder: &Path) -> Result<Vec<String>> {
        let mut promised = BTreeMap::new();
        for (part, held) in self.parts.iter().zip(&self.heard.held) {
            let Some(held) = *held else { continue };
            promised.extend(part.iter().map(|one| (one.id.clone(), held..=one.sent)));
        }
        let found = verify::live(folder, &city.slug, verify::COUNTED, &promised).await?;
        Ok(found.problems)
    }
}
