//! The node's own MQTT listener: who connects, how many, and what is remembered of them.
//!
//! A client signs in as `<city>/<account>` and publishes on topics that begin with `<city>/`. What arrives becomes
//! entities; nothing can be subscribed.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pendopo_domain::sources::{Kind, Source};
use pendopo_operations::store::mqtt::Account;
use pendopo_operations::{City, Node, sources};
use rmqtt_codec::v5::DisconnectReasonCode as Code;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::intake::{Intake, Ready, Writer};
use super::session::Session;
use super::wire::{Broken, Hello, Packet, Wire};

/// Connections at the same time. Each may hold about 2 MB when it is at its worst.
const MOST_CONNECTIONS: usize = 10_000;
/// Connections that have not said who they are.
const MOST_STRANGERS: usize = 256;
/// How long a stranger may take to say who it is.
const STRANGER_WAITS: Duration = Duration::from_secs(10);
/// What a wrong password costs, so that guessing is slow.
const WRONG_WAITS: Duration = Duration::from_secs(1);
/// Clients that are remembered without being connected.
const MOST_REMEMBERED: usize = 10_000;

/// What is left of a client between its connections: quality of service 2 needs it.
pub struct Remembered {
    /// Messages that were received and not yet released.
    received: Mutex<HashSet<NonZeroU16>>,
    /// Counts the connections of the client; the last one is the one that counts.
    pub owner: watch::Sender<u64>,
    /// When it may be forgotten; `None` while it is connected, or for ever.
    until: Mutex<Option<Instant>>,
}

impl Remembered {
    fn new() -> Self {
        Self {
            received: Mutex::default(),
            owner: watch::Sender::new(0),
            until: Mutex::default(),
        }
    }

    fn received(&self) -> std::sync::MutexGuard<'_, HashSet<NonZeroU16>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the message was received before.
    pub fn has(&self, id: NonZeroU16) -> bool {
        self.received().contains(&id)
    }

    /// Notes that a message is durable.
    pub fn keep(&self, id: NonZeroU16) {
        self.received().insert(id);
    }

    /// Whether there was something to release.
    pub fn release(&self, id: NonZeroU16) -> bool {
        self.received().remove(&id)
    }

    fn set_until(&self, until: Option<Instant>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_over(&self) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until <= Instant::now())
    }
}

/// City, account, client id.
type Client = (String, String, String);

/// The clients of this process, and the mappings of each city.
#[derive(Default)]
struct Clients(
    Mutex<HashMap<Client, Arc<Remembered>>>,
    Mutex<HashMap<String, Arc<Ready>>>,
);

impl Clients {
    /// Takes the client over from its last connection. Returns what is left of it, the number of the new connection, and
    /// whether there was something left.
    fn arrive(&self, client: Client, clean_start: bool) -> (Arc<Remembered>, u64, bool) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_REMEMBERED {
            clients.retain(|_, one| one.owner.receiver_count() > 0);
        }
        let known = clients.get(&client).cloned();
        let left = known
            .as_ref()
            .filter(|one| !clean_start && !one.is_over())
            .cloned();
        let present = left.is_some();
        let remembered = left.unwrap_or_else(|| Arc::new(Remembered::new()));
        if let Some(old) = known {
            // Ends the connection that still holds it, also when nothing of it is kept.
            old.owner.send_modify(|owner| *owner += 1);
        }
        remembered.set_until(None);
        let number = *remembered.owner.borrow();
        clients.insert(client, Arc::clone(&remembered));
        (remembered, number, present)
    }

    fn ready(&self, city: &str) -> Arc<Ready> {
        let mut ready = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(ready.entry(city.to_owned()).or_default())
    }

    /// The connection `number` of the client is over. `remembered_s` says how long to remember it.
    fn leave(
        &self,
        client: &Client,
        remembered: &Arc<Remembered>,
        number: u64,
        remembered_s: Option<u32>,
    ) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = clients
            .get(client)
            .is_some_and(|one| Arc::ptr_eq(one, remembered))
            && *remembered.owner.borrow() == number;
        if !last {
            return;
        }
        match remembered_s {
            Some(0) => drop(clients.remove(client)),
            Some(seconds) => {
                let until = Instant::now() + Duration::from_secs(seconds.into());
                remembered.set_until(Some(until));
            }
            None => {}
        }
    }
}

