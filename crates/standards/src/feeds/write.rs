//! Writing both formats: thin, each entry with the address of its CAP document.

use jiff::tz::TimeZone;
use pendopo_domain::time::Timestamp;

use super::{ATOM, Item, Published, RSS};
use crate::cap;
use crate::open311::xml::XmlWriter;

const USUAL_BYTES: usize = 16 * 1024;

/// As Atom, RFC 4287. Newest first is the caller's matter.
pub fn atom(feed: &Published<'_>) -> String {
    let root = [
        ("xmlns", "http://www.w3.org/2005/Atom"),
        ("xml:lang", feed.language),
    ];
    XmlWriter::document_with("feed", &root, USUAL_BYTES, |xml| {
        xml.text("id", feed.address);
        xml.text("title", feed.title);
        xml.text("subtitle", feed.description);
        xml.text("updated", &whole(feed.updated));
        xml.element("author", |xml| xml.text("name", feed.author));
        xml.empty(
            "link",
            &[("rel", "self"), ("type", ATOM), ("href", feed.address)],
        );
        xml.empty(
            "link",
            &[
                ("rel", "alternate"),
                ("type", "text/html"),
                ("href", feed.page),
            ],
        );
        feed.items
            .iter()
            .for_each(|item| xml.element("entry", |xml| entry(xml, item)));
    })
}

fn entry(xml: &mut XmlWriter, item: &Item<'_>) {
    // An id is an address (RFC 4287 §4.2.6); the identifier of a message need not be one.
    xml.text("id", item.address);
    xml.text("title", item.headline);
    xml.text("updated", &whole(item.sent));
    xml.text("published", &whole(item.sent));
    xml.element("author", |xml| xml.text("name", item.sender_name));
    xml.text("summary", item.description);
    xml.empty("category", &[("term", item.category)]);
    let link = [
        ("rel", "alternate"),
        ("type", cap::MEDIA_TYPE),
        ("href", item.address),
    ];
    xml.empty("link", &link);
}

/// As RSS 2.0.
pub fn rss(feed: &Published<'_>) -> String {
    let root = [
        ("version", "2.0"),
        ("xmlns:atom", "http://www.w3.org/2005/Atom"),
    ];
    XmlWriter::document_with("rss", &root, USUAL_BYTES, |xml| {
        xml.element("channel", |xml| {
            xml.text("title", feed.title);
            xml.text("link", feed.page);
            xml.text("description", feed.description);
            xml.text("language", feed.language);
            xml.text("pubDate", &mail_date(feed.updated));
            xml.text("lastBuildDate", &mail_date(feed.updated));
            let link = [("rel", "self"), ("type", RSS), ("href", feed.address)];
            xml.empty("atom:link", &link);
            feed.items
                .iter()
                .for_each(|item| xml.element("item", |xml| rss_item(xml, item)));
        });
    })
}

fn rss_item(xml: &mut XmlWriter, item: &Item<'_>) {
    xml.text("title", item.headline);
    xml.text("link", item.address);
    xml.text("description", item.description);
    // RSS wants an e-mail address here, and nothing else has room for the name.
    if item.sender.contains('@') {
        xml.text("author", &format!("{} ({})", item.sender, item.sender_name));
    }
    xml.text("category", item.category);
    xml.text_with("guid", &[("isPermaLink", "false")], item.identifier);
    xml.text("pubDate", &mail_date(item.sent));
}

fn whole(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_second(jiff::Timestamp::from(at).as_second());
    at.unwrap_or_default().to_string()
}

/// RFC 822 with a year of four digits, in UTC.
fn mail_date(at: Timestamp) -> String {
    let zoned = at.in_zone(&TimeZone::UTC);
    jiff::fmt::rfc2822::to_string(&zoned).unwrap_or_default()
}
