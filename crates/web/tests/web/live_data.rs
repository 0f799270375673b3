//! Live entities on pages and on the map: what everyone sees, what only the staff sees, and what is old.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use pendopo_domain::entities::Command;
use pendopo_domain::entities::command::{Fragment, Given, Patch};
use pendopo_domain::entities::{Geometry, Value};
use pendopo_domain::geo::Position;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::time::{Clock, Timestamp};
use pendopo_operations::entities;
use serde_json::value::RawValue;

use crate::fixture::{Fixture, LAT, LON};

const GAUGE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
const DELAY: &str = "https://smartdatamodels.org/dataModel.UrbanMobility/ArrivalEstimation";
const NAME: &str = "https://smartdatamodels.org/name";
const BOX: &str = "104.4,0.9,104.5,1.0";

fn patch(name: &str, value: Value, at: Option<Timestamp>) -> Patch {
    Patch {
        observed_at: at.map_or(Given::Absent, Given::Is),
        ..Patch::new(name, value)
    }
}

fn property(text: &str) -> Value {
    Value::Property(RawValue::from_string(text.to_owned()).unwrap())
}

/// An entity in [`LON`], [`LAT`] with a name, a value and something that only the staff may know.
pub async fn tell(kota: &Fixture, id: &str, kind: &str, value: &str, at: Timestamp) {
    let place = Position::new(LON, LAT).unwrap();
    tell_at(place, kota, id, kind, value, at).await;
}

/// The same anywhere else.
async fn tell_at(
    place: Position,
    kota: &Fixture,
    id: &str,
    kind: &str,
    value: &str,
    at: Timestamp,
) {
    let place = Geometry::point(place);
    let fragment = Fragment {
        id: format!("urn:ngsi-ld:Uji:{id}").into(),
        types: vec![kind.into()],
        scopes: Given::Absent,
        expires_at: Given::Absent,
        attributes: vec![
            patch(NAME, property(&format!("\"Alat {id}\"")), None),
            patch(LEVEL, property(value), Some(at)),
            patch(
                "https://example.org/serial",
                property("\"SN-RAHASIA\""),
                None,
            ),
            patch(
                "https://uri.etsi.org/ngsi-ld/location",
                Value::GeoProperty(place),
                None,
            ),
        ],
    };
    let client = kota.city.api_client(ApiKeyId(1));
    let outcomes = entities::write(&kota.city, &client, vec![Command::Record(fragment)])
        .await
        .unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
}

/// What a client of the stream has heard.
struct Heard {
    body: Body,
    text: String,
    /// How often something had changed.
    events: usize,
    /// Bytes of the last event.
    last: usize,
}

impl Heard {
    async fn open(kota: &Fixture, within: &str) -> Self {
        let request = Request::get(format!("/map/live/events?bbox={within}"));
        let answer = kota.browser("warga").open(request, Body::empty()).await;
        Self {
            body: answer.into_body(),
            text: String::new(),
            events: 0,
            last: 0,
        }
    }

    async fn until(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame()).await;
            let frame = frame.unwrap_or_else(|_| panic!("{wanted} in time, not\n{}", self.text));
            let bytes = frame.unwrap().unwrap().into_data().unwrap();
            let text = String::from_utf8_lossy(&bytes);
            self.events += text.matches("event: changed").count();
            self.last = text.len();
            self.text.push_str(&text);
        }
    }
}

fn ago(kota: &Fixture, minutes: i64) -> Timestamp {
    kota.clock.now().plus(SignedDuration::from_mins(-minutes))
}

