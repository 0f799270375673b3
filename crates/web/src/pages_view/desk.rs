//! The desk (meja): one queue of what needs action, and one thing in detail beside it.

use pendopo_domain::incidents::State as IncidentState;
use pendopo_domain::ratings::Verdict;
use pendopo_domain::reports::State;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::incident::IncidentDetail;
use super::parts::{
    Choice, ChoiceGroup, Due, FieldError, MapView, NumberLink, Phase, Photo, PhotoKind, ReportRow,
    TimelineEntry, Unit, sample,
};
use crate::render::Page;

/// `GET /meja`, `/meja/laporan/{number}`, `/meja/kejadian/{number}`
#[derive(Clone, Debug, Serialize)]
pub struct Desk {
    pub tabs: Tabs,
    /// Open alarms, those that are shelved not counted.
    pub alarms: i64,
    pub filters: DeskFilters,
    /// Order: priority, then time left.
    pub rows: Vec<QueueRow>,
    pub next_url: Option<String>,
    /// When the last report came, for the empty queue.
    pub last_at: Option<Timestamp>,
    /// The filters as a query string without `?`; forms send it back so that the queue stays.
    pub query: String,
    pub detail: Detail,
    pub errors: Vec<FieldError>,
    /// What has just been done: the text is `done-{word}`.
    pub done: Option<&'static str>,
}

/// Words that [`Desk::done`] may hold.
pub const DONE_WORDS: [&str; 25] = [
    "assigned",
    "incident_opened",
    "incident_joined",
    "duplicate",
    "referred",
    "closed_not_fixed",
    "resolved",
    "noted",
    "dispatched",
    "contained",
    "incident_resolved",
    "verified",
    "closed",
    "reopened",
    "begun",
    "triaged",
    "to_work",
    "rejected",
    "referred_away",
    "merged",
    "split",
    "split_back",
    "withdrawn",
    "step_done",
    "step_skipped",
];

/// The queue by what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    NeedsAction,
    Mine,
    DueSoon,
    Overdue,
}

/// Which tab is open, and how many each holds.
#[derive(Clone, Debug, Serialize)]
pub struct Tabs {
    pub current: Tab,
    pub needs_action: i64,
    pub mine: i64,
    pub due_soon: i64,
    pub overdue: i64,
}

/// The filters of the queue (`service`, `area`, `team`, `q`).
#[derive(Clone, Debug, Serialize)]
pub struct DeskFilters {
    pub q: String,
    pub services: Vec<ChoiceGroup>,
    pub areas: Vec<ChoiceGroup>,
    pub teams: Vec<Choice>,
    pub any: bool,
}

/// One row of the queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueRow {
    #[serde(flatten)]
    pub kind: QueueKind,
    pub number: String,
    /// With the filters of the queue.
    pub url: String,
    pub title: String,
    /// Words of the place or the name of the area; may be empty.
    pub place: String,
    pub due: Option<Due>,
    /// Steps of its playbook that are late, and the roles whose they are; of incidents only.
    pub steps_late: i64,
    pub whose: String,
    pub since: Timestamp,
    pub selected: bool,
    pub secret: bool,
}

/// What stands in the queue.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QueueKind {
    Report {
        state: State,
    },
    Incident {
        state: IncidentState,
        /// 1 to 4
        priority: u8,
        reports: i64,
    },
}

/// What stands beside the queue.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Detail {
    /// Nothing is opened: the whole city.
    Empty {
        map: MapView,
    },
    Report(Box<ReportDetail>),
    Incident(Box<IncidentDetail>),
}

/// A report as those who handle it see it. Forms post to `/meja/laporan/{number}/…`.
#[derive(Clone, Debug, Serialize)]
pub struct ReportDetail {
    pub number: String,
    pub service: String,
    pub state: State,
    pub secret: bool,
    /// `None` when it is secret and this position may not read it.
    pub description: Option<String>,
    pub place: String,
    pub area: String,
    pub received_at: Timestamp,
    /// Word of the channel: `web`, `open311`, `import`.
    pub channel: &'static str,
    pub team: Option<String>,
    pub deadlines: Vec<Deadline>,
    /// Question and answer.
    pub attributes: Vec<(String, String)>,
    pub photos: Vec<Photo>,
    pub map: Option<MapView>,
    pub timeline: Vec<TimelineEntry>,
    pub joined: i64,
    pub incident: Option<NumberLink>,
    pub duplicate_of: Option<NumberLink>,
    /// The reporter's answer.
    pub verdict: Option<Verdict>,
    pub stars: Option<u8>,
    pub words: Option<String>,
    pub identity: IdentityBox,
    /// Assign, refer, resolve, close: it is open and this position may triage.
    pub may_triage: bool,
    pub may_open_incident: bool,
    /// The routed team is selected.
    pub teams: Vec<Choice>,
    /// Why that team: its name.
    pub routed_team: Option<String>,
    /// Other open reports nearby that may belong to the same incident.
    pub nearby: Vec<ReportRow>,
    /// Where an incident of this report may be said to be, when it is secret; else empty.
    pub areas: Vec<ChoiceGroup>,
    /// Open incidents to join; value `K-31`.
    pub incidents: Vec<Choice>,
}

