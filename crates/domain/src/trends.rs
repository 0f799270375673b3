//! Where a value goes if it goes on as it did: when it will stand at a limit.
//!
//! It is said only when the readings bear it: enough of them, over long enough, on a line that is plain among their noise
//! and that the latest of them still follow. Whatever else is known of the water or the air is not in here.

use jiff::SignedDuration;

use crate::rules::Beyond;
use crate::time::Timestamp;

/// The part of the past that the line is laid through: a tide is straight for no longer.
const WINDOW: SignedDuration = SignedDuration::from_mins(30);
/// Fewer readings make no trend.
const LEAST: usize = 5;
/// Nor do readings that lie closer together than this.
const LEAST_SPAN: SignedDuration = SignedDuration::from_mins(10);
/// The newest reading may be this old.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// The slope must be so many of its own standard errors: with five readings or more that is chance in less than 3 of 100
/// cases (Student's t, two-sided, 3 degrees of freedom).
const PLAIN: f64 = 4.0;
/// The latest half must go at least so fast in the same direction: what turns goes nowhere.
const STILL: f64 = 0.5;
/// How far ahead, in spans of the readings: a line seen for half an hour says nothing of tonight.
const AHEAD: f64 = 3.0;

/// When a value will stand at a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    pub limit: f64,
    /// Units in an hour; negative when it falls.
    pub per_hour: f64,
    pub at: Timestamp,
}

/// A line through readings: `value = middle + slope * (hours - hours_middle)`.
struct Line {
    hours_middle: f64,
    middle: f64,
    /// Units in an hour.
    slope: f64,
    /// Standard error of the slope.
    error: f64,
}

/// When a value will reach `limit` on this side, going on as in `readings` (oldest first). `None` when it stands there
/// already, goes another way, gets there too late to be said, or when the readings do not bear it.
pub fn reach(
    readings: &[(Timestamp, f64)],
    limit: f64,
    side: Beyond,
    now: Timestamp,
) -> Option<Reach> {
    let (newest, value) = *readings.last()?;
    let is_there = match side {
        Beyond::Above => value >= limit,
        Beyond::Below => value <= limit,
    };
    if is_there || now.since(newest) > OLDEST {
        return None;
    }
    let begin = newest.plus(-WINDOW);
    let from = readings.iter().position(|(at, _)| *at >= begin)?;
    let late = &readings[from..];
    let span = newest.since(late.first()?.0);
    if late.len() < LEAST || span < LEAST_SPAN {
        return None;
    }
    let line = line(late, newest)?;
    let is_plain = line.slope.abs() > PLAIN * line.error;
    let half = self::line(&late[late.len() / 2..], newest)?;
    if !is_plain || half.slope * line.slope.signum() < STILL * line.slope.abs() {
        return None;
    }
    // Zero is the newest reading.
    let hours = (limit - line.middle) / line.slope + line.hours_middle;
    let span_h = span.as_secs_f64() / 3_600.0;
    (0.0..=AHEAD * span_h).contains(&hours).then(|| Reach {
        limit,
        per_hour: line.slope,
        at: newest.plus(SignedDuration::from_secs_f64(hours * 3_600.0)),
    })
}

