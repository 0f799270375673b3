//! The wall (dinding) and the links that open it.

use pendopo_domain::time::Timestamp;
use pendopo_domain::walls::Theme;
use serde::Serialize;

use super::parts::{FieldError, MapView, sample};
use crate::render::Page;

/// `GET /wall`
#[derive(Clone, Debug, Serialize)]
pub struct WallPage {
    pub theme: Theme,
    /// Pixels of text for 20 minutes of arc at the farthest seat.
    pub text_px: u32,
    pub map: MapView,
    /// What it says where no script runs.
    pub lines: Vec<WallLine>,
}

/// One alarm or incident in words.
#[derive(Clone, Debug, Serialize)]
pub struct WallLine {
    /// 1 to 4
    pub priority: u8,
    pub title: String,
    pub place: String,
    pub since: Timestamp,
}

/// `GET /kelola/dinding`, and what a POST there leads to
#[derive(Clone, Debug, Serialize)]
pub struct WallLinks {
    pub rows: Vec<WallLink>,
    /// The address of the link that has just been made; it is shown once.
    pub made: Option<String>,
    pub revoked: bool,
    pub name: String,
    pub seat: String,
    pub pitch: String,
    pub theme: Theme,
    pub errors: Vec<FieldError>,
}

/// A link that opens.
#[derive(Clone, Debug, Serialize)]
pub struct WallLink {
    pub id: i64,
    pub name: String,
    /// Metres, as the reader writes numbers.
    pub seat: String,
    /// Millimetres, as the reader writes numbers.
    pub pitch: String,
    pub text_px: u32,
    pub theme: Theme,
    pub created_at: Timestamp,
}

impl Page for WallPage {
    const TEMPLATE: &'static str = "wall.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            theme: Theme::Dark,
            text_px: 26,
            map: sample::map(),
            lines: vec![WallLine {
                priority: 2,
                title: "Air rob melewati ambang".to_owned(),
                place: "Pelantar Unggat".to_owned(),
                since: sample::ago(17),
            }],
        };
        let calm = Self {
            theme: Theme::Bright,
            lines: vec![],
            ..full.clone()
        };
        vec![full, calm]
    }
}

impl Page for WallLinks {
    const TEMPLATE: &'static str = "wall_links.html";

    fn sample() -> Vec<Self> {
        let row = |id, theme| WallLink {
            id,
            name: "Ruang kendali".to_owned(),
            seat: "6".to_owned(),
            pitch: "1,89".to_owned(),
            text_px: 26,
            theme,
            created_at: sample::days(-3),
        };
        let full = Self {
            rows: vec![row(1, Theme::Dark), row(2, Theme::Bright)],
            made: Some("https://kota.example/wall/abc".to_owned()),
            revoked: false,
            name: String::new(),
            seat: String::new(),
            pitch: String::new(),
            theme: Theme::Dark,
            errors: vec![],
        };
        let wrong = Self {
            made: None,
            seat: "0".to_owned(),
            errors: vec![
                FieldError::new("name", "error-wall-name").with("max", 80),
                FieldError::new("seat", "error-wall-room"),
            ],
            ..full.clone()
        };
        let empty = Self {
            rows: vec![],
            made: None,
            revoked: true,
            theme: Theme::Bright,
            ..full.clone()
        };
        vec![full, wrong, empty]
    }
}
