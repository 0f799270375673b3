//! The wall: who may see it, what its link opens, and what never stands on it.

use axum::body::Body;
use axum::http::{Method, Request, header};
use pendopo_domain::incidents::{Place, Priority};
use pendopo_domain::policy::{Action, Actor, Grant, Scope, Who};
use pendopo_domain::reports::{ReportId, Visibility};
use pendopo_domain::time::Clock;
use pendopo_operations::incidents::{self, Opening};
use pendopo_web::routes::table;
use serde_json::Value;

use crate::alarms::{GAUGE, keep, raise, rule};
use crate::fixture::{Browser, Fixture, LAT, LON};
use crate::live_data;

/// A room's form.
const ROOM: [(&str, &str); 4] = [
    ("name", "Ruang kendali"),
    ("seat", "6"),
    ("pitch", "1,89"),
    ("theme", "bright"),
];

/// Makes a link at the page for it, and returns its path.
async fn link(kota: &Fixture) -> String {
    let keeper = kota.sign_in("staf-ti").await;
    let made = keeper
        .post("/kelola/dinding", &ROOM)
        .await
        .is(200)
        .has("Ruang kendali")
        .has("huruf 26 px");
    let start = made.body.find("/wall/").expect("the link is shown");
    made.body[start..]
        .chars()
        .take_while(|c| *c != '<')
        .collect()
}

/// A browser that has opened the link.
async fn screen<'a>(kota: &'a Fixture, link: &str) -> Browser<'a> {
    let screen = kota.browser("layar");
    assert_eq!(screen.get(link).await.is(303).location(), "/wall");
    screen
}

async fn picture(screen: &Browser<'_>) -> Value {
    let answer = screen.get("/wall/data").await.is(200);
    serde_json::from_str(&answer.body).unwrap()
}

fn desk() -> Actor {
    let grant = Grant {
        actions: [
            Action::SeeDesk,
            Action::OpenIncident,
            Action::SeeSecret,
            Action::TriageReport,
        ]
        .into(),
        scope: Scope::City,
        position: None,
    };
    Actor {
        who: Who::City,
        grants: vec![grant],
    }
}

/// An incident of one report, with a team sent to it.
async fn open(kota: &Fixture, report: ReportId) {
    let team = kota.city.configuration().teams[0].id;
    let opening = Opening {
        reports: vec![report],
        priority: Priority::new(2).unwrap(),
        team,
        place: Place::default(),
    };
    incidents::open(&kota.city, &desk(), opening).await.unwrap();
}

