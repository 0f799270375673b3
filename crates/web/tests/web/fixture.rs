//! A node with one city made from the starter files, and browsers that visit it.
//!
//! ```ignore
//! stories! {
//!     async fn a_sentence(kota: Fixture) {
//!         let operator = kota.sign_in("operator").await;
//!         operator.get("/meja").await.is(200).has("Perlu tindakan");
//!     }
//! }
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request as AxumRequest;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use geo::{MultiPolygon, polygon};
use http_body_util::BodyExt;
use pendopo_connectors::mqtt::intake;
use pendopo_domain::geo::{Area, AreaId, Position};
use pendopo_domain::live_types::LiveType;
use pendopo_domain::organisation::Role;
use pendopo_domain::playbooks::Playbook;
use pendopo_domain::reports::{Channel, Report};
use pendopo_domain::services::Service;
use pendopo_operations::configuration::{
    self, PositionFile, Profile, RouteFile, Starter, TeamFile,
};
use pendopo_operations::reports::{self, Submission, Submitted};
use pendopo_operations::store::{Location, Root};
use pendopo_operations::units::UnitFile;
use pendopo_operations::{City, Node, sign_ins};
use pendopo_testkit::{DrivenClock, Place, TestCity, TestEntropy};
use pendopo_web::Options;
use pendopo_web::server::AppState;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;

use crate::lines::Lines;

/// Makes two tests of each `async fn a_sentence(kota: Fixture) { … }`: one per database.
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($kota:ident: Fixture) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($kota: Fixture) $body

            #[test]
            fn sqlite() {
                pendopo_testkit::run(async { story(Fixture::sqlite().await).await });
            }

            #[test]
            fn postgres() {
                pendopo_testkit::run(async { story(Fixture::postgres().await).await });
            }
        }
    )+};
}

/// Logins of the fixture and the positions they act from.
const LOGINS: [(&str, &str); 8] = [
    ("operator", "operator-meja"),
    ("dispatcher", "dispatcher"),
    ("petugas-dishub", "petugas-dishub"),
    ("petugas-dlh", "petugas-dlh"),
    ("petugas-inspektorat", "petugas-inspektorat"),
    ("wali-kota", "wali-kota"),
    ("pelindung-data", "pejabat-pelindung-data"),
    ("staf-ti", "staf-ti"),
];

/// A place in the fixture's area `kota-lama`.
pub const LAT: f64 = 0.92;
pub const LON: f64 = 104.45;

/// One city, served.
pub struct Fixture {
    pub city: Arc<City>,
    pub clock: Arc<DrivenClock>,
    pub node: Arc<Node>,
    /// What was logged while requests were answered.
    pub lines: Lines,
    pub app: Router,
    pub host: String,
    browsers: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
    /// Live pages end when it is dropped.
    _stop: watch::Sender<bool>,
    /// Last, so that the city is closed before its place is removed.
    _place: Place,
}

impl Fixture {
    /// A city in a folder, called `kota`.
    pub async fn sqlite() -> Self {
        let place = Place::sqlite();
        let Location::Folder(folder) = place.location().clone() else {
            unreachable!("SQLite lives in a folder")
        };
        let root = Root::Folder(folder.parent().expect("a city has a root").to_owned());
        Self::found(place, root, "kota".to_owned()).await
    }

    /// A city in schemas of the test's server, under a name that nobody uses.
    pub async fn postgres() -> Self {
        let place = Place::postgres();
        let Location::Postgres { url, schema } = place.location().clone() else {
            unreachable!("it has schemas")
        };
        // A city's name is a host name too.
        Self::found(place, Root::Postgres(url), schema.replace('_', "")).await
    }

    async fn found(place: Place, root: Root, slug: String) -> Self {
        // What background work logs is heard from the first city on.
        Lines::of_the_process();
        let clock: Arc<DrivenClock> = Arc::default();
        let entropy: Arc<TestEntropy> = Arc::default();
        let node = Arc::new(Node::new(root, TestCity::MASTER, clock.clone(), entropy));
        let store = node.store(&slug).await.expect("the city opens");
        configuration::found(
            &store,
            profile(),
            starter(),
            pendopo_domain::time::Clock::now(&*clock),
        )
        .await
        .expect("the starter files make a city");
        store.close().await;
        let city = node
            .city(&slug)
            .await
            .expect("the city opens")
            .expect("the city is there");
        let (stop, stopping) = watch::channel(false);
        let state = AppState {
            node: Arc::clone(&node),
            options: Arc::new(Options {
                // As the listener of devices reads them.
                messages: Some(intake::reader()),
                alerts: Some(pendopo_connectors::alerts::writer()),
                ..Options::default()
            }),
            bound: None,
            trusted: false,
        };
        let lines = Lines::default();
        let heard = lines.dispatch();
        let hear = middleware::from_fn(move |request: AxumRequest, next: Next| {
            next.run(request).with_subscriber(heard.clone())
        });
        Self {
            city,
            clock,
            node,
            lines,
            app: pendopo_web::routes::router(state, stopping).layer(hear),
            host: format!("{slug}.localhost"),
            browsers: Mutex::default(),
            _stop: stop,
            _place: place,
        }
    }

