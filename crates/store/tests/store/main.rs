//! The store through its public surface, each story on both databases.
//!
//! One binary, so that it is linked once. The last story, `every_statement`, runs all others again in a process that
//! notes which statement ran where.
#![forbid(unsafe_code)]

/// One transaction that must succeed; the body may use `?`.
macro_rules! commit {
    ($store:expr, |$db:ident| $body:expr) => {
        $store
            .write(move |$db| Box::pin(async move { Ok::<_, pendopo_store::StoreError>($body) }))
            .await
            .unwrap()
    };
}

/// One look at the city.
macro_rules! look {
    ($store:expr, |$db:ident| $body:expr) => {{
        let mut open = $store.read().await.unwrap();
        let $db = &mut open;
        $body.unwrap()
    }};
}

mod alarms;
mod alerts;
mod backups;
mod chains;
mod configuration;
mod every_statement;
mod finding;
mod incidents;
mod jobs;
mod journal;
mod keys;
mod life;
mod live;
mod live_places;
mod measures;
mod media;
mod migrations;
mod raw;
mod reports;
mod response;
mod samples;
mod sign_ins;
mod sources;
mod subscriptions;
mod walls;
mod writing;