stories! {
    async fn a_link_opens_the_wall_and_nothing_else(kota: Fixture) {
        let link = link(&kota).await;
        kota.get("/wall").await.is(404);
        kota.get("/wall/data").await.is(404);
        kota.get("/wall/events").await.is(404);
        let screen = screen(&kota, &link).await;
        let wall = screen.get("/wall").await.is(200)
            .has("data-theme=\"wall-bright\"").has("data-u=\"26\"").has("noindex").lacks("/masuk").lacks("<form");
        assert_eq!(wall.headers["x-robots-tag"], "noindex, nofollow");
        assert!(!wall.body.contains(&link), "the link does not stand on the wall");
        screen.get("/wall/events").await.is(200).has("event: hello");
        let token = link.trim_start_matches("/wall/").to_owned();
        // Not as a sign-in, not as a key, not as another city's link.
        for path in ["/meja", "/meja/alarm", "/meja/langsung", "/kelola/dinding", "/tugas"] {
            screen.get(&format!("{path}?token={token}&api_key={token}")).await.is(303);
        }
        screen.get(&format!("/l/{token}")).await.is(404);
        let open = |needs: Option<Action>| needs.is_none_or(|one| matches!(one, Action::SeePublic | Action::SubmitReport));
        for route in table().iter().filter(|route| !open(route.needs) && route.method == Method::POST) {
            let path = route.path.replace("{number}", "L-1").replace("{id}", "1").replace("{kind}", "mqtt").replace("{name}", "x");
            let form = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let status = screen.send(form, Body::empty()).await.status.as_u16();
            assert!(matches!(status, 401 | 403), "{} gave {status}", route.path);
        }
    }

    async fn a_revoked_link_opens_nothing_any_more(kota: Fixture) {
        let link = link(&kota).await;
        let screen = screen(&kota, &link).await;
        screen.get("/wall/data").await.is(200);
        let keeper = kota.browser("staf-ti");
        keeper.post("/kelola/dinding/999/cabut", &[]).await.is(404);
        keeper.post("/kelola/dinding/1/cabut", &[]).await.is(200).has("Tautan dicabut.").has("Belum ada tautan");
        for path in [link.as_str(), "/wall", "/wall/data", "/wall/events"] {
            screen.get(path).await.is(404);
        }
        keeper.post("/kelola/dinding/1/cabut", &[]).await.is(404);
    }

    async fn a_room_that_cannot_be_is_corrected_in_its_form(kota: Fixture) {
        let keeper = kota.sign_in("staf-ti").await;
        for (name, seat, pitch, says) in [
            ("Ruang", "0,2", "1,89", "Tulis jarak 1 sampai 50 meter"),
            ("Ruang", "enam", "1,89", "Tulis jarak 1 sampai 50 meter"),
            (" ", "6", "1,89", "Tulis nama ruang"),
        ] {
            let form = [("name", name), ("seat", seat), ("pitch", pitch)];
            keeper.post("/kelola/dinding", &form).await.is(400).has(says).has(&format!("value=\"{seat}\""));
        }
        let operator = kota.sign_in("operator").await;
        operator.get("/kelola/dinding").await.is(403);
        operator.post("/kelola/dinding", &ROOM).await.is(403);
    }

    async fn what_is_wrong_stands_on_the_wall_with_its_limits_and_its_age(kota: Fixture) {
        let link = link(&kota).await;
        let screen = screen(&kota, &link).await;
        let calm = picture(&screen).await;
        assert_eq!((calm["alarms"].as_array().unwrap().len(), calm["gauges"].as_array().unwrap().len()), (0, 0));
        let high = rule("high", 2);
        keep(&kota, high.clone()).await;
        let now = kota.clock.now();
        for (minutes, value) in [(30, "90"), (20, "110"), (10, "130"), (0, "150")] {
            let at = now.plus(jiff::SignedDuration::from_mins(-minutes));
            live_data::tell(&kota, "air", GAUGE, value, at).await;
        }
        raise(&kota, &high, "urn:ngsi-ld:Uji:air").await;
        // The picture of a moment ago is kept for a moment; another map asks anew.
        let told = screen.get("/wall/data?columns=30").await.is(200);
        let told: Value = serde_json::from_str(&told.body).unwrap();
        let (alarm, gauge) = (&told["alarms"][0], &told["gauges"][0]);
        assert_eq!((alarm["priority"].as_i64(), alarm["value"].as_str()), (Some(2), Some("150 cm")));
        assert!(alarm["by"].as_i64() > alarm["since"].as_i64(), "{alarm}");
        assert_eq!((gauge["value"].as_str(), gauge["passed"].as_i64(), gauge["stale"].as_bool()), (Some("150"), Some(2), Some(false)));
        assert_eq!(gauge["limits"][0]["value"].as_f64(), Some(120.0));
        assert_eq!(gauge["points"].as_array().unwrap().len(), 4);
        assert_eq!((told["inside"].as_i64(), told["heaps"][0]["count"].as_i64()), (Some(1), Some(1)));
        screen.get("/wall").await.is(200).has("Air melewati ambang");
    }

    async fn nothing_personal_and_nothing_secret_stands_on_the_wall(kota: Fixture) {
        let link = link(&kota).await;
        let screen = screen(&kota, &link).await;
        let secret = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
            sent.description = Some("PenandaUraian di loket.".into());
            sent.place = Some("PenandaTempat".into());
            sent.position = pendopo_domain::geo::Position::new(104.462468, 0.931357);
        }).await;
        let named = kota.submit(|sent| {
            sent.description = Some("PenandaKata: lampu mati.".into());
            sent.identity.name = Some("PenandaNama".into());
            sent.identity.phone = Some("0899 7531 2468".into());
        }).await;
        for report in [&secret.report, &named.report] {
            open(&kota, report.id).await;
        }
        live_data::tell(&kota, "air", GAUGE, "90", kota.clock.now()).await;
        let told = screen.get("/wall/data").await.is(200);
        let page = screen.get("/wall").await.is(200);
        for text in [&told.body, &page.body] {
            let text = text.to_lowercase();
            for marker in ["penanda", "0899", "931357", "462468", "pungutan", "sn-rahasia", "urn:ngsi-ld", "token"] {
                assert!(!text.contains(marker), "{marker} is in {text}");
            }
        }
        let told: Value = serde_json::from_str(&told.body).unwrap();
        let incidents = told["incidents"].as_array().unwrap();
        assert_eq!(incidents.len(), 1, "the incident of the secret report is not there: {incidents:?}");
        assert_eq!((incidents[0]["reports"].as_i64(), incidents[0]["at"].is_array()), (Some(1), true));
        let near = |place: &Value| (place[0].as_f64().unwrap() - LON).abs() < 0.01 && (place[1].as_f64().unwrap() - LAT).abs() < 0.01;
        assert!(told["reports"].as_array().unwrap().iter().all(|one| near(&one["at"])), "{told}");
    }

    async fn the_mayor_reads_in_one_sentence_whether_all_is_normal_and_whose_the_late_work_is(kota: Fixture) {
        let mayor = kota.sign_in("wali-kota").await;
        mayor.get("/walikota").await.is(200).has("Keadaan normal.");
        kota.get("/walikota").await.is(303);
        let report = kota.submit(|_| {}).await.report;
        kota.clock.advance(jiff::SignedDuration::from_hours(24 * 12));
        mayor.get("/walikota").await.is(200).has("Keadaan normal").has("1 laporan lewat batas");
        let high = rule("high", 1);
        keep(&kota, high.clone()).await;
        raise(&kota, &high, "urn:ngsi-ld:Uji:air").await;
        open(&kota, report.id).await;
        kota.clock.advance(jiff::SignedDuration::from_mins(11));
        let page = mayor.get("/walikota").await.is(200)
            .has("Tidak normal").has("Air melewati ambang").has("Dinas Perhubungan").has("Lampu jalan padam");
        assert!(page.body.matches("<li data-line").count() <= 5, "{}", page.body);
    }

    async fn the_public_map_shows_incidents_of_public_reports_coarsely_and_no_others(kota: Fixture) {
        let public = kota.submit(|sent| sent.position = pendopo_domain::geo::Position::new(104.45678, 0.92345)).await;
        let secret = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
        }).await;
        open(&kota, public.report.id).await;
        open(&kota, secret.report.id).await;
        let told = kota.get("/map/reports.json?bbox=104.3,0.8,104.6,1.1&zoom=12").await.is(200);
        let told: Value = serde_json::from_str(&told.body).unwrap();
        let features = told["features"].as_array().unwrap();
        let incidents: Vec<&Value> = features.iter().filter(|one| one["properties"]["priority"].is_number()).collect();
        assert_eq!(incidents.len(), 1, "{told}");
        assert_eq!(incidents[0]["geometry"]["coordinates"], serde_json::json!([104.457, 0.923]));
        let label = incidents[0]["properties"]["label"].as_str().unwrap();
        assert!(label.contains("Lampu jalan padam") && !label.contains("Dinas"), "{label}");
    }

    async fn beside_the_public_map_stands_what_it_marks_and_nothing_of_secret_reports(kota: Fixture) {
        kota.get("/peta").await.is(200).has("Tidak ada kejadian terbuka").lacks("data-incident");
        let public = kota.submit(|_| {}).await;
        let secret = kota.submit(|sent| {
            sent.service_code = "pungutan-liar".into();
            sent.visibility = Some(Visibility::Secret);
        }).await;
        open(&kota, public.report.id).await;
        open(&kota, secret.report.id).await;
        let page = kota.get("/peta").await.is(200);
        assert_eq!(page.body.matches("data-incident").count(), 1, "{}", page.body);
        let list = &page.body[page.body.find("data-incident").unwrap()..page.body.find("id=\"peringatan\"").unwrap()];
        assert!(list.contains("Lampu jalan padam") && list.contains("1 laporan"), "{list}");
        assert!(!list.contains("Dinas") && !list.contains("Pungutan"), "{list}");
    }

    async fn a_wall_tells_the_stage_the_warnings_and_when_a_limit_is_reached(kota: Fixture) {
        let link = link(&kota).await;
        let screen = screen(&kota, &link).await;
        let calm = picture(&screen).await;
        assert_eq!((&calm["stage"], &calm["alerts"]), (&Value::Null, &serde_json::json!([])));
        crate::alerts::bring(&kota, &crate::alerts::document(&kota, "7", "Severe", crate::alerts::RING)).await;
        kota.sign_in("operator").await.post("/meja/siaga", &[("tahap", "3")]).await.is(303);
        keep(&kota, rule("high", 2)).await;
        let now = kota.clock.now();
        // Half a centimetre a minute: 120 in twenty minutes.
        for minutes in (0..=6).rev().map(|step| step * 5) {
            let at = now.plus(jiff::SignedDuration::from_mins(-minutes));
            live_data::tell(&kota, "air", GAUGE, &format!("{}", 110.0 - minutes as f64 / 2.0), at).await;
        }
        let told = screen.get("/wall/data?columns=31").await.is(200);
        let told: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!((told["stage"]["number"].as_i64(), told["stage"]["title"].as_str()), (Some(3), Some("Tahap 3")));
        let warning = &told["alerts"][0];
        assert_eq!((warning["level"].as_i64(), warning["sender"].as_str()), (Some(2), Some("Badan <Uji>")));
        assert_eq!(warning["until"].as_i64(), Some((now.micros() / 1_000_000 + 7_200) * 1_000), "{warning}");
        let reach = &told["gauges"][0]["reach"];
        assert_eq!(reach["limit"].as_f64(), Some(120.0));
        let minutes = (reach["at"].as_i64().unwrap() - now.micros() / 1_000) / 60_000;
        assert!((19..=20).contains(&minutes), "{told}");
    }
}