    /// The browser of this name; its cookies stay as long as the fixture.
    pub fn browser(&self, name: &str) -> Browser<'_> {
        Browser {
            fixture: self,
            name: name.to_owned(),
        }
    }

    /// Opens a page in the browser of a resident.
    pub async fn get(&self, path: &str) -> Answer {
        self.browser("warga").get(path).await
    }

    /// Sends a form from the browser of a resident.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.browser("warga").post(path, form).await
    }

    /// Adds a login of [`LOGINS`] with a password.
    pub async fn add_login(&self, login: &str, password: Option<&str>) {
        let (_, position) = LOGINS
            .iter()
            .find(|(known, _)| *known == login)
            .expect("a login of the fixture");
        let by = configuration::command_line();
        sign_ins::add(&self.city, &by, login, position, password)
            .await
            .expect("a login is added");
    }

    /// A link that signs in once.
    pub async fn add_link(&self, login: &str) -> String {
        self.add_login(login, None).await;
        let by = configuration::command_line();
        let token = sign_ins::add_link(&self.city, &by, login)
            .await
            .expect("a link is made");
        format!("/masuk/tautan/{token}")
    }

    /// A browser of its own, signed in by a link.
    pub async fn sign_in(&self, login: &str) -> Browser<'_> {
        let link = self.add_link(login).await;
        let browser = self.browser(login);
        browser.post(&link, &[]).await.is(303);
        browser
    }

    /// Sends a report as a resident does; what is not said is a street lamp in [`LON`], [`LAT`].
    pub async fn submit(&self, with: impl FnOnce(&mut Submission)) -> Submitted {
        let mut submission = Submission {
            service_code: "lampu-jalan-padam".to_owned(),
            position: Position::new(LON, LAT),
            place: Some("Jl. Bakar Batu".to_owned()),
            description: Some("Dua lampu mati sejak Jumat.".to_owned()),
            ..Submission::default()
        };
        with(&mut submission);
        let sent = reports::submit(&self.city, &self.city.public(), Channel::Web, submission).await;
        sent.unwrap_or_else(|error| panic!("the report is taken in: {error:?}"))
    }

    /// How many reports there are, public and secret.
    pub async fn count(&self) -> i64 {
        let mut db = self
            .city
            .store()
            .read()
            .await
            .expect("the database answers");
        let all = pendopo_operations::store::report_query::Filter::default();
        pendopo_operations::store::report_query::count(&mut db, &all)
            .await
            .expect("the database counts")
    }

    /// A key for a system that posts over Open311.
    pub async fn add_api_key(&self) -> String {
        let by = configuration::command_line();
        configuration::add_api_key(&self.city, &by, "Sistem uji")
            .await
            .expect("a key is made")
    }

    /// The report as it is now.
    pub async fn report(&self, report: &Report) -> Report {
        let mut db = self
            .city
            .store()
            .read()
            .await
            .expect("the database answers");
        let found = pendopo_operations::store::reports::by_id(&mut db, report.id).await;
        found
            .expect("the database answers")
            .expect("the report is there")
    }
}

/// Somebody's browser: what it sends, and the cookies it got.
#[derive(Clone)]
pub struct Browser<'a> {
    fixture: &'a Fixture,
    name: String,
}

