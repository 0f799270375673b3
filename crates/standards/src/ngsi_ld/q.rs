//! The query languages of NGSI-LD, in: `q` and `csf`, `type`, `scopeQ`, geo-queries, `idPattern` (ETSI GS CIM 009,
//! sections 4.9, 4.10, 4.17, 4.19).
//!
//! *and* (`;`) binds more tightly than *or* (`|`, and `,` where the section has it). A name in `q` that is a written-out
//! URI is one name: its dots are its own.

mod term;

use pendopo_domain::entities::command::NULL;
use pendopo_domain::entities::query::{Geo, LOCATION, Logic, Relation, Scope, Term};
use pendopo_domain::entities::{Geometry, Iri};
use regex::{Regex, RegexBuilder};
use serde_json::value::RawValue;

use super::context::Context;
use super::json;
use super::names;
use super::problem::{Problem, echo};

/// Longest text of one query, in bytes.
pub const MOST_BYTES: usize = 4_096;
/// Parentheses inside each other.
pub const MOST_DEPTH: usize = 16;
/// Bytes that a compiled pattern may take.
const MOST_PATTERN_BYTES: usize = 256 * 1_024;
/// Longest text of coordinates, in bytes.
const MOST_COORDINATES: usize = 256 * 1_024;

/// A condition of `q` or `csf`.
///
/// # Errors
/// BadRequestData.
pub fn condition(text: &str, context: &Context) -> Result<Logic<Term>, Problem> {
    logic(text, &[';'], &['|'], &|cursor| term::term(cursor, context))
        .map_err(|problem| problem.of("q"))
}

/// The same from a document, where the values in quotes may still be encoded as in a URL.
///
/// # Errors
/// BadRequestData.
pub fn condition_of_document(text: &str, context: &Context) -> Result<Logic<Term>, Problem> {
    condition(&decoded(text), context)
}

/// A selection of types: `A,B`, `(A;B)|C`.
///
/// # Errors
/// BadRequestData.
pub fn types(text: &str, context: &Context) -> Result<Logic<Iri>, Problem> {
    let one = |cursor: &mut Cursor<'_>| {
        let name = cursor.take_until(&[';', '|', ',', '(', ')']).trim();
        names::check_name(name)?;
        let iri = context.expand_name(name);
        if iri.starts_with('@') {
            return Err(Problem::bad(format!("'{}' is not a type", echo(name))));
        }
        Ok(iri)
    };
    logic(text, &[';'], &['|', ','], &one).map_err(|problem| problem.of("type"))
}

/// A selection of scopes: `/Madrid/+/ParqueNorte,/CompanyA/#`.
///
/// # Errors
/// BadRequestData.
pub fn scopes(text: &str) -> Result<Logic<Scope>, Problem> {
    let one = |cursor: &mut Cursor<'_>| {
        let text = cursor.take_until(&[';', '|', ',', '(', ')']).trim();
        let wrong = || Problem::bad(format!("'{}' is not a scope", echo(text)));
        let levels = text.strip_prefix('/').unwrap_or(text);
        let (levels, below) = match levels.strip_suffix('#') {
            Some("") => ("", true),
            Some(levels) => (levels.strip_suffix('/').ok_or_else(wrong)?, true),
            None => (levels, false),
        };
        let levels: Vec<String> = match levels {
            "" => vec![],
            levels => levels.split('/').map(str::to_owned).collect(),
        };
        let fits = |level: &String| level == "+" || names::is_level(level);
        if !levels.iter().all(fits) || (levels.is_empty() && !below) {
            return Err(wrong());
        }
        Ok(if below {
            Scope::Below(levels)
        } else {
            Scope::Exact(levels)
        })
    };
    logic(text, &[';'], &['|', ','], &one).map_err(|problem| problem.of("scopeQ"))
}

