//! A bounded reader of XML 1.0 with namespaces, for documents of strangers that are read as a whole.
//!
//! Refuses any document type declaration and with it every entity but the five predefined ones, so nothing can expand or
//! fetch. Size, depth and the number of elements are limited. Comments and processing instructions are skipped. It reads
//! UTF-8, and ISO-8859-1 and US-ASCII where the declaration says so.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use crate::open311::xml::is_xml_char;

/// Attributes of one element that are looked at.
const MOST_ATTRIBUTES: usize = 32;

/// How much of a document is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub depth: usize,
    pub elements: usize,
}

/// Why a document is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("more than {0} bytes")]
    TooLarge(usize),
    #[error("neither UTF-8 nor in an encoding that is read")]
    Encoding,
    /// At this byte.
    #[error("not well-formed XML at byte {0}")]
    Malformed(u64),
    #[error("it has a document type declaration, which is never read")]
    DocType,
    #[error("nested more than {0} deep")]
    TooDeep(usize),
    #[error("more than {0} elements")]
    TooManyElements(usize),
}

/// An element with its text and children.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Element {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// Without those that declare namespaces; names without prefix.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
    /// Where it stands in [`Document::text`].
    pub(crate) range: Range<usize>,
}

impl Element {
    pub(crate) fn is(&self, namespace: Option<&str>, name: &str) -> bool {
        self.name == name && self.namespace.as_deref() == namespace
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The text without the blanks around it; `None` when nothing is left.
    pub(crate) fn trimmed(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text of the first child of this name in whatever namespace.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        let mut all = self.children.iter();
        all.find(|child| child.name == name)
            .and_then(Element::trimmed)
    }
}

/// A document that was read.
pub(crate) struct Document<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) root: Element,
}

/// Reads a whole document.
///
/// # Errors
/// [`Unreadable`]; nothing of the document is used then.
pub(crate) fn read(bytes: &[u8], limits: Limits) -> Result<Document<'_>, Unreadable> {
    if bytes.len() > limits.bytes {
        return Err(Unreadable::TooLarge(limits.bytes));
    }
    let text = decode(bytes)?;
    let root = tree(&text, limits)?;
    Ok(Document { text, root })
}

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_latin(bytes) {
        return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Encoding)?;
    Ok(Cow::Borrowed(text))
}

/// Whether the declaration names an encoding whose bytes are the first characters of Unicode.
fn is_latin(bytes: &[u8]) -> bool {
    const DECLARATION_BYTES: usize = 200;
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let declaration = head.split("?>").next().unwrap_or_default();
    declaration.starts_with("<?xml")
        && ["iso-8859-1", "latin1", "us-ascii"]
            .iter()
            .any(|name| declaration.contains(name))
}

fn tree(text: &str, limits: Limits) -> Result<Element, Unreadable> {
    let mut reader = NsReader::from_str(text);
    let mut building = Building {
        limits,
        open: vec![],
        elements: 0,
        root: None,
    };
    loop {
        let from = position(reader.buffer_position());
        let event = reader
            .read_event()
            .map_err(|_| Unreadable::Malformed(reader.error_position()))?;
        let to = position(reader.buffer_position());
        let malformed = Unreadable::Malformed(to as u64);
        match event {
            Event::DocType(_) => return Err(Unreadable::DocType),
            Event::Start(start) => building.open(element(&reader, &start, from), malformed)?,
            Event::Empty(start) => {
                building.open(element(&reader, &start, from), malformed)?;
                building.close(to);
            }
            Event::End(_) => building.close(to),
            Event::Text(part) => building.text(&part.xml10_content(), malformed)?,
            Event::CData(part) => building.text(&part.xml10_content(), malformed)?,
            Event::GeneralRef(reference) => {
                let c = resolve(&reference).ok_or(malformed)?;
                building.text(c.encode_utf8(&mut [0; 4]), malformed)?;
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => {
                let whole = building.open.is_empty();
                return building.root.filter(|_| whole).ok_or(malformed);
            }
        }
    }
}

/// Documents are far smaller than what a `usize` counts.
fn position(of: u64) -> usize {
    usize::try_from(of).unwrap_or(usize::MAX)
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, from: usize) -> Element {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.0.to_owned()),
        _ => None,
    };
    let mut attributes = vec![];
    for one in start.attributes().with_checks(false).take(MOST_ATTRIBUTES) {
        let Ok(one) = one else { continue };
        if one.key.as_namespace_binding().is_none() {
            let value = one.normalized_value(XmlVersion::Implicit1_0);
            let name = one.key.local_name().as_ref().to_string();
            attributes.push((name, value.unwrap_or_default().into_owned()));
        }
    }
    Element {
        namespace,
        name: name.as_ref().to_string(),
        attributes,
        range: from..from,
        ..Element::default()
    }
}

