//! A city at rest costs nothing: an idle node must not keep a disk and a core busy for a year.

use std::time::Duration;

use crate::fixture::Fixture;

stories! {
    async fn a_city_at_rest_writes_nothing(kota: Fixture) {
        kota.submit(|report| report.description = Some("Lampu di tikungan padam".to_owned())).await;
        // Long enough for the numbers to be counted and for the first tidying.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = kota.city.store().commits();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(kota.city.store().commits(), before);
    }
}
