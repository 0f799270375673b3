//! Alarms at the desk: the open ones, one of them, and the rules that raise them.

use pendopo_domain::alarms::State;
use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::incident::IncidentAlarm;
use super::parts::{FieldError, NumberLink, TimelineEntry, sample};
use crate::render::Page;

/// `GET /meja/alarm`
#[derive(Clone, Debug, Serialize)]
pub struct AlarmList {
    /// Order: priority, then the newest.
    pub rows: Vec<AlarmRow>,
    pub may_see_rules: bool,
}

/// One open alarm.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmRow {
    pub id: i64,
    pub url: String,
    /// 1 to 4
    pub priority: u8,
    /// The rule's name; its code when the rule is no more.
    pub title: String,
    /// Name of the entity and of the area, as far as there are any.
    pub place: String,
    /// The value that raised it with its unit; empty when there is none.
    pub value: String,
    /// When the city noticed.
    pub since: Timestamp,
    /// `None` when nobody has to act any more, or the rule is no more.
    pub left: Option<TimeLeft>,
    pub state: State,
    /// How often the condition began while it was open.
    pub times: u32,
}

/// How long there still is to act.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TimeLeft {
    pub by: Timestamp,
    /// Whole minutes; of what is over, how many since.
    pub minutes: i64,
    pub over: bool,
}

/// `GET /meja/alarm/{id}`
#[derive(Clone, Debug, Serialize)]
pub struct AlarmPage {
    pub row: AlarmRow,
    /// `None` when the rule is no more.
    pub rule: Option<AlarmRule>,
    /// The entity at the desk, for whoever may read it.
    pub entity: Option<NumberLink>,
    pub incident: Option<NumberLink>,
    pub timeline: Vec<TimelineEntry>,
    pub shelved_until: Option<Timestamp>,
    pub shelved_reason: String,
    pub may_acknowledge: bool,
    pub may_shelve: bool,
    pub may_unshelve: bool,
    /// Most minutes that it may be shelved.
    pub longest: i64,
    pub minutes: String,
    pub reason: String,
    pub errors: Vec<FieldError>,
    /// What has just been done: the text is `alarm-done-{word}`.
    pub done: Option<&'static str>,
}

/// What a rule says to the operator.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmRule {
    pub cause: String,
    pub consequence: String,
    pub action: String,
    /// The team's name.
    pub owner: String,
    pub minutes_to_act: u32,
}

/// Words that [`AlarmPage::done`] may hold.
pub const ALARM_DONE: [&str; 3] = ["acknowledged", "shelved", "unshelved"];

/// `GET /meja/aturan`, `GET /kelola/aturan`
#[derive(Clone, Debug, Serialize)]
pub struct RuleList {
    pub rows: Vec<RuleRow>,
    /// Of the desk, where its alarms are.
    pub may_see_desk: bool,
}

/// One rule.
#[derive(Clone, Debug, Serialize)]
pub struct RuleRow {
    pub code: String,
    pub name: String,
    /// 1 to 4
    pub priority: u8,
    pub enabled: bool,
    /// What it waits for, as a sentence.
    pub condition: String,
    /// An expression in CEL, shown as it stands; else empty.
    pub expression: String,
    pub owner: String,
    pub minutes_to_act: u32,
}

/// Alarms as an incident lists them.
pub(super) fn samples_of_incident() -> Vec<IncidentAlarm> {
    let acknowledged = |by: Option<&str>| IncidentAlarm {
        row: sample_row(1, State::Acknowledged),
        acknowledged_by: by.map(str::to_owned),
        acknowledged_at: Some(sample_row(1, State::Acknowledged).since),
    };
    let waits = IncidentAlarm {
        row: sample_row(3, State::Unacknowledged),
        acknowledged_by: None,
        acknowledged_at: None,
    };
    vec![acknowledged(Some("Operator")), acknowledged(None), waits]
}

fn sample_row(priority: u8, state: State) -> AlarmRow {
    AlarmRow {
        id: i64::from(priority),
        url: format!("/meja/alarm/{priority}"),
        priority,
        title: "Air rob melewati ambang".to_owned(),
        place: "Pelantar Unggat · Tanjung Unggat".to_owned(),
        value: "150 cm".to_owned(),
        since: sample::ago(17),
        left: Some(TimeLeft {
            by: sample::ago(-4),
            minutes: 4,
            over: false,
        }),
        state,
        times: 1,
    }
}

