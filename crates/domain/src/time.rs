//! Time as the domain knows it: an instant, the clock that a city owns, and working days.
//!
//! Instants are UTC. A [`WorkingCalendar`] turns them into dates of the city's zone, because "three
//! working days" is a promise about days on the wall calendar, not about hours.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: whole microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds are what both databases keep exactly, in eight bytes that sort by themselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch, as stored.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch, as stored.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The same instant in the zone of a city.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::ZonedDateTime {
        jiff::Timestamp::from(self).to_zoned_datetime(zone.clone())
    }

    /// Elapsed time since `earlier`; negative when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> SignedDuration {
        SignedDuration::from_micros(self.0 - earlier.0)
    }

    /// Moved by a duration, saturating at the ends of the range.
    pub fn plus(self, duration: SignedDuration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// Moved by days of 24 hours.
    pub fn plus_days(self, days: i64) -> Self {
        self.plus(SignedDuration::from_hours(24 * days))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(value: jiff::Timestamp) -> Self {
        Self(value.as_microsecond())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(value: Timestamp) -> Self {
        let clamped = value.0.clamp(
            jiff::Timestamp::MIN.as_microsecond(),
            jiff::Timestamp::MAX.as_microsecond(),
        );
        jiff::Timestamp::from_microsecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC, whole seconds when there is no fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        jiff::Timestamp::from(*self).fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(jiff::Timestamp::deserialize(deserializer)?.into())
    }
}

/// The clock of one city. Real for a real city; driven for a demo city or a test.
pub trait Clock: Send + Sync {
    /// The present instant of this city.
    fn now(&self) -> Timestamp;
}

/// Where random bytes come from. Only the node's wiring asks the system for them.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The working days of a city: its zone, Saturday and Sunday off, and its holidays.
#[derive(Clone, Debug)]
pub struct WorkingCalendar {
    zone: TimeZone,
    holidays: BTreeSet<Date>,
}

impl WorkingCalendar {
    /// A calendar for `zone` with these holidays (dates in that zone).
    pub fn new(zone: TimeZone, holidays: impl IntoIterator<Item = Date>) -> Self {
        Self {
            zone,
            holidays: holidays.into_iter().collect(),
        }
    }

    /// The zone of the city.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The date in the city at `instant`.
    pub fn date_of(&self, instant: Timestamp) -> Date {
        instant.in_zone(&self.zone).date()
    }

    /// True from Monday to Friday, except on a holiday.
    pub fn is_working_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&date)
    }

    /// The last second of the `days`-th working day after the date of `from`.
    ///
    /// The day of `from` does not count, whatever the hour: a report sent at 23.50 gets the same
    /// full days as one sent at 08.00. Zero days end with the day of `from`.
    pub fn deadline(&self, from: Timestamp, days: u32) -> Timestamp {
        let mut date = self.date_of(from);
        let mut left = days;
        while left > 0 {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            if self.is_working_day(date) {
                left -= 1;
            }
        }
        self.end_of(date)
    }

    /// Working days from the date of `from` (not counted) to the date of `to` (counted);
    /// negative when `to` is on an earlier date.
    pub fn working_days_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        let (from, to) = (self.date_of(from), self.date_of(to));
        let (first, last, sign) = if from <= to {
            (from, to, 1)
        } else {
            (to, from, -1)
        };
        let mut count = 0;
        let mut date = first;
        while date < last {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            count += i64::from(self.is_working_day(date));
        }
        sign * count
    }

    fn end_of(&self, date: Date) -> Timestamp {
        let last = date.at(23, 59, 59, 0);
        match last.to_zoned_datetime(self.zone.clone()) {
            Ok(zoned) => zoned.timestamp().into(),
            // Only at the very ends of the calendar; UTC is the nearest answer there is.
            Err(_) => last
                .to_zoned_datetime(TimeZone::UTC)
                .map(|z| z.timestamp().into())
                .unwrap_or(Timestamp::from_micros(i64::MAX)),
        }
    }

    /// The first instant of `date` in the city.
    pub fn start_of(&self, date: Date) -> Timestamp {
        date.checked_sub(Span::new().days(1))
            .map(|previous| self.end_of(previous).plus(SignedDuration::from_secs(1)))
            .unwrap_or(Timestamp::from_micros(i64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn tanjungpinang() -> WorkingCalendar {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        WorkingCalendar::new(zone, [date(2026, 12, 25)])
    }

    #[test]
    fn a_deadline_skips_weekends_and_holidays_in_the_zone_of_the_city() {
        let calendar = tanjungpinang();
        // Tuesday 23:00 UTC is already Wednesday in the city: Thu, Mon (Fri is a holiday), Tue.
        let due = calendar.deadline(at("2026-12-22T23:00:00Z"), 3);
        assert_eq!(due, at("2026-12-29T16:59:59Z"));
    }

    #[test]
    fn zero_days_end_with_the_same_day() {
        let due = tanjungpinang().deadline(at("2026-11-24T01:00:00Z"), 0);
        assert_eq!(due, at("2026-11-24T16:59:59Z"));
    }

    #[test]
    fn working_days_are_counted_both_ways() {
        let calendar = tanjungpinang();
        let (friday, monday) = (at("2026-11-20T03:00:00Z"), at("2026-11-23T03:00:00Z"));
        assert_eq!(calendar.working_days_between(friday, monday), 1);
        assert_eq!(calendar.working_days_between(monday, friday), -1);
        assert_eq!(calendar.working_days_between(monday, monday), 0);
    }

    #[test]
    fn an_instant_keeps_its_microseconds_through_text() {
        let instant = Timestamp::from_micros(1_795_505_746_000_001);
        let text = serde_json::to_string(&instant).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), instant);
    }
}
