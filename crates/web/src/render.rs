//! Templates to pages: minijinja with strict undefined values and HTML escaping, embedded.
//!
//! A template sees `chrome` (what surrounds every page) and `page` (its own context). Language and
//! zone come from `chrome`. Functions: `t(key, **args)` and `t_html` (the text may hold markup, its
//! arguments may not), `share(part, whole)`, `bar(part, whole)`. Filters: `date`, `day_month`,
//! `time`, `clock`, `date_time`, `age`, `number`. A template never reads a clock or a store.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, HtmlEscape, State, UndefinedBehavior,
    escape_formatter,
};
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::i18n::{FluentArgs, FluentValue, Language, format, text, try_text};
use crate::pages_view::Chrome;
use pendopo_domain::time::Timestamp;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Templates;

/// The context of one page.
pub trait Page: Serialize {
    /// File name under `templates/`.
    const TEMPLATE: &'static str;

    /// Contexts that show the page empty, full and failing; every test renders them all.
    fn sample() -> Vec<Self>
    where
        Self: Sized;
}

/// The page could not be made. The cause is for the log, never for the reader.
#[derive(Debug, thiserror::Error)]
#[error("the template {template} could not be rendered")]
pub struct RenderError {
    pub template: &'static str,
    #[source]
    pub source: Error,
}

#[derive(Serialize)]
struct Context<'a, C> {
    chrome: &'a Chrome,
    page: &'a C,
}

/// Renders `context` inside `chrome`.
///
/// # Errors
/// When the template uses a value that does not exist, or a text is missing.
pub fn page<C: Page>(chrome: &Chrome, context: &C) -> Result<String, RenderError> {
    let whole = Context {
        chrome,
        page: context,
    };
    ENVIRONMENT
        .get_template(C::TEMPLATE)
        .and_then(|template| template.render(Value::from(Serde(whole))))
        .map_err(|source| RenderError {
            template: C::TEMPLATE,
            source,
        })
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_formatter(|out, state, value| {
        // `none` on a page is a mistake of the template; tests stop, a real page shows nothing.
        if value.is_none() {
            return if cfg!(test) {
                Err(invalid("a value that is none was printed"))
            } else {
                Ok(())
            };
        }
        escape_formatter(out, state, value)
    });
    env.set_loader(|name| {
        let read =
            |file: rust_embed::EmbeddedFile| String::from_utf8_lossy(&file.data).into_owned();
        Ok(Templates::get(name).map(read))
    });
    env.add_function("t", t);
    env.add_function("t_html", t_html);
    env.add_function("share", |part: i64, whole: i64| {
        format::percent(part, whole)
    });
    env.add_function("bar", bar);
    env.add_filter("number", number);
    env.add_filter("date", |state: &mut State<'_, '_>, at: &Value| {
        in_zone(state, at, |l, at| format::date(l.language, at))
    });
    env.add_filter("day_month", |state: &mut State<'_, '_>, at: &Value| {
        in_zone(state, at, |l, at| format::day_month(l.language, at))
    });
    env.add_filter("clock", |state: &mut State<'_, '_>, at: &Value| {
        in_zone(state, at, |l, at| format::clock(l.language, at))
    });
    env.add_filter("time", |state: &mut State<'_, '_>, at: &Value| {
        in_zone(state, at, |l, at| {
            format!("{} {}", format::clock(l.language, at), l.abbreviation)
        })
    });
    env.add_filter("date_time", |state: &mut State<'_, '_>, at: &Value| {
        in_zone(state, at, |l, at| {
            let (date, clock) = (format::date(l.language, at), format::clock(l.language, at));
            format!("{date}, {clock} {}", l.abbreviation)
        })
    });
    env.add_filter("age", |state: &mut State<'_, '_>, at: &Value| {
        let at = timestamp(at)?;
        let locale = Locale::of(state)?;
        Ok::<_, Error>(format::age(locale.language, at, locale.now))
    });
    env
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail.into())
}

/// What formatting needs to know, taken from `chrome` once per page.
#[derive(Clone)]
struct Locale {
    language: Language,
    zone: TimeZone,
    abbreviation: String,
    now: Timestamp,
}

impl Locale {
    /// From the state of this rendering; a macro sees it too, though it does not see `chrome`.
    fn of(state: &mut State<'_, '_>) -> Result<Self, Error> {
        if let Some(known) = state.get_extension::<Self>() {
            return Ok(known.clone());
        }
        let chrome = state
            .lookup("chrome")
            .ok_or_else(|| invalid("the template uses texts before `chrome` is known"))?;
        let get = |name: &str| -> Result<String, Error> {
            let value = chrome.get_attr(name)?;
            Ok(value.as_str().unwrap_or_default().to_owned())
        };
        let locale = Self {
            language: Language::from_tag(&get("language")?).unwrap_or_default(),
            zone: TimeZone::get(&get("zone")?).unwrap_or(TimeZone::UTC),
            abbreviation: get("zone_abbreviation")?,
            now: timestamp(&chrome.get_attr("now")?)?,
        };
        Ok(state.get_or_insert_extension(locale).clone())
    }
}

/// RFC 3339 text or microseconds since the epoch.
fn timestamp(value: &Value) -> Result<Timestamp, Error> {
    if let Some(text) = value.as_str() {
        let parsed: Result<jiff::Timestamp, _> = text.parse();
        return parsed
            .map(Timestamp::from)
            .map_err(|error| invalid(error.to_string()));
    }
    value
        .as_i64()
        .map(Timestamp::from_micros)
        .ok_or_else(|| invalid(format!("not an instant: {value}")))
}

fn in_zone(
    state: &mut State<'_, '_>,
    at: &Value,
    write: impl Fn(&Locale, &jiff::ZonedDateTime) -> String,
) -> Result<String, Error> {
    let locale = Locale::of(state)?;
    Ok(write(&locale, &timestamp(at)?.in_zone(&locale.zone)))
}

fn number(state: &mut State<'_, '_>, value: f64) -> Result<String, Error> {
    Ok(format::number(Locale::of(state)?.language, value))
}

/// How wide the bar of `part` of `whole` is, as an SVG length.
fn bar(part: i64, whole: i64) -> String {
    let share = match whole {
        ..=0 => 0,
        _ => part.clamp(0, whole).saturating_mul(100) / whole,
    };
    format!("{share}%")
}

fn t(state: &mut State<'_, '_>, key: &str, args: Kwargs) -> Result<String, Error> {
    translate(state, key, &args, |text| text.to_owned())
}

fn t_html(state: &mut State<'_, '_>, key: &str, args: Kwargs) -> Result<Value, Error> {
    translate(state, key, &args, |text| HtmlEscape(text).to_string()).map(Value::from_safe_string)
}

fn translate(
    state: &mut State<'_, '_>,
    key: &str,
    kwargs: &Kwargs,
    escape: fn(&str) -> String,
) -> Result<String, Error> {
    let language = Locale::of(state)?.language;
    let mut args = FluentArgs::new();
    for name in kwargs.args() {
        let value: Value = kwargs.get(name)?;
        let filled = match value.kind() {
            ValueKind::Number => f64::try_from(value).map(FluentValue::from)?,
            ValueKind::String => FluentValue::from(escape(value.as_str().unwrap_or_default())),
            kind => return Err(invalid(format!("{key}: {name} is {kind}"))),
        };
        args.set(name.to_owned(), filled);
    }
    if cfg!(debug_assertions) {
        return try_text(language, key, Some(&args)).map_err(|error| invalid(error.to_string()));
    }
    Ok(text(language, key, Some(&args)))
}

#[cfg(test)]
mod tests;