impl Browser<'_> {
    /// Opens a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(
            Request::get(path).header(header::ACCEPT, "text/html"),
            Body::empty(),
        )
        .await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(form).expect("a form is text");
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body)).await
    }

    /// Posts a form as a script does that wants JSON back.
    pub async fn post_json(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(form).expect("a form");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        self.send(request, Body::from(body)).await
    }

    /// Sends a form with a small picture in the file field `photo`.
    pub async fn upload(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.upload_file(path, form, &picture()).await
    }

    /// Sends a form with a file in the field `photo`.
    pub async fn upload_file(&self, path: &str, form: &[(&str, &str)], file: &[u8]) -> Answer {
        const BOUNDARY: &str = "batas";
        let mut body = Vec::new();
        for (name, value) in form {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"f.png\"\r\n\
             Content-Type: image/png\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(
            Request::post(path).header(header::CONTENT_TYPE, kind),
            Body::from(body),
        )
        .await
    }

    /// Sends a POST and opens the page that it leads to.
    pub async fn post_and_follow(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, form).await.is(303);
        self.get(answer.location()).await.is(200)
    }

    fn cookies(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, BTreeMap<String, String>>> {
        self.fixture.browsers.lock().expect("no test panicked here")
    }

    /// Sends any request; of a live stream the answer holds the first event only.
    pub async fn send(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let (parts, mut body) = self.open(request, body).await.into_parts();
        let live = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/event-stream");
        let bytes = if live {
            let frame = body
                .frame()
                .await
                .expect("a first event")
                .expect("the body arrives");
            frame.into_data().unwrap_or_default()
        } else {
            body.collect().await.expect("the body arrives").to_bytes()
        };
        // As a reader of the source would write it: the templates escape slashes in values.
        let body = String::from_utf8_lossy(&bytes).replace("&#x2f;", "/");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            bytes,
        }
    }

    /// Sends any request and leaves the body of the answer unread.
    pub async fn open(&self, request: axum::http::request::Builder, body: Body) -> Response {
        let kept = self.cookies().get(&self.name).cloned().unwrap_or_default();
        let mut request = request
            .header(header::HOST, &self.fixture.host)
            .header("sec-fetch-site", "same-origin");
        for (name, value) in kept {
            request = request.header(header::COOKIE, format!("{name}={value}"));
        }
        let request = request.body(body).expect("a request");
        let response = self
            .fixture
            .app
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie is text");
            let (pair, rest) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            let mut browsers = self.cookies();
            let jar = browsers.entry(self.name.clone()).or_default();
            if rest.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// The body as it came.
    pub bytes: Bytes,
}

impl Answer {
    /// Checks the status; says what the page said otherwise.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Checks that the page says `text`.
    #[track_caller]
    pub fn has(self, text: &str) -> Self {
        assert!(
            self.body.contains(text),
            "{text:?} is not in\n{}",
            self.body
        );
        self
    }

    /// Checks that the page does not say `text`.
    #[track_caller]
    pub fn lacks(self, text: &str) -> Self {
        assert!(!self.body.contains(text), "{text:?} is in\n{}", self.body);
        self
    }

    /// Where it leads; empty when nowhere.
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A PNG of one pixel.
pub fn picture() -> Vec<u8> {
    const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    STANDARD.decode(PIXEL).expect("base64")
}

fn profile() -> Profile {
    Profile {
        name: "Kota Uji".to_owned(),
        code: "ID-21.72".to_owned(),
        province: "Kepulauan Riau".to_owned(),
        zone: "Asia/Jakarta".to_owned(),
        zone_abbreviation: "WIB".to_owned(),
        domain: "kota.example".to_owned(),
        emergency_phone: "112".to_owned(),
        bbox: [104.4, 0.85, 104.6, 1.0],
        demo: false,
        holidays: vec![],
    }
}

/// The starter files as they are, with two areas.
fn starter() -> Starter {
    Starter {
        services: list::<Service>(
            include_str!("../../../../cities/starter/services.json"),
            "services",
        ),
        teams: list::<TeamFile>(
            include_str!("../../../../cities/starter/teams.json"),
            "teams",
        ),
        units: list::<UnitFile>(
            include_str!("../../../../cities/starter/units.json"),
            "units",
        ),
        playbooks: list::<Playbook>(
            include_str!("../../../../cities/starter/playbooks.json"),
            "playbooks",
        ),
        routing: list::<RouteFile>(
            include_str!("../../../../cities/starter/routing.json"),
            "routing",
        ),
        roles: list::<Role>(
            include_str!("../../../../cities/starter/roles.json"),
            "roles",
        ),
        positions: list::<PositionFile>(
            include_str!("../../../../cities/starter/positions.json"),
            "positions",
        ),
        areas: vec![
            area("kota-lama", "Kota Lama", 104.4),
            area("kota-baru", "Kota Baru", 104.5),
        ],
        live_types: list::<LiveType>(
            include_str!("../../../../cities/starter/live_types.json"),
            "live_types",
        ),
        // A test that wants rules brings its own: those of the starter would open incidents of its reports.
        rules: vec![],
        places: vec![],
        base_map: String::new(),
        alerts: serde_json::from_str(include_str!("../../../../cities/starter/alerts.json"))
            .expect("the file reads"),
    }
}

fn list<T: DeserializeOwned>(file: &str, name: &str) -> Vec<T> {
    let mut file: serde_json::Value = serde_json::from_str(file).expect("the file is JSON");
    serde_json::from_value(file[name].take()).expect("the file reads")
}

/// A tenth of a degree wide, from `west` on.
fn area(code: &str, name: &str, west: f64) -> Area {
    let (east, south, north) = (west + 0.1, 0.85, 1.0);
    let square = polygon![(x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north)];
    Area {
        id: AreaId(0),
        code: code.to_owned(),
        name: name.to_owned(),
        kind: "kelurahan".to_owned(),
        parent_name: None,
        approximate: true,
        centre: Position::new(west + 0.05, 0.92).expect("a place on earth"),
        outline: MultiPolygon(vec![square]),
    }
}