struct Building {
    limits: Limits,
    open: Vec<Element>,
    elements: usize,
    root: Option<Element>,
}

impl Building {
    fn open(&mut self, element: Element, malformed: Unreadable) -> Result<(), Unreadable> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(malformed);
        }
        if self.open.len() >= self.limits.depth {
            return Err(Unreadable::TooDeep(self.limits.depth));
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Unreadable::TooManyElements(self.limits.elements));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self, to: usize) {
        let Some(mut element) = self.open.pop() else {
            return;
        };
        element.range.end = to;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str, malformed: Unreadable) -> Result<(), Unreadable> {
        match self.open.last_mut() {
            Some(element) => element
                .text
                .extend(text.chars().filter(|c| is_xml_char(*c))),
            // Around the root there is nothing but blanks.
            None if !text.trim().is_empty() => return Err(malformed),
            None => {}
        }
        Ok(())
    }
}

/// One of the five predefined entities or a character reference.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits {
        bytes: 1000,
        depth: 4,
        elements: 6,
    };

    fn root(text: &str) -> Result<Element, Unreadable> {
        read(text.as_bytes(), SMALL).map(|document| document.root)
    }

    #[test]
    fn names_are_told_apart_by_namespace_and_not_by_prefix() {
        let root = root(
            "<a xmlns='u:1' xmlns:p='u:2'><p:b k='1 &amp; 2'> x<![CDATA[<]]>&#65; </p:b><b/></a>",
        )
        .unwrap();
        assert!(root.is(Some("u:1"), "a"));
        assert!(root.children[0].is(Some("u:2"), "b") && root.children[1].is(Some("u:1"), "b"));
        assert_eq!(root.children[0].trimmed(), Some("x<A"));
        assert_eq!(root.children[0].attribute("k"), Some("1 & 2"));
        assert!(root.attributes.is_empty());
    }

    #[test]
    fn an_element_knows_where_it_stands() {
        let text = "<a><b>x</b><c/></a>";
        let root = root(text).unwrap();
        let parts: Vec<&str> = root
            .children
            .iter()
            .map(|child| &text[child.range.clone()])
            .collect();
        assert_eq!(parts, ["<b>x</b>", "<c/>"]);
    }

    #[test]
    fn what_is_too_much_or_no_document_is_refused() {
        let many = format!("<a>{}</a>", "<b/>".repeat(6));
        let cases = [
            ("<a><b><c><d><e/></d></c></b></a>", Unreadable::TooDeep(4)),
            (many.as_str(), Unreadable::TooManyElements(6)),
            ("<!DOCTYPE a><a/>", Unreadable::DocType),
            ("<a>&nbsp;</a>", Unreadable::Malformed(9)),
            ("<a></a><b/>", Unreadable::Malformed(11)),
            ("<a>", Unreadable::Malformed(3)),
            ("", Unreadable::Malformed(0)),
            ("x<a/>", Unreadable::Malformed(1)),
        ];
        for (text, expect) in cases {
            assert_eq!(root(text).unwrap_err(), expect, "{text}");
        }
        let large = " ".repeat(1001);
        assert_eq!(root(&large).unwrap_err(), Unreadable::TooLarge(1000));
    }

    #[test]
    fn latin_letters_are_read_where_they_are_declared() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        let document = read(latin, SMALL).unwrap();
        assert_eq!(document.root.text, "é");
        assert_eq!(
            read(b"<a>\xe9</a>", SMALL).err(),
            Some(Unreadable::Encoding)
        );
    }
}
