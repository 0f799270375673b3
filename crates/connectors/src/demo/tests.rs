use std::collections::BTreeSet;

use pendopo_domain::alarms::State as AlarmState;
use pendopo_domain::entities::Command;
use pendopo_domain::geo::Areas;
use pendopo_domain::reports::{Report, State};
use pendopo_domain::sources::{Reason, is_silent};
use pendopo_operations::store::alarms as alarm_rows;
use pendopo_operations::store::history::{self, Range};
use pendopo_operations::store::incidents as incident_rows;
use pendopo_operations::store::report_query::{self, Filter, Order};
use pendopo_operations::{entities, measures, rules};
use pendopo_testkit::{TestCity, run};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

/// Makes a demo city and opens it again as a node does.
async fn made(demo: &DemoCity, now: Timestamp) -> (City, Vec<Report>, TestCity) {
    let test = TestCity::sqlite().await;
    let store = test.another_node().await;
    let seeded = seed(demo, store, test.entropy.clone(), String::new(), now).await;
    let seeded = seeded.unwrap_or_else(|error| panic!("{} at {now}: {error:?}", demo.slug));
    test.clock.set(now);
    let store = test.another_node().await;
    let city = City::new(&demo.slug, store, test.clock.clone(), test.entropy.clone())
        .await
        .unwrap();
    let mut db = city.store().read().await.unwrap();
    let all = report_query::list(&mut db, &Filter::default(), Order::NewestFirst, 1_000, 0)
        .await
        .unwrap();
    drop(db);
    assert_eq!(all.len(), seeded.reports);
    assert!(
        configuration::api_client(&city, &seeded.api_key)
            .await
            .unwrap()
            .is_some()
    );
    (city, all, test)
}

#[test]
fn a_demo_city_is_sound_and_shows_every_state_in_the_order_of_time() {
    run(async {
        for (demo, now) in cities().unwrap().iter().zip([
            "2026-11-24T08:00:00Z",
            "2026-04-02T20:00:00Z",
            "2027-01-03T01:00:00Z",
        ]) {
            let now = at(now);
            let (city, reports, _test) = made(demo, now).await;
            assert_eq!(city.store().check().await.unwrap(), Vec::<String>::new());
            let states: BTreeSet<State> = reports.iter().map(|report| report.state).collect();
            for state in State::ALL.iter().filter(|state| **state != State::NotAsked) {
                assert!(
                    states.contains(state),
                    "{} has no report that is {state}",
                    demo.slug
                );
            }
            assert!(
                reports
                    .iter()
                    .all(|report| report.area.is_some() && report.updated_at <= now)
            );
            assert!(
                reports
                    .iter()
                    .any(|report| report.state == State::Assigned && report.due_at() < Some(now))
            );
            let numbers = measures::see(&city, None).await.unwrap().table.total;
            assert_eq!(numbers.received, reports.len() as i64);
            see_day(&city, demo, now).await;
            for login in logins(&city) {
                sign_ins::by_password(&city, &login.login, &login.password)
                    .await
                    .unwrap();
            }
            assert_eq!(logins(&city).len(), LOGINS.len());
            see_sources(&city, demo, now).await;
        }
    });
}

/// The first city has water over its limits, an incident that an alarm opened, and a stage; in the second all is as it
/// should be; in the third there are incidents and no alarm.
async fn see_day(city: &City, demo: &DemoCity, now: Timestamp) {
    let mut db = city.store().read().await.unwrap();
    let alarms = alarm_rows::open(&mut db, 100).await.unwrap();
    let told: Vec<(&str, u8)> = alarms
        .iter()
        .map(|alarm| (alarm.rule.as_str(), alarm.priority.level()))
        .collect();
    let begun = now.plus(jiff::SignedDuration::from_hours(-3));
    for alarm in &alarms {
        let stands = (alarm.state, alarm.is_active);
        assert_eq!(stands, (AlarmState::Unacknowledged, true), "{alarm:?}");
        let at = alarm.raised_at;
        assert!(at > begun && at <= now, "{alarm:?}");
    }
    let all = incident_rows::list(&mut db, false, 100).await.unwrap();
    let open = incident_rows::list(&mut db, true, 100).await.unwrap();
    let stage = alerts::stage::now(city).await.unwrap().stage.number();
    match demo.slug.as_str() {
        "tanjungpinang" => {
            let (watch, silent) = (("pasang/waspada", 3), ("tinggi-air/diam", 4));
            assert_eq!(told, [("pasang/siaga", 2), watch, watch, silent]);
            assert_eq!((all.len(), open.len(), stage), (3, 3, 2));
            let opened = alarms[0].incident.unwrap();
            assert!(open.iter().any(|incident| incident.id == opened));
        }
        "denpasar" => {
            assert_eq!(told, []);
            assert_eq!((all.len(), open.len(), stage), (2, 0, 1));
        }
        _ => {
            assert_eq!(told, []);
            assert_eq!((all.len(), open.len(), stage), (2, 2, 1));
        }
    }
}

