use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use pendopo_domain::geo::AreaId;
use pendopo_domain::incidents::{
    AssignmentId, AssignmentState, IncidentId, State as IncidentState,
};
use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::ratings::{Stars, Verdict};
use pendopo_domain::reports::{ReportId, State, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::journal::{self, Position};
use pendopo_store::{Store, StoreError, consumers};
use pendopo_testkit::{TestCity, both_databases};
use tokio::sync::Notify;

use crate::samples::numbered;

async fn append(store: &Store, n: i64, at: Timestamp) {
    commit!(store, |db| journal::append(db, at, &numbered(n)).await?);
}

/// What a consumer that stands at `from` reads, and where it stands then.
async fn read(store: &Store, from: Position) -> (Vec<Event>, Position) {
    let found = look!(store, |db| journal::after(db, from, 100).await);
    let end = found.last().map_or(from, |entry| entry.position);
    (found.into_iter().map(|entry| entry.event).collect(), end)
}

both_databases! {
    async fn every_kind_of_change_reads_back_in_order(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let cell = |state| Cell {
            day: date(2026, 11, 24),
            service_code: "lampu".into(),
            area: Some(AreaId(3)),
            state,
            on_time: None,
        };
        let (report, incident, team) = (ReportId(1), IncidentId(2), TeamId(3));
        let events = vec![
            Event::ReportReceived {
                report,
                visibility: Visibility::Secret,
                cell: cell(State::Received),
            },
            Event::ReportChanged {
                report,
                from: cell(State::Received),
                to: cell(State::Assigned),
                team: Some(team),
            },
            Event::ReportJoined { report },
            Event::ReportRated {
                report,
                round: 1,
                verdict: Verdict::NotYet,
                stars: Stars::new(3),
            },
            Event::ReportCommented { report },
            Event::ReportsImported {
                first: report,
                last: ReportId(9),
                cells: vec![(cell(State::NotAsked), 9)],
            },
            Event::IncidentOpened {
                incident,
                reports: vec![report],
            },
            Event::IncidentJoined { incident, report },
            Event::IncidentChanged {
                incident,
                from: IncidentState::New,
                to: IncidentState::OnScene,
            },
            Event::AssignmentChanged {
                assignment: AssignmentId(4),
                team,
                state: AssignmentState::Cleared,
            },
            Event::IdentitySeen { report },
            Event::PersonErased { report },
            Event::ConfigurationChanged {
                what: "areas".into(),
            },
        ];
        let rows = events.clone();
        commit!(store, |db| {
            for event in rows {
                journal::append(db, now, &event).await?;
            }
        });
        city.settle().await;
        let found = look!(store, |db| journal::after(db, Position::default(), 100)
            .await);
        assert!(found.iter().all(|entry| entry.at == now));
        assert!(found.is_sorted_by(|a, b| a.position < b.position));
        assert_eq!(
            look!(store, |db| journal::end(db).await),
            found[12].position
        );
        let page = look!(store, |db| journal::after(db, found[3].position, 2).await);
        assert_eq!(page, found[4..6]);
        assert_eq!(
            found
                .into_iter()
                .map(|entry| entry.event)
                .collect::<Vec<_>>(),
            events
        );
    }

    async fn a_change_that_failed_is_not_in_the_journal(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        assert_eq!(
            look!(store, |db| journal::end(db).await),
            Position::default()
        );
        let failed: Result<(), StoreError> = store
            .write(move |db| {
                Box::pin(async move {
                    journal::append(db, now, &numbered(1)).await?;
                    Err(StoreError::Corrupt("on purpose".into()))
                })
            })
            .await;
        assert!(failed.is_err());
        append(store, 2, now).await;
        city.settle().await;
        assert_eq!(read(store, Position::default()).await.0, [numbered(2)]);
    }

    async fn a_consumer_starts_where_it_stopped(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for n in 1..=3 {
            append(store, n, now).await;
        }
        city.settle().await;
        let stands = async || commit!(store, |db| consumers::take(db, "measures", consumers::Follows::Cases, now).await?);
        assert_eq!(stands().await, Position::default());
        let second =
            look!(store, |db| journal::after(db, Position::default(), 2).await)[1].position;
        commit!(store, |db| consumers::advance(db, "measures", second, now)
            .await?);
        assert_eq!(stands().await, second);
        assert_eq!(look!(store, |db| consumers::position(db, "measures").await), second);
        assert_eq!(look!(store, |db| consumers::position(db, "nobody").await), Position::default());
        assert_eq!(read(store, stands().await).await.0, [numbered(3)]);
        let failed: Result<(), StoreError> = store
            .write(move |db| {
                Box::pin(async move {
                    consumers::advance(
                        db,
                        "measures",
                        Position {
                            txid: i64::MAX,
                            seq: 9,
                        },
                        now,
                    )
                    .await?;
                    Err(StoreError::Corrupt("killed in between".into()))
                })
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(stands().await, second);
    }

    async fn two_nodes_that_run_one_consumer_do_its_work_once(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for n in 1..=30 {
            append(store, n, now).await;
        }
        city.settle().await;
        let other = city.another_node().await;
        let step = async |node: &Store| {
            node.write(move |db| {
                Box::pin(async move {
                    let from = consumers::take(db, "rules", consumers::Follows::Cases, now).await?;
                    let next = journal::after(db, from, 1).await?;
                    for entry in &next {
                        consumers::advance(db, "rules", entry.position, now).await?;
                    }
                    Ok::<_, StoreError>(
                        next.into_iter()
                            .map(|entry| entry.event)
                            .collect::<Vec<_>>(),
                    )
                })
            })
            .await
        };
        let work = async |node: &Store| {
            let mut seen = Vec::new();
            while let Some(event) = step(node).await.unwrap().pop() {
                seen.push(event);
            }
            seen
        };
        let (mine, theirs) = tokio::join!(work(store), work(&other));
        let mut seen: Vec<String> = mine
            .iter()
            .chain(&theirs)
            .map(|event| format!("{event:?}"))
            .collect();
        seen.sort();
        let mut wanted: Vec<String> = (1..=30).map(|n| format!("{:?}", numbered(n))).collect();
        wanted.sort();
        assert_eq!(seen, wanted);
        other.close().await;
    }

    async fn nothing_is_cut_before_everyone_has_read_it_and_seven_days_are_over(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for (n, day) in [(1, 0), (2, 0), (3, 1), (4, 20)] {
            append(store, n, now.plus_days(day)).await;
        }
        city.settle().await;
        let entries = look!(store, |db| journal::after(db, Position::default(), 9).await);
        let place = |at: usize| entries[at].position;
        let cut =
            async |day: i64| commit!(store, |db| journal::cut(db, now.plus_days(day), Position::default()).await?);
        let advance = async |name: &'static str, to: Position| {
            commit!(store, |db| {
                consumers::take(db, name, consumers::Follows::Cases, now).await?;
                consumers::advance(db, name, to, now).await?;
            })
        };
        assert_eq!(cut(100).await, 0, "nobody has read it");
        advance("fast", place(3)).await;
        commit!(store, |db| consumers::take(db, "slow", consumers::Follows::Cases, now).await?);
        assert_eq!(cut(100).await, 0, "one stands at the start");
        advance("slow", place(0)).await;
        assert_eq!(cut(7).await, 0, "seven days are not over");
        assert_eq!(cut(8).await, 1, "the first is read by all and old");
        advance("slow", place(3)).await;
        assert_eq!(
            cut(8).await,
            1,
            "the third is seven days old to the instant"
        );
        assert_eq!(
            read(store, Position::default()).await.0,
            [numbered(3), numbered(4)]
        );
        assert_eq!(cut(9).await, 1);
        append(store, 5, now).await;
        city.settle().await;
        assert_eq!(read(store, place(3)).await.0, [numbered(5)]);
    }
}

/// Two open transactions: the first appends first, then the second; then one commits, then the other. Whatever the
/// order, a consumer that reads after each step sees both, once.
async fn two_transactions_that_overlap(city: TestCity, first_commits_first: bool) {
    let now = city.now();
    let store = Arc::new(city.store);
    let open = |n: i64| {
        let (appended, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait, store) = (appended.clone(), go.clone(), store.clone());
        let task = tokio::spawn(async move {
            commit!(store, |db| {
                journal::append(db, now, &numbered(n)).await?;
                told.notify_one();
                wait.notified().await;
            });
        });
        (task, appended, go)
    };
    let (first, first_appended, first_go) = open(1);
    first_appended.notified().await;
    let (second, second_appended, second_go) = open(2);
    second_appended.notified().await;

    let mut seen = Vec::new();
    let (events, mut place) = read(&store, Position::default()).await;
    assert_eq!(events, []);
    let steps = if first_commits_first {
        [(first, first_go), (second, second_go)]
    } else {
        [(second, second_go), (first, first_go)]
    };
    for (task, go) in steps {
        go.notify_one();
        task.await.unwrap();
        let (events, next) = read(&store, place).await;
        seen.extend(events);
        place = next;
    }
    // Other transactions of the server may hold the end back for a moment, never past a timeout.
    for _ in 0..500 {
        if seen.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (events, next) = read(&store, place).await;
        seen.extend(events);
        place = next;
    }
    assert_eq!(seen, [numbered(1), numbered(2)]);
    let end = look!(store, |db| journal::end(db).await);
    assert_eq!(end, place);
}

#[test]
fn what_commits_late_is_not_skipped() {
    pendopo_testkit::run(async {
        two_transactions_that_overlap(TestCity::postgres().await, false).await;
    });
}

#[test]
fn what_commits_in_order_is_read_in_order() {
    pendopo_testkit::run(async {
        two_transactions_that_overlap(TestCity::postgres().await, true).await;
    });
}

/// The transaction that began last takes the smaller number.
#[test]
fn an_older_transaction_that_appends_later_is_read_first_and_not_lost() {
    pendopo_testkit::run(async {
        let city = TestCity::postgres().await;
        let (store, now) = (&city.store, city.now());
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait) = (begun.clone(), go.clone());
        let older = store.write(move |db| {
            Box::pin(async move {
                // Takes its transaction number here, and its place in the journal only after the other.
                consumers::take(db, "rules", consumers::Follows::Cases, now).await?;
                told.notify_one();
                wait.notified().await;
                journal::append(db, now, &numbered(1)).await
            })
        });
        let younger = async {
            begun.notified().await;
            append(store, 2, now).await;
            let (events, place) = read(store, Position::default()).await;
            assert_eq!((events, place), (vec![], Position::default()));
            go.notify_one();
        };
        let (done, ()) = tokio::join!(older, younger);
        done.unwrap();
        let mut events = vec![];
        for _ in 0..500 {
            events = read(store, Position::default()).await.0;
            if events.len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(events, [numbered(1), numbered(2)]);
    });
}
