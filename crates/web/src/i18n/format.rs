//! How dates, times, ages and numbers are written in each language.
//!
//! Bahasa Indonesia: 19.40, 23 November 2026, 1.599 and 4,2. English: 19:40, 23 November 2026,
//! 1,599 and 4.2. A time that stands alone always carries the abbreviation of the city's zone.

use jiff::ZonedDateTime;
use pendopo_domain::time::Timestamp;

use super::{FluentArgs, Language, text};

/// A count or a measured value with one digit after the mark; whole numbers without.
pub fn number(language: Language, value: f64) -> String {
    let (group, mark) = match language {
        Language::Id => ('.', ','),
        Language::En => (',', '.'),
    };
    let tenths = (value.abs() * 10.0).round();
    if !tenths.is_finite() || tenths >= 1e18 {
        return value.to_string();
    }
    let (whole, tenth) = ((tenths / 10.0).trunc(), tenths % 10.0);
    let digits = format!("{whole:.0}");
    let mut written = String::new();
    if value < 0.0 && tenths > 0.0 {
        written.push('−');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            written.push(group);
        }
        written.push(digit);
    }
    if tenth > 0.0 {
        written.push(mark);
        written.push_str(&format!("{tenth:.0}"));
    }
    written
}

/// `part` of `whole` in whole percent; a dash when there is nothing to take a part of.
///
/// A part of something is never shown as nothing, and not quite all is never shown as all.
pub fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "–".to_owned();
    }
    let part = part.clamp(0, whole);
    let share = part.saturating_mul(200).saturating_add(whole) / whole.saturating_mul(2);
    match share {
        0 if part > 0 => "<1%".to_owned(),
        100.. if part < whole => "99%".to_owned(),
        _ => format!("{share}%"),
    }
}

/// 23 November 2026
pub fn date(language: Language, at: &ZonedDateTime) -> String {
    format!("{} {}", day_month(language, at), at.year())
}

/// 23 November
pub fn day_month(language: Language, at: &ZonedDateTime) -> String {
    let key = format!("month-{}", at.month());
    format!("{} {}", at.day(), text(language, &key, None))
}

/// 19.40 (for lists whose heading names the zone)
pub fn clock(language: Language, at: &ZonedDateTime) -> String {
    let mark = match language {
        Language::Id => '.',
        Language::En => ':',
    };
    format!("{:02}{mark}{:02}", at.hour(), at.minute())
}

/// 12 menit, 3 hari; *baru saja* under a minute.
pub fn age(language: Language, since: Timestamp, now: Timestamp) -> String {
    let minutes = now.since(since).as_mins();
    let (key, n) = match minutes {
        ..1 => ("age-now", 0),
        1..60 => ("age-minutes", minutes),
        60..1440 => ("age-hours", minutes / 60),
        _ => ("age-days", minutes / 1440),
    };
    let mut args = FluentArgs::new();
    args.set("n", n);
    text(language, key, Some(&args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        let cases = [
            (0.0, "0", "0"),
            (1599.0, "1.599", "1,599"),
            (1_234_567.0, "1.234.567", "1,234,567"),
            (4.2, "4,2", "4.2"),
            (-12.0, "−12", "−12"),
            (999.96, "1.000", "1,000"),
        ];
        for (value, id, en) in cases {
            assert_eq!(number(Language::Id, value), id);
            assert_eq!(number(Language::En, value), en);
        }
    }

    #[test]
    fn a_share_is_never_shown_as_all_or_nothing_unless_it_is() {
        let cases = [
            (171, 214, "80%"),
            (121, 214, "57%"),
            (999, 1000, "99%"),
            (1, 3000, "<1%"),
            (0, 10, "0%"),
            (0, 0, "–"),
            (10, 10, "100%"),
        ];
        for (part, whole, expect) in cases {
            assert_eq!(percent(part, whole), expect);
        }
    }

    #[test]
    fn dates_and_clocks_are_those_of_the_city() {
        let at: jiff::Timestamp = "2026-11-23T12:40:00Z".parse().unwrap();
        let zone = jiff::tz::TimeZone::get("Asia/Jakarta").unwrap();
        let at = at.to_zoned_datetime(zone);
        assert_eq!(date(Language::Id, &at), "23 November 2026");
        assert_eq!(clock(Language::Id, &at), "19.40");
        assert_eq!(clock(Language::En, &at), "19:40");
    }

    #[test]
    fn an_age_is_one_number_with_its_unit() {
        let now = Timestamp::from_micros(1_795_505_746_000_000);
        let ago = |minutes: i64| now.plus(jiff::SignedDuration::from_mins(-minutes));
        let cases = [
            (0, "baru saja"),
            (12, "12 menit"),
            (61, "1 jam"),
            (1440 * 3, "3 hari"),
        ];
        for (minutes, expect) in cases {
            assert_eq!(age(Language::Id, ago(minutes), now), expect);
        }
    }
}
