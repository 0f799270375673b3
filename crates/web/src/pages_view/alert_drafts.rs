//! `/meja/peringatan/konsep` and the form: how the city writes a warning of its own.

use pendopo_domain::alerts::draft::DraftState;
use pendopo_domain::alerts::{MsgType, Severity};
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::alerts::AlertTexts;
use super::parts::{Choice, FieldError, sample};
use crate::render::Page;

/// `GET /meja/peringatan/konsep/{id}`: the text as residents will see it, and who may do what.
#[derive(Clone, Debug, Serialize)]
pub struct DraftPage {
    pub url: String,
    pub edit_url: String,
    pub state: DraftState,
    pub msg_type: MsgType,
    pub exercise: bool,
    pub severity: Severity,
    pub level: u8,
    pub areas: Vec<String>,
    pub holds_minutes: i64,
    pub note: Option<String>,
    pub texts: Vec<AlertTexts>,
    /// What keeps it from being published.
    pub broken: Vec<String>,
    pub mine: bool,
    pub may_write: bool,
    pub may_approve: bool,
    pub published_url: Option<String>,
    pub steps: Vec<DraftStep>,
    pub errors: Vec<FieldError>,
}

/// Who did what to a draft, by kind.
#[derive(Clone, Debug, Serialize)]
pub struct DraftStep {
    pub kind: String,
    pub at: Timestamp,
}

/// `GET /meja/peringatan/tulis` and `GET /meja/peringatan/konsep/{id}/ubah`
#[derive(Clone, Debug, Serialize)]
pub struct DraftForm {
    /// Where the form goes.
    pub action: String,
    pub back_url: String,
    pub hidden: Vec<(String, String)>,
    pub msg_type: MsgType,
    pub all_clear: bool,
    pub exercise: bool,
    pub categories: Vec<Choice>,
    pub responses: Vec<Choice>,
    pub urgencies: Vec<Choice>,
    pub severities: Vec<Choice>,
    pub certainties: Vec<Choice>,
    pub areas: Vec<Choice>,
    pub holds_minutes: String,
    pub longest_minutes: i64,
    pub event_code: String,
    pub note: String,
    pub words: Vec<DraftWords>,
    pub errors: Vec<FieldError>,
}

/// The texts of one language as typed.
#[derive(Clone, Debug, Serialize)]
pub struct DraftWords {
    pub language: String,
    pub event: String,
    pub headline: String,
    pub description: String,
    pub instruction: String,
}

impl Page for DraftPage {
    const TEMPLATE: &'static str = "alert_draft.html";

    fn sample() -> Vec<Self> {
        let steps = [
            "written",
            "submitted",
            "given_back",
            "approved",
            "discarded",
        ];
        let full = Self {
            url: "/meja/peringatan/konsep/3".to_owned(),
            edit_url: "/meja/peringatan/konsep/3/ubah".to_owned(),
            state: DraftState::Submitted,
            msg_type: MsgType::Alert,
            exercise: true,
            severity: Severity::Severe,
            level: 2,
            areas: vec!["Bukit Bestari".to_owned()],
            holds_minutes: 120,
            note: Some("Latihan 1".to_owned()),
            texts: vec![AlertTexts::sample("id"), AlertTexts::sample("en")],
            broken: vec!["info[1]/area[1]: outline".to_owned()],
            mine: false,
            may_write: true,
            may_approve: true,
            published_url: None,
            steps: steps
                .map(|kind| DraftStep {
                    kind: kind.to_owned(),
                    at: sample::ago(5),
                })
                .to_vec(),
            errors: vec![FieldError::new("draft", "alert-error-own")],
        };
        let with = |state: DraftState, mine: bool| Self {
            state,
            mine,
            exercise: false,
            broken: vec![],
            errors: vec![],
            published_url: (state == DraftState::Published).then(|| "/peringatan/9".to_owned()),
            ..full.clone()
        };
        let states = DraftState::ALL
            .iter()
            .flat_map(|state| [with(*state, true), with(*state, false)]);
        let cancel = Self {
            msg_type: MsgType::Cancel,
            texts: vec![],
            areas: vec![],
            may_approve: false,
            may_write: false,
            ..with(DraftState::Submitted, false)
        };
        let states: Vec<Self> = states.collect();
        [vec![full.clone(), cancel], states].concat()
    }
}

impl Page for DraftForm {
    const TEMPLATE: &'static str = "alert_form.html";

    fn sample() -> Vec<Self> {
        let choices = |words: &[&str]| {
            words
                .iter()
                .map(|word| sample::choice(word, word))
                .collect()
        };
        let words = |language: &str| DraftWords {
            language: language.to_owned(),
            event: "Rob".to_owned(),
            headline: "Rob <1 m>".to_owned(),
            description: String::new(),
            instruction: String::new(),
        };
        let full = Self {
            action: "/meja/peringatan/tulis".to_owned(),
            back_url: "/meja/peringatan".to_owned(),
            hidden: vec![("insiden".to_owned(), "3".to_owned())],
            msg_type: MsgType::Alert,
            all_clear: false,
            exercise: true,
            categories: choices(&["Met", "CBRNE"]),
            responses: choices(&["Shelter", "None"]),
            urgencies: choices(&["Immediate", "Past"]),
            severities: choices(&["Extreme", "Minor"]),
            certainties: choices(&["Observed", "Unlikely"]),
            areas: choices(&["1", "2"]),
            holds_minutes: "120".to_owned(),
            longest_minutes: 360,
            event_code: String::new(),
            note: String::new(),
            words: vec![words("id"), words("en")],
            errors: vec![
                FieldError::new("headline-id", "alert-error-missing"),
                FieldError::new("description-en", "error-description-long")
                    .with("max", 2_000_usize),
                FieldError::new("areas", "alert-error-areas"),
                FieldError::new("holds_minutes", "alert-error-holds").with("max", 360_usize),
                FieldError::new("note", "alert-error-note"),
            ],
        };
        let clean = Self {
            errors: vec![],
            exercise: false,
            ..full.clone()
        };
        let all_clear = Self {
            msg_type: MsgType::Update,
            all_clear: true,
            ..clean.clone()
        };
        let cancel = Self {
            msg_type: MsgType::Cancel,
            ..clean.clone()
        };
        vec![full, clean, all_clear, cancel]
    }
}
