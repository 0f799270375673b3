//! Decoding of `application/x-www-form-urlencoded`, for bodies and query strings. WHATWG URL §5.1, GeoReport v2 §POST.
//!
//! Stricter than most decoders in one point: bytes that are not UTF-8 are refused with a clear message instead of being
//! replaced, because a report full of `�` helps nobody. Brackets in names may be raw or encoded; a `%` that starts no
//! escape stands for itself.

use super::problem::{self, Problem};

/// Most fields of one form. The longest real definition has a few dozen questions.
pub const MAX_FIELDS: usize = 200;
/// Largest field, name and value decoded, in bytes. A description of 4,000 characters needs at most 16,000.
pub const MAX_FIELD_BYTES: usize = 64 * 1024;
/// Largest body, still encoded, in bytes. A form holds text only; pictures come as URLs.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Limits of [`decode_form`]. The default is the three constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormLimits {
    /// Most fields.
    pub fields: usize,
    /// Largest field, name and value decoded, in bytes.
    pub field_bytes: usize,
    /// Largest body, in bytes.
    pub body_bytes: usize,
}

impl Default for FormLimits {
    fn default() -> Self {
        Self {
            fields: MAX_FIELDS,
            field_bytes: MAX_FIELD_BYTES,
            body_bytes: MAX_BODY_BYTES,
        }
    }
}

/// Decodes a form body or a query string (without `?`) into names and values, in order, doubles kept.
///
/// # Errors
/// 400 when a limit is passed or a name or value is not UTF-8.
pub fn decode_form(bytes: &[u8], limits: &FormLimits) -> Result<Vec<(String, String)>, Problem> {
    if bytes.len() > limits.body_bytes {
        return Err(Problem::bad(problem::BODY_TOO_LARGE).arg("max", limits.body_bytes));
    }
    let mut pairs = Vec::new();
    for field in bytes
        .split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty())
    {
        if pairs.len() == limits.fields {
            return Err(Problem::bad(problem::FIELDS_TOO_MANY).arg("max", limits.fields));
        }
        let at = field.iter().position(|byte| *byte == b'=');
        let (name, value) = match at {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &[][..]),
        };
        let (name, value) = (percent_decode(name), percent_decode(value));
        let shown = String::from_utf8_lossy(&name).into_owned();
        if name.len() + value.len() > limits.field_bytes {
            return Err(Problem::bad(problem::FIELD_TOO_LARGE)
                .arg("field", shown)
                .arg("max", limits.field_bytes));
        }
        match (String::from_utf8(name), String::from_utf8(value)) {
            (Ok(name), Ok(value)) => pairs.push((name, value)),
            _ => return Err(Problem::bad(problem::NOT_UTF8).arg("field", shown)),
        }
    }
    Ok(pairs)
}

fn percent_decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            (byte, _) => decoded.push(*byte),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8]) -> Result<Vec<(String, String)>, (&'static str, String)> {
        decode_form(text, &FormLimits::default())
            .map_err(|problem| (problem.key, problem.args[0].1.clone()))
    }

    fn pairs(list: &[(&str, &str)]) -> Result<Vec<(String, String)>, (&'static str, String)> {
        Ok(list
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect())
    }

    #[test]
    fn forms_are_decoded_as_browsers_write_them() {
        assert_eq!(decode(b""), pairs(&[]));
        assert_eq!(decode(b"&&a=1&&"), pairs(&[("a", "1")]));
        assert_eq!(
            decode(b"a=1+2%2B3&b&=c&d=="),
            pairs(&[("a", "1 2+3"), ("b", ""), ("", "c"), ("d", "=")])
        );
        assert_eq!(
            decode(b"attribute%5BX%5D%5b%5d=%C3%A9"),
            pairs(&[("attribute[X][]", "é")])
        );
        assert_eq!(decode("q=Jalan Ké".as_bytes()), pairs(&[("q", "Jalan Ké")]));
        assert_eq!(
            decode(b"a=100%&b=%zz&c=%4"),
            pairs(&[("a", "100%"), ("b", "%zz"), ("c", "%4")])
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_by_name() {
        assert_eq!(
            decode(b"description=caf%E9"),
            Err((problem::NOT_UTF8, "description".to_owned()))
        );
        assert_eq!(
            decode(b"description=\xff"),
            Err((problem::NOT_UTF8, "description".to_owned()))
        );
        assert_eq!(
            decode(b"x%FF=1"),
            Err((problem::NOT_UTF8, "x\u{fffd}".to_owned()))
        );
        assert_eq!(
            decode(b"x=%ED%A0%80"),
            Err((problem::NOT_UTF8, "x".to_owned()))
        );
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let fields = |n: usize| vec!["a=1"; n].join("&").into_bytes();
        assert_eq!(
            decode(&fields(MAX_FIELDS)).map(|list| list.len()),
            Ok(MAX_FIELDS)
        );
        assert_eq!(
            decode(&fields(MAX_FIELDS + 1)).unwrap_err().0,
            problem::FIELDS_TOO_MANY
        );
        let field = |n: usize| format!("a={}", "x".repeat(n - 1)).into_bytes();
        assert!(decode(&field(MAX_FIELD_BYTES)).is_ok());
        assert_eq!(
            decode(&field(MAX_FIELD_BYTES + 1)).unwrap_err().0,
            problem::FIELD_TOO_LARGE
        );
        assert_eq!(
            decode(&vec![b'&'; MAX_BODY_BYTES + 1]).unwrap_err().0,
            problem::BODY_TOO_LARGE
        );
    }
}
