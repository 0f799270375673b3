//! Queries, out: a text that means the same again.

use std::fmt::Write;

use pendopo_domain::entities::Iri;
use pendopo_domain::entities::query::{Comparison, Logic, Operand, Scalar, Term};

use super::term::ENDS;
use crate::ngsi_ld::context::Context;

/// A condition as a text of `q`, with the names of `context`.
pub fn condition_text(condition: &Logic<Term>, context: &Context) -> String {
    let mut out = String::new();
    logic(&mut out, condition, 0, &|out, term| {
        write_term(out, term, context);
    });
    out
}

/// A selection of types as a text, with the names of `context`.
pub fn types_text(types: &Logic<Iri>, context: &Context) -> String {
    let mut out = String::new();
    logic(&mut out, types, 0, &|out, name: &Iri| {
        out.push_str(&context.compact(name));
    });
    out
}

/// `level`: 0 for the whole, 1 inside of *or*, 2 inside of *and*.
fn logic<T>(out: &mut String, whole: &Logic<T>, level: u8, term: &impl Fn(&mut String, &T)) {
    let (parts, sign, own) = match whole {
        Logic::Is(one) => return term(out, one),
        Logic::Any(parts) => (parts, '|', 1),
        Logic::All(parts) => (parts, ';', 2),
    };
    let closed = level >= own;
    if closed {
        out.push('(');
    }
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            out.push(sign);
        }
        logic(out, part, own, term);
    }
    if closed {
        out.push(')');
    }
}

fn write_term(out: &mut String, term: &Term, context: &Context) {
    let names: Vec<_> = term.path.iter().map(|name| context.compact(name)).collect();
    let plain = |name: &str| !name.contains(ENDS) && !name.contains('.');
    let alone = |name: &str| !name.contains(ENDS) && name.contains("://");
    if names
        .iter()
        .all(|name| plain(name) && !name.contains("://"))
    {
        out.push_str(&names.join("."));
    } else if let [one] = &*names
        && alone(one)
    {
        out.push_str(one);
    } else {
        for (n, name) in term.path.iter().enumerate() {
            out.push_str(if n > 0 { ".<" } else { "<" });
            out.push_str(name);
            out.push('>');
        }
    }
    if !term.inside.is_empty() {
        if term.inside.iter().any(|key| key.contains(['.', '"'])) {
            for key in &term.inside {
                // Writing into a text cannot fail.
                let _ = write!(out, "[\"{key}\"]");
            }
        } else {
            let _ = write!(out, "[{}]", term.inside.join("."));
        }
    }
    if let Some((comparison, operand)) = &term.test {
        out.push_str(match comparison {
            Comparison::Equal => "==",
            Comparison::Unequal => "!=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Matches => "~=",
            Comparison::MatchesNot => "!~=",
        });
        write_operand(out, operand);
    }
}

fn write_operand(out: &mut String, operand: &Operand) {
    match operand {
        Operand::Pattern(pattern) => quoted(out, pattern.as_str()),
        Operand::Between(from, to) => {
            scalar(out, from);
            out.push_str("..");
            scalar(out, to);
        }
        Operand::OneOf(all) => {
            for (n, one) in all.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                scalar(out, one);
            }
        }
    }
}

fn scalar(out: &mut String, scalar: &Scalar) {
    let _ = match scalar {
        Scalar::Number(number) => write!(out, "{number}"),
        Scalar::Bool(bool) => write!(out, "{bool}"),
        Scalar::Time(time) => write!(out, "{time}"),
        Scalar::Text { text, .. } => {
            quoted(out, text);
            Ok(())
        }
    };
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
