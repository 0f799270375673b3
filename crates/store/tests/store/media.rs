use pendopo_domain::reports::{PersonId, ReportId};
use pendopo_store::media::Picture;
use pendopo_store::photos::{self, Photo};
use pendopo_testkit::{TestCity, both_databases};

use crate::samples::{report, stored};

pub fn photo(id: &str, report: Option<i64>, created_at: i64) -> Photo {
    Photo {
        id: id.into(),
        report_id: report,
        kind: "before".into(),
        width: 1600,
        height: 1200,
        person_id: None,
        created_at,
    }
}

pub fn pictures(bytes: &[u8]) -> Vec<Picture> {
    ["large", "small"]
        .map(|size| Picture {
            size,
            content_type: "image/jpeg",
            bytes: [size.as_bytes(), bytes].concat(),
        })
        .into()
}

both_databases! {
    async fn a_picture_comes_back_in_every_size(city: TestCity) {
        let (media, now) = (city.store.media(), city.now());
        let big = vec![0xA5; 3_000_000];
        media.put("a".into(), pictures(&big), now).await.unwrap();
        media.put("b".into(), pictures(b""), now).await.unwrap();
        let (kind, bytes) = media.get("a", "large").await.unwrap().unwrap();
        assert_eq!((kind.as_str(), bytes.len()), ("image/jpeg", 3_000_005));
        assert_eq!(media.get("b", "small").await.unwrap().unwrap().1, b"small");
        assert_eq!(media.get("a", "huge").await.unwrap(), None);
        assert!(
            media
                .put("a".into(), pictures(b"x"), now)
                .await
                .unwrap_err()
                .is_duplicate()
        );
        media
            .remove(vec!["a".into(), "unknown".into()])
            .await
            .unwrap();
        assert_eq!(media.get("a", "small").await.unwrap(), None);
        assert!(media.get("b", "large").await.unwrap().is_some());
    }

    async fn a_photo_waits_for_one_report_and_is_given_once(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        let one = stored(store, report(now)).await;
        let two = stored(store, report(now)).await;
        let sealed = Photo {
            person_id: Some("ab".into()),
            kind: "after".into(),
            ..photo("s", Some(two.id.0), 1)
        };
        let row = sealed.clone();
        commit!(store, |db| {
            photos::insert(db, &photo("w", None, 5)).await?;
            photos::insert(db, &row).await?;
        });
        let (first, second, unknown) = commit!(store, |db| {
            let first = photos::attach(db, "w", one.id).await?;
            (
                first,
                photos::attach(db, "w", two.id).await?,
                photos::attach(db, "x", two.id).await?,
            )
        });
        assert_eq!((first, second, unknown), (true, false, false));
        assert_eq!(
            look!(store, |db| photos::by_id(db, "w").await),
            Some(photo("w", Some(one.id.0), 5))
        );
        assert_eq!(look!(store, |db| photos::by_id(db, "x").await), None);
        let found = look!(store, |db| photos::of_report(db, two.id).await);
        assert_eq!(found[0].sealed_for(), Some(PersonId("ab".into())));
        assert_eq!(found, [sealed]);
    }

    async fn the_first_photo_is_the_one_that_came_first(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        for _ in 0..3 {
            stored(store, report(now)).await;
        }
        commit!(store, |db| {
            for (id, report, at) in [
                ("f", 1, 1),
                ("a", 1, 2),
                ("c", 2, 1),
                ("b", 2, 1),
                ("e", 3, 1),
            ] {
                photos::insert(db, &photo(id, Some(report), at)).await?;
            }
            photos::insert(
                db,
                &Photo {
                    kind: "after".into(),
                    ..photo("0", Some(1), 0)
                },
            )
            .await?;
        });
        let asked = [1, 2, 4].map(ReportId);
        let found = look!(store, |db| photos::first_of(db, &asked).await);
        assert_eq!(found, [(1, "f".to_owned()), (2, "b".to_owned())]);
        assert!(look!(store, |db| photos::first_of(db, &[]).await).is_empty());
        let order = look!(store, |db| photos::of_report(db, ReportId(1)).await);
        assert_eq!(
            order
                .iter()
                .map(|photo| photo.id.as_str())
                .collect::<Vec<_>>(),
            ["0", "f", "a"]
        );
    }

    async fn photos_that_no_report_took_are_taken_out(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        stored(store, report(now)).await;
        let day = 86_400_000_000;
        commit!(store, |db| {
            photos::insert(db, &photo("old", None, now.micros() - day)).await?;
            photos::insert(db, &photo("new", None, now.micros())).await?;
            photos::insert(db, &photo("used", Some(1), now.micros() - day)).await?;
        });
        assert_eq!(
            commit!(store, |db| photos::take_orphans(db, now).await?),
            ["old"]
        );
        assert_eq!(look!(store, |db| photos::by_id(db, "old").await), None);
        assert!(look!(store, |db| photos::by_id(db, "new").await).is_some());
        assert!(look!(store, |db| photos::by_id(db, "used").await).is_some());
    }
}
