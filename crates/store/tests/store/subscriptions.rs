//! Subscriptions and what is still to be told.

use pendopo_domain::time::Timestamp;
use pendopo_store::consumers;
use pendopo_store::subscriptions::{self, Account, Subscription};
use pendopo_testkit::{TestCity, both_databases};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + second * 1_000_000)
}

fn new(id: &str) -> Subscription {
    Subscription {
        id: id.into(),
        document: "{}".into(),
        context: Some("\"https://example.org/c\"".into()),
        created_at: at(0),
        modified_at: at(0),
        account: Account::default(),
    }
}

both_databases! {
    async fn a_subscription_is_kept_changed_and_ended(city: TestCity) {
        let store = &city.store;
        let first = look!(store, |db| subscriptions::revision(db).await);
        commit!(store, |db| {
            assert!(subscriptions::insert(db, &new("urn:a")).await?);
            assert!(!subscriptions::insert(db, &new("urn:a")).await?);
            subscriptions::revise(db).await?;
        });
        assert_eq!(look!(store, |db| subscriptions::get(db, "urn:a").await), Some(new("urn:a")));
        assert_eq!(look!(store, |db| subscriptions::count(db).await), 1);
        commit!(store, |db| {
            assert!(subscriptions::replace(db, "urn:a", "{\"a\":1}", None, at(1)).await?);
            assert!(!subscriptions::replace(db, "urn:b", "{}", None, at(1)).await?);
            subscriptions::revise(db).await?;
        });
        let [kept] = &look!(store, |db| subscriptions::all(db).await)[..] else { panic!() };
        assert_eq!((kept.document.as_str(), &kept.context, kept.modified_at), ("{\"a\":1}", &None, at(1)));
        assert_eq!(look!(store, |db| subscriptions::revision(db).await), first + 2);
        commit!(store, |db| {
            subscriptions::push(db, "urn:a", "one", at(1)).await?;
            assert!(subscriptions::delete(db, "urn:a").await?);
            assert!(!subscriptions::delete(db, "urn:a").await?);
        });
        assert!(look!(store, |db| subscriptions::waiting(db, "urn:a", 9).await).is_empty());
    }

    async fn what_is_told_goes_in_order_and_what_fails_waits(city: TestCity) {
        let store = &city.store;
        commit!(store, |db| {
            subscriptions::insert(db, &new("urn:a")).await?;
            for body in ["one", "two", "three"] {
                subscriptions::push(db, "urn:a", body, at(0)).await?;
            }
        });
        assert_eq!(look!(store, |db| subscriptions::due(db, at(0)).await), ["urn:a"]);
        let waiting = look!(store, |db| subscriptions::waiting(db, "urn:a", 2).await);
        let bodies: Vec<&str> = waiting.iter().map(|one| one.body.as_str()).collect();
        assert_eq!(bodies, ["one", "two"]);
        let (first, second) = (waiting[0].id, waiting[1].clone());
        commit!(store, |db| {
            subscriptions::sending(db, "urn:a", 2, at(1)).await?;
            subscriptions::told(db, "urn:a", first, at(2)).await?;
            subscriptions::failed(db, &second, Some(at(60)), at(3)).await?;
        });
        // The one behind it waits as well: they are told in order.
        assert!(look!(store, |db| subscriptions::due(db, at(59)).await).is_empty());
        assert_eq!(look!(store, |db| subscriptions::due(db, at(60)).await), ["urn:a"]);
        let kept = look!(store, |db| subscriptions::get(db, "urn:a").await).unwrap();
        assert_eq!(
            kept.account,
            Account {
                times_sent: 2,
                times_failed: 1,
                last_notification: Some(at(1)),
                last_success: Some(at(2)),
                last_failure: Some(at(3)),
            }
        );
        let again = look!(store, |db| subscriptions::waiting(db, "urn:a", 1).await);
        assert_eq!((again[0].body.as_str(), again[0].attempts), ("two", 1));
        let last = again[0].clone();
        commit!(store, |db| subscriptions::failed(db, &last, None, at(61)).await?);
        let left = look!(store, |db| subscriptions::waiting(db, "urn:a", 9).await);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].body, "three");
    }

    async fn a_consumer_that_reads_no_more_holds_nothing_back(city: TestCity) {
        let store = &city.store;
        let take = async || commit!(store, |db| consumers::take(db, "x", consumers::Follows::Live, at(0)).await?);
        let start = take().await;
        let further = pendopo_store::journal::Position { txid: 0, seq: 7 };
        commit!(store, |db| consumers::advance(db, "x", further, at(1)).await?);
        assert_eq!(take().await, further);
        commit!(store, |db| consumers::forget(db, "x").await?);
        assert_eq!(take().await, start);
    }
}
