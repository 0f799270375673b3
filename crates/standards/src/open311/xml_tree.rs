//! A small, bounded reader of XML 1.0 for documents of strangers.
//!
//! Refuses any document type declaration and with it every entity but the five predefined ones, so nothing can expand or
//! fetch. Depth, size and the number of elements of a row are limited. Attributes, comments and processing instructions
//! are skipped; prefixes of names are ignored.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::problem::{self, Problem};
use super::xml::is_xml_char;

/// Deepest nesting; a report with extensions needs six levels.
pub const MAX_DEPTH: usize = 16;
/// Largest document in bytes: 1,000 rows of 8 KiB and some.
pub const MAX_XML_BYTES: usize = 8 * 1024 * 1024;
/// Most elements below one row; a report with extensions has a few dozen.
pub const MAX_ROW_ELEMENTS: usize = 2_000;

/// An element with its text and children.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child, `None` if it is absent or blank.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.trim().is_empty())
    }
}

/// Reads a document, handing each child of the root to `row` together with the root's name, and returns the root's name.
///
/// # Errors
/// What makes the whole document unreadable. Rows before the fault have been handed over; the caller drops them.
pub(super) fn read_rows(
    bytes: &[u8],
    mut row: impl FnMut(&str, Element),
) -> Result<String, Problem> {
    if bytes.len() > MAX_XML_BYTES {
        return Err(Problem::bad(problem::XML_TOO_LARGE).arg("max", MAX_XML_BYTES));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::bad(problem::XML_NOT_UTF8))?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut tree = Tree::default();
    loop {
        let event = reader
            .read_event()
            .map_err(|_| malformed(reader.error_position()))?;
        let done = match event {
            Event::DocType(_) => return Err(Problem::bad(problem::XML_DOCTYPE)),
            Event::Start(start) => tree.open(start.local_name().as_ref()).map(|()| None),
            Event::Empty(start) => tree
                .open(start.local_name().as_ref())
                .map(|()| tree.close()),
            Event::End(_) => Ok(tree.close()),
            Event::Text(part) => tree.text(&part.xml10_content()).map(|()| None),
            Event::CData(part) => tree.text(&part.xml10_content()).map(|()| None),
            Event::GeneralRef(reference) => resolve(&reference)
                .and_then(|c| tree.character(c))
                .map(|()| None),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Ok(None),
            Event::Eof => break,
        };
        match done {
            Ok(Some(element)) => row(&tree.root, element),
            Ok(None) => {}
            Err(problem) if problem.key == problem::XML_MALFORMED => {
                return Err(malformed(reader.buffer_position()));
            }
            Err(problem) => return Err(problem),
        }
    }
    if tree.finished {
        Ok(tree.root)
    } else {
        Err(malformed(reader.buffer_position()))
    }
}

/// The open elements below the root.
#[derive(Default)]
struct Tree {
    root: String,
    open: Vec<Element>,
    elements_of_row: usize,
    inside: bool,
    finished: bool,
}

impl Tree {
    fn open(&mut self, name: impl AsRef<str>) -> Result<(), Problem> {
        let name = name.as_ref().to_owned();
        if !self.inside {
            if self.finished {
                return Err(malformed(0));
            }
            self.inside = true;
            self.root = name;
            return Ok(());
        }
        // The root is one level more than the elements that are kept.
        if self.open.len() + 1 >= MAX_DEPTH {
            return Err(Problem::bad(problem::XML_TOO_DEEP).arg("max", MAX_DEPTH));
        }
        if self.open.is_empty() {
            self.elements_of_row = 0;
        }
        self.elements_of_row += 1;
        if self.elements_of_row > MAX_ROW_ELEMENTS {
            return Err(Problem::bad(problem::XML_TOO_MANY_ELEMENTS).arg("max", MAX_ROW_ELEMENTS));
        }
        self.open.push(Element {
            name,
            ..Element::default()
        });
        Ok(())
    }

    /// Closes the innermost element; gives it out if it is a child of the root.
    fn close(&mut self) -> Option<Element> {
        let Some(element) = self.open.pop() else {
            self.inside = false;
            self.finished = true;
            return None;
        };
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                None
            }
            None => Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        match self.open.last_mut() {
            Some(element) => element
                .text
                .extend(text.chars().filter(|c| is_xml_char(*c))),
            // Between rows and around the root there is nothing but blanks.
            None if !self.inside && !text.trim().is_empty() => return Err(malformed(0)),
            None => {}
        }
        Ok(())
    }

    fn character(&mut self, c: char) -> Result<(), Problem> {
        self.text(c.encode_utf8(&mut [0; 4]))
    }
}

/// One of the five predefined entities or a character reference.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Problem> {
    let named = match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().map_err(|_| malformed(0))?,
    };
    named.ok_or_else(|| malformed(0))
}

fn malformed(position: u64) -> Problem {
    Problem::bad(problem::XML_MALFORMED).arg("position", position)
}
