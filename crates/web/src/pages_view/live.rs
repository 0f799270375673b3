//! `/langsung`: what sensors and other systems tell, by type, and one entity with its past.

use pendopo_domain::live_types::Freshness;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::{MapView, sample};
use super::spark::{Spark, Trend};
use crate::render::Page;

/// `GET /langsung?jenis=&page=` and `GET /meja/langsung?jenis=&page=`
#[derive(Clone, Debug, Serialize)]
pub struct LiveList {
    /// The view of the staff: every type, and who sends it.
    pub staff: bool,
    /// Address of the list without a filter.
    pub url: String,
    /// Where the page hears of news.
    pub events_url: String,
    pub kinds: Vec<LiveKind>,
    /// All entities of all types.
    pub total: usize,
    pub rows: Vec<LiveRow>,
    pub previous_url: Option<String>,
    pub next_url: Option<String>,
}

/// A type to filter by.
#[derive(Clone, Debug, Serialize)]
pub struct LiveKind {
    pub name: String,
    pub url: String,
    pub count: usize,
    pub selected: bool,
}

/// One entity with its value now.
#[derive(Clone, Debug, Serialize)]
pub struct LiveRow {
    pub name: String,
    pub url: String,
    pub kind: String,
    /// Of the sprite; empty for none.
    pub icon: String,
    /// What the value is: *Tinggi air*.
    pub attribute: String,
    /// As the reader writes numbers; empty when nothing was told yet.
    pub value: String,
    pub unit: String,
    pub at: Option<Timestamp>,
    /// How old it is, in words that stand alone: *3 menit lalu*, *baru saja*.
    pub age: String,
    pub freshness: Freshness,
    pub spark: Option<Spark>,
    pub source: Option<String>,
}

/// `GET /langsung/{id}?hari=1|7|30` and the same at the desk
#[derive(Clone, Debug, Serialize)]
pub struct LiveEntity {
    pub staff: bool,
    pub list_url: String,
    pub events_url: String,
    pub row: LiveRow,
    pub days: i64,
    pub tabs: Vec<LiveTab>,
    /// From the oldest to the newest.
    pub points: Vec<LivePoint>,
    /// Each point is the mean of several readings.
    pub averaged: bool,
    /// There were more readings than are looked at; the oldest are left out.
    pub cut: bool,
    /// Everything else that is told; empty for the public.
    pub attributes: Vec<LiveAttribute>,
    pub map: Option<MapView>,
}

/// A stretch of time to look at.
#[derive(Clone, Debug, Serialize)]
pub struct LiveTab {
    pub days: i64,
    pub url: String,
}

/// A value of the past.
#[derive(Clone, Debug, Serialize)]
pub struct LivePoint {
    pub at: Timestamp,
    /// Whole seconds since 1970, for the chart.
    pub posix: i64,
    pub value: f64,
}

/// One attribute of an entity.
#[derive(Clone, Debug, Serialize)]
pub struct LiveAttribute {
    pub name: String,
    pub value: String,
    pub unit: String,
    pub at: Timestamp,
}

fn sample_row(freshness: Freshness) -> LiveRow {
    let line = Spark {
        lines: vec!["0,20 40,12".to_owned(), "60,8 96,3".to_owned()],
        low: "645".to_owned(),
        high: "750".to_owned(),
        trend: Trend::Up,
    };
    let none = freshness == Freshness::Unknown;
    LiveRow {
        name: "Pintu Air Manggarai (BKB)".to_owned(),
        url: "/langsung/urn:ngsi-ld:WaterObserved:1".to_owned(),
        kind: "Tinggi muka air".to_owned(),
        icon: "waves".to_owned(),
        attribute: "Tinggi air".to_owned(),
        value: if none { "" } else { "680" }.to_owned(),
        unit: "cm".to_owned(),
        at: (!none).then(|| {
            sample::ago(if freshness == Freshness::Stale {
                300
            } else {
                3
            })
        }),
        age: if none { "" } else { "3 menit lalu" }.to_owned(),
        freshness,
        spark: (!none).then_some(line),
        source: None,
    }
}

impl Page for LiveList {
    const TEMPLATE: &'static str = "live_list.html";

    fn sample() -> Vec<Self> {
        let kind = |name: &str, selected| LiveKind {
            name: name.to_owned(),
            url: "/langsung?jenis=tinggi-air".to_owned(),
            count: 18,
            selected,
        };
        let full = Self {
            staff: false,
            url: "/langsung".to_owned(),
            events_url: "/map/live/events?every=5".to_owned(),
            kinds: vec![kind("Tinggi muka air", true), kind("Kendaraan umum", false)],
            total: 36,
            rows: vec![
                sample_row(Freshness::Fresh),
                sample_row(Freshness::Stale),
                LiveRow {
                    icon: String::new(),
                    source: Some("Dinas SDA".to_owned()),
                    ..sample_row(Freshness::Unknown)
                },
            ],
            previous_url: None,
            next_url: Some("/langsung?page=2".to_owned()),
        };
        let staff = Self {
            staff: true,
            url: "/meja/langsung".to_owned(),
            ..full.clone()
        };
        let empty = Self {
            kinds: vec![],
            total: 0,
            rows: vec![],
            next_url: None,
            ..full.clone()
        };
        vec![full, staff, empty]
    }
}

impl Page for LiveEntity {
    const TEMPLATE: &'static str = "live_entity.html";

    fn sample() -> Vec<Self> {
        let point = |minutes: i64, value: f64| LivePoint {
            at: sample::ago(minutes),
            posix: sample::ago(minutes).micros() / 1_000_000,
            value,
        };
        let tab = |days| LiveTab {
            days,
            url: format!("/langsung/x?hari={days}"),
        };
        let full = Self {
            staff: true,
            list_url: "/meja/langsung".to_owned(),
            events_url: "/meja/map/live/events?every=5".to_owned(),
            row: sample_row(Freshness::Fresh),
            days: 1,
            tabs: [1, 7, 30].map(tab).to_vec(),
            points: vec![point(120, 650.0), point(60, 655.5), point(3, 680.0)],
            averaged: true,
            cut: true,
            attributes: vec![LiveAttribute {
                name: "floodLevelStatus".to_owned(),
                value: "siaga 4".to_owned(),
                unit: String::new(),
                at: sample::ago(3),
            }],
            map: Some(sample::map()),
        };
        let public = Self {
            staff: false,
            attributes: vec![],
            averaged: false,
            cut: false,
            row: sample_row(Freshness::Stale),
            ..full.clone()
        };
        let silent = Self {
            row: sample_row(Freshness::Unknown),
            points: vec![],
            map: None,
            days: 7,
            ..public.clone()
        };
        vec![full, public, silent]
    }
}
