//! The consumer: reads the journal, lets the rules look, and keeps what they say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use pendopo_domain::alarms::About;
use pendopo_domain::entities::query::{Logic, Query};
use pendopo_domain::entities::{Attribute, Effect, Entity, Iri};
use pendopo_domain::journal::Event;
use pendopo_domain::reports::ReportId;
use pendopo_domain::rules::look::{Present, Reading};
use pendopo_domain::rules::{Edge, Engine, Memory, Rule};
use pendopo_domain::time::Timestamp;
use pendopo_store::consumers::Follows;
use pendopo_store::history::{self, Range};
use pendopo_store::journal::{self, Position};
use pendopo_store::{Db, Live, StoreError, alarms as alarm_rows, consumers, live, rules as rows};

use super::settle::settle;
use super::{alerts, reports};
use crate::incidents::signals::Hand;
use crate::{City, Result, alarms as desk, entities};

/// Name of the consumer of live data, and of the one of cases.
pub const LIVE: &str = "rules";
pub const CASES: &str = "rules.cases";
/// Journal rows that are looked at in one step.
const AT_ONCE: i64 = 64;
/// How long changes gather before they are looked at.
const GATHER: Duration = Duration::from_millis(5);
/// How often the clock is asked, and what other processes wrote.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the place in the journal is written when nothing turned.
const WRITE_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Observations of the past that a rate of rise begins with.
const PAST: i64 = 256;

/// Lets the rules of `city` look at everything until the process ends.
pub async fn run(city: Arc<City>) {
    let mut moved = city.store().moved();
    let mut runner = Runner::default();
    loop {
        if city.leads() {
            match runner.step(&city).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(city = city.slug(), error = %error, "rules.step failed; it is tried again");
                    runner = Runner::default();
                }
            }
        } else {
            runner = Runner::default();
        }
        tokio::select! {
            _ = moved.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The rules as they run in this process.
#[derive(Default)]
pub struct Runner {
    running: Option<Running>,
    /// There was no rule and nothing that one had raised.
    has_nothing: bool,
}

struct Running {
    /// What the engine was made of, to see when it is another.
    of: Arc<Vec<Rule>>,
    engine: Engine,
    memory: Memory,
    /// Looked at up to here.
    at: Places,
    /// As the database has it.
    written: Places,
    written_at: Timestamp,
    /// Everything that is there was looked at once: silence can be heard.
    has_looked_around: bool,
}

/// Where both consumers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Places {
    live: Position,
    cases: Position,
}

/// What one step came to.
#[derive(Default)]
struct Seen {
    edges: Vec<Edge>,
    about: HashMap<Iri, About>,
    reports: Vec<ReportId>,
}

impl Runner {
    /// Looks at what is next. Returns whether there may be more.
    ///
    /// # Errors
    /// When the database does not answer; then nothing of the step is kept, and the next one begins anew.
    pub async fn step(&mut self, city: &City) -> Result<bool> {
        let rules = Arc::clone(&city.configuration().rules);
        if rules.is_empty() && self.running.is_none() {
            // A city without rules costs no more than this look.
            if !self.has_nothing {
                self.has_nothing = rows::kept(&mut city.store().read().await?)
                    .await?
                    .is_empty();
            }
            if self.has_nothing {
                return Ok(false);
            }
        }
        self.has_nothing = false;
        let fresh = |running: &Running| Arc::ptr_eq(&running.of, &rules) || running.of == rules;
        let mut running = match self.running.take().filter(fresh) {
            Some(running) => running,
            None => match Running::load(city, rules).await? {
                Some(running) => running,
                None => return Ok(true),
            },
        };
        let more = running.step(city).await?;
        // False: another process did this step; everything is read again.
        if let Some(more) = more {
            self.running = Some(running);
            return Ok(more);
        }
        Ok(true)
    }
}

impl Running {
    /// `None` when another process has moved on meanwhile.
    async fn load(city: &City, of: Arc<Vec<Rule>>) -> Result<Option<Self>> {
        let (engine, faulty) = Engine::new(of.iter().cloned());
        for rule in faulty {
            tracing::warn!(city = city.slug(), rule, "a rule cannot be used");
        }
        let from_here = city.store().live().await?.state().position();
        let now = city.now();
        let begun = city.store().write(move |db| {
            Box::pin(async move {
                // A new consumer asks about what comes, not about all that the journal still has.
                let live = begin(db, LIVE, Follows::Live, from_here, now).await?;
                let end = journal::end(db).await?;
                let cases = begin(db, CASES, Follows::Cases, end, now).await?;
                let kept = rows::kept(db).await?;
                let open = alarm_rows::open(db, i64::MAX).await?;
                Ok::<_, StoreError>((Places { live, cases }, kept, open))
            })
        });
        let (at, kept, open) = begun.await?;
        let (memory, settled) = settle(&engine, kept, open);
        if !settled.is_so() {
            let write = city.store().write(move |db| {
                Box::pin(async move {
                    let is_here = take(db, now).await? == at;
                    if is_here {
                        settled.keep(db, now).await?;
                    }
                    Ok::<_, StoreError>(is_here)
                })
            });
            if !write.await? {
                return Ok(None);
            }
        }
        Ok(Some(Self {
            memory,
            engine,
            of,
            at,
            written: at,
            written_at: now,
            has_looked_around: false,
        }))
    }

