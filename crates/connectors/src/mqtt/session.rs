//! One connection: messages are read while earlier ones become durable, and answered in their order afterwards.
//!
//! What waits is bounded. When it is full nothing more is read, so the client is slowed by its own connection and others
//! have their turn; nothing that was read is dropped.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use pendopo_domain::sources::topic;
use pendopo_operations::City;
use pendopo_operations::store::mqtt::Account;
use rmqtt_codec::v5::DisconnectReasonCode as Code;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::intake::{Intake, Message};
use super::listener::Remembered;
use super::wire::{Answer, Broken, Hello, Packet, RECEIVE_MAXIMUM, Wire};

/// Messages read and not yet given to the intake.
const MOST_WAITING: usize = RECEIVE_MAXIMUM.get() as usize;
/// Bytes of them, unless one alone has more.
const MOST_WAITING_BYTES: usize = 1024 * 1024;
/// Messages of one connection in a second. Above it the client waits; a gateway that has more opens another connection.
const MOST_PER_SECOND: u32 = 20_000;
/// A client without keep-alive is let go when it says nothing for so long.
const SILENCE: Duration = Duration::from_secs(24 * 3600);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client said so.
    Goodbye { without_will: bool },
    /// The client is gone.
    Lost,
    /// The node ends it and says why.
    Told(Code),
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Closed => Self::Lost,
            Broken::Packet(code) => Self::Told(code),
        }
    }
}

/// A client that is known, and its connection.
pub struct Session {
    wire: Wire,
    city: Arc<City>,
    account: Account,
    intake: Arc<Intake>,
    remembered: Arc<Remembered>,
    /// Which connection of the client this is; a newer one ends it.
    number: u64,
    patience: Duration,
    will: Option<Message>,
    waiting: Waiting,
    working: Option<Working>,
    second: (Instant, u32),
}

/// Messages being made durable, and how they will be answered.
struct Working {
    taking: BoxFuture<'static, bool>,
    answers: Vec<(Answer, bool)>,
}

#[derive(Default)]
struct Waiting {
    messages: Vec<Message>,
    bytes: usize,
    /// One for each packet in its order; false for those outside of the client's rights, which are no messages.
    answers: Vec<(Answer, bool)>,
}

impl Session {
    pub fn new(
        wire: Wire,
        city: Arc<City>,
        account: Account,
        intake: Intake,
        hello: &Hello,
        (remembered, number): (Arc<Remembered>, u64),
    ) -> Self {
        let mut session = Self {
            wire,
            city,
            account,
            intake: Arc::new(intake),
            remembered,
            number,
            // Section 3.1.2.10: one and a half times what the client promised.
            patience: match hello.keep_alive_s {
                0 => SILENCE,
                seconds => Duration::from_millis(u64::from(seconds) * 1500),
            },
            will: None,
            waiting: Waiting::default(),
            working: None,
            second: (Instant::now(), 0),
        };
        session.will = hello.will.clone().and_then(|(topic, body)| {
            let topic = session.allowed(&topic)?;
            Some(Message { topic, body })
        });
        session
    }

