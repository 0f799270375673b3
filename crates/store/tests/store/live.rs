//! Live data: the journal first, the memory next, the tables behind.

use std::sync::Arc;

use pendopo_domain::entities::command::{Fragment, Given, Instances, Past, PastInstance};
use pendopo_domain::entities::query::{Logic, Query};
use pendopo_domain::entities::{Attribute, Command, Iri, Outcome, Patch, Refusal, Value};
use pendopo_domain::time::Timestamp;
use pendopo_store::history::{self, Range};
use pendopo_store::journal::Position;
use pendopo_store::{Live, Store, journal, live};
use pendopo_testkit::{TestCity, both_databases};

const LEVEL: &str = "https://example.org/waterLevel";
const GATE: &str = "https://example.org/Gate";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + second * 1_000_000)
}

pub fn gate(id: &str, level: f64, second: i64) -> Fragment {
    Fragment {
        id: id.into(),
        types: vec![GATE.into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes: vec![Patch {
            name: LEVEL.into(),
            dataset: None,
            value: Given::Is(Value::Property(
                serde_json::value::to_raw_value(&level).unwrap(),
            )),
            observed_at: Given::Is(at(second)),
            expires_at: Given::Absent,
            unit_code: Given::Is("CMT".into()),
            parts: vec![],
        }],
    }
}

async fn reopened(city: &TestCity) -> Store {
    city.another_node().await
}

pub fn level(live: &Live, id: &str) -> Option<f64> {
    live.get(id)?.attribute(LEVEL)?.value.number()
}

both_databases! {
    async fn many_who_flush_at_once_write_everything_once(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let other = reopened(&city).await;
        let other_live = other.live().await.unwrap();
        for second in 0..20 {
            let commands = (0..5).map(|n| Command::Record(gate(&format!("urn:{n}"), 1.0, second))).collect();
            live.commit(commands, at(second)).await.unwrap();
            other_live.follow().await.unwrap();
            let flushed = tokio::join!(live.flush_all(), other_live.flush_all(), live.flush_all(), live.flush_all());
            assert!(flushed.0.is_ok() && flushed.1.is_ok() && flushed.2.is_ok() && flushed.3.is_ok(), "{flushed:?}");
        }
        let range = Range { limit: 100, ..Range::default() };
        let mut db = live.tables().read().await.unwrap();
        for n in 0..5 {
            let found = history::observations(&mut db, &format!("urn:{n}"), &[], &range).await.unwrap();
            assert_eq!(found[&(LEVEL.into(), None)].len(), 20);
        }
        drop(db);
        other.close().await;
    }

    async fn who_follows_while_another_writes_records_nothing_twice(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let other = reopened(&city).await;
        let other_live = other.live().await.unwrap();
        let follows = async { for _ in 0..300 { live.follow().await.unwrap(); } };
        let follows_too = async { for _ in 0..300 { other_live.follow().await.unwrap(); } };
        let writes = async {
            for second in 0..100 {
                let record = |id| vec![Command::Record(gate(id, f64::from(second), second.into()))];
                live.commit(record("urn:a"), at(second.into())).await.unwrap();
                other_live.commit(record("urn:b"), at(second.into())).await.unwrap();
                if second % 10 == 0 { live.flush().await.unwrap(); }
            }
        };
        tokio::join!(follows, follows_too, writes);
        live.follow().await.unwrap();
        live.flush_all().await.unwrap();
        other_live.flush_all().await.unwrap();
        let all = Range { limit: 1_000, ..Range::default() };
        for id in ["urn:a", "urn:b"] {
            assert_eq!(values(live, id, &all).await, (0..100).map(f64::from).collect::<Vec<_>>());
            assert_eq!(level(live, id), Some(99.0));
        }
        assert!(!live.is_behind());
    }

    async fn a_head_has_the_last_type_of_those_that_came_together(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let other = |second| Fragment { types: vec!["https://example.org/Weir".into()], ..gate("urn:a", 2.0, second) };
        let commands = vec![Command::Upsert(gate("urn:a", 1.0, 1)), Command::Upsert(other(2))];
        live.commit(commands, at(2)).await.unwrap();
        live.flush_all().await.unwrap();
        let mut db = live.tables().read().await.unwrap();
        let head = history::head(&mut db, "urn:a").await.unwrap().unwrap();
        assert_eq!(head.types, [Iri::from("https://example.org/Weir")]);
    }

    async fn more_than_memory_keeps_is_written_up_from_the_journal(city: TestCity) {
        let live = city.store.live().await.unwrap();
        for (part, second) in [(0, 1), (1, 2), (2, 3)] {
            let ids = (0..17_001).map(|n| format!("urn:{}", part * 10_000 + n));
            let commands = ids.map(|id| Command::Record(gate(&id, 1.0, second))).collect();
            live.commit(commands, at(second)).await.unwrap();
        }
        live.flush_all().await.unwrap();
        assert_eq!(live.flush().await.unwrap(), 0);
        let again = reopened(&city).await;
        assert_eq!(again.live().await.unwrap().state().len(), 37_001);
        assert_eq!(values(live, "urn:10000", &Range { limit: 10, ..Range::default() }).await.len(), 2);
        assert_eq!(values(live, "urn:36999", &Range { limit: 10, ..Range::default() }).await.len(), 1);
        let mut db = live.tables().read().await.unwrap();
        assert_eq!(history::heads_after(&mut db, "", 99_999).await.unwrap().len(), 37_001);
    }

    async fn what_was_answered_is_there_after_a_restart_whether_flushed_or_not(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let first = live.commit(vec![Command::Create(gate("urn:a", 1.5, 0))], at(0)).await.unwrap();
        assert_eq!(first, [Ok(Outcome::Created)]);
        live.flush_all().await.unwrap();
        let second = vec![
            Command::Record(gate("urn:a", 2.5, 60)),
            Command::Create(gate("urn:b", 3.5, 60)),
            Command::Create(gate("urn:a", 9.0, 60)),
            Command::Delete { id: "urn:c".into() },
        ];
        let second = live.commit(second, at(60)).await.unwrap();
        assert_eq!(second[1], Ok(Outcome::Created));
        assert_eq!(second[2], Err(Refusal::AlreadyExists));
        assert_eq!(second[3], Err(Refusal::NotFound));

        let again = reopened(&city).await;
        let live = again.live().await.unwrap();
        assert_eq!(level(live, "urn:a"), Some(2.5));
        assert_eq!(level(live, "urn:b"), Some(3.5));
        let created = live.get("urn:a").unwrap();
        assert_eq!((created.created_at, created.modified_at), (at(0), at(60)));
        live.commit(vec![Command::Delete { id: "urn:b".into() }], at(61)).await.unwrap();
        live.flush_all().await.unwrap();
        assert_eq!(live.flush().await.unwrap(), 0);
        again.close().await;

        let third = reopened(&city).await;
        assert!(third.live().await.unwrap().get("urn:b").is_none());
        assert_eq!(third.live().await.unwrap().state().len(), 1);
        third.close().await;
    }

    async fn two_processes_decide_on_the_same_state(city: TestCity) {
        let other = reopened(&city).await;
        let (here, there) = (city.store.live().await.unwrap(), other.live().await.unwrap());
        here.commit(vec![Command::Create(gate("urn:a", 1.0, 0))], at(0)).await.unwrap();
        // `there` has not looked since, and must know all the same.
        let refused = there.commit(vec![Command::Create(gate("urn:a", 2.0, 1))], at(1)).await.unwrap();
        assert_eq!(refused, [Err(Refusal::AlreadyExists)]);
        let writers = (0..40).map(|n| {
            let live = if n % 2 == 0 { here } else { there };
            live.commit(vec![Command::Create(gate(&format!("urn:n{}", n / 2), f64::from(n), 2))], at(2))
        });
        let outcomes = futures::future::join_all(writers).await;
        let created = outcomes.into_iter().flat_map(Result::unwrap).filter(Result::is_ok).count();
        assert_eq!(created, 20);
        here.follow().await.unwrap();
        there.follow().await.unwrap();
        for n in 0..20 {
            let id = format!("urn:n{n}");
            assert_eq!(level(here, &id), level(there, &id));
            assert!(level(here, &id).is_some());
        }
        other.close().await;
    }

    async fn what_was_observed_is_kept_in_order(city: TestCity) {
        let live = city.store.live().await.unwrap();
        for (second, value) in [(60, 2.0), (0, 1.0), (120, 3.0)] {
            live.commit(vec![Command::Record(gate("urn:a", value, second))], at(second)).await.unwrap();
        }
        live.flush_all().await.unwrap();
        let all = Range { limit: 100, ..Range::default() };
        assert_eq!(values(live, "urn:a", &all).await, [1.0, 2.0, 3.0]);
        let middle = Range { from: Some(at(1)), to: Some(at(120)), ..all.clone() };
        assert_eq!(values(live, "urn:a", &middle).await, [2.0]);
        let newest = Range { last: Some(2), ..all.clone() };
        assert_eq!(values(live, "urn:a", &newest).await, [2.0, 3.0]);

        let head = history::head(&mut live.tables().read().await.unwrap(), "urn:a").await.unwrap().unwrap();
        assert_eq!((&*head.types[0], head.deleted_at), (GATE, None));
        live.commit(vec![Command::Delete { id: "urn:a".into() }], at(200)).await.unwrap();
        live.flush_all().await.unwrap();
        let mut db = live.tables().read().await.unwrap();
        let head = history::head(&mut db, "urn:a").await.unwrap().unwrap();
        assert_eq!(head.deleted_at, Some(at(200)));
        assert_eq!(history::heads_after(&mut db, "", 10).await.unwrap(), [head]);
        drop(db);
        assert_eq!(values(live, "urn:a", &all).await.len(), 3);
    }

    async fn the_past_can_be_added_to_corrected_and_forgotten(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let instance = |id: &str, value: f64, second: i64| PastInstance {
            id: Some(id.into()),
            attribute: attribute(value, second),
        };
        let edit = |edit| vec![Command::EditPast { id: "urn:old".into(), edit }];
        let instances = vec![instance("urn:i1", 1.0, 0), instance("urn:i2", 2.0, 60)];
        let add = Past::Add { types: vec![GATE.into()], scopes: vec!["/river".into()], instances };
        live.commit(edit(add), at(500)).await.unwrap();
        live.commit(edit(Past::Correct(instance("urn:i1", 7.0, 0))), at(501)).await.unwrap();
        live.flush_all().await.unwrap();
        assert!(live.get("urn:old").is_none());
        let all = Range { limit: 100, ..Range::default() };
        assert_eq!(values(live, "urn:old", &all).await, [7.0, 2.0]);
        let forget = Past::Forget { name: LEVEL.into(), dataset: None, instance: Some("urn:i2".into()) };
        live.commit(edit(forget), at(502)).await.unwrap();
        live.flush_all().await.unwrap();
        assert_eq!(values(live, "urn:old", &all).await, [7.0]);
        // An instance that was given no id is known by that of its row.
        live.commit(vec![Command::Record(gate("urn:old", 4.0, 90))], at(503)).await.unwrap();
        live.flush_all().await.unwrap();
        let newest = observed(live, "urn:old", &all).await.pop().unwrap();
        let forget = Past::Forget { name: LEVEL.into(), dataset: Some(None), instance: Some(newest.instance_id.into()) };
        live.commit(edit(forget), at(504)).await.unwrap();
        live.flush_all().await.unwrap();
        assert_eq!(values(live, "urn:old", &all).await, [7.0]);
        live.commit(edit(Past::ForgetAll), at(505)).await.unwrap();
        live.flush_all().await.unwrap();
        assert!(history::head(&mut live.tables().read().await.unwrap(), "urn:old").await.unwrap().is_none());
        assert!(values(live, "urn:old", &all).await.is_empty());
    }

    async fn what_was_taken_away_is_marked_in_the_past_and_one_instance_is_found(city: TestCity) {
        let live = city.store.live().await.unwrap();
        live.commit(vec![Command::Record(gate("urn:a", 1.0, 0))], at(0)).await.unwrap();
        let remove = Command::DeleteAttribute {
            id: "urn:a".into(),
            name: LEVEL.into(),
            instances: Instances::Default,
        };
        live.commit(vec![remove], at(60)).await.unwrap();
        live.flush_all().await.unwrap();
        let all = Range { limit: 100, ..Range::default() };
        let first = observed(live, "urn:a", &all).await.remove(0);
        let mut db = live.tables().read().await.unwrap();
        let found = history::instance(&mut db, "urn:a", LEVEL, &first.instance_id).await.unwrap();
        assert_eq!(found.unwrap().instance_id, first.instance_id);
        assert!(history::instance(&mut db, "urn:a", LEVEL, "urn:none").await.unwrap().is_none());
        assert_eq!(history::datasets(&mut db, "urn:a", LEVEL).await.unwrap(), [None]);
        assert!(history::datasets(&mut db, "urn:a", "urn:x").await.unwrap().is_empty());
    }

    async fn types_and_scopes_that_change_are_found_in_the_head(city: TestCity) {
        let live = city.store.live().await.unwrap();
        live.commit(vec![Command::Create(gate("urn:a", 1.0, 0))], at(0)).await.unwrap();
        let mut more = gate("urn:a", 2.0, 1);
        more.types.push("https://example.org/Sluice".into());
        more.scopes = Given::Is(vec!["/river/ciliwung".into()]);
        live.commit(vec![Command::Record(more)], at(1)).await.unwrap();
        live.flush_all().await.unwrap();
        let head = history::head(&mut live.tables().read().await.unwrap(), "urn:a").await.unwrap().unwrap();
        assert_eq!(head.types.len(), 2);
        assert_eq!(&*head.scopes[0], "/river/ciliwung");
        let query = |name: &str| Query { types: Some(Logic::Is(Iri::from(name))), ..Query::default() };
        let found = live.state().find(&query("https://example.org/Sluice"), 0, 10, true);
        assert_eq!((found.entities.len(), found.count), (1, Some(1)));
    }

    async fn a_page_of_entities_knows_whether_there_are_more(city: TestCity) {
        let live = city.store.live().await.unwrap();
        let create = (0..25).map(|n| Command::Create(gate(&format!("urn:{n:02}"), f64::from(n), 0)));
        live.commit(create.collect(), at(0)).await.unwrap();
        let query = Query { types: Some(Logic::Is(Iri::from(GATE))), ..Query::default() };
        let page = live.state().find(&query, 20, 10, true);
        assert_eq!((page.entities.len(), page.count, page.more), (5, Some(25), false));
        assert_eq!(&*page.entities[0].id, "urn:20");
        let page = live.state().find(&query, 0, 10, false);
        assert_eq!((page.entities.len(), page.count, page.more), (10, None, true));
    }

    async fn live_data_is_cut_only_behind_the_tables_and_cases_by_themselves(city: TestCity) {
        let live = city.store.live().await.unwrap();
        live.commit(vec![Command::Create(gate("urn:a", 1.0, 0))], at(0)).await.unwrap();
        let later = at(30 * 86_400);
        let rows = commit!(city.store, |db| journal::cut(db, later, Position::default()).await?);
        assert_eq!(rows, 0);
        let flushed = live.state().position();
        let rows = commit!(city.store, |db| journal::cut(db, later, flushed).await?);
        assert_eq!(rows, 1);
        let mut db = city.store.read().await.unwrap();
        assert!(live::after(&mut db, Position::default(), 9).await.unwrap().is_empty());
        // Consumers of cases never see it.
        assert!(journal::after(&mut db, Position::default(), 9).await.unwrap().is_empty());
    }
}

fn attribute(value: f64, second: i64) -> Attribute {
    Attribute {
        name: LEVEL.into(),
        dataset: None,
        value: Value::Property(serde_json::value::to_raw_value(&value).unwrap()),
        observed_at: Some(at(second)),
        created_at: at(second),
        modified_at: at(second),
        expires_at: None,
        unit_code: None,
        parts: vec![],
    }
}

async fn observed(live: &Live, id: &str, range: &Range) -> Vec<history::Observation> {
    let mut db = live.tables().read().await.unwrap();
    let wanted = [Arc::from(LEVEL)];
    let found = history::observations(&mut db, id, &wanted, range)
        .await
        .unwrap();
    found.into_values().next().unwrap_or_default()
}

async fn values(live: &Live, id: &str, range: &Range) -> Vec<f64> {
    let found = observed(live, id, range).await;
    found
        .iter()
        .map(|one| one.attribute.value.number().unwrap())
        .collect()
}
