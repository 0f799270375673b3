//! Bytes on the wire that no good client sends, and what is left of a client between its connections.

use std::time::Duration;

use pendopo_operations::sources;
use pendopo_testkit::run;
use rumqttc::{Packet, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{CITY, Client, PATIENCE, READING, Served, it_staff};

/// A connection without a client library.
struct Raw(TcpStream);

impl Raw {
    /// Connects by version 3.1.1 and returns whether something was left of the client.
    async fn connect(served: &Served, client: &str, clean: bool) -> (Self, bool) {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let text = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
        let flags = 0b1100_0000 | u8::from(clean) << 1;
        let mut body = [&text("MQTT")[..], &[4, flags, 0, 60]].concat();
        for part in [client, &format!("{CITY}/air"), &served.password] {
            body.extend(text(part));
        }
        stream
            .write_all(&[&[0x10, body.len() as u8][..], &body].concat())
            .await
            .unwrap();
        let mut raw = Self(stream);
        let answer = raw.read(4).await;
        assert_eq!((answer[0], answer[3]), (0x20, 0), "{answer:?}");
        (raw, answer[2] == 1)
    }

    async fn read(&mut self, bytes: usize) -> Vec<u8> {
        let mut buffer = vec![0; bytes];
        tokio::time::timeout(PATIENCE, self.0.read_exact(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        buffer
    }

    /// PUBLISH with quality of service 2.
    async fn publish(&mut self, id: u8, station: &str, again: bool) {
        let topic = format!("{CITY}/air/{station}/reading");
        let length = 2 + topic.len() + 2 + READING.len();
        let head = [
            0x34 | u8::from(again) << 3,
            length as u8,
            0,
            topic.len() as u8,
        ];
        let packet = [&head[..], topic.as_bytes(), &[0, id], READING.as_bytes()].concat();
        self.0.write_all(&packet).await.unwrap();
    }

    async fn is_closed(&mut self) -> bool {
        let mut rest = vec![];
        tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .unwrap()
            .is_ok()
            && rest.is_empty()
    }
}

#[test]
fn a_packet_that_is_too_large_ends_its_own_connection_only() {
    run(async {
        let served = Served::new().await;
        let mut other = Client::connect(served.options("other")).await;
        let client = Client::connect(served.options("large")).await;
        let topic = format!("{CITY}/air/7/reading");
        client
            .client
            .publish(&topic, QoS::AtLeastOnce, false, vec![b' '; 1024 * 1024 + 1])
            .await
            .unwrap();
        client.fails().await;
        other.publish(&topic, QoS::AtLeastOnce, READING).await;
        assert!(served.station("7").await.is_some());
        served.end().await;
    });
}

#[test]
fn garbage_is_not_answered() {
    run(async {
        let served = Served::new().await;
        for garbage in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff],
            // A CONNECT that promises a megabyte.
            &[0x10, 0x80, 0x80, 0x40, 0, 4, b'M', b'Q', b'T', b'T', 4, 2],
            // A message before anybody said who it is.
            &[0x30, 5, 0, 1, b'a', b'h', b'i'],
        ] {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.write_all(garbage).await.unwrap();
            assert!(Raw(stream).is_closed().await, "{garbage:?}");
        }
        served.end().await;
    });
}

#[test]
fn a_message_of_quality_2_that_is_sent_twice_is_taken_once() {
    run(async {
        let served = Served::new().await;
        let (mut raw, present) = Raw::connect(&served, "twice", false).await;
        assert!(!present);
        raw.publish(9, "7", false).await;
        assert_eq!(raw.read(4).await, [0x50, 2, 0, 9]);
        drop(raw);
        let (mut raw, present) = Raw::connect(&served, "twice", false).await;
        assert!(present);
        raw.publish(9, "7", true).await;
        assert_eq!(raw.read(4).await, [0x50, 2, 0, 9]);
        raw.0.write_all(&[0x62, 2, 0, 9]).await.unwrap();
        assert_eq!(raw.read(4).await, [0x70, 2, 0, 9]);
        assert_eq!(served.counts("mqtt:air").await.received, 1);
        // Released, the number is free for another message.
        raw.publish(9, "8", false).await;
        assert_eq!(raw.read(4).await, [0x50, 2, 0, 9]);
        // It is counted a moment after it is acknowledged.
        for _ in 0..100 {
            if served.counts("mqtt:air").await.received == 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(served.counts("mqtt:air").await.received, 2);
        drop(raw);
        let (_raw, present) = Raw::connect(&served, "twice", true).await;
        assert!(!present);
        served.end().await;
    });
}

#[test]
fn a_second_connection_of_a_client_ends_the_first() {
    run(async {
        let served = Served::new().await;
        for clean in [true, false] {
            let (mut first, _) = Raw::connect(&served, "same", clean).await;
            let (mut second, _) = Raw::connect(&served, "same", clean).await;
            assert!(first.is_closed().await);
            second.0.write_all(&[0xc0, 0]).await.unwrap();
            assert_eq!(second.read(2).await, [0xd0, 0]);
        }
        served.end().await;
    });
}

#[test]
fn nothing_can_be_subscribed() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("curious")).await;
        client
            .client
            .subscribe(format!("{CITY}/#"), QoS::AtLeastOnce)
            .await
            .unwrap();
        let answer = client
            .until(|packet| matches!(packet, Packet::SubAck(_)))
            .await;
        let Packet::SubAck(answer) = answer else {
            panic!()
        };
        assert_eq!(answer.return_codes, [rumqttc::SubscribeReasonCode::Failure]);
        served.end().await;
    });
}

#[test]
fn a_revoked_account_is_not_served_any_more() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("one")).await;
        let topic = format!("{CITY}/air/7/reading");
        client.publish(&topic, QoS::AtLeastOnce, READING).await;
        sources::revoke_account(&served.city, &it_staff(), "air")
            .await
            .unwrap();
        client
            .client
            .publish(&topic, QoS::AtLeastOnce, false, READING)
            .await
            .unwrap();
        client.fails().await;
        let (_client, mut connection) = rumqttc::AsyncClient::new(served.options("one"), 10);
        assert!(connection.poll().await.is_err());
        served.end().await;
    });
}

#[test]
fn what_was_read_is_answered_before_the_node_ends() {
    run(async {
        let served = Served::new().await;
        let (mut raw, _) = Raw::connect(&served, "late", true).await;
        raw.publish(3, "7", false).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        served.end().await;
        assert_eq!(raw.read(4).await, [0x50, 2, 0, 3]);
        assert!(raw.is_closed().await);
    });
}
