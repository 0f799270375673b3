//! Rules that are changed, disabled or removed while alarms are open.

use pendopo_domain::alarms::State;
use pendopo_domain::rules::Rule;
use pendopo_operations::rules;
use pendopo_testkit::{TestCity, both_databases};

use crate::fixture::{City, it_staff, level};

fn low() -> Rule {
    level(120.0, 5.0, 0, 0, Some("tide"))
}

fn grave() -> Rule {
    level(950.0, 5.0, 0, 0, Some("tide"))
}

/// Rule, state, priority and whether it holds, of every alarm.
async fn all(city: &City) -> Vec<(String, State, u8, bool)> {
    let alarms = city.alarms().await.into_iter();
    alarms
        .map(|one| (one.rule, one.state, one.priority.level(), one.is_active))
        .collect()
}

both_databases! {
    async fn the_alarm_of_a_group_goes_on_when_its_gravest_rule_is_removed(test: TestCity) {
        let mut city = City::found(test, vec![low(), grave()]).await;
        city.reads("urn:gauge:1", 960.0).await;
        city.catch_up().await;
        let raised = ("air/950".to_owned(), State::Unacknowledged, 1, true);
        assert_eq!(all(&city).await, [raised]);
        let incident = city.alarms().await[0].incident;
        assert!(incident.is_some());
        rules::remove(city.as_it_is(), &it_staff(), "air/950").await.unwrap();
        city.catch_up().await;
        assert_eq!(all(&city).await, [("air/120".to_owned(), State::Unacknowledged, 3, true)]);
        // The lesser one ends it, as ever, and only it.
        city.killed();
        city.minutes(1).await;
        city.reads("urn:gauge:1", 50.0).await;
        city.catch_up().await;
        assert_eq!(all(&city).await, [("air/120".to_owned(), State::Returned, 3, false)]);
        assert_eq!(city.alarms().await[0].incident, incident);
    }

    async fn it_goes_on_when_its_gravest_rule_is_disabled_and_ends_with_the_last(test: TestCity) {
        let mut city = City::found(test, vec![low(), grave()]).await;
        city.reads("urn:gauge:1", 960.0).await;
        city.catch_up().await;
        let alarm = city.alarms().await[0].id;
        let here = city.as_it_is();
        pendopo_operations::alarms::acknowledge(here, &it_staff(), alarm).await.unwrap();
        rules::put(here, &it_staff(), Rule { enabled: false, ..grave() }).await.unwrap();
        city.catch_up().await;
        assert_eq!(all(&city).await, [("air/120".to_owned(), State::Acknowledged, 3, true)]);
        rules::remove(city.as_it_is(), &it_staff(), "air/120").await.unwrap();
        city.catch_up().await;
        assert_eq!(all(&city).await, [("air/120".to_owned(), State::Ended, 3, false)]);
    }

    async fn the_alarm_of_a_group_ends_when_its_only_rule_is_removed(test: TestCity) {
        let mut city = City::found(test, vec![grave()]).await;
        city.reads("urn:gauge:1", 960.0).await;
        city.catch_up().await;
        rules::remove(city.as_it_is(), &it_staff(), "air/950").await.unwrap();
        city.catch_up().await;
        assert_eq!(all(&city).await, [("air/950".to_owned(), State::Returned, 1, false)]);
    }

    async fn a_rule_of_another_group_ends_its_alarm_and_raises_that_of_its_new_cause(test: TestCity) {
        let mut city = City::found(test, vec![low()]).await;
        city.reads("urn:gauge:1", 130.0).await;
        city.catch_up().await;
        let moved = Rule { group: Some("river".into()), ..low() };
        rules::put(city.as_it_is(), &it_staff(), moved).await.unwrap();
        city.catch_up().await;
        let causes: Vec<_> = city.alarms().await.into_iter().map(|one| (one.cause, one.is_active)).collect();
        let expect = [("tide|urn:gauge:1", false), ("river|urn:gauge:1", true)];
        assert_eq!(causes, expect.map(|(cause, holds)| (cause.to_owned(), holds)));
    }
}
