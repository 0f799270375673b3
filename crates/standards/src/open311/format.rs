//! The two formats of an answer. GeoReport v2, "Format" and "HTTP Content-Type".
//!
//! XML is mandatory, JSON optional in the standard; here both always work. The file extension decides, `Accept` only
//! counts when there is none.

use serde::Serialize;

/// A format of an answer. GeoReport v2 §Format; the serialised names are those of a discovery document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub enum Format {
    /// The mandatory format, and so the default.
    #[default]
    #[serde(rename = "text/xml")]
    Xml,
    /// The Spark convention of the XML: no root wrapper, containers are arrays.
    #[serde(rename = "application/json")]
    Json,
}

impl Format {
    /// The value of the `Content-Type` header. The standard wants `text/xml`, not `application/xml`, and UTF-8 said.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "text/xml; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// The bare media type, as listed in a discovery document.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }

    /// The format that a file extension (without the dot, any case) asks for; `None` means 404
    /// ([`Problem::format_unknown`](super::Problem::format_unknown)).
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        if extension.eq_ignore_ascii_case("xml") {
            Some(Self::Xml)
        } else if extension.eq_ignore_ascii_case("json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// The format that an `Accept` header prefers, for a path without extension. RFC 9110 §12.5.1.
    ///
    /// Wildcards and ties mean XML, the mandatory format. `None`: the header excludes both.
    #[must_use]
    pub fn from_accept(header: &str) -> Option<Self> {
        if header.trim().is_empty() {
            return Some(Self::Xml);
        }
        let (mut xml, mut json) = (Preference::default(), Preference::default());
        for range in header.split(',') {
            let (media_type, quality) = media_range(range);
            xml.offer(&media_type, &["text/xml", "application/xml"], quality);
            json.offer(&media_type, &["application/json"], quality);
        }
        match (xml.quality, json.quality) {
            (x, j) if x <= 0.0 && j <= 0.0 => None,
            (x, j) if j > x => Some(Self::Json),
            _ => Some(Self::Xml),
        }
    }
}

/// How much a client wants one format; the most specific range that names it wins.
#[derive(Default)]
struct Preference {
    specificity: u8,
    quality: f32,
}

impl Preference {
    fn offer(&mut self, media_type: &str, names: &[&str], quality: f32) {
        let specificity = if names.contains(&media_type) {
            3
        } else if names.iter().any(|name| {
            name.split_once('/')
                .is_some_and(|(kind, _)| is_kind(media_type, kind))
        }) {
            2
        } else if media_type == "*/*" {
            1
        } else {
            return;
        };
        if specificity > self.specificity
            || (specificity == self.specificity && quality > self.quality)
        {
            *self = Self {
                specificity,
                quality,
            };
        }
    }
}

fn is_kind(media_type: &str, kind: &str) -> bool {
    media_type.strip_suffix("/*") == Some(kind)
}

/// `text/xml;q=0.5` as (`text/xml`, 0.5). A missing or unreadable quality is 1.
fn media_range(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .find_map(|value| value.parse::<f32>().ok())
        .filter(|quality| quality.is_finite())
        .map_or(1.0, |quality| quality.clamp(0.0, 1.0));
    (media_type, quality)
}

#[cfg(test)]
mod tests {
    use super::Format::{self, Json, Xml};

    #[test]
    fn the_extension_decides_in_any_case() {
        assert_eq!(Format::from_extension("xml"), Some(Xml));
        assert_eq!(Format::from_extension("JSON"), Some(Json));
        assert_eq!(Format::from_extension("csv"), None);
        assert_eq!(Format::from_extension(""), None);
    }

    #[test]
    fn accept_follows_quality_and_falls_back_to_xml() {
        let cases = [
            ("", Some(Xml)),
            ("*/*", Some(Xml)),
            ("application/json", Some(Json)),
            ("application/xml", Some(Xml)),
            ("text/xml;q=0.5, application/json", Some(Json)),
            ("application/json;q=0.5, text/*", Some(Xml)),
            ("application/json, */*;q=0.1", Some(Json)),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Some(Xml),
            ),
            ("text/html", None),
            ("application/json;q=0, text/xml;q=0", None),
            ("application/json;q=NaN", Some(Json)),
            (";;;,,,q=", None),
        ];
        for (header, expect) in cases {
            assert_eq!(Format::from_accept(header), expect, "{header}");
        }
    }

    #[test]
    fn content_types_are_exactly_those_of_the_standard() {
        assert_eq!(Xml.content_type(), "text/xml; charset=utf-8");
        assert_eq!(Json.content_type(), "application/json; charset=utf-8");
    }
}
