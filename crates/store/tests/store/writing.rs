use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use pendopo_store::{StoreError, configuration as conf};
use pendopo_testkit::{TestCity, both_databases};
use tokio::sync::Notify;

both_databases! {
    async fn an_error_in_one_work_undoes_that_one_only(city: TestCity) {
        let store = &city.store;
        let works = (0..60).map(|n| {
            store.write(move |db| {
                Box::pin(async move {
                    conf::set(db, &format!("{n}"), "kept").await?;
                    match n % 3 {
                        0 => Err(StoreError::Corrupt(format!("number {n}"))),
                        _ => Ok(n),
                    }
                })
            })
        });
        for (n, done) in (0..).zip(futures::future::join_all(works).await) {
            match done {
                Ok(value) => assert_eq!((value, n % 3 == 0), (n, false)),
                Err(StoreError::Corrupt(text)) => {
                    assert_eq!((text, n % 3), (format!("number {n}"), 0))
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        let kept = look!(store, |db| conf::settings(db).await);
        assert_eq!(kept.len(), 40);
        assert!(!kept.contains_key("0") && kept.contains_key("1"));
    }

    async fn a_statement_that_fails_undoes_its_work_and_no_other(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let works = (0..10).map(|_| {
            store.write(move |db| {
                Box::pin(async move { conf::add_api_key(db, "portal", "the same", now).await })
            })
        });
        let done = futures::future::join_all(works).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        assert!(
            done.iter()
                .flat_map(|done| done.as_ref().err())
                .all(StoreError::is_duplicate)
        );
        assert!(look!(store, |db| conf::api_key(db, "the same").await).is_some());
    }

    async fn a_panic_in_one_work_is_answered_and_the_writer_goes_on(city: TestCity) {
        let store = &city.store;
        let late: Result<(), StoreError> = store
            .write(|db| {
                Box::pin(async move {
                    conf::set(db, "late", "lost").await?;
                    panic!("on purpose, after the first statement");
                })
            })
            .await;
        assert!(matches!(late, Err(StoreError::NotWritten)));
        let early: Result<(), StoreError> = store.write(|_| panic!("on purpose, before any")).await;
        assert!(matches!(early, Err(StoreError::NotWritten)));
        commit!(store, |db| conf::set(db, "after", "kept").await?);
        let found = look!(store, |db| conf::settings(db).await);
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["after"]);
    }

    async fn a_write_whose_caller_is_gone_is_done_all_the_same(city: TestCity) {
        let store = &city.store;
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait) = (begun.clone(), go.clone());
        let mut write = store
            .write(move |db| {
                Box::pin(async move {
                    told.notify_one();
                    wait.notified().await;
                    conf::set(db, "abandoned", "kept").await
                })
            })
            .boxed();
        tokio::select! {
            _ = &mut write => panic!("it waits"),
            () = begun.notified() => {}
        }
        drop(write);
        let mut moved = store.moved();
        moved.mark_unchanged();
        go.notify_one();
        tokio::time::timeout(Duration::from_secs(20), moved.changed())
            .await
            .unwrap()
            .unwrap();
        let found = look!(store, |db| conf::settings(db).await);
        assert_eq!(found["abandoned"], "kept");
    }

    async fn who_reads_sees_one_moment_and_never_waits_for_a_writer(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| conf::set(db, "k", "before").await?);
        let mut open = store.read().await.unwrap();
        assert_eq!(conf::settings(&mut open).await.unwrap()["k"], "before");
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait) = (begun.clone(), go.clone());
        let write = store.write(move |db| {
            Box::pin(async move {
                conf::set(db, "k", "after").await?;
                told.notify_one();
                wait.notified().await;
                Ok::<_, StoreError>(())
            })
        });
        let reader = async {
            begun.notified().await;
            // Written, not committed: nobody sees it.
            assert_eq!(look!(store, |db| conf::settings(db).await)["k"], "before");
            go.notify_one();
        };
        tokio::join!(write, reader).0.unwrap();
        assert_eq!(conf::settings(&mut open).await.unwrap()["k"], "before");
        assert_eq!(look!(store, |db| conf::settings(db).await)["k"], "after");
    }

    async fn a_commit_is_told_to_those_who_follow(city: TestCity) {
        let store = &city.store;
        let mut moved = store.moved();
        let before = store.commits();
        commit!(store, |db| conf::set(db, "k", "v").await?);
        assert!(moved.has_changed().unwrap());
        moved.mark_unchanged();
        assert_eq!(store.commits(), before + 1);
        let _: Result<(), _> = store
            .write(|_| Box::pin(async { Err(StoreError::Corrupt("on purpose".into())) }))
            .await;
        assert!(!moved.has_changed().unwrap());
        assert_eq!(store.commits(), before + 1);
    }

    async fn a_closed_store_has_written_what_it_answered_and_refuses_the_rest(city: TestCity) {
        let store = Arc::new(city.store);
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait, running) = (begun.clone(), go.clone(), store.clone());
        let write = tokio::spawn(async move {
            commit!(running, |db| {
                told.notify_one();
                wait.notified().await;
                conf::set(db, "last", "kept").await?;
            });
        });
        begun.notified().await;
        let closing = store.clone();
        let closing = tokio::spawn(async move { closing.close().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        go.notify_one();
        write.await.unwrap();
        closing.await.unwrap();
        let refused = store
            .write(|db| Box::pin(async move { conf::set(db, "k", "v").await }))
            .await;
        assert!(refused.is_err());
        assert!(store.read().await.is_err());
        let again = pendopo_store::Store::open(city.location.clone(), TestCity::MASTER)
            .await
            .unwrap();
        assert_eq!(look!(again, |db| conf::settings(db).await)["last"], "kept");
        again.close().await;
    }
}

#[test]
fn writes_that_wait_together_share_one_commit() {
    pendopo_testkit::run(async {
        let city = TestCity::sqlite().await;
        let store = &city.store;
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait) = (begun.clone(), go.clone());
        let first = store.write(move |_| {
            Box::pin(async move {
                told.notify_one();
                wait.notified().await;
                Ok::<_, StoreError>(())
            })
        });
        let others = async {
            begun.notified().await;
            let works = (0..64).map(|n| {
                store.write(move |db| {
                    Box::pin(async move { conf::set(db, &format!("{n}"), "v").await })
                })
            });
            let mut all = futures::future::join_all(works).boxed();
            // Polled once, they all wait in line behind the first.
            assert!((&mut all).now_or_never().is_none());
            go.notify_one();
            all.await
        };
        let before = store.commits();
        let (first, others) = tokio::join!(first, others);
        first.unwrap();
        for done in others {
            done.unwrap();
        }
        assert_eq!(store.commits() - before, 2);
        assert_eq!(look!(store, |db| conf::settings(db).await).len(), 64);
    });
}
