//! Feeds that list warnings: Atom (RFC 4287) and RSS 2.0, in and out. CAP itself defines no transport; this is how it is
//! handed around (OASIS, Example Practices: CAP Feeds 1.0).
//!
//! Own, and not a crate for feeds: those read everything that calls itself a feed, with limits of their own choice, and
//! give what stands inside an entry as text, whereas a CAP message inside an Atom entry is read here where it stands. Both
//! formats are a dozen elements.
//!
//! Elements of CAP beside an entry (some agencies put them there) are hints and not read: the message itself is.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::{atom, rss};

use pendopo_domain::time::Timestamp;

use crate::cap;
use crate::document::{Limits, Unreadable};

/// Bytes of one feed.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Entries of one feed that are read; the newest stand first by custom.
pub const MOST_ENTRIES: usize = 500;
/// What an Atom feed is on the wire.
pub const ATOM: &str = "application/atom+xml";
/// What an RSS feed is on the wire.
pub const RSS: &str = "application/rss+xml";

const LIMITS: Limits = Limits {
    bytes: MOST_BYTES,
    // A message with a signature inside an entry inside a feed.
    depth: cap::MOST_DEPTH + 4,
    elements: 100_000,
};

/// Why a document is no feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFeed {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("neither Atom nor RSS 2.0")]
    Other,
}

/// An index of warnings.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Atom only; where the feed lives.
    pub id: Option<String>,
    pub title: String,
    pub updated: Option<Timestamp>,
    /// At most [`MOST_ENTRIES`], in the order of the feed.
    pub entries: Vec<Entry>,
    /// Entries that have neither an address nor a message, or are too many.
    pub left_out: usize,
}

/// One warning of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Says whether it was seen before: `<id>`, `<guid>`, else the address.
    pub id: String,
    pub title: Option<String>,
    pub updated: Option<Timestamp>,
    pub found: Found,
}

/// Where the message of an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// At this address, as written; it may be relative.
    At(String),
    /// In the entry itself. The document is as it stands there when it can be read alone, else written again.
    Inside { document: String },
}

/// What this city says in its own feeds.
#[derive(Clone, Debug)]
pub struct Published<'a> {
    /// Of the feed: the address at which it is got.
    pub address: &'a str,
    /// Of the page that lists the same for people.
    pub page: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub language: &'a str,
    pub author: &'a str,
    /// When anything in it changed last.
    pub updated: Timestamp,
    pub items: Vec<Item<'a>>,
}

/// A published message in a feed.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    pub identifier: &'a str,
    pub sender: &'a str,
    /// Of the CAP document.
    pub address: &'a str,
    pub sender_name: &'a str,
    pub headline: &'a str,
    pub description: &'a str,
    pub category: &'a str,
    pub sent: Timestamp,
}
