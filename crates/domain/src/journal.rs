//! What the journal says: one [`Event`] for every change, in the transaction that makes it.
//!
//! Invariant: an event carries ids, codes, states and counts. No name, no contact, no free text, no
//! place of a person: the journal names no one, so it may be kept, copied and replayed.

use serde::{Deserialize, Serialize};

use crate::alarms::{AlarmId, Step as AlarmStep};
use crate::alerts::AlertId;
use crate::alerts::chain::State as AlertState;
use crate::alerts::stage::Stage;
use crate::incidents::{
    AssignmentId, AssignmentState, IncidentId, Priority, State as IncidentState,
};
use crate::measures::Cell;
use crate::organisation::TeamId;
use crate::playbooks::{StepId, StepState};
use crate::ratings::{Stars, Verdict};
use crate::reports::{ReportId, Visibility};

/// A change of a city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    #[serde(rename = "report.received")]
    ReportReceived {
        report: ReportId,
        visibility: Visibility,
        cell: Cell,
    },
    #[serde(rename = "report.changed")]
    ReportChanged {
        report: ReportId,
        from: Cell,
        to: Cell,
        team: Option<TeamId>,
    },
    #[serde(rename = "report.joined")]
    ReportJoined { report: ReportId },
    #[serde(rename = "report.rated")]
    ReportRated {
        report: ReportId,
        round: u32,
        verdict: Verdict,
        stars: Option<Stars>,
    },
    /// The reporter's side said something more, through another system.
    #[serde(rename = "report.commented")]
    ReportCommented { report: ReportId },
    /// History that came in by import; one event holds a batch.
    #[serde(rename = "reports.imported")]
    ReportsImported {
        first: ReportId,
        last: ReportId,
        cells: Vec<(Cell, i64)>,
    },
    #[serde(rename = "incident.opened")]
    IncidentOpened {
        incident: IncidentId,
        reports: Vec<ReportId>,
    },
    #[serde(rename = "incident.joined")]
    IncidentJoined {
        incident: IncidentId,
        report: ReportId,
    },
    #[serde(rename = "incident.changed")]
    IncidentChanged {
        incident: IncidentId,
        from: IncidentState,
        to: IncidentState,
    },
    /// `merged` was merged into `into`.
    #[serde(rename = "incident.merged")]
    IncidentMerged {
        merged: IncidentId,
        into: IncidentId,
    },
    /// `split` was split off `from`: one that had been merged, or a new one.
    #[serde(rename = "incident.split")]
    IncidentSplit { split: IncidentId, from: IncidentId },
    #[serde(rename = "step.settled")]
    StepSettled {
        incident: IncidentId,
        step: StepId,
        state: StepState,
    },
    #[serde(rename = "assignment.changed")]
    AssignmentChanged {
        assignment: AssignmentId,
        team: TeamId,
        state: AssignmentState,
    },
    /// A rule saw a cause that had no open alarm.
    #[serde(rename = "alarm.raised")]
    AlarmRaised { alarm: AlarmId, priority: Priority },
    #[serde(rename = "alarm.changed")]
    AlarmChanged { alarm: AlarmId, step: AlarmStep },
    #[serde(rename = "identity.seen")]
    IdentitySeen { report: ReportId },
    #[serde(rename = "person.erased")]
    PersonErased { report: ReportId },
    #[serde(rename = "alert.received")]
    AlertReceived { alert: AlertId },
    #[serde(rename = "alert.changed")]
    AlertChanged {
        alert: AlertId,
        from: Option<AlertState>,
        to: Option<AlertState>,
    },
    #[serde(rename = "stage.set")]
    StageSet { stage: Stage },
    /// Services, areas, teams, roles, sign-ins, keys or settings changed: caches are read again.
    #[serde(rename = "configuration.changed")]
    ConfigurationChanged { what: String },
}

impl Event {
    /// The stable word of the kind, as stored beside the payload.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReportReceived { .. } => "report.received",
            Self::ReportChanged { .. } => "report.changed",
            Self::ReportJoined { .. } => "report.joined",
            Self::ReportRated { .. } => "report.rated",
            Self::ReportCommented { .. } => "report.commented",
            Self::ReportsImported { .. } => "reports.imported",
            Self::IncidentOpened { .. } => "incident.opened",
            Self::IncidentJoined { .. } => "incident.joined",
            Self::IncidentChanged { .. } => "incident.changed",
            Self::IncidentMerged { .. } => "incident.merged",
            Self::IncidentSplit { .. } => "incident.split",
            Self::StepSettled { .. } => "step.settled",
            Self::AssignmentChanged { .. } => "assignment.changed",
            Self::AlarmRaised { .. } => "alarm.raised",
            Self::AlarmChanged { .. } => "alarm.changed",
            Self::IdentitySeen { .. } => "identity.seen",
            Self::PersonErased { .. } => "person.erased",
            Self::AlertReceived { .. } => "alert.received",
            Self::AlertChanged { .. } => "alert.changed",
            Self::StageSet { .. } => "stage.set",
            Self::ConfigurationChanged { .. } => "configuration.changed",
        }
    }
}