/// The line of least squares; `None` through readings of one instant or of fewer than three.
fn line(readings: &[(Timestamp, f64)], zero: Timestamp) -> Option<Line> {
    if readings.len() < 3 || readings.iter().any(|(_, value)| !value.is_finite()) {
        return None;
    }
    let n = readings.len() as f64;
    let points = || {
        let hours = |at: &Timestamp| at.since(zero).as_secs_f64() / 3_600.0;
        readings.iter().map(move |(at, value)| (hours(at), *value))
    };
    let hours_middle = points().map(|(hours, _)| hours).sum::<f64>() / n;
    let middle = points().map(|(_, value)| value).sum::<f64>() / n;
    let wide: f64 = points().map(|(h, _)| (h - hours_middle).powi(2)).sum();
    let both: f64 = points()
        .map(|(h, v)| (h - hours_middle) * (v - middle))
        .sum();
    if wide <= 0.0 {
        return None;
    }
    let slope = both / wide;
    let off = |(hours, value): (f64, f64)| value - middle - slope * (hours - hours_middle);
    let left: f64 = points().map(|point| off(point).powi(2)).sum();
    Some(Line {
        hours_middle,
        middle,
        slope,
        error: (left / (n - 2.0) / wide).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(1_780_000_000_000_000).plus(SignedDuration::from_mins(minute))
    }

    /// Readings each `every` minutes until minute 0, of `value(minute)`.
    fn told(every: i64, from: i64, value: impl Fn(i64) -> f64) -> Vec<(Timestamp, f64)> {
        let minutes = (-from..=0).filter(|minute| minute % every == 0);
        minutes.map(|minute| (at(minute), value(minute))).collect()
    }

    /// Noise that is the same each time, within `size` of nothing.
    fn noise(minute: i64, size: f64) -> f64 {
        ((minute * 7919).rem_euclid(17) as f64 / 8.0 - 1.0) * size
    }

    fn minutes(readings: &[(Timestamp, f64)], limit: f64) -> Option<i64> {
        let found = reach(readings, limit, Beyond::Above, at(0))?;
        Some(found.at.since(at(0)).as_mins())
    }

    #[test]
    fn a_steady_rise_says_when_it_is_there() {
        // Half a centimetre a minute: ten more in twenty minutes.
        let rising = told(5, 60, |minute| 110.0 + minute as f64 * 0.5);
        let found = reach(&rising, 120.0, Beyond::Above, at(0)).unwrap();
        assert_eq!(found.at.since(at(20)).as_secs(), 0);
        assert!((found.per_hour - 30.0).abs() < 1e-6);
        let falling = told(5, 60, |minute| 30.0 - minute as f64 * 0.5);
        let found = reach(&falling, 20.0, Beyond::Below, at(0)).unwrap();
        assert_eq!(found.at.since(at(20)).as_secs(), 0);
        assert!(found.per_hour < 0.0);
    }

    #[test]
    fn noise_moves_it_a_little_and_noise_alone_says_nothing() {
        // A gauge of the evening: 90 cm in an hour, give or take 4 cm, one of eight messages lost.
        let mut rising = told(1, 50, |minute| {
            100.0 + minute as f64 * 1.5 + noise(minute, 4.0)
        });
        rising.retain(|(at, _)| at.micros() / 60_000_000 % 8 != 3);
        let said = minutes(&rising, 120.0).unwrap();
        assert!((10..=17).contains(&said), "{said}");
        let level = told(1, 50, |minute| 117.0 + noise(minute, 4.0));
        assert_eq!(minutes(&level, 125.0), None);
        // A value that is told in whole centimetres and made one step.
        let step = told(5, 25, |minute| if minute > -12 { 101.0 } else { 100.0 });
        assert_eq!(minutes(&step, 102.0), None);
    }

    #[test]
    fn what_turned_what_is_there_and_what_is_far_says_nothing() {
        let turned = told(2, 60, |minute| 118.0 - ((minute + 8) as f64).powi(2) * 0.02);
        assert_eq!(minutes(&turned, 120.0), None);
        let rising = told(5, 60, |minute| 110.0 + minute as f64 * 0.5);
        assert_eq!(minutes(&rising, 110.0), None, "it stands there");
        assert_eq!(minutes(&rising, 160.0), None, "in 100 minutes, seen for 30");
        let other = reach(&rising, 90.0, Beyond::Below, at(0));
        assert_eq!(other, None, "it goes the other way");
    }

    #[test]
    fn few_near_or_old_readings_say_nothing() {
        let rise = |minute: i64| 110.0 + minute as f64 * 0.5;
        assert_eq!(
            minutes(&told(10, 60, rise), 120.0),
            None,
            "four in the window"
        );
        assert_eq!(minutes(&told(1, 8, rise), 120.0), None, "eight minutes");
        let old = reach(&told(5, 60, rise), 120.0, Beyond::Above, at(11));
        assert_eq!(old, None, "eleven minutes old");
        assert_eq!(minutes(&[], 120.0), None);
        let one_instant = vec![(at(0), 1.0); 9];
        assert_eq!(minutes(&one_instant, 120.0), None);
    }

    proptest! {
        /// Whatever comes in: what is said lies ahead of the newest reading, and no farther than it may.
        #[test]
        fn what_is_said_lies_ahead(
            values in prop::collection::vec(-1e6f64..1e6, 0..80),
            limit in -1e6f64..1e6,
            above in any::<bool>(),
        ) {
            let first = 1 - values.len() as i64;
            let readings: Vec<_> = values.iter().zip(first..).map(|(v, m)| (at(m), *v)).collect();
            let side = if above { Beyond::Above } else { Beyond::Below };
            if let Some(found) = reach(&readings, limit, side, at(0)) {
                prop_assert!(found.at >= at(0) && found.at <= at(91));
                prop_assert_eq!(found.per_hour > 0.0, above);
            }
        }
    }
}
