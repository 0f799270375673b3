//! Units (satuan): the vehicles and crews of a team that can be sent, one place at a time.

use crate::incidents::AssignmentState;
use crate::organisation::TeamId;
use crate::services::Texts;
use crate::{id_type, word_enum};

id_type!(
    /// A unit of one city.
    UnitId
);

word_enum!(
    /// What a unit is.
    UnitKind {
        Crew = "crew",
        Car = "car",
        Motorcycle = "motorcycle",
        Truck = "truck",
        Pump = "pump",
        Boat = "boat",
        Ambulance = "ambulance",
        FireEngine = "fire_engine",
        Crane = "crane",
        Other = "other",
    }
);

/// What can be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub id: UnitId,
    /// Short, as it is called on the radio and written in files; never changes.
    pub code: String,
    pub names: Texts,
    pub kind: UnitKind,
    pub team: TeamId,
    /// Broken, without a crew, away: not to be sent.
    pub out_of_service: bool,
}

/// What a unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitStatus {
    Available,
    /// As far as it has come with what it was sent to.
    At(AssignmentState),
    OutOfService,
}

impl UnitStatus {
    /// The status of a unit that was sent and has come as far as `assignment`, or was sent to nothing. A unit that is
    /// on its way stays so until it is done, also when it is to be out of service after that.
    pub fn of(out_of_service: bool, assignment: Option<AssignmentState>) -> Self {
        match assignment.filter(|state| state.is_active()) {
            Some(state) => Self::At(state),
            None if out_of_service => Self::OutOfService,
            None => Self::Available,
        }
    }

    /// The stable word: `available`, `out_of_service`, or that of the assignment.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::At(state) => state.word(),
            Self::OutOfService => "out_of_service",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_busy_until_it_is_done_and_then_free_or_out() {
        let of = |out, state| UnitStatus::of(out, state).word();
        assert_eq!(of(false, None), "available");
        assert_eq!(of(true, Some(AssignmentState::EnRoute)), "en_route");
        assert_eq!(of(true, Some(AssignmentState::Cleared)), "out_of_service");
        assert_eq!(of(false, Some(AssignmentState::Withdrawn)), "available");
    }
}
