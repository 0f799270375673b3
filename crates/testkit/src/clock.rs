use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use pendopo_domain::time::{Clock, Timestamp};

/// A clock that stands still until the test moves it.
#[derive(Debug)]
pub struct DrivenClock(AtomicI64);

impl DrivenClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Puts it to `now`, earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Moves it and returns the new instant.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let now = self.now().plus(by);
        self.set(now);
        now
    }
}

/// A Tuesday morning in a week without holidays: 2026-11-24, 08.00 in Jakarta.
impl Default for DrivenClock {
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_795_482_000_000_000))
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_starts_on_a_tuesday_morning_and_goes_only_when_told() {
        let clock = DrivenClock::default();
        assert_eq!(clock.now().to_string(), "2026-11-24T01:00:00Z");
        assert_eq!(clock.now(), clock.now());
        clock.advance(SignedDuration::from_hours(-2));
        assert_eq!(clock.now().to_string(), "2026-11-23T23:00:00Z");
    }
}
