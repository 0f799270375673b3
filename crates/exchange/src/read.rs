//! Files become a blueprint: TOML for data, Fluent for words.
//!
//! The words of a blueprint may hold `{ $param }` and nothing else that Fluent can do.

use std::collections::BTreeSet;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use pendopo_domain::blueprints::objects::Kind;
use pendopo_domain::blueprints::{Blueprint, Manifest, Problem, Trial, What, tree};
use serde_json::{Map, Value};

use crate::{Files, MANIFEST};

/// Reads a blueprint: what can be read of it, and what cannot. `None` without a manifest.
pub fn read(files: &Files) -> (Option<Blueprint>, Vec<Problem>) {
    let mut problems = vec![];
    let Some(bytes) = files.get(MANIFEST) else {
        return (None, vec![Problem::new(MANIFEST, What::MissingFile, "")]);
    };
    let manifest: Manifest = match toml(bytes) {
        Ok(manifest) => manifest,
        Err(why) => return (None, vec![Problem::new(MANIFEST, What::Unreadable, why)]),
    };
    let mut blueprint = Blueprint {
        objects: Default::default(),
        trials: Default::default(),
        manifest,
    };
    let mut listed: BTreeSet<&str> = [MANIFEST].into();
    for entry in &blueprint.manifest.objects {
        listed.insert(&entry.path);
        let content = content(files, &entry.path, entry.sha256.as_deref(), &mut problems);
        let Some(content) = content else { continue };
        let data = match entry.kind {
            Kind::Text => words(content),
            _ => toml(content),
        };
        match data {
            Ok(data) => {
                blueprint.objects.insert(entry.object(), data);
            }
            Err(why) => problems.push(Problem::new(&entry.path, What::Unreadable, why)),
        }
    }
    for entry in &blueprint.manifest.tests {
        listed.insert(&entry.path);
        let content = content(files, &entry.path, entry.sha256.as_deref(), &mut problems);
        let Some(content) = content else { continue };
        match toml::<Trial>(content) {
            Ok(trial) => {
                blueprint.trials.insert(entry.path.clone(), trial);
            }
            Err(why) => problems.push(Problem::new(&entry.path, What::Unreadable, why)),
        }
    }
    let unknown = files.keys().filter(|path| !listed.contains(path.as_str()));
    problems.extend(unknown.map(|path| Problem::new(path, What::UnknownFile, "")));
    (Some(blueprint), problems)
}

/// Reads a blueprint and looks whether it can be handed on.
///
/// # Errors
/// Everything that is wrong with it, in order.
pub fn checked(files: &Files) -> Result<Blueprint, Vec<Problem>> {
    let (blueprint, mut problems) = read(files);
    if let Some(blueprint) = &blueprint {
        problems.extend(pendopo_domain::blueprints::check(blueprint));
    }
    problems.sort();
    match (blueprint, problems.is_empty()) {
        (Some(blueprint), true) => Ok(blueprint),
        _ => Err(problems),
    }
}

fn content<'a>(
    files: &'a Files,
    path: &str,
    sha256: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Option<&'a [u8]> {
    let Some(content) = files.get(path) else {
        problems.push(Problem::new(path, What::MissingFile, ""));
        return None;
    };
    if sha256.is_some_and(|sha256| sha256 != tree::digest(content)) {
        problems.push(Problem::new(path, What::BadDigest, ""));
        return None;
    }
    Some(content)
}

fn toml<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    toml::from_str(text).map_err(|error| {
        // The line is where an author looks first.
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        match line {
            Some(line) => format!("{line}: {}", error.message()),
            None => error.message().to_owned(),
        }
    })
}

/// The messages of a Fluent file by key; a variable becomes the placeholder of a parameter.
fn words(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let resource = fluent_syntax::parser::parse(text)
        .map_err(|(_, errors)| errors.first().map(ToString::to_string).unwrap_or_default())?;
    let mut words = Map::new();
    for entry in resource.body {
        let message = match entry {
            Entry::Message(message) if message.attributes.is_empty() => message,
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
            Entry::Message(message) => return Err(message.id.name.to_owned()),
            Entry::Term(term) => return Err(term.id.name.to_owned()),
            Entry::Junk { content } => return Err(content.to_owned()),
        };
        let key = message.id.name.to_owned();
        let mut whole = String::new();
        for element in message
            .value
            .into_iter()
            .flat_map(|pattern| pattern.elements)
        {
            match element {
                PatternElement::TextElement { value } => whole.push_str(value),
                PatternElement::Placeable {
                    expression: Expression::Inline(InlineExpression::VariableReference { id }),
                } => whole.push_str(&format!("${{{}}}", id.name)),
                PatternElement::Placeable { .. } => return Err(key),
            }
        }
        if words.insert(key.clone(), Value::from(whole)).is_some() {
            return Err(key);
        }
    }
    Ok(Value::Object(words))
}
