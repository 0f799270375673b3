//! A clock that stands where it was last put: for demo cities and for replay.

use std::sync::atomic::{AtomicI64, Ordering};

use pendopo_domain::time::{Clock, Timestamp};

/// The clock of a city whose time is driven. Only ever that of a demo city.
pub struct Driven(AtomicI64);

impl Driven {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Puts it to `now`, earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Puts it to `now` unless it is later already.
    pub fn advance_to(&self, now: Timestamp) {
        self.0.fetch_max(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for Driven {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
