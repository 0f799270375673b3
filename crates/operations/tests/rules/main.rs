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
    async fn three_reports_in_one_place_are_an_incident_and_those_in_it_are_no_signal(test: TestCity) {
        let mut city = City::found(test, vec![high_water(), flood_reports()]).await;
        let mut here = vec![];
        for _ in 0..4 {
            here.push(city.reports("banjir", 104.4505, 0.9203).await);
            city.catch_up().await;
        }
        let other = city.reports("sampah", 104.4505, 0.9203).await;
        // 600 m from all of them: too far to belong, and alone.
        let apart = city.reports("banjir", 104.4559, 0.9203).await;
        city.catch_up().await;
        let incidents = city.incidents().await;
        assert_eq!((incidents.len(), incidents[0].state), (1, IncidentState::New));
        assert_eq!(city.members(incidents[0].id).await, here);
        for id in [other, apart] {
            assert_eq!(city.report(id).await.incident, None);
        }
        // 450 m from the incident and from the one apart: it belongs, and makes no second alarm.
        here.push(city.reports("banjir", 104.4545, 0.9203).await);
        city.catch_up().await;
        assert_eq!(city.members(incidents[0].id).await, here);
        assert_eq!(city.alarms().await.len(), 1);
        // Two more beside the one apart: they are many now, and an incident of their own.
        for _ in 0..2 {
            city.reports("banjir", 104.4562, 0.9203).await;
            city.catch_up().await;
        }
        assert_eq!((city.incidents().await.len(), city.alarms().await.len()), (2, 2));
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
            // The process that runs the rules is killed, now and then the whole node; it begins again from what is in
            // the database.
            city.killed();
            if minute % 8 == 3 {
                city.started_anew().await;
            }
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
