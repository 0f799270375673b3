//! Writing XML 1.0 elements with text, and attributes where a format has some. No comments.
//!
//! Characters that XML 1.0 forbids (§2.2, production Char) are left out, since one control character in one report would
//! make the whole list unreadable. A carriage return is written as a reference, or a parser would turn it into `\n`.

use std::borrow::Cow;
use std::fmt::Display;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Whether XML 1.0 allows this character (§2.2, production Char).
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// A document under construction.
pub(crate) struct XmlWriter {
    writer: Writer<Vec<u8>>,
}

impl XmlWriter {
    /// A document with this root, filled by `content`; `capacity` in bytes.
    pub(crate) fn document(root: &str, capacity: usize, content: impl FnOnce(&mut Self)) -> String {
        Self::document_with(root, &[], capacity, content)
    }

    /// A document whose root has these attributes, such as the namespaces that it declares.
    pub(crate) fn document_with(
        root: &str,
        attributes: &[(&str, &str)],
        capacity: usize,
        content: impl FnOnce(&mut Self),
    ) -> String {
        let mut xml = Self {
            writer: Writer::new(Vec::with_capacity(capacity)),
        };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml.event(Event::Start(start(root, attributes)));
        content(&mut xml);
        xml.event(Event::End(BytesEnd::new(root)));
        String::from_utf8(xml.writer.into_inner()).unwrap_or_default()
    }

    /// An element with children.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name)));
        content(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with text; `<name/>` when nothing is left of it.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        let escaped = escape(text);
        if escaped.is_empty() {
            self.event(Event::Empty(BytesStart::new(name)));
            return;
        }
        self.event(Event::Start(BytesStart::new(name)));
        self.event(Event::Text(BytesText::from_escaped(escaped)));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with attributes and nothing in it.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// An element with attributes and text.
    pub(crate) fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.event(Event::Start(start(name, attributes)));
        self.event(Event::Text(BytesText::from_escaped(escape(text))));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element that is empty when the value is unknown.
    pub(crate) fn optional(&mut self, name: &str, text: Option<&str>) {
        self.text(name, text.unwrap_or_default());
    }

    /// An element with the display form of a value, or empty.
    pub(crate) fn value(&mut self, name: &str, value: Option<impl Display>) {
        match value {
            Some(value) => self.text(name, &value.to_string()),
            None => self.text(name, ""),
        }
    }

    fn event(&mut self, event: Event<'_>) {
        let written = self.writer.write_event(event);
        debug_assert!(written.is_ok(), "a Vec takes everything");
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        // It is escaped there.
        let value: String = value.chars().filter(|c| is_xml_char(*c)).collect();
        start.push_attribute((*key, value.as_str()));
    }
    start
}

/// Escapes text for an element, in one pass; borrows when there is nothing to do.
fn escape(text: &str) -> Cow<'_, str> {
    let needs = |c: char| matches!(c, '<' | '>' | '&' | '"' | '\r') || !is_xml_char(c);
    let Some(first) = text.find(needs) else {
        return Cow::Borrowed(text);
    };
    let (clean, rest) = text.split_at(first);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(clean);
    for c in rest.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            c if is_xml_char(c) => escaped.push(c),
            _ => {}
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_loses_what_xml_forbids() {
        let cases = [
            ("jalan", "jalan"),
            ("", ""),
            ("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'"),
            ("]]>", "]]&gt;"),
            ("a\u{0}b\u{8}c\u{b}d\u{1f}e\u{7f}", "abcde\u{7f}"),
            ("a\u{fffe}b\u{ffff}c\u{fffd}", "abc\u{fffd}"),
            ("x\r\ny\tz", "x&#13;\ny\tz"),
            ("é🚧", "é🚧"),
        ];
        for (text, expect) in cases {
            assert_eq!(escape(text), expect, "{text:?}");
        }
    }
}
