//! One incident (kejadian) at the desk: clocks, crews, its reports, its timeline.

use pendopo_domain::incidents::{AssignmentState, Severity, State};
use pendopo_domain::playbooks::StepState;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::alarms::AlarmRow;
use super::parts::{
    Choice, ChoiceGroup, MapView, Photo, PhotoKind, ReportRow, TimelineEntry, sample,
};

/// An incident as the desk sees it. Forms post to `/meja/kejadian/{number}/…`.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentDetail {
    pub number: String,
    pub title: String,
    pub place: String,
    pub state: State,
    /// 1 to 4
    pub priority: u8,
    pub severity: Severity,
    pub opened_at: Timestamp,
    /// The incident that this one was merged into.
    pub merged_into: Option<IncidentLink>,
    /// Those that were merged into this one.
    pub merged: Vec<IncidentLink>,
    /// The stretches that matter most.
    pub clocks: Vec<Clock>,
    /// All twelve, t0 to t11.
    pub instants: Vec<ClockInstant>,
    /// Of its playbook, in order.
    pub steps: Vec<StepRow>,
    /// Steps that should have been done by now.
    pub steps_late: usize,
    pub crews: Vec<CrewRow>,
    /// The alarms that opened or joined it, oldest first.
    pub alarms: Vec<IncidentAlarm>,
    /// Where a warning about it is written; `None` for those who may not.
    pub warning_url: Option<String>,
    pub reports: Vec<IncidentReport>,
    pub photos: Vec<Photo>,
    pub timeline: Vec<TimelineEntry>,
    pub map: Option<MapView>,
    /// Units that are free and teams, to be sent.
    pub crew_choices: Vec<ChoiceGroup>,
    /// Incidents that this one may be merged into.
    pub merge_choices: Vec<Choice>,
    /// Reports that may be split off.
    pub split_choices: Vec<Choice>,
    pub may_triage: bool,
    pub may_open: bool,
    pub may_set_aside: bool,
    pub may_merge: bool,
    pub may_split: bool,
    pub may_split_back: bool,
    pub may_note: bool,
    pub may_dispatch: bool,
    pub may_contain: bool,
    pub may_resolve: bool,
    pub may_verify: bool,
    /// This position said *resolved* itself: somebody else verifies.
    pub own_work: bool,
    pub may_close: bool,
    pub may_reopen: bool,
}

/// An alarm of an incident.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentAlarm {
    #[serde(flatten)]
    pub row: AlarmRow,
    /// Who acknowledged it last, in the words of the city; `None` when nobody did, or the city does not know.
    pub acknowledged_by: Option<String>,
    pub acknowledged_at: Option<Timestamp>,
}

/// Another incident.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentLink {
    pub number: String,
    pub url: String,
}

/// How long a stretch of the response took, or has been taking.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// From one clock to another: the text is `clock-{what}`, see [`STRETCH_WORDS`].
    pub what: &'static str,
    /// Whole seconds; `None` while it has not begun.
    pub seconds: Option<i64>,
    /// Still running.
    pub running: bool,
}

/// Every word that [`Clock::what`] may hold.
pub const STRETCH_WORDS: [&str; 4] = [
    "first_signal-seen",
    "seen-dispatched",
    "dispatched-on_scene",
    "on_scene-resolved",
];

/// One of the twelve clocks.
#[derive(Clone, Debug, Serialize)]
pub struct ClockInstant {
    /// 0 to 11
    pub number: u8,
    /// The text is `instant-{what}`.
    pub what: &'static str,
    pub at: Option<Timestamp>,
}

/// A step of the playbook.
#[derive(Clone, Debug, Serialize)]
pub struct StepRow {
    pub id: i64,
    pub order: i64,
    pub text: String,
    /// Whose step it is, in the words of the city.
    pub role: String,
    pub state: StepState,
    pub due_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    pub late: bool,
    pub optional: bool,
    pub may_settle: bool,
}

impl StepRow {
    pub(super) fn samples() -> Vec<Self> {
        let step = |id, state, late| Self {
            id,
            order: id,
            text: "Kirim satuan pompa ke titik terdalam".to_owned(),
            role: "Dispatcher".to_owned(),
            state,
            due_at: sample::ago(5),
            settled_at: (state != StepState::Due).then(|| sample::ago(2)),
            late,
            optional: id == 5,
            may_settle: state == StepState::Due && id != 4,
        };
        vec![
            step(1, StepState::Done, false),
            step(2, StepState::Done, true),
            step(3, StepState::Skipped, false),
            step(4, StepState::Due, false),
            step(5, StepState::Due, true),
            step(6, StepState::Due, false),
        ]
    }
}

