//! Who may open which route: every route of the table with every role of the starter files.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, header};
use pendopo_domain::organisation::Role;
use pendopo_domain::policy::{Actor, Grant, Scope, Subject, Who, allows};
use pendopo_web::routes::{Route, table};

use crate::fixture::{Answer, Browser, Fixture};

/// Who comes, by role; nobody is signed in for the first.
const VISITORS: [(&str, Option<&str>); 7] = [
    ("public", None),
    ("operator", Some("operator")),
    ("dispatcher", Some("dispatcher")),
    ("crew", Some("petugas-dishub")),
    ("mayor", Some("wali-kota")),
    ("privacy_officer", Some("pelindung-data")),
    ("it_staff", Some("staf-ti")),
];

/// Somebody with the role and nothing else.
fn actor(role: &Role) -> Actor {
    let grant = Grant {
        actions: role.actions.clone(),
        scope: Scope::City,
        position: None,
    };
    Actor {
        who: Who::Public,
        grants: vec![grant],
    }
}

fn roles() -> Vec<Role> {
    let file = include_str!("../../../../cities/starter/roles.json");
    let mut file: serde_json::Value = serde_json::from_str(file).unwrap();
    serde_json::from_value(file["roles"].take()).unwrap()
}

fn may(role: &Role, route: &Route) -> bool {
    route
        .needs
        .is_none_or(|action| allows(&actor(role), action, Subject::City))
}

/// A path of the route that names nothing that is there.
fn filled(route: &Route) -> String {
    route
        .path
        .replace("{number}", "L-999")
        .replace("{*name}", "app.css")
        .replace("{name}", "tidak-ada.xml")
        .replace("{token}", "999.AAAAAAAAAAAAAAAAAAAAAA")
        .replace("{id}", "999")
        .replace("{size}", "large")
        .replace("{tag}", "id")
        .replace("{kind}", "mqtt")
}

async fn visit(browser: &Browser<'_>, route: &Route) -> Answer {
    let request = Request::builder()
        .method(route.method.clone())
        .uri(filled(route))
        .header(header::ACCEPT, "text/html");
    let request = match route.method {
        Method::POST => request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        _ => request,
    };
    browser.send(request, Body::empty()).await
}

/// The words by which the guard sends someone away, in a page or in an interface.
fn refused(answer: &Answer) -> bool {
    let says = |words: &[&str]| words.iter().any(|words| answer.body.contains(words));
    match answer.status.as_u16() {
        303 => answer.location().starts_with("/masuk?kembali="),
        401 => says(&["<h1>Masuk dulu</h1>", "\"code\":\"sign_in_needed\""]),
        403 => says(&[
            "<h1>Jabatan Anda tidak boleh membuka ini</h1>",
            "\"code\":\"forbidden\"",
        ]),
        _ => false,
    }
}

stories! {
    async fn every_route_is_refused_exactly_to_roles_without_the_right(kota: Fixture) {
        // Signing out comes last: it would make a stranger of whoever visits.
        let mut routes = table();
        routes.sort_by_key(|route| route.path == "/keluar");
        let roles = roles();
        for (code, login) in VISITORS {
            let role = roles.iter().find(|role| role.code == code).unwrap();
            let browser = match login {
                Some(login) => kota.sign_in(login).await,
                None => kota.browser("nobody"),
            };
            for route in &routes {
                let answer = visit(&browser, route).await;
                let about = format!("{code}: {} {} gave {}", route.method, route.path, answer.status);
                if may(role, route) {
                    assert!(!refused(&answer), "{about}");
                    assert!(!answer.status.is_server_error(), "{about}\n{}", answer.body);
                    continue;
                }
                let page = route.method == Method::GET;
                let expected = match login {
                    Some(_) => 403,
                    None if page => 303,
                    None => 401,
                };
                assert_eq!(answer.status.as_u16(), expected, "{about}");
                assert!(refused(&answer), "{about}\n{}", answer.body);
                assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{about}");
            }
        }
        assert_eq!(kota.count().await, 0);
    }

    async fn a_key_and_a_link_open_no_rooms_of_the_staff(kota: Fixture) {
        let sent = kota.submit(|_| {}).await;
        let key = kota.add_api_key().await;
        kota.get(&format!("/l/{}", sent.token)).await.is(200);
        for path in ["/meja", "/tugas", "/meja/laporan/L-1"] {
            kota.get(&format!("{path}?api_key={key}&token={}", sent.token)).await.is(303);
        }
        let form = [("api_key", key.as_str()), ("token", sent.token.as_str()), ("reason", "Selesai.")];
        kota.post("/meja/laporan/L-1/tutup", &form).await.is(401);
        kota.get("/meja/laporan/L-1").await.is(303);
    }

    async fn no_form_of_another_site_is_taken(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        for route in table().iter().filter(|route| route.method == Method::POST && !route.path.starts_with("/open311")) {
            let request = Request::post(filled(route)).header("sec-fetch-site", "cross-site");
            // The first of two headers of one name is the one that counts.
            operator.send(request, Body::empty()).await.is(403);
            let elsewhere = axum::http::Request::post(filled(route))
                .header(header::HOST, &kota.host)
                .header(header::ORIGIN, "https://lain.example")
                .body(Body::empty())
                .unwrap();
            let answer = tower::ServiceExt::oneshot(kota.app.clone(), elsewhere).await.unwrap();
            assert_eq!(answer.status(), 403, "{}", route.path);
        }
    }
}

#[test]
fn only_what_is_of_no_city_needs_no_right() {
    let open: Vec<&str> = table()
        .iter()
        .filter(|route| route.needs.is_none())
        .map(|route| route.path)
        .collect();
    assert_eq!(
        open,
        [
            "/assets/{*name}",
            "/favicon.ico",
            "/sehat",
            "/",
            "/bahasa/{tag}",
            // Its link is the right, and it is never on the host of a city.
            "/mulai/{token}",
            "/mulai/{token}"
        ]
    );
}

#[test]
fn every_role_of_the_files_is_visited_or_comes_another_way() {
    let known: Vec<String> = roles().into_iter().map(|role| role.code).collect();
    let mut visited: Vec<&str> = VISITORS.iter().map(|(code, _)| *code).collect();
    // The holder of a link, and a system with a key: neither signs in.
    visited.extend(["reporter", "api_client"]);
    assert!(
        known.iter().all(|code| visited.contains(&code.as_str())),
        "{known:?}"
    );
    assert_eq!(known.len(), visited.len());
}

/// A change of rights changes this table, and is read in its diff.
#[test]
fn the_rights_of_the_roles() {
    let roles = roles();
    let mut text = String::new();
    for route in table() {
        let needs = route.needs.map_or("-", |action| action.word());
        let allowed: Vec<&str> = roles
            .iter()
            .filter(|role| may(role, &route))
            .map(|role| role.code.as_str())
            .collect();
        let who = if allowed.len() == roles.len() {
            "everyone".to_owned()
        } else {
            allowed.join(" ")
        };
        writeln!(
            text,
            "{:4} {:44} {:16} {who}",
            route.method.as_str(),
            route.path,
            needs
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}
