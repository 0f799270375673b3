//! Where a report stands.

use crate::word_enum;

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
