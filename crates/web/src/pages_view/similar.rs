//! *Sudah ada yang melapor?* Reports nearby about the same thing, before a new one is made.

use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::sample;
use crate::render::Page;

/// `GET /lapor/mirip?service=&lat=&long=&area=`: a piece of HTML for `#mirip` inside the form.
#[derive(Clone, Debug, Serialize)]
pub struct SimilarFragment {
    pub items: Vec<SimilarItem>,
}

/// The same as a page between, for who has no script. What was typed travels in hidden fields.
#[derive(Clone, Debug, Serialize)]
pub struct SimilarPage {
    pub items: Vec<SimilarItem>,
    /// Everything that was typed, as name and value; sent again to `/lapor` with `not_similar=1`.
    pub typed: Vec<(String, String)>,
}

/// A report that may be the same.
#[derive(Clone, Debug, Serialize)]
pub struct SimilarItem {
    pub number: String,
    pub service: String,
    pub place: String,
    pub received_at: Timestamp,
    /// `None` when only the area is known.
    pub distance_m: Option<i64>,
    pub thumb_url: Option<String>,
    pub joined: i64,
}

fn sample_items() -> Vec<SimilarItem> {
    let near = SimilarItem {
        number: "L-2170".to_owned(),
        service: "Air masuk jalan".to_owned(),
        place: "Dekat Pelantar Unggat".to_owned(),
        received_at: sample::ago(6),
        distance_m: Some(40),
        thumb_url: Some("/foto/1/kecil".to_owned()),
        joined: 2,
    };
    let area = SimilarItem {
        number: "L-2166".to_owned(),
        place: String::new(),
        received_at: sample::days(3),
        distance_m: None,
        thumb_url: None,
        joined: 0,
        ..near.clone()
    };
    vec![near, area]
}

impl Page for SimilarFragment {
    const TEMPLATE: &'static str = "similar_fragment.html";

    fn sample() -> Vec<Self> {
        vec![
            Self {
                items: sample_items(),
            },
            Self { items: vec![] },
        ]
    }
}

impl Page for SimilarPage {
    const TEMPLATE: &'static str = "similar.html";

    fn sample() -> Vec<Self> {
        vec![Self {
            items: sample_items(),
            typed: vec![
                ("service".to_owned(), "lampu-jalan-padam".to_owned()),
                ("description".to_owned(), "Gelap sejak kemarin".to_owned()),
            ],
        }]
    }
}