/// The parameters of a geo-query; `None` when none of them is given.
///
/// # Errors
/// BadRequestData, also when one of the three is missing.
pub fn geo(
    georel: Option<&str>,
    geometry: Option<&str>,
    coordinates: Option<&str>,
    geoproperty: Option<&str>,
    context: &Context,
) -> Result<Option<Geo>, Problem> {
    let (georel, geometry, coordinates) = match (georel, geometry, coordinates) {
        (None, None, None) if geoproperty.is_none() => return Ok(None),
        (Some(georel), Some(geometry), Some(coordinates)) => (georel, geometry, coordinates),
        _ => {
            return Err(Problem::bad(
                "a geo-query needs georel, geometry and coordinates",
            ));
        }
    };
    let wrong = |why: String| Problem::bad(why).of("coordinates");
    if coordinates.len() > MOST_COORDINATES {
        return Err(wrong("too long".to_owned()));
    }
    json::shallow(coordinates.as_bytes())?;
    if !geometry.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(Problem::bad("not a type of geometry").of("geometry"));
    }
    let text = format!("{{\"type\":\"{geometry}\",\"coordinates\":{coordinates}}}");
    let text = RawValue::from_string(text).map_err(|_| wrong("not JSON".to_owned()))?;
    let shape = Geometry::parse(text).map_err(|error| wrong(error.to_string()))?;
    let property = match geoproperty {
        None => LOCATION.into(),
        Some(name) => {
            names::check_name(name).map_err(|problem| problem.of("geoproperty"))?;
            context.expand_name(name)
        }
    };
    Ok(Some(Geo {
        relation: relation(georel).map_err(|problem| problem.of("georel"))?,
        shape: shape.shape().clone(),
        property,
    }))
}

fn relation(text: &str) -> Result<Relation, Problem> {
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let plain = match name {
        "within" => Relation::Within,
        "contains" => Relation::Contains,
        "overlaps" => Relation::Overlaps,
        "intersects" => Relation::Intersects,
        "equals" => Relation::Equals,
        "disjoint" => Relation::Disjoint,
        "near" => return near(&rest),
        other => {
            return Err(Problem::bad(format!("'{}' is not a relation", echo(other))));
        }
    };
    if rest.is_empty() {
        Ok(plain)
    } else {
        Err(Problem::bad("only near has a distance"))
    }
}

fn near(parts: &[&str]) -> Result<Relation, Problem> {
    let (mut least, mut most) = (None, None);
    for part in parts {
        let (name, metres) = part
            .split_once("==")
            .ok_or_else(|| Problem::bad("a distance is maxDistance==metres"))?;
        let metres = metres
            .parse()
            .ok()
            .filter(|metres: &f64| metres.is_finite() && *metres >= 0.0)
            .ok_or_else(|| Problem::bad("a distance is a number of metres"))?;
        match name {
            "maxDistance" if most.is_none() => most = Some(metres),
            "minDistance" if least.is_none() => least = Some(metres),
            _ => return Err(Problem::bad("near has a minDistance and a maxDistance")),
        }
    }
    if least.is_none() && most.is_none() {
        return Err(Problem::bad("near needs a minDistance or a maxDistance"));
    }
    Ok(Relation::Near { least, most })
}

/// A pattern of ids.
///
/// # Errors
/// BadRequestData.
pub fn id_pattern(text: &str) -> Result<Regex, Problem> {
    pattern(text).map_err(|problem| problem.of("idPattern"))
}

/// A regular expression that is neither too large nor against POSIX where the engine would allow it.
pub(super) fn pattern(text: &str) -> Result<Regex, Problem> {
    let wrong = || Problem::bad(format!("'{}' is not a pattern", echo(text)));
    if text.len() > MOST_BYTES || repeats_a_repetition(text) {
        return Err(wrong());
    }
    RegexBuilder::new(text)
        .size_limit(MOST_PATTERN_BYTES)
        .dfa_size_limit(MOST_PATTERN_BYTES)
        .nest_limit(MOST_DEPTH as u32 * 2)
        .build()
        .map_err(|_| wrong())
}

