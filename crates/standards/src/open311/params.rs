//! Named parameters as GeoReport v2 means them: absent and empty are the same, unknown ones are ignored, the first of
//! several counts. Collects every fault, so that a client learns all of them at once.

use super::post::MAX_DESCRIPTION_CHARS;
use super::problem::{self, Problem};
use super::xml::is_xml_char;

/// Longest name, address, id or URL, in characters. Room for any real one, far below what could hurt.
pub const MAX_SHORT_CHARS: usize = 1_000;
/// Most pictures of one post.
pub const MAX_MEDIA_URLS: usize = 20;

/// Parameters and the faults found in them so far.
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    problems: Vec<Problem>,
}

impl Params {
    /// Takes the pairs, tidies the values and drops empty ones.
    pub(super) fn collect(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name, tidy(&value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            pairs,
            problems: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The value if no fault was found.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(self.problems)
        }
    }

    /// The first value with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A text of at most [`MAX_SHORT_CHARS`].
    pub(super) fn short(&mut self, name: &'static str) -> Option<String> {
        let value = self.get(name)?.to_owned();
        if value.chars().count() > MAX_SHORT_CHARS {
            self.fault(
                Problem::bad(problem::FIELD_TOO_LONG)
                    .arg("field", name)
                    .arg("max", MAX_SHORT_CHARS),
            );
        }
        Some(value)
    }

    /// A short text that must be there; empty after the fault is noted.
    pub(super) fn required(&mut self, name: &'static str) -> String {
        let value = self.short(name);
        if value.is_none() {
            self.fault(Problem::bad(problem::FIELD_MISSING).arg("field", name));
        }
        value.unwrap_or_default()
    }

    /// The description: its own limit and message.
    pub(super) fn long(&mut self, name: &str, max: usize) -> Option<String> {
        let value = self.get(name)?.to_owned();
        let count = value.chars().count();
        if count > max {
            self.fault(
                Problem::bad(problem::DESCRIPTION_TOO_LONG)
                    .arg("max", max)
                    .arg("count", count),
            );
        }
        Some(value)
    }

    /// A finite decimal number; a fault with this key otherwise.
    pub(super) fn number(&mut self, name: &str, key: &'static str) -> Option<f64> {
        let text = self.get(name)?.to_owned();
        let number = parse_number(&text);
        if number.is_none() {
            self.fault(Problem::bad(key).arg("value", text));
        }
        number
    }

    /// Every value with this name, split at commas, trimmed, without doubles, in order; at most `max`.
    pub(super) fn list(&mut self, name: &'static str, max: usize) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let mut list = Vec::new();
        let values = self.pairs.iter().filter(|(n, _)| n == name);
        for item in values
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
        {
            if !item.is_empty() && seen.insert(item) {
                list.push(item.to_owned());
            }
        }
        if list.len() > max {
            list.clear();
            self.fault(
                Problem::bad(problem::LIST_TOO_LONG)
                    .arg("field", name)
                    .arg("max", max),
            );
        }
        list
    }

    /// Every `media_url`, `media_url[]` or `media_url[n]`.
    pub(super) fn media_urls(&mut self) -> Vec<String> {
        let mut urls: Vec<String> = Vec::new();
        let values = self
            .pairs
            .iter()
            .filter(|(name, _)| name == "media_url" || is_indexed(name, "media_url"));
        for (_, url) in values {
            if !urls.contains(url) {
                urls.push(url.clone());
            }
        }
        if urls.len() > MAX_MEDIA_URLS {
            self.fault(
                Problem::bad(problem::LIST_TOO_LONG)
                    .arg("field", "media_url")
                    .arg("max", MAX_MEDIA_URLS),
            );
        } else if let Some(url) = urls.iter().find(|url| !is_web_url(url)).cloned() {
            self.fault(Problem::bad(problem::MEDIA_URL_INVALID).arg("value", url));
        }
        urls
    }