/// One promise with its date.
#[derive(Clone, Debug, Serialize)]
pub struct Deadline {
    /// `verify`, `follow_up`, `answer`, `expected`: the text is `deadline-{what}`.
    pub what: &'static str,
    pub at: Timestamp,
    /// `None` when nobody is waited for any more.
    pub due: Option<Due>,
}

/// Who the reporter is, as far as this position may know.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum IdentityBox {
    /// Nothing was given.
    NotGiven,
    /// Given, and this position may look: `POST …/identitas`, which is written down.
    Hidden {
        anonymous: bool,
    },
    /// Given, and this position may not look.
    NotAllowed {
        anonymous: bool,
    },
    Shown {
        name: String,
        email: String,
        phone: String,
    },
    Erased,
}

impl Page for Desk {
    const TEMPLATE: &'static str = "desk.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            alarms: 2,
            tabs: Tabs {
                current: Tab::NeedsAction,
                needs_action: 9,
                mine: 3,
                due_soon: 2,
                overdue: 1,
            },
            filters: DeskFilters {
                q: String::new(),
                services: vec![],
                areas: sample::areas(),
                teams: sample::teams(),
                any: false,
            },
            rows: sample_rows(),
            next_url: Some("/meja?after=9".to_owned()),
            last_at: Some(sample::ago(12)),
            query: "tab=needs_action".to_owned(),
            detail: Detail::Report(Box::new(sample_report())),
            errors: vec![],
            done: None,
        };
        let with = |detail: ReportDetail| Self {
            detail: Detail::Report(Box::new(detail)),
            ..full.clone()
        };
        let empty = Self {
            alarms: 0,
            tabs: Tabs {
                current: Tab::Mine,
                needs_action: 0,
                mine: 0,
                due_soon: 0,
                overdue: 0,
            },
            rows: vec![],
            next_url: None,
            detail: Detail::Empty { map: sample::map() },
            ..full.clone()
        };
        let filtered = Self {
            filters: DeskFilters {
                q: "pelantar".to_owned(),
                any: true,
                ..full.filters.clone()
            },
            last_at: None,
            ..empty.clone()
        };
        let failing = Self {
            errors: vec![
                FieldError::new("resolve-reason", "error-reason-missing"),
                FieldError::new("duplicate-of", "error-number-unknown").with("number", "L-9"),
                FieldError::new("refer-to", "error-refer-missing"),
                FieldError::new("close-reason", "error-reason-missing"),
                FieldError::new("assign-team", "error-team-missing"),
            ],
            ..full.clone()
        };
        let unselected = Self {
            detail: Detail::Empty { map: sample::map() },
            ..full.clone()
        };
        let mut samples = vec![full.clone(), unselected, empty, filtered, failing];
        samples.extend(sample_reports().into_iter().map(with));
        samples.extend(IncidentDetail::samples().into_iter().map(|incident| Self {
            detail: Detail::Incident(Box::new(incident)),
            ..full.clone()
        }));
        samples.extend(DONE_WORDS.iter().map(|word| Self {
            done: Some(word),
            ..full.clone()
        }));
        samples
    }
}

fn sample_rows() -> Vec<QueueRow> {
    let row = |kind, number: &str, title: &str, place: &str, minutes| QueueRow {
        kind,
        number: number.to_owned(),
        url: format!("/meja/laporan/{number}?tab=needs_action"),
        title: title.to_owned(),
        place: place.to_owned(),
        due: None,
        steps_late: 0,
        whose: String::new(),
        since: sample::ago(minutes),
        selected: false,
        secret: false,
    };
    let incident = |state, priority, reports| QueueKind::Incident {
        state,
        priority,
        reports,
    };
    let mut rows = vec![
        row(
            incident(IncidentState::OnScene, 2, 15),
            "K-31",
            "Banjir dan genangan",
            "Tanjung Unggat",
            17,
        ),
        row(
            incident(IncidentState::New, 4, 1),
            "K-32",
            "Lampu jalan padam",
            "",
            14,
        ),
        row(
            QueueKind::Report {
                state: State::Assigned,
            },
            "L-2117",
            "Air keran keruh",
            "Melayu Kota Piring",
            4320,
        ),
        row(
            QueueKind::Report {
                state: State::Assigned,
            },
            "L-2150",
            "Jalan berlubang",
            "Jl. Pramuka, Tg. Ayun Sakti",
            2880,
        ),
    ];
    (rows[0].steps_late, rows[0].whose) = (2, "Dispatcher".to_owned());
    rows[2].due = Some(sample::due(Phase::Over, 1, Unit::Day));
    rows[3].due = Some(sample::due(Phase::Late, 4, Unit::Hour));
    for (i, state) in State::ALL.iter().enumerate() {
        let kind = QueueKind::Report { state: *state };
        let number = format!("L-{}", 2198 + i);
        rows.push(row(
            kind,
            &number,
            "Lampu jalan padam satu ruas",
            "Jl. Bakar Batu, Kemboja",
            31,
        ));
    }
    rows[4].selected = true;
    rows[5].secret = true;
    rows
}

