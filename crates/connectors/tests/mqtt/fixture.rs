//! A node with one city, and clients that publish to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pendopo_connectors::mqtt::listener;
use pendopo_connectors::starter;
use pendopo_domain::entities::Entity;
use pendopo_domain::policy::Actor;
use pendopo_domain::sources::{Counts, Mapping};
use pendopo_operations::configuration::{self, Profile, Starter};
use pendopo_operations::store::{MasterKey, Root};
use pendopo_operations::{City, Node, sources};
use pendopo_testkit::{DrivenClock, TestEntropy};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const CITY: &str = "manado";
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Half a second before the clock of the city.
pub const READING: &str = r#"{"t": 1795481999.5, "pm25": 12.5}"#;
pub const PM25: &str = "https://uri.etsi.org/ngsi-ld/default-context/pm25";

/// A node that serves; it ends when dropped.
pub struct Served {
    pub node: Arc<Node>,
    pub city: Arc<City>,
    pub address: SocketAddr,
    /// Of the account `air`, which may publish on `air/#`.
    pub password: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    folder: TempDir,
}

impl Served {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Arc::new(Node::new(
            Root::Folder(folder.path().to_owned()),
            MasterKey::new([7; 32]),
            Arc::new(DrivenClock::default()),
            Arc::new(TestEntropy::default()),
        ));
        let store = node.store(CITY).await.unwrap();
        let start = Starter {
            roles: starter::starter().unwrap().roles,
            ..Starter::default()
        };
        configuration::found(&store, profile(), start, node.clock().now())
            .await
            .unwrap();
        store.close().await;
        let city = node.city(CITY).await.unwrap().unwrap();
        sources::put(&city, &it_staff(), vec![air("pm25")], vec![])
            .await
            .unwrap();
        let rights = [format!("{CITY}/air/#")];
        let password = sources::add_account(&city, &it_staff(), "air", &rights)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(listener::serve(Arc::clone(&node), listener, stopping));
        Self {
            node,
            city,
            address,
            password,
            stop,
            task,
            folder,
        }
    }

    pub fn options(&self, client: &str) -> MqttOptions {
        let mut options = MqttOptions::new(client, "127.0.0.1", self.address.port());
        options
            .set_credentials(format!("{CITY}/air"), &self.password)
            .set_max_packet_size(4 * 1024 * 1024, 4 * 1024 * 1024)
            .set_inflight(100);
        options
    }

    pub async fn entity(&self, id: &str) -> Option<Arc<Entity>> {
        self.city.store().live().await.unwrap().get(id)
    }

    /// The entity that `air/<station>/reading` becomes.
    pub async fn station(&self, station: &str) -> Option<Arc<Entity>> {
        self.entity(&format!("urn:ngsi-ld:Air:{station}")).await
    }

    pub async fn counts(&self, source: &str) -> Counts {
        // A message is counted a moment after it is acknowledged.
        let mut before = self.counts_now(source).await;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let now = self.counts_now(source).await;
            if now == before {
                return now;
            }
            before = now;
        }
    }

    async fn counts_now(&self, source: &str) -> Counts {
        let seen = sources::list(&self.city, &it_staff()).await.unwrap();
        seen.into_iter()
            .find(|one| one.name == source)
            .map(|one| one.counts)
            .unwrap_or_default()
    }

    /// Ends the listener as a node does and waits for it. Returns what holds the city.
    pub async fn end(self) -> TempDir {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
        self.node.close().await;
        self.folder
    }
}

pub fn it_staff() -> Actor {
    configuration::command_line()
}

/// What takes `air/<station>/reading`, with the value at this pointer.
pub fn air(pointer: &str) -> Mapping {
    let json = format!(
        r#"{{"name": "air", "topic": "air/+/reading", "format": "json", "id": "urn:ngsi-ld:Air:{{1}}",
            "type": "AirQualityObserved", "observed_at": "/t",
            "attributes": [{{"pointer": "/{pointer}", "name": "pm25", "unit_code": "GQ", "required": true}}]}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn profile() -> Profile {
    Profile {
        name: "Kota Manado".into(),
        code: String::new(),
        province: String::new(),
        zone: "Asia/Makassar".into(),
        zone_abbreviation: "WITA".into(),
        domain: String::new(),
        emergency_phone: String::new(),
        bbox: [124.6, 1.4, 125.0, 1.7],
        demo: false,
        holidays: vec![],
    }
}

/// A client that is connected.
pub struct Client {
    pub client: AsyncClient,
    pub connection: EventLoop,
}

impl Client {
    pub async fn connect(options: MqttOptions) -> Self {
        let (client, connection) = AsyncClient::new(options, 1_000);
        let mut one = Self { client, connection };
        one.until(|packet| matches!(packet, Packet::ConnAck(_)))
            .await;
        one
    }

    /// Waits for a packet.
    pub async fn until(&mut self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.connection.poll())
                .await
                .unwrap();
            if let Event::Incoming(packet) = next.unwrap()
                && wanted(&packet)
            {
                return packet;
            }
        }
    }

    /// Publishes and waits for the answer.
    pub async fn publish(&mut self, topic: &str, qos: QoS, body: impl Into<Vec<u8>>) {
        self.client.publish(topic, qos, false, body).await.unwrap();
        match qos {
            QoS::AtMostOnce => {
                // Sent is all that there is to know.
                let sent =
                    |event: &Event| matches!(event, Event::Outgoing(rumqttc::Outgoing::Publish(_)));
                while !sent(&self.connection.poll().await.unwrap()) {}
            }
            QoS::AtLeastOnce => drop(
                self.until(|packet| matches!(packet, Packet::PubAck(_)))
                    .await,
            ),
            QoS::ExactlyOnce => drop(
                self.until(|packet| matches!(packet, Packet::PubComp(_)))
                    .await,
            ),
        }
    }

    /// Waits until the connection fails.
    pub async fn fails(mut self) -> rumqttc::ConnectionError {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.connection.poll())
                .await
                .unwrap();
            match next {
                Ok(Event::Incoming(Packet::PubAck(_))) => panic!("it was acknowledged"),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }
}

/// Looks until it is so.
pub async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it did not come to be");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
