//! Who sends live data, as the staff sees it, and what waits in quarantine.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use pendopo_connectors::mqtt::intake::{Intake, Message, Writer};
use pendopo_domain::sources::{Counts, Kind, Mapping, Source};
use pendopo_domain::time::Clock;
use pendopo_operations::{configuration, sources};

use crate::fixture::{Answer, Fixture};

const PAGE: &str = "/meja/sumber/mqtt/gauges";
const ENTITIES: &str = "/ngsi-ld/v1/entities";
const UPSERT: &str = "/ngsi-ld/v1/entityOperations/upsert";

/// Reads the member called `level`.
async fn map(kota: &Fixture, level: &str) {
    let json = format!(
        r#"{{"name": "river", "topic": "river/+/level", "format": "json", "id": "urn:ngsi-ld:Uji:{{1}}",
            "type": "WaterObserved", "attributes": [{{"pointer": "/{level}", "name": "waterLevel", "required": true}}]}}"#
    );
    let mapping: Mapping = serde_json::from_str(&json).unwrap();
    let by = configuration::command_line();
    sources::put(&kota.city, &by, vec![mapping], vec![])
        .await
        .unwrap();
}

/// Messages of the account `gauges`, as the listener takes them.
async fn publish(kota: &Fixture, messages: &[(&str, &str)]) {
    let source = Source::new(Kind::Mqtt, "gauges");
    let intake = Intake::new(Arc::clone(&kota.city), source, Writer::City, Arc::default());
    let message = |(topic, body): &(&str, &str)| Message {
        topic: (*topic).to_owned(),
        body: body.as_bytes().to_vec().into(),
    };
    intake
        .take(messages.iter().map(message).collect())
        .await
        .unwrap();
}

/// A request of a system to the interface of entities.
async fn ask(kota: &Fixture, method: &str, path: &str, key: Option<&str>, body: String) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    kota.browser("sistem").send(request, Body::from(body)).await
}

/// A gauge whose level was observed so many minutes ago.
fn gauge(kota: &Fixture, id: &str, minutes: i64) -> String {
    let at = kota.clock.now().plus(SignedDuration::from_mins(-minutes));
    format!(
        r#"{{"id": "{id}", "type": "Gauge", "level": {{"type": "Property", "value": 1, "observedAt": "{at}"}}}}"#
    )
}

/// What is counted about the key `Sistem uji`.
async fn counted(kota: &Fixture) -> Option<Counts> {
    let by = configuration::command_line();
    let seen = sources::list(&kota.city, &by).await.unwrap();
    let found = seen
        .into_iter()
        .find(|seen| seen.name == "api_key:Sistem uji");
    found.map(|seen| seen.counts)
}

