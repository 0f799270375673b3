//! One comparison of `q` (ETSI GS CIM 009, section 4.9).

use pendopo_domain::entities::Iri;
use pendopo_domain::entities::query::{
    CREATED_AT, Comparison, MODIFIED_AT, OBSERVED_AT, Operand, Scalar, Term,
};

use super::{Cursor, pattern};
use crate::ngsi_ld::context::Context;
use crate::ngsi_ld::names;
use crate::ngsi_ld::problem::{Problem, echo};

/// Names in one path.
const MOST_PATH: usize = 16;
/// Values of one list.
const MOST_VALUES: usize = 100;

/// `airQuality.reliability[inner.part]>=4`, or a path alone.
pub fn term(cursor: &mut Cursor<'_>, context: &Context) -> Result<Term, Problem> {
    let path = path(cursor, context)?;
    let inside = inside(cursor)?;
    cursor.rest = cursor.rest.trim_start();
    let signs = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        (">=", Comparison::GreaterEqual),
        ("<=", Comparison::LessEqual),
        (">", Comparison::Greater),
        ("<", Comparison::Less),
        ("~=", Comparison::Matches),
        ("!~=", Comparison::MatchesNot),
    ];
    let found = signs.into_iter().find(|(sign, _)| cursor.eat(sign));
    let test = match found {
        None => None,
        Some((_, sign @ (Comparison::Matches | Comparison::MatchesNot))) => {
            Some((sign, Operand::Pattern(pattern(&pattern_text(cursor)?)?)))
        }
        Some((_, sign)) => Some((sign, operand(cursor, sign, &path, context)?)),
    };
    cursor.rest = cursor.rest.trim_start();
    Ok(Term { path, inside, test })
}

fn path(cursor: &mut Cursor<'_>, context: &Context) -> Result<Vec<Iri>, Problem> {
    let text = cursor
        .take_until(&[
            '[', '=', '!', '>', '<', '~', ';', '|', '(', ')', ' ', ',', '"',
        ])
        .trim();
    let names: Vec<&str> = if text.contains("://") {
        vec![text]
    } else {
        text.split('.').collect()
    };
    if names.len() > MOST_PATH {
        return Err(Problem::bad("the path is too long"));
    }
    let one = |name: &&str| {
        if name.is_empty() {
            return Err(cursor.wrong("expected the name of an attribute"));
        }
        names::check_name(name)?;
        let iri = context.expand_name(name);
        if iri.starts_with('@') {
            return Err(Problem::bad(format!("'{}' is no attribute", echo(name))));
        }
        Ok(iri)
    };
    names.iter().map(one).collect()
}

fn inside(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Problem> {
    let mut keys = vec![];
    while cursor.eat("[") {
        let text = cursor.take_until(&[']']);
        if !cursor.eat("]") {
            return Err(cursor.wrong("expected ']'"));
        }
        // A key in quotes may have dots.
        if let Some(key) = text.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
            keys.push(key.to_owned());
        } else {
            keys.extend(text.split('.').map(|key| key.trim().to_owned()));
        }
    }
    if keys.len() > MOST_PATH || keys.iter().any(String::is_empty) {
        return Err(Problem::bad("brackets need the names of members"));
    }
    Ok(keys)
}

/// A pattern, in quotes or up to the end of the term; its own parentheses may hold the signs of the query.
fn pattern_text(cursor: &mut Cursor<'_>) -> Result<String, Problem> {
    if cursor.rest.starts_with('"') {
        return quoted(cursor);
    }
    let (mut depth, mut escaped) = (0_usize, false);
    let mut end = cursor.rest.len();
    for (at, c) in cursor.rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' | '[' => depth += 1,
            ')' if depth == 0 => {
                end = at;
                break;
            }
            ')' | ']' => depth = depth.saturating_sub(1),
            ';' | '|' if depth == 0 => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let (text, rest) = cursor.rest.split_at(end);
    if text.is_empty() {
        return Err(cursor.wrong("expected a pattern"));
    }
    cursor.rest = rest;
    Ok(text.to_owned())
}

/// A text in quotes. `\"` and `\\` stand for what they show; before anything else the backslash is its own.
fn quoted(cursor: &mut Cursor<'_>) -> Result<String, Problem> {
    let inner = &cursor.rest[1..];
    let mut text = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                cursor.rest = &inner[at + 1..];
                return Ok(text);
            }
            '\\' => match chars.peek() {
                Some((_, next @ ('"' | '\\'))) => {
                    text.push(*next);
                    chars.next();
                }
                _ => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    Err(cursor.wrong("expected '\"'"))
}

fn operand(
    cursor: &mut Cursor<'_>,
    sign: Comparison,
    path: &[Iri],
    context: &Context,
) -> Result<Operand, Problem> {
    let equality = matches!(sign, Comparison::Equal | Comparison::Unequal);
    let first = scalar(cursor, path, context)?;
    if cursor.eat("..") {
        let last = scalar(cursor, path, context)?;
        let same = std::mem::discriminant(&first) == std::mem::discriminant(&last);
        if !equality || !same || matches!(first, Scalar::Bool(_)) {
            return Err(Problem::bad("a range is for == and != and of one kind"));
        }
        return Ok(Operand::Between(first, last));
    }
    let mut values = vec![first];
    while cursor.eat(",") {
        values.push(scalar(cursor, path, context)?);
    }
    if values.len() > 1 && !equality {
        return Err(Problem::bad("a list of values is for == and !="));
    }
    if values.len() > MOST_VALUES {
        return Err(Problem::bad("too many values"));
    }
    Ok(Operand::OneOf(values))
}

fn scalar(cursor: &mut Cursor<'_>, path: &[Iri], context: &Context) -> Result<Scalar, Problem> {
    cursor.rest = cursor.rest.trim_start();
    let of_text = |text: String| {
        let iri = context.expand_once(&text);
        Scalar::Text { text, iri }
    };
    if cursor.rest.starts_with('"') {
        return Ok(of_text(quoted(cursor)?));
    }
    let end = cursor
        .rest
        .find([';', '|', ',', ')', '(', '"'])
        .unwrap_or(cursor.rest.len());
    let end = cursor.rest[..end].find("..").unwrap_or(end);
    let (text, rest) = cursor.rest.split_at(end);
    let text = text.trim();
    if text.is_empty() || text.contains(['=', '<', '>']) && !text.contains("://") {
        return Err(cursor.wrong("expected a value"));
    }
    cursor.rest = rest;
    if let Some(number) = number(text) {
        return Ok(Scalar::Number(number));
    }
    Ok(match text {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        _ => match time(text, path) {
            Some(time) => Scalar::Time(time),
            None => of_text(text.to_owned()),
        },
    })
}

/// A JSON number; not `inf` or `nan`, which Rust would take.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// An instant; a date alone where times are compared, since elsewhere it is a text like any other.
fn time(text: &str, path: &[Iri]) -> Option<pendopo_domain::time::Timestamp> {
    let of_time = || {
        matches!(
            path.last().map(|name| &**name),
            Some(OBSERVED_AT | CREATED_AT | MODIFIED_AT)
        )
    };
    names::instant(text).or_else(|| {
        (text.len() == 10 && of_time())
            .then(|| names::instant(&format!("{text}T00:00:00Z")))
            .flatten()
    })
}