stories! {
    async fn everyone_sees_the_one_value_of_public_types_and_nothing_else(kota: Fixture) {
        kota.get("/langsung").await.is(200).has("Belum ada data langsung");
        tell(&kota, "1", GAUGE, "650", ago(&kota, 63)).await;
        tell(&kota, "1", GAUGE, "680.5", ago(&kota, 3)).await;
        tell(&kota, "2", DELAY, "7", ago(&kota, 3)).await;
        let list = kota.get("/langsung").await.is(200);
        let list = list.has("Alat 1").has("680,5").has("3 menit lalu").has("24 jam: 650 sampai 680,5").has("naik");
        list.lacks("Alat 2").lacks("SN-RAHASIA").lacks("Lama tidak mengirim");
        let page = kota.get("/langsung/urn:ngsi-ld:Uji:1").await.is(200);
        page.has("data-v=\"650.0\"").has("data-v=\"680.5\"").has("Lihat sebagai tabel (2 baris)").lacks("SN-RAHASIA");
        kota.get("/langsung/urn:ngsi-ld:Uji:2").await.is(404);
        kota.get("/langsung/urn:ngsi-ld:Uji:none").await.is(404);
        let map = kota.get(&format!("/map/live.json?bbox={BOX}")).await.is(200);
        map.has("\"680,5 cm\"").has("Alat 1: 680,5 cm. 3 menit lalu").lacks("Uji:2").lacks("SN-RAHASIA");
    }

    async fn the_staff_sees_every_type_and_every_attribute(kota: Fixture) {
        tell(&kota, "1", GAUGE, "650", ago(&kota, 3)).await;
        tell(&kota, "2", "https://example.org/Unknown", "7", ago(&kota, 3)).await;
        let operator = kota.sign_in("operator").await;
        operator.get("/meja/langsung").await.is(200).has("Alat 1").has("Alat 2").has("Unknown");
        operator.get("/meja/langsung?jenis=tinggi-air").await.is(200).has("Alat 1").lacks("Alat 2");
        operator.get("/meja/langsung/urn:ngsi-ld:Uji:2").await.is(200).has("SN-RAHASIA").has("serial");
        operator.get(&format!("/meja/map/live.json?bbox={BOX}")).await.is(200).has("Uji:1").has("Uji:2");
        kota.get("/meja/langsung/urn:ngsi-ld:Uji:2").await.is(303);
        kota.sign_in("petugas-dishub").await.get("/meja/langsung").await.is(403);
    }

    async fn an_old_value_says_so_in_words_and_stays_readable(kota: Fixture) {
        tell(&kota, "1", GAUGE, "650", ago(&kota, 121)).await;
        tell(&kota, "2", GAUGE, "651", ago(&kota, 120)).await;
        let page = kota.get("/langsung/urn:ngsi-ld:Uji:1").await.is(200);
        page.has("Lama tidak mengirim").has("class=\"hatch\"").has("650").has("2 jam lalu");
        kota.get("/langsung/urn:ngsi-ld:Uji:2").await.is(200).lacks("Lama tidak mengirim");
        let map = kota.get(&format!("/map/live.json?bbox={BOX}")).await.is(200).body;
        let map: serde_json::Value = serde_json::from_str(&map).unwrap();
        let stale: Vec<_> = map["features"].as_array().unwrap().iter().map(|one| one["properties"]["stale"].clone()).collect();
        assert_eq!(stale, [true, false]);
    }

    async fn the_map_asks_for_a_box_and_never_for_more_than_it_may(kota: Fixture) {
        for id in 0..12 {
            tell(&kota, &id.to_string(), GAUGE, "1", ago(&kota, 1)).await;
        }
        let count = async |query: &str| {
            let body = kota.get(&format!("/map/live.json?{query}")).await.is(200).body;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            (body["features"].as_array().unwrap().len(), body["more"].as_bool().unwrap())
        };
        assert_eq!(count(&format!("bbox={BOX}")).await, (12, false));
        assert_eq!(count(&format!("bbox={BOX}&limit=5")).await, (5, true));
        assert_eq!(count("bbox=0,0,1,1").await, (0, false));
        assert_eq!(count("limit=100000").await, (12, false));
        kota.get("/map/live.json?bbox=1,2,3").await.is(400);
        kota.get("/map/live.json?bbox=9,0,1,1&limit=x").await.is(400);
    }

    async fn the_stream_tells_what_changed_to_those_who_may_see_it_and_no_faster_than_a_weak_line_carries(kota: Fixture) {
        let mut stream = Heard::open(&kota, BOX).await;
        let begun = std::time::Instant::now();
        let telling = async {
            for step in 0..20 {
                tell(&kota, "1", GAUGE, &(600 + step).to_string(), ago(&kota, 1)).await;
                tell(&kota, "2", DELAY, "7", ago(&kota, 1)).await;
            }
        };
        tokio::join!(telling, stream.until("619 cm"));
        let Heard { text, events, last, .. } = stream;
        let most = begun.elapsed().as_secs_f64() * 32.0 * 1024.0;
        assert!(events >= 2 && (text.len() - last) as f64 <= most, "{events} events\n{text}");
        assert!(text.contains("event: hello") && !text.contains("Uji:2") && !text.contains("RAHASIA"), "{text}");
    }

    async fn what_changes_elsewhere_or_is_not_public_does_not_make_a_map_ask_again(kota: Fixture) {
        // More than one event holds.
        const OTHERS: usize = 250;
        let there = Position::new(106.5, -6.5).unwrap();
        let here = Heard::open(&kota, BOX).await;
        let elsewhere = Heard::open(&kota, "106,-7,107,-6").await;
        for other in 0..OTHERS {
            tell(&kota, &format!("d{other}"), DELAY, "7", ago(&kota, 1)).await;
            tell_at(there, &kota, &format!("g{other}"), DELAY, "7", ago(&kota, 1)).await;
        }
        tell(&kota, "1", GAUGE, "601", ago(&kota, 1)).await;
        tell_at(there, &kota, "2", GAUGE, "602", ago(&kota, 1)).await;
        for (mut stream, value) in [(here, "601 cm"), (elsewhere, "602 cm")] {
            stream.until(value).await;
            assert_eq!(stream.events, 1, "{}", stream.text);
        }
    }
}
