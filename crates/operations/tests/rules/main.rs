//! Rules over a real city: readings and reports come in by the use cases, the clock is driven, on both databases.
#![forbid(unsafe_code)]

mod alerts;
mod changed;
mod fixture;
mod late;
mod recorded;

use fixture::{City, flood_reports, high_water, silent, steep};
use pendopo_domain::alarms::State;
use pendopo_domain::incidents::State as IncidentState;
use pendopo_operations::rules;
use pendopo_testkit::{TestCity, both_databases};

both_databases! {
    async fn an_evening_of_high_water_is_one_alarm_one_incident_and_the_reports_that_belong(test: TestCity) {
        let mut city = City::found(test, vec![high_water(), flood_reports()]).await;
        // 90 to 165 and back to 100 in a hundred minutes, one reading a minute, some lost, some noise.
        let level = |minute: i64| {
            let up = 90.0 + 75.0 * f64::from(i32::try_from(minute).unwrap()) / 50.0;
            let down = 165.0 - 65.0 * f64::from(i32::try_from(minute - 50).unwrap_or(0)) / 50.0;
            let noise = [0.0, 3.0, -4.0, 2.0, -1.0, 4.0, -3.0][usize::try_from(minute % 7).unwrap()];
            up.min(down) + noise
        };
        let mut joined = vec![];
        let mut alone = vec![];
        for minute in 0..110 {
            if minute % 8 != 5 {
                city.reads("urn:gauge:1", level(minute.min(100))).await;
            }
            if (25..48).contains(&minute) {
                joined.push(city.reports("banjir", 104.4505, 0.9203).await);
            }
            match minute {
                30..=32 => alone.push(city.reports("banjir", 104.47, 0.92).await),
                33 | 34 => alone.push(city.reports("sampah", 104.4505, 0.9203).await),
                _ => {}
            }
            city.catch_up().await;
            city.minutes(1).await;
        }
        let alarms = city.alarms().await;
        let told: Vec<_> = alarms.iter().map(|one| (one.rule.as_str(), one.times)).collect();
        // The decoys that lie apart are three reports in one place: a cluster and an incident of their own.
        assert_eq!(told, [("air/tinggi", 1), ("banjir/sekitar", 1), ("banjir/sekitar", 1)]);
        let gauge = &alarms[0];
        assert_eq!((gauge.state, gauge.is_active), (State::Returned, false));
        let incident = gauge.incident.unwrap();
        assert_eq!(city.members(incident).await, joined);
        for id in &alone[3..] {
            assert_eq!(city.report(*id).await.incident, None, "another service");
        }
        for id in &alone[..3] {
            assert_ne!(city.report(*id).await.incident, Some(incident), "too far away");
        }
        assert_eq!(city.incident(incident).await.state, IncidentState::New);
    }

    async fn the_clock_ends_a_delay_and_hears_silence(test: TestCity) {
        let mut city = City::found(test, vec![high_water(), silent()]).await;
        city.reads("urn:gauge:1", 130.0).await;
        city.catch_up().await;
        assert!(city.alarms().await.is_empty(), "inside the on-delay");
        city.seconds(59).await;
        city.catch_up().await;
        assert!(city.alarms().await.is_empty(), "inside the on-delay");
        city.seconds(2).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Unacknowledged)]);
        city.minutes(10).await;
        city.catch_up().await;
        let open = city.open().await;
        assert_eq!(open.len(), 2, "{open:?}");
        city.reads("urn:gauge:1", 90.0).await;
        city.catch_up().await;
        let open = city.open().await;
        assert!(open.contains(&("air/diam".to_owned(), State::Returned)), "{open:?}");
        assert!(open.contains(&("air/tinggi".to_owned(), State::Unacknowledged)), "{open:?}");
    }

    async fn a_kill_at_any_step_neither_loses_nor_doubles_an_alarm(test: TestCity) {
        let mut city = City::found(test, vec![high_water(), silent(), steep()]).await;
        for minute in 0..40 {
            let value = if (10..20).contains(&minute) { 150.0 } else { 100.0 };
            if !(25..33).contains(&minute) {
                city.reads("urn:gauge:1", value).await;
            }
            // The process that runs the rules is killed, and begins again from what is in the database.
            city.killed();
            city.catch_up().await;
            city.minutes(1).await;
        }
        let mut told: Vec<_> = city.alarms().await.iter().map(|one| (one.rule.clone(), one.times)).collect();
        told.sort();
        let expect = [("air/cepat", 1), ("air/diam", 1), ("air/tinggi", 1)];
        assert_eq!(told, expect.map(|(code, times)| (code.to_owned(), times)));
    }

    async fn a_rule_that_is_new_sees_what_is_there_and_one_that_goes_ends_its_alarm(test: TestCity) {
        let mut city = City::found(test, vec![]).await;
        city.reads("urn:gauge:1", 130.0).await;
        city.catch_up().await;
        rules::put(city.as_it_is(), &fixture::it_staff(), high_water()).await.unwrap();
        city.catch_up().await;
        city.minutes(2).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Unacknowledged)]);
        rules::remove(city.as_it_is(), &fixture::it_staff(), "air/tinggi").await.unwrap();
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Returned)]);
        let wrong = pendopo_domain::rules::Rule { owner: "nobody".into(), ..high_water() };
        assert!(rules::put(city.as_it_is(), &fixture::it_staff(), wrong).await.is_err());
        assert!(rules::put(city.as_it_is(), &fixture::nobody(), high_water()).await.is_err());
    }

    async fn two_operators_press_and_one_of_them_acknowledges(test: TestCity) {
        let mut city = City::found(test, vec![high_water()]).await;
        city.reads("urn:gauge:1", 130.0).await;
        city.catch_up().await;
        city.minutes(2).await;
        city.catch_up().await;
        let id = city.alarms().await[0].id;
        let operator = fixture::it_staff();
        let here = city.as_it_is();
        let press = || pendopo_operations::alarms::acknowledge(here, &operator, id);
        let (one, other) = tokio::join!(press(), press());
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let seen = pendopo_operations::alarms::see(here, &operator, id).await.unwrap();
        let kinds: Vec<_> = seen.timeline.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["acknowledged", "raised"]);
    }

    async fn what_is_shelved_comes_back_by_the_clock(test: TestCity) {
        let mut city = City::found(test, vec![high_water()]).await;
        city.reads("urn:gauge:1", 130.0).await;
        city.catch_up().await;
        city.minutes(2).await;
        city.catch_up().await;
        let id = city.alarms().await[0].id;
        let operator = fixture::it_staff();
        for (minutes, reason) in [(0, "x"), (481, "x"), (30, "  ")] {
            let shelved = pendopo_operations::alarms::shelve(city.as_it_is(), &operator, id, minutes, reason);
            assert!(shelved.await.is_err(), "{minutes} {reason:?}");
        }
        pendopo_operations::alarms::shelve(city.as_it_is(), &operator, id, 30, "pump under repair").await.unwrap();
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Shelved)]);
        city.minutes(29).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Shelved)]);
        city.minutes(2).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Unacknowledged)]);
    }
}
