//! Incidents (kejadian): the record of one response, and the crews that go.
//!
//! States follow the usual course of a command centre: new, triaged, open, dispatched, on scene,
//! contained, resolved, verified, closed, and reopened. `verified` is another role's word; what
//! the reporters say stands on their reports. The timeline is append-only and carries ids only.

use serde::{Deserialize, Serialize};

use crate::geo::{AreaId, Position};
use crate::organisation::TeamId;
use crate::reports::{Report, ReportId, Visibility};
use crate::time::Timestamp;
use crate::{id_type, word_enum};

id_type!(
    /// An incident of one city; people know it as `K-31`.
    IncidentId
);
id_type!(
    /// A crew sent to an incident, or to a report that needs no incident.
    AssignmentId
);

word_enum!(
    /// Where the response stands.
    State {
        New = "new",
        Open = "open",
        Dispatched = "dispatched",
        OnScene = "on_scene",
        Contained = "contained",
        Resolved = "resolved",
        Verified = "verified",
        Closed = "closed",
        Reopened = "reopened",
    }
);

impl State {
    /// Someone still has to act.
    pub const fn needs_action(self) -> bool {
        !matches!(self, State::Resolved | State::Verified | State::Closed)
    }

    /// Whether `next` may follow.
    pub const fn may_become(self, next: State) -> bool {
        use State::{
            Closed, Contained, Dispatched, New, OnScene, Open, Reopened, Resolved, Verified,
        };
        match next {
            New => false,
            Open => matches!(self, New),
            Dispatched => matches!(
                self,
                New | Open | Reopened | Dispatched | OnScene | Contained
            ),
            OnScene => matches!(self, Dispatched | Open | Reopened | OnScene),
            Contained => matches!(self, OnScene | Dispatched),
            Resolved => self.needs_action(),
            Verified => matches!(self, Resolved),
            Closed => matches!(self, Resolved | Verified),
            Reopened => matches!(self, Resolved | Verified | Closed),
        }
    }
}

word_enum!(
    /// How far an assigned crew has come.
    AssignmentState {
        Dispatched = "dispatched",
        Acknowledged = "acknowledged",
        OnScene = "on_scene",
        Cleared = "cleared",
        Withdrawn = "withdrawn",
    }
);

impl AssignmentState {
    /// The crew still has something to do.
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Cleared | Self::Withdrawn)
    }

    /// Whether `next` may follow. Steps may be skipped, never taken back.
    pub const fn may_become(self, next: Self) -> bool {
        self.is_active() && (next as u8) > (self as u8)
    }
}

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
    /// What it is about, as the service of its first report.
    pub service_code: String,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
}

impl Incident {
    /// An incident of `reports`, at the moment at which a team is sent. `place` is where the operator says that it is,
    /// and is used when no report may say it. `id` is given by the database. `None` without reports.
    pub fn open(
        reports: &[Report],
        priority: Priority,
        place: Place,
        now: Timestamp,
    ) -> Option<Self> {
        let place = Place::of(reports).unwrap_or(place);
        Some(Self {
            id: IncidentId(0),
            state: State::Dispatched,
            priority,
            service_code: reports.first()?.service_code.clone(),
            area: place.area,
            position: place.position,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
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
    /// What the crew is sent to.
    pub target: Target,
    pub state: AssignmentState,
    pub dispatched_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    pub on_scene_at: Option<Timestamp>,
    pub cleared_at: Option<Timestamp>,
}

/// What a crew is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    #[serde(rename = "incident")]
    Incident(IncidentId),
    #[serde(rename = "report")]
    Report(ReportId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_incident_can_only_be_reopened() {
        let next: Vec<_> = State::ALL
            .iter()
            .filter(|next| State::Closed.may_become(**next))
            .collect();
        assert_eq!(next, [&State::Reopened]);
    }

    #[test]
    fn verified_needs_resolved_first() {
        let before: Vec<_> = State::ALL
            .iter()
            .filter(|state| state.may_become(State::Verified))
            .collect();
        assert_eq!(before, [&State::Resolved]);
    }

    #[test]
    fn a_crew_never_goes_backwards() {
        use AssignmentState::{Acknowledged, Cleared, Dispatched, OnScene};
        assert!(Dispatched.may_become(OnScene));
        assert!(!OnScene.may_become(Acknowledged));
        assert!(!Cleared.may_become(OnScene));
    }
}
