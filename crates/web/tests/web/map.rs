//! What the map is given.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use pendopo_domain::reports::Visibility;
use pendopo_web::Options;
use pendopo_web::server::AppState;
use tokio::sync::watch;
use tower::ServiceExt;

use crate::fixture::{Answer, Browser, Fixture};

const MAP: &str = "/map/reports.json?bbox=104.4,0.85,104.6,1.0&zoom=10";

async fn ask(browser: &Browser<'_>, known: &str) -> Answer {
    let request = Request::get(MAP).header(header::IF_NONE_MATCH, known);
    browser.send(request, Body::empty()).await
}

fn etag(answer: &Answer) -> String {
    answer.headers[header::ETAG].to_str().unwrap().to_owned()
}

stories! {
    async fn the_map_is_sent_again_only_when_the_city_changed(kota: Fixture) {
        let warga = kota.browser("warga");
        kota.submit(|_| {}).await;
        let first = ask(&warga, "").await.is(200).has("\"count\":1").has("Lampu jalan padam");
        assert_eq!(first.headers[header::CACHE_CONTROL], "no-cache");
        let again = ask(&warga, &etag(&first)).await.is(304);
        assert!(again.bytes.is_empty());
        assert_eq!(etag(&again), etag(&first));
        // A report is there at once, and so is its end.
        kota.submit(|_| {}).await;
        let second = ask(&warga, &etag(&first)).await.is(200).has("\"count\":2");
        assert_ne!(etag(&second), etag(&first));
        let whole = warga.get(&format!("{MAP}&state=open")).await.is(200);
        assert_eq!(whole.body, second.body);
    }

    async fn what_is_kept_of_the_map_is_public_whoever_asked_first(kota: Fixture) {
        kota.submit(|report| report.visibility = Some(Visibility::Secret)).await;
        kota.submit(|_| {}).await;
        let operator = kota.sign_in("operator").await;
        let seen = ask(&operator, "").await.is(200).has("\"count\":1");
        assert_eq!(ask(&kota.browser("warga"), "").await.is(200).body, seen.body);
        // Another language is another answer.
        let english = kota.browser("visitor");
        english.get("/bahasa/en?kembali=/").await.is(303);
        ask(&english, &etag(&seen)).await.is(200).lacks("Lampu jalan padam");
    }

    async fn a_file_of_tiles_is_read_in_pieces(kota: Fixture) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [b'x'; 4096]).unwrap();
        let options = Options { pmtiles: Some(file.path().to_owned()), ..Options::default() };
        let state = AppState { node: Arc::clone(&kota.node), options: Arc::new(options), bound: None, trusted: false };
        let (_stop, stopping) = watch::channel(false);
        let app = pendopo_web::routes::router(state, stopping);
        let request = Request::get("/map/base.pmtiles").header(header::HOST, &kota.host)
            .header(header::RANGE, "bytes=0-126").header(header::ACCEPT_ENCODING, "gzip, br");
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 206);
        assert_eq!(answer.headers()[header::CONTENT_RANGE], "bytes 0-126/4096");
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING), "a piece is sent as it lies in the file");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), 127);
        let page = Request::get("/peta").header(header::HOST, &kota.host).body(Body::empty()).unwrap();
        let page = app.oneshot(page).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&page).contains("data-pmtiles"));
    }
}
