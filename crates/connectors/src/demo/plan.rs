//! When what happens in a demo city: scenarios become a list of moves, in the order of their times.
//!
//! A scenario says how far a report has come; the plan says by which moves it got there. Everything happens before the
//! demo's *now*. Which of the reports a city has, how old they are and how long things took hang on its name alone.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use pendopo_domain::incidents::AssignmentState;
use pendopo_domain::reports::Visibility;
use pendopo_domain::services::Texts;
use pendopo_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::chance::Chance;

/// The oldest report, in days before *now*.
pub(super) const OLDEST_DAYS: f64 = 29.5;
/// How many of the reports that stand alone a city leaves out.
const LEFT_OUT: f64 = 0.15;
const MINUTES_A_DAY: f64 = 1_440.0;

/// A report of `cities/demo/reports.json`.
#[derive(Deserialize)]
pub(super) struct Template {
    pub service_code: String,
    pub description: String,
    pub place: String,
    pub scenario: Scenario,
    pub age_days: f64,
    pub visibility: Visibility,
    pub anonymous: bool,
    #[serde(default)]
    pub attributes: Map<String, Value>,
    pub stars: Option<i64>,
    pub words: Option<String>,
    pub resolution_note: Option<String>,
    pub referred_to: Option<String>,
    pub duplicate_of: Option<usize>,
}

/// How far a report has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scenario {
    Received,
    Assigned,
    InWork,
    Overdue,
    ResolvedWaiting,
    Confirmed,
    NotYet,
    Unconfirmed,
    Referred,
    Duplicate,
    ClosedNotFixed,
}

/// An incident of `cities/demo/incidents.json`.
#[derive(Deserialize)]
pub(super) struct IncidentTemplate {
    pub code: String,
    pub priority: i64,
    pub state: IncidentScenario,
    pub age_days: f64,
    /// Indexes of reports.
    pub reports: Vec<usize>,
    pub steps: Vec<StepTemplate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IncidentScenario {
    Dispatched,
    Resolved,
}

#[derive(Deserialize)]
pub(super) struct StepTemplate {
    pub text: Texts,
    pub team_code: String,
    pub minutes: f64,
    pub done: bool,
}

/// One thing that somebody does. Numbers are indexes of reports and incidents.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    Submit(usize),
    Assign(usize),
    Advance(usize, AssignmentState),
    Finish(usize),
    Answer(usize),
    Refer(usize),
    MarkDuplicate(usize),
    CloseNotFixed(usize),
    OpenIncident(usize, Vec<usize>),
    JoinIncident(usize, usize),
    SendTeam(usize, String),
    AdvanceCrews(usize, AssignmentState),
    /// A step of an incident that is done.
    Note(usize, usize),
    ResolveIncident(usize),
}

/// A move with its time.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub at: Timestamp,
    pub what: Move,
}

/// The moves of a city up to `now`, earliest first.
pub(super) fn plan(
    templates: &[Template],
    incidents: &[IncidentTemplate],
    chance: &mut Chance,
    now: Timestamp,
) -> Vec<Planned> {
    let ages = ages(templates, incidents, chance);
    let mut moves = Moves {
        now,
        planned: vec![],
    };
    let members: BTreeSet<usize> = incidents
        .iter()
        .flat_map(|incident| incident.reports.clone())
        .collect();
    for (index, template) in templates.iter().enumerate() {
        let Some(age) = ages.reports[index] else {
            continue;
        };
        moves.add(age, Move::Submit(index));
        // What an incident does to its reports is planned with the incident.
        if !members.contains(&index) || template.scenario == Scenario::Duplicate {
            alone(&mut moves, index, template.scenario, age, chance);
        }
    }
    for (index, incident) in incidents.iter().enumerate() {
        together(&mut moves, index, incident, templates, &ages, chance);
    }
    // Stable: moves of one instant stay in the order in which they were planned.
    moves.planned.sort_by_key(|planned| planned.at);
    moves.planned
}

struct Moves {
    now: Timestamp,
    planned: Vec<Planned>,
}

impl Moves {
    fn add(&mut self, days_ago: f64, what: Move) {
        let before = SignedDuration::from_secs_f64(-days_ago.max(0.0) * 86_400.0);
        self.planned.push(Planned {
            at: self.now.plus(before),
            what,
        });
    }
}

struct Ages {
    /// `None` for one that this city leaves out.
    reports: Vec<Option<f64>>,
    incidents: Vec<f64>,
}

/// Ages of this city: a little more or less than in the file. What belongs together is moved together.
fn ages(templates: &[Template], incidents: &[IncidentTemplate], chance: &mut Chance) -> Ages {
    let mut scale = |_: usize| chance.between(0.93, 1.07);
    let mut scales: Vec<f64> = (0..templates.len()).map(&mut scale).collect();
    let of_incidents: Vec<f64> = (0..incidents.len()).map(&mut scale).collect();
    let mut needed = BTreeSet::new();
    for (incident, scale) in incidents.iter().zip(&of_incidents) {
        for index in &incident.reports {
            scales[*index] = *scale;
            needed.insert(*index);
        }
    }
    for (index, template) in templates.iter().enumerate() {
        if let Some(of) = template.duplicate_of {
            scales[index] = scales[of];
            needed.extend([index, of]);
        }
    }
    let age = |(index, template): (usize, &Template)| {
        let left_out = chance.between(0.0, 1.0) < LEFT_OUT && !needed.contains(&index);
        (!left_out).then_some((template.age_days * scales[index]).min(OLDEST_DAYS))
    };
    Ages {
        reports: templates.iter().enumerate().map(age).collect(),
        incidents: incidents
            .iter()
            .zip(&of_incidents)
            .map(|(incident, scale)| incident.age_days * scale)
            .collect(),
    }
}

