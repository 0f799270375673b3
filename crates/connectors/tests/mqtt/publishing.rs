//! Devices publish, and what they say is there when they are told so.

use std::time::{Duration, Instant};

use pendopo_connectors::mqtt::intake;
use pendopo_domain::sources::{Counts, Reason};
use pendopo_domain::time::Timestamp;
use pendopo_operations::store::quarantine::Which;
use pendopo_operations::store::{MasterKey, Store, sources as counted};
use pendopo_operations::{quarantine, sources};
use pendopo_testkit::run;
use rumqttc::{Packet, QoS};

use crate::fixture::{CITY, Client, PM25, READING, Served, air, eventually, it_staff};

#[test]
fn what_is_acknowledged_is_there() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("one")).await;
        for (qos, station) in [(QoS::AtLeastOnce, "b"), (QoS::ExactlyOnce, "c")] {
            client
                .publish(&format!("{CITY}/air/{station}/reading"), qos, READING)
                .await;
            let entity = served.station(station).await.unwrap();
            assert_eq!(entity.attribute(PM25).unwrap().value.number(), Some(12.5));
            assert_eq!(
                entity.last_observed_at().unwrap().to_string(),
                "2026-11-24T00:59:59.5Z"
            );
        }
        client
            .publish(&format!("{CITY}/air/a/reading"), QoS::AtMostOnce, READING)
            .await;
        eventually(async || served.station("a").await).await;
        let counts = eventually(async || {
            Some(served.counts("mqtt:air").await).filter(|one| one.received == 3)
        })
        .await;
        assert_eq!(
            counts,
            Counts {
                received: 3,
                ..Counts::default()
            }
        );
        served.end().await;
    });
}

