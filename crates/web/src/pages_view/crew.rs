//! The field officer's phone: what to do next, and *terima, tiba, selesai*.

use pendopo_domain::incidents::AssignmentState;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::incident::StepRow;
use super::parts::{Due, FieldError, MapView, Phase, Photo, PhotoKind, Unit, sample};
use crate::render::Page;

/// `GET /tugas`
#[derive(Clone, Debug, Serialize)]
pub struct Crew {
    pub team: String,
    /// Priority first, then time left.
    pub tasks: Vec<TaskRow>,
    pub done_today: i64,
}

/// One task in the list.
#[derive(Clone, Debug, Serialize)]
pub struct TaskRow {
    pub id: i64,
    /// `L-2187` or `K-31`
    pub number: String,
    pub title: String,
    pub place: String,
    pub state: AssignmentState,
    /// 1 to 4; `None` for an ordinary report.
    pub priority: Option<u8>,
    pub due: Option<Due>,
    pub since: Timestamp,
}

/// `GET /tugas/{id}`; buttons post to `/tugas/{id}/terima`, `/tiba`, `/selesai`.
#[derive(Clone, Debug, Serialize)]
pub struct CrewTask {
    pub id: i64,
    pub number: String,
    pub title: String,
    pub state: AssignmentState,
    pub priority: Option<u8>,
    pub place: String,
    pub area: String,
    pub description: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub photos: Vec<Photo>,
    pub map: Option<MapView>,
    /// `geo:` address for the phone's own map.
    pub geo_url: Option<String>,
    /// What the desk wrote.
    pub note: Option<String>,
    pub due: Option<Due>,
    pub dispatched_at: Timestamp,
    /// The unit that was sent; `None` when the team was.
    pub unit: Option<String>,
    /// How far the crew may say that it has come, in order.
    pub presses: Vec<Press>,
    /// Steps of the playbook that are this crew's.
    pub steps: Vec<StepRow>,
    pub max_photo_mb: i64,
    pub errors: Vec<FieldError>,
    /// As typed.
    pub reason: String,
}

/// A status button: posts to `/tugas/{id}/{path}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Press {
    /// The text is `press-{state}`.
    pub state: AssignmentState,
    pub path: &'static str,
}

impl Press {
    /// Every status button, in order.
    pub const ALL: [Self; 5] = [
        Self::of(AssignmentState::Acknowledged, "terima"),
        Self::of(AssignmentState::EnRoute, "jalan"),
        Self::of(AssignmentState::OnScene, "tiba"),
        Self::of(AssignmentState::Transporting, "angkut"),
        Self::of(AssignmentState::AtFacility, "tujuan"),
    ];

    const fn of(state: AssignmentState, path: &'static str) -> Self {
        Self { state, path }
    }

    /// Those that are left to a crew that has come as far as `state`.
    pub fn after(state: AssignmentState) -> Vec<Self> {
        let left = |press: &Self| state.may_become(press.state);
        Self::ALL.into_iter().filter(left).collect()
    }
}

impl Page for Crew {
    const TEMPLATE: &'static str = "crew.html";

    fn sample() -> Vec<Self> {
        let task = |id, number: &str, title: &str, state, priority| TaskRow {
            id,
            number: number.to_owned(),
            title: title.to_owned(),
            place: "Jl. Bakar Batu, Kemboja".to_owned(),
            state,
            priority,
            due: None,
            since: sample::ago(17),
        };
        let mut tasks = vec![
            task(
                1,
                "K-31",
                "Banjir dan genangan",
                AssignmentState::OnScene,
                Some(2),
            ),
            task(
                2,
                "L-2198",
                "Lampu jalan padam",
                AssignmentState::Dispatched,
                None,
            ),
            task(
                3,
                "L-2150",
                "Lampu jalan padam",
                AssignmentState::Acknowledged,
                None,
            ),
        ];
        tasks[1].due = Some(sample::due(Phase::Late, 1, Unit::Day));
        tasks[2].place = String::new();
        vec![
            Self {
                team: "Dinas Perhubungan".to_owned(),
                tasks,
                done_today: 2,
            },
            Self {
                team: "Dinas Perhubungan".to_owned(),
                tasks: vec![],
                done_today: 0,
            },
        ]
    }
}

impl Page for CrewTask {
    const TEMPLATE: &'static str = "crew_task.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            id: 2,
            number: "L-2198".to_owned(),
            title: "Lampu jalan padam".to_owned(),
            state: AssignmentState::Dispatched,
            priority: None,
            place: "Jl. Bakar Batu, depan mushala".to_owned(),
            area: "Kemboja".to_owned(),
            description: Some("Dua lampu mati sejak Jumat.".to_owned()),
            attributes: vec![("Berapa lampu?".to_owned(), "2".to_owned())],
            photos: vec![sample::photo(PhotoKind::Before, 31)],
            map: Some(sample::map()),
            geo_url: Some("geo:0.9186,104.4665".to_owned()),
            note: Some("Bawa tangga.".to_owned()),
            due: Some(sample::due(Phase::Open, 5, Unit::Day)),
            dispatched_at: sample::ago(17),
            unit: Some("Truk tangga 1".to_owned()),
            presses: Press::after(AssignmentState::Dispatched),
            steps: StepRow::samples(),
            max_photo_mb: 10,
            errors: vec![],
            reason: String::new(),
        };
        let bare = Self {
            priority: Some(1),
            unit: None,
            steps: vec![],
            place: String::new(),
            area: String::new(),
            description: None,
            attributes: vec![],
            photos: vec![],
            map: None,
            geo_url: None,
            note: None,
            due: None,
            ..full.clone()
        };
        let failing = Self {
            state: AssignmentState::OnScene,
            presses: Press::after(AssignmentState::OnScene),
            errors: vec![FieldError::new("photo", "error-photo-or-reason")],
            ..full.clone()
        };
        let mut samples: Vec<_> = AssignmentState::ALL
            .iter()
            .map(|state| Self {
                state: *state,
                presses: Press::after(*state),
                ..full.clone()
            })
            .collect();
        samples.extend([bare, failing]);
        samples
    }
}
