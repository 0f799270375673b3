//! Honest numbers: how many reports came, were in time, were called done, were confirmed.
//!
//! Counts are kept by [`Cell`]: every report stands in exactly one cell, and a change moves it from
//! one to another. So the numbers are incremental and can be rebuilt from the reports at any time.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::geo::AreaId;
use crate::reports::{Report, State};
use crate::time::WorkingCalendar;

/// Where a report is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// The date of the city on which it was received.
    pub day: Date,
    pub service_code: String,
    pub area: Option<AreaId>,
    pub state: State,
    /// Resolved by the promised day; `None` while not resolved.
    pub on_time: Option<bool>,
}

impl Cell {
    /// The cell in which `report` is counted now.
    pub fn of(report: &Report, calendar: &WorkingCalendar) -> Self {
        Self {
            day: calendar.date_of(report.received_at),
            service_code: report.service_code.clone(),
            area: report.area,
            state: report.state,
            on_time: report.on_time(),
        }
    }
}

/// What the city's page says. Every share is given with both of its counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Numbers {
    pub received: i64,
    /// The city says done, by the promised day.
    pub on_time: i64,
    /// The city says done, and that stands.
    pub city_says_done: i64,
    /// The reporter agrees.
    pub confirmed: i64,
    /// The reporter said *not yet* and it is open again.
    pub not_yet: i64,
    /// Asked, still in time to answer.
    pub waiting: i64,
    /// Asked, did not answer in time.
    pub unconfirmed: i64,
    /// Closed before the city asked its reporters.
    pub not_asked: i64,
    pub referred: i64,
    pub closed_not_fixed: i64,
    pub duplicate: i64,
    /// Still open.
    pub open: i64,
}

impl Numbers {
    /// Counts `n` reports that stand in `state`.
    pub fn add(&mut self, state: State, on_time: Option<bool>, n: i64) {
        self.received += n;
        if state.city_says_done() {
            self.city_says_done += n;
        }
        if on_time == Some(true) {
            self.on_time += n;
        }
        let cell = match state {
            State::Received | State::Assigned => &mut self.open,
            State::Reopened => {
                self.open += n;
                &mut self.not_yet
            }
            State::Resolved => &mut self.waiting,
            State::Confirmed => &mut self.confirmed,
            State::Unconfirmed => &mut self.unconfirmed,
            State::NotAsked => &mut self.not_asked,
            State::Referred => &mut self.referred,
            State::Duplicate => &mut self.duplicate,
            State::ClosedNotFixed => &mut self.closed_not_fixed,
        };
        *cell += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_is_received_once_and_stands_in_one_place() {
        let mut numbers = Numbers::default();
        for state in State::ALL {
            numbers.add(*state, None, 1);
        }
        let places = numbers.open
            + numbers.waiting
            + numbers.confirmed
            + numbers.unconfirmed
            + numbers.not_asked
            + numbers.referred
            + numbers.duplicate
            + numbers.closed_not_fixed;
        assert_eq!(places, numbers.received);
    }

    #[test]
    fn imported_closings_are_done_by_the_city_and_confirmed_by_nobody() {
        let mut numbers = Numbers::default();
        numbers.add(State::NotAsked, Some(true), 5);
        assert_eq!(
            (numbers.city_says_done, numbers.confirmed, numbers.not_asked),
            (5, 0, 5)
        );
    }
}
