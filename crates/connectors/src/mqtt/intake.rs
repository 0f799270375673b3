//! Messages to entities. Whoever sends them is told that they arrived when this returns, and not before.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pendopo_domain::entities::Command;
use pendopo_domain::policy::Actor;
use pendopo_domain::sources::{Counts, MqttAccountId, Reason, Source};
use pendopo_operations::configuration::Configuration;
use pendopo_operations::store::quarantine::{Aside, Which};
use pendopo_operations::{City, Result, entities, limits, quarantine, sources};

use crate::payload::Mappings;

/// Commands in one commit, about: a pack of SenML may have a thousand.
const TOGETHER: usize = 4096;

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Without the name of the city.
    pub topic: String,
    pub body: Bytes,
}

/// In whose name messages are written.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    Account(MqttAccountId),
    /// The city, which listens to a broker.
    City,
}

/// The mappings of one city, made ready once for all that read by them.
#[derive(Default)]
pub struct Ready(Mutex<Option<(Arc<Configuration>, Arc<Mappings>)>>);

impl Ready {
    /// By the present configuration.
    fn of(&self, city: &City) -> Arc<Mappings> {
        let configuration = city.configuration();
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*ready {
            Some((made_from, mappings)) if Arc::ptr_eq(made_from, &configuration) => {
                Arc::clone(mappings)
            }
            _ => {
                let mappings = Arc::new(Mappings::new(&configuration.sources.mappings));
                *ready = Some((configuration, Arc::clone(&mappings)));
                mappings
            }
        }
    }
}

/// What takes the messages of one source.
pub struct Intake {
    city: Arc<City>,
    source: Source,
    writer: Writer,
    ready: Arc<Ready>,
}

impl Intake {
    pub fn new(city: Arc<City>, source: Source, writer: Writer, ready: Arc<Ready>) -> Self {
        Self {
            city,
            source,
            writer,
            ready,
        }
    }

    pub fn city(&self) -> &Arc<City> {
        &self.city
    }

    /// Counts messages that were not taken.
    pub fn refused(&self, count: u64) {
        let counts = Counts {
            refused: count,
            ..Counts::default()
        };
        sources::note(&self.city, &self.source, counts);
    }

    /// Records what can be used and puts the rest aside. When it returns all of it is durable.
    ///
    /// # Errors
    /// When something could not be made durable, or the source may not write any more. What came before the error may be
    /// there; sent again it leaves the entities as they are.
    pub async fn take(&self, messages: Vec<Message>) -> Result<()> {
        let (mappings, now) = (self.ready.of(&self.city), self.city.now());
        let mut counts = Counts {
            received: messages.len() as u64,
            ..Counts::default()
        };
        let (mut group, mut size, mut aside) = (vec![], 0, vec![]);
        for message in messages {
            let taken = if message.body.len() > limits::MQTT_PACKET_BYTES as usize {
                Err(Reason::TooLarge)
            } else {
                mappings.take(&message.topic, &message.body, now)
            };
            match taken {
                Ok(taken) => {
                    counts.late += u64::from(taken.late);
                    counts.unknown_units += taken.unknown_units;
                    size += taken.commands.len();
                    group.push((message, taken.commands));
                }
                Err(reason) => aside.push(put_aside(message, reason)),
            }
            if size >= TOGETHER {
                size = 0;
                aside.extend(self.record(std::mem::take(&mut group)).await?);
            }
        }
        aside.extend(self.record(group).await?);
        quarantine::put_aside(&self.city, &self.source, aside).await?;
        sources::note(&self.city, &self.source, counts);
        Ok(())
    }

    /// Commits the commands of `group`, and returns the messages of which one was refused.
    async fn record(&self, group: Vec<(Message, Vec<Command>)>) -> Result<Vec<Aside>> {
        if group.is_empty() {
            return Ok(vec![]);
        }
        let (mut messages, mut all) = (vec![], vec![]);
        for (message, commands) in group {
            messages.push((message, commands.len()));
            all.extend(commands);
        }
        let mut outcomes = entities::write(&self.city, &self.actor(), all)
            .await?
            .into_iter();
        let refused = |(message, length): (Message, usize)| {
            let refused = outcomes
                .by_ref()
                .take(length)
                .filter(|one| one.is_err())
                .count();
            (refused > 0).then(|| put_aside(message, Reason::Refused))
        };
        Ok(messages.into_iter().filter_map(refused).collect())
    }

    fn actor(&self) -> Actor {
        match self.writer {
            Writer::Account(id) => self.city.mqtt_account(id),
            Writer::City => self.city.listener(),
        }
    }
}

fn put_aside(message: Message, reason: Reason) -> Aside {
    Aside {
        topic: message.topic,
        reason,
        body: message.body.into(),
    }
}

/// Tries again what waits in quarantine, by the present mappings.
///
/// # Errors
/// As [`quarantine::replay`].
pub async fn replay(
    city: &City,
    actor: &Actor,
    source: Option<&str>,
) -> Result<quarantine::Replayed> {
    let which = Which {
        source,
        reason: None,
    };
    quarantine::replay(city, actor, which, &reader()).await
}

/// Reads messages as the listener does, by the mappings that a city has at that moment.
pub fn reader() -> quarantine::Reader {
    quarantine::Reader::new(|city| {
        let mappings = Mappings::new(&city.configuration().sources.mappings);
        Box::new(move |topic, body, at| mappings.take(topic, body, at).map(|taken| taken.commands))
    })
}
