//! Playbooks (protap, SOP): the steps that one kind of incident asks for. They are data of a city.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::incidents::{IncidentId, Priority};
use crate::services::Texts;
use crate::time::Timestamp;
use crate::{id_type, word_enum};

id_type!(
    /// A step of one incident.
    StepId
);

/// What incidents of a service ask for, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playbook {
    pub code: String,
    pub names: Texts,
    pub service_code: String,
    pub steps: Vec<PlaybookStep>,
}

/// One step of a playbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaybookStep {
    pub code: String,
    pub text: Texts,
    /// Code of the role whose step it is.
    pub role: String,
    /// Minutes from the beginning of the incident until it should be done.
    pub minutes: i64,
    /// It may be left undone without a reason.
    #[serde(default)]
    pub optional: bool,
    /// Only for incidents at least this grave: 2 leaves out priorities 3 and 4. `None` for all.
    #[serde(default)]
    pub up_to_priority: Option<u8>,
}

impl PlaybookStep {
    fn suits(&self, priority: Priority) -> bool {
        self.up_to_priority
            .is_none_or(|gravest| priority.level() <= gravest)
    }
}

word_enum!(
    /// What became of a step.
    StepState {
        Due = "due",
        Done = "done",
        Skipped = "skipped",
    }
);

/// A step that an incident was given. It stays as it was given when the playbook changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub id: StepId,
    pub incident: IncidentId,
    pub playbook: String,
    pub code: String,
    /// From 1, in the order of the playbook.
    pub order: i64,
    pub text: Texts,
    pub role: String,
    pub optional: bool,
    pub due_at: Timestamp,
    pub state: StepState,
    pub settled_at: Option<Timestamp>,
}

impl Step {
    /// Not done in time, or done later than it was due.
    pub fn is_late(&self, now: Timestamp) -> bool {
        match self.state {
            StepState::Skipped => false,
            StepState::Due | StepState::Done => self.settled_at.unwrap_or(now) > self.due_at,
        }
    }
}

/// The steps that `playbooks` ask for when an incident of a service begins. Ids are given by the database.
pub fn steps(
    playbooks: &[Playbook],
    incident: IncidentId,
    service_code: &str,
    priority: Priority,
    began: Timestamp,
) -> Vec<Step> {
    let asked = playbooks
        .iter()
        .filter(|playbook| playbook.service_code == service_code)
        .flat_map(|playbook| playbook.steps.iter().map(move |step| (playbook, step)))
        .filter(|(_, step)| step.suits(priority));
    let step = |(order, (playbook, step)): (i64, (&Playbook, &PlaybookStep))| Step {
        id: StepId(0),
        incident,
        playbook: playbook.code.clone(),
        code: step.code.clone(),
        order,
        text: step.text.clone(),
        role: step.role.clone(),
        optional: step.optional,
        due_at: began.plus(SignedDuration::from_mins(step.minutes)),
        state: StepState::Due,
        settled_at: None,
    };
    (1..).zip(asked).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playbook(service: &str, gravest: Option<u8>) -> Playbook {
        let step = |code: &str, minutes, up_to_priority| PlaybookStep {
            code: code.to_owned(),
            text: Texts::default(),
            role: "crew".to_owned(),
            minutes,
            optional: false,
            up_to_priority,
        };
        Playbook {
            code: format!("protap-{service}"),
            names: Texts::default(),
            service_code: service.to_owned(),
            steps: vec![step("lihat", 5, None), step("umumkan", 10, gravest)],
        }
    }

    #[test]
    fn the_steps_are_those_of_the_service_and_of_the_priority() {
        let books = [playbook("banjir", Some(2)), playbook("pohon", None)];
        let began = Timestamp::from_micros(0);
        let codes = |service: &str, priority| -> Vec<(i64, String)> {
            let priority = Priority::new(priority).unwrap();
            let given = steps(&books, IncidentId(1), service, priority, began);
            given
                .into_iter()
                .map(|step| (step.order, step.code))
                .collect()
        };
        assert_eq!(
            codes("banjir", 2),
            [(1, "lihat".into()), (2, "umumkan".into())]
        );
        assert_eq!(codes("banjir", 3), [(1, "lihat".into())]);
        assert_eq!(codes("pohon", 4).len(), 2);
        assert!(codes("lampu", 1).is_empty());
    }

    #[test]
    fn a_step_is_late_after_its_minutes_and_stays_so_when_done_later() {
        let minute = |n: i64| Timestamp::from_micros(n * 60_000_000);
        let book = [playbook("banjir", None)];
        let given = steps(
            &book,
            IncidentId(1),
            "banjir",
            Priority::new(1).unwrap(),
            minute(0),
        );
        let mut first = given[0].clone();
        assert!(!first.is_late(minute(5)) && first.is_late(minute(6)));
        (first.state, first.settled_at) = (StepState::Done, Some(minute(4)));
        assert!(!first.is_late(minute(60)));
        first.settled_at = Some(minute(7));
        assert!(first.is_late(minute(60)));
        first.state = StepState::Skipped;
        assert!(!first.is_late(minute(60)));
    }
}
