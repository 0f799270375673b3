//! The reporter's word on what the city calls resolved: a verdict, and stars.
//!
//! One answer per report, changeable until closing. A rating is only ever shown with its count.

use serde::{Deserialize, Serialize};

use crate::word_enum;

word_enum!(
    /// Is it really done?
    Verdict { Confirmed = "confirmed", NotYet = "not_yet" }
);

/// One to five stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stars(u8);

impl Stars {
    /// `None` unless 1 ≤ `count` ≤ 5.
    pub fn new(count: i64) -> Option<Self> {
        let count = u8::try_from(count).ok()?;
        (1..=5).contains(&count).then_some(Self(count))
    }

    /// 1 to 5.
    pub fn count(self) -> u8 {
        self.0
    }
}

/// What a reporter answers. The words go beside it, sealed when the report is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Which of the city's declarations it answers; equals `Report::round`.
    pub round: u32,
    pub verdict: Verdict,
    pub stars: Option<Stars>,
}
