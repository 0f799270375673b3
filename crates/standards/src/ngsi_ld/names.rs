//! The grammar of names, ids, scopes and times (ETSI GS CIM 009, sections 4.6.2, 4.6.3, 4.18).

use pendopo_domain::entities::Iri;
use pendopo_domain::time::Timestamp;

use super::problem::{Problem, echo};

/// Longest name or id, in bytes.
pub const MOST_NAME_BYTES: usize = 1_024;

/// Whether `text` is an absolute URI: a scheme, a colon and something after it. Letters beyond ASCII are taken as they
/// are (RFC 3987).
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    text.len() <= MOST_NAME_BYTES
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.bytes().any(|b| {
            b <= b' '
                || matches!(
                    b,
                    b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`' | 0x7f
                )
        })
}

/// The same as an id, or why it is none.
///
/// # Errors
/// BadRequestData.
pub fn id(text: &str) -> Result<Iri, Problem> {
    if is_uri(text) {
        Ok(text.into())
    } else {
        Err(Problem::bad(format!(
            "'{}' is not an absolute URI",
            echo(text)
        )))
    }
}

/// Checks the name of an attribute or type as a client writes it: a term, `prefix:term` or a URI.
///
/// # Errors
/// BadRequestData.
pub fn check_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.len() > MOST_NAME_BYTES {
        return Err(Problem::bad(format!(
            "a name has 1 to {MOST_NAME_BYTES} bytes"
        )));
    }
    let forbidden = |b: u8| {
        b <= b' '
            || matches!(
                b,
                b'<' | b'>'
                    | b'"'
                    | b'\''
                    | b'='
                    | b';'
                    | b','
                    | b'('
                    | b')'
                    | b'{'
                    | b'}'
                    | b'['
                    | b']'
                    | b'|'
                    | b'\\'
                    | b'^'
                    | b'`'
                    | 0x7f
            )
    };
    if name.bytes().any(forbidden) || name.starts_with(['.', ':', '#', '/', '@']) {
        return Err(Problem::bad(format!("'{}' is not a name", echo(name))));
    }
    Ok(())
}

/// A scope, always with its first `/`.
///
/// # Errors
/// BadRequestData.
pub fn scope(text: &str) -> Result<Iri, Problem> {
    let levels = text.strip_prefix('/').unwrap_or(text);
    if text.len() > MOST_NAME_BYTES || !levels.split('/').all(is_level) {
        return Err(Problem::bad(format!("'{}' is not a scope", echo(text))));
    }
    Ok(if levels.len() == text.len() {
        format!("/{text}").into()
    } else {
        text.into()
    })
}

pub(super) fn is_level(level: &str) -> bool {
    !level.is_empty()
        && level
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

/// An instant: ISO 8601, extended format, in UTC with a `Z` (section 4.6.3).
pub fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes.len() > 32 || bytes[10] != b'T' || bytes[bytes.len() - 1] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_i64, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if [bytes[4], bytes[7], bytes[13], bytes[16]] != *b"--::" || hour > 23 || minute > 59 {
        return None;
    }
    let date = jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?;
    if second > 59 {
        return None;
    }
    let mut micros = 0;
    if bytes.len() > 20 {
        if !matches!(bytes[19], b'.' | b',') || bytes.len() == 21 {
            return None;
        }
        let digits = number(20, bytes.len() - 1)?;
        let places = bytes.len() as u32 - 21;
        micros = if places <= 6 {
            digits * 10_i64.pow(6 - places)
        } else {
            digits / 10_i64.pow(places - 6)
        };
    }
    let days = days_since_1970(year, month, i64::from(date.day()));
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp::from_micros(seconds * 1_000_000 + micros))
}

/// Days of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The same, or why it is none.
///
/// # Errors
/// BadRequestData.
pub fn time(text: &str) -> Result<Timestamp, Problem> {
    instant(text).ok_or_else(|| {
        Problem::bad(format!(
            "'{}' is not a time in UTC that ends with Z",
            echo(text)
        ))
    })
}
