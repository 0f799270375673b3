//! One incident (kejadian) at the desk: clocks, crews, its reports, its timeline.

use pendopo_domain::incidents::{AssignmentState, State};
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::parts::{Choice, MapView, Photo, PhotoKind, ReportRow, TimelineEntry, sample};

/// An incident as the desk sees it. Forms post to `/meja/kejadian/{number}/…`.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentDetail {
    pub number: String,
    pub title: String,
    pub place: String,
    pub state: State,
    /// 1 to 4
    pub priority: u8,
    pub opened_at: Timestamp,
    pub clocks: Vec<Clock>,
    pub crews: Vec<CrewRow>,
    pub reports: Vec<IncidentReport>,
    pub photos: Vec<Photo>,
    pub timeline: Vec<TimelineEntry>,
    pub map: Option<MapView>,
    /// Teams that may still be sent.
    pub teams: Vec<Choice>,
    pub may_note: bool,
    pub may_dispatch: bool,
    pub may_contain: bool,
    pub may_resolve: bool,
    pub may_verify: bool,
    pub may_close: bool,
    pub may_reopen: bool,
}

/// How long a stretch of the response took, or has been taking.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// `signal`, `dispatch`, `arrival`, `resolution`: the text is `clock-{what}`.
    pub what: &'static str,
    /// Whole minutes; `None` while it has not begun.
    pub minutes: Option<i64>,
    /// Still running.
    pub running: bool,
}

/// A crew that was sent.
#[derive(Clone, Debug, Serialize)]
pub struct CrewRow {
    pub team: String,
    pub state: AssignmentState,
    /// Since when it stands so.
    pub at: Timestamp,
}

/// A report of the incident.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentReport {
    #[serde(flatten)]
    pub row: ReportRow,
    /// At the desk.
    pub desk_url: String,
}

impl IncidentDetail {
    pub(super) fn samples() -> Vec<Self> {
        let clock = |what, minutes, running| Clock {
            what,
            minutes,
            running,
        };
        let crew = |team: &str, state| CrewRow {
            team: team.to_owned(),
            state,
            at: sample::ago(5),
        };
        let report = |row: ReportRow| IncidentReport {
            desk_url: format!("/meja{}", row.url),
            row,
        };
        let full = Self {
            number: "K-31".to_owned(),
            title: "Banjir dan genangan".to_owned(),
            place: "Tanjung Unggat".to_owned(),
            state: State::OnScene,
            priority: 2,
            opened_at: sample::ago(17),
            clocks: vec![
                clock("signal", Some(1), false),
                clock("dispatch", Some(185), false),
                clock("arrival", Some(9_262), true),
                clock("resolution", None, false),
            ],
            crews: AssignmentState::ALL
                .iter()
                .map(|state| crew("Badan Penanggulangan Bencana Daerah", *state))
                .collect(),
            reports: sample::rows().into_iter().map(report).collect(),
            photos: vec![sample::photo(PhotoKind::After, 3)],
            timeline: sample::every_entry(),
            map: Some(sample::map()),
            teams: sample::teams(),
            may_note: true,
            may_dispatch: true,
            may_contain: true,
            may_resolve: true,
            may_verify: false,
            may_close: false,
            may_reopen: false,
        };
        let done = Self {
            state: State::Resolved,
            priority: 1,
            may_dispatch: false,
            may_contain: false,
            may_resolve: false,
            may_verify: true,
            may_close: true,
            may_reopen: true,
            ..full.clone()
        };
        let bare = Self {
            place: String::new(),
            state: State::New,
            priority: 4,
            clocks: vec![],
            crews: vec![],
            reports: vec![],
            photos: vec![],
            timeline: vec![],
            map: None,
            teams: vec![],
            may_note: false,
            may_dispatch: false,
            may_contain: false,
            may_resolve: false,
            ..full.clone()
        };
        let mut samples = vec![full.clone(), done, bare];
        samples.extend(State::ALL.iter().map(|state| Self {
            state: *state,
            priority: 3,
            ..full.clone()
        }));
        samples
    }
}
