use std::time::Duration;

use pendopo_store::Kind;
use pendopo_store::{Location, Root, Store, StoreError, cities, configuration as conf};
use pendopo_testkit::postgres::postgres_url;
use pendopo_testkit::{TestCity, both_databases};

use crate::raw::Raw;

fn root(location: &Location) -> (Root, String) {
    match location {
        Location::Folder(folder) => {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            (Root::Folder(folder.parent().unwrap().to_owned()), name)
        }
        Location::Postgres { url, schema } => (Root::Postgres(url.clone()), schema.clone()),
    }
}

both_databases! {
    async fn a_city_is_listed_once_it_exists(city: TestCity) {
        let (root, name) = root(&city.location);
        assert!(Store::exists(&city.location).await.unwrap());
        assert!(Store::exists(city.store.location()).await.unwrap());
        let nowhere = root.city("nowhere");
        assert!(!Store::exists(&nowhere).await.unwrap());
        let found = cities(&root).await.unwrap();
        assert!(found.contains(&name));
        assert!(found.is_sorted());
        assert!(
            !found
                .iter()
                .any(|city| city.ends_with("_keys") || city == "nowhere")
        );
        // Looking creates nothing.
        assert!(!Store::exists(&nowhere).await.unwrap());
    }

    async fn a_city_opens_again_with_everything_in_it(city: TestCity) {
        commit!(city.store, |db| conf::set(db, "k", "v").await?);
        city.store.close().await;
        let again = city.another_node().await;
        assert_eq!(look!(again, |db| conf::settings(db).await)["k"], "v");
        assert!(again.check().await.unwrap().is_empty());
        again.close().await;
    }

    async fn the_background_work_of_a_city_is_done_by_one_node(city: TestCity) {
        let mut held = city.store.lease().await.unwrap().unwrap();
        let other = city.another_node().await;
        assert!(other.lease().await.unwrap().is_none());
        assert!(city.store.lease().await.unwrap().is_none());
        assert!(held.holds().await);
        drop(held);
        // PostgreSQL gives it back when it sees the connection closed.
        let mut taken = None;
        for _ in 0..500 {
            taken = other.lease().await.unwrap();
            if taken.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(taken.is_some());
        other.close().await;
    }

    async fn a_city_of_a_newer_program_is_not_opened(city: TestCity) {
        let mut raw = Raw::open(&city.location, Kind::City).await;
        raw.execute("INSERT INTO _sqlx_migrations SELECT 9999, 'from the future', installed_on, success, checksum,
             execution_time FROM _sqlx_migrations WHERE version = 1").await;
        let refused = Store::open(city.location.clone(), TestCity::MASTER).await;
        assert!(matches!(refused, Err(StoreError::Migration(_))));
    }

    async fn a_word_that_this_version_does_not_know_is_an_error(city: TestCity) {
        let one = crate::samples::stored(&city.store, crate::samples::report(city.now())).await;
        Raw::open(&city.location, Kind::City)
            .await
            .execute("UPDATE reports SET state = 'lost'")
            .await;
        let mut db = city.store.read().await.unwrap();
        let found = pendopo_store::reports::by_id(&mut db, one.id).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))));
    }
}

#[test]
fn a_lease_that_lost_its_connection_does_not_hold() {
    pendopo_testkit::run(async {
        let city = TestCity::postgres().await;
        let mut held = city.store.lease().await.unwrap().unwrap();
        let mut raw = Raw::open(&city.location, Kind::City).await;
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks
             WHERE locktype = 'advisory' AND objid::bigint = hashtext(current_schema())::bigint & 4294967295",
        )
        .await;
        for _ in 0..500 {
            if !held.holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it still holds");
    });
}

#[test]
fn nodes_that_open_a_new_city_at_once_all_get_it() {
    pendopo_testkit::run(async {
        for _ in 0..3 {
            let place = pendopo_testkit::Place::postgres();
            let open = || Store::open(place.location().clone(), TestCity::MASTER);
            let stores = futures::future::join_all((0..6).map(|_| open())).await;
            for store in stores {
                store.unwrap().close().await;
            }
        }
    });
}

#[test]
fn a_name_that_postgresql_would_change_is_refused() {
    pendopo_testkit::run(async {
        let long = "a".repeat(58);
        for name in [
            "Batam",
            "tanjung-pinang",
            "a\"; DROP SCHEMA public; --",
            "",
            "kota batam",
            &long,
        ] {
            let location = Root::Postgres(postgres_url()).city(name);
            let opened = Store::open(location, TestCity::MASTER).await;
            assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{name}");
            assert!(
                !cities(&Root::Postgres(postgres_url()))
                    .await
                    .unwrap()
                    .contains(&name.to_owned())
            );
        }
    });
}

#[test]
fn a_folder_that_is_not_there_has_no_cities() {
    pendopo_testkit::run(async {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("not a city")).unwrap();
        std::fs::write(folder.path().join("a file"), "").unwrap();
        for root in [folder.path().to_owned(), folder.path().join("missing")] {
            assert!(cities(&Root::Folder(root)).await.unwrap().is_empty());
        }
    });
}

#[test]
fn a_damaged_file_is_named() {
    pendopo_testkit::run(async {
        let city = TestCity::sqlite().await;
        let mut raw = Raw::open(&city.location, Kind::City).await;
        raw.execute("PRAGMA foreign_keys = OFF").await;
        raw.execute("INSERT INTO routes VALUES ('lampu', 0, 77)")
            .await;
        assert_eq!(
            city.store.check().await.unwrap(),
            ["routes: a row points nowhere"]
        );
    });
}
