//! A node as it runs, and clients that mean it no good or do not know better: one that floods it, one that has no right,
//! subscribers that are not there or must not be reached. Each is answered or slowed, counted, and nobody else notices.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const CITY: &str = "contoh";
/// What has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Answers that the others get while the flood goes on, each.
const ANSWERS: usize = 20;
/// What the flood is at least; far more than the node keeps of one client.
const FLOOD: usize = 5_000;
/// A node in a debug build has less than half of it.
const MOST_RESIDENT_KIB: u64 = 400 * 1024;

/// A node of the built program with one city; it is ended when dropped.
struct Node {
    folder: TempDir,
    child: Child,
    /// Where systems need no key.
    http: SocketAddr,
    mqtt: SocketAddr,
    /// Of the account `udara`, which may publish on `air/#`.
    password: String,
}

impl Node {
    /// With the addresses, beside those of the public, that it may speak to.
    fn start(allowed: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let city = [
            "city",
            "new",
            CITY,
            "--name",
            "Kota",
            "--zone",
            "Asia/Jakarta",
        ];
        run(&folder, &city);
        let mapping = json!({"mappings": [{
            "name": "udara", "topic": "air/+/reading", "format": "json", "id": "urn:ngsi-ld:Air:{1}",
            "type": "AirQualityObserved", "attributes": [{"pointer": "/pm25", "name": "pm25"}],
        }]});
        let file = folder.path().join("sources.json");
        std::fs::write(&file, mapping.to_string()).unwrap();
        run(
            &folder,
            &["source", "add", file.to_str().unwrap(), "--city", CITY],
        );
        let topic = format!("{CITY}/air/#");
        let account = [
            "mqtt-account",
            "add",
            "udara",
            "--topic",
            &topic,
            "--city",
            CITY,
        ];
        let said = run(&folder, &account);
        let password = said.trim_end().lines().last().unwrap().trim().to_owned();
        let allow = folder.path().join("outgoing.allow");
        let lines: String = allowed.iter().map(|one| format!("{one}\n")).collect();
        std::fs::write(&allow, lines).unwrap();
        let free: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let [listen, http, mqtt] = [0, 1, 2].map(|one: usize| free[one].local_addr().unwrap());
        drop(free);
        let child = program(&folder)
            .args(["serve", "--listen", &listen.to_string()])
            .args(["--trusted", &format!("{CITY}={http}")])
            .args(["--mqtt", &mqtt.to_string()])
            .arg("--outgoing-allow")
            .arg(&allow)
            .args(["--data", &data(&folder)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self {
            folder,
            child,
            http,
            mqtt,
            password,
        };
        eventually("the node answers", || {
            TcpStream::connect(http).is_ok() && node.ask("GET", "/types", "").0 == 200
        });
        node
    }

    /// Asks over NGSI-LD. Returns the status and the body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        ask(self.http, method, path, body)
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.unwrap().parse().unwrap()
    }

    /// Asks the node to end, and returns what it counted of the account.
    fn counts(mut self) -> [usize; 2] {
        let ended = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(ended.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let listed = run(&self.folder, &["source", "list", "--city", CITY]);
        let line = listed.lines().find(|line| line.starts_with("mqtt:udara:"));
        let line = line.unwrap_or_else(|| panic!("{listed}")).replace(',', "");
        let words: Vec<&str> = line.split_whitespace().collect();
        ["received", "refused"].map(|name| {
            let at = words.iter().position(|word| *word == name).unwrap();
            words[at - 1].parse().unwrap()
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn data(folder: &TempDir) -> String {
    folder.path().join("data").display().to_string()
}

/// Speaks English, whatever the machine speaks.
fn program(folder: &TempDir) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pendopo"));
    program
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .env_remove("PENDOPO_DATABASE")
        .env_remove("PENDOPO_KEY_FILE")
        .stdin(Stdio::null());
    program
}

fn run(folder: &TempDir, command: &[&str]) -> String {
    let place = ["--data", &data(folder)];
    let output = program(folder).args(command).args(place).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut line = TcpStream::connect(address).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{method} /ngsi-ld/v1{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !look() {
        assert!(begun.elapsed() < PATIENCE, "{what}, in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A client of MQTT 3.1.1, a packet at a time.
struct Mqtt(TcpStream);

impl Mqtt {
    fn connect(node: &Node, client: &str) -> Self {
        let mut line = TcpStream::connect(node.mqtt).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        line.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut body = [&text("MQTT")[..], &[4, 0b1100_0010, 0, 60]].concat();
        for part in [client, &format!("{CITY}/udara"), &node.password] {
            body.extend(text(part));
        }
        line.write_all(&packet(0x10, &body)).unwrap();
        let mut one = Self(line);
        assert_eq!(one.read(), [0x20, 2, 0, 0]);
        one
    }

    /// The next answer; all that this client is given have four bytes.
    fn read(&mut self) -> [u8; 4] {
        let mut answer = [0; 4];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }

    /// Publishes and waits for the answer.
    fn publish(&mut self, topic: &str, body: &str) {
        let body = [&text(topic)[..], &[0, 1], body.as_bytes()].concat();
        self.0.write_all(&packet(0x32, &body)).unwrap();
        assert_eq!(self.read(), [0x40, 2, 0, 1]);
    }

    /// Says goodbye. When it is hung up on, everything that it sent was taken.
    fn leave(mut self) {
        self.0.write_all(&packet(0xE0, &[])).unwrap();
        self.wait_for_the_end();
    }

    fn wait_for_the_end(mut self) {
        let mut rest = vec![];
        self.0.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [0_u8; 0]);
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut length = body.len();
    loop {
        let more = length >= 128;
        packet.push((length % 128) as u8 | u8::from(more) << 7);
        length /= 128;
        if !more {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// Publishes without waiting for anything, as fast as the node takes it. Returns how many.
fn flood(node: &Node, until: &AtomicBool, sent: &AtomicUsize) {
    let mut client = Mqtt::connect(node, "flood");
    while !until.load(Ordering::SeqCst) || sent.load(Ordering::SeqCst) < FLOOD {
        let mut many = vec![];
        for number in 0..100 {
            let topic = format!("{CITY}/air/f{number}/reading");
            let body = [&text(&topic)[..], br#"{"pm25": 12.5}"#].concat();
            many.extend(packet(0x30, &body));
        }
        client.0.write_all(&many).unwrap();
        sent.fetch_add(100, Ordering::SeqCst);
    }
    client.leave();
}

#[test]
fn a_flood_is_slowed_and_counted_and_the_others_are_served_meanwhile() {
    let node = Node::start(&[]);
    let gauge = r#"{"id": "urn:ngsi-ld:Pos:1", "type": "Pos", "tinggi": 0}"#;
    assert_eq!(node.ask("POST", "/entities", gauge).0, 201);
    let (done, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| flood(&node, &done, &sent));
        eventually("the flood begins", || sent.load(Ordering::SeqCst) > 0);
        let mut quiet = Mqtt::connect(&node, "quiet");
        for turn in 1..=ANSWERS {
            quiet.publish(
                &format!("{CITY}/air/quiet/reading"),
                &format!(r#"{{"pm25": {turn}}}"#),
            );
            let body = format!(r#"{{"tinggi": {turn}}}"#);
            let answer = node.ask("PATCH", "/entities/urn:ngsi-ld:Pos:1/attrs", &body);
            assert_eq!(answer.0, 204, "{}", answer.1);
        }
        done.store(true, Ordering::SeqCst);
        assert!(
            node.resident_kib() < MOST_RESIDENT_KIB,
            "{} KiB",
            node.resident_kib()
        );
    });
    for (id, name) in [
        ("urn:ngsi-ld:Air:quiet", "pm25"),
        ("urn:ngsi-ld:Pos:1", "tinggi"),
    ] {
        let (_, body) = node.ask("GET", &format!("/entities/{id}?options=keyValues"), "");
        let entity: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(entity[name], ANSWERS, "{body}");
    }
    let sent = sent.into_inner();
    assert_eq!(node.counts(), [sent + ANSWERS, 0]);
}

#[test]
fn a_topic_without_a_right_ends_its_own_connection_and_is_counted() {
    let node = Node::start(&[]);
    let mut good = Mqtt::connect(&node, "good");
    let mut bad = Mqtt::connect(&node, "bad");
    let topic = text(&format!("{CITY}/river/1/level"));
    bad.0
        .write_all(&packet(0x30, &[&topic[..], b"{}"].concat()))
        .unwrap();
    bad.wait_for_the_end();
    good.publish(&format!("{CITY}/air/1/reading"), r#"{"pm25": 1}"#);
    assert_eq!(node.ask("GET", "/entities/urn:ngsi-ld:Air:1", "").0, 200);
    good.leave();
    assert_eq!(node.counts(), [1, 1]);
}

/// Somebody who answers every request with 204 and keeps what it was told.
fn receiver() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, told) = (listener.local_addr().unwrap(), Arc::default());
    let keeping: Arc<Mutex<Vec<String>>> = Arc::clone(&told);
    std::thread::spawn(move || {
        for line in listener.incoming() {
            let mut line = line.unwrap();
            let mut request = [0; 16 * 1024];
            // The node sends its small requests in one piece.
            let length = line.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            keeping.lock().unwrap().push(request);
            let _ = line.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    (address, told)
}

fn subscribe(node: &Node, name: &str, uri: &str) -> (u16, String) {
    let body = json!({
        "id": format!("urn:ngsi-ld:Subscription:{name}"), "type": "Subscription", "entities": [{"type": "Pos"}],
        "notification": {"endpoint": {"uri": uri, "accept": "application/json"}},
    });
    node.ask("POST", "/subscriptions", &body.to_string())
}

/// What the node says of a subscription.
fn account(node: &Node, name: &str) -> Value {
    let path = format!("/subscriptions/urn:ngsi-ld:Subscription:{name}");
    let (status, body) = node.ask("GET", &path, "");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn a_subscriber_that_is_not_there_or_must_not_be_reached_harms_nobody() {
    let (good, told) = receiver();
    // A name that is let in, and turns out to be of this machine.
    let (inside, reached) = receiver();
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    // Lets everybody in and says nothing.
    let silent = listen();
    let (mute, dead) = (silent.local_addr().unwrap(), listen().local_addr().unwrap());
    let node = Node::start(&[good, dead, mute]);
    for (at, uri) in [
        "http://10.1.2.3/",
        "https://10.1.2.3/",
        "https://192.168.0.1:8443/x",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "http://example.org/",
        "ftp://example.org/",
        "https://name:word@example.org/",
    ]
    .iter()
    .enumerate()
    {
        let (status, body) = subscribe(&node, &format!("refused{at}"), uri);
        assert_eq!(status, 400, "{uri}: {body}");
    }
    assert_eq!(node.ask("GET", "/subscriptions", "").1, "[]");

    for (name, uri) in [
        ("good", format!("http://{good}/")),
        ("dead", format!("http://{dead}/")),
        ("mute", format!("http://{mute}/")),
        ("inside", format!("https://localhost:{}/", inside.port())),
    ] {
        let (status, body) = subscribe(&node, name, &uri);
        assert_eq!(status, 201, "{uri}: {body}");
    }
    for turn in 0..ANSWERS {
        let body = format!(r#"[{{"id": "urn:ngsi-ld:Pos:1", "type": "Pos", "tinggi": {turn}}}]"#);
        let (status, body) = node.ask("POST", "/entityOperations/upsert", &body);
        assert!(status == 201 || status == 204, "{status}: {body}");
    }
    let last = format!(r#""value":{}"#, ANSWERS - 1);
    eventually("the good one is told to the end", || {
        told.lock().unwrap().iter().any(|one| one.contains(&last))
    });
    for name in ["dead", "mute", "inside"] {
        eventually("a failure is counted", || {
            let about = account(&node, name);
            about["notification"]["timesFailed"].as_u64() > Some(0)
                && about["notification"]["status"] == "failed"
        });
    }
    assert_eq!(account(&node, "good")["notification"]["status"], "ok");
    assert_eq!(
        *reached.lock().unwrap(),
        [""; 0],
        "it was reached all the same"
    );
}