/// A crew that was sent.
#[derive(Clone, Debug, Serialize)]
pub struct CrewRow {
    pub id: i64,
    /// The unit, or else the team.
    pub name: String,
    /// The team of a unit.
    pub team: Option<String>,
    pub state: AssignmentState,
    /// Since when it stands so.
    pub at: Timestamp,
    pub may_withdraw: bool,
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
        let clock = |what, seconds, running| Clock {
            what,
            seconds,
            running,
        };
        let crew = |name: &str, state: AssignmentState| CrewRow {
            id: 1,
            name: name.to_owned(),
            team: (state == AssignmentState::EnRoute).then(|| name.to_owned()),
            state,
            at: sample::ago(5),
            may_withdraw: state.is_active(),
        };
        let link = |number: &str| IncidentLink {
            number: number.to_owned(),
            url: format!("/meja/kejadian/{number}"),
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
            severity: Severity::Severe,
            merged_into: None,
            merged: vec![link("K-29"), link("K-30")],
            clocks: vec![
                clock(STRETCH_WORDS[0], Some(41), false),
                clock(STRETCH_WORDS[1], Some(11_100), false),
                clock(STRETCH_WORDS[2], Some(555_720), true),
                clock(STRETCH_WORDS[3], None, false),
            ],
            instants: instants(),
            steps: StepRow::samples(),
            steps_late: 1,
            alarms: super::alarms::samples_of_incident(),
            warning_url: Some("/meja/peringatan/tulis?insiden=1".to_owned()),
            crews: AssignmentState::ALL
                .iter()
                .map(|state| crew("Badan Penanggulangan Bencana Daerah", *state))
                .collect(),
            reports: sample::rows().into_iter().map(report).collect(),
            photos: vec![sample::photo(PhotoKind::After, 3)],
            timeline: sample::every_entry(),
            map: Some(sample::map()),
            crew_choices: vec![ChoiceGroup {
                label: "Tim".to_owned(),
                choices: sample::teams(),
            }],
            merge_choices: sample::teams(),
            split_choices: sample::teams(),
            may_triage: true,
            may_open: true,
            may_set_aside: true,
            may_merge: true,
            may_split: true,
            may_split_back: false,
            may_note: true,
            may_dispatch: true,
            may_contain: true,
            may_resolve: true,
            may_verify: false,
            own_work: false,
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
            may_triage: false,
            may_open: false,
            may_set_aside: false,
            may_merge: false,
            may_split: false,
            ..full.clone()
        };
        let merged = Self {
            state: State::Duplicate,
            merged_into: Some(link("K-12")),
            merged: vec![],
            may_split_back: true,
            ..done.clone()
        };
        let own = Self {
            may_verify: false,
            own_work: true,
            ..done.clone()
        };
        let bare = Self {
            place: String::new(),
            state: State::New,
            priority: 4,
            severity: Severity::Unknown,
            merged: vec![],
            clocks: vec![],
            instants: vec![],
            steps: vec![],
            steps_late: 0,
            alarms: vec![],
            warning_url: None,
            crews: vec![],
            reports: vec![],
            photos: vec![],
            timeline: vec![],
            map: None,
            crew_choices: vec![],
            merge_choices: vec![],
            split_choices: vec![],
            may_triage: false,
            may_open: false,
            may_set_aside: false,
            may_merge: false,
            may_split: false,
            may_note: false,
            may_dispatch: false,
            may_contain: false,
            may_resolve: false,
            ..full.clone()
        };
        let mut samples = vec![full.clone(), done, own, merged, bare];
        samples.extend(State::ALL.iter().map(|state| Self {
            state: *state,
            priority: 3,
            ..full.clone()
        }));
        samples.extend(Severity::ALL.iter().map(|severity| Self {
            severity: *severity,
            ..full.clone()
        }));
        samples
    }
}

fn instants() -> Vec<ClockInstant> {
    let instant = |clock: &pendopo_domain::incidents::Clock| ClockInstant {
        number: clock.number(),
        what: clock.word(),
        at: (clock.number() < 7).then(|| sample::ago(60)),
    };
    let all = pendopo_domain::incidents::Clock::ALL;
    all.iter().map(instant).collect()
}
