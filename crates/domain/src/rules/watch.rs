//! From single readings to a side that lasts.
//!
//! A reading beyond the limit starts the on-delay; only when everything until its end is beyond does the watch turn.
//! The way back is the same with the off-delay and the deadband. A turn comes by a reading, or by the clock when no
//! reading comes ([`Watch::tick`]): whichever is first, the turn is dated at the end of the delay. The clock that ends a
//! delay runs as far behind the city's as the newest reading did ([`Heard`]): what is uploaded late is judged as it would
//! have been in time.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::seconds;
use crate::time::Timestamp;

/// How long, in seconds, a condition must last before it counts, and be over before it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delays {
    #[serde(default)]
    pub on_s: u32,
    #[serde(default)]
    pub off_s: u32,
}

/// When something was so, and when the city had it; the second is never before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub at: Timestamp,
    pub came_at: Timestamp,
}

impl Heard {
    /// The city had it when it happened.
    pub const fn at_once(at: Timestamp) -> Self {
        Self { at, came_at: at }
    }

    /// By the city's clock, when nothing can come any more of what was before `due`, if readings go on coming as late as
    /// this one.
    pub fn rings(&self, due: Timestamp) -> Timestamp {
        due.plus(self.late())
    }

    fn late(&self) -> SignedDuration {
        self.came_at.since(self.at).max(SignedDuration::ZERO)
    }
}

/// Where a watch stands; times are those of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Normal,
    /// Beyond since then, not for long enough yet.
    Rising(#[serde(with = "crate::entities::micros")] Timestamp),
    Active,
    /// Back since then, not for long enough yet.
    Falling(#[serde(with = "crate::entities::micros")] Timestamp),
}

/// What one rule knows of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub side: Side,
    /// The newest event that was looked at.
    #[serde(with = "crate::entities::micros")]
    pub last_at: Timestamp,
    /// How late the city had it, in microseconds.
    #[serde(default)]
    pub late_us: i64,
}

/// A side that changed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Abnormal from this instant on.
    On(Timestamp),
    /// Normal again from this instant on.
    Off(Timestamp),
}

impl Watch {
    /// Of something that is normal and of which nothing came yet.
    pub const fn new() -> Self {
        Self {
            side: Side::Normal,
            last_at: Timestamp::from_micros(i64::MIN),
            late_us: 0,
        }
    }

    /// Whether there is nothing to remember.
    pub fn is_normal(&self) -> bool {
        self.side == Side::Normal
    }

    /// Whether the alarm condition holds, be it about to end.
    pub fn is_on(&self) -> bool {
        matches!(self.side, Side::Active | Side::Falling(_))
    }

    /// Looks at what was so then: `beyond` the limit, `back` behind the deadband, or neither. An event that is older
    /// than the newest changes nothing. Two turns come of one event when a delay ended before it.
    pub fn see(&mut self, beyond: bool, back: bool, heard: Heard, delays: Delays) -> Vec<Turn> {
        let at = heard.at;
        if at < self.last_at {
            return vec![];
        }
        self.last_at = at;
        self.late_us = i64::try_from(heard.late().as_micros()).unwrap_or(i64::MAX);
        let mut turns = vec![];
        // The delay was over before this event: what it ended in was so until now.
        let over_before = self.due(delays).is_some_and(|due| due < at);
        if over_before {
            turns.extend(self.turn(delays));
        }
        self.side = match self.side {
            Side::Normal if beyond => Side::Rising(at),
            Side::Rising(_) if !beyond => Side::Normal,
            Side::Active if back => Side::Falling(at),
            Side::Falling(_) if !back => Side::Active,
            side => side,
        };
        if self.due(delays).is_some_and(|due| due <= at) {
            turns.extend(self.turn(delays));
        }
        turns
    }

    /// When a delay ends by the time of events, unless something was before.
    pub fn due(&self, delays: Delays) -> Option<Timestamp> {
        match self.side {
            Side::Rising(since) => Some(since.plus(seconds(delays.on_s))),
            Side::Falling(since) => Some(since.plus(seconds(delays.off_s))),
            Side::Normal | Side::Active => None,
        }
    }

    /// When the city's clock ends that delay, unless something comes before.
    pub fn rings(&self, delays: Delays) -> Option<Timestamp> {
        let late = SignedDuration::from_micros(self.late_us);
        self.due(delays).map(|due| due.plus(late))
    }

