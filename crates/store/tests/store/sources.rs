use pendopo_domain::sources::{Broker, Counts, Mapping, Reason};
use pendopo_domain::time::Timestamp;
use pendopo_store::quarantine::{self, Aside, BODY_BYTES, Which};
use pendopo_store::{Store, backup, mqtt, sources};
use pendopo_testkit::{TestCity, both_databases};

/// A mapping of JSON.
pub fn mapping(name: &str, topic: &str) -> Mapping {
    let json = format!(
        r#"{{"name": "{name}", "topic": "{topic}", "format": "json", "id": "urn:a:{{1}}", "type": "A",
            "attributes": [{{"pointer": "/v", "name": "v"}}]}}"#
    );
    serde_json::from_str(&json).unwrap()
}

/// A broker without an account.
pub fn broker(name: &str) -> Broker {
    Broker {
        name: name.into(),
        address: "mqtts://broker.example".into(),
        filter: "a/#".into(),
        account: None,
        password_file: None,
        client_id: None,
    }
}

fn aside(topic: &str, reason: Reason, bytes: usize) -> Aside {
    Aside {
        topic: topic.into(),
        reason,
        body: vec![b'{'; bytes],
    }
}

both_databases! {
    async fn an_account_keeps_its_id_through_a_new_password_and_is_gone_when_revoked(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let rights = vec!["air/+/reading".to_owned(), "river/#".to_owned()];
        let (first, again) = commit!(store, |db| {
            let first = mqtt::put_account(db, "gauges", "old", &["x".into()], now).await?;
            (first, mqtt::put_account(db, "gauges", "new", &rights, now).await?)
        });
        assert_eq!(first, again);
        let [account] = &look!(store, |db| mqtt::accounts(db).await)[..] else { panic!() };
        assert_eq!((account.id, account.name.as_str(), account.password_hash.as_str()), (first, "gauges", "new"));
        assert_eq!(account.rights, ["air/+/reading", "river/#"]);
        let ids = commit!(store, |db| {
            let first = mqtt::revoke_account(db, "gauges", now).await?;
            (first, mqtt::revoke_account(db, "gauges", now).await?)
        });
        assert_eq!(ids, (Some(first), None));
        assert!(look!(store, |db| mqtt::accounts(db).await).is_empty());
    }

    async fn mappings_keep_their_order_when_one_is_replaced(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| {
            mqtt::put_mapping(db, &mapping("z", "a/+"), 0).await?;
            mqtt::put_mapping(db, &mapping("a", "b/+"), 1).await?;
            mqtt::put_mapping(db, &mapping("z", "c/+"), 7).await?;
            mqtt::put_broker(db, &broker("b")).await?;
            mqtt::put_broker(db, &Broker { client_id: Some("one".into()), ..broker("b") }).await?;
        });
        let topics: Vec<String> =
            look!(store, |db| mqtt::mappings(db).await).into_iter().map(|one| one.topic).collect();
        assert_eq!(topics, ["c/+", "b/+"]);
        let brokers = look!(store, |db| mqtt::brokers(db).await);
        assert_eq!(brokers[0].client_id.as_deref(), Some("one"));
        let removed = commit!(store, |db| [
            mqtt::remove_mapping(db, "z").await?,
            mqtt::remove_mapping(db, "z").await?,
            mqtt::remove_broker(db, "b").await?,
            mqtt::remove_broker(db, "b").await?,
        ]);
        assert_eq!(removed, [true, false, true, false]);
    }

    async fn what_is_put_aside_waits_until_it_is_taken_up(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        commit!(store, |db| {
            let some = [aside("a/1", Reason::Malformed, 3), aside("a/2", Reason::NoMapping, BODY_BYTES + 1)];
            quarantine::put(db, "mqtt:one", &some, now, 10).await?;
            quarantine::put(db, "mqtt:two", &[aside("b", Reason::BadTime, 0)], now, 10).await?
        });
        let all = look!(store, |db| quarantine::waiting(db, Which::default(), 0, 10).await);
        let topics: Vec<&str> = all.iter().map(|kept| kept.topic.as_str()).collect();
        assert_eq!(topics, ["a/1", "a/2", "b"]);
        assert_eq!((all[0].body.as_slice(), all[0].is_whole(), all[0].reason), (&b"{{{"[..], true, Reason::Malformed));
        assert_eq!((all[1].body.len(), all[1].size, all[1].is_whole()), (BODY_BYTES, 65_537, false));
        let (first, second) = (all[0].id, all[1].id);
        let marked = commit!(store, |db| {
            quarantine::failed(db, second, Reason::TooLarge).await?;
            [quarantine::replayed(db, first, now).await?, quarantine::replayed(db, first, now).await?]
        });
        assert_eq!(marked, [true, false]);
        let left = look!(store, |db| quarantine::waiting(db, Which::of("mqtt:one"), 0, 10).await);
        assert_eq!((left.len(), left[0].reason, left[0].attempts), (1, Reason::TooLarge, 1));
        let counts = look!(store, |db| quarantine::counts(db).await);
        assert_eq!(
            counts,
            [("mqtt:one".to_owned(), Reason::TooLarge, 1), ("mqtt:two".to_owned(), Reason::BadTime, 1)]
        );
    }

    async fn one_looks_at_the_newest_first_and_at_the_beginnings_of_their_bodies(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        commit!(store, |db| {
            let some = [
                aside("a/1", Reason::Malformed, 3),
                aside("a/2", Reason::NoMapping, 9),
                aside("a/3", Reason::Malformed, 0),
            ];
            quarantine::put(db, "mqtt:one", &some, now, 10).await?;
            quarantine::put(db, "mqtt:two", &[aside("b", Reason::Malformed, 1)], now, 10).await?;
        });
        let one = Which::of("mqtt:one");
        let seen = look!(store, |db| quarantine::newest(db, one, i64::MAX, 2, 4).await);
        let shown: Vec<(&str, usize, i64)> =
            seen.iter().map(|kept| (kept.topic.as_str(), kept.body.len(), kept.size)).collect();
        assert_eq!(shown, [("a/3", 0, 0), ("a/2", 4, 9)]);
        let before = seen[1].id;
        let bare = look!(store, |db| quarantine::newest(db, one, before, 2, 0).await);
        assert_eq!((bare.len(), bare[0].topic.as_str(), bare[0].body.len()), (1, "a/1", 0));
        let malformed = Which { reason: Some(Reason::Malformed), ..one };
        assert_eq!(look!(store, |db| quarantine::waiting(db, malformed, 0, 9).await).len(), 2);
        assert_eq!(look!(store, |db| quarantine::newest(db, malformed, i64::MAX, 9, 0).await).len(), 2);
        let gone = commit!(store, |db| [
            quarantine::discard(db, malformed).await?,
            quarantine::discard(db, malformed).await?,
        ]);
        assert_eq!(gone, [2, 0]);
        let counts = look!(store, |db| quarantine::counts(db).await);
        let left: Vec<(&str, i64)> = counts.iter().map(|(source, _, count)| (source.as_str(), *count)).collect();
        assert_eq!(left, [("mqtt:one", 1), ("mqtt:two", 1)]);
    }

    async fn a_source_keeps_only_its_newest_messages_aside(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let put = |from: usize, count: usize| {
            let messages: Vec<Aside> =
                (from..from + count).map(|n| aside(&format!("t/{n}"), Reason::Malformed, 1)).collect();
            async move { commit!(store, |db| quarantine::put(db, "mqtt:one", &messages, now, 3).await?) }
        };
        assert_eq!((put(0, 3).await, put(3, 2).await), (0, 2));
        let kept = look!(store, |db| quarantine::waiting(db, Which::default(), 0, 10).await);
        let topics: Vec<&str> = kept.iter().map(|one| one.topic.as_str()).collect();
        assert_eq!(topics, ["t/2", "t/3", "t/4"]);
        let oldest = kept[0].id;
        commit!(store, |db| quarantine::replayed(db, oldest, now).await?);
        // What was taken up is no loss.
        assert_eq!(put(5, 1).await, 0);
        assert_eq!(put(6, 1).await, 1);
    }

    async fn counts_add_up_and_the_last_whole_minute_is_the_rate(city: TestCity) {
        let store = &city.store;
        let at = |second: i64| Timestamp::from_micros(1_780_000_020_000_000 + second * 1_000_000);
        let counts = Counts { received: 5, late: 1, refused: 2, quarantined: 3, dropped: 4, unknown_units: 6 };
        for (second, per_minute) in [(0, 0), (10, 0), (65, 10), (66, 10)] {
            commit!(store, |db| sources::add(db, "mqtt:one", &counts, at(second)).await?);
            let [seen] = &look!(store, |db| sources::list(db, at(second)).await)[..] else { panic!() };
            assert_eq!((seen.per_minute, seen.last_seen_at), (per_minute, at(second)), "{second}");
        }
        // Another process tells later what it saw earlier.
        commit!(store, |db| sources::add(db, "mqtt:one", &counts, at(30)).await?);
        let [seen] = &look!(store, |db| sources::list(db, at(130)).await)[..] else { panic!() };
        assert_eq!((seen.per_minute, seen.last_seen_at), (15, at(66)));
        assert_eq!(
            seen.counts,
            Counts { received: 25, late: 5, refused: 10, quarantined: 15, dropped: 20, unknown_units: 30 }
        );
        let [seen] = &look!(store, |db| sources::list(db, at(300)).await)[..] else { panic!() };
        assert_eq!(seen.per_minute, 0);
    }

    async fn sources_move_to_the_other_database(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        commit!(store, |db| {
            mqtt::put_account(db, "gauges", "hash", &["a/#".into()], now).await?;
            mqtt::put_mapping(db, &mapping("a", "a/+"), 0).await?;
            mqtt::put_broker(db, &broker("b")).await?;
            quarantine::put(db, "mqtt:gauges", &[aside("a", Reason::BadId, 9)], now, 9).await?;
            sources::add(db, "mqtt:gauges", &Counts::default(), now).await?;
        });
        let folder = tempfile::tempdir().unwrap();
        let (copy, place) = (folder.path().join("copy"), city.place_elsewhere());
        backup::backup(store, &copy).await.unwrap();
        backup::restore(&copy, place.location()).await.unwrap();
        let moved = Store::open(place.location().clone(), TestCity::MASTER).await.unwrap();
        assert_eq!(look!(moved, |db| mqtt::accounts(db).await), look!(store, |db| mqtt::accounts(db).await));
        assert_eq!(look!(moved, |db| mqtt::mappings(db).await), [mapping("a", "a/+")]);
        assert_eq!(look!(moved, |db| mqtt::brokers(db).await), [broker("b")]);
        assert_eq!(look!(moved, |db| sources::list(db, now).await).len(), 1);
        let here = look!(store, |db| quarantine::waiting(db, Which::default(), 0, 9).await);
        assert_eq!(look!(moved, |db| quarantine::waiting(db, Which::default(), 0, 9).await), here);
        commit!(moved, |db| quarantine::put(db, "mqtt:x", &[aside("b", Reason::BadId, 1)], now, 9).await?);
        assert_eq!(look!(moved, |db| quarantine::waiting(db, Which::default(), here[0].id, 9).await).len(), 1);
        moved.close().await;
    }
}