impl Page for AlarmList {
    const TEMPLATE: &'static str = "alarm_list.html";

    fn sample() -> Vec<Self> {
        let over = AlarmRow {
            left: Some(TimeLeft {
                by: sample::ago(3),
                minutes: 3,
                over: true,
            }),
            times: 3,
            ..sample_row(2, State::Acknowledged)
        };
        let bare = AlarmRow {
            left: None,
            value: String::new(),
            place: String::new(),
            ..sample_row(4, State::Shelved)
        };
        let rows = vec![
            sample_row(1, State::Unacknowledged),
            over,
            sample_row(3, State::Returned),
            bare,
        ];
        let full = Self {
            rows,
            may_see_rules: true,
        };
        let empty = Self {
            rows: vec![],
            may_see_rules: false,
        };
        vec![full, empty]
    }
}

impl Page for AlarmPage {
    const TEMPLATE: &'static str = "alarm.html";

    fn sample() -> Vec<Self> {
        let link = |number: &str, url: &str| NumberLink {
            number: number.to_owned(),
            url: url.to_owned(),
            title: "Banjir dan genangan".to_owned(),
        };
        let full = Self {
            row: sample_row(1, State::Unacknowledged),
            rule: Some(AlarmRule {
                cause: "Air pasang naik cepat.".to_owned(),
                consequence: "Jalan pelantar tergenang dalam satu jam.".to_owned(),
                action: "Nyalakan pompa dan kirim regu.".to_owned(),
                owner: "Badan Penanggulangan Bencana Daerah".to_owned(),
                minutes_to_act: 10,
            }),
            entity: Some(link("Pelantar Unggat", "/meja/langsung/urn:x")),
            incident: Some(link("K-31", "/meja/kejadian/K-31")),
            timeline: sample::every_entry(),
            shelved_until: None,
            shelved_reason: String::new(),
            may_acknowledge: true,
            may_shelve: true,
            may_unshelve: false,
            longest: 480,
            minutes: String::new(),
            reason: String::new(),
            errors: vec![],
            done: None,
        };
        let mut samples: Vec<Self> = ALARM_DONE
            .iter()
            .map(|done| Self {
                done: Some(done),
                ..full.clone()
            })
            .collect();
        let wrong = Self {
            minutes: "9000".to_owned(),
            errors: vec![
                FieldError::new("minutes", "error-shelf-minutes").with("max", 480),
                FieldError::new("reason", "error-reason-missing"),
            ],
            ..full.clone()
        };
        let shelved = Self {
            row: sample_row(3, State::Shelved),
            rule: None,
            entity: None,
            incident: None,
            timeline: vec![],
            shelved_until: Some(sample::ago(-60)),
            shelved_reason: "Sensor sedang dicuci.".to_owned(),
            may_acknowledge: false,
            may_shelve: false,
            may_unshelve: true,
            ..full.clone()
        };
        let late = State::ALL.iter().map(|state| Self {
            row: sample_row(2, *state),
            errors: vec![FieldError::new("tindakan", late_key(*state))],
            ..full.clone()
        });
        samples.extend(late);
        samples.extend([full, wrong, shelved]);
        samples
    }
}

/// The sentence for somebody whose step came too late, by how the alarm stands now.
pub fn late_key(state: State) -> &'static str {
    match state {
        State::Unacknowledged => "alarm-late-unacknowledged",
        State::Acknowledged => "alarm-late-acknowledged",
        State::Returned => "alarm-late-returned",
        State::Shelved => "alarm-late-shelved",
        State::Ended => "alarm-late-ended",
    }
}

impl Page for RuleList {
    const TEMPLATE: &'static str = "rule_list.html";

    fn sample() -> Vec<Self> {
        let row = |enabled, expression: &str| RuleRow {
            code: "tide/high".to_owned(),
            name: "Air rob melewati ambang".to_owned(),
            priority: 2,
            enabled,
            condition: "Tinggi air 120 cm atau lebih".to_owned(),
            expression: expression.to_owned(),
            owner: "Badan Penanggulangan Bencana Daerah".to_owned(),
            minutes_to_act: 10,
        };
        let full = Self {
            rows: vec![row(true, ""), row(false, "level > 120.0 && pump < 1.0")],
            may_see_desk: true,
        };
        let empty = Self {
            rows: vec![],
            may_see_desk: false,
        };
        vec![full, empty]
    }
}
