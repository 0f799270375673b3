//! What became of every record.

use std::collections::BTreeMap;

/// Why a record was not taken. The word of each is stable: it is the key of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not UTF-8 text, not JSON, or not the protobuf message that it should be.
    Unreadable,
    /// More or fewer fields than the first line names.
    WrongColumnCount,
    /// The line is longer than the city takes.
    TooLong,
    /// No time of its own, and none before it to go by.
    MissingTime,
    BadTime,
    /// A number that is none, or a state that there is not.
    BadValue,
    /// No position, or one that is not on earth.
    BadPosition,
    /// No id, or no type.
    MissingName,
    /// A report that says nothing.
    MissingText,
    /// A kind of entry that is not replayed: an alert, a vehicle that is gone.
    OtherEntry,
    /// The city looked at it and said no.
    RefusedByCity,
    /// The city did not answer in time, however often it was asked.
    NotDelivered,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::Unreadable,
        Self::WrongColumnCount,
        Self::TooLong,
        Self::MissingTime,
        Self::BadTime,
        Self::BadValue,
        Self::BadPosition,
        Self::MissingName,
        Self::MissingText,
        Self::OtherEntry,
        Self::RefusedByCity,
        Self::NotDelivered,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::WrongColumnCount => "wrong_column_count",
            Self::TooLong => "too_long",
            Self::MissingTime => "missing_time",
            Self::BadTime => "bad_time",
            Self::BadValue => "bad_value",
            Self::BadPosition => "bad_position",
            Self::MissingName => "missing_name",
            Self::MissingText => "missing_text",
            Self::OtherEntry => "other_entry",
            Self::RefusedByCity => "refused_by_city",
            Self::NotDelivered => "not_delivered",
        }
    }
}

/// It closes: `read` is `accepted` plus everything that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Records of the files, good or not.
    pub read: u64,
    /// Records that went out, whatever the city said; a repeated request counts once.
    pub sent: u64,
    pub accepted: u64,
    pub refused: BTreeMap<Reason, u64>,
    /// What the city said to the first record that it refused.
    pub first_refusal: Option<String>,
}

impl Account {
    /// All records that were refused, whatever the reason.
    pub fn refused_in_all(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Whether every record that was read is accounted for.
    pub fn closes(&self) -> bool {
        self.read == self.accepted + self.refused_in_all()
    }

    /// Counts one record under `reason`.
    pub fn refuse(&mut self, reason: Reason) {
        *self.refused.entry(reason).or_default() += 1;
    }
}
