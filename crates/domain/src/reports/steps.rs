//! The steps between the states: what is asked for, and why it is refused.

use super::{Report, ReportId, State};
use crate::organisation::TeamId;
use crate::ratings::Verdict;
use crate::services::Terms;
use crate::time::{Timestamp, WorkingCalendar};

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
    /// Whether the reporter may answer, or change the answer, at `now`.
    pub fn may_answer(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state {
            State::Resolved | State::Confirmed | State::Reopened => {}
            // Reopened by a *not yet* and given to a team since: the answer is still the reporter's to change.
            State::Assigned if self.round > 0 => {}
            State::Unconfirmed => return Err(Refusal::AnswerClosed),
            other => return Err(Refusal::WrongState(other)),
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
            // Also after *not yet*: the city's word stands, and whoever goes out again is called back.
            (Verdict::Confirmed, _) => self.state = State::Confirmed,
            (Verdict::NotYet, State::Reopened | State::Assigned) => {}
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
