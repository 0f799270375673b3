//! The children of one element, by name, with notes about what was wrong.

use super::super::MOST_TEXT;
use super::{
    DateTime, Element, Fault, MOST_PROBLEMS, OLD_ONLY, Pair, Problem, Refused, SIGNATURES, Version,
    points,
};

/// What is kept while a message is read.
pub(super) struct Notes {
    pub(super) version: Version,
    pub(super) problems: Vec<Problem>,
    pub(super) points_left: usize,
}

impl Notes {
    pub(super) fn add(&mut self, at: &str, fault: Fault) {
        if self.problems.len() < MOST_PROBLEMS {
            let at = at.to_owned();
            self.problems.push(Problem { at, fault });
        }
    }
}

/// One element and what may stand in it.
pub(super) struct Fields<'a, 'n> {
    element: &'a Element,
    at: String,
    pub(super) notes: &'n mut Notes,
}

impl<'a, 'n> Fields<'a, 'n> {
    /// `names` in the order of the schema.
    pub(super) fn new(
        element: &'a Element,
        names: &[&str],
        at: String,
        notes: &'n mut Notes,
    ) -> Self {
        let mut fields = Self { element, at, notes };
        fields.look_around(names);
        fields
    }

    /// Notes what does not belong here, and whether the order is that of the schema.
    fn look_around(&mut self, names: &[&str]) {
        let (mut furthest, mut disordered) = (0, false);
        for child in &self.element.children {
            let ours = self.is_ours(child);
            match names.iter().position(|name| ours && *name == child.name) {
                Some(place) => {
                    disordered |= place < furthest;
                    furthest = furthest.max(place);
                }
                None => {
                    let old = ours && OLD_ONLY.contains(&child.name.as_str());
                    let signature = child.is(Some(SIGNATURES), "Signature");
                    if !old && !signature {
                        self.note(&child.name, Fault::Foreign);
                    }
                }
            }
        }
        if disordered {
            let at = self.at.clone();
            self.notes.add(&at, Fault::Order);
        }
    }

    fn is_ours(&self, child: &Element) -> bool {
        child.namespace == self.element.namespace
    }

    pub(super) fn version(&self) -> Version {
        self.notes.version
    }

    pub(super) fn note(&mut self, name: &str, fault: Fault) {
        let at = self.path(name);
        self.notes.add(&at, fault);
    }

    fn path(&self, name: &str) -> String {
        // Names of strangers are cut: they are only shown.
        let name: String = name.chars().take(40).collect();
        match self.at.is_empty() {
            true => name,
            false => format!("{}/{name}", self.at),
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a Element> + use<'a> {
        let element = self.element;
        let name = name.to_owned();
        let ours =
            move |child: &&Element| child.name == name && child.namespace == element.namespace;
        element.children.iter().filter(ours)
    }

    /// The text of the first one, without a note.
    pub(super) fn peek(&self, name: &str) -> Option<&'a str> {
        self.all(name).next().and_then(Element::trimmed)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.single(name)?;
        Some(self.cut(name, text))
    }

    /// Without a limit of its own.
    pub(super) fn long_text(&mut self, name: &str) -> Option<String> {
        self.single(name).map(str::to_owned)
    }

