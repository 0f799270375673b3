use pendopo_domain::incidents::IncidentId;
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Timestamp;
use pendopo_store::Kind;
use pendopo_store::{Store, chains};
use pendopo_testkit::{TestCity, both_databases};

use crate::raw::Raw;

async fn append(store: &Store, stream: &'static str, now: Timestamp) -> i64 {
    commit!(store, |db| chains::append(
        db,
        stream,
        now,
        "identity.seen",
        "sign_in:3",
        "report:1"
    )
    .await?)
}

both_databases! {
    async fn entries_stand_in_order_and_the_chain_closes(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for position in 1..=3 {
            assert_eq!(append(store, chains::IDENTITY, now).await, position);
        }
        assert_eq!(append(store, chains::CONFIGURATION, now).await, 1);
        let found = look!(store, |db| chains::entries(db, chains::IDENTITY, 2).await);
        assert_eq!(
            found.iter().map(|entry| entry.position).collect::<Vec<_>>(),
            [3, 2]
        );
        assert_eq!(found[0].happened_at(), now);
        assert_eq!(
            (found[0].actor.as_str(), found[0].subject.as_str()),
            ("sign_in:3", "report:1")
        );
        assert!(
            look!(store, |db| chains::entries(
                db,
                &chains::incident(IncidentId(1)),
                9
            )
            .await)
            .is_empty()
        );
        commit!(store, |db| {
            chains::append(
                db,
                chains::IDENTITY,
                now,
                "identity.seen",
                "sign_in:3",
                "report:12",
            )
            .await?;
            chains::append(
                db,
                &chains::report(ReportId(1)),
                now,
                "note",
                "sign_in:3",
                "report:1",
            )
            .await?;
        });
        let about = async |subject: &str, limit: i64| -> Vec<i64> {
            let found = look!(store, |db| {
                chains::entries_about(db, chains::IDENTITY, subject, limit).await
            });
            found.iter().map(|entry| entry.position).collect()
        };
        assert_eq!(about("report:1", 9).await, [3, 2, 1]);
        assert_eq!(about("report:1", 1).await, [3]);
        assert_eq!(about("report:12", 9).await, [4]);
        assert!(look!(store, |db| chains::verify(db).await).is_empty());
        assert!(store.check().await.unwrap().is_empty());
    }

    async fn appending_at_once_makes_no_gap(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let other = city.another_node().await;
        let appends = (0..40).map(|n| {
            append(
                if n % 2 == 0 { store } else { &other },
                chains::IDENTITY,
                now,
            )
        });
        let mut positions = futures::future::join_all(appends).await;
        positions.sort_unstable();
        assert_eq!(positions, (1..=40).collect::<Vec<_>>());
        assert!(look!(store, |db| chains::verify(db).await).is_empty());
        other.close().await;
    }

    async fn a_row_that_was_touched_is_named(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for stream in [chains::CONFIGURATION, chains::IDENTITY] {
            for _ in 0..5 {
                append(store, stream, now).await;
            }
        }
        let mut raw = Raw::open(&city.location, Kind::City).await;
        raw.execute("CREATE TABLE kept AS SELECT * FROM chained_events")
            .await;
        raw.execute("CREATE TABLE kept_ends AS SELECT * FROM chains")
            .await;
        let row = "stream = 'identity' AND position";
        let cases = [
            (format!("UPDATE chained_events SET actor = 'sign_in:4' WHERE {row} = 3"), "identity: the chain breaks at entry 3"),
            (format!("UPDATE chained_events SET at = at + 1 WHERE {row} = 1"), "identity: the chain breaks at entry 1"),
            (format!("UPDATE chained_events SET hash = 'x' WHERE {row} = 2"), "identity: the chain breaks at entry 2"),
            (format!("DELETE FROM chained_events WHERE {row} = 2"), "identity: the chain breaks at entry 3"),
            (format!("DELETE FROM chained_events WHERE {row} = 5"), "identity: the chain ends at entry 4, not at 5"),
            ("DELETE FROM chained_events WHERE stream = 'identity'".into(), "identity: the chain ends at entry 0, not at 5"),
            ("UPDATE chains SET hash = 'x' WHERE stream = 'identity'".into(), "identity: the chain ends at entry 5, not at 5"),
            ("DELETE FROM chains WHERE stream = 'identity'".into(), "identity: the end of the chain is missing"),
            (
                "INSERT INTO chained_events SELECT stream, 6, at, kind, actor, subject, hash FROM kept
                 WHERE stream = 'identity' AND position = 5".into(),
                "identity: the chain breaks at entry 6",
            ),
        ];
        for (tamper, wanted) in cases {
            assert!(raw.execute(&tamper).await > 0, "{tamper}");
            assert_eq!(
                look!(store, |db| chains::verify(db).await),
                [wanted],
                "{tamper}"
            );
            for (table, kept) in [("chained_events", "kept"), ("chains", "kept_ends")] {
                raw.execute(&format!("DELETE FROM {table}")).await;
                raw.execute(&format!("INSERT INTO {table} SELECT * FROM {kept}"))
                    .await;
            }
        }
        // One broken stream does not hide another one.
        raw.execute("DELETE FROM chained_events WHERE position = 5")
            .await;
        let found = look!(store, |db| chains::verify(db).await);
        assert_eq!(
            found,
            ["configuration", "identity"]
                .map(|stream| format!("{stream}: the chain ends at entry 4, not at 5"))
        );
        assert_eq!(store.check().await.unwrap(), found);
    }
}
