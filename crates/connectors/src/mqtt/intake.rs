//! Messages to entities. Whoever sends them is told that they arrived when this returns, and not before.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pendopo_domain::policy::Actor;
use pendopo_domain::sources::{Counts, MqttAccountId, Reason, Source};
use pendopo_operations::configuration::Configuration;
use pendopo_operations::store::quarantine::Aside;
use pendopo_operations::{City, Result, entities, limits, quarantine, sources};

use crate::payload::{Mappings, Taken};

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

/// What takes the messages of one source.
pub struct Intake {
    city: Arc<City>,
    source: Source,
    writer: Writer,
    compiled: Mutex<Compiled>,
}

struct Compiled {
    /// From which the mappings were made.
    configuration: Arc<Configuration>,
    mappings: Arc<Mappings>,
}

impl Compiled {
    fn new(configuration: Arc<Configuration>) -> Self {
        Self {
            mappings: Arc::new(Mappings::new(&configuration.sources.mappings)),
            configuration,
        }
    }
}

impl Intake {
    pub fn new(city: Arc<City>, source: Source, writer: Writer) -> Self {
        let compiled = Mutex::new(Compiled::new(city.configuration()));
        Self {
            city,
            source,
            writer,
            compiled,
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
        let (mappings, now) = (self.mappings(), self.city.now());
        let mut counts = Counts {
            received: messages.len() as u64,
            ..Counts::default()
        };
        let (mut commands, mut recorded, mut aside) = (vec![], vec![], vec![]);
        for message in messages {
            let taken = if message.body.len() > limits::MQTT_PACKET_BYTES as usize {
                Err(Reason::TooLarge)
            } else {
                mappings.take(&message.topic, &message.body, now)
            };
            match taken {
                Ok(taken) => {
                    let Taken {
                        commands: these,
                        late,
                        unknown_units,
                    } = taken;
                    counts.late += u64::from(late);
                    counts.unknown_units += unknown_units;
                    recorded.push((message, these.len()));
                    commands.extend(these);
                }
                Err(reason) => aside.push(put_aside(message, reason)),
            }
        }
        aside.extend(self.record(commands, recorded).await?);
        quarantine::put_aside(&self.city, &self.source, aside).await?;
        sources::note(&self.city, &self.source, counts);
        Ok(())
    }

    /// Commits `commands`, and returns the messages of which one was refused. `recorded` says how many belong to each.
    async fn record(
        &self,
        commands: Vec<pendopo_domain::entities::Command>,
        recorded: Vec<(Message, usize)>,
    ) -> Result<Vec<Aside>> {
        if commands.is_empty() {
            return Ok(vec![]);
        }
        let outcomes = entities::write(&self.city, &self.actor(), commands).await?;
        let mut outcomes = outcomes.into_iter();
        let refused = |(message, length): (Message, usize)| {
            let refused = outcomes
                .by_ref()
                .take(length)
                .filter(|one| one.is_err())
                .count();
            (refused > 0).then(|| put_aside(message, Reason::Refused))
        };
        Ok(recorded.into_iter().filter_map(refused).collect())
    }

    fn actor(&self) -> Actor {
        match self.writer {
            Writer::Account(id) => self.city.mqtt_account(id),
            Writer::City => self.city.listener(),
        }
    }

    fn mappings(&self) -> Arc<Mappings> {
        let configuration = self.city.configuration();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&compiled.configuration, &configuration) {
            *compiled = Compiled::new(configuration);
        }
        Arc::clone(&compiled.mappings)
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
    let mappings = Mappings::new(&city.configuration().sources.mappings);
    quarantine::replay(city, actor, source, |topic, body, at| {
        mappings.take(topic, body, at).map(|taken| taken.commands)
    })
    .await
}