    /// The clock says `now` and nothing else came.
    pub fn tick(&mut self, now: Timestamp, delays: Delays) -> Option<Turn> {
        match self.rings(delays) {
            Some(rings) if rings <= now => self.turn(delays),
            _ => None,
        }
    }

    fn turn(&mut self, delays: Delays) -> Option<Turn> {
        let due = self.due(delays)?;
        let (side, turn) = match self.side {
            Side::Rising(_) => (Side::Active, Turn::On(due)),
            _ => (Side::Normal, Turn::Off(due)),
        };
        self.side = side;
        Some(turn)
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DELAYS: Delays = Delays {
        on_s: 60,
        off_s: 300,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(1_780_000_000_000_000).plus(SignedDuration::from_secs(second))
    }

    /// Readings against 120 with a deadband of 5.
    fn turns(readings: &[(i64, f64)]) -> Vec<Turn> {
        let mut watch = Watch::new();
        let seen = readings.iter().flat_map(|(second, value)| {
            watch.see(
                *value >= 120.0,
                *value < 115.0,
                Heard::at_once(at(*second)),
                DELAYS,
            )
        });
        seen.collect()
    }

    #[test]
    fn a_spike_is_no_alarm_and_what_lasts_is_one() {
        assert_eq!(turns(&[(0, 121.0), (59, 119.0), (120, 121.0)]), []);
        assert_eq!(turns(&[(0, 121.0), (60, 121.0)]), [Turn::On(at(60))]);
        // The next reading comes late; it was beyond until then as far as anyone knows.
        assert_eq!(turns(&[(0, 121.0), (200, 90.0)]), [Turn::On(at(60))]);
    }

    #[test]
    fn the_deadband_and_the_off_delay_keep_an_alarm_one() {
        let mut readings = vec![(0, 121.0), (60, 121.0)];
        readings.extend([(120, 117.0), (180, 121.0), (240, 114.0), (400, 116.0)]);
        assert_eq!(turns(&readings), [Turn::On(at(60))]);
        readings.extend([(460, 114.0), (700, 113.0), (760, 112.0)]);
        assert_eq!(turns(&readings), [Turn::On(at(60)), Turn::Off(at(760))]);
    }

    #[test]
    fn the_clock_ends_a_delay_when_nothing_comes() {
        let mut watch = Watch::new();
        assert!(
            watch
                .see(true, false, Heard::at_once(at(0)), DELAYS)
                .is_empty()
        );
        assert_eq!(watch.tick(at(59), DELAYS), None);
        assert_eq!(watch.tick(at(61), DELAYS), Some(Turn::On(at(60))));
        assert_eq!(watch.tick(at(62), DELAYS), None);
    }

    #[test]
    fn the_clock_waits_as_long_as_readings_come_late() {
        let (mut watch, hour) = (Watch::new(), 3_600);
        let late = |second| Heard {
            at: at(second),
            came_at: at(second + hour),
        };
        assert!(watch.see(true, false, late(0), DELAYS).is_empty());
        assert_eq!(watch.tick(at(hour + 59), DELAYS), None);
        assert!(
            watch.see(false, true, late(30), DELAYS).is_empty(),
            "a spike"
        );
        assert!(watch.see(true, false, late(90), DELAYS).is_empty());
        assert_eq!(watch.tick(at(hour + 150), DELAYS), Some(Turn::On(at(150))));
    }

    #[test]
    fn what_comes_late_changes_nothing() {
        assert_eq!(
            turns(&[(0, 121.0), (30, 121.0), (10, 90.0), (60, 121.0)]),
            [Turn::On(at(60))]
        );
    }

    proptest! {
        #[test]
        fn turns_alternate_and_never_go_back_in_time(
            values in prop::collection::vec((0i64..400, 100.0f64..140.0), 1..200),
            ticks in any::<bool>(),
        ) {
            let (mut watch, mut now, mut all) = (Watch::new(), 0, vec![]);
            for (step, value) in values {
                now += step;
                if ticks {
                    all.extend(watch.tick(at(now), DELAYS));
                }
                all.extend(watch.see(value >= 120.0, value < 115.0, Heard::at_once(at(now)), DELAYS));
            }
            for (n, turn) in all.iter().enumerate() {
                prop_assert_eq!(matches!(turn, Turn::On(_)), n % 2 == 0);
            }
            let times: Vec<_> = all.iter().map(|turn| match turn { Turn::On(t) | Turn::Off(t) => *t }).collect();
            prop_assert!(times.is_sorted());
        }
    }
}
