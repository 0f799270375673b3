//! The first run: a form that makes a city, and what to do with it then.

use serde::Serialize;

use super::FieldError;
use crate::render::Page;

/// `GET /mulai/{token}`, and what a POST there with mistakes leads to. Files have to be chosen again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetupPage {
    /// Where the form goes.
    pub action: String,
    pub name: String,
    pub slug: String,
    pub code: String,
    pub province: String,
    pub country: String,
    pub zone: String,
    pub domain: String,
    pub emergency_phone: String,
    pub administrator: String,
    pub errors: Vec<FieldError>,
}

/// The city is there. Its links are shown once.
#[derive(Clone, Debug, Serialize)]
pub struct SetupDone {
    pub name: String,
    /// The city's home page.
    pub url: String,
    pub areas: u64,
    pub areas_refused: u64,
    /// The administrator first.
    pub links: Vec<SetupLink>,
}

/// A link that signs somebody in once.
#[derive(Clone, Debug, Serialize)]
pub struct SetupLink {
    pub login: String,
    pub position: String,
    pub url: String,
}

impl Page for SetupPage {
    const TEMPLATE: &'static str = "setup.html";

    fn sample() -> Vec<Self> {
        let empty = Self {
            action: "/mulai/rahasia".to_owned(),
            country: "ID".to_owned(),
            zone: "Asia/Jakarta".to_owned(),
            administrator: "admin".to_owned(),
            ..Self::default()
        };
        let wrong = Self {
            name: "Kota Surakarta".to_owned(),
            slug: "Kota Surakarta".to_owned(),
            errors: vec![
                FieldError::new("slug", "setup-wrong-slug").with("city", "Kota Surakarta"),
                FieldError::new("people", "setup-wrong-people").with("line", 3),
                FieldError::new("areas", "setup-wrong-areas"),
            ],
            ..empty.clone()
        };
        vec![empty, wrong]
    }
}

impl Page for SetupDone {
    const TEMPLATE: &'static str = "setup_done.html";

    fn sample() -> Vec<Self> {
        let link = |login: &str, position: &str| SetupLink {
            login: login.to_owned(),
            position: position.to_owned(),
            url: "http://surakarta.localhost:8080/masuk/tautan/rahasia".to_owned(),
        };
        let full = Self {
            name: "Kota Surakarta".to_owned(),
            url: "http://surakarta.localhost:8080/".to_owned(),
            areas: 54,
            areas_refused: 1,
            links: vec![link("admin", "staf-ti"), link("sari", "operator-meja")],
        };
        let bare = Self {
            areas: 0,
            areas_refused: 0,
            links: vec![link("admin", "staf-ti")],
            ..full.clone()
        };
        vec![full, bare]
    }
}
