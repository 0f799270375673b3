//! Reading either format into one.

use jiff::fmt::rfc2822;
use pendopo_domain::time::Timestamp;

use super::{Entry, Feed, Found, LIMITS, MOST_ENTRIES, NotAFeed};
use crate::cap;
use crate::document::{self, Document, Element};

const ATOM_NAMESPACE: &str = "http://www.w3.org/2005/Atom";

/// Reads a feed. A time that cannot be read is left out; an entry without any message is counted.
///
/// # Errors
/// [`NotAFeed`] when it is none.
pub fn read(bytes: &[u8]) -> Result<Feed, NotAFeed> {
    let document = document::read(bytes, LIMITS)?;
    let root = &document.root;
    if root.is(Some(ATOM_NAMESPACE), "feed") {
        let entries = root.children.iter().filter(|child| is_atom(child, "entry"));
        return Ok(feed(root, entries, |one| atom_entry(&document, one)));
    }
    let channel = root.children.iter().find(|child| child.name == "channel");
    match channel {
        Some(channel) if root.is(None, "rss") => {
            let items = channel
                .children
                .iter()
                .filter(|child| child.is(None, "item"));
            Ok(feed(channel, items, |one| rss_item(&document, one)))
        }
        _ => Err(NotAFeed::Other),
    }
}

fn feed<'a>(
    head: &Element,
    entries: impl Iterator<Item = &'a Element>,
    entry: impl Fn(&Element) -> Option<Entry>,
) -> Feed {
    let mut feed = Feed {
        id: text(head, "id"),
        title: text(head, "title").unwrap_or_default(),
        updated: time(head, &["updated", "lastBuildDate", "pubDate"]),
        entries: vec![],
        left_out: 0,
    };
    for one in entries {
        match entry(one).filter(|_| feed.entries.len() < MOST_ENTRIES) {
            Some(entry) => feed.entries.push(entry),
            None => feed.left_out += 1,
        }
    }
    feed
}

fn is_atom(element: &Element, name: &str) -> bool {
    element.is(Some(ATOM_NAMESPACE), name)
}

/// The text of a child of the feed's own, not of another namespace.
fn text(of: &Element, name: &str) -> Option<String> {
    let mut children = of.children.iter();
    children
        .find(|child| child.is(of.namespace.as_deref(), name))
        .and_then(Element::trimmed)
        .map(str::to_owned)
}

fn time(of: &Element, names: &[&str]) -> Option<Timestamp> {
    names.iter().find_map(|name| {
        let text = text(of, name)?;
        let atom = text.parse::<jiff::Timestamp>().ok();
        let rss = || rfc2822::parse(&text).ok().map(|zoned| zoned.timestamp());
        atom.or_else(rss).map(Timestamp::from)
    })
}

fn atom_entry(document: &Document<'_>, entry: &Element) -> Option<Entry> {
    let content = entry
        .children
        .iter()
        .find(|child| is_atom(child, "content"));
    let found = content
        .and_then(|content| inside(document, content))
        .or_else(|| atom_link(entry).map(|href| Found::At(href.to_owned())))?;
    entry_of(entry, "id", found, &["updated", "published"])
}

/// The address of the message: the link that says it is CAP, else the first that leads to the entry itself.
fn atom_link(entry: &Element) -> Option<&str> {
    let links = || entry.children.iter().filter(|child| is_atom(child, "link"));
    let cap = |link: &&Element| link.attribute("type") == Some(cap::MEDIA_TYPE);
    let plain = |link: &&Element| matches!(link.attribute("rel"), None | Some("alternate"));
    let link = links().find(cap).or_else(|| links().find(plain))?;
    link.attribute("href")
        .map(str::trim)
        .filter(|href| !href.is_empty())
}

fn rss_item(document: &Document<'_>, item: &Element) -> Option<Entry> {
    let enclosure = item.children.iter().find(|child| {
        child.is(None, "enclosure") && child.attribute("type") == Some(cap::MEDIA_TYPE)
    });
    let address = enclosure
        .and_then(|one| one.attribute("url"))
        .map(str::to_owned)
        .or_else(|| text(item, "link"));
    let found = inside(document, item).or_else(|| address.map(Found::At))?;
    entry_of(item, "guid", found, &["pubDate"])
}

fn entry_of(element: &Element, id: &str, found: Found, times: &[&str]) -> Option<Entry> {
    let address = || match &found {
        Found::At(address) => Some(address.clone()),
        Found::Inside { .. } => None,
    };
    Some(Entry {
        id: text(element, id).or_else(address)?,
        title: text(element, "title"),
        updated: time(element, times),
        found,
    })
}

/// A message that stands in `content`, as elements or as text.
fn inside(document: &Document<'_>, content: &Element) -> Option<Found> {
    let text = content.text.trim_start();
    if text.starts_with('<') && cap::read(text.as_bytes()).is_ok() {
        let document = text.to_owned();
        return Some(Found::Inside { document });
    }
    let alert = content.children.iter().find(|child| cap::is_alert(child))?;
    let as_it_stands = document.text.get(alert.range.clone())?;
    // Its namespace may be declared outside of it.
    let document = match cap::read(as_it_stands.as_bytes()) {
        Ok(_) => as_it_stands.to_owned(),
        Err(_) => cap::write(&cap::read_element(alert).ok()?.alert),
    };
    Some(Found::Inside { document })
}
