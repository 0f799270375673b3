//! What other systems should not send over NGSI-LD: the right refusal in the standard's shape and nothing changed, or
//! taken as it is when the standard allows it.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::fixture::{Answer, Fixture};

const GAUGE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const ID: &str = "urn:ngsi-ld:Uji:1";

/// A system with a key.
struct System<'a> {
    kota: &'a Fixture,
    key: String,
}

impl<'a> System<'a> {
    async fn new(kota: &'a Fixture) -> Self {
        let key = kota.add_api_key().await;
        Self { kota, key }
    }

    async fn ask(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/ngsi-ld/v1{path}"))
            .header("x-api-key", &self.key)
            .header(header::CONTENT_TYPE, "application/json");
        self.kota.browser("sistem").send(request, body.into()).await
    }

    /// Sends a body that is refused with this type of problem, and leaves no entity behind.
    async fn refused(&self, path: &str, body: impl Into<Body>, kind: &str) {
        let answer = self.ask("POST", path, body).await.is(400);
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            problem["type"],
            format!("https://uri.etsi.org/ngsi-ld/errors/{kind}")
        );
        assert_eq!(problem["status"], 400, "{problem}");
        // A stranger's text comes back shortened, if at all.
        assert!(answer.body.len() < 1_000, "{} bytes", answer.body.len());
        self.ask("GET", &format!("/entities/{ID}"), "")
            .await
            .is(404);
    }

    async fn value(&self) -> Value {
        let path = format!("/entities/{ID}?options=keyValues");
        let answer = self.ask("GET", &path, "").await.is(200);
        serde_json::from_str::<Value>(&answer.body).unwrap()[LEVEL].clone()
    }
}

fn gauge(level: &Value) -> Value {
    json!({"id": ID, "type": GAUGE, LEVEL: level})
}

fn read(value: u32, observed_at: &str) -> Value {
    json!({"type": "Property", "value": value, "observedAt": observed_at})
}

/// An entity with so many attributes.
fn wide(attributes: usize) -> String {
    let mut body = format!(r#"{{"id":"{ID}","type":"Uji""#);
    for number in 0..attributes {
        let _ = write!(body, r#","a{number}":{number}"#);
    }
    body + "}"
}

stories! {
    async fn a_body_that_is_cut_off_anywhere_is_an_invalid_request(kota: Fixture) {
        let system = System::new(&kota).await;
        let whole = gauge(&read(650, "2026-11-24T00:00:00Z")).to_string();
        for end in (0..whole.len()).step_by(7) {
            system.refused("/entities", whole[..end].to_owned(), "InvalidRequest").await;
        }
        let batch = format!("[{whole}");
        system.refused("/entityOperations/upsert", batch, "InvalidRequest").await;
        system.refused("/entities", whole.replace("650", "NaN"), "InvalidRequest").await;
        system.refused("/entities", whole.replace("650", "-Infinity"), "InvalidRequest").await;
    }

    async fn a_body_that_is_too_deep_is_refused_however_deep_it_is(kota: Fixture) {
        let system = System::new(&kota).await;
        for depth in [65, 1_000, 1_000_000] {
            let inside = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let body = format!(r#"{{"id":"{ID}","type":"Uji","a":{{"type":"Property","value":{inside}}}}}"#);
            system.refused("/entities", body, "BadRequestData").await;
        }
        let open = format!(r#"{{"id":"{ID}","type":"Uji","a":{}"#, r#"{"a":"#.repeat(1_000_000));
        system.refused("/entities", open, "InvalidRequest").await;
    }

    async fn an_entity_has_a_thousand_attributes_and_not_ten_thousand(kota: Fixture) {
        let system = System::new(&kota).await;
        for attributes in [10_000, 1_001] {
            system.refused("/entities", wide(attributes), "BadRequestData").await;
        }
        system.ask("POST", "/entities", wide(1_000)).await.is(201);
        for method in ["POST", "PATCH"] {
            let path = format!("/entities/{ID}/attrs");
            system.ask(method, &path, wide(10_000).replace("\"a", "\"b")).await.is(400);
        }
        let count = async || {
            let answer = system.ask("GET", &format!("/entities/{ID}?options=keyValues"), "").await.is(200);
            serde_json::from_str::<Value>(&answer.body).unwrap().as_object().unwrap().len()
        };
        // Beside the attributes there are the id and the type.
        assert_eq!(count().await, 1_002);
    }

    async fn the_bad_one_of_a_batch_is_named_and_the_others_are_taken(kota: Fixture) {
        let system = System::new(&kota).await;
        let bad: Value = serde_json::from_str(&wide(1_001)).unwrap();
        let other = json!({"id": "urn:ngsi-ld:Uji:2", "type": "Uji", "a": 1});
        let answer = system.ask("POST", "/entityOperations/upsert", json!([bad, other]).to_string()).await.is(207);
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["success"], json!(["urn:ngsi-ld:Uji:2"]));
        assert_eq!((&told["errors"][0]["entityId"], told["errors"].as_array().unwrap().len()), (&json!(ID), 1));
        system.ask("GET", &format!("/entities/{ID}"), "").await.is(404);
        system.ask("GET", "/entities/urn:ngsi-ld:Uji:2", "").await.is(200);
    }

    async fn a_time_of_1970_or_2999_is_kept_and_hides_nothing(kota: Fixture) {
        let system = System::new(&kota).await;
        let path = format!("/entities/{ID}/attrs");
        let first = gauge(&read(1, "1970-01-01T00:00:00Z")).to_string();
        system.ask("POST", "/entities", first).await.is(201);
        for (value, time) in [(2, "2999-12-31T23:59:59Z"), (3, "2026-11-24T00:00:00Z")] {
            let body = json!({LEVEL: read(value, time)}).to_string();
            system.ask("PATCH", &path, body).await.is(204);
            assert_eq!(system.value().await, value);
            // Pages draw a day, a week, a month: neither far end of time may stretch or break them.
            for page in ["/langsung", "/langsung/urn:ngsi-ld:Uji:1", "/langsung/urn:ngsi-ld:Uji:1?hari=30", "/map/live.json"] {
                kota.get(page).await.is(200);
            }
        }
        let past = format!("/temporal/entities/{ID}?attrs={LEVEL}&timerel=after&timeAt=1960-01-01T00:00:00Z");
        system.ask("GET", &past, "").await.is(200).has("1970-01-01").has("2026-11-24").has("2999-12-31");
        for time in ["2026-13-01T00:00:00Z", "yesterday", "1970", "9999999-01-01T00:00:00Z", ""] {
            let body = json!({LEVEL: read(4, time)}).to_string();
            system.ask("PATCH", &path, body).await.is(400);
        }
        assert_eq!(system.value().await, 3);
    }

    async fn a_unit_that_nobody_knows_is_kept_as_it_was_sent(kota: Fixture) {
        let system = System::new(&kota).await;
        let mut level = read(650, "2026-11-24T00:00:00Z");
        level["unitCode"] = "depa-sejengkal".into();
        system.ask("POST", "/entities", gauge(&level).to_string()).await.is(201);
        system.ask("GET", &format!("/entities/{ID}"), "").await.is(200).has("\"unitCode\":\"depa-sejengkal\"");
        kota.get("/langsung/urn:ngsi-ld:Uji:1").await.is(200).has("650");
        level["unitCode"] = json!(7);
        let body = json!({LEVEL: level}).to_string();
        system.ask("PATCH", &format!("/entities/{ID}/attrs"), body).await.is(400);
    }
}