/// One source that sends, and one that fell silent and has left messages that nobody can use.
async fn see_sources(city: &City, demo: &DemoCity, now: Timestamp) {
    let by = configuration::command_line();
    let known = sources::known(city, &by).await.unwrap();
    let [air, gauges] = &known[..] else {
        panic!("{known:?}")
    };
    let seen = |known: &sources::Known| known.seen.clone().unwrap();
    assert_eq!(gauges.source.to_string(), "feed:tide-gauges");
    assert_eq!(seen(gauges).last_seen_at, now);
    let missing = |silent: bool| if silent { 30 } else { 0 };
    assert_eq!(gauges::minutes().count(), 68);
    assert_eq!(
        seen(gauges).counts.received,
        4 * 68 - missing(demo.day.silent_gauge)
    );
    assert!(gauges.waiting.is_empty());
    assert_eq!(air.source.to_string(), "mqtt:air-stations");
    assert!(is_silent(seen(air).last_seen_at, now));
    assert_eq!(
        (seen(air).counts.received, seen(air).counts.quarantined),
        (84, 4)
    );
    let waiting: Vec<(Reason, u64)> = air.waiting.clone().into_iter().collect();
    assert_eq!(waiting, [(Reason::Malformed, 2), (Reason::BadTime, 2)]);
}

#[test]
fn a_demo_city_is_alike_each_time_and_differs_from_its_neighbour() {
    run(async {
        let now = at("2026-11-24T08:00:00Z");
        let cities = cities().unwrap();
        let told = |reports: &[Report]| -> Vec<_> {
            let of = |report: &Report| {
                (
                    report.service_code.clone(),
                    report.state,
                    report.received_at,
                    report.position,
                )
            };
            reports
                .iter()
                .map(|report| format!("{:?}", of(report)))
                .collect()
        };
        let (_, first, _test) = made(&cities[0], now).await;
        let (_, again, _test) = made(&cities[0], now).await;
        let (_, other, _test) = made(&cities[1], now).await;
        assert_eq!(told(&first), told(&again));
        let at_home: Vec<_> = first.iter().map(|report| report.received_at).collect();
        assert!(
            other
                .iter()
                .filter(|report| at_home.contains(&report.received_at))
                .count()
                < 3
        );
    });
}

#[test]
fn the_areas_of_every_demo_city_hold_their_centres_and_places() {
    for demo in cities().unwrap() {
        let areas = Areas::new(demo.areas());
        assert_eq!(areas.iter().count(), demo.areas.len());
        for area in areas.iter() {
            let holder = areas
                .containing(area.centre)
                .map(|found| found.code.as_str());
            assert_eq!(holder, Some(area.code.as_str()), "{}", demo.slug);
        }
        for place in &demo.places {
            let at = Position::new(place.lon, place.lat).unwrap();
            assert!(areas.admit(at), "{} {}", demo.slug, place.name);
        }
    }
}

/// The levels that a gauge told after `from`: minutes after `from` and centimetres, oldest first.
async fn told(city: &City, gauge: usize, from: Timestamp) -> Vec<(i64, f64)> {
    let live = city.store().live().await.unwrap();
    live.flush_all().await.unwrap();
    let range = Range {
        from: Some(from.plus(jiff::SignedDuration::from_secs(1))),
        limit: 1_000,
        ..Range::default()
    };
    let mut db = live.tables().read().await.unwrap();
    let id = format!("urn:ngsi-ld:WaterObserved:demo-{gauge}");
    let found = history::observations(&mut db, &id, &[gauges::LEVEL.into()], &range).await;
    let rows = found.unwrap().into_values().flatten();
    let mut told: Vec<(i64, f64)> = rows
        .map(|row| {
            let at = row.attribute.observed_at.unwrap();
            (
                at.since(from).as_mins(),
                row.attribute.value.number().unwrap(),
            )
        })
        .collect();
    told.sort_by_key(|(minutes, _)| *minutes);
    told
}

async fn open_alarms(city: &City) -> Vec<(String, Option<String>)> {
    let mut db = city.store().read().await.unwrap();
    let alarms = alarm_rows::open(&mut db, 100).await.unwrap();
    let of = |alarm: pendopo_domain::alarms::Alarm| {
        let entity = alarm.entity.map(|id| id.to_string());
        (alarm.rule, entity)
    };
    alarms.into_iter().map(of).collect()
}

