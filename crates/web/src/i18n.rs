//! Texts for people: Fluent messages of `translations/{id,en}/*.ftl`, embedded and parsed once.
//!
//! Bahasa Indonesia is the first language. Both languages have the same keys with the same
//! variables (a test holds that). How dates and numbers are written is in [`format`].
//! Absent on purpose: texts that a city gives itself (names of services, areas, teams); those are
//! data and come ready in the contexts of the pages.

use std::sync::LazyLock;

use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use rust_embed::RustEmbed;
use serde::Serialize;
use unic_langid::LanguageIdentifier;

pub use fluent_bundle::{FluentArgs, FluentValue};

pub mod format;

#[derive(RustEmbed)]
#[folder = "../../translations"]
struct Translations;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Language {
    #[default]
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// Every language, the first one first.
    pub const ALL: [Self; 2] = [Self::Id, Self::En];

    /// The BCP 47 tag, as in `lang` attributes, cookies and folder names.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The language of a tag; a region after it is ignored.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            // `in` is what older Java and Android call Indonesian.
            "id" | "in" => Some(Self::Id),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The one a page offers beside this one.
    pub const fn other(self) -> Self {
        match self {
            Self::Id => Self::En,
            Self::En => Self::Id,
        }
    }

    /// The choice kept in the cookie, else the best of `Accept-Language` (RFC 9110 §12.5.4), else
    /// Bahasa Indonesia.
    pub fn choose(cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        cookie
            .and_then(Self::from_tag)
            .or_else(|| accept_language.and_then(best_accepted))
            .unwrap_or_default()
    }
}

fn best_accepted(header: &str) -> Option<Language> {
    let weighted = header.split(',').filter_map(|part| {
        let mut pieces = part.split(';');
        let language = Language::from_tag(pieces.next()?)?;
        let quality = pieces
            .find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok())
            .unwrap_or(1.0);
        (quality > 0.0).then_some((language, quality))
    });
    // The first of equals wins, so `max_by` (which takes the last) will not do.
    weighted
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(language, _)| language)
}

/// Why there is no text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TextError {
    #[error("no text {key} in {}", .language.tag())]
    Missing { language: Language, key: String },
    #[error("text {key} in {} could not be filled in: {problems}", .language.tag())]
    Incomplete {
        language: Language,
        key: String,
        problems: String,
    },
}

/// The text of `key`, filled in with `args`.
///
/// # Errors
/// When the key does not exist or a variable of the text is not among `args`.
pub fn try_text(
    language: Language,
    key: &str,
    args: Option<&FluentArgs<'_>>,
) -> Result<String, TextError> {
    let bundle = bundle(language);
    let pattern = bundle
        .get_message(key)
        .and_then(|message| message.value())
        .ok_or_else(|| TextError::Missing {
            language,
            key: key.to_owned(),
        })?;
    let mut errors = Vec::new();
    let text = bundle
        .format_pattern(pattern, args, &mut errors)
        .into_owned();
    if errors.is_empty() {
        return Ok(text);
    }
    Err(TextError::Incomplete {
        language,
        key: key.to_owned(),
        problems: format!("{errors:?}"),
    })
}

/// The text of `key`; when it cannot be made, the key itself, and a line in the log.
pub fn text(language: Language, key: &str, args: Option<&FluentArgs<'_>>) -> String {
    try_text(language, key, args).unwrap_or_else(|error| {
        tracing::error!(text.key = key, %error, "a text is missing");
        key.to_owned()
    })
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> &'static Bundle {
    static ID: LazyLock<Bundle> = LazyLock::new(|| load(Language::Id));
    static EN: LazyLock<Bundle> = LazyLock::new(|| load(Language::En));
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}

fn load(language: Language) -> Bundle {
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Pages carry `lang` and have one writing direction; isolation marks would show up in copies.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::Id => |value: &FluentValue<'_>, _: &_| write_number(Language::Id, value),
        Language::En => |value: &FluentValue<'_>, _: &_| write_number(Language::En, value),
    }));
    for (name, source) in sources(language) {
        let resource = FluentResource::try_new(source).unwrap_or_else(|(rest, errors)| {
            tracing::error!(file = name, ?errors, "a translation file has mistakes");
            rest
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(file = name, ?errors, "a text is given twice");
        }
    }
    bundle
}

fn write_number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(format::number(language, number.value)),
        _ => None,
    }
}

/// Names and contents of the files of a language, in order of name.
fn sources(language: Language) -> Vec<(String, String)> {
    let prefix = format!("{}/", language.tag());
    let mut names: Vec<_> = Translations::iter()
        .filter(|name| name.starts_with(&prefix) && name.ends_with(".ftl"))
        .map(|name| name.into_owned())
        .collect();
    names.sort();
    let read = |name: String| {
        let file = Translations::get(&name)?;
        Some((name, String::from_utf8_lossy(&file.data).into_owned()))
    };
    names.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests;