/// The way of a report that stands in no incident. `age` and all times are days before *now*.
fn alone(moves: &mut Moves, index: usize, scenario: Scenario, age: f64, chance: &mut Chance) {
    let assigned = age - chance.between(0.1, 0.7).min(age * 0.2);
    match scenario {
        Scenario::Received => {}
        Scenario::Assigned | Scenario::Overdue => moves.add(assigned, Move::Assign(index)),
        Scenario::InWork => {
            moves.add(assigned, Move::Assign(index));
            moves.add(
                assigned * 0.7,
                Move::Advance(index, AssignmentState::Acknowledged),
            );
            moves.add(
                assigned * 0.3,
                Move::Advance(index, AssignmentState::OnScene),
            );
        }
        Scenario::Referred => moves.add(assigned, Move::Refer(index)),
        Scenario::Duplicate => moves.add(assigned, Move::MarkDuplicate(index)),
        Scenario::ClosedNotFixed => moves.add(assigned, Move::CloseNotFixed(index)),
        Scenario::ResolvedWaiting | Scenario::Unconfirmed => {
            work(moves, index, assigned, chance);
        }
        Scenario::Confirmed | Scenario::NotYet => {
            let done = work(moves, index, assigned, chance);
            moves.add(
                done - chance.between(0.1, 1.5).min(done * 0.6),
                Move::Answer(index),
            );
        }
    }
}

/// Assigned, on the way, there, done. Returns when it was done.
fn work(moves: &mut Moves, index: usize, assigned: f64, chance: &mut Chance) -> f64 {
    let took = chance.between(0.8, 4.5).min(assigned * 0.6);
    moves.add(assigned, Move::Assign(index));
    moves.add(
        assigned - took * 0.3,
        Move::Advance(index, AssignmentState::Acknowledged),
    );
    moves.add(
        assigned - took * 0.8,
        Move::Advance(index, AssignmentState::OnScene),
    );
    moves.add(assigned - took, Move::Finish(index));
    assigned - took
}

/// The way of an incident and of the reports in it.
fn together(
    moves: &mut Moves,
    index: usize,
    incident: &IncidentTemplate,
    templates: &[Template],
    ages: &Ages,
    chance: &mut Chance,
) {
    let opened = ages.incidents[index];
    let minutes = |minutes: f64| opened - minutes / MINUTES_A_DAY;
    let joining = incident
        .reports
        .iter()
        .filter(|report| templates[**report].scenario != Scenario::Duplicate);
    let members: Vec<(usize, f64)> = joining
        .filter_map(|report| Some((*report, ages.reports[*report]?)))
        .collect();
    let first = members.iter().filter(|(_, age)| *age > opened);
    let first = first.map(|(report, _)| *report).collect();
    moves.add(opened, Move::OpenIncident(index, first));
    for (report, age) in members.iter().filter(|(_, age)| *age <= opened) {
        moves.add(
            age - 10.0 / MINUTES_A_DAY,
            Move::JoinIncident(index, *report),
        );
    }
    let last = crews(moves, index, incident, opened);
    if incident.state == IncidentScenario::Resolved {
        // Not before the last report has joined it.
        let joined = members.iter().map(|(_, age)| *age).fold(opened, f64::min);
        let resolved = minutes(last + 60.0).min(joined - 30.0 / MINUTES_A_DAY);
        moves.add(resolved, Move::ResolveIncident(index));
        for (report, _) in members {
            if matches!(
                templates[report].scenario,
                Scenario::Confirmed | Scenario::NotYet
            ) {
                moves.add(resolved - chance.between(0.2, 1.2), Move::Answer(report));
            }
        }
    }
}

/// Teams that go and steps that get done. Returns when the last step was done, in minutes from the opening.
fn crews(moves: &mut Moves, index: usize, incident: &IncidentTemplate, opened: f64) -> f64 {
    let minutes = |minutes: f64| opened - minutes / MINUTES_A_DAY;
    // The team of the first step is sent when the incident is opened.
    let mut sent: BTreeSet<&str> = incident
        .steps
        .first()
        .map(|step| step.team_code.as_str())
        .into_iter()
        .collect();
    for step in &incident.steps {
        if sent.insert(&step.team_code) {
            moves.add(minutes(3.0), Move::SendTeam(index, step.team_code.clone()));
        }
    }
    for (after, state) in [
        (8.0, AssignmentState::Acknowledged),
        (25.0, AssignmentState::OnScene),
    ] {
        moves.add(minutes(after), Move::AdvanceCrews(index, state));
    }
    let mut last: f64 = 30.0;
    for (at, step) in incident
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.done)
    {
        last = last.max(step.minutes);
        moves.add(minutes(step.minutes), Move::Note(index, at));
    }
    last
}