    /// Every `attribute[CODE]` and `attribute[CODE][]`, by code in the order of first appearance.
    pub(super) fn attributes(&mut self) -> Vec<(String, Vec<String>)> {
        let mut attributes: Vec<(String, Vec<String>)> = Vec::new();
        for (name, value) in &self.pairs {
            let Some(code) = attribute_code(name) else {
                continue;
            };
            match attributes.iter_mut().find(|(known, _)| known == code) {
                Some((_, values)) => values.push(value.clone()),
                None => attributes.push((code.to_owned(), vec![value.clone()])),
            }
        }
        let too_long = |values: &[String]| {
            values
                .iter()
                .any(|v| v.chars().count() > MAX_DESCRIPTION_CHARS)
        };
        if let Some((code, _)) = attributes.iter().find(|(_, values)| too_long(values)) {
            self.problems.push(
                Problem::bad(problem::FIELD_TOO_LONG)
                    .arg("field", format!("attribute[{code}]"))
                    .arg("max", MAX_DESCRIPTION_CHARS),
            );
        }
        attributes
    }
}

/// A plain decimal number, finite.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse()
        .ok()
        .filter(|number: &f64| plain && number.is_finite())
}

/// The code in `attribute[CODE]`, `attribute[CODE][]` or `attribute[CODE][0]`.
fn attribute_code(name: &str) -> Option<&str> {
    let inner = name.strip_prefix("attribute[")?;
    let (code, index) = match inner.rfind("][") {
        Some(at) => (inner.get(..at)?, inner.get(at + 2..)?.strip_suffix(']')?),
        None => (inner.strip_suffix(']')?, ""),
    };
    let code = code.trim();
    (!code.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

/// Whether `name` is `base[]` or `base[3]`.
fn is_indexed(name: &str, base: &str) -> bool {
    name.strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('['))
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `http://` or `https://`, something behind it, no blanks, not endless.
fn is_web_url(url: &str) -> bool {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| lower.strip_prefix(scheme).map(|_| scheme.len()));
    host.and_then(|at| url.get(at..))
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && url.chars().count() <= MAX_SHORT_CHARS
        && !url.contains(char::is_whitespace)
}

/// Line breaks become `\n`, characters that XML 1.0 forbids go, blanks around go.
fn tidy(value: &str) -> String {
    let kept: String = value
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| is_xml_char(*c))
        .collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_names_are_read_in_every_spelling() {
        let cases = [
            ("attribute[WHISHETN]", Some("WHISHETN")),
            ("attribute[WHISHETN][]", Some("WHISHETN")),
            ("attribute[WHISHETN][2]", Some("WHISHETN")),
            ("attribute[a b]", Some("a b")),
            ("attribute[]", None),
            ("attribute[ ]", None),
            ("attribute[", None),
            ("attribute", None),
            ("attribute[x", None),
            ("attribute[x][y]", None),
            ("attributes[x]", None),
        ];
        for (name, expect) in cases {
            assert_eq!(attribute_code(name), expect, "{name}");
        }
    }

    #[test]
    fn only_addresses_of_the_web_count_as_pictures() {
        let good = [
            "http://a.id/x.jpg",
            "HTTPS://a.id",
            "https://a.id/%20?x=1#y",
        ];
        let bad = [
            "a.jpg",
            "ftp://a.id/x",
            "https://",
            "https:///x",
            "javascript:alert(1)",
            "http://a b",
            "é",
        ];
        assert!(good.into_iter().all(is_web_url));
        assert!(!bad.into_iter().any(is_web_url));
    }

    #[test]
    fn numbers_are_plain_and_finite() {
        assert_eq!(parse_number("-6.914744"), Some(-6.914744));
        for bad in [
            "NaN",
            "inf",
            "-infinity",
            "1e999",
            "",
            "6,9",
            "0x10",
            "6.9 ",
        ] {
            assert_eq!(parse_number(bad), None, "{bad}");
        }
    }
}