/// `a**`, which is nothing in POSIX and `a*` for the engine.
fn repeats_a_repetition(text: &str) -> bool {
    let (mut escaped, mut class, mut repeated) = (false, false, false);
    for c in text.chars() {
        let repeats = !escaped && !class && matches!(c, '*' | '+');
        if repeats && repeated {
            return true;
        }
        repeated = repeats;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if !class => class = true,
            ']' => class = false,
            _ => {}
        }
    }
    false
}

/// Ids separated by commas.
///
/// # Errors
/// BadRequestData.
pub fn ids(text: &str) -> Result<Vec<Iri>, Problem> {
    text.split(',')
        .map(|one| names::id(one.trim()))
        .collect::<Result<_, _>>()
        .map_err(|problem| problem.of("id"))
}

/// What is left of a query while it is read.
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub fn take_until(&mut self, ends: &[char]) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub fn wrong(&self, what: &str) -> Problem {
        let here: String = self.rest.chars().take(20).collect();
        Problem::bad(if here.is_empty() {
            format!("{what}, at the end")
        } else {
            format!("{what}, at '{}'", echo(&here))
        })
    }
}

/// Terms put together with *and* and *or*, and parentheses.
fn logic<T>(
    text: &str,
    and: &[char],
    or: &[char],
    term: &impl Fn(&mut Cursor<'_>) -> Result<T, Problem>,
) -> Result<Logic<T>, Problem> {
    if text.len() > MOST_BYTES {
        return Err(Problem::bad(format!("longer than {MOST_BYTES} bytes")));
    }
    if text == NULL || text.trim().is_empty() {
        return Err(Problem::bad("empty"));
    }
    let mut cursor = Cursor { rest: text };
    let logic = any(&mut cursor, (and, or), term, 0)?;
    if cursor.rest.is_empty() {
        Ok(logic)
    } else {
        Err(cursor.wrong("expected the end"))
    }
}

type Signs<'a> = (&'a [char], &'a [char]);

fn any<T>(
    cursor: &mut Cursor<'_>,
    signs: Signs<'_>,
    term: &impl Fn(&mut Cursor<'_>) -> Result<T, Problem>,
    depth: usize,
) -> Result<Logic<T>, Problem> {
    let mut parts = vec![all(cursor, signs, term, depth)?];
    while cursor.rest.starts_with(signs.1) {
        cursor.rest = &cursor.rest[1..];
        parts.push(all(cursor, signs, term, depth)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Logic::Any(parts),
    })
}

fn all<T>(
    cursor: &mut Cursor<'_>,
    signs: Signs<'_>,
    term: &impl Fn(&mut Cursor<'_>) -> Result<T, Problem>,
    depth: usize,
) -> Result<Logic<T>, Problem> {
    let mut parts = vec![one(cursor, signs, term, depth)?];
    while cursor.rest.starts_with(signs.0) {
        cursor.rest = &cursor.rest[1..];
        parts.push(one(cursor, signs, term, depth)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Logic::All(parts),
    })
}

fn one<T>(
    cursor: &mut Cursor<'_>,
    signs: Signs<'_>,
    term: &impl Fn(&mut Cursor<'_>) -> Result<T, Problem>,
    depth: usize,
) -> Result<Logic<T>, Problem> {
    cursor.rest = cursor.rest.trim_start();
    if !cursor.eat("(") {
        return Ok(Logic::Is(term(cursor)?));
    }
    if depth == MOST_DEPTH {
        return Err(Problem::bad(format!(
            "more than {MOST_DEPTH} parentheses inside each other"
        )));
    }
    let inner = any(cursor, signs, term, depth + 1)?;
    if !cursor.eat(")") {
        return Err(cursor.wrong("expected ')'"));
    }
    cursor.rest = cursor.rest.trim_start();
    Ok(inner)
}

/// A text with its `%20` and the like decoded; the text itself when that is not Unicode.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
