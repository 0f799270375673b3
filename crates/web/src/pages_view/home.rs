//! The home page of a city, and the honest numbers that it and `/angka` show.

use pendopo_domain::measures::Numbers;
use serde::Serialize;

use super::alerts::StageBand;
use super::parts::{MapView, ReportRow, sample};
use crate::render::Page;

/// `GET /`
#[derive(Clone, Debug, Serialize)]
pub struct Home {
    pub stage: Option<StageBand>,
    /// Number for emergencies: `112`; `None` when the city has none.
    pub emergency_phone: Option<String>,
    pub open_count: i64,
    pub map: MapView,
    pub numbers: HonestNumbers,
    pub latest: Vec<ReportRow>,
}

/// Counts of a period. Every share on a page is given with both of its counts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HonestNumbers {
    /// 30 or 90; 0 for all time.
    pub days: i64,
    #[serde(flatten)]
    pub counts: Numbers,
}

pub(super) fn sample_numbers() -> HonestNumbers {
    let counts = Numbers {
        received: 214,
        on_time: 131,
        city_says_done: 158,
        confirmed: 121,
        not_yet: 14,
        waiting: 9,
        unconfirmed: 23,
        not_asked: 5,
        referred: 6,
        closed_not_fixed: 2,
        duplicate: 4,
        open: 44,
    };
    HonestNumbers { days: 30, counts }
}

impl Page for Home {
    const TEMPLATE: &'static str = "home.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            stage: None,
            emergency_phone: Some("112".to_owned()),
            open_count: 1599,
            map: sample::map(),
            numbers: sample_numbers(),
            latest: sample::rows(),
        };
        let empty = Self {
            emergency_phone: None,
            open_count: 0,
            numbers: HonestNumbers {
                days: 30,
                counts: Numbers::default(),
            },
            latest: vec![],
            ..full.clone()
        };
        let every_state = Self {
            latest: sample::rows_in_every_state(),
            ..full.clone()
        };
        let stages = StageBand::samples().into_iter().map(|band| Self {
            stage: Some(band),
            ..full.clone()
        });
        let stages: Vec<Self> = stages.collect();
        [vec![full, empty, every_state], stages].concat()
    }
}
