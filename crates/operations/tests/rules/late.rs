//! Readings that come long after they were so: a gauge was cut off and sends what it kept.

use pendopo_domain::alarms::State;
use pendopo_testkit::{TestCity, both_databases};

use crate::fixture::{City, high_water, silent};

both_databases! {
    async fn a_late_upload_raises_no_alarm_that_its_next_reading_ends(test: TestCity) {
        let mut city = City::found(test, vec![high_water(), silent()]).await;
        city.reads("urn:gauge:1", 100.0).await;
        city.catch_up().await;
        city.minutes(120).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/diam".to_owned(), State::Unacknowledged)]);
        // What it kept: single waves beyond the limit, never for a minute. The clock is asked after each request, and
        // the process is killed now and then.
        let began = city.at(-100 * 60);
        for step in 0..20 {
            let value = if step % 2 == 0 { 130.0 } else { 90.0 };
            let at = began.plus(jiff::SignedDuration::from_secs(step * 50));
            city.read("urn:gauge:1", value, at).await;
            city.catch_up().await;
            city.seconds(2).await;
            if step % 5 == 0 {
                city.killed();
            }
            city.catch_up().await;
        }
        let told: Vec<_> = city.alarms().await.into_iter().map(|one| (one.rule, one.times)).collect();
        assert_eq!(told, [("air/diam".to_owned(), 1)]);
        assert_eq!(city.open().await, [("air/diam".to_owned(), State::Returned)]);
        // Then it is silent again, and that is heard as soon as it would have been.
        city.seconds(299).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/diam".to_owned(), State::Unacknowledged)]);
    }

    async fn what_was_beyond_for_long_enough_is_an_alarm_however_late_it_comes(test: TestCity) {
        let mut city = City::found(test, vec![high_water()]).await;
        city.minutes(120).await;
        let began = city.at(-100 * 60);
        for minute in 0..3 {
            city.read("urn:gauge:1", 130.0, began.plus(jiff::SignedDuration::from_mins(minute))).await;
            city.catch_up().await;
            city.seconds(1).await;
        }
        let alarm = city.alarms().await.remove(0);
        assert_eq!((alarm.state, alarm.raised_at), (State::Unacknowledged, began.plus(jiff::SignedDuration::from_mins(1))));
        // What is older than the newest of a series changes nothing.
        city.read("urn:gauge:1", 50.0, began.plus(jiff::SignedDuration::from_secs(30))).await;
        city.catch_up().await;
        city.minutes(10).await;
        city.catch_up().await;
        assert_eq!(city.open().await, [("air/tinggi".to_owned(), State::Unacknowledged)]);
    }

    async fn without_another_reading_the_clock_ends_the_delay_of_a_late_one(test: TestCity) {
        let mut city = City::found(test, vec![high_water()]).await;
        let at = city.at(-3_600);
        city.read("urn:gauge:1", 130.0, at).await;
        city.catch_up().await;
        city.seconds(59).await;
        city.catch_up().await;
        assert!(city.alarms().await.is_empty(), "the next one may be on its way");
        city.seconds(2).await;
        city.catch_up().await;
        assert_eq!(city.alarms().await[0].raised_at, at.plus(jiff::SignedDuration::from_secs(60)));
    }
}
