//! Entities of a city full of sensors, and requests about them, as bytes.

use std::io::Write;
use std::ops::Range;

use pendopo_domain::time::Timestamp;

use crate::chance::Chance;
use crate::wire::request;

/// Kinds of entities.
pub const KINDS: usize = 10;
/// Where they stand: west, south, width, height.
const BOX: [f64; 4] = [104.4, 0.85, 0.2, 0.15];

/// The id of the entity with a number.
pub fn id(number: usize) -> String {
    format!("urn:ngsi-ld:Jenis{}:{number:09}", number % KINDS)
}

/// A day's time that moves on with `turn`.
fn observed(out: &mut Vec<u8>, turn: usize) {
    let ms = turn % 86_400_000;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let _ = write!(
        out,
        "\"observedAt\":\"2026-11-20T{hour:02}:{minute:02}:{second:02}.{:03}Z\"",
        ms % 1_000
    );
}

/// Four measured values of an entity at a turn; `urutan` is the turn itself.
fn values(out: &mut Vec<u8>, number: usize, turn: usize) {
    let mut chance = Chance::new((number as u64) << 32 ^ turn as u64);
    for (name, least, unit) in [
        ("suhu", 20, "CEL"),
        ("kelembapan", 60, "P1"),
        ("tekanan", 990, "A97"),
    ] {
        let (whole, part) = (least + chance.below(15), chance.below(100));
        let _ = write!(
            out,
            "\"{name}\":{{\"type\":\"Property\",\"value\":{whole}.{part:02},\"unitCode\":\"{unit}\","
        );
        observed(out, turn);
        out.extend_from_slice(b"},");
    }
    let _ = write!(out, "\"urutan\":{{\"type\":\"Property\",\"value\":{turn},");
    observed(out, turn);
    out.push(b'}');
}

/// A whole entity of about 625 bytes.
fn entity(out: &mut Vec<u8>, number: usize, turn: usize) {
    let mut chance = Chance::new(number as u64);
    let mut place = |from: f64, width: f64| from + width * chance.below(10_000) as f64 / 10_000.0;
    let (east, north) = (place(BOX[0], BOX[2]), place(BOX[1], BOX[3]));
    let _ = write!(
        out,
        "{{\"id\":\"{}\",\"type\":\"Jenis{}\",\"location\":{{\"type\":\"GeoProperty\",\"value\":\
         {{\"type\":\"Point\",\"coordinates\":[{east:.5},{north:.5}]}}}},",
        id(number),
        number % KINDS
    );
    values(out, number, turn);
    out.push(b'}');
}

/// A change of the four values of one entity.
pub fn patch(out: &mut Vec<u8>, number: usize, turn: usize) {
    let mut body = Vec::with_capacity(512);
    body.push(b'{');
    values(&mut body, number, turn);
    body.push(b'}');
    let path = format!("/entities/{}/attrs", id(number));
    request(out, "PATCH", &path, &body);
}

/// Entities made, or changed.
pub fn batch(out: &mut Vec<u8>, numbers: impl Iterator<Item = usize>, turn: usize) {
    let mut body = Vec::with_capacity(700_000);
    body.push(b'[');
    for number in numbers {
        if body.len() > 1 {
            body.push(b',');
        }
        entity(&mut body, number, turn);
    }
    body.push(b']');
    request(
        out,
        "POST",
        "/entityOperations/upsert?options=update",
        &body,
    );
}

/// Of the type that the public sees on the map, with its one value.
/// The type of a gauge.
pub const GAUGE: &str = "https://smartdatamodels.org/dataModel.Environment/WaterObserved";
/// The attribute that it tells.
pub const LEVEL: &str = "https://smartdatamodels.org/dataModel.Environment/waterLevel";
/// Where the gauge 0 stands.
pub const MIDDLE: [f64; 2] = [BOX[0] + BOX[2] / 2.0, BOX[1] + BOX[3] / 2.0];
/// No other gauge stands nearer to it, in degrees: their marks would cover each other.
const APART: f64 = 0.003;

/// The id of the gauge with a number.
pub fn gauge_id(number: usize) -> String {
    format!("urn:ngsi-ld:Pos:{number:06}")
}

/// Gauges made, spread over the city around the gauge 0.
pub fn gauges(out: &mut Vec<u8>, numbers: Range<usize>, at: Timestamp) {
    let mut body = vec![b'['];
    for number in numbers {
        if body.len() > 1 {
            body.push(b',');
        }
        let [east, north] = gauge_place(number);
        let _ = write!(
            body,
            "{{\"id\":\"{}\",\"type\":\"{GAUGE}\",\"location\":{{\"type\":\"GeoProperty\",\"value\":\
             {{\"type\":\"Point\",\"coordinates\":[{east:.5},{north:.5}]}}}},",
            gauge_id(number)
        );
        level(&mut body, 0, at);
        body.push(b'}');
    }
    body.push(b']');
    let path = "/entityOperations/upsert?options=update";
    request(out, "POST", path, &body);
}

fn gauge_place(number: usize) -> [f64; 2] {
    if number == 0 {
        return MIDDLE;
    }
    let mut chance = Chance::new(number as u64);
    loop {
        let mut part = || chance.below(10_000) as f64 / 10_000.0;
        let place = [BOX[0] + BOX[2] * part(), BOX[1] + BOX[3] * part()];
        let near = |axis: usize| (place[axis] - MIDDLE[axis]).abs() < APART;
        if !(near(0) && near(1)) {
            return place;
        }
    }
}

/// A reading of one gauge.
pub fn read_gauge(out: &mut Vec<u8>, number: usize, value: u64, at: Timestamp) {
    let mut body = vec![b'{'];
    level(&mut body, value, at);
    body.push(b'}');
    let path = format!("/entities/{}/attrs", gauge_id(number));
    request(out, "PATCH", &path, &body);
}

fn level(out: &mut Vec<u8>, value: u64, at: Timestamp) {
    let _ = write!(
        out,
        "\"{LEVEL}\":{{\"type\":\"Property\",\"value\":{value},\"unitCode\":\"CMT\",\"observedAt\":\"{at}\"}}"
    );
}

/// One entity by its id.
pub fn get(out: &mut Vec<u8>, number: usize) {
    request(out, "GET", &format!("/entities/{}", id(number)), &[]);
}

/// Twenty entities of a kind with a value above another.
pub fn query(out: &mut Vec<u8>, turn: usize) {
    let path = format!(
        "/entities?type=Jenis{}&q=suhu%3E{}&limit=20",
        turn % KINDS,
        28 + turn % 6
    );
    request(out, "GET", &path, &[]);
}

/// Entities in a hundredth of the city's area.
pub fn within(out: &mut Vec<u8>, turn: usize) {
    let mut chance = Chance::new(turn as u64);
    let mut place = |from: f64, width: f64| from + 0.9 * width * chance.below(1_000) as f64 / 1e3;
    let (west, south) = (place(BOX[0], BOX[2]), place(BOX[1], BOX[3]));
    let (east, north) = (west + BOX[2] / 10.0, south + BOX[3] / 10.0);
    let path = format!(
        "/entities?georel=within&geometry=Polygon&limit=1000&coordinates=%5B%5B%5B{west:.4},{south:.4}%5D,\
         %5B{east:.4},{south:.4}%5D,%5B{east:.4},{north:.4}%5D,%5B{west:.4},{north:.4}%5D,\
         %5B{west:.4},{south:.4}%5D%5D%5D"
    );
    request(out, "GET", &path, &[]);
}