/// Serves until `stopping` says so; then everything that was read is made durable and answered.
pub async fn serve(node: Arc<Node>, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
    let clients = Arc::new(Clients::default());
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let strangers = Arc::new(Semaphore::new(MOST_STRANGERS));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let next = async {
            // Without a place nobody is taken in: they wait in the queue of the system.
            let places = (
                Arc::clone(&connections).acquire_owned().await.ok()?,
                Arc::clone(&strangers).acquire_owned().await.ok()?,
            );
            Some((listener.accept().await, places))
        };
        let next = tokio::select! {
            next = next => next,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        match next {
            Some((Ok((stream, _)), (place, stranger))) => {
                let (node, clients, stopping) =
                    (Arc::clone(&node), Arc::clone(&clients), stopping.clone());
                tasks.spawn(async move {
                    let _place = place;
                    let greeted = greet(&node, &clients, stream).await;
                    drop(stranger);
                    if let Some(greeted) = greeted {
                        greeted.serve(&clients, stopping).await;
                    }
                });
            }
            Some((Err(error), _)) => {
                // Too many open files, most likely: a pause, so that some are closed.
                tracing::warn!(error = %error, "mqtt.accept failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            None => break,
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// A client that is known.
struct Greeted {
    session: Session,
    client: Client,
    remembered: Arc<Remembered>,
    number: u64,
    remembered_s: Option<u32>,
}

impl Greeted {
    async fn serve(self, clients: &Clients, stopping: watch::Receiver<bool>) {
        let end = self.session.run(stopping).await;
        tracing::debug!(city = self.client.0, end = ?end, "mqtt.connection ended");
        clients.leave(
            &self.client,
            &self.remembered,
            self.number,
            self.remembered_s,
        );
    }
}

/// Finds out who it is; `None` for somebody who is not known or does not say.
async fn greet(node: &Node, clients: &Clients, stream: TcpStream) -> Option<Greeted> {
    let _ = stream.set_nodelay(true);
    let mut wire = Wire::new(stream);
    let hello = match tokio::time::timeout(STRANGER_WAITS, hello(&mut wire)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(Broken::Packet(_) | Broken::Closed)) | Err(_) => return None,
    };
    let Some((city, account)) = known(node, &hello).await else {
        tokio::time::sleep(WRONG_WAITS).await;
        wire.put_unknown();
        wire.end().await;
        return None;
    };
    let given_id = hello.client_id.is_empty().then(|| {
        let mut id = [0; 12];
        node.entropy().fill(&mut id);
        URL_SAFE_NO_PAD.encode(id)
    });
    let client_id = given_id.clone().unwrap_or_else(|| hello.client_id.clone());
    let client = (city.slug().to_owned(), account.name.clone(), client_id);
    let (remembered, number, present) = clients.arrive(client.clone(), hello.clean_start);
    wire.welcome();
    wire.put_welcome(present, given_id, None);
    let source = Source::new(Kind::Mqtt, &account.name);
    let ready = clients.ready(city.slug());
    let intake = Intake::new(
        Arc::clone(&city),
        source,
        Writer::Account(account.id),
        ready,
    );
    let place = (Arc::clone(&remembered), number);
    Some(Greeted {
        session: Session::new(wire, city, account, intake, &hello, place),
        client,
        remembered,
        number,
        remembered_s: hello.remembered_s,
    })
}

async fn hello(wire: &mut Wire) -> Result<Box<Hello>, Broken> {
    loop {
        match wire.decode()? {
            Some(Packet::Connect(hello)) => return Ok(hello),
            Some(_) => return Err(Broken::Packet(Code::ProtocolError)),
            None => wire.read().await?,
        }
    }
}

/// The city and the account that `hello` names, if the password is right.
async fn known(node: &Node, hello: &Hello) -> Option<(Arc<City>, Account)> {
    let (slug, name) = hello.user.split_once('/')?;
    let city = match node.city(slug).await {
        Ok(city) => city?,
        Err(error) => {
            tracing::warn!(city = slug, error = %error, "mqtt.sign_in failed");
            return None;
        }
    };
    let password = std::str::from_utf8(&hello.password).ok()?;
    let account = sources::authenticate(&city, name, password).await?;
    Some((city, account))
}