    /// `None` when another process has moved on meanwhile.
    async fn step(&mut self, city: &City) -> Result<Option<bool>> {
        let now = city.now();
        let mut db = city.store().read().await?;
        let rows = live::after(&mut db, self.at.live, AT_ONCE).await?;
        let cases = journal::after(&mut db, self.at.cases, AT_ONCE).await?;
        drop(db);
        let is_behind = !rows.is_empty() || !cases.is_empty();
        let mut seen = Seen::default();
        let mut to = self.at;
        if let Some(last) = rows.last() {
            to.live = last.position;
        }
        if let Some(last) = cases.last() {
            to.cases = last.position;
        }
        let live = city.store().live().await?;
        for row in &rows {
            for effect in row.effects.iter() {
                self.look(live, effect, row.at, &mut seen).await?;
            }
        }
        let mut alerts_moved = !is_behind && !self.has_looked_around;
        for entry in &cases {
            match &entry.event {
                Event::ReportReceived { report, .. } => {
                    self.look_at_report(city, *report, &mut seen).await?;
                }
                Event::AlertReceived { .. } | Event::AlertChanged { .. } => alerts_moved = true,
                _ => {}
            }
        }
        if alerts_moved {
            let told = alerts::look(city, &self.engine, &mut self.memory, now).await?;
            for (edge, about) in told {
                seen.about.insert(Arc::clone(&edge.subject), about);
                seen.edges.push(edge);
            }
        }
        if !is_behind {
            self.look_around(live, &mut seen);
            seen.edges.extend(self.engine.tick(&mut self.memory, now));
        }
        for edge in &seen.edges {
            let entry = seen.about.entry(Arc::clone(&edge.subject));
            let about = entry.or_insert_with(|| about(city, live, &edge.subject));
            about.value = edge.value.or(about.value);
        }
        let kept = self.keep(city, seen, to, now).await?;
        Ok(kept.then_some(is_behind))
    }

    /// Lets the rules look at one effect.
    async fn look(
        &mut self,
        live: &Live,
        effect: &Effect,
        written_at: Timestamp,
        seen: &mut Seen,
    ) -> Result<()> {
        if let Effect::Delete { id, at, .. } = effect {
            seen.edges
                .extend(self.engine.forget(&mut self.memory, id, *at));
            return Ok(());
        }
        let types = match effect {
            Effect::Put(entity) => Some(entity.types.clone()),
            Effect::Set(set) => match &set.types {
                Some(types) => Some(types.clone()),
                None => live.get(&set.id).map(|entity| entity.types.clone()),
            },
            Effect::Delete { .. } | Effect::Past { .. } => None,
        };
        let Some(types) = types else { return Ok(()) };
        for attribute in effect.written() {
            if attribute.dataset.is_some() || !self.engine.watches(&types, &attribute.name) {
                continue;
            }
            let reading = Reading {
                id: effect.id(),
                types: &types,
                attribute,
                // A device whose clock is ahead does not get ahead of the city.
                at: observed_at(attribute).min(written_at),
                came_at: written_at,
            };
            if let Some(over_s) = self.engine.unknown_past(&self.memory, &reading) {
                let past = past(live, &reading, over_s).await?;
                self.engine.tell_past(&mut self.memory, &reading, &past);
            }
            let edges = self.engine.see(&mut self.memory, &[reading], &Now(live));
            seen.edges.extend(edges);
        }
        Ok(())
    }

    async fn look_at_report(&mut self, city: &City, id: ReportId, seen: &mut Seen) -> Result<()> {
        let found = reports::look(city, &self.engine, id).await?;
        for one in found.clusters {
            let edges = self
                .engine
                .tell(&mut self.memory, &one.rule, &one.subject, true, one.at);
            seen.edges.extend(edges);
            seen.about.insert(one.subject, one.about);
        }
        if found.may_join {
            seen.reports.push(id);
        }
        Ok(())
    }

