//! A resident's report (laporan) and the states it passes through.
//!
//! *Done means the resident agrees*: the city can only say `resolved`; `confirmed` is the
//! reporter's word. Every transition is decided here and nowhere else; deadlines are working days
//! of the city ([`crate::time::WorkingCalendar`]) with the terms of the service.
//!
//! Absent on purpose: who the reporter is. A report knows at most a [`PersonId`].

use serde::{Deserialize, Serialize};

use crate::geo::{AreaId, Position};
use crate::incidents::IncidentId;
use crate::organisation::TeamId;
use crate::ratings::Verdict;
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
    /// The states of a report (product words: diterima, ditugaskan, teratasi, …).
    State {
        /// On disk, waiting for the desk.
        Received = "received",
        /// A team has it.
        Assigned = "assigned",
        /// The city says it is done; the reporter is asked.
        Resolved = "resolved",
        /// The reporter agrees.
        Confirmed = "confirmed",
        /// The reporter said *not yet*; work goes on.
        Reopened = "reopened",
        /// The reporter was asked and did not answer in time.
        Unconfirmed = "unconfirmed",
        /// Closed elsewhere, before the city asked its reporters (imported history).
        NotAsked = "not_asked",
        /// Not the city's to fix; passed to another body.
        Referred = "referred",
        /// The same matter as another report.
        Duplicate = "duplicate",
        /// Closed without a fix, with a reason.
        ClosedNotFixed = "closed_not_fixed",
    }
);

impl State {
    /// Open311 `open`: until resolved, referred, duplicate or closed.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Received | State::Assigned | State::Reopened)
    }

    /// The city declared it resolved, and that still stands.
    pub const fn city_says_done(self) -> bool {
        matches!(
            self,
            State::Resolved | State::Confirmed | State::Unconfirmed | State::NotAsked
        )
    }
}

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

/// Number under which people know a report: `L-2187`, or the number it brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    Own(ReportId),
    Foreign(String),
}

impl Number {
    /// Reads `L-2187` (any case, the dash may be missing); anything else is a foreign number.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let own = text
            .strip_prefix(['L', 'l'])
            .map(|rest| rest.strip_prefix('-').unwrap_or(rest))
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        own.map_or_else(
            || Self::Foreign(text.to_owned()),
            |id| Self::Own(ReportId(id)),
        )
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own(id) => write!(f, "L-{id}"),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

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

/// A step that someone asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Assign {
        team: TeamId,
    },
    Resolve,
    Answer {
        verdict: Verdict,
    },
    /// The time for the reporter's answer is over.
    Lapse,
    Refer,
    MarkDuplicate {
        of: ReportId,
    },
    CloseNotFixed,
}

