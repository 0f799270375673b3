//! Dates of GeoReport v2 §Date/Time format: the W3C profile of ISO 8601, zone mandatory.
//!
//! Out: whole seconds and `Z`, because strict clients refuse fractions. In: lenient, because clients send fractions,
//! forget to encode the `+` of an offset (it arrives as a space), leave out the zone or the time.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serializer;

/// The longest text that is tried as a date; a real one with nanoseconds and offset has 35 characters.
const MAX_DATETIME_BYTES: usize = 40;

/// Writes a time as `2026-11-24T07:45:00Z`: UTC, the fraction of a second cut off.
#[must_use]
pub fn emit_datetime(time: Timestamp) -> String {
    whole_second(time).to_string()
}

/// Cuts the fraction of a second off, towards the past.
fn whole_second(time: Timestamp) -> Timestamp {
    let second = if time.subsec_nanosecond() < 0 {
        time.as_second() - 1
    } else {
        time.as_second()
    };
    Timestamp::from_second(second).unwrap_or(time)
}

/// Which end of a range a date without a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The first second of the day.
    Start,
    /// The last second of the day.
    End,
}

/// Reads a time as clients really send it. `None`: not a date.
///
/// Accepts fractions, `Z`, offsets (`+07:00`, `+0700`, `+07`), a space where a `+` was not percent-encoded
/// (`2026-11-16T00:00:00 07:00`), a space instead of `T`, no seconds, no zone and a bare date. Without a zone, `zone`
/// (the city's) is meant; a bare date is its first second there.
#[must_use]
pub fn parse_datetime(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    parse_datetime_at(text, zone, Edge::Start)
}

/// Like [`parse_datetime`], a bare date being its first or last second.
#[must_use]
pub fn parse_datetime_at(text: &str, zone: &TimeZone, edge: Edge) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > MAX_DATETIME_BYTES || !text.is_ascii() {
        return None;
    }
    let date = text.get(..10)?;
    if !is_civil_date(date) {
        return None;
    }
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return bare_date(date, zone, edge);
    }
    let clock_and_zone = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let (clock, offset) = split_zone(clock_and_zone);
    if !is_clock(clock) {
        return None;
    }
    match offset {
        Some(offset) => format!("{date}T{clock}{offset}").parse().ok(),
        None => zone
            .to_timestamp(format!("{date}T{clock}").parse::<DateTime>().ok()?)
            .ok(),
    }
}

fn bare_date(date: &str, zone: &TimeZone, edge: Edge) -> Option<Timestamp> {
    let date: Date = date.parse().ok()?;
    let time = match edge {
        Edge::Start => date.at(0, 0, 0, 0),
        Edge::End => date.at(23, 59, 59, 0),
    };
    zone.to_timestamp(time).ok()
}

/// `2026-11-24`, digits and dashes where they belong.
fn is_civil_date(text: &str) -> bool {
    text.bytes().enumerate().all(|(i, byte)| {
        if i == 4 || i == 7 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    })
}

/// `07:45`, `07:45:00`, `07:45:00.123`.
fn is_clock(text: &str) -> bool {
    text.len() >= 5
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b','))
}

/// Splits `07:45:00 07:00` into the time of day and a zone spelled properly (`Z`, `+07:00`).
fn split_zone(text: &str) -> (&str, Option<String>) {
    let text = text.trim_end();
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return (clock.trim_end(), Some("Z".to_owned()));
    }
    match text.find(['+', '-', ' ']) {
        Some(at) => {
            let (clock, offset) = text.split_at(at);
            let digits = offset.trim_start_matches([' ', '+', '-']);
            let sign = if offset.contains('-') { '-' } else { '+' };
            (clock, Some(format!("{sign}{digits}")))
        }
        None => (text, None),
    }
}

/// Serialises a time as [`emit_datetime`] writes it.
pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&whole_second(*time))
}

/// Serialises an optional time; an absent one should have been skipped.
pub(super) fn serialize_optional<S: Serializer>(
    time: &Option<Timestamp>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, to),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;

    fn wib() -> TimeZone {
        TimeZone::fixed(offset(7))
    }

    #[test]
    fn every_spelling_seen_in_practice_is_read() {
        let cases = [
            ("2010-01-01T00:00:00Z", Some("2010-01-01T00:00:00Z")),
            ("2010-01-01t00:00:00z", Some("2010-01-01T00:00:00Z")),
            ("2010-01-01T00:00:00+07:00", Some("2009-12-31T17:00:00Z")),
            ("2010-01-01T00:00:00+0700", Some("2009-12-31T17:00:00Z")),
            ("2010-01-01T00:00:00+07", Some("2009-12-31T17:00:00Z")),
            ("2010-01-01T00:00:00-08:00", Some("2010-01-01T08:00:00Z")),
            ("2026-11-16T00:00:00 07:00", Some("2026-11-15T17:00:00Z")),
            (
                "2026-11-16T15:52:00.983659+00:00",
                Some("2026-11-16T15:52:00Z"),
            ),
            (
                "2026-11-16T15:52:00.983659 00:00",
                Some("2026-11-16T15:52:00Z"),
            ),
            ("2026-11-16 15:52:00Z", Some("2026-11-16T15:52:00Z")),
            ("2026-11-16T15:52Z", Some("2026-11-16T15:52:00Z")),
            (" 2026-11-16T15:52:00Z ", Some("2026-11-16T15:52:00Z")),
            ("2026-11-16T15:52:00", Some("2026-11-16T08:52:00Z")),
            ("2026-11-16", Some("2026-11-15T17:00:00Z")),
            ("2026-02-30", None),
            ("2026-11-16T25:00:00Z", None),
            ("2026-11-16T15:52:00+99:00", None),
            ("2026-11-16T", None),
            ("kemarin", None),
            ("16-11-2026", None),
            ("", None),
            ("2026-11-16T15:52:00Z[Asia/Jakarta]", None),
            ("２０２６-11-16", None),
        ];
        for (text, expect) in cases {
            assert_eq!(
                parse_datetime(text, &wib()).map(emit_datetime).as_deref(),
                expect,
                "{text}"
            );
        }
    }

    #[test]
    fn a_bare_date_at_the_end_of_a_range_is_its_last_second() {
        let end = parse_datetime_at("2026-11-16", &wib(), Edge::End).map(emit_datetime);
        assert_eq!(end.as_deref(), Some("2026-11-16T16:59:59Z"));
    }

    #[test]
    fn fractions_are_cut_towards_the_past_on_both_sides_of_1970() {
        let cut = |text: &str| emit_datetime(text.parse().unwrap());
        assert_eq!(
            cut("2026-11-24T07:45:00.999999999Z"),
            "2026-11-24T07:45:00Z"
        );
        assert_eq!(cut("1969-12-31T23:59:58.5Z"), "1969-12-31T23:59:58Z");
    }
}