    /// Once everything that came was looked at: what is there now is what the rules see, and from now on its silence.
    fn look_around(&mut self, live: &Live, seen: &mut Seen) {
        if self.has_looked_around {
            return;
        }
        self.has_looked_around = true;
        let state = live.state();
        let mut kinds: Vec<Iri> = self
            .engine
            .rules()
            .flat_map(|rule| {
                rule.condition
                    .signals()
                    .into_iter()
                    .map(|one| Arc::clone(&one.kind))
            })
            .collect();
        kinds.sort();
        kinds.dedup();
        let there: Vec<Arc<Entity>> = kinds
            .into_iter()
            .flat_map(|kind| {
                let query = Query {
                    types: Some(Logic::Is(kind)),
                    ..Query::default()
                };
                state.find(&query, 0, usize::MAX, false).entities
            })
            .collect();
        drop(state);
        for entity in &there {
            let readings = entity.attributes.iter().filter(|one| one.dataset.is_none());
            let readings: Vec<_> = readings
                .map(|attribute| Reading {
                    id: &entity.id,
                    types: &entity.types,
                    attribute,
                    at: observed_at(attribute).min(attribute.modified_at),
                    came_at: attribute.modified_at,
                })
                .collect();
            let edges = self.engine.see(&mut self.memory, &readings, &Now(live));
            seen.edges.extend(edges);
            self.engine.expect(&mut self.memory, entity);
        }
    }

    /// Keeps what turned, what is to be remembered and how far the consumers have come, in one transaction.
    /// False, and nothing is kept, when another process has moved on meanwhile.
    async fn keep(&mut self, city: &City, seen: Seen, to: Places, now: Timestamp) -> Result<bool> {
        let changed = self.memory.take_dirty(&self.engine);
        let is_quiet = seen.edges.is_empty() && changed.is_empty() && seen.reports.is_empty();
        self.at = to;
        let is_time = to != self.written && now.since(self.written_at) >= WRITE_EVERY;
        if is_quiet && !is_time {
            return Ok(true);
        }
        let from = self.written;
        let hand = Hand::of(city, now);
        let Seen {
            edges,
            about,
            reports,
        } = seen;
        let write = city.store().write(move |db| {
            Box::pin(async move {
                if take(db, now).await? != from {
                    return Ok(false);
                }
                for edge in &edges {
                    let about = about.get(&edge.subject).cloned().unwrap_or_default();
                    if let Some(turned) = desk::turn(db, edge, about, now).await? {
                        hand.follow_alarm(db, turned).await?;
                    }
                }
                hand.follow_reports(db, &reports).await?;
                rows::keep(db, &changed).await?;
                consumers::advance(db, LIVE, to.live, now).await?;
                consumers::advance(db, CASES, to.cases, now).await?;
                Ok::<_, crate::Error>(true)
            })
        });
        (self.written, self.written_at) = (to, now);
        write.await
    }
}

/// The entities of the city as they are.
struct Now<'a>(&'a Live);

impl Present for Now<'_> {
    fn entity(&self, id: &str) -> Option<Arc<Entity>> {
        self.0.get(id)
    }
}

fn observed_at(attribute: &Attribute) -> Timestamp {
    attribute.observed_at.unwrap_or(attribute.modified_at)
}

/// Where both consumers stand, locked until the end of the transaction.
async fn take(db: &mut Db, now: Timestamp) -> Result<Places, StoreError> {
    Ok(Places {
        live: consumers::take(db, LIVE, Follows::Live, now).await?,
        cases: consumers::take(db, CASES, Follows::Cases, now).await?,
    })
}

/// Where a consumer stands; `start` when it is new.
async fn begin(
    db: &mut Db,
    name: &str,
    follows: Follows,
    start: Position,
    now: Timestamp,
) -> Result<Position, StoreError> {
    let at = consumers::take(db, name, follows, now).await?;
    if at != Position::default() {
        return Ok(at);
    }
    consumers::advance(db, name, start, now).await?;
    Ok(start)
}

/// What the alarm of `subject` is about, when it is an entity.
fn about(city: &City, live: &Live, subject: &Iri) -> About {
    let Some(entity) = live.get(subject) else {
        return About::default();
    };
    let position = entities::seen::position(&entity);
    let configuration = city.configuration();
    let area = position.and_then(|at| configuration.areas.containing(at));
    About {
        entity: Some(Arc::clone(subject)),
        area: area.map(|area| area.id),
        position,
        value: None,
    }
}

/// The numbers that a series had in the `over_s` seconds before `reading`, oldest first.
async fn past(live: &Live, reading: &Reading<'_>, over_s: u32) -> Result<Vec<(Timestamp, f64)>> {
    live.flush_all().await?;
    let range = Range {
        from: Some(reading.at.plus(-SignedDuration::from_secs(over_s.into()))),
        to: Some(reading.at),
        last: Some(PAST),
        limit: PAST,
        ..Range::default()
    };
    let mut db = live.tables().read().await?;
    let names = [Arc::clone(&reading.attribute.name)];
    let found = history::observations(&mut db, reading.id, &names, &range).await?;
    let default = found
        .into_iter()
        .find(|((_, dataset), _)| dataset.is_none());
    let rows = default.map_or(vec![], |(_, rows)| rows);
    let numbers = rows
        .iter()
        .filter_map(|row| Some((observed_at(&row.attribute), row.attribute.value.number()?)));
    Ok(numbers.collect())
}
