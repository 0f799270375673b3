//! The city listens to somebody else's broker: a mosquitto of the test's own, where it is installed.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use pendopo_connectors::mqtt::brokers;
use pendopo_domain::sources::Broker;
use pendopo_operations::outgoing::Allow;
use pendopo_operations::sources;
use pendopo_testkit::run;
use rumqttc::{MqttOptions, QoS};
use tokio::sync::watch;

use crate::fixture::{CITY, Client, READING, Served, eventually, it_staff};
use crate::others::is_there;

/// A mosquitto that ends when dropped.
struct Mosquitto(Child);

impl Mosquitto {
    fn start(folder: &std::path::Path, port: u16) -> Self {
        let settings = folder.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new("mosquitto");
        command
            .arg("-c")
            .arg(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

async fn publish(port: u16, topic: &str, body: &str) {
    let sent = async || {
        let options = MqttOptions::new("sensor", "127.0.0.1", port);
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .ok()?;
        let mut client = Client::connect(options).await;
        client.publish(topic, QoS::AtLeastOnce, body).await;
        client.client.disconnect().await.unwrap();
        let _ = client.connection.poll().await;
        Some(())
    };
    eventually(sent).await;
}

#[test]
fn the_messages_of_a_broker_become_entities_also_after_it_was_away() {
    if !is_there("mosquitto") {
        return;
    }
    run(async {
        let (served, folder, port) = (
            Served::new().await,
            tempfile::tempdir().unwrap(),
            free_port(),
        );
        let broker = Broker {
            name: "neighbours".into(),
            address: format!("mqtt://127.0.0.1:{port}"),
            filter: "$share/pendopo/#".into(),
            account: None,
            password_file: None,
            client_id: None,
        };
        sources::put(&served.city, &it_staff(), vec![], vec![broker])
            .await
            .unwrap();
        let (stop, stopping) = watch::channel(false);
        let allow = Arc::new(Allow::parse(&format!("127.0.0.1:{port}")).unwrap());
        let listening = tokio::spawn(brokers::run(Arc::clone(&served.node), allow, stopping));
        for (round, topic) in [
            (0, format!("{CITY}/air/n0/reading")),
            (1, "air/n1/reading".into()),
        ] {
            let mosquitto = Mosquitto::start(folder.path(), port);
            let station = format!("n{round}");
            eventually(async || {
                publish(port, &topic, READING).await;
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                served.station(&station).await
            })
            .await;
            drop(mosquitto);
        }
        assert!(served.counts("broker:neighbours").await.received >= 2);
        stop.send(true).unwrap();
        listening.await.unwrap();
        served.end().await;
    });
}