    /// Serves the client until it leaves, or `stopping` says so. Everything that was read is answered first.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>) -> End {
        let end = match self.serve(&mut stopping).await {
            Ok(never) => match never {},
            Err(end) => self.finish(end).await,
        };
        if let End::Told(code) = end {
            self.wire.put_goodbye(code);
        }
        self.wire.end().await;
        let lost = !matches!(
            end,
            End::Goodbye { without_will: true } | End::Told(Code::SessionTakenOver)
        );
        if let Some(will) = self.will.take().filter(|_| lost)
            && let Err(error) = self.intake.take(vec![will]).await
        {
            tracing::warn!(city = self.city.slug(), error = %error, "mqtt.will failed");
        }
        end
    }

    async fn serve(
        &mut self,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<std::convert::Infallible, End> {
        let mut owner = self.remembered.owner.subscribe();
        let mut heard = Instant::now();
        loop {
            while self.has_room()
                && let Some(packet) = self.wire.decode()?
            {
                self.handle(packet)?;
            }
            self.work();
            self.wire.flush().await?;
            let (reading, paused_until) = (self.has_room(), self.second.0 + Duration::from_secs(1));
            let pausing = self.second.1 >= MOST_PER_SECOND;
            tokio::select! {
                biased;
                durable = worked(&mut self.working) => {
                    self.answer(durable)?;
                    // Until now the client may have had nothing more to say.
                    heard = Instant::now();
                }
                read = self.wire.read(), if reading => {
                    read?;
                    heard = Instant::now();
                }
                () = sleep_until(paused_until), if pausing => self.second = (Instant::now(), 0),
                () = sleep_until(heard + self.patience), if reading => {
                    return Err(End::Told(Code::KeepAliveTimeout));
                }
                _ = owner.wait_for(|owner| *owner != self.number) => {
                    return Err(End::Told(Code::SessionTakenOver));
                }
                _ = stopping.wait_for(|stop| *stop) => {
                    return Err(End::Told(Code::ServerShuttingDown));
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        self.waiting.answers.len() < MOST_WAITING
            && self.waiting.bytes < MOST_WAITING_BYTES
            && self.second.1 < MOST_PER_SECOND
    }

    fn handle(&mut self, packet: Packet) -> Result<(), End> {
        match packet {
            Packet::Publish {
                topic,
                body,
                answer,
            } => return self.publish(&topic, body, answer),
            Packet::Release(id) => {
                let known = self.remembered.release(id);
                self.wire.put_complete(id, known);
            }
            Packet::Subscribe(id, count) => self.wire.put_no_subscription(id, count),
            Packet::Unsubscribe(id, count) => self.wire.put_unsubscribed(id, count),
            Packet::Ping => self.wire.put_pong(),
            Packet::Disconnect { without_will } => return Err(End::Goodbye { without_will }),
            Packet::Connect(_) | Packet::Unexpected => return Err(End::Told(Code::ProtocolError)),
        }
        Ok(())
    }

    fn publish(&mut self, topic: &str, body: bytes::Bytes, answer: Answer) -> Result<(), End> {
        if self.second.0.elapsed() > Duration::from_secs(1) {
            self.second = (Instant::now(), 0);
        }
        self.second.1 += 1;
        if let Answer::Received(id) = answer {
            if self.remembered.has(id) {
                self.wire.put_answer(answer, true);
                return Ok(());
            }
            if self.is_under_way(id) {
                return Ok(());
            }
        }
        if !topic::is_topic(topic) {
            return Err(End::Told(Code::TopicNameInvalid));
        }
        let Some(topic) = self.allowed(topic) else {
            self.intake.refused(1);
            // Version 3.1.1 can only say yes or end the connection (section 3.3.5).
            if !self.wire.is_v5() {
                return Err(End::Told(Code::NotAuthorized));
            }
            self.waiting.answers.push((answer, false));
            return Ok(());
        };
        self.waiting.bytes += body.len();
        self.waiting.messages.push(Message { topic, body });
        self.waiting.answers.push((answer, true));
        Ok(())
    }

    /// The topic without the name of the city; `None` for one that this client may not publish on, or not any more.
    fn allowed(&self, topic: &str) -> Option<String> {
        let topic = topic::of_city(self.city.slug(), topic)?;
        let configuration = self.city.configuration();
        let account = configuration.sources.account(&self.account.name)?;
        let same = account.password_hash == self.account.password_hash;
        let covered = account
            .rights
            .iter()
            .any(|filter| topic::covers(filter, topic));
        (same && covered).then(|| topic.to_owned())
    }

    /// Whether a message with this number was read and is not durable yet.
    fn is_under_way(&self, id: NonZeroU16) -> bool {
        let working = self.working.iter().flat_map(|working| &working.answers);
        let mut answers = working.chain(&self.waiting.answers);
        answers.any(|(answer, _)| *answer == Answer::Received(id))
    }

    /// Gives the intake what waits, when it has nothing of this client.
    fn work(&mut self) {
        if self.working.is_none() && !self.waiting.answers.is_empty() {
            let Waiting {
                messages, answers, ..
            } = std::mem::take(&mut self.waiting);
            let intake = Arc::clone(&self.intake);
            let taking = async move {
                if messages.is_empty() {
                    return true;
                }
                let taken = intake.take(messages).await;
                if let Err(error) = &taken {
                    tracing::warn!(city = intake.city().slug(), error = %error, "mqtt.intake failed; nothing of it was acknowledged");
                }
                taken.is_ok()
            };
            self.working = Some(Working {
                taking: taking.boxed(),
                answers,
            });
        }
    }

    /// Answers what is durable now. What is not is never answered: the client sends it again.
    fn answer(&mut self, durable: bool) -> Result<(), End> {
        let Some(Working { answers, .. }) = self.working.take() else {
            return Ok(());
        };
        if !durable {
            return Err(End::Told(Code::UnspecifiedError));
        }
        for (answer, allowed) in answers {
            if let (Answer::Received(id), true) = (answer, allowed) {
                self.remembered.keep(id);
            }
            self.wire.put_answer(answer, allowed);
        }
        Ok(())
    }

    /// Makes durable and answers what was read before the end.
    async fn finish(&mut self, end: End) -> End {
        loop {
            self.work();
            if self.working.is_none() {
                return end;
            }
            let durable = worked(&mut self.working).await;
            if let Err(failed) = self.answer(durable) {
                return failed;
            }
        }
    }
}

/// When the present work is done; never when there is none.
async fn worked(working: &mut Option<Working>) -> bool {
    match working {
        Some(working) => (&mut working.taking).await,
        None => std::future::pending().await,
    }
}