    /// The one that counts: the first with something in it.
    fn single(&mut self, name: &str) -> Option<&'a str> {
        let mut found = None;
        let (mut count, mut empty) = (0, 0);
        for child in self.all(name) {
            count += 1;
            match child.trimmed() {
                Some(text) => found = found.or(Some(text)),
                None => empty += 1,
            }
        }
        if empty > 0 {
            self.note(name, Fault::Empty);
        }
        if count > 1 {
            self.note(name, Fault::Repeated);
        }
        found
    }

    fn cut(&mut self, name: &str, text: &str) -> String {
        if text.len() <= MOST_TEXT {
            return text.to_owned();
        }
        self.note(name, Fault::TooLong);
        let end = text.floor_char_boundary(MOST_TEXT);
        text[..end].trim_end().to_owned()
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let mut found = vec![];
        for child in self.all(name) {
            match child.trimmed() {
                Some(text) => found.push(self.cut(name, text)),
                None => self.note(name, Fault::Empty),
            }
        }
        found
    }

    /// Items divided by blanks; one with blanks stands in double quotes. CAP 1.2 §3.2.1, `<addresses>`.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let mut items = vec![];
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let quoted = rest
                .strip_prefix('"')
                .and_then(|inside| inside.split_once('"'));
            let (item, after) = match quoted {
                Some(split) => split,
                None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
            };
            let item = item.trim();
            if !item.is_empty() {
                items.push(item.to_owned());
            }
            rest = after.trim_start();
        }
        items
    }

    pub(super) fn time(&mut self, name: &str) -> Option<DateTime> {
        let text = self.single(name)?;
        let read = self.time_of(name, text);
        if read.is_none() {
            self.note(name, Fault::Time);
        }
        read
    }

    pub(super) fn time_of(&mut self, name: &str, text: &str) -> Option<DateTime> {
        let (read, regular) = DateTime::parse(text)?;
        if !regular {
            self.note(name, Fault::TimeForm);
        }
        Some(read)
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let text = self.single(name)?;
        let read = points::number(text);
        if read.is_none() {
            self.note(name, Fault::Number);
        }
        read
    }

    pub(super) fn required_word<T: Copy>(
        &mut self,
        name: &'static str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Result<T, Refused> {
        let text = self.single(name).ok_or(Refused::Missing(name))?;
        let found = self.value(name, text, all, word);
        found.ok_or(Refused::Unusable(name))
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        let Some(text) = self.single(name) else {
            self.note(name, Fault::Missing);
            return None;
        };
        let found = self.value(name, text, all, word);
        if found.is_none() {
            self.note(name, Fault::Value);
        }
        found
    }

    pub(super) fn words<T: Copy + PartialEq>(
        &mut self,
        name: &str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Vec<T> {
        let mut found = vec![];
        for text in self.texts(name) {
            match self.value(name, &text, all, word) {
                Some(value) if !found.contains(&value) => found.push(value),
                Some(_) => {}
                None => self.note(name, Fault::Value),
            }
        }
        found
    }

    fn value<T: Copy>(
        &mut self,
        name: &str,
        text: &str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        if let Some(exact) = all.iter().find(|value| word(**value) == text) {
            return Some(*exact);
        }
        let close = all
            .iter()
            .find(|value| word(**value).eq_ignore_ascii_case(text))?;
        self.note(name, Fault::Case);
        Some(*close)
    }

    /// Names with values; versions before 1.2 also wrote `name=value`.
    pub(super) fn pairs(&mut self, name: &str) -> Vec<Pair> {
        let mut found = vec![];
        for child in self.all(name) {
            let part = |of: &str| child.text_of(of).unwrap_or_default();
            let (key, value) = match child.children.is_empty() {
                true => child.text.split_once('=').unwrap_or_default(),
                false => (part("valueName"), part("value")),
            };
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() && value.is_empty() {
                self.note(name, Fault::Empty);
                continue;
            }
            found.push(Pair {
                value_name: self.cut(name, key),
                value: self.cut(name, value),
            });
            let mut names = child.children.iter().map(|one| one.name.as_str());
            if names.next() == Some("value") {
                let at = self.path(name);
                self.notes.add(&at, Fault::Order);
            }
        }
        found
    }

    /// Elements with children, and where each stands.
    pub(super) fn each(&self, name: &str) -> Vec<(&'a Element, String)> {
        let number = |(index, child): (usize, &'a Element)| {
            (child, format!("{}[{}]", self.path(name), index + 1))
        };
        self.all(name).enumerate().map(number).collect()
    }

    /// The texts that are not empty, and where each stands. Empty ones are noted once.
    pub(super) fn raw(&mut self, name: &str) -> Vec<(&'a str, String)> {
        let each = self.each(name);
        let count = each.len();
        let full: Vec<_> = each
            .into_iter()
            .filter_map(|(child, at)| child.trimmed().map(|text| (text, at)))
            .collect();
        if full.len() < count {
            self.note(name, Fault::Empty);
        }
        full
    }
}
