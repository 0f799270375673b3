//! What everyone may read: the list of reports, the map, one report.

use pendopo_domain::incidents::State as IncidentState;
use pendopo_domain::reports::State;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::alerts::AlertCard;
use super::parts::{
    Choice, ChoiceGroup, Due, MapView, NumberLink, Phase, Photo, PhotoKind, ReportRow,
    TimelineEntry, Unit, sample,
};
use crate::render::Page;

/// `GET /laporan?service=&area=&state=&q=&page=`
#[derive(Clone, Debug, Serialize)]
pub struct ReportList {
    pub filters: ListFilters,
    pub total: i64,
    pub rows: Vec<ReportRow>,
    pub previous_url: Option<String>,
    pub next_url: Option<String>,
    /// When the last report of the city came, for the empty state.
    pub last_at: Option<Timestamp>,
}

/// The filters as they stand.
#[derive(Clone, Debug, Serialize)]
pub struct ListFilters {
    pub q: String,
    pub services: Vec<ChoiceGroup>,
    pub areas: Vec<ChoiceGroup>,
    pub states: Vec<StateChoice>,
    /// Anything is filtered.
    pub any: bool,
}

/// A state to filter by; its label is the text of the state.
#[derive(Clone, Debug, Serialize)]
pub struct StateChoice {
    pub state: State,
    pub selected: bool,
}

/// `GET /peta`
#[derive(Clone, Debug, Serialize)]
pub struct MapPage {
    pub map: MapView,
    pub open_count: i64,
    /// Warnings that hold, the gravest first.
    pub alerts: Vec<AlertCard>,
    /// What the map marks as incidents, in words; the gravest first.
    pub incidents: Vec<PublicIncident>,
}

/// An open incident as everyone may know it: no crew, no team.
#[derive(Clone, Debug, Serialize)]
pub struct PublicIncident {
    /// 1 to 4
    pub priority: u8,
    pub number: String,
    pub title: String,
    /// Name of its area; empty without one.
    pub place: String,
    pub state: IncidentState,
    pub reports: i64,
    pub opened_at: Timestamp,
}

/// `GET /laporan/{number}`
#[derive(Clone, Debug, Serialize)]
pub struct ReportPage {
    pub number: String,
    pub service: String,
    pub state: State,
    /// Text, place and photos are hidden: only the state is shown.
    pub secret: bool,
    /// The city's own words about the present state.
    pub status_note: Option<String>,
    pub description: Option<String>,
    pub place: String,
    pub area: String,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// What the city promised at the start.
    pub expected_at: Timestamp,
    pub due: Option<Due>,
    pub team: Option<String>,
    /// The report it is a duplicate of.
    pub duplicate_of: Option<NumberLink>,
    pub timeline: Vec<TimelineEntry>,
    pub photos: Vec<Photo>,
    pub joined: i64,
    /// It is open and public, so a neighbour may join.
    pub may_join: bool,
    /// The reader has just joined.
    pub joined_now: bool,
    pub map: Option<MapView>,
}

impl ListFilters {
    /// Every state, with the one that is chosen.
    pub fn state_choices(chosen: Option<State>) -> Vec<StateChoice> {
        let choice = |state: &State| StateChoice {
            state: *state,
            selected: chosen == Some(*state),
        };
        State::ALL.iter().map(choice).collect()
    }
}

fn sample_filters() -> ListFilters {
    ListFilters {
        q: String::new(),
        services: vec![ChoiceGroup {
            label: "Jalan dan lalu lintas".to_owned(),
            choices: vec![Choice {
                selected: true,
                ..sample::choice("lampu-jalan-padam", "Lampu jalan padam")
            }],
        }],
        areas: sample::areas(),
        states: ListFilters::state_choices(Some(State::Assigned)),
        any: false,
    }
}