stories! {
    async fn the_list_names_every_source_with_its_kind_its_state_and_its_counts(kota: Fixture) {
        let operator = kota.sign_in("operator").await;
        let staff = kota.sign_in("staf-ti").await;
        operator.get("/meja/sumber").await.is(200).has("Belum ada sumber data").lacks("pendopo mqtt-account add");
        staff.get("/meja/sumber").await.is(200).has("pendopo mqtt-account add");
        let by = configuration::command_line();
        sources::add_account(&kota.city, &by, "unused", &["a/#".to_owned()]).await.unwrap();
        publish(&kota, &[("river/1/level", "{}")]).await;
        kota.clock.advance(SignedDuration::from_mins(90));
        let counts = Counts { received: 1_234, late: 7, refused: 5, unknown_units: 3, ..Counts::default() };
        sources::note(&kota.city, &Source::new(Kind::ApiKey, "Dinas/SDA & co"), counts);
        let list = operator.get("/meja/sumber").await.is(200);
        let list = list.has("Klien MQTT").has("Klien API").has("1.234").has("satuan tak dikenal");
        let list = list.has("Dinas/SDA &amp; co").has("/meja/sumber/api_key/Dinas%2FSDA%20%26%20co");
        let rows: Vec<&str> = list.body.split("<li>").skip(1).collect();
        let state = |name: &str| {
            let row = rows.iter().find(|row| row.contains(name)).unwrap();
            ["Mengirim", "Diam", "Belum pernah terlihat"].map(|word| row.contains(&format!("</svg>{word}</span>")))
        };
        assert_eq!(state("SDA"), [true, false, false]);
        assert_eq!(state("gauges"), [false, true, false]);
        assert_eq!(state("unused"), [false, false, true]);
        operator.get("/meja/sumber/api_key/Dinas%2FSDA%20%26%20co").await.is(200).has("Tidak ada pesan di karantina");
        for path in ["/meja/sumber/mqtt/none", "/meja/sumber/pigeon/7"] {
            operator.get(path).await.is(404);
        }
        operator.get("/meja").await.is(200).has("href=\"/meja/sumber\"");
        operator.get("/meja/langsung").await.is(200).has("href=\"/meja/sumber\"");
        kota.get("/langsung").await.is(200).lacks("/meja/sumber");
        kota.sign_in("dispatcher").await.get("/meja/langsung").await.is(200).lacks("/meja/sumber");
    }

    async fn what_waits_is_listed_with_its_reason_and_only_who_manages_sources_sees_what_it_says(kota: Fixture) {
        map(&kota, "level").await;
        let long = format!("{{\"secret\": \"{}\"}}", "x".repeat(5_000));
        publish(&kota, &[("river/1/level", "<b>\u{7}rahasia"), ("park/2/free", &long)]).await;
        let operator = kota.sign_in("operator").await.get(PAGE).await.is(200);
        let operator = operator.has("river/1/level").has("Bukan format yang disebut pemetaan").has("park/2/free");
        let operator = operator.has("Tidak ada pemetaan untuk topiknya").has("5.014 bita");
        operator.lacks("rahasia").lacks("secret").lacks("/ulang").lacks("/buang");
        let staff = kota.sign_in("staf-ti").await;
        let page = staff.get(PAGE).await.is(200).has("&lt;b&gt;\u{FFFD}rahasia").has("Hanya bagian awalnya");
        assert!(page.has("/ulang").has("/buang").body.matches('x').count() < 1_200);
        let one = staff.get(&format!("{PAGE}?alasan=malformed")).await.is(200);
        one.has("river/1/level").lacks("park/2/free").has("name=\"alasan\" value=\"malformed\"");
        staff.get(&format!("{PAGE}?alasan=pigeon&sebelum=x")).await.is(200).has("park/2/free");
    }

    async fn many_messages_are_turned_over_page_by_page(kota: Fixture) {
        let topics: Vec<String> = (0..45).map(|n| format!("none/{n:02}")).collect();
        let messages: Vec<(&str, &str)> = topics.iter().map(|topic| (topic.as_str(), "")).collect();
        publish(&kota, &messages).await;
        let operator = kota.sign_in("operator").await;
        let mut path = PAGE.to_owned();
        let mut seen = vec![];
        loop {
            let page = operator.get(&path).await.is(200).body;
            let on_page: Vec<&String> = topics.iter().rev().filter(|topic| page.contains(topic.as_str())).collect();
            seen.push((on_page.len(), page.contains("Terbaru")));
            let Some((_, older)) = page.split_once("rel=\"next\" href=\"") else { break };
            path = older.split('"').next().unwrap().replace("&amp;", "&");
        }
        assert_eq!(seen, [(20, false), (20, true), (5, true)]);
    }

    async fn trying_again_says_how_many_were_taken_and_why_the_others_stay(kota: Fixture) {
        map(&kota, "level_cm").await;
        publish(&kota, &[("river/1/level", r#"{"level": 1}"#), ("river/2/level", r#"{"level": 2}"#), ("x", "")]).await;
        map(&kota, "level").await;
        publish(&kota, &[("river/3/level", "no JSON")]).await;
        let again = format!("{PAGE}/ulang");
        kota.sign_in("operator").await.post(&again, &[]).await.is(403);
        let staff = kota.sign_in("staf-ti").await;
        let page = staff.post(&again, &[("alasan", "no_mapping")]).await.is(200);
        page.has("0 pesan berhasil diambil.").has("Tidak ada pemetaan untuk topiknya <span class=\"n\">1</span>");
        let page = staff.post(&again, &[]).await.is(200).has("2 pesan berhasil diambil.").has("Yang tetap di karantina");
        let page = page.has("Tidak ada pemetaan untuk topiknya <span class=\"n\">1</span>");
        let page = page.has("Bukan format yang disebut pemetaan <span class=\"n\">1</span>");
        page.has("(sudah dicoba lagi 2 kali)").lacks("Ada nilai yang kosong").lacks("river/1/level");
        let client = kota.city.api_client(pendopo_domain::organisation::ApiKeyId(1));
        for id in ["1", "2"] {
            let entity = pendopo_operations::entities::get(&kota.city, &client, &format!("urn:ngsi-ld:Uji:{id}")).await;
            assert!(entity.is_ok(), "{id}");
        }
        // The language is changed on the page of the source, which a GET opens.
        staff.get(PAGE).await.is(200).has("x").lacks("berhasil diambil");
        staff.post("/meja/sumber/mqtt/none/ulang", &[]).await.is(404);
    }

    async fn what_is_discarded_is_gone_and_the_chain_knows_it(kota: Fixture) {
        map(&kota, "level").await;
        publish(&kota, &[("x", "1"), ("river/1/level", "no JSON"), ("river/2/level", "no JSON")]).await;
        let away = format!("{PAGE}/buang");
        kota.sign_in("operator").await.post(&away, &[]).await.is(403);
        let staff = kota.sign_in("staf-ti").await;
        let page = staff.post(&away, &[("alasan", "malformed")]).await.is(200).has("2 pesan sudah dibuang.");
        page.has("Tidak ada pemetaan untuk topiknya").lacks("river/1/level");
        staff.post(&away, &[]).await.is(200).has("1 pesan sudah dibuang.").has("Tidak ada pesan di karantina");
        staff.post(&away, &[]).await.is(200).has("0 pesan sudah dibuang.");
        let mut db = kota.city.store().read().await.unwrap();
        let chain = pendopo_operations::store::chains::CONFIGURATION;
        let entries = pendopo_operations::store::chains::entries(&mut db, chain, 100).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.subject == "quarantine").count(), 2);
    }

    async fn a_system_with_a_key_is_a_source_by_the_name_of_its_key(kota: Fixture) {
        let secret = kota.add_api_key().await;
        let key = Some(secret.as_str());
        assert_eq!(counted(&kota).await, None);
        let (one, two, three) = (gauge(&kota, "urn:a:1", 10), gauge(&kota, "urn:a:2", 11), gauge(&kota, "urn:a:3", 0));
        ask(&kota, "POST", ENTITIES, key, one.clone()).await.is(201);
        let expect = |received, late, refused| Some(Counts { received, late, refused, ..Counts::default() });
        assert_eq!(counted(&kota).await, expect(1, 0, 0));
        // One is refused as it exists, one does not read, one was observed long ago.
        let body = format!("[{one}, {two}, {three}, {{\"id\": \"urn:a:4\"}}]");
        ask(&kota, "POST", "/ngsi-ld/v1/entityOperations/create", key, body).await.is(207);
        assert_eq!(counted(&kota).await, expect(3, 1, 2));
        ask(&kota, "POST", UPSERT, key, "no JSON".to_owned()).await.is(400);
        ask(&kota, "DELETE", &format!("{ENTITIES}/urn:a:9"), key, String::new()).await.is(404);
        ask(&kota, "DELETE", &format!("{ENTITIES}/urn:a:1"), key, String::new()).await.is(204);
        assert_eq!(counted(&kota).await, expect(4, 1, 4));
        // Who reads is no source, and who shows no key is nobody.
        ask(&kota, "GET", &format!("{ENTITIES}?type=Gauge"), key, String::new()).await.is(200);
        ask(&kota, "POST", UPSERT, None, "[]".to_owned()).await.is(401);
        ask(&kota, "POST", UPSERT, Some("wrong"), "[]".to_owned()).await.is(401);
        assert_eq!(counted(&kota).await, expect(4, 1, 4));
        let list = kota.sign_in("operator").await.get("/meja/sumber").await.is(200);
        list.has("Sistem uji").lacks(&secret);
    }

    async fn a_key_without_the_right_is_refused_and_counted(kota: Fixture) {
        let key = kota.add_api_key().await;
        let mut role = kota.city.configuration().roles.iter().find(|role| role.code == "api_client").unwrap().clone();
        role.actions.remove(&pendopo_domain::policy::Action::WriteEntities);
        kota.city.store().write(move |db| Box::pin(async move {
            pendopo_operations::store::configuration::put_role(db, &role).await
        })).await.unwrap();
        kota.city.reload().await.unwrap();
        let answer = ask(&kota, "POST", UPSERT, Some(&key), "[]".to_owned()).await.is(403);
        assert!(answer.body.contains("\"status\":403"), "{}", answer.body);
        assert_eq!(counted(&kota).await, Some(Counts { refused: 1, ..Counts::default() }));
    }

    async fn the_body_of_a_problem_says_the_status_that_it_is_answered_with(kota: Fixture) {
        let key = kota.add_api_key().await;
        let key = Some(key.as_str());
        for (method, path, key, status) in [
            ("POST", UPSERT, None, 401),
            ("POST", UPSERT, Some("wrong"), 401),
            ("POST", UPSERT, key, 400),
            ("PUT", UPSERT, key, 405),
            ("GET", "/ngsi-ld/v1/entities/urn:a:9", key, 404),
            ("GET", "/ngsi-ld/v1/none", key, 404),
        ] {
            let answer = ask(&kota, method, path, key, "{".to_owned()).await.is(status);
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body["status"], status, "{method} {path} {}", answer.body);
            let asks = answer.headers.get(header::WWW_AUTHENTICATE).is_some();
            assert_eq!(asks, status == 401, "{method} {path}");
        }
    }
}
