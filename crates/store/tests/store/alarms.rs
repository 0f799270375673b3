//! Rules, what they remember, and alarms.

use pendopo_domain::alarms::{About, Alarm, State};
use pendopo_domain::geo::Position;
use pendopo_domain::incidents::{IncidentId, Priority};
use pendopo_domain::rules::{Condition, Kept, Rule, Side, Watch};
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use pendopo_store::{Store, alarms, rules};
use pendopo_testkit::{TestCity, both_databases};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + second * 1_000_000)
}

fn rule(code: &str, priority: i64) -> Rule {
    Rule {
        code: code.into(),
        names: Texts::same(code),
        condition: Condition::Alert {
            severity: "Severe".into(),
            area: None,
        },
        cause: Texts::same("c"),
        consequence: Texts::same("c"),
        action: Texts::same("a"),
        minutes_to_act: 10,
        priority: Priority::new(priority).unwrap(),
        owner: "bpbd".into(),
        group: None,
        incident: None,
        enabled: true,
    }
}

fn alarm(code: &str, priority: i64, second: i64) -> Alarm {
    let about = About {
        entity: Some("urn:1".into()),
        position: Position::new(104.4, 0.9),
        value: Some(121.5),
        ..About::default()
    };
    let rule = rule(code, priority);
    Alarm::raise(&rule, rule.cause_at("urn:1"), about, at(second), at(second))
}

/// A rule and what it raised.
pub fn raised() -> (Rule, Alarm) {
    (rule("high", 3), alarm("high", 3, 0))
}

async fn inserted(store: &Store, mut alarm: Alarm) -> Alarm {
    let new = alarm.clone();
    alarm.id = commit!(store, |db| alarms::insert(db, &new).await?);
    alarm
}

async fn updated(store: &Store, alarm: &Alarm) {
    let changed = alarm.clone();
    commit!(store, |db| alarms::update(db, &changed).await?);
}

both_databases! {
    async fn rules_keep_their_order_and_what_they_remember(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| {
            rules::put(db, &rule("b", 2)).await?;
            rules::put(db, &rule("a", 3)).await?;
            rules::put(db, &rule("b", 1)).await?;
        });
        assert_eq!(look!(store, |db| rules::all(db).await), [rule("b", 1), rule("a", 3)]);
        commit!(store, |db| {
            assert!(rules::remove(db, "a").await?);
            assert!(!rules::remove(db, "a").await?);
        });
        let watch = Watch { side: Side::Rising(at(5)), last_at: at(6), late_us: 7 };
        let kept = |watch| vec![Kept { rule: "b".into(), subject: "urn:1".into(), watch }];
        commit!(store, |db| rules::keep(db, &kept(Some(watch))).await?);
        let later = Watch { side: Side::Active, last_at: at(9), late_us: 0 };
        commit!(store, |db| rules::keep(db, &kept(Some(later))).await?);
        assert_eq!(look!(store, |db| rules::kept(db).await), kept(Some(later)));
        commit!(store, |db| rules::keep(db, &kept(None)).await?);
        assert!(look!(store, |db| rules::kept(db).await).is_empty());
    }

    async fn one_cause_has_one_open_alarm(city: TestCity) {
        let store = &city.store;
        let mut first = inserted(store, alarm("high", 3, 0)).await;
        assert_eq!(look!(store, |db| alarms::by_id(db, first.id).await), Some(first.clone()));
        let twice = first.clone();
        let again = store.write(move |db| Box::pin(async move { alarms::insert(db, &twice).await })).await;
        assert!(again.is_err(), "a second open alarm of the same cause");
        let grave = inserted(store, alarm("tide", 1, 5)).await;
        assert_eq!(look!(store, |db| alarms::open(db, 10).await), [grave.clone(), first.clone()]);
        assert_eq!(look!(store, |db| alarms::active_of(db, "high").await), [first.clone()]);
        assert_eq!(
            look!(store, |db| alarms::counts(db).await),
            [(State::Unacknowledged, 1, 1), (State::Unacknowledged, 3, 1)]
        );

        first.shelve(at(60), "pump under repair".into()).unwrap();
        first.incident = Some(IncidentId(7));
        updated(store, &first).await;
        assert_eq!(look!(store, |db| alarms::unshelving(db, at(59)).await), []);
        assert_eq!(look!(store, |db| alarms::unshelving(db, at(60)).await), [first.id]);
        assert!(look!(store, |db| alarms::rules_of_open_incidents(db).await).is_empty(), "there is no such incident");
        commit!(store, |db| alarms::move_incident(db, IncidentId(7), IncidentId(8)).await?);
        assert!(look!(store, |db| alarms::of_incident(db, IncidentId(7)).await).is_empty());
        let moved = look!(store, |db| alarms::of_incident(db, IncidentId(8)).await);
        assert_eq!(moved.len(), 1);

        let cause = first.cause.clone();
        let mut over = commit!(store, |db| alarms::open_of(db, &cause).await?).unwrap();
        over.state = State::Ended;
        over.is_active = false;
        (over.returned_at, over.ended_at, over.acknowledged_at) = (Some(at(70)), Some(at(71)), Some(at(71)));
        updated(store, &over).await;
        let cause = first.cause.clone();
        assert_eq!(commit!(store, |db| alarms::open_of(db, &cause).await?), None);
        inserted(store, alarm("high", 3, 90)).await;
        let noticed = look!(store, |db| alarms::noticed(db, at(0), at(90), 10).await);
        assert_eq!(noticed.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(), ["high", "tide"]);
    }
}
