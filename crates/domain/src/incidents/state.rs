//! Where a response stands, and what may follow.
//!
//! Facts: command centre research §2. `verified` is the word of another role; `duplicate` is how an incident that was
//! merged into another one stands until it is split off again.

use crate::word_enum;

word_enum!(
    /// Where the response stands.
    State {
        New = "new",
        Triaged = "triaged",
        Open = "open",
        Dispatched = "dispatched",
        OnScene = "on_scene",
        Contained = "contained",
        Resolved = "resolved",
        Verified = "verified",
        Closed = "closed",
        Reopened = "reopened",
        Duplicate = "duplicate",
        Rejected = "rejected",
        Referred = "referred",
    }
);

impl State {
    /// Someone still has to act.
    pub const fn needs_action(self) -> bool {
        use State::{Contained, Dispatched, New, OnScene, Open, Reopened, Triaged};
        matches!(
            self,
            New | Triaged | Open | Dispatched | OnScene | Contained | Reopened
        )
    }

    /// Triage ended it: it is another one's, nobody's, or another body's.
    pub const fn is_set_aside(self) -> bool {
        matches!(self, State::Duplicate | State::Rejected | State::Referred)
    }

    /// Whether `next` may follow. Steps forward may be skipped; the way back is `reopened`, or the end of a merger.
    pub const fn may_become(self, next: State) -> bool {
        use State::{
            Closed, Contained, Dispatched, Duplicate, New, OnScene, Open, Referred, Rejected,
            Reopened, Resolved, Triaged, Verified,
        };
        match next {
            New => matches!(self, Duplicate),
            Triaged => matches!(self, New | Duplicate),
            Open => matches!(self, New | Triaged | Duplicate),
            Dispatched => matches!(self, New | Triaged | Open | Reopened | Duplicate),
            OnScene => matches!(self, Dispatched | Open | Reopened | Duplicate),
            Contained => matches!(self, OnScene | Dispatched | Duplicate),
            Rejected | Referred => matches!(self, New | Triaged | Open | Reopened),
            Duplicate | Resolved => self.needs_action(),
            Verified => matches!(self, Resolved),
            Closed => matches!(self, Resolved | Verified),
            Reopened => matches!(self, Resolved | Verified | Closed | Duplicate),
        }
    }

    /// What a merged incident becomes when it is split off: what it was, or further, as its crews are further.
    pub fn after_split(before: State, crews: impl IntoIterator<Item = AssignmentState>) -> State {
        let reached = crews
            .into_iter()
            .filter(|crew| crew.is_active())
            .map(|crew| {
                if crew >= AssignmentState::OnScene {
                    State::OnScene
                } else {
                    State::Dispatched
                }
            })
            .max();
        match reached {
            Some(reached) if before == State::Reopened || reached > before => reached,
            _ => before,
        }
    }
}

word_enum!(
    /// How far a crew that was sent has come.
    AssignmentState {
        Dispatched = "dispatched",
        Acknowledged = "acknowledged",
        EnRoute = "en_route",
        OnScene = "on_scene",
        /// Takes someone or something away from the scene.
        Transporting = "transporting",
        AtFacility = "at_facility",
        Cleared = "cleared",
        /// Stood down by the desk.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn before(next: State) -> Vec<State> {
        let may = |state: &&State| state.may_become(next);
        State::ALL.iter().filter(may).copied().collect()
    }

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
        assert_eq!(before(State::Verified), [State::Resolved]);
    }

    #[test]
    fn what_was_rejected_or_referred_stays_so() {
        for end in [State::Rejected, State::Referred] {
            assert!(State::ALL.iter().all(|next| !end.may_become(*next)));
        }
    }

    #[test]
    fn a_crew_never_goes_backwards() {
        use AssignmentState::{Acknowledged, Cleared, Dispatched, EnRoute, OnScene, Withdrawn};
        assert!(Dispatched.may_become(OnScene) && Acknowledged.may_become(EnRoute));
        assert!(EnRoute.may_become(Withdrawn));
        assert!(!OnScene.may_become(EnRoute));
        assert!(!Cleared.may_become(OnScene) && !Cleared.may_become(Withdrawn));
    }

    #[test]
    fn what_was_split_off_stands_where_its_crews_stand() {
        use AssignmentState::{Acknowledged, Cleared, Transporting};
        let after =
            |before, crews: &[AssignmentState]| State::after_split(before, crews.iter().copied());
        assert_eq!(after(State::New, &[]), State::New);
        assert_eq!(after(State::New, &[Cleared]), State::New);
        assert_eq!(after(State::Open, &[Acknowledged]), State::Dispatched);
        assert_eq!(after(State::Reopened, &[Acknowledged]), State::Dispatched);
        assert_eq!(after(State::Dispatched, &[Transporting]), State::OnScene);
        assert_eq!(after(State::Contained, &[Transporting]), State::Contained);
    }

    fn any_state() -> impl Strategy<Value = State> {
        proptest::sample::select(State::ALL)
    }

    proptest! {
        /// Whatever is pressed in whatever order, refused or not: an incident that was verified had been resolved since
        /// it was last open, and what triage set aside never comes to crews but by the end of a merger.
        #[test]
        fn no_sequence_of_transitions_leaves_the_machine(
            presses in proptest::collection::vec(any_state(), 0..60)
        ) {
            let mut state = State::New;
            let (mut resolved, mut ended) = (false, false);
            for next in presses {
                let before = state;
                if before.may_become(next) {
                    state = next;
                }
                prop_assert!(state == before || !matches!(before, State::Rejected | State::Referred));
                if state == State::Resolved {
                    resolved = true;
                } else if state.needs_action() {
                    prop_assert!(!ended || matches!(state, State::Reopened) || before == State::Duplicate
                        || before.needs_action());
                    resolved = false;
                }
                ended = !state.needs_action();
                prop_assert!(resolved || !matches!(state, State::Verified | State::Closed));
                prop_assert!(!state.may_become(state));
            }
        }

        /// Every state that needs someone has a way to its end, and every end but those of triage has one back.
        #[test]
        fn there_is_a_way_out_of_every_state(state in any_state()) {
            let next = |from: State| State::ALL.iter().filter(move |to| from.may_become(**to));
            if state.needs_action() {
                prop_assert!(state.may_become(State::Resolved) && state.may_become(State::Duplicate));
            } else if !matches!(state, State::Rejected | State::Referred) {
                prop_assert!(next(state).any(|to| to.needs_action()));
            }
        }
    }
}
