//! Which city a Host asks for.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::fixture::Fixture;

async fn ask(kota: &Fixture, host: &str) -> (u16, String) {
    let request = Request::get("/")
        .header(header::HOST, host)
        .body(Body::empty())
        .unwrap();
    let answer = kota.app.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

stories! {
    async fn a_city_answers_to_its_name_and_its_domain_and_nobody_else_is_a_city(kota: Fixture) {
        for host in ["kota.example", "KOTA.example:8080", "kota.example.", &kota.host] {
            // Below a domain of somebody else the first label may be a city's name, so `kota.example` is one on SQLite.
            let (status, page) = ask(&kota, host).await;
            assert!(status == 200 && page.contains("Kota Uji"), "{host}: {status}");
        }
        for (host, expect) in [("tidakada.localhost", 404), ("tidak-ada.example", 200), ("example", 200), (".", 200), ("127.0.0.1:80", 200)] {
            let (status, page) = ask(&kota, host).await;
            assert_eq!(status, expect, "{host}");
            assert!(!page.contains("Hasil kerja kota"), "{host} is no city");
        }
    }

    async fn a_city_that_is_made_while_the_node_runs_is_found(kota: Fixture) {
        let name = format!("{}b", kota.city.slug());
        let host = format!("{name}.localhost");
        assert_eq!(ask(&kota, &host).await.0, 404);
        let store = kota.node.store(&name).await.unwrap();
        store.close().await;
        // Unknown names are not looked for more than once a second.
        assert_eq!(ask(&kota, &host).await.0, 404);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_ne!(ask(&kota, &host).await.0, 404);
    }
}
