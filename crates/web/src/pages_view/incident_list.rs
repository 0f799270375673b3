//! All incidents of the city, and the form with which the desk begins one.

use pendopo_domain::incidents::State;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::{ChoiceGroup, FieldError, sample};
use crate::render::Page;

/// `GET /meja/kejadian`
#[derive(Clone, Debug, Serialize)]
pub struct IncidentList {
    /// Gravest first.
    pub open: Vec<IncidentRow>,
    /// Latest first.
    pub over: Vec<IncidentRow>,
    pub older_url: Option<String>,
    pub newest_url: Option<String>,
    pub may_begin: bool,
}

/// One incident in the list.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentRow {
    pub number: String,
    pub url: String,
    pub title: String,
    pub place: String,
    pub state: State,
    /// 1 to 4
    pub priority: u8,
    pub reports: i64,
    /// Steps of the playbook that should have been done by now.
    pub steps_late: i64,
    pub since: Timestamp,
}

/// `GET /meja/kejadian/baru`; posts to the same address.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentForm {
    pub services: Vec<ChoiceGroup>,
    pub areas: Vec<ChoiceGroup>,
    /// As chosen, or empty.
    pub priority: String,
    /// As chosen, or empty.
    pub severity: String,
    /// As typed.
    pub words: String,
    pub errors: Vec<FieldError>,
}

impl Page for IncidentList {
    const TEMPLATE: &'static str = "incident_list.html";

    fn sample() -> Vec<Self> {
        let row = |state: &State, priority, steps_late| IncidentRow {
            number: "K-31".to_owned(),
            url: "/meja/kejadian/K-31".to_owned(),
            title: "Banjir dan genangan".to_owned(),
            place: "Tanjung Unggat".to_owned(),
            state: *state,
            priority,
            reports: 5,
            steps_late,
            since: sample::ago(17),
        };
        let (open, over): (Vec<&State>, Vec<&State>) =
            State::ALL.iter().partition(|state| state.needs_action());
        let mut full = Self {
            open: open.into_iter().map(|state| row(state, 2, 3)).collect(),
            over: over.into_iter().map(|state| row(state, 4, 0)).collect(),
            older_url: Some("/meja/kejadian?sebelum=K-2".to_owned()),
            newest_url: None,
            may_begin: true,
        };
        full.open[1].place = String::new();
        let older = Self {
            open: vec![],
            older_url: None,
            newest_url: Some("/meja/kejadian".to_owned()),
            ..full.clone()
        };
        let empty = Self {
            open: vec![],
            over: vec![],
            older_url: None,
            newest_url: None,
            may_begin: false,
        };
        vec![full, older, empty]
    }
}

impl Page for IncidentForm {
    const TEMPLATE: &'static str = "incident_form.html";

    fn sample() -> Vec<Self> {
        let fresh = Self {
            services: vec![ChoiceGroup {
                label: "Layanan".to_owned(),
                choices: sample::teams(),
            }],
            areas: vec![ChoiceGroup {
                label: "Wilayah".to_owned(),
                choices: sample::teams(),
            }],
            priority: String::new(),
            severity: String::new(),
            words: String::new(),
            errors: vec![],
        };
        let failing = Self {
            priority: "2".to_owned(),
            severity: "severe".to_owned(),
            words: "Telepon dari lurah.".to_owned(),
            errors: vec![
                FieldError::new("service", "error-service-missing"),
                FieldError::new("priority", "error-priority-missing"),
                FieldError::new("severity", "error-severity-missing"),
                FieldError::new("area", "error-place-missing"),
                FieldError::new("words", "error-description-long").with("max", 1000),
            ],
            ..fresh.clone()
        };
        vec![fresh, failing]
    }
}
