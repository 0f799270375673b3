use super::*;

const MESSAGE: &str = "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>1</identifier><sender>a@b.c</sender><sent>2026-02-16T22:50:00+07:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>";

fn atom_with(content: &str) -> String {
    format!(
        "<?xml version='1.0'?><f:feed xmlns:f='http://www.w3.org/2005/Atom' xmlns:c='urn:oasis:names:tc:emergency:cap:1.2'><f:title>T</f:title><f:entry><f:id>e1</f:id><f:updated>2026-02-16T22:50:00+07:00</f:updated>{content}</f:entry></f:feed>"
    )
}

fn only(text: &str) -> Entry {
    let feed = read(text.as_bytes()).unwrap();
    assert_eq!((feed.entries.len(), feed.left_out), (1, 0));
    feed.entries.into_iter().next().unwrap()
}

#[test]
fn a_thin_entry_gives_the_address_of_the_message_and_not_that_of_a_page() {
    let links = "<f:link rel='self' href='https://a/e'/><f:link href='https://a/page'/><f:link type='application/cap+xml' href='https://a/1.cap'/>";
    let entry = only(&atom_with(links));
    assert_eq!(entry.found, Found::At("https://a/1.cap".into()));
    assert_eq!(entry.updated.unwrap().to_string(), "2026-02-16T15:50:00Z");
    let entry = only(&atom_with("<f:link href=' https://a/page '/>"));
    assert_eq!(entry.found, Found::At("https://a/page".into()));
}

#[test]
fn a_fat_entry_gives_the_message_as_it_stands() {
    let content = format!("<f:content type='text/xml'>{MESSAGE}</f:content>");
    let entry = only(&atom_with(&content));
    let document = MESSAGE.to_owned();
    assert_eq!(entry.found, Found::Inside { document });
}

#[test]
fn a_message_that_leans_on_the_feed_around_it_is_written_again() {
    let content = MESSAGE
        .replace(" xmlns='urn:oasis:names:tc:emergency:cap:1.2'", "")
        .replace("</", "</c:")
        .replace("<", "<c:")
        .replace("<c:/c:", "</c:");
    let entry = only(&atom_with(&format!(
        "<f:content type='text/xml'>{content}</f:content>"
    )));
    let Found::Inside { document } = entry.found else {
        panic!("{:?}", entry.found);
    };
    let read = cap::read(document.as_bytes()).unwrap();
    assert_eq!(
        (read.alert.identifier.as_str(), read.problems.len()),
        ("1", 0)
    );
}

#[test]
fn a_message_as_text_is_read_too() {
    let content = format!("<f:content type='text'><![CDATA[{MESSAGE}]]></f:content>");
    assert!(matches!(
        only(&atom_with(&content)).found,
        Found::Inside { .. }
    ));
}

#[test]
fn an_entry_without_a_message_is_counted() {
    let feed = read(atom_with("<f:title>x</f:title>").as_bytes()).unwrap();
    assert_eq!((feed.entries.len(), feed.left_out), (0, 1));
}

#[test]
fn what_is_no_feed_is_refused() {
    assert_eq!(read(MESSAGE.as_bytes()), Err(NotAFeed::Other));
    assert_eq!(read(b"<rss version='2.0'/>"), Err(NotAFeed::Other));
    let bomb =
        "<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel>&a;</channel></rss>";
    let refused = NotAFeed::Unreadable(crate::document::Unreadable::DocType);
    assert_eq!(read(bomb.as_bytes()), Err(refused));
}

fn published() -> Published<'static> {
    let sent: jiff::Timestamp = "2026-02-16T15:50:00Z".parse().unwrap();
    Published {
        address: "https://kota.example/peringatan/atom.xml",
        page: "https://kota.example/peringatan",
        title: "Peringatan <kota> & sekitarnya",
        description: "d",
        language: "id",
        author: "Kota",
        updated: sent.into(),
        items: vec![Item {
            identifier: "kota-1",
            sender: "pusdalops@kota.example",
            address: "https://kota.example/peringatan/1.cap?a=1&b=2",
            sender_name: "Pusdalops",
            headline: "Banjir \"rob\"",
            description: "Air naik",
            category: "Met",
            sent: sent.into(),
        }],
    }
}

#[test]
fn what_is_written_is_read_again() {
    let feed = published();
    for (text, id) in [
        (atom(&feed), feed.items[0].address),
        (rss(&feed), feed.items[0].identifier),
    ] {
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.title, feed.title);
        assert_eq!(read.updated, Some(feed.updated));
        let expect = Entry {
            id: id.into(),
            title: Some(feed.items[0].headline.into()),
            updated: Some(feed.items[0].sent),
            found: Found::At(feed.items[0].address.into()),
        };
        assert_eq!(read.entries, [expect], "{text}");
    }
}
