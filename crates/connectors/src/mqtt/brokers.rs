//! Clients of other people's brokers, by the configuration of a city.
//!
//! A message is acknowledged to the broker when it is durable here. The connection is made anew after every failure,
//! after a pause that doubles. Where the node may connect to is for [`outgoing`] to say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pendopo_domain::sources::{Broker, Kind, Source, topic};
use pendopo_operations::outgoing::{Address, Allow, Refused};
use pendopo_operations::{City, Node};
use rumqttc::{
    AsyncClient, ClientError, ConnectionError, Event, EventLoop, MqttOptions, Packet, Publish, QoS,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::intake::{Intake, Message, Writer};

/// How often to look for brokers that are new or gone.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After how many of these looks to look for new cities.
const CITIES_EVERY: u64 = 12;
/// The pauses between two tries.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that held so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Messages between the connection and the intake.
const MOST_WAITING: usize = 256;
/// A larger message is kept in part in quarantine; with the packet limit of the listener it would end the connection
/// again and again.
const PACKET_BYTES: usize = 8 * 1024 * 1024;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the address may not be spoken to")]
    Refused(#[from] Refused),
    #[error(
        "this program has no TLS for MQTT yet; a broker in the city's own network can be listed in outgoing.allow"
    )]
    NoTls,
    #[error("the name has no address")]
    NoAddress,
    #[error("the file of the password, or the name of the host, could not be read")]
    Io(#[from] std::io::Error),
    #[error("the broker ended the connection")]
    Connection(#[from] ConnectionError),
    #[error("the broker took no answer")]
    Client(#[from] ClientError),
    #[error("a message could not be made durable")]
    City(#[from] pendopo_operations::Error),
}

/// Listens to the brokers of every city of `node` until `stopping` says so.
pub async fn run(node: Arc<Node>, allow: Arc<Allow>, mut stopping: watch::Receiver<bool>) {
    let mut running: HashMap<(String, String), (Broker, JoinHandle<()>)> = HashMap::new();
    let mut cities = vec![];
    for round in 0_u64.. {
        if round % CITIES_EVERY == 0 {
            cities = open(&node).await;
        }
        let wanted = wanted(&cities);
        running.retain(|key, (broker, task)| {
            let stays = wanted
                .iter()
                .any(|(city, one)| key.0 == city.slug() && one == broker);
            if !stays {
                task.abort();
            }
            stays
        });
        for (city, broker) in wanted {
            let key = (city.slug().to_owned(), broker.name.clone());
            running.entry(key).or_insert_with(|| {
                let task = listen(city, broker.clone(), Arc::clone(&allow));
                (broker, tokio::spawn(task))
            });
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => break,
        }
    }
    for (_, task) in running.into_values() {
        task.abort();
    }
}

/// Every city that can be opened now.
async fn open(node: &Node) -> Vec<Arc<City>> {
    let mut cities = vec![];
    for slug in node.slugs().await.unwrap_or_default() {
        if let Ok(Some(city)) = node.city(&slug).await {
            cities.push(city);
        }
    }
    cities
}

fn wanted(cities: &[Arc<City>]) -> Vec<(Arc<City>, Broker)> {
    let mut wanted = vec![];
    for city in cities {
        let brokers = city.configuration().sources.brokers.clone();
        wanted.extend(brokers.into_iter().map(|broker| (Arc::clone(city), broker)));
    }
    wanted
}

/// Listens to one broker for ever.
async fn listen(city: Arc<City>, broker: Broker, allow: Arc<Allow>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = tokio::time::Instant::now();
        let Err(error) = connect(&city, &broker, &allow).await else {
            continue;
        };
        if begun.elapsed() > GOOD_AFTER {
            pause = FIRST_PAUSE;
        }
        let error = anyhow::Error::from(error);
        tracing::warn!(
            city = city.slug(),
            broker = broker.name,
            pause_s = pause.as_secs(),
            error = format!("{error:#}"),
            "mqtt.broker is away"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

async fn connect(city: &Arc<City>, broker: &Broker, allow: &Allow) -> Result<(), BrokerError> {
    let address = Address::parse(&broker.address)?;
    let target = resolve(&address, allow).await?;
    if address.secure {
        return Err(BrokerError::NoTls);
    }
    // The address that was looked at, not the name, which might mean another one the next moment.
    let mut options = MqttOptions::new(
        client_id(city, broker),
        target.ip().to_string(),
        target.port(),
    );
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_manual_acks(true)
        .set_clean_session(broker.client_id.is_none())
        .set_max_packet_size(PACKET_BYTES, PACKET_BYTES);
    if let Some(account) = &broker.account {
        let password = match &broker.password_file {
            Some(file) => tokio::fs::read_to_string(file).await?,
            None => String::new(),
        };
        options.set_credentials(account, password.trim_end_matches(['\r', '\n']));
    }
    let (client, connection) = AsyncClient::new(options, MOST_WAITING * 2);
    let (waiting, arrived) = mpsc::channel(MOST_WAITING);
    let source = Source::new(Kind::Broker, &broker.name);
    let intake = Intake::new(Arc::clone(city), source, Writer::City, Arc::default());
    tokio::select! {
        read = read(connection, &client, &broker.filter, waiting) => read,
        taken = take(arrived, &client, &intake) => taken,
    }
}

/// The first address of the name that may be spoken to.
async fn resolve(address: &Address, allow: &Allow) -> Result<SocketAddr, BrokerError> {
    allow.permits(address)?;
    let mut refused = None;
    for found in tokio::net::lookup_host((address.host.as_str(), address.port)).await? {
        match allow.permits_ip(address, found.ip()) {
            Ok(()) => return Ok(found),
            Err(why) => refused = Some(why),
        }
    }
    Err(refused.map_or(BrokerError::NoAddress, BrokerError::Refused))
}

fn client_id(city: &City, broker: &Broker) -> String {
    broker.client_id.clone().unwrap_or_else(|| {
        let mut chance = [0; 9];
        city.entropy().fill(&mut chance);
        format!("pendopo-{}-{}", city.slug(), URL_SAFE_NO_PAD.encode(chance))
    })
}

/// Keeps the connection going and hands on what arrives. While the intake is full nothing more is read.
async fn read(
    mut connection: EventLoop,
    client: &AsyncClient,
    filter: &str,
    waiting: mpsc::Sender<Publish>,
) -> Result<(), BrokerError> {
    loop {
        let publish = match connection.poll().await? {
            Event::Incoming(Packet::Publish(publish)) => publish,
            Event::Incoming(Packet::ConnAck(_)) => {
                client.try_subscribe(filter, QoS::AtLeastOnce)?;
                continue;
            }
            _ => continue,
        };
        if waiting.send(publish).await.is_err() {
            return Ok(());
        }
    }
}

/// Makes durable what arrived, then tells the broker.
async fn take(
    mut arrived: mpsc::Receiver<Publish>,
    client: &AsyncClient,
    intake: &Intake,
) -> Result<(), BrokerError> {
    let mut group = Vec::with_capacity(MOST_WAITING);
    while arrived.recv_many(&mut group, MOST_WAITING).await > 0 {
        let slug = intake.city().slug();
        let message = |publish: &Publish| Message {
            topic: topic::of_city(slug, &publish.topic)
                .unwrap_or(&publish.topic)
                .to_owned(),
            body: publish.payload.clone(),
        };
        intake.take(group.iter().map(message).collect()).await?;
        for publish in group.drain(..) {
            client.ack(&publish).await?;
        }
    }
    Ok(())
}
