//! A resident's report (laporan) and the states it passes through.
//!
//! *Done means the resident agrees*: the city can only say `resolved`; `confirmed` is the
//! reporter's word. Every transition is decided here and nowhere else; deadlines are working days
//! of the city ([`crate::time::WorkingCalendar`]) with the terms of the service.
//!
//! Absent on purpose: who the reporter is. A report knows at most a [`PersonId`].

mod number;
mod state;
mod steps;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::number::Number;
pub use self::state::State;
pub use self::steps::{Refusal, Step};
use crate::geo::{AreaId, Position};
use crate::incidents::IncidentId;
use crate::organisation::TeamId;
use crate::services::Terms;
use crate::time::{Timestamp, WorkingCalendar};
use crate::{id_type, word_enum};

id_type!(
    /// A report of one city.
    ReportId
);

/// A reporter, as an opaque random name: 32 hexadecimal digits. It leads to sealed texts only
/// while the person's key exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

word_enum!(
    /// Who may read the text of a report.
    Visibility {
        Public = "public",
        /// *Rahasia*: text, place and photo only for those who handle it.
        Secret = "secret",
    }
);

word_enum!(
    /// How a report reached the city.
    Channel { Web = "web", Open311 = "open311", Import = "import" }
);

/// When each step is due; fixed at the moment the step begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The desk should have passed it on.
    pub verify_due_at: Timestamp,
    /// The team should have resolved it; `None` until it has a team.
    pub follow_up_due_at: Option<Timestamp>,
    /// The reporter may answer until then; `None` unless the city said resolved.
    pub answer_due_at: Option<Timestamp>,
    /// What the city promised at the start; Open311 `expected_datetime`.
    pub expected_at: Timestamp,
}

/// A report as the city keeps it. Texts that need a key are not in here.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub id: ReportId,
    /// The number it brought along, for imported reports.
    pub foreign_number: Option<String>,
    pub service_code: String,
    pub state: State,
    pub visibility: Visibility,
    /// *Anonim*: the reporter's identity is hidden from those who handle the report.
    pub anonymous: bool,
    /// `None` when nothing personal was given and nothing had to be sealed.
    pub person: Option<PersonId>,
    pub channel: Channel,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    pub assigned_at: Option<Timestamp>,
    /// When the city last said resolved. It stays when the reporter says *not yet*, because the
    /// reporter may still change that answer.
    pub resolved_at: Option<Timestamp>,
    pub deadlines: Deadlines,
    /// How often the city has said resolved.
    pub round: u32,
    pub team: Option<TeamId>,
    pub incident: Option<IncidentId>,
    pub duplicate_of: Option<ReportId>,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    /// Words that say where; `None` for secret reports.
    pub place: Option<String>,
    /// Plain text, at most 4,000 characters; `None` for secret reports.
    pub description: Option<String>,
    /// What the city says about the present state, for everyone; `None` for secret reports.
    pub status_notes: Option<String>,
    /// Neighbours who said *me too* instead of reporting again.
    pub joined: u32,
}

/// What a new report is made of, already checked at the edge.
#[derive(Clone, Debug)]
pub struct NewReport {
    pub service_code: String,
    pub visibility: Visibility,
    pub anonymous: bool,
    pub person: Option<PersonId>,
    pub channel: Channel,
    pub area: Option<AreaId>,
    pub position: Option<Position>,
    pub place: Option<String>,
    pub description: Option<String>,
}

impl Report {
    /// A report as it is at the moment it is received. `id` is given by the database.
    pub fn open(new: NewReport, terms: Terms, calendar: &WorkingCalendar, now: Timestamp) -> Self {
        let deadlines = Deadlines {
            verify_due_at: calendar.deadline(now, terms.verify_days),
            follow_up_due_at: None,
            answer_due_at: None,
            expected_at: calendar.deadline(now, terms.verify_days + terms.follow_up_days),
        };
        Self {
            id: ReportId(0),
            foreign_number: None,
            service_code: new.service_code,
            state: State::Received,
            visibility: new.visibility,
            anonymous: new.anonymous,
            person: new.person,
            channel: new.channel,
            received_at: now,
            updated_at: now,
            assigned_at: None,
            resolved_at: None,
            deadlines,
            round: 0,
            team: None,
            incident: None,
            duplicate_of: None,
            area: new.area,
            position: new.position,
            place: new.place,
            description: new.description,
            status_notes: None,
            joined: 0,
        }
    }

    /// The number under which people know it.
    pub fn number(&self) -> Number {
        match &self.foreign_number {
            Some(text) => Number::Foreign(text.clone()),
            None => Number::Own(self.id),
        }
    }

    /// The deadline that runs now; `None` when nobody is waited for.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Received => Some(self.deadlines.verify_due_at),
            State::Assigned | State::Reopened => self.deadlines.follow_up_due_at,
            State::Resolved => self.deadlines.answer_due_at,
            _ => None,
        }
    }

    /// Resolved by the promised day; `None` unless the city says resolved and that stands.
    pub fn on_time(&self) -> Option<bool> {
        let resolved_at = self.resolved_at.filter(|_| self.state.city_says_done())?;
        Some(resolved_at <= self.deadlines.expected_at)
    }
}
