//! The twelve clocks of an incident (facts: command centre research §2): the instants that its deadlines and its
//! measures hang on.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::time::Timestamp;
use crate::word_enum;

word_enum!(
    /// One instant of a response, t0 to t11, in their order. Each is kept once: when it happened first.
    Clock {
        FirstSignal = "first_signal",
        Seen = "seen",
        Made = "made",
        Dispatched = "dispatched",
        Acknowledged = "acknowledged",
        EnRoute = "en_route",
        OnScene = "on_scene",
        Contained = "contained",
        Resolved = "resolved",
        Verified = "verified",
        /// A reporter's page says that it is resolved, and asks.
        Told = "told",
        Rated = "rated",
    }
);

impl Clock {
    /// Those that crews press: they follow from the assignments of the incident.
    pub const OF_CREWS: [Self; 4] = [
        Self::Dispatched,
        Self::Acknowledged,
        Self::EnRoute,
        Self::OnScene,
    ];

    /// t0 to t11.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// The clocks of one incident that have been reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks(pub BTreeMap<Clock, Timestamp>);

/// A stretch between two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Clock,
    pub to: Clock,
    /// `None` as long as it has not ended. Never negative: what a device says of its own time may be a little off.
    pub took: Option<SignedDuration>,
}

/// The stretches that a command centre is judged by.
pub const STRETCHES: [(Clock, Clock); 7] = [
    (Clock::FirstSignal, Clock::Seen),
    (Clock::Seen, Clock::Dispatched),
    (Clock::Dispatched, Clock::Acknowledged),
    (Clock::Dispatched, Clock::OnScene),
    (Clock::OnScene, Clock::Resolved),
    (Clock::Resolved, Clock::Verified),
    (Clock::Resolved, Clock::Rated),
];

impl Clocks {
    /// When this was, if it was.
    pub fn at(&self, clock: Clock) -> Option<Timestamp> {
        self.0.get(&clock).copied()
    }

    /// The stretches of [`STRETCHES`] whose beginning is known.
    pub fn stretches(&self) -> Vec<Stretch> {
        let stretch = |(from, to): (Clock, Clock)| {
            let began = self.at(from)?;
            let took = self
                .at(to)
                .map(|ended| ended.since(began).max(SignedDuration::ZERO));
            Some(Stretch { from, to, took })
        };
        STRETCHES.into_iter().filter_map(stretch).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_known_when_both_ends_are_and_is_never_negative() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let clocks = Clocks(
            [
                (Clock::FirstSignal, at(100)),
                (Clock::Seen, at(90)),
                (Clock::Dispatched, at(130)),
            ]
            .into(),
        );
        let of = |from, to, took: Option<i64>| Stretch {
            from,
            to,
            took: took.map(SignedDuration::from_secs),
        };
        assert_eq!(
            clocks.stretches(),
            [
                of(Clock::FirstSignal, Clock::Seen, Some(0)),
                of(Clock::Seen, Clock::Dispatched, Some(40)),
                of(Clock::Dispatched, Clock::Acknowledged, None),
                of(Clock::Dispatched, Clock::OnScene, None),
            ]
        );
        assert_eq!(
            (Clock::FirstSignal.number(), Clock::Rated.number()),
            (0, 11)
        );
    }
}
