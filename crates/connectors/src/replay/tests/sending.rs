//! The way to the city, with a server that says what it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pendopo_domain::time::Clock;
use pendopo_testkit::run;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::send::{Client, Outgoing, Said};
use super::*;
use crate::driven::Driven;

/// Answers each request with the next of `answers` (the last one again and again) and counts them.
async fn a_server(answers: Vec<&'static str>) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![];
            let mut part = [0; 65_536];
            loop {
                let read = stream.read(&mut part).await.unwrap();
                request.extend(&part[..read]);
                if read == 0 || whole(&request) {
                    break;
                }
            }
            let index = count.fetch_add(1, Ordering::SeqCst);
            let answer = answers[index.min(answers.len() - 1)];
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (address, asked)
}

/// Whether the head and as many bytes as it promises are there.
fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    body.len() >= length
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
const MIXED: &str = "HTTP/1.1 207 Multi-Status\r\nConnection: close\r\n\r\n{\"success\":[\"urn:x:1\"],\"errors\":[{\"entityId\":\"urn:x:2\",\"error\":{\"title\":\"no\"}}]}";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno";

fn outgoing(id: u32) -> Outgoing {
    let id = format!("urn:x:{id}");
    let json = format!(r#"{{"id":"{id}","type":"T"}}"#);
    Outgoing {
        id,
        json,
        context: false,
    }
}

#[test]
fn a_busy_city_is_asked_again_and_each_entity_has_its_own_answer() {
    run(async {
        let (address, asked) = a_server(vec![BUSY, BUSY, MIXED]).await;
        let client = Client::new(&address, "key").unwrap().hasty();
        let said = client.entities(&[outgoing(1), outgoing(2)]).await;
        assert_eq!(said[0], Said::Accepted);
        assert!(
            matches!(&said[1], Said::Refused(Reason::RefusedByCity, why) if why.contains("no"))
        );
        assert_eq!(asked.load(Ordering::SeqCst), 3);

        let (address, asked) = a_server(vec![BUSY]).await;
        let client = Client::new(&address, "key").unwrap().hasty();
        let said = client.entities(&[outgoing(1)]).await;
        assert!(matches!(&said[0], Said::Refused(Reason::NotDelivered, _)));
        assert_eq!(asked.load(Ordering::SeqCst), 8);
    });
}

#[test]
fn the_account_closes_and_the_clock_stands_at_the_last_record() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let rows = "time_wib,water_level_cm\n2024-02-15 00:00,650\n2024-02-15 01:00,x\n2024-02-15 02:00,651\n\
            2024-02-15 01:30,652\n";
        let files = file(&folder, "tma_manggarai.csv", rows);
        let (address, _) = a_server(vec![NO_CONTENT, BAD, NO_CONTENT]).await;
        let client = Client::new(&address, "key").unwrap().hasty();
        let (begin, records) = begin(read(Kind::WaterLevel, &files).unwrap()).unwrap();
        let clock = Driven::at(begin.unwrap());
        let account = replay(records, Pace::Max, &clock, &client, |_, _| ())
            .await
            .unwrap();
        assert_eq!((account.read, account.sent, account.accepted), (4, 3, 2));
        let refused = [(Reason::BadValue, 1), (Reason::RefusedByCity, 1)];
        assert_eq!(account.refused, BTreeMap::from(refused));
        assert!(account.closes());
        assert_eq!(clock.now().to_string(), "2024-02-14T19:00:00Z");
    });
}

#[test]
fn two_hours_at_72_000_times_last_a_tenth_of_a_second() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let rows = "time_wib,water_level_cm\n2024-02-15 00:00,650\n2024-02-15 02:00,651\n";
        let files = file(&folder, "tma_manggarai.csv", rows);
        let (address, _) = a_server(vec![NO_CONTENT]).await;
        let client = Client::new(&address, "key").unwrap().hasty();
        let (begin, records) = begin(read(Kind::WaterLevel, &files).unwrap()).unwrap();
        let clock = Driven::at(begin.unwrap());
        let started = tokio::time::Instant::now();
        replay(records, Pace::Times(72_000.0), &clock, &client, |_, _| ())
            .await
            .unwrap();
        assert!(started.elapsed() >= std::time::Duration::from_millis(100));
        assert_eq!(clock.now().to_string(), "2024-02-14T19:00:00Z");
    });
}