#[test]
fn the_gauges_of_a_served_demo_city_tell_on_and_a_calm_one_stays_calm() {
    run(async {
        let now = at("2026-11-24T08:00:00Z");
        for demo in &cities().unwrap() {
            let (city, _, test) = made(demo, now).await;
            assert_eq!(tell(&city, demo).await.unwrap(), 0, "nothing is due yet");
            let mut rules = rules::Runner::default();
            let gauges = if demo.day.silent_gauge { 3 } else { 4 };
            // A day and a half in steps that do not fit those of the gauges.
            for minutes in (7..=36 * 60).step_by(7) {
                test.clock
                    .set(now.plus(jiff::SignedDuration::from_mins(minutes)));
                let due = (minutes / 5 - (minutes - 7) / 5) as usize;
                assert_eq!(
                    tell(&city, demo).await.unwrap(),
                    gauges * due,
                    "after {minutes} minutes"
                );
                while rules.step(&city).await.unwrap() {}
                if demo.day.stage == Stage::LOWEST {
                    assert_eq!(
                        open_alarms(&city).await,
                        [],
                        "{} after {minutes} minutes",
                        demo.slug
                    );
                }
            }
            let levels = told(&city, 1, now).await;
            let last = levels.last().unwrap();
            assert_eq!((levels.len(), levels[0].0, last.0), (431, 5, 431 * 5));
            for pair in levels.windows(2) {
                assert!(
                    (pair[1].1 - pair[0].1).abs() <= 3.0,
                    "the curve leaps: {pair:?}"
                );
            }
            assert_eq!(told(&city, 4, now).await.is_empty(), demo.day.silent_gauge);
            let silent = open_alarms(&city).await;
            let silent = silent.iter().filter(|(rule, _)| rule == "tinggi-air/diam");
            assert_eq!(silent.count(), usize::from(demo.day.silent_gauge));
        }
    });
}

#[test]
fn after_a_day_of_standing_still_the_gauges_tell_of_two_hours_and_no_silence_is_heard() {
    run(async {
        let now = at("2026-11-24T08:00:00Z");
        for demo in &cities().unwrap() {
            let (city, _, test) = made(demo, now).await;
            let before = open_alarms(&city).await;
            // A little after a step of the gauges, 28 hours later: at the same curve, not at the same hour.
            let later = now.plus(jiff::SignedDuration::from_secs(28 * 3_600 + 77));
            test.clock.set(later);
            let gauges = if demo.day.silent_gauge { 3 } else { 4 };
            assert_eq!(tell(&city, demo).await.unwrap(), gauges * 24);
            assert_eq!(tell(&city, demo).await.unwrap(), 0);
            let levels = told(&city, 2, now).await;
            let minutes: Vec<i64> = levels.iter().map(|(minutes, _)| *minutes).collect();
            let expected: Vec<i64> = (1..=24).map(|step| 26 * 60 + step * 5).collect();
            assert_eq!(minutes, expected);
            for (minutes, level) in levels {
                let since = jiff::SignedDuration::from_mins(minutes);
                assert_eq!(demo.day.tide.level(1, since) as f64, level);
            }
            let mut rules = rules::Runner::default();
            while rules.step(&city).await.unwrap() {}
            let after = open_alarms(&city).await;
            let fresh: Vec<_> = after.iter().filter(|one| !before.contains(one)).collect();
            assert!(
                !fresh.iter().any(|(rule, _)| rule == "tinggi-air/diam"),
                "{fresh:?}"
            );
            assert!(after.len() <= before.len() + 2, "{fresh:?}");
        }
    });
}

#[test]
fn no_other_city_is_told_of_and_a_gauge_that_was_removed_stays_away() {
    run(async {
        let now = at("2026-11-24T08:00:00Z");
        let cities = cities().unwrap();
        let (city, _, test) = made(&cities[1], now).await;
        test.clock.set(now.plus(jiff::SignedDuration::from_mins(5)));
        assert_eq!(tell(&city, &cities[0]).await.unwrap(), 0);
        let client = city.api_client(pendopo_domain::organisation::ApiKeyId(0));
        let gone = Command::Delete {
            id: "urn:ngsi-ld:WaterObserved:demo-1".into(),
        };
        entities::write(&city, &client, vec![gone]).await.unwrap();
        assert_eq!(tell(&city, &cities[1]).await.unwrap(), 3);
    });
}