impl Page for ReportList {
    const TEMPLATE: &'static str = "report_list.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            filters: sample_filters(),
            total: 1599,
            rows: sample::rows(),
            previous_url: Some("/laporan".to_owned()),
            next_url: Some("/laporan?page=3".to_owned()),
            last_at: Some(sample::ago(12)),
        };
        let nothing_found = Self {
            filters: ListFilters {
                q: "pelantar".to_owned(),
                any: true,
                ..sample_filters()
            },
            total: 0,
            rows: vec![],
            previous_url: None,
            next_url: None,
            ..full.clone()
        };
        let empty = Self {
            filters: sample_filters(),
            last_at: None,
            ..nothing_found.clone()
        };
        vec![full, nothing_found, empty]
    }
}

impl Page for MapPage {
    const TEMPLATE: &'static str = "map.html";

    fn sample() -> Vec<Self> {
        let incident = |priority, state| PublicIncident {
            priority,
            number: format!("K-{priority}"),
            title: "Banjir <genangan>".to_owned(),
            place: "Tanjung Unggat".to_owned(),
            state,
            reports: i64::from(priority),
            opened_at: sample::ago(17),
        };
        let full = Self {
            map: sample::map(),
            open_count: 70,
            alerts: AlertCard::samples(),
            incidents: vec![
                incident(1, IncidentState::New),
                incident(2, IncidentState::OnScene),
                PublicIncident {
                    place: String::new(),
                    ..incident(4, IncidentState::Contained)
                },
            ],
        };
        let quiet = Self {
            open_count: 0,
            alerts: vec![],
            incidents: vec![],
            ..full.clone()
        };
        vec![full, quiet]
    }
}

impl Page for ReportPage {
    const TEMPLATE: &'static str = "report.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            number: "L-2187".to_owned(),
            service: "Lampu jalan padam".to_owned(),
            state: State::Resolved,
            secret: false,
            status_note: Some("Dua lampu diganti, kabel disambung lagi.".to_owned()),
            description: Some(
                "Dua lampu mati sejak Jumat.\nAnak-anak pulang mengaji di gelap.".to_owned(),
            ),
            place: "Jl. Bakar Batu, depan mushala".to_owned(),
            area: "Kemboja".to_owned(),
            received_at: sample::days(2),
            updated_at: sample::ago(40),
            expected_at: sample::days(-8),
            due: Some(sample::due(Phase::Open, 10, Unit::Day)),
            team: Some("Dinas Perhubungan".to_owned()),
            duplicate_of: None,
            timeline: sample::timeline(),
            photos: vec![
                sample::photo(PhotoKind::Before, 2880),
                sample::photo(PhotoKind::After, 40),
            ],
            joined: 2,
            may_join: false,
            joined_now: false,
            map: Some(sample::map()),
        };
        let fresh = Self {
            state: State::Received,
            status_note: None,
            place: String::new(),
            area: String::new(),
            due: Some(sample::due(Phase::Over, 1, Unit::Day)),
            team: None,
            timeline: vec![sample::entry("received", "", 12)],
            photos: vec![],
            joined: 0,
            may_join: true,
            map: None,
            ..full.clone()
        };
        let joined = Self {
            joined: 1,
            joined_now: true,
            ..fresh.clone()
        };
        let secret = Self {
            secret: true,
            status_note: None,
            description: None,
            place: String::new(),
            photos: vec![],
            may_join: false,
            map: None,
            ..full.clone()
        };
        let duplicate = Self {
            state: State::Duplicate,
            due: None,
            duplicate_of: Some(NumberLink {
                number: "L-2170".to_owned(),
                url: "/laporan/L-2170".to_owned(),
                title: "Lampu jalan padam".to_owned(),
            }),
            timeline: sample::every_entry(),
            ..full.clone()
        };
        let mut samples = vec![fresh, joined, secret, duplicate];
        samples.extend(State::ALL.iter().map(|state| Self {
            state: *state,
            ..full.clone()
        }));
        samples.insert(0, full);
        samples
    }
}
