use pendopo_store::jobs;
use pendopo_testkit::{TestCity, both_databases};

both_databases! {
    async fn a_job_stays_in_line_until_it_is_done(city: TestCity) {
        let (store, now) = (&city.store, city.now());
        commit!(store, |db| {
            jobs::add(db, "mail", "{\"n\":1}", now.plus_days(1)).await?;
            jobs::add(db, "mail", "{\"n\":2}", now).await?;
            jobs::add(db, "prune", "{}", now.plus_days(9)).await?;
        });
        let due = async |day: i64, limit: i64| -> Vec<(i64, i64)> {
            look!(store, |db| jobs::due(db, now.plus_days(day), limit).await)
                .into_iter()
                .map(|job| (job.id, job.attempts))
                .collect()
        };
        assert_eq!(due(-1, 10).await, []);
        assert_eq!(due(0, 10).await, [(2, 0)]);
        assert_eq!(due(1, 10).await, [(2, 0), (1, 0)]);
        assert_eq!(due(1, 1).await, [(2, 0)]);
        let first = look!(store, |db| jobs::due(db, now, 1).await).remove(0);
        assert_eq!(
            (first.kind.as_str(), first.payload.as_str()),
            ("mail", "{\"n\":2}")
        );
        commit!(store, |db| jobs::failed(
            db,
            2,
            "no answer",
            now.plus_days(2)
        )
        .await?);
        assert_eq!(due(1, 10).await, [(1, 0)]);
        assert_eq!(due(2, 10).await, [(1, 0), (2, 1)]);
        commit!(store, |db| {
            jobs::done(db, 1).await?;
            jobs::done(db, 2).await?;
        });
        assert_eq!(due(2, 10).await, []);
    }
}
