use pendopo_store::sign_ins;
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::position;

both_databases! {
    async fn a_login_is_found_by_its_name_and_changed_by_it(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let position = position(store).await;
        let (first, again) = commit!(store, |db| {
            let first = sign_ins::put(db, "siti", None, position, now).await?;
            (
                first,
                sign_ins::put(db, "siti", Some("$argon2id$"), position, now).await?,
            )
        });
        assert_eq!(first, again);
        let found = look!(store, |db| sign_ins::by_login(db, "siti").await).unwrap();
        assert_eq!(
            (found.id, found.password_hash.as_deref()),
            (first, Some("$argon2id$"))
        );
        assert_eq!((found.login.as_str(), found.position), ("siti", position));
        assert_eq!(
            look!(store, |db| sign_ins::by_login(db, "Siti").await),
            None
        );
    }

    async fn a_link_signs_in_once_and_not_after_its_time(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let position = position(store).await;
        let id = commit!(store, |db| {
            let id = sign_ins::put(db, "siti", None, position, now).await?;
            sign_ins::add_link(db, "good", id, now.plus_days(1)).await?;
            sign_ins::add_link(db, "old", id, now).await?;
            id
        });
        for (token, wanted) in [("good", true), ("old", false), ("unknown", false)] {
            assert_eq!(
                look!(store, |db| sign_ins::link_is_good(db, token, now).await),
                wanted,
                "{token}"
            );
        }
        for (token, wanted) in [
            ("good", Some(id)),
            ("good", None),
            ("old", None),
            ("unknown", None),
        ] {
            assert_eq!(
                commit!(store, |db| sign_ins::use_link(db, token, now).await?),
                wanted,
                "{token}"
            );
        }
        assert!(!look!(store, |db| sign_ins::link_is_good(db, "good", now).await));
    }

    async fn a_link_can_be_looked_at_without_using_it(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let position = position(store).await;
        let id = commit!(store, |db| {
            let id = sign_ins::put(db, "siti", None, position, now).await?;
            sign_ins::add_link(db, "token", id, now.plus_days(1)).await?;
            id
        });
        let link = async || look!(store, |db| sign_ins::link(db, "token").await);
        let unused = sign_ins::Link {
            sign_in: id,
            position,
            expires_at: now.plus_days(1),
            used: false,
        };
        assert_eq!(link().await, Some(unused));
        assert_eq!(link().await, Some(unused));
        commit!(store, |db| sign_ins::use_link(db, "token", now).await?);
        assert_eq!(
            link().await,
            Some(sign_ins::Link {
                used: true,
                ..unused
            })
        );
        assert_eq!(look!(store, |db| sign_ins::link(db, "unknown").await), None);
        assert_eq!(
            look!(store, |db| sign_ins::position_of(db, id).await),
            Some(position)
        );
        let nobody = pendopo_domain::organisation::SignInId(99);
        assert_eq!(
            look!(store, |db| sign_ins::position_of(db, nobody).await),
            None
        );
    }

    async fn of_many_who_use_a_link_at_once_one_gets_in(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let position = position(store).await;
        commit!(store, |db| {
            let id = sign_ins::put(db, "siti", None, position, now).await?;
            sign_ins::add_link(db, "token", id, now.plus_days(1)).await?;
        });
        let other = city.another_node().await;
        let attempts = (0..10).map(|n| {
            let node = if n % 2 == 0 { store } else { &other };
            node.write(move |db| Box::pin(sign_ins::use_link(db, "token", now)))
        });
        let got_in = futures::future::join_all(attempts).await;
        assert_eq!(
            got_in
                .into_iter()
                .filter(|done| done.as_ref().unwrap().is_some())
                .count(),
            1
        );
        other.close().await;
    }

    async fn a_cookie_lasts_until_its_time_or_until_it_is_forgotten(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let position = position(store).await;
        let id = commit!(store, |db| {
            let id = sign_ins::put(db, "siti", None, position, now).await?;
            for (token, days) in [("short", 1), ("long", 30), ("gone", 30)] {
                sign_ins::add_cookie(db, token, id, now, now.plus_days(days)).await?;
            }
            id
        });
        let whose = async |token: &str, day: i64| {
            look!(store, |db| sign_ins::by_cookie(
                db,
                token,
                now.plus_days(day)
            )
            .await)
            .map(|found| found.id)
        };
        assert_eq!(whose("short", 0).await, Some(id));
        assert_eq!(whose("short", 1).await, None);
        assert_eq!(whose("unknown", 0).await, None);
        commit!(store, |db| sign_ins::remove_cookie(
            db,
            "gone",
            now.plus_days(2)
        )
        .await?);
        assert_eq!(whose("gone", 0).await, None);
        assert_eq!(whose("long", 0).await, Some(id));
        // The one that had run out went with it.
        assert_eq!(whose("short", 0).await, None);
    }
}
