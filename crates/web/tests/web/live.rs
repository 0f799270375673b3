//! Live pages have a bounded number of places.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use axum::response::Response;
use pendopo_operations::limits::FOLLOWERS_OF_ADDRESS;

use crate::fixture::{Browser, Fixture};

fn events(path: &str, from: &str) -> Builder {
    Request::get(path).header("x-forwarded-for", from)
}

async fn follow(browser: &Browser<'_>, from: &str) -> Response {
    browser.open(events("/events", from), Body::empty()).await
}

stories! {
    async fn who_follows_too_often_waits_and_a_closed_page_makes_room_at_once(kota: Fixture) {
        let warga = kota.browser("warga");
        let mut held = Vec::new();
        for _ in 0..FOLLOWERS_OF_ADDRESS {
            let stream = follow(&warga, "203.0.113.7").await;
            assert_eq!(stream.status(), 200);
            held.push(stream);
        }
        let refused = warga.send(events("/events", "203.0.113.7"), Body::empty()).await.is(503).has("\"code\":\"unavailable\"");
        assert_eq!(refused.headers["retry-after"], "10");
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        // Others have their own places, and so has the desk.
        assert_eq!(follow(&warga, "203.0.113.8").await.status(), 200);
        let operator = kota.sign_in("operator").await;
        operator.send(events("/meja/events", "203.0.113.7"), Body::empty()).await.is(200).has("hello");
        held.pop();
        let _again = follow(&warga, "203.0.113.7").await;
        assert_eq!(_again.status(), 200);
        assert_eq!(follow(&warga, "203.0.113.7").await.status(), 503);
    }
}
