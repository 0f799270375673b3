use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::entities::{Attribute, Value};
use crate::incidents::Priority;
use crate::rules::{Beyond, Signal};
use crate::services::Texts;

const GAUGE: &str = "https://example.org/Gauge";
const LEVEL: &str = "https://example.org/level";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000).plus(SignedDuration::from_secs(second))
}

fn signal(entity: Option<&str>) -> Signal {
    Signal {
        kind: GAUGE.into(),
        attribute: LEVEL.into(),
        entity: entity.map(Into::into),
    }
}

fn rule(code: &str, priority: i64, condition: Condition) -> Rule {
    Rule {
        code: code.into(),
        names: Texts::same(code),
        condition,
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

fn threshold(limit: f64) -> Condition {
    Condition::Threshold {
        signal: signal(None),
        side: Beyond::Above,
        limit,
        deadband: 5.0,
        delays: Delays {
            on_s: 60,
            off_s: 300,
        },
    }
}

fn gauge(id: &str, value: f64, second: i64) -> Entity {
    let json = serde_json::value::RawValue::from_string(value.to_string()).unwrap();
    let attribute = Attribute {
        name: LEVEL.into(),
        dataset: None,
        value: Value::Property(json),
        observed_at: Some(at(second)),
        created_at: at(second),
        modified_at: at(second),
        expires_at: None,
        unit_code: None,
        parts: vec![],
    };
    Entity {
        id: id.into(),
        types: vec![GAUGE.into()],
        scopes: vec![],
        created_at: at(second),
        modified_at: at(second),
        expires_at: None,
        attributes: vec![Arc::new(attribute)],
    }
}

#[derive(Default)]
struct City(BTreeMap<String, Arc<Entity>>);

impl Present for City {
    fn entity(&self, id: &str) -> Option<Arc<Entity>> {
        self.0.get(id).cloned()
    }
}

/// `On code second` and `Off code second`.
fn see(engine: &Engine, memory: &mut Memory, city: &City, entity: &Entity) -> Vec<String> {
    let attribute = &entity.attributes[0];
    let reading = Reading {
        id: &entity.id,
        types: &entity.types,
        attribute,
        at: attribute.observed_at.unwrap(),
        came_at: attribute.modified_at,
    };
    engine
        .see(memory, &[reading], city)
        .iter()
        .map(told)
        .collect()
}

fn told(edge: &Edge) -> String {
    let (word, time) = match edge.turn {
        Turn::On(time) => ("on", time),
        Turn::Off(time) => ("off", time),
    };
    let holding: Vec<_> = edge.holding.iter().map(|rule| rule.code.as_str()).collect();
    format!(
        "{word} {} {} [{}]",
        edge.rule.code,
        time.since(at(0)).as_secs(),
        holding.join(" ")
    )
}

#[test]
fn a_group_is_one_cause_and_says_what_still_holds() {
    let grouped = |code, priority, limit| Rule {
        group: Some("tide".into()),
        ..rule(code, priority, threshold(limit))
    };
    let (engine, faulty) = Engine::new([grouped("high", 3, 120.0), grouped("higher", 1, 150.0)]);
    assert!(faulty.is_empty());
    let (mut memory, city) = (Memory::default(), City::default());
    let mut all = vec![];
    for (second, value) in [
        (0, 130.0),
        (60, 160.0),
        (120, 160.0),
        (180, 130.0),
        (480, 130.0),
        (540, 90.0),
        (840, 90.0),
    ] {
        all.extend(see(
            &engine,
            &mut memory,
            &city,
            &gauge("urn:1", value, second),
        ));
    }
    let expect = [
        "on high 60 [high]",
        "on higher 120 [higher high]",
        "off higher 480 [high]",
        "off high 840 []",
    ];
    assert_eq!(all, expect);
    see(&engine, &mut memory, &city, &gauge("urn:1", 160.0, 900));
    see(&engine, &mut memory, &city, &gauge("urn:1", 160.0, 960));
    let causes = engine.causes(&memory);
    let codes: Vec<_> = causes["tide|urn:1"]
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!((causes.len(), codes), (1, vec!["higher", "high"]));
}

#[test]
fn what_is_uploaded_late_is_judged_as_it_would_have_been_in_time() {
    let silent = Condition::NoData {
        signal: signal(None),
        after_s: 120,
    };
    let rules = || {
        [
            rule("high", 2, threshold(120.0)),
            rule("silent", 3, silent.clone()),
        ]
    };
    let readings = [
        (0, 130.0),
        (30, 90.0),
        (90, 125.0),
        (100, 110.0),
        (160, 130.0),
        (220, 131.0),
        (280, 90.0),
        (580, 90.0),
    ];
    // The clock is asked between any two requests, `late` seconds after what they bring was so.
    let run = |late: i64| {
        let (engine, _) = Engine::new(rules());
        let (mut memory, city, mut all) = (Memory::default(), City::default(), vec![]);
        for (second, value) in readings {
            let mut entity = gauge("urn:1", value, second);
            Arc::make_mut(&mut entity.attributes[0]).modified_at = at(second + late);
            all.extend(see(&engine, &mut memory, &city, &entity));
            let asked = at(second + late + 1);
            all.extend(engine.tick(&mut memory, asked).iter().map(told));
        }
        let end = engine.tick(&mut memory, at(580 + late + 121));
        all.extend(end.iter().map(told));
        all
    };
    let in_time = run(0);
    assert_eq!(
        in_time,
        [
            "on high 220 [high]",
            "off high 580 []",
            "on silent 700 [silent]"
        ]
    );
    assert_eq!(run(7_200), in_time);
}

#[test]
fn killed_at_any_reading_it_goes_on_as_if_nothing_had_been() {
    let conditions = [
        rule("high", 2, threshold(120.0)),
        rule(
            "silent",
            3,
            Condition::NoData {
                signal: signal(None),
                after_s: 600,
            },
        ),
    ];
    let readings: Vec<_> = (0..120)
        .filter(|n| !(40..55).contains(n))
        .map(|n| gauge("urn:1", f64::from(100 + (n * 7) % 45), i64::from(n) * 60))
        .collect();
    let run = |killed_after: Option<usize>| {
        let (engine, _) = Engine::new(conditions.clone());
        let (mut memory, city) = (Memory::default(), City::default());
        let (mut all, mut kept) = (vec![], BTreeMap::new());
        for (n, entity) in readings.iter().enumerate() {
            let now = entity.attributes[0].observed_at.unwrap();
            all.extend(engine.tick(&mut memory, now).iter().map(told));
            all.extend(see(&engine, &mut memory, &city, entity));
            for one in memory.take_dirty(&engine) {
                kept.insert((one.rule.clone(), one.subject.clone()), one);
            }
            if killed_after == Some(n) {
                memory = engine.remember(kept.values().cloned().collect());
                engine.expect(&mut memory, entity);
            }
        }
        all
    };
    let undisturbed = run(None);
    assert!(undisturbed.len() >= 4, "{undisturbed:?}");
    for n in 0..readings.len() {
        assert_eq!(run(Some(n)), undisturbed, "killed after {n}");
    }
}

#[test]
fn silence_is_heard_and_the_next_word_ends_it() {
    let (engine, _) = Engine::new([rule(
        "silent",
        3,
        Condition::NoData {
            signal: signal(None),
            after_s: 120,
        },
    )]);
    let (mut memory, city) = (Memory::default(), City::default());
    assert!(see(&engine, &mut memory, &city, &gauge("urn:1", 1.0, 0)).is_empty());
    assert!(see(&engine, &mut memory, &city, &gauge("urn:1", 1.0, 60)).is_empty());
    let tick = |memory: &mut Memory, second| -> Vec<String> {
        engine.tick(memory, at(second)).iter().map(told).collect()
    };
    assert!(tick(&mut memory, 179).is_empty());
    assert_eq!(tick(&mut memory, 181), ["on silent 180 [silent]"]);
    assert!(tick(&mut memory, 500).is_empty());
    assert_eq!(
        see(&engine, &mut memory, &city, &gauge("urn:1", 1.0, 501)),
        ["off silent 501 []"]
    );
    assert_eq!(tick(&mut memory, 622), ["on silent 621 [silent]"]);
    let gone: Vec<_> = engine
        .forget(&mut memory, "urn:1", at(700))
        .iter()
        .map(told)
        .collect();
    assert_eq!(gone, ["off silent 700 []"]);
    assert!(tick(&mut memory, 9_000).is_empty());
}

#[test]
fn a_rate_needs_half_of_its_window_and_knows_the_past_that_it_is_told() {
    let rate = Condition::RateOfRise {
        signal: signal(None),
        per_hour: 30.0,
        over_s: 1_800,
        deadband_per_hour: 10.0,
        delays: Delays::default(),
    };
    let (engine, _) = Engine::new([rule("rise", 2, rate)]);
    let city = City::default();
    let mut memory = Memory::default();
    let mut all = vec![];
    for n in 0..40 {
        all.extend(see(
            &engine,
            &mut memory,
            &city,
            &gauge("urn:1", 100.0 + f64::from(n), i64::from(n) * 60),
        ));
    }
    // 60 an hour; seen once the samples span a quarter of an hour.
    assert_eq!(all, ["on rise 900 [rise]"]);
    let mut fresh = Memory::default();
    let entity = gauge("urn:1", 115.0, 900);
    let reading = Reading {
        id: &entity.id,
        types: &entity.types,
        attribute: &entity.attributes[0],
        at: at(900),
        came_at: at(900),
    };
    assert_eq!(engine.unknown_past(&fresh, &reading), Some(1_800));
    let past: Vec<_> = (0..16)
        .map(|n| (at(i64::from(n) * 60), 100.0 + f64::from(n)))
        .collect();
    engine.tell_past(&mut fresh, &reading, &past);
    assert_eq!(engine.unknown_past(&fresh, &reading), None);
    let edges: Vec<_> = engine
        .see(&mut fresh, &[reading], &city)
        .iter()
        .map(told)
        .collect();
    assert_eq!(edges, ["on rise 900 [rise]"]);
}

#[test]
fn an_expression_takes_its_other_signals_from_the_city() {
    let signals = [
        ("level".to_owned(), signal(None)),
        ("sea".to_owned(), signal(Some("urn:sea"))),
    ];
    let condition = Condition::Expression {
        cel: "level > 100.0 && sea > 1.0".into(),
        signals: signals.into(),
        delays: Delays::default(),
    };
    let (engine, faulty) = Engine::new([rule("both", 2, condition)]);
    assert!(faulty.is_empty());
    let (mut memory, mut city) = (Memory::default(), City::default());
    assert!(
        see(&engine, &mut memory, &city, &gauge("urn:1", 110.0, 0)).is_empty(),
        "the sea says nothing yet"
    );
    city.0
        .insert("urn:sea".into(), Arc::new(gauge("urn:sea", 1.5, 1)));
    assert_eq!(
        see(&engine, &mut memory, &city, &gauge("urn:1", 110.0, 2)),
        ["on both 2 [both]"]
    );
    assert_eq!(
        see(&engine, &mut memory, &city, &gauge("urn:1", 90.0, 3)),
        ["off both 3 []"]
    );
}

#[test]
fn reports_hold_until_none_came_for_their_time() {
    let condition = Condition::Reports {
        service_codes: vec!["banjir".into()],
        count: 3,
        within_m: 500,
        in_minutes: 30,
    };
    let (engine, _) = Engine::new([rule("many", 2, condition)]);
    let mut memory = Memory::default();
    let near: Iri = "report:1".into();
    assert_eq!(
        engine.tell(&mut memory, "many", &near, true, at(0)).len(),
        1
    );
    assert!(
        engine
            .tell(&mut memory, "many", &near, true, at(600))
            .is_empty()
    );
    let kept = memory.take_dirty(&engine);
    let mut memory = engine.remember(kept);
    assert!(engine.tick(&mut memory, at(1_900)).is_empty());
    let edges: Vec<_> = engine
        .tick(&mut memory, at(2_401))
        .iter()
        .map(told)
        .collect();
    assert_eq!(edges, ["off many 2400 []"]);
}

#[test]
fn faulty_rules_are_left_out_and_named() {
    let broken = rule(
        "broken",
        2,
        Condition::NoData {
            signal: signal(None),
            after_s: 0,
        },
    );
    let (engine, faulty) = Engine::new([broken, rule("high", 2, threshold(1.0))]);
    assert_eq!(
        (faulty, engine.rules().count()),
        (vec!["broken".to_owned()], 1)
    );
}
