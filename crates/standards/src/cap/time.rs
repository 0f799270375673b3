//! Times of CAP 1.2, §3.3.2: whole seconds with a numeric offset; UTC is `-00:00`.

use std::fmt;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use pendopo_domain::time::Timestamp;

/// An instant with the text it came as: references repeat that text, offset and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    at: Timestamp,
    text: String,
}

impl DateTime {
    /// The whole second of `at` in `zone`.
    pub fn at(at: Timestamp, zone: &TimeZone) -> Self {
        let zoned = at.in_zone(zone);
        let whole = jiff::Timestamp::from_second(zoned.timestamp().as_second());
        let at = whole.map_or(at, Timestamp::from);
        Self {
            at,
            text: text(at, zone),
        }
    }

    /// Reads a time, and says whether CAP allows this form of it: `Z`, an offset of zero with a plus and fractions of a
    /// second (which are dropped) are read all the same. `None` when it is no time with an offset.
    pub fn parse(given: &str) -> Option<(Self, bool)> {
        let given = given.trim();
        let bytes = given.as_bytes();
        let rest = given.get(19..)?;
        let numbers = |from: usize, to: usize| {
            let part = given.get(from..to)?;
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse::<i16>().ok())?
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
            return None;
        }
        let small = |from| numbers(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let year = numbers(0, 4).filter(|year| *year > 0)?;
        let date = civil::Date::new(year, small(5)?, small(8)?).ok()?;
        let time = civil::Time::new(small(11)?, small(14)?, small(17)?, 0).ok()?;
        let (fraction, offset) = split_fraction(rest)?;
        let seconds = offset_seconds(offset)?;
        let zone = Offset::from_seconds(seconds).ok()?.to_time_zone();
        let at = date.to_datetime(time).to_zoned_datetime(zone).ok()?;
        let regular = fraction.is_empty() && offset != "Z" && offset != "+00:00";
        let read = Self {
            at: at.timestamp().into(),
            text: given.to_owned(),
        };
        Some((read, regular))
    }

    /// The instant.
    pub fn instant(&self) -> Timestamp {
        self.at
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// In the form that CAP allows: as it was written, if it may be written so, else in UTC.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::parse(&self.text) {
            Some((_, true)) => f.write_str(&self.text),
            _ => f.write_str(&text(self.at, &TimeZone::UTC)),
        }
    }
}

fn text(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.in_zone(zone);
    // Half minutes of an offset are of the 19th century.
    let minutes = zoned.offset().seconds() / 60;
    let sign = if minutes > 0 { '+' } else { '-' };
    let local = zoned.datetime().strftime("%Y-%m-%dT%H:%M:%S");
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    format!("{local}{sign}{hours:02}:{minutes:02}")
}

/// `.123+07:00` into `123` and `+07:00`.
fn split_fraction(rest: &str) -> Option<(&str, &str)> {
    let Some(rest) = rest.strip_prefix('.') else {
        return Some(("", rest));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    (end > 0).then(|| rest.split_at(end))
}

/// Seconds east of Greenwich; at most 14 hours (XML Schema Part 2, §3.2.7.3).
fn offset_seconds(offset: &str) -> Option<i32> {
    if offset == "Z" {
        return Some(0);
    }
    let bytes = offset.as_bytes();
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = bytes else {
        return None;
    };
    let number = |tens: &u8, ones: &u8| {
        let both = tens.is_ascii_digit() && ones.is_ascii_digit();
        both.then(|| i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
    };
    let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
    let seconds = hours * 3600 + minutes * 60;
    if minutes > 59 || seconds > 14 * 3600 {
        return None;
    }
    Some(if *sign == b'-' { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_offset() {
        let cases = [
            ("2026-02-16T22:50:00+07:00", "2026-02-16T15:50:00Z", true),
            ("2012-05-02T23:21:04-00:00", "2012-05-02T23:21:04Z", true),
            ("2026-02-16T22:50:00Z", "2026-02-16T22:50:00Z", false),
            ("2026-02-16T22:50:00+00:00", "2026-02-16T22:50:00Z", false),
            (
                "2026-02-16T22:50:00.25+09:00",
                "2026-02-16T13:50:00Z",
                false,
            ),
        ];
        for (text, at, regular) in cases {
            let (read, found) = DateTime::parse(text).unwrap();
            assert_eq!((read.instant().to_string().as_str(), found), (at, regular));
            assert_eq!(read.text(), text);
        }
    }

    #[test]
    fn what_is_no_time_with_an_offset_is_none() {
        for text in [
            "2026-02-16T22:50:00",
            "2026-02-16 22:50:00+07:00",
            "2026-02-16T22:50:00,07:00",
            "2026-02-16T22:50:00+15:00",
            "2026-02-16T22:50:00+07:60",
            "2026-02-30T22:50:00+07:00",
            "2026-02-16T24:00:00+07:00",
            "0000-01-01T00:00:00+07:00",
            "2026-02-16T22:50:00.+07:00",
            "2026-02-16T22:50:0é+07:00",
            "",
        ] {
            assert!(DateTime::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_the_zone_of_the_city_and_utc_with_a_minus() {
        let at = Timestamp::from_micros(1_771_257_000_900_000);
        let zone = TimeZone::get("Asia/Jayapura").unwrap();
        assert_eq!(
            DateTime::at(at, &zone).to_string(),
            "2026-02-17T00:50:00+09:00"
        );
        let utc = DateTime::at(at, &TimeZone::UTC);
        assert_eq!(utc.to_string(), "2026-02-16T15:50:00-00:00");
        assert_eq!(DateTime::parse(utc.text()), Some((utc.clone(), true)));
        let (loose, _) = DateTime::parse("2026-02-16T22:50:00Z").unwrap();
        assert_eq!(loose.to_string(), "2026-02-16T22:50:00-00:00");
    }
}