#[test]
fn version_5_is_told_what_it_may_not_do_and_goes_on() {
    use rumqttc::v5::mqttbytes::{QoS, v5::Packet, v5::PubAckReason};
    use rumqttc::v5::{AsyncClient, Event, MqttOptions};
    run(async {
        let served = Served::new().await;
        let mut options = MqttOptions::new("five", "127.0.0.1", served.address.port());
        options.set_credentials(format!("{CITY}/air"), &served.password);
        let (client, mut connection) = AsyncClient::new(options, 10);
        for topic in [
            "denpasar/air/7/reading",
            "manado/river/7/level",
            "manado/air/7/reading",
        ] {
            client
                .publish(topic, QoS::AtLeastOnce, false, READING)
                .await
                .unwrap();
        }
        let mut reasons = vec![];
        while reasons.len() < 3 {
            match connection.poll().await {
                Ok(Event::Incoming(Packet::PubAck(ack))) => reasons.push(ack.reason),
                Ok(Event::Incoming(Packet::ConnAck(ack))) => {
                    let more = ack.properties.unwrap();
                    assert_eq!(
                        (more.receive_max, more.max_packet_size),
                        (Some(256), Some(1_048_576))
                    );
                }
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
        use PubAckReason::{NotAuthorized, Success};
        assert_eq!(reasons, [NotAuthorized, NotAuthorized, Success]);
        assert!(served.station("7").await.is_some());
        let counts = served.counts("mqtt:air").await;
        assert_eq!((counts.received, counts.refused), (1, 2));
        client
            .publish("manado/air/8/reading", QoS::ExactlyOnce, false, READING)
            .await
            .unwrap();
        while !matches!(
            connection.poll().await,
            Ok(Event::Incoming(Packet::PubComp(_)))
        ) {}
        assert!(served.station("8").await.is_some());
        served.end().await;
    });
}

#[test]
fn version_3_loses_its_connection_over_a_topic_that_is_not_its_own() {
    run(async {
        let served = Served::new().await;
        let client = Client::connect(served.options("three")).await;
        client
            .client
            .publish("denpasar/air/7/reading", QoS::AtLeastOnce, false, READING)
            .await
            .unwrap();
        client.fails().await;
        assert_eq!(served.counts("mqtt:air").await.refused, 1);
        served.end().await;
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_alike() {
    run(async {
        let served = Served::new().await;
        for (user, password) in [
            ("manado/air", "guess"),
            ("manado/nobody", served.password.as_str()),
            ("denpasar/air", served.password.as_str()),
            ("air", served.password.as_str()),
            ("", ""),
        ] {
            let mut options = served.options("stranger");
            options.set_credentials(user, password);
            let (_client, mut connection) = rumqttc::AsyncClient::new(options, 10);
            let refused = connection.poll().await.unwrap_err();
            assert!(
                matches!(
                    refused,
                    rumqttc::ConnectionError::ConnectionRefused(
                        rumqttc::ConnectReturnCode::BadUserNamePassword
                    )
                ),
                "{user}: {refused:?}"
            );
        }
        served.end().await;
    });
}

#[test]
fn what_cannot_be_used_is_kept_until_a_mapping_takes_it_up() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("one")).await;
        let topic = format!("{CITY}/air/7/reading");
        client
            .publish(&topic, QoS::AtLeastOnce, "{\"t\": 17954")
            .await;
        client
            .publish(
                &topic,
                QoS::AtLeastOnce,
                r#"{"t": 1795481000, "PM2_5": 40}"#,
            )
            .await;
        client
            .publish(&format!("{CITY}/air/7/status"), QoS::ExactlyOnce, "on")
            .await;
        let waiting = quarantine::waiting(&served.city, &it_staff(), Which::default(), 0, 10)
            .await
            .unwrap();
        let reasons: Vec<Reason> = waiting.iter().map(|kept| kept.reason).collect();
        assert_eq!(
            reasons,
            [Reason::Malformed, Reason::NoValue, Reason::NoMapping]
        );
        assert_eq!(
            (waiting[0].topic.as_str(), waiting[0].source.as_str()),
            ("air/7/reading", "mqtt:air")
        );
        assert_eq!(served.station("7").await.map(|_| ()), None);
        let counts = served.counts("mqtt:air").await;
        assert_eq!((counts.received, counts.quarantined), (3, 3));

        sources::put(&served.city, &it_staff(), vec![air("PM2_5")], vec![])
            .await
            .unwrap();
        let done = intake::replay(&served.city, &it_staff(), Some("mqtt:air"))
            .await
            .unwrap();
        assert_eq!(done.taken, 1);
        assert_eq!(
            done.left,
            [(Reason::Malformed, 1), (Reason::NoMapping, 1)].into()
        );
        let entity = served.station("7").await.unwrap();
        assert_eq!(entity.attribute(PM25).unwrap().value.number(), Some(40.0));
        let again = intake::replay(&served.city, &it_staff(), None)
            .await
            .unwrap();
        assert_eq!((again.taken, again.left.len()), (0, 2));
        served.end().await;
    });
}

#[test]
fn a_new_mapping_holds_for_connections_that_are_open() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("one")).await;
        let (topic, body) = (
            format!("{CITY}/air/8/reading"),
            r#"{"t": 1795481000, "PM2_5": 1}"#,
        );
        client.publish(&topic, QoS::AtLeastOnce, body).await;
        assert!(served.station("8").await.is_none());
        sources::put(&served.city, &it_staff(), vec![air("PM2_5")], vec![])
            .await
            .unwrap();
        client.publish(&topic, QoS::AtLeastOnce, body).await;
        assert!(served.station("8").await.is_some());
        served.end().await;
    });
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figure is what one looks for with --nocapture"
)]
fn a_flood_of_one_client_leaves_room_for_others() {
    const MESSAGES: usize = 10_000;
    run(async {
        let served = Served::new().await;
        let mut flood = Client::connect(served.options("flood")).await;
        let mut quiet = Client::connect(served.options("quiet")).await;
        let sender = flood.client.clone();
        let sending = tokio::spawn(async move {
            for n in 0..MESSAGES {
                let topic = format!("{CITY}/air/f{}/reading", n % 500);
                sender
                    .publish(topic, QoS::AtLeastOnce, false, READING)
                    .await
                    .unwrap();
            }
        });
        let begun = Instant::now();
        let flooding = tokio::spawn(async move {
            for _ in 0..MESSAGES {
                flood
                    .until(|packet| matches!(packet, Packet::PubAck(_)))
                    .await;
            }
            begun.elapsed()
        });
        let (mut slowest, mut asked) = (Duration::ZERO, 0);
        while !flooding.is_finished() {
            let begun = Instant::now();
            quiet
                .publish(
                    &format!("{CITY}/air/quiet/reading"),
                    QoS::AtLeastOnce,
                    READING,
                )
                .await;
            slowest = slowest.max(begun.elapsed());
            asked += 1;
        }
        sending.await.unwrap();
        let took = flooding.await.unwrap();
        println!(
            "{:.0} messages/s; {asked} others meanwhile, the slowest after {slowest:?}",
            MESSAGES as f64 / took.as_secs_f64()
        );
        assert!(
            asked > 5 && slowest < Duration::from_secs(5),
            "{asked} {slowest:?}"
        );
        let counts = served.counts("mqtt:air").await;
        assert_eq!(counts.received, (MESSAGES + asked) as u64);
        served.end().await;
    });
}

#[test]
fn counts_are_written_at_the_end_and_an_idle_city_writes_nothing() {
    run(async {
        let served = Served::new().await;
        let mut client = Client::connect(served.options("one")).await;
        client
            .publish(&format!("{CITY}/air/7/reading"), QoS::AtLeastOnce, READING)
            .await;
        sources::write_out(&served.city).await.unwrap();
        let before = served.city.store().commits();
        for _ in 0..3 {
            sources::write_now_and_then(&served.city).await.unwrap();
        }
        assert_eq!(served.city.store().commits(), before);
        let location = served.node.root().city(CITY);
        client
            .publish(&format!("{CITY}/air/7/reading"), QoS::AtLeastOnce, READING)
            .await;
        let master = MasterKey::new([7; 32]).for_city(CITY);
        let folder = served.end().await;
        let store = Store::open(location, master).await.unwrap();
        let mut db = store.read().await.unwrap();
        let seen = counted::list(&mut db, Timestamp::from_micros(0))
            .await
            .unwrap();
        assert_eq!(seen[0].counts.received, 2);
        drop(folder);
    });
}
