//! The evening of a tidal flood (rob), 19:00 to 20:40 WIB: a gauge that loses messages, a pump house that falls silent,
//! thirty reports, a playbook, crews, a warning, five minutes without network, and what the reporters say of it.
//!
//! The clock is driven, everything goes through the use cases, on both databases.
#![forbid(unsafe_code)]

#[expect(
    dead_code,
    reason = "the city of the tests of the rules; this evening needs a part of it"
)]
#[path = "../../../operations/tests/rules/fixture.rs"]
mod fixture;
mod outcome;
mod people;
mod play;
mod readings;
mod reports;
mod stage;
mod warnings;
#[path = "../../../standards/tests/cap/xmllint.rs"]
mod xmllint;

use outcome::Outcome;
use pendopo_testkit::{TestCity, both_databases, run};
use readings::Tide;
use stage::Evening;

/// Where the node is killed: inside the on-delay, between two crews that are sent, while a crew keeps what it pressed,
/// inside the off-delay, between two answers.
const KILLS: [&str; 5] = ["19:20:30", "19:23:15", "19:42:30", "20:07:00", "20:22:40"];

/// Plays the whole evening, whose every row is asserted on the way.
async fn played(test: TestCity, kills: &[&str]) -> Outcome {
    let mut evening = Evening::begins(test, Tide::default(), kills).await;
    play::play(&mut evening).await;
    outcome::of(&evening).await
}

async fn kills_change_nothing(open: impl AsyncFn() -> TestCity) {
    let calm = played(open().await, &[]).await;
    for one in KILLS {
        assert_eq!(played(open().await, &[one]).await, calm, "killed at {one}");
    }
    assert_eq!(
        played(open().await, &KILLS).await,
        calm,
        "killed five times"
    );
}

#[test]
fn a_kill_in_the_middle_of_the_evening_changes_nothing_sqlite() {
    run(kills_change_nothing(TestCity::sqlite));
}

#[test]
fn a_kill_in_the_middle_of_the_evening_changes_nothing_postgres() {
    run(kills_change_nothing(TestCity::postgres));
}

#[test]
fn the_warning_and_its_all_clear_are_valid_by_the_schema_of_cap() {
    use std::io::Write;

    run(async {
        let mut evening = Evening::begins(TestCity::sqlite().await, Tide::default(), &[]).await;
        let warning = warnings::warns(&mut evening, None).await;
        let first = warnings::listed_first(&evening, warning, 1).await;
        evening.until("19:10:00").await;
        let clear = warnings::all_clear(&mut evening, warning).await;
        let last = warnings::listed_first(&evening, clear, 2).await;
        let skipped = warnings::is_valid(&first).or(warnings::is_valid(&last));
        if let Some(why) = skipped {
            let _ = writeln!(std::io::stderr(), "skipped: 1 test {why}");
        }
    });
}

both_databases! {
    async fn every_row_of_the_evening_is_as_the_table_says(test: TestCity) {
        played(test, &[]).await;
    }

    async fn the_gauge_alone_is_one_alarm_and_one_incident(test: TestCity) {
        assert_eq!(gauge_alone(test, Tide::default()).await, (1, 1));
    }

    async fn water_that_never_passes_115_is_no_alarm_and_no_incident(test: TestCity) {
        let tide = Tide { peak: 111.0, ..Tide::default() };
        assert!(tide.messages().iter().all(|one| one.value <= 115.0));
        assert_eq!(gauge_alone(test, tide).await, (0, 0));
    }

    async fn a_threshold_of_170_is_no_alarm_and_no_incident(test: TestCity) {
        assert_eq!(gauge_alone(test, Tide { threshold: 170.0, ..Tide::default() }).await, (0, 0));
    }
}

/// How many alarms and incidents the gauge makes of a tide when nobody reports anything.
async fn gauge_alone(test: TestCity, tide: Tide) -> (usize, usize) {
    let mut evening = Evening::begins(test, tide, &[]).await;
    evening.until("20:40:00").await;
    let alarms = evening.alarms_of(stage::HIGH_WATER).await;
    (alarms.len(), evening.city.incidents().await.len())
}
