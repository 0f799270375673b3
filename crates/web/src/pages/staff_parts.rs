//! What the pages of the desk and of the crews share: names behind ids, what went wrong with an action, whose step it
//! was.

use std::collections::BTreeMap;

use pendopo_domain::incidents::{Incident, IncidentId};
use pendopo_domain::organisation::{SignInId, TeamId};
use pendopo_domain::playbooks::{Step, StepId, StepState};
use pendopo_domain::reports::Report;
use pendopo_domain::units::UnitId;
use pendopo_operations::configuration::Configuration;
use pendopo_operations::photos::{self, Prepared};
use pendopo_operations::playbooks::Overdue;
use pendopo_operations::reports::SecretText;
use pendopo_operations::store::chains::Entry;
use pendopo_operations::store::sign_ins;
use pendopo_operations::{Error, Invalid, Problem, playbooks};

use super::parts;
use crate::body::Form;
use crate::pages_view::{Choice, FieldError, StepRow};
use crate::visit::Visit;

/// A number as a segment of a path: a foreign one may hold anything.
pub(super) fn segment(number: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    number
        .bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// Where the desk shows a report.
pub(super) fn report_url(report: &Report) -> String {
    format!("/meja/laporan/{}", segment(&report.number().to_string()))
}

/// Where the desk shows an incident.
pub(super) fn incident_url(id: IncidentId) -> String {
    format!("/meja/kejadian/K-{id}")
}

/// Reads `K-31`, in any case, the dash may be missing.
pub(super) fn incident_id(text: &str) -> Option<IncidentId> {
    let rest = text.trim().strip_prefix(['K', 'k'])?;
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().map(IncidentId)
}

/// Name of a team in the language of the visitor.
pub(super) fn team_name(visit: &Visit, configuration: &Configuration, team: TeamId) -> String {
    let found = configuration.team(team);
    found
        .map(|team| team.names.get(visit.language.tag()).to_owned())
        .unwrap_or_default()
}

/// Teams to choose from, by code.
pub(super) fn team_choices(visit: &Visit, chosen: Option<TeamId>) -> Vec<Choice> {
    let choice = |team: &pendopo_domain::organisation::Team| Choice {
        at: None,
        value: team.code.clone(),
        label: team.names.get(visit.language.tag()).to_owned(),
        selected: chosen == Some(team.id),
    };
    visit
        .city
        .configuration()
        .teams
        .iter()
        .map(choice)
        .collect()
}

/// The team that a form names by its code.
pub(super) fn team_of(visit: &Visit, form: &Form) -> Option<TeamId> {
    let code = form.get("team")?;
    visit
        .city
        .configuration()
        .teams
        .iter()
        .find(|team| team.code == code)
        .map(|team| team.id)
}

/// Name of a unit in the language of the visitor.
pub(super) fn unit_name(visit: &Visit, configuration: &Configuration, unit: UnitId) -> String {
    let found = configuration.unit(unit);
    found
        .map(|unit| unit.names.get(visit.language.tag()).to_owned())
        .unwrap_or_default()
}

/// Name of a role in the language of the visitor.
pub(super) fn role_name(visit: &Visit, configuration: &Configuration, code: &str) -> String {
    let found = configuration.roles.iter().find(|role| role.code == code);
    found.map_or_else(
        || code.to_owned(),
        |role| role.names.get(visit.language.tag()).to_owned(),
    )
}

/// How many steps of an incident are late, and the names of the roles whose they are.
pub(super) fn late_steps(
    visit: &Visit,
    configuration: &Configuration,
    late: &[Overdue],
    incident: IncidentId,
) -> (i64, String) {
    let of = || late.iter().filter(|one| one.incident == incident);
    let names: Vec<String> = of()
        .map(|one| role_name(visit, configuration, &one.role))
        .collect();
    (of().map(|one| one.steps).sum(), names.join(", "))
}

/// A step of a playbook as pages show it.
pub(super) fn step_row(
    visit: &Visit,
    configuration: &Configuration,
    step: &Step,
    may_settle: bool,
) -> StepRow {
    StepRow {
        id: step.id.0,
        order: step.order,
        text: step.text.get(visit.language.tag()).to_owned(),
        role: role_name(visit, configuration, &step.role),
        state: step.state,
        due_at: step.due_at,
        settled_at: step.settled_at,
        late: step.is_late(visit.city.now()),
        optional: step.optional,
        may_settle: may_settle && step.state == StepState::Due,
    }
}

/// How a form settles a step: done, or skipped with a reason.
pub(super) async fn settle_step(visit: &Visit, id: &str, form: &Form) -> Result<StepState, Error> {
    let id = id.parse().map(StepId).map_err(|_| Error::NotFound)?;
    let state = if form.get("state") == Some(StepState::Skipped.word()) {
        StepState::Skipped
    } else {
        StepState::Done
    };
    playbooks::settle(&visit.city, &visit.actor, id, state, form.text("reason")).await?;
    Ok(state)
}

/// What an incident is about.
pub(super) fn incident_title(
    visit: &Visit,
    configuration: &Configuration,
    incident: &Incident,
) -> String {
    parts::service_name(configuration, visit.language, &incident.service_code)
}

/// Questions with their answers, in the words of the service. An answer that the service does not know stays as it came.
pub(super) fn answers(
    visit: &Visit,
    configuration: &Configuration,
    report: &Report,
    text: &SecretText,
) -> Vec<(String, String)> {
    let language = visit.language.tag();
    let service = configuration.service(&report.service_code);
    let answer = |(code, values): &(String, Vec<String>)| {
        let known =
            service.and_then(|service| service.attributes.iter().find(|known| known.code == *code));
        let question = known.map_or(code.as_str(), |known| known.description.get(language));
        let word = |value: &String| {
            let choice =
                known.and_then(|known| known.values.iter().find(|choice| choice.key == *value));
            choice.map_or_else(
                || value.clone(),
                |choice| choice.name.get(language).to_owned(),
            )
        };
        (
            question.to_owned(),
            values.iter().map(word).collect::<Vec<_>>().join(", "),
        )
    };
    text.attributes.iter().map(answer).collect()
}

/// Whose steps a timeline shows: positions by sign-in, never logins.
pub(super) struct Doers {
    positions: BTreeMap<SignInId, String>,
    reporter: String,
}

impl Doers {
    /// Looks up the positions behind `entries`, each sign-in once.
    pub(super) async fn of(
        visit: &Visit,
        entries: impl Iterator<Item = &Entry>,
    ) -> Result<Self, Error> {
        let configuration = visit.city.configuration();
        let mut doers = Self {
            positions: BTreeMap::new(),
            reporter: visit.text("by-reporter"),
        };
        let mut db = visit.city.store().read().await?;
        for entry in entries {
            let Some(id) = sign_in_of(&entry.actor) else {
                continue;
            };
            if doers.positions.contains_key(&id) {
                continue;
            }
            let position = sign_ins::position_of(&mut db, id).await?;
            let found = position.and_then(|position| configuration.position(position));
            let name = found
                .map(|held| held.names.get(visit.language.tag()).to_owned())
                .unwrap_or_default();
            doers.positions.insert(id, name);
        }
        Ok(doers)
    }

    /// Who did it, in the words of the city; `None` for the city itself.
    pub(super) fn name(&self, actor: &str) -> Option<String> {
        if actor.starts_with("reporter:") {
            return Some(self.reporter.clone());
        }
        self.positions
            .get(&sign_in_of(actor)?)
            .filter(|name| !name.is_empty())
            .cloned()
    }
}

/// Chains write a sign-in as `sign_in:3`.
fn sign_in_of(actor: &str) -> Option<SignInId> {
    actor.strip_prefix("sign_in:")?.parse().ok().map(SignInId)
}

/// Why an action was not done.
pub(super) enum Wrong {
    /// To be corrected in the form.
    Fields(Vec<FieldError>),
    /// Not to be corrected in the form: how things stand is against it.
    Standing(Vec<FieldError>),
    Error(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Wrong {
    /// One mistake in one field.
    pub(super) fn field(field: &str, key: &'static str) -> Self {
        Self::Fields(vec![FieldError::new(field, key)])
    }
}

/// Says of a use case's mistakes where the form shows them: `field` maps the use case's word to the id of the input.
pub(super) fn mistakes(
    visit: &Visit,
    invalid: &[Invalid],
    field: impl Fn(&str) -> &'static str,
) -> Vec<FieldError> {
    let mistake = |wrong: &Invalid| {
        let id = field(wrong.field);
        match (wrong.field, wrong.problem) {
            ("photo", _) => parts::field_errors(visit, std::slice::from_ref(wrong))
                .into_iter()
                .map(|error| FieldError {
                    field: id.to_owned(),
                    ..error
                })
                .collect(),
            (_, Problem::TooLong { most }) => {
                vec![FieldError::new(id, "error-description-long").with("max", most)]
            }
            ("unit", Problem::Busy) => vec![FieldError::new(id, "error-unit-busy")],
            ("unit", Problem::OutOfService) => vec![FieldError::new(id, "error-unit-out")],
            ("team", Problem::Busy) => vec![FieldError::new(id, "error-team-there")],
            ("into", _) => vec![FieldError::new(id, "error-incident-missing")],
            ("reports", Problem::Missing) => vec![FieldError::new(id, "error-split-none")],
            ("step", _) => vec![FieldError::new(id, "error-step-settled")],
            ("words", _) => vec![FieldError::new(id, "error-reason-missing")],
            (_, Problem::OwnWork) => vec![FieldError::new(id, "error-verify-own")],
            ("team", _) => vec![FieldError::new(id, "error-team-missing")],
            _ => vec![FieldError::new(id, "error-step-refused")],
        }
    };
    invalid.iter().flat_map(mistake).collect()
}

/// The after-photo of a form, read.
///
/// # Errors
/// [`Error::Invalid`] on `photo`.
pub(super) async fn after_photo(form: &Form) -> Result<Option<Prepared>, Error> {
    match form.files.iter().find(|(name, _)| name == "photo") {
        Some((_, bytes)) => photos::prepare(bytes.clone()).await.map(Some),
        None => Ok(None),
    }
}