fn sample_report() -> ReportDetail {
    let deadline = |what, phase| Deadline {
        what,
        at: sample::days(-3),
        due: Some(sample::due(phase, 3, Unit::Day)),
    };
    ReportDetail {
        number: "L-2198".to_owned(),
        service: "Lampu jalan padam".to_owned(),
        state: State::Received,
        secret: false,
        description: Some(
            "Dua lampu mati sejak Jumat.\nAnak-anak pulang mengaji di gelap.".to_owned(),
        ),
        place: "Jl. Bakar Batu, depan mushala".to_owned(),
        area: "Kemboja".to_owned(),
        received_at: sample::ago(31),
        channel: "web",
        team: None,
        deadlines: vec![
            deadline("verify", Phase::Open),
            Deadline {
                what: "expected",
                at: sample::days(-8),
                due: None,
            },
        ],
        attributes: vec![(
            "Apa yang terjadi pada lampunya?".to_owned(),
            "Padam".to_owned(),
        )],
        photos: vec![sample::photo(PhotoKind::Before, 31)],
        map: Some(sample::map()),
        timeline: vec![sample::entry("received", "", 31)],
        joined: 2,
        incident: None,
        duplicate_of: None,
        verdict: None,
        stars: None,
        words: None,
        identity: IdentityBox::Hidden { anonymous: false },
        may_triage: true,
        may_open_incident: true,
        teams: sample::teams(),
        routed_team: Some("Dinas Perhubungan".to_owned()),
        nearby: sample::rows(),
        areas: sample::areas(),
        incidents: vec![sample::choice(
            "K-31",
            "K-31 · Banjir dan genangan, Tanjung Unggat",
        )],
    }
}

fn sample_reports() -> Vec<ReportDetail> {
    let shown = ReportDetail {
        state: State::Assigned,
        team: Some("Dinas Perhubungan".to_owned()),
        incident: Some(NumberLink {
            number: "K-31".to_owned(),
            url: "/meja/kejadian/K-31".to_owned(),
            title: "Banjir dan genangan".to_owned(),
        }),
        identity: IdentityBox::Shown {
            name: "Siti".to_owned(),
            email: String::new(),
            phone: "0812 0000 0000".to_owned(),
        },
        timeline: sample::every_entry(),
        deadlines: ["verify", "follow_up", "answer", "expected"]
            .map(|what| Deadline {
                what,
                at: sample::days(1),
                due: Some(sample::due(Phase::Over, 1, Unit::Day)),
            })
            .to_vec(),
        ..sample_report()
    };
    let answered = ReportDetail {
        state: State::Confirmed,
        verdict: Some(Verdict::Confirmed),
        stars: Some(5),
        words: Some("Cepat.".to_owned()),
        identity: IdentityBox::Erased,
        may_triage: false,
        may_open_incident: false,
        ..shown.clone()
    };
    let not_yet = ReportDetail {
        state: State::Reopened,
        verdict: Some(Verdict::NotYet),
        stars: None,
        words: None,
        identity: IdentityBox::Hidden { anonymous: true },
        channel: "open311",
        ..answered.clone()
    };
    let secret = ReportDetail {
        secret: true,
        description: None,
        place: String::new(),
        area: String::new(),
        photos: vec![],
        map: None,
        attributes: vec![],
        nearby: vec![],
        areas: vec![],
        incidents: vec![],
        routed_team: None,
        deadlines: vec![],
        joined: 0,
        identity: IdentityBox::NotAllowed { anonymous: true },
        ..sample_report()
    };
    let duplicate = ReportDetail {
        state: State::Duplicate,
        duplicate_of: shown.incident.clone(),
        identity: IdentityBox::NotAllowed { anonymous: false },
        channel: "import",
        may_triage: false,
        ..sample_report()
    };
    let nameless = ReportDetail {
        identity: IdentityBox::NotGiven,
        ..sample_report()
    };
    vec![shown, answered, not_yet, secret, duplicate, nameless]
}
