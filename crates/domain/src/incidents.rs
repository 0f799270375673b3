//! Incidents (kejadian): the record of one response, and the crews that go.
//!
//! An incident begins with reports, with an alarm, or by hand. What may follow what is in [`state`], the instants that
//! are measured in [`clocks`]. What the reporters say stands on their reports. The timeline is append-only and carries
//! ids only.

pub mod clocks;
pub mod state;

use serde::{Deserialize, Serialize};

use crate::geo::{AreaId, Position};
use crate::organisation::TeamId;
use crate::reports::{Report, ReportId, Visibility};
use crate::time::Timestamp;
use crate::units::UnitId;
use crate::{id_type, word_enum};

pub use self::clocks::{Clock, Clocks};
pub use self::state::{AssignmentState, State};

id_type!(
    /// An incident of one city; people know it as `K-31`.
    IncidentId
);
id_type!(
    /// A crew sent to an incident, or to a report that needs no incident.
    AssignmentId
);

word_enum!(
    /// How much harm it does or may do: the scale of CAP 1.2 §3.2.2, element `<severity>`. It says nothing about how
    /// fast somebody must act; that is the priority.
    Severity {
        Extreme = "extreme",
        Severe = "severe",
        Moderate = "moderate",
        Minor = "minor",
        Unknown = "unknown",
    }
);

/// Priority 1 (danger to life now) to 4 (know, plan).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(u8);

impl Priority {
    /// `None` unless 1 ≤ `level` ≤ 4.
    pub fn new(level: i64) -> Option<Self> {
        let level = u8::try_from(level).ok()?;
        (1..=4).contains(&level).then_some(Self(level))
    }

    /// 1 to 4, 1 the gravest.
    pub fn level(self) -> u8 {
        self.0
    }
}

/// One response as the city keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub id: IncidentId,
    pub state: State,
    pub priority: Priority,
    pub severity: Severity,
    /// What it is about: the service of its first report, or of the rule that raised it.
    pub service_code: String,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// The incident that this one was merged into, and what it was before; it may be split off again.
    pub merged: Option<Merged>,
}

/// Where a merged incident went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    pub into: IncidentId,
    pub before: State,
}

impl Incident {
    /// An incident that begins without reports, to be triaged. `id` is given by the database.
    pub fn new(
        service_code: &str,
        priority: Priority,
        severity: Severity,
        place: Place,
        now: Timestamp,
    ) -> Self {
        Self {
            id: IncidentId(0),
            state: State::New,
            priority,
            severity,
            service_code: service_code.to_owned(),
            area: place.area,
            position: place.position,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
            merged: None,
        }
    }

    /// An incident of `reports`, at the moment at which a team is sent. `place` is where the operator says that it is,
    /// and is used when no report may say it. `id` is given by the database. `None` without reports.
    pub fn open(
        reports: &[Report],
        priority: Priority,
        place: Place,
        now: Timestamp,
    ) -> Option<Self> {
        let place = Place::of(reports).unwrap_or(place);
        let service = &reports.first()?.service_code;
        Some(Self {
            state: State::Dispatched,
            ..Self::new(service, priority, Severity::Unknown, place, now)
        })
    }

    /// Takes the place of `report`, unless it has one or the report has none to give.
    pub fn place_by(&mut self, report: &Report) {
        if self.area.is_none()
            && self.position.is_none()
            && let Some(place) = Place::of([report])
        {
            (self.area, self.position) = (place.area, place.position);
        }
    }

    /// The number under which the desk knows it: `K-31`.
    pub fn number(&self) -> String {
        format!("K-{}", self.id)
    }
}

/// Where an incident is, as everyone at the desk and in its crews may know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    pub area: Option<AreaId>,
    pub position: Option<Position>,
}

impl Place {
    /// The place of the first report that may be known and says where. A secret report never gives its place away:
    /// who reads the incident need not be one of those who may read that report.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        reports
            .into_iter()
            .filter(|report| report.visibility == Visibility::Public)
            .map(|report| Self {
                area: report.area,
                position: report.position,
            })
            .find(|place| *place != Self::default())
    }
}

/// A crew on its way to something.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub id: AssignmentId,
    pub team: TeamId,
    /// The unit of the team that goes; `None` when the team itself decides who does.
    pub unit: Option<UnitId>,
    /// What the crew is sent to.
    pub target: Target,
    pub state: AssignmentState,
    pub dispatched_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    pub en_route_at: Option<Timestamp>,
    pub on_scene_at: Option<Timestamp>,
    pub transporting_at: Option<Timestamp>,
    pub at_facility_at: Option<Timestamp>,
    /// When it was over, done or stood down.
    pub cleared_at: Option<Timestamp>,
}

impl Assignment {
    /// When it reached `state`; `None` for a state that was skipped or lies ahead.
    pub fn reached_at(&self, state: AssignmentState) -> Option<Timestamp> {
        match state {
            AssignmentState::Dispatched => Some(self.dispatched_at),
            AssignmentState::Acknowledged => self.acknowledged_at,
            AssignmentState::EnRoute => self.en_route_at,
            AssignmentState::OnScene => self.on_scene_at,
            AssignmentState::Transporting => self.transporting_at,
            AssignmentState::AtFacility => self.at_facility_at,
            AssignmentState::Cleared | AssignmentState::Withdrawn => {
                self.cleared_at.filter(|_| self.state == state)
            }
        }
    }

    /// Goes on to `state`, reached at `at`.
    pub fn reach(&mut self, state: AssignmentState, at: Timestamp) {
        self.state = state;
        match state {
            AssignmentState::Dispatched => self.dispatched_at = at,
            AssignmentState::Acknowledged => self.acknowledged_at = Some(at),
            AssignmentState::EnRoute => self.en_route_at = Some(at),
            AssignmentState::OnScene => self.on_scene_at = Some(at),
            AssignmentState::Transporting => self.transporting_at = Some(at),
            AssignmentState::AtFacility => self.at_facility_at = Some(at),
            AssignmentState::Cleared | AssignmentState::Withdrawn => self.cleared_at = Some(at),
        }
    }
}

/// What a crew is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    #[serde(rename = "incident")]
    Incident(IncidentId),
    #[serde(rename = "report")]
    Report(ReportId),
}
