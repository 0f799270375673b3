//! Simple checks of a page: tags close, ids are unique, inputs have labels, nothing is inline.

use std::collections::BTreeSet;

const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "hr"];

/// A start or end tag with its attributes.
struct Tag<'a> {
    name: &'a str,
    end: bool,
    closed: bool,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.attributes.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| *value)
    }
}

/// Everything that is wrong with `text`.
pub(super) fn problems(text: &str, language: &str, fragment: bool) -> Vec<String> {
    let tags = tags(text);
    let mut found = nesting(&tags);
    found.extend(names(&tags));
    let count = |name: &str| {
        tags.iter()
            .filter(|tag| !tag.end && tag.name == name)
            .count()
    };
    if !fragment {
        if !text.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\"")) {
            found.push("no doctype or lang".to_owned());
        }
        if count("h1") != 1 {
            found.push(format!("{} h1", count("h1")));
        }
        if count("main") != 1 {
            found.push(format!("{} main", count("main")));
        }
    }
    for tag in tags.iter().filter(|tag| !tag.end) {
        for (name, _) in &tag.attributes {
            if *name == "style" || name.starts_with("on") {
                found.push(format!("{} has {name}", tag.name));
            }
        }
        if tag.name == "script" && tag.get("src").is_none() || tag.name == "style" {
            found.push(format!("inline {}", tag.name));
        }
        if tag.name == "img" && tag.get("alt").is_none() {
            found.push("img without alt".to_owned());
        }
    }
    for word in ["undefined", "Undefined", "{{", "{%", "⟦"] {
        if text.contains(word) {
            found.push(format!("the text holds {word}"));
        }
    }
    found
}

fn nesting(tags: &[Tag<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for tag in tags {
        if tag.end {
            match open.pop() {
                Some(name) if name == tag.name => {}
                other => found.push(format!("</{}> closes {other:?}", tag.name)),
            }
        } else if !tag.closed && !VOID.contains(&tag.name) {
            if tag.name == "form" && open.contains(&"form") {
                found.push("a form in a form".to_owned());
            }
            let block = [
                "p", "div", "ul", "ol", "dl", "section", "form", "figure", "details",
            ];
            if block.contains(&tag.name) && open.last() == Some(&"p") {
                found.push(format!("a {} in a p", tag.name));
            }
            open.push(tag.name);
        }
    }
    if !open.is_empty() {
        found.push(format!("left open: {open:?}"));
    }
    found
}

fn names(tags: &[Tag<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    let mut labelled = BTreeSet::new();
    for tag in tags.iter().filter(|tag| !tag.end) {
        if let Some(id) = tag.get("id")
            && !ids.insert(id)
        {
            found.push(format!("id {id} twice"));
        }
        if tag.name == "label"
            && let Some(id) = tag.get("for")
        {
            labelled.insert(id);
        }
    }
    let mut inside_label = 0_usize;
    for tag in tags {
        if tag.name == "label" {
            inside_label = if tag.end {
                inside_label - 1
            } else {
                inside_label + 1
            };
        }
        if tag.end {
            continue;
        }
        let input = matches!(tag.name, "input" | "select" | "textarea")
            && tag.get("type") != Some("hidden");
        let id = tag.get("id").unwrap_or_default();
        if input && inside_label == 0 && !labelled.contains(id) {
            found.push(format!("{} {:?} has no label", tag.name, tag.get("name")));
        }
        for reference in ["aria-describedby", "aria-labelledby"] {
            for id in tag.get(reference).unwrap_or_default().split_whitespace() {
                if !ids.contains(id) {
                    found.push(format!("{reference} {id} leads nowhere"));
                }
            }
        }
        if let Some(id) = tag.get("href").and_then(|href| href.strip_prefix('#'))
            && !ids.contains(id)
        {
            found.push(format!("link #{id} leads nowhere"));
        }
    }
    found
}

fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    for piece in text.split('<').skip(1) {
        if piece.starts_with('!') {
            continue;
        }
        let Some(piece) = inside(piece) else { continue };
        let (end, piece) = match piece.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let (closed, piece) = match piece.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let (name, rest) = piece.split_once(char::is_whitespace).unwrap_or((piece, ""));
        found.push(Tag {
            name,
            end,
            closed,
            attributes: attributes(rest),
        });
    }
    found
}

/// Up to the `>` that is not in quotes.
fn inside(piece: &str) -> Option<&str> {
    let mut quoted = false;
    let end = piece.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    });
    end.map(|end| &piece[..end])
}

fn attributes(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match after.strip_prefix("=\"") {
            Some(value) => {
                let end = value.find('"').unwrap_or(value.len());
                found.push((name, &value[..end]));
                rest = value.get(end + 1..).unwrap_or_default();
            }
            None => {
                found.push((name, ""));
                rest = after.trim_start_matches('=');
            }
        }
    }
}
