use jiff::civil::{Date, date};
use pendopo_domain::geo::AreaId;
use pendopo_domain::measures::Cell;
use pendopo_domain::reports::State;
use pendopo_store::{consumers, journal, measures};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{numbered, report, stored};

fn cell(day: Date, service: &str, area: Option<i64>, state: State, on_time: Option<bool>) -> Cell {
    Cell {
        day,
        service_code: service.into(),
        area: area.map(AreaId),
        state,
        on_time,
    }
}

both_databases! {
    async fn numbers_add_up_by_period_service_and_area(city: TestCity) {
        let store = &city.store;
        assert_eq!(look!(store, |db| measures::first_day(db).await), None);
        let (monday, tuesday) = (date(2026, 11, 23), date(2026, 11, 24));
        let rows = [
            (cell(monday, "lampu", None, State::Received, None), 5),
            (cell(monday, "lampu", None, State::Received, None), -2),
            (
                cell(monday, "lampu", Some(7), State::Confirmed, Some(true)),
                4,
            ),
            (
                cell(tuesday, "jalan", Some(7), State::Resolved, Some(false)),
                1,
            ),
        ];
        commit!(store, |db| {
            for (cell, n) in rows {
                measures::add(db, &cell, n).await?;
            }
        });
        assert_eq!(
            look!(store, |db| measures::first_day(db).await),
            Some(monday)
        );
        let both = look!(store, |db| measures::table(db, monday, tuesday).await);
        assert_eq!(
            (both.total.received, both.total.open, both.total.on_time),
            (8, 3, 4)
        );
        assert_eq!(
            (
                both.by_service["lampu"].received,
                both.by_service["jalan"].waiting
            ),
            (7, 1)
        );
        assert_eq!(
            (
                both.by_area[&None].received,
                both.by_area[&Some(AreaId(7))].city_says_done
            ),
            (3, 5)
        );
        let last = look!(store, |db| measures::table(db, tuesday, tuesday).await);
        assert_eq!((last.total.received, last.by_service.len()), (1, 1));
        let none = look!(store, |db| measures::table(db, tuesday, monday).await);
        assert_eq!(none, measures::Table::default());
    }

    async fn counts_that_differ_from_the_reports_are_named_once_all_is_read(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        stored(store, report(now)).await;
        let wrong = "measures: 2 counted as received, 1 stored";
        let cell = cell(date(2026, 11, 24), "lampu", None, State::Received, None);
        commit!(store, |db| {
            measures::add(db, &cell, 2).await?;
            journal::append(db, now, &numbered(1)).await?;
        });
        // Not yet read: nothing can be said.
        assert!(look!(store, |db| measures::verify(db).await).is_empty());
        city.settle().await;
        let end = look!(store, |db| journal::end(db).await);
        commit!(store, |db| {
            consumers::take(db, "measures", consumers::Follows::Cases, now).await?;
            consumers::advance(db, "measures", end, now).await?;
        });
        assert_eq!(look!(store, |db| measures::verify(db).await), [wrong]);
        assert_eq!(store.check().await.unwrap(), [wrong]);
    }
}
