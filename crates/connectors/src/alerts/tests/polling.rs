use std::sync::{Arc, Mutex};

use pendopo_operations::alerts::feeds::{self, Feed};
use pendopo_operations::outgoing::Allow;
use pendopo_testkit::{TestCity, both_databases};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::alerts::poll::Poller;
use crate::outgoing::Outgoing;

/// What the agency answers to a path.
struct Said {
    path: &'static str,
    status: u16,
    /// Further lines of the head.
    head: String,
    body: Vec<u8>,
}

/// Requests are noted with their conditions.
#[derive(Default)]
struct Agency {
    answers: Mutex<Vec<Said>>,
    asked: Mutex<Vec<String>>,
}

impl Agency {
    fn say(&self, path: &'static str, status: u16, head: &str, body: impl Into<Vec<u8>>) {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|one| one.path != path);
        answers.push(Said {
            path,
            status,
            head: head.to_owned(),
            body: body.into(),
        });
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn answer(&self, request: &str) -> Vec<u8> {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let lower = request.to_ascii_lowercase();
        let tag = lower
            .lines()
            .find_map(|line| line.strip_prefix("if-none-match: "));
        self.asked.lock().unwrap().push(format!(
            "{path}{}",
            tag.map(|tag| format!(" {tag}")).unwrap_or_default()
        ));
        let answers = self.answers.lock().unwrap();
        let found = answers.iter().find(|one| one.path == path);
        let (status, head, body) = found.map_or((404, "", &[][..]), |one| {
            (one.status, one.head.as_str(), &one.body[..])
        });
        let known = tag.is_some_and(|tag| head.contains(tag));
        let (status, body) = if known {
            (304, &[][..])
        } else {
            (status, body)
        };
        let mut bytes = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{head}\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// An HTTP server on this machine; returns its address.
async fn serve(agency: Arc<Agency>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let agency = Arc::clone(&agency);
            tokio::spawn(async move {
                let mut request = vec![];
                let mut part = [0; 4096];
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut part).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => request.extend_from_slice(&part[..read]),
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let answer = agency.answer(&request);
                if request.starts_with("GET /slow") {
                    // Longer than any test waits for it.
                    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
                }
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    address
}

fn rss(links: &[&str]) -> String {
    let item = |link: &&str| {
        format!("<item><title>x</title><link>{link}</link><guid>{link}</guid></item>")
    };
    let items: String = links.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
}

struct Polled {
    agency: Arc<Agency>,
    host: String,
    town: Town,
    outgoing: Arc<Outgoing>,
}

async fn polled(test: TestCity) -> Polled {
    let town = town(test).await;
    let agency = Arc::new(Agency::default());
    let host = serve(Arc::clone(&agency)).await;
    let feed = Feed {
        url: format!("http://{host}/rss.xml"),
        every_s: 60,
        newer_replaces: false,
        credit: None,
        messages: None,
    };
    feeds::put(&town.city, &actor(Who::City), "agency", feed)
        .await
        .unwrap();
    let outgoing = Arc::new(Outgoing::new(Allow::parse("127.0.0.1").unwrap()).unwrap());
    Polled {
        agency,
        host,
        town,
        outgoing,
    }
}

impl Polled {
    /// One poll by a process that has just begun; what it knows is what is in the database.
    async fn poll(&self) -> (i64, Option<String>) {
        self.poll_by(&mut Poller::default()).await
    }

    async fn poll_by(&self, poller: &mut Poller) -> (i64, Option<String>) {
        poller.look(&self.town.city, &self.outgoing).await.unwrap();
        poller.finish(&self.town.city).await;
        let known = feeds::all(&self.town.city).await.unwrap().remove(0);
        (known.polled.failures, known.polled.problem)
    }
}

both_databases! {
    async fn a_feed_brings_its_messages_once(test: TestCity) {
        let it = polled(test).await;
        it.agency.say("/1.xml", 200, "", document("1", 10, "", HERE));
        it.agency.say("/2.xml", 200, "", "<alert");
        it.agency.say("/rss.xml", 200, "etag: \"v1\"\r\n", rss(&["/1.xml", "2.xml"]));
        assert_eq!(it.poll().await, (0, None));
        assert_eq!(it.agency.asked(), ["/rss.xml", "/2.xml", "/1.xml"]);
        assert_eq!(states(&it.town).await.unwrap(), "active");
        let aside = pendopo_operations::alerts::aside(&it.town.city, &actor(Who::City), 9).await.unwrap();
        assert_eq!((aside.len(), aside[0].reason.as_str()), (1, "malformed"));
        // Nothing new: the index is asked for with what was got, and nothing else.
        assert_eq!(it.poll().await, (0, None));
        assert_eq!(it.agency.asked(), ["/rss.xml \"v1\""]);
        it.agency.say("/3.xml", 200, "", document("3", 11, "", HERE));
        it.agency.say("/rss.xml", 200, "etag: \"v2\"\r\n", rss(&["/3.xml"]));
        // Missing from the feed is no withdrawal.
        assert_eq!(it.poll().await, (0, None));
        assert_eq!(states(&it.town).await.unwrap(), "active active");
    }

    async fn a_packed_feed_with_messages_inside_is_read(test: TestCity) {
        use std::io::Write;
        let it = polled(test).await;
        let message = document("1", 10, "", HERE);
        let atom = format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><id>1</id><content type=\"text/xml\">{message}</content></entry></feed>");
        let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        packer.write_all(atom.as_bytes()).unwrap();
        it.agency.say("/rss.xml", 200, "content-encoding: gzip\r\n", packer.finish().unwrap());
        assert_eq!(it.poll().await, (0, None));
        assert_eq!(states(&it.town).await.unwrap(), "active");
        let mut bomb = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
        bomb.write_all(&vec![b' '; 8 * 1024 * 1024]).unwrap();
        it.agency.say("/rss.xml", 200, "content-encoding: gzip\r\n", bomb.finish().unwrap());
        assert_eq!(it.poll().await, (1, Some("too-large".into())));
    }

    async fn a_feed_that_fails_is_noted_and_what_it_carried_is_marked_after_a_while(test: TestCity) {
        let it = polled(test).await;
        it.agency.say("/1.xml", 200, "", document("1", 10, "", HERE));
        it.agency.say("/rss.xml", 200, "", rss(&["/1.xml"]));
        it.poll().await;
        it.agency.say("/rss.xml", 503, "retry-after: 120\r\n", "");
        let mut poller = Poller::default();
        assert_eq!(it.poll_by(&mut poller).await, (1, Some("status-503".into())));
        // It asked to be left alone.
        it.agency.asked();
        assert_eq!(it.poll_by(&mut poller).await, (1, Some("status-503".into())));
        assert!(it.agency.asked().is_empty());
        let stale = async || pendopo_operations::alerts::active(&it.town.city).await.unwrap()[0].stale;
        assert!(!stale().await);
        it.town.after(6).await;
        assert!(stale().await);
        it.agency.say("/rss.xml", 200, "", rss(&["/1.xml"]));
        assert_eq!(it.poll().await, (0, None));
        assert!(!stale().await);
    }

    async fn what_is_no_feed_leads_elsewhere_or_is_not_allowed_is_not_followed(test: TestCity) {
        let it = polled(test).await;
        it.agency.say("/rss.xml", 200, "", "<html></html>");
        assert_eq!(it.poll().await, (1, Some("not-a-feed".into())));
        it.agency.say("/rss.xml", 200, "", rss(&["http://127.0.0.1:9/1.xml"]));
        assert_eq!(it.poll().await, (2, Some("refused".into())));
        it.agency.say("/rss.xml", 302, "location: http://127.0.0.1:9/\r\n", "");
        assert_eq!(it.poll().await, (3, Some("status-302".into())));
        let strict = Arc::new(Outgoing::new(Allow::default()).unwrap());
        let mut poller = Poller::default();
        poller.look(&it.town.city, &strict).await.unwrap();
        poller.finish(&it.town.city).await;
        let known = feeds::all(&it.town.city).await.unwrap().remove(0);
        assert_eq!(known.polled.problem.as_deref(), Some("refused"));
        assert!(it.host.starts_with("127.0.0.1:"));
    }

    async fn a_message_that_cannot_be_fetched_comes_with_the_next_poll(test: TestCity) {
        let it = polled(test).await;
        it.agency.say("/1.xml", 200, "", document("1", 10, "", HERE));
        it.agency.say("/rss.xml", 200, "etag: \"v1\"\r\n", rss(&["/1.xml", "/2.xml"]));
        assert_eq!(it.poll().await, (1, Some("status-404".into())));
        assert_eq!(states(&it.town).await.unwrap(), "active");
        it.agency.say("/2.xml", 200, "", document("2", 11, "", HERE));
        assert_eq!(it.poll().await, (0, None));
        assert_eq!(states(&it.town).await.unwrap(), "active active");
    }

    async fn a_feed_of_many_messages_comes_in_parts(test: TestCity) {
        let it = polled(test).await;
        let links: Vec<String> = (0..50).map(|number| format!("/m{number}.xml")).collect();
        let links: Vec<&'static str> = links.into_iter().map(|link| &*link.leak()).collect();
        for (number, link) in links.iter().enumerate() {
            it.agency.say(link, 200, "", document(&number.to_string(), 10, "", HERE));
        }
        it.agency.say("/rss.xml", 200, "etag: \"v1\"\r\n", rss(&links));
        let mut poller = Poller::default();
        assert_eq!(it.poll_by(&mut poller).await, (0, None));
        assert_eq!(it.agency.asked().len(), 41);
        poller.hurry();
        assert_eq!(it.poll_by(&mut poller).await, (0, None));
        assert_eq!(it.agency.asked().len(), 11);
        assert_eq!(states(&it.town).await.unwrap().split(' ').count(), 50);
    }

    async fn a_slow_feed_holds_up_no_other_and_only_so_many_are_asked_at_a_time(test: TestCity) {
        let it = polled(test).await;
        it.agency.say("/1.xml", 200, "", document("1", 10, "", HERE));
        it.agency.say("/rss.xml", 200, "", rss(&["/1.xml"]));
        let slow = async |name: &str| {
            let url = format!("http://{}/slow-{name}.xml", it.host);
            let feed = Feed { url, every_s: 60, newer_replaces: false, credit: None, messages: None };
            feeds::put(&it.town.city, &actor(Who::City), name, feed).await.unwrap();
        };
        // It is the first in the order of names.
        slow("a1").await;
        let mut poller = Poller::default();
        let look = async |poller: &mut Poller, ends: &dyn Fn(&str) -> bool| {
            let began = std::time::Instant::now();
            while !ends(&states(&it.town).await.unwrap()) {
                poller.look(&it.town.city, &it.outgoing).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                assert!(began.elapsed().as_secs() < 20, "it was held up");
            }
        };
        look(&mut poller, &|states| states == "active").await;
        // Many slow ones, and nothing is asked beyond the bound.
        for number in 2..7 {
            slow(&format!("a{number}")).await;
        }
        let rounds = std::cell::Cell::new(0);
        look(&mut poller, &|_| {
            rounds.set(rounds.get() + 1);
            rounds.get() > 25
        }).await;
        let asked = it.agency.asked().into_iter().filter(|path| path.starts_with("/slow")).count();
        assert_eq!(asked, 4);
    }

    async fn a_feed_is_configured_by_whoever_may(test: TestCity) {
        let town = town(test).await;
        let feed = |url: &str, every_s| Feed { url: url.into(), every_s, newer_replaces: true, credit: None, messages: None };
        let manager = actor(Who::City);
        for (name, url, every) in [("A b", "https://a.example/", 60), ("a", "ftp://a.example/", 60), ("a", "https://a.example/", 1)] {
            assert!(feeds::put(&town.city, &manager, name, feed(url, every)).await.is_err(), "{name} {url} {every}");
        }
        let nobody = Actor { who: Who::Public, grants: vec![] };
        assert!(feeds::put(&town.city, &nobody, "a", feed("https://a.example/", 60)).await.is_err());
        feeds::put(&town.city, &manager, "a", feed("https://a.example/", 60)).await.unwrap();
        assert_eq!(feeds::list(&town.city, &manager).await.unwrap().len(), 1);
        feeds::remove(&town.city, &manager, "a").await.unwrap();
        assert!(feeds::remove(&town.city, &manager, "a").await.is_err());
    }
}
