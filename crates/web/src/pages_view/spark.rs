//! A day of one value as a small line, with words that say the same.

use jiff::SignedDuration;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use crate::i18n::{Language, format};

/// Units of the drawing.
pub const WIDTH: f64 = 96.0;
pub const HEIGHT: f64 = 24.0;
/// Room for the thickness of the line.
const EDGE: f64 = 2.0;
/// So many expected values missing are a gap; gaps stay gaps.
const GAP: i32 = 3;
/// A value that changes less than this part of the day's range stays the same.
const STEADY: f64 = 0.05;

/// The line and what it says.
#[derive(Clone, Debug, Serialize)]
pub struct Spark {
    /// `points` of polylines; several when there are gaps.
    pub lines: Vec<String>,
    pub low: String,
    pub high: String,
    pub trend: Trend,
}

/// Where the value went in the last quarter of the stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    Up,
    Down,
    Steady,
}

impl Spark {
    /// `readings` from the oldest to the newest, between `from` and `to`. `None` for less than two.
    pub fn of(
        language: Language,
        readings: &[(Timestamp, f64)],
        from: Timestamp,
        to: Timestamp,
        expected: SignedDuration,
    ) -> Option<Self> {
        let (first, last) = (readings.first()?, readings.last()?);
        if readings.len() < 2 || to <= from {
            return None;
        }
        let values = || readings.iter().map(|(_, value)| *value);
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        let quarter = to.plus(-(to.since(from) / 4));
        let before = readings.iter().rev().find(|(at, _)| *at <= quarter);
        let moved = last.1 - before.unwrap_or(first).1;
        let trend = match moved {
            moved if moved.abs() <= (high - low) * STEADY => Trend::Steady,
            moved if moved > 0.0 => Trend::Up,
            _ => Trend::Down,
        };
        Some(Self {
            lines: lines(readings, (from, to), (low, high), expected * GAP),
            low: format::number(language, low),
            high: format::number(language, high),
            trend,
        })
    }
}

fn lines(
    readings: &[(Timestamp, f64)],
    (from, to): (Timestamp, Timestamp),
    (low, high): (f64, f64),
    gap: SignedDuration,
) -> Vec<String> {
    let span = to.since(from).as_secs_f64();
    let x = |at: Timestamp| at.since(from).as_secs_f64() / span * WIDTH;
    // A value that never moved lies in the middle.
    let y = |value: f64| match high - low {
        0.0 => HEIGHT / 2.0,
        range => HEIGHT - EDGE - (value - low) / range * (HEIGHT - 2.0 * EDGE),
    };
    let parts = readings.chunk_by(|one, next| next.0.since(one.0) <= gap);
    let point = |(at, value): &(Timestamp, f64)| format!("{:.1},{:.1}", x(*at), y(*value));
    parts
        .map(|part| {
            let mut points: Vec<String> = part.iter().map(point).collect();
            points.dedup();
            // A line needs two ends to be seen.
            if let [only] = &points[..] {
                points.push(only.clone());
            }
            points.join(" ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spark(readings: &[(i64, f64)]) -> Option<Spark> {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let readings: Vec<_> = readings.iter().map(|(m, v)| (at(*m), *v)).collect();
        let hour = SignedDuration::from_hours(1);
        Spark::of(Language::Id, &readings, at(0), at(1_440), hour)
    }

    #[test]
    fn a_line_goes_from_the_lowest_to_the_highest_and_gaps_stay_gaps() {
        let day = spark(&[(0, 10.0), (60, 10.0), (600, 15.5), (1_440, 20.0)]).unwrap();
        assert_eq!(
            day.lines,
            [
                "0.0,22.0 4.0,22.0",
                "40.0,11.0 40.0,11.0",
                "96.0,2.0 96.0,2.0"
            ]
        );
        assert_eq!(
            (day.low.as_str(), day.high.as_str(), day.trend),
            ("10", "20", Trend::Up)
        );
    }

    #[test]
    fn a_trend_is_that_of_the_last_quarter() {
        let trend =
            |last| spark(&[(0, 50.0), (600, 10.0), (1_000, 30.0), (1_400, last)]).map(|s| s.trend);
        assert_eq!(trend(31.0), Some(Trend::Steady));
        assert_eq!(trend(35.0), Some(Trend::Up));
        assert_eq!(trend(20.0), Some(Trend::Down));
        assert!(spark(&[(0, 1.0)]).is_none());
        assert_eq!(spark(&[(0, 1.0), (9, 1.0)]).unwrap().trend, Trend::Steady);
    }
}