/// Why a step is refused. The report is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the report is {0}, and this step does not follow from there")]
    WrongState(State),
    #[error("the time for an answer is over")]
    AnswerClosed,
    #[error("the time for an answer is not over yet")]
    AnswerStillOpen,
    #[error("a report cannot be a duplicate of itself")]
    DuplicateOfItself,
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

    /// Whether the reporter may answer, or change the answer, at `now`.
    pub fn may_answer(&self, now: Timestamp) -> Result<(), Refusal> {
        if !matches!(
            self.state,
            State::Resolved | State::Confirmed | State::Reopened
        ) {
            return match self.state {
                State::Unconfirmed => Err(Refusal::AnswerClosed),
                other => Err(Refusal::WrongState(other)),
            };
        }
        match self.deadlines.answer_due_at {
            Some(due) if now <= due => Ok(()),
            _ => Err(Refusal::AnswerClosed),
        }
    }

    /// Takes one step, or says why not and leaves the report as it was.
    ///
    /// # Errors
    /// [`Refusal`] names what stands against it.
    pub fn take(
        &mut self,
        step: Step,
        terms: Terms,
        calendar: &WorkingCalendar,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match step {
            Step::Assign { team } => {
                self.must_be(&[State::Received, State::Assigned, State::Reopened])?;
                self.team = Some(team);
                self.assigned_at = Some(now);
                self.deadlines.follow_up_due_at =
                    Some(calendar.deadline(now, terms.follow_up_days));
                self.state = State::Assigned;
            }
            Step::Resolve => {
                self.must_be(&[State::Received, State::Assigned, State::Reopened])?;
                self.resolved_at = Some(now);
                self.round += 1;
                self.deadlines.answer_due_at = Some(calendar.deadline(now, terms.answer_days));
                self.state = State::Resolved;
            }
            Step::Answer { verdict } => self.answer(verdict, terms, calendar, now)?,
            Step::Lapse => {
                self.must_be(&[State::Resolved])?;
                if self.deadlines.answer_due_at.is_some_and(|due| now <= due) {
                    return Err(Refusal::AnswerStillOpen);
                }
                self.state = State::Unconfirmed;
            }
            Step::Refer => self.end_as(State::Referred)?,
            Step::MarkDuplicate { of } if of == self.id => return Err(Refusal::DuplicateOfItself),
            Step::MarkDuplicate { of } => {
                self.end_as(State::Duplicate)?;
                self.duplicate_of = Some(of);
            }
            Step::CloseNotFixed => self.end_as(State::ClosedNotFixed)?,
        }
        self.updated_at = now;
        Ok(())
    }

    fn answer(
        &mut self,
        verdict: Verdict,
        terms: Terms,
        calendar: &WorkingCalendar,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.may_answer(now)?;
        match (verdict, self.state) {
            // Also after *not yet*, as long as nobody has gone out again: the city's word stands.
            (Verdict::Confirmed, _) => self.state = State::Confirmed,
            (Verdict::NotYet, State::Reopened) => {}
            (Verdict::NotYet, _) => {
                self.deadlines.follow_up_due_at =
                    Some(calendar.deadline(now, terms.follow_up_days));
                self.state = State::Reopened;
            }
        }
        Ok(())
    }

    fn end_as(&mut self, state: State) -> Result<(), Refusal> {
        self.must_be(&[State::Received, State::Assigned, State::Reopened])?;
        self.state = state;
        Ok(())
    }

    fn must_be(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.state) {
            Ok(())
        } else {
            Err(Refusal::WrongState(self.state))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    fn calendar() -> WorkingCalendar {
        WorkingCalendar::new(TimeZone::get("Asia/Jakarta").unwrap(), [])
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn received(now: Timestamp) -> Report {
        let new = NewReport {
            service_code: "lampu".into(),
            visibility: Visibility::Public,
            anonymous: false,
            person: None,
            channel: Channel::Web,
            area: None,
            position: None,
            place: None,
            description: None,
        };
        let mut report = Report::open(new, Terms::default(), &calendar(), now);
        report.id = ReportId(1);
        report
    }

    #[test]
    fn the_clocks_are_three_five_and_ten_working_days() {
        let monday = at("2026-11-23T03:00:00Z");
        let mut report = received(monday);
        assert_eq!(report.due_at(), Some(at("2026-11-26T16:59:59Z")));
        assert_eq!(report.deadlines.expected_at, at("2026-12-03T16:59:59Z"));
        let mut take = |step, now| {
            report
                .take(step, Terms::default(), &calendar(), now)
                .map(|()| report.due_at())
        };
        assert_eq!(
            take(Step::Assign { team: TeamId(1) }, monday),
            Ok(Some(at("2026-11-30T16:59:59Z")))
        );
        assert_eq!(
            take(Step::Resolve, monday),
            Ok(Some(at("2026-12-07T16:59:59Z")))
        );
    }

    #[test]
    fn the_reporter_may_change_the_answer_until_closing() {
        let now = at("2026-11-23T03:00:00Z");
        let mut report = received(now);
        let mut take = |step, now| {
            report
                .take(step, Terms::default(), &calendar(), now)
                .map(|()| report.state)
        };
        assert_eq!(
            take(
                Step::Answer {
                    verdict: Verdict::Confirmed
                },
                now
            ),
            Err(Refusal::WrongState(State::Received))
        );
        assert_eq!(take(Step::Resolve, now), Ok(State::Resolved));
        assert_eq!(
            take(
                Step::Answer {
                    verdict: Verdict::NotYet
                },
                now
            ),
            Ok(State::Reopened)
        );
        assert_eq!(
            take(
                Step::Answer {
                    verdict: Verdict::Confirmed
                },
                now
            ),
            Ok(State::Confirmed)
        );
        assert_eq!(
            take(
                Step::Answer {
                    verdict: Verdict::NotYet
                },
                now.plus_days(30)
            ),
            Err(Refusal::AnswerClosed)
        );
    }

    #[test]
    fn silence_is_not_consent() {
        let now = at("2026-11-23T03:00:00Z");
        let mut report = received(now);
        let mut take = |step, now| {
            report
                .take(step, Terms::default(), &calendar(), now)
                .map(|()| report.state)
        };
        assert_eq!(take(Step::Resolve, now), Ok(State::Resolved));
        assert_eq!(take(Step::Lapse, now), Err(Refusal::AnswerStillOpen));
        assert_eq!(take(Step::Lapse, now.plus_days(30)), Ok(State::Unconfirmed));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["L-2187", "l-2187", " L2187 "] {
            assert_eq!(Number::parse(text), Number::Own(ReportId(2187)), "{text}");
        }
        for text in ["101000295613", "L-", "L-x1", ""] {
            assert!(matches!(Number::parse(text), Number::Foreign(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_steps_confirms_what_the_reporter_did_not(steps in prop::collection::vec(0_u8..7, 0..40)) {
            let now = at("2026-11-23T03:00:00Z");
            let mut report = received(now);
            let mut said_yes = false;
            for step in steps {
                let (step, yes) = match step {
                    0 => (Step::Assign { team: TeamId(1) }, false),
                    1 => (Step::Resolve, false),
                    2 => (Step::Answer { verdict: Verdict::Confirmed }, true),
                    3 => (Step::Answer { verdict: Verdict::NotYet }, false),
                    4 => (Step::Lapse, false),
                    5 => (Step::Refer, false),
                    _ => (Step::CloseNotFixed, false),
                };
                let before = report.clone();
                if report.take(step, Terms::default(), &calendar(), now).is_ok() { said_yes = yes; } else { prop_assert_eq!(&before, &report); }
                prop_assert_eq!(report.state == State::Confirmed, said_yes && report.state == State::Confirmed);
                prop_assert!(report.state != State::Confirmed || said_yes);
            }
        }
    }
}
