use proptest::prelude::*;

use super::*;
use crate::rules::Condition;
use crate::services::Texts;

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
        group: Some("tide".into()),
        incident: None,
        enabled: true,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + second * 1_000_000)
}

fn raised() -> Alarm {
    let high = rule("high", 3);
    Alarm::raise(
        &high,
        high.cause_at("urn:1"),
        About::default(),
        at(0),
        at(2),
    )
}

#[test]
fn what_came_and_went_unseen_stays_until_it_is_seen() {
    let mut alarm = raised();
    assert_eq!(
        alarm.turn(Turn::Off(at(60)), None, [], at(61)),
        Some(Step::Returned)
    );
    assert_eq!((alarm.state, alarm.is_open()), (State::Returned, true));
    assert_eq!(alarm.acknowledge(at(70)), Ok(Step::Acknowledged));
    assert_eq!((alarm.state, alarm.ended_at), (State::Ended, Some(at(70))));
    assert_eq!(alarm.acknowledge(at(71)), Err(Refused(State::Ended)));
}

#[test]
fn a_graver_rule_of_the_same_cause_asks_again_and_a_lesser_one_does_not() {
    let (high, higher) = (rule("high", 3), rule("higher", 1));
    let mut alarm = raised();
    alarm.acknowledge(at(5)).unwrap();
    let step = alarm.turn(Turn::On(at(9)), Some(180.0), [&higher, &high], at(10));
    assert_eq!(step, Some(Step::RaisedAgain));
    assert_eq!(
        (alarm.state, alarm.rule.as_str(), alarm.times),
        (State::Unacknowledged, "higher", 1)
    );
    alarm.acknowledge(at(11)).unwrap();
    assert_eq!(alarm.turn(Turn::Off(at(20)), None, [&high], at(21)), None);
    assert_eq!(
        (alarm.priority.level(), alarm.state),
        (3, State::Acknowledged)
    );
    assert_eq!(
        alarm.turn(Turn::Off(at(30)), None, [], at(31)),
        Some(Step::Returned)
    );
    assert_eq!(alarm.state, State::Ended);
}

#[test]
fn a_shelf_ends_in_sight_or_at_the_end() {
    let mut alarm = raised();
    alarm.shelve(at(600), "pump under repair".into()).unwrap();
    assert_eq!(alarm.acknowledge(at(5)), Err(Refused(State::Shelved)));
    let mut over = alarm.clone();
    over.turn(Turn::Off(at(60)), None, [], at(61));
    assert_eq!(over.state, State::Shelved);
    over.unshelve(at(600)).unwrap();
    assert_eq!(over.state, State::Ended);
    alarm.unshelve(at(600)).unwrap();
    assert_eq!(alarm.state, State::Unacknowledged);
}

proptest! {
    #[test]
    fn an_alarm_ends_only_acknowledged_or_shelved_and_never_while_its_condition_holds(
        steps in prop::collection::vec(0u8..6, 1..60),
    ) {
        let (high, higher) = (rule("high", 3), rule("higher", 1));
        let mut alarm = raised();
        let mut put_away = false;
        for (n, step) in steps.into_iter().enumerate() {
            let now = at(i64::try_from(n).unwrap() + 1);
            match step {
                0 => drop(alarm.turn(Turn::On(now), None, [&high], now)),
                1 => drop(alarm.turn(Turn::On(now), None, [&higher], now)),
                2 => drop(alarm.turn(Turn::Off(now), None, [], now)),
                3 => drop(alarm.acknowledge(now)),
                4 => put_away |= alarm.shelve(now, "x".into()).is_ok(),
                _ => drop(alarm.unshelve(now)),
            }
            if !alarm.is_open() {
                prop_assert!(!alarm.is_active);
                prop_assert!(alarm.acknowledged_at.is_some() || put_away);
                break;
            }
            prop_assert!(alarm.ended_at.is_none());
            prop_assert_eq!(alarm.state == State::Returned, !alarm.is_active && alarm.state != State::Shelved);
        }
    }
}
