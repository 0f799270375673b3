//! What tests need: both databases, a clock and a randomness that the test owns.
//!
//! A test is a sentence with a city in it, and runs on both databases:
//!
//! ```no_run
//! # fn main() {}
//! use pendopo_testkit::{TestCity, both_databases};
//!
//! both_databases! {
//!     async fn a_setting_that_was_set_twice_keeps_the_last_value(city: TestCity) {
//!         // city.store, city.clock, city.entropy, city.location
//!     }
//! }
//! ```
//!
//! This makes the tests `a_setting_…::sqlite` and `a_setting_…::postgres`. Every city is new and gone afterwards.
//! PostgreSQL is started once per test process from Debian's package and ends with it, see [`postgres`].
//!
//! What was just committed can be read by consumers after [`TestCity::settle`], on PostgreSQL not always at once.
//!
//! A test that opens two cities, or needs one database only, calls [`TestCity::sqlite`] and
//! [`TestCity::postgres`] itself inside [`run`].
#![forbid(unsafe_code)]

mod city;
mod clock;
mod entropy;
pub mod postgres;

use std::future::Future;

pub use city::{Place, TestCity, settle};
pub use clock::DrivenClock;
pub use entropy::TestEntropy;

/// Runs a test on a runtime of its own with two workers, as a node has several.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// Makes two tests of each `async fn a_sentence(city: TestCity) { … }`: one per database.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($city:ident: $of:ty) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($city: $of) $body

            #[test]
            fn sqlite() {
                $crate::run(async { story($crate::TestCity::sqlite().await).await });
            }

            #[test]
            fn postgres() {
                $crate::run(async { story($crate::TestCity::postgres().await).await });
            }
        }
    )+};
}
