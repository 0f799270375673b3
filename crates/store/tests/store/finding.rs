use pendopo_domain::geo::{BoundingBox, Position};
use pendopo_domain::incidents::{Incident, IncidentId, Priority, Severity, State as IncidentState};
use pendopo_domain::reports::{Report, ReportId, State, Visibility};
use pendopo_store::photos::{self, Photo};
use pendopo_store::report_query::{self as query, Filter, Order};
use pendopo_store::{Store, configuration, incidents};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{at, report, stored, team};

async fn ids(store: &Store, filter: &Filter) -> Vec<i64> {
    let found = look!(store, |db| query::list(
        db,
        filter,
        Order::OldestChangeFirst,
        100,
        0
    )
    .await);
    assert_eq!(
        look!(store, |db| query::count(db, filter).await),
        found.len() as i64
    );
    found.iter().map(|report| report.id.0).collect()
}

both_databases! {
    async fn every_restriction_keeps_what_fits_it_and_nothing_else(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let (pju, jalan) = (team(store, "pju").await, team(store, "jalan").await);
        let area = commit!(store, |db| {
            configuration::put_area(db, &crate::configuration::square("a", 104.0)).await?
        });
        let incident = Incident {
            id: IncidentId(0),
            state: IncidentState::New,
            priority: Priority::new(1).unwrap(),
            service_code: "jalan".into(),
            area: None,
            position: None,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
            severity: Severity::Unknown,
            merged: None,
        };
        let incident = commit!(store, |db| incidents::insert(db, &incident).await?);
        let mut one = report(now);
        one.area = Some(area);
        one.team = Some(pju);
        one.position = Some(at(104.45, 0.92));
        let mut two = report(now.plus_days(1));
        two.service_code = "jalan".into();
        two.state = State::Assigned;
        two.deadlines.follow_up_due_at = Some(now.plus_days(2));
        two.team = Some(jalan);
        two.visibility = Visibility::Secret;
        two.foreign_number = Some("F2".into());
        let mut three = report(now.plus_days(2));
        three.state = State::Confirmed;
        three.updated_at = now.plus_days(5);
        three.incident = Some(incident);
        three.position = Some(at(105.0, 1.0));
        for row in [one, two, three] {
            stored(store, row).await;
        }
        commit!(store, |db| {
            let photo = Photo {
                id: "p".repeat(32),
                report_id: Some(2),
                kind: "before".into(),
                width: 1,
                height: 1,
                person_id: None,
                created_at: 0,
            };
            photos::insert(db, &photo).await?;
        });

        let all = Filter::default;
        let day = |n| Some(now.plus_days(n));
        let numbers = |own: &[i64], foreign: &[&str]| {
            let own = own.iter().map(|id| ReportId(*id)).collect();
            Some((own, foreign.iter().map(|text| (*text).to_owned()).collect()))
        };
        let cases: [(&str, Filter, &[i64]); 27] = [
            ("all", all(), &[1, 2, 3]),
            (
                "public",
                Filter {
                    public_only: true,
                    ..all()
                },
                &[1, 3],
            ),
            (
                "own",
                Filter {
                    ids: numbers(&[1, 2], &[]),
                    ..all()
                },
                &[1],
            ),
            (
                "foreign",
                Filter {
                    ids: numbers(&[], &["F2", "F3"]),
                    ..all()
                },
                &[2],
            ),
            (
                "both numbers",
                Filter {
                    ids: numbers(&[3], &["F2"]),
                    ..all()
                },
                &[2, 3],
            ),
            (
                "rows",
                Filter {
                    row_ids: vec![ReportId(2), ReportId(3)],
                    ..all()
                },
                &[2, 3],
            ),
            (
                "no numbers",
                Filter {
                    ids: numbers(&[], &[]),
                    ..all()
                },
                &[],
            ),
            (
                "numbers and public",
                Filter {
                    ids: numbers(&[1], &["F2"]),
                    public_only: true,
                    ..all()
                },
                &[1],
            ),
            (
                "services",
                Filter {
                    services: vec!["jalan".into(), "air".into()],
                    ..all()
                },
                &[2],
            ),
            (
                "states",
                Filter {
                    states: vec![State::Received, State::Confirmed],
                    ..all()
                },
                &[1, 3],
            ),
            (
                "received from",
                Filter {
                    received_from: day(1),
                    ..all()
                },
                &[2, 3],
            ),
            (
                "received to",
                Filter {
                    received_to: day(1),
                    ..all()
                },
                &[1, 2],
            ),
            (
                "updated from",
                Filter {
                    updated_from: day(2),
                    ..all()
                },
                &[3],
            ),
            (
                "updated to",
                Filter {
                    updated_to: day(4),
                    ..all()
                },
                &[1, 2],
            ),
            (
                "due",
                Filter {
                    due_before: day(3),
                    ..all()
                },
                &[2],
            ),
            (
                "due later",
                Filter {
                    due_before: day(4),
                    ..all()
                },
                &[1, 2],
            ),
            (
                "area",
                Filter {
                    area: Some(area),
                    ..all()
                },
                &[1],
            ),
            (
                "team",
                Filter {
                    teams: vec![jalan],
                    ..all()
                },
                &[2],
            ),
            (
                "teams",
                Filter {
                    teams: vec![jalan, pju],
                    ..all()
                },
                &[1, 2],
            ),
            (
                "edges of a box",
                Filter {
                    within: BoundingBox::new(104.45, 0.9, 104.5, 0.92),
                    ..all()
                },
                &[1],
            ),
            (
                "beside a box",
                Filter {
                    within: BoundingBox::new(104.4500001, 0.9, 104.5, 0.92),
                    ..all()
                },
                &[],
            ),
            (
                "near",
                Filter {
                    near: Some((at(105.0, 1.001), 120.0)),
                    ..all()
                },
                &[3],
            ),
            (
                "photo",
                Filter {
                    has_photo: Some(true),
                    ..all()
                },
                &[2],
            ),
            (
                "no photo",
                Filter {
                    has_photo: Some(false),
                    ..all()
                },
                &[1, 3],
            ),
            (
                "alone",
                Filter {
                    without_incident: true,
                    ..all()
                },
                &[1, 2],
            ),
            (
                "text",
                Filter {
                    text: Some("JALAN".into()),
                    ..all()
                },
                &[1, 2, 3],
            ),
            (
                "many",
                Filter {
                    text: Some("lampu".into()),
                    services: vec!["lampu".into()],
                    updated_from: day(1),
                    ..all()
                },
                &[3],
            ),
        ];
        for (what, filter, wanted) in cases {
            assert_eq!(ids(store, &filter).await, wanted, "{what}");
        }
    }

    async fn a_report_is_pressing_in_the_last_fifth_of_its_time(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let mut received = report(now);
        received.deadlines.verify_due_at = now.plus_days(10);
        let mut assigned = report(now);
        assigned.state = State::Assigned;
        assigned.assigned_at = Some(now.plus_days(10));
        assigned.deadlines.follow_up_due_at = Some(now.plus_days(20));
        let mut resolved = report(now);
        resolved.state = State::Resolved;
        resolved.updated_at = now.plus_days(20);
        resolved.deadlines.answer_due_at = Some(now.plus_days(30));
        let closed = Report {
            state: State::Confirmed,
            ..report(now)
        };
        for row in [received, assigned, resolved, closed] {
            stored(store, row).await;
        }
        let cases: [(i64, &[i64]); 8] = [
            (0, &[]),
            (7, &[]),
            (8, &[1]),
            (10, &[1]),
            (11, &[]),
            (18, &[2]),
            (28, &[3]),
            (31, &[]),
        ];
        for (day, wanted) in cases {
            let filter = Filter {
                pressing_at: Some(now.plus_days(day)),
                ..Filter::default()
            };
            assert_eq!(ids(store, &filter).await, wanted, "day {day}");
        }
    }

    async fn every_order_is_complete_and_pages_neither_skip_nor_repeat(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for (received, updated, due) in [(3, 3, 9), (1, 9, 5), (3, 1, 0), (2, 3, 5)] {
            let mut row = report(now.plus_days(received));
            row.updated_at = now.plus_days(updated);
            row.deadlines.verify_due_at = now.plus_days(due);
            // One that waits for nobody has no deadline and comes last.
            row.state = if due == 0 {
                State::Confirmed
            } else {
                State::Received
            };
            stored(store, row).await;
        }
        let cases = [
            (Order::NewestFirst, [3, 1, 4, 2]),
            (Order::OldestChangeFirst, [3, 1, 4, 2]),
            (Order::MostUrgentFirst, [2, 4, 1, 3]),
        ];
        for (order, wanted) in cases {
            for size in [1, 3, 4] {
                let mut pages = Vec::new();
                for offset in (0..5).step_by(size) {
                    let filter = Filter::default();
                    let page = look!(store, |db| query::list(
                        db,
                        &filter,
                        order,
                        size as i64,
                        offset
                    )
                    .await);
                    pages.extend(page.iter().map(|report| report.id.0));
                }
                assert_eq!(pages, wanted, "{order:?} by {size}");
            }
        }
    }

    async fn text_is_searched_as_it_is_written(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let texts = [
            ("Diskon 100% di jalan", None),
            ("Diskon 1000 di jalan", None),
            ("file_satu rusak!", Some("Kampung Bugis")),
            ("fileXsatu", Some("Kafé «Élan»")),
        ];
        for (description, place) in texts {
            let mut row = report(now);
            row.description = Some(description.into());
            row.place = place.map(Into::into);
            stored(store, row).await;
        }
        stored(
            store,
            Report {
                description: None,
                ..report(now)
            },
        )
        .await;
        let cases: [(&str, &[i64]); 12] = [
            ("100%", &[1]),
            ("%", &[1]),
            ("_", &[3]),
            ("FILE_SATU", &[3]),
            ("!", &[3]),
            ("DISKON", &[1, 2]),
            ("bugis", &[3]),
            ("KAMPUNG bugis", &[3]),
            ("«Élan»", &[4]),
            ("kafé", &[4]),
            ("", &[1, 2, 3, 4, 5]),
            ("'; DROP TABLE reports; --", &[]),
        ];
        for (text, wanted) in cases {
            let filter = Filter {
                text: Some(text.into()),
                ..Filter::default()
            };
            assert_eq!(ids(store, &filter).await, wanted, "{text}");
        }
    }

    async fn near_is_a_circle_on_the_ground(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for centre in [at(104.45, 0.92), at(140.7, -2.53), at(10.0, 60.0)] {
            let mut places: Vec<Position> = Vec::new();
            // Spirals out to two kilometres.
            for n in 0..200 {
                let (angle, metres) = (f64::from(n) * 0.7, f64::from(n) * 10.0);
                let lat = centre.lat() + metres * angle.sin() / 111_195.0;
                let lon = centre.lon()
                    + metres * angle.cos() / 111_195.0 / centre.lat().to_radians().cos();
                places.push(at(lon, lat));
            }
            let rows: Vec<Report> = places
                .iter()
                .map(|place| Report {
                    position: Some(*place),
                    ..report(now)
                })
                .collect();
            commit!(store, |db| pendopo_store::reports::insert(db, &rows)
                .await?);
            for radius in [0.5, 25.0, 333.0, 1000.0, 1500.0] {
                let filter = Filter {
                    near: Some((centre, radius)),
                    ..Filter::default()
                };
                let found = look!(store, |db| query::count(db, &filter).await);
                // What lies within a hair of the edge may be on either side of it.
                let sure = places
                    .iter()
                    .filter(|place| centre.metres_to(**place) < radius * 0.999)
                    .count();
                let most = places
                    .iter()
                    .filter(|place| centre.metres_to(**place) < radius * 1.001 + 0.1)
                    .count();
                assert!(
                    (sure as i64..=most as i64).contains(&found),
                    "{centre:?} {radius}: {found} of {sure}..{most}"
                );
            }
        }
    }

    async fn thousands_at_one_point_are_one_cluster(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let here = at(104.4512345, 0.9212345);
        for _ in 0..4 {
            let rows = vec![
                Report {
                    position: Some(here),
                    ..report(now)
                };
                850
            ];
            commit!(store, |db| pendopo_store::reports::insert(db, &rows)
                .await?);
        }
        stored(store, report(now)).await;
        let within = BoundingBox::new(104.0, 0.5, 105.0, 1.5).unwrap();
        let found = look!(store, |db| query::clusters(
            db,
            &Filter::default(),
            within,
            0.01,
            100
        )
        .await);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].count, found[0].at), (3400, here));
        let at_one_point =
            BoundingBox::new(here.lon(), here.lat(), here.lon(), here.lat()).unwrap();
        assert_eq!(found[0].bounds, at_one_point);
    }

    async fn clusters_share_squares_and_say_where_their_reports_are(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let places = [
            (-10.1, -10.1),
            (-10.1, -10.1003),
            (-10.0999999, -10.1),
            (-9.5, -9.5),
            (11.0, 11.0),
        ];
        for (lon, lat) in places {
            stored(
                store,
                Report {
                    position: Some(at(lon, lat)),
                    ..report(now)
                },
            )
            .await;
        }
        let secret = Report {
            visibility: Visibility::Secret,
            position: Some(at(-9.5, -9.5)),
            ..report(now)
        };
        stored(store, secret).await;
        let within = BoundingBox::new(-11.0, -11.0, -9.0, -9.0).unwrap();
        let filter = Filter {
            public_only: true,
            ..Filter::default()
        };
        let found = look!(store, |db| query::clusters(db, &filter, within, 0.5, 100)
            .await);
        assert_eq!(
            found
                .iter()
                .map(|cluster| cluster.count)
                .collect::<Vec<_>>(),
            [3, 1]
        );
        // The mean to a centimetre: rounded alike on both databases.
        assert_eq!(found[0].at, at(-10.1, -10.1001));
        assert_eq!(
            found[0].bounds,
            BoundingBox::new(-10.1, -10.1003, -10.0999999, -10.1).unwrap()
        );
        assert_eq!(
            (found[1].report, found[1].at),
            (ReportId(4), at(-9.5, -9.5))
        );
        let first = look!(store, |db| query::clusters(db, &filter, within, 0.5, 1)
            .await);
        assert_eq!(first, found[..1]);
    }
}
