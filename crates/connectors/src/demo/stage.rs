//! Walks the plan of a demo city through the use cases, move by move, each at its own time.

use std::collections::BTreeMap;

use pendopo_domain::geo::{Area, Position};
use pendopo_domain::incidents::{Assignment, AssignmentState, IncidentId, Place, Priority, Target};
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::ratings::{Stars, Verdict};
use pendopo_domain::reports::{Channel, ReportId, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_operations::dispatch::{self, Evidence};
use pendopo_operations::identity::Identity;
use pendopo_operations::incidents::Opening;
use pendopo_operations::photos::{self, Prepared};
use pendopo_operations::ratings::{self, Answer};
use pendopo_operations::reports::{self, Submission, Triage};
use pendopo_operations::{City, Error, background, incidents};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::chance::Chance;
use super::plan::{self, IncidentScenario, IncidentTemplate, Move, Planned, Scenario, Template};
use super::{Day, DemoError, Driven, TEMPLATES, pictures};
use crate::starter;

/// Reports that get a drawn picture.
const PICTURES: usize = 4;
/// How far from the centre of its area a report lies at most.
const SPREAD_METRES: f64 = 350.0;
/// How far the reports of one incident lie apart.
const INCIDENT_METRES: f64 = 150.0;

#[derive(Deserialize)]
struct Reports {
    reports: Vec<Template>,
}

#[derive(Deserialize)]
struct Incidents {
    incidents: Vec<IncidentTemplate>,
}

/// Does everything that is planned up to `now`. Returns how many reports and incidents there are.
pub(super) async fn walk(
    city: &City,
    day: &Day,
    clock: &Driven,
    staff: &[Actor],
    now: Timestamp,
) -> Result<(usize, usize), DemoError> {
    let mut templates: Reports = starter::read(TEMPLATES[0])?;
    let mut incidents: Incidents = starter::read(TEMPLATES[1])?;
    let over = incidents.incidents.iter_mut();
    for incident in over.filter(|incident| day.resolved.contains(&incident.code)) {
        incident.state = IncidentScenario::Resolved;
        // Nobody says *not yet* either, which would open it again.
        for index in &incident.reports {
            let template = &mut templates.reports[*index];
            if template.scenario == Scenario::NotYet {
                template.scenario = Scenario::Confirmed;
                (template.stars, template.words) = (None, None);
            }
        }
    }
    let mut chance = Chance::of(city.slug());
    let planned = plan::plan(&templates.reports, &incidents.incidents, &mut chance, now);
    let mut stage = Stage {
        city,
        staff,
        spots: spots(city, &templates.reports, &incidents.incidents, &mut chance),
        pictures: pictures(
            &templates.reports,
            &incidents.incidents,
            &planned,
            &mut chance,
        )
        .await?,
        templates: templates.reports,
        incidents: incidents.incidents,
        reports: BTreeMap::new(),
        opened: BTreeMap::new(),
    };
    for Planned { at, what } in planned {
        clock.set(at);
        let done = stage.make(&what).await;
        done.map_err(|source| DemoError::Move {
            what: format!("{what:?}"),
            source,
        })?;
        // What is due by now is done by now, as in a city that runs.
        background::catch_up(city).await?;
    }
    Ok((stage.reports.len(), stage.opened.len()))
}

struct Stage<'c> {
    city: &'c City,
    staff: &'c [Actor],
    templates: Vec<Template>,
    incidents: Vec<IncidentTemplate>,
    spots: Vec<Position>,
    pictures: BTreeMap<usize, Prepared>,
    reports: BTreeMap<usize, ReportId>,
    opened: BTreeMap<usize, IncidentId>,
}

impl Stage<'_> {
    async fn make(&mut self, what: &Move) -> Result<(), Error> {
        let city = self.city;
        match what {
            Move::Submit(index) => self.submit(*index).await,
            Move::Assign(index) => {
                let team = self.proposed(*index).await?;
                self.triage(*index, Step::Assign { team }).await
            }
            Move::Refer(index) => self.triage(*index, Step::Refer).await,
            Move::CloseNotFixed(index) => self.triage(*index, Step::CloseNotFixed).await,
            Move::MarkDuplicate(index) => {
                let of = self.templates[*index].duplicate_of.unwrap_or(*index);
                let of = self.report(of)?;
                self.triage(*index, Step::MarkDuplicate { of }).await
            }
            Move::Advance(index, state) => {
                self.advance(Target::Report(self.report(*index)?), *state)
                    .await
            }
            Move::Finish(index) => {
                let target = Target::Report(self.report(*index)?);
                let evidence = self.evidence(*index);
                for (held, actor) in self.crews(target).await? {
                    dispatch::finish(city, actor, held.id, evidence.clone()).await?;
                }
                Ok(())
            }
            Move::Answer(index) => self.answer(*index).await,
            Move::OpenIncident(index, members) => self.open(*index, members).await,
            Move::JoinIncident(index, report) => {
                let (id, report) = (self.incident(*index)?, self.report(*report)?);
                incidents::join(city, self.who(Action::OpenIncident)?, id, report).await
            }
            Move::SendTeam(index, team) => {
                let (id, team) = (self.incident(*index)?, self.team(team)?);
                incidents::send_team(city, self.who(Action::OpenIncident)?, id, team).await
            }
            Move::AdvanceCrews(index, state) => {
                self.advance(Target::Incident(self.incident(*index)?), *state)
                    .await
            }
            Move::Note(index, step) => {
                let words = self.incidents[*index].steps[*step].text.id.clone();
                let id = self.incident(*index)?;
                incidents::note(city, self.who(Action::OpenIncident)?, id, words).await
            }
            Move::ResolveIncident(index) => {
                let incident = &self.incidents[*index];
                let first = incident.reports.first().copied().unwrap_or(0);
                let mut evidence = self.evidence(first);
                // Where nobody said how it ended, the last step that was done does.
                let done = incident.steps.iter().rev().find(|step| step.done);
                evidence.words = evidence.words.or(done.map(|step| step.text.id.clone()));
                let id = self.incident(*index)?;
                incidents::resolve(city, self.who(Action::OpenIncident)?, id, evidence)
                    .await
                    .map(drop)
            }
        }
    }

    async fn submit(&mut self, index: usize) -> Result<(), Error> {
        let template = &self.templates[index];
        // Some give a name, so that the desk has something to look at and the log something to show.
        let identity = if template.anonymous || index.is_multiple_of(3) {
            Identity {
                name: Some(format!("Pelapor {}", index + 1)),
                email: Some(format!("pelapor-{}@contoh.invalid", index + 1)),
                ..Identity::default()
            }
        } else {
            Identity::default()
        };
        let submission = Submission {
            service_code: template.service_code.clone(),
            position: Some(self.spots[index]),
            place: Some(template.place.clone()),
            description: Some(template.description.clone()),
            visibility: Some(template.visibility),
            anonymous: template.anonymous,
            identity,
            attributes: answers(&template.attributes),
            photos: self.pictures.remove(&index).into_iter().collect(),
            ..Submission::default()
        };
        let sender = self.city.public();
        let submitted = reports::submit(self.city, &sender, Channel::Web, submission).await?;
        self.reports.insert(index, submitted.report.id);
        Ok(())
    }

    async fn triage(&self, index: usize, step: Step) -> Result<(), Error> {
        let template = &self.templates[index];
        let note = match (&template.resolution_note, &template.referred_to) {
            (Some(note), Some(to)) => Some(format!("{note} ({to})")),
            (note, _) => note.clone(),
        };
        let words = note.filter(|_| !matches!(step, Step::Assign { .. }));
        let (id, desk) = (self.report(index)?, self.who(Action::TriageReport)?);
        reports::triage(self.city, desk, id, Triage { step, words })
            .await
            .map(drop)
    }

    async fn answer(&self, index: usize) -> Result<(), Error> {
        let (id, template) = (self.report(index)?, &self.templates[index]);
        let verdict = match template.scenario {
            Scenario::NotYet => Verdict::NotYet,
            _ => Verdict::Confirmed,
        };
        let answer = Answer {
            verdict,
            stars: template.stars.and_then(Stars::new),
            words: template.words.clone(),
        };
        ratings::rate(self.city, &self.city.reporter(id), id, answer)
            .await
            .map(drop)
    }

    async fn open(&mut self, index: usize, members: &[usize]) -> Result<(), Error> {
        let members = members
            .iter()
            .map(|report| self.report(*report))
            .collect::<Result<_, _>>()?;
        let template = &self.incidents[index];
        let code = template.steps.first().map_or("", |step| &step.team_code);
        // The scale of the files goes one further than that of incidents.
        let priority = Priority::new(template.priority.clamp(1, 4)).ok_or(Error::NotFound)?;
        let (team, desk) = (self.team(code)?, self.who(Action::OpenIncident)?);
        let opening = Opening {
            reports: members,
            priority,
            team,
            place: Place::default(),
        };
        let incident = incidents::open(self.city, desk, opening).await?;
        self.opened.insert(index, incident.id);
        Ok(())
    }

    async fn advance(&self, target: Target, state: AssignmentState) -> Result<(), Error> {
        for (held, actor) in self.crews(target).await? {
            if held.state.may_become(state) {
                dispatch::advance(self.city, actor, held.id, state).await?;
            }
        }
        Ok(())
    }

    /// Crews that are at work on `target`, each with someone who may speak for it, its own people first.
    async fn crews(&self, target: Target) -> Result<Vec<(Assignment, &Actor)>, Error> {
        let all = dispatch::active(self.city, self.dispatcher()?).await?;
        let mut crews = Vec::new();
        for held in all.into_iter().filter(|held| held.target == target) {
            let work = Subject::Work {
                team: Some(held.team),
            };
            let own = |actor: &&Actor| {
                !allows(actor, Action::SeeDesk, Subject::City)
                    && allows(actor, Action::WorkTask, work)
            };
            let actor = match self.staff.iter().find(own) {
                Some(actor) => actor,
                None => self.dispatcher()?,
            };
            crews.push((held, actor));
        }
        Ok(crews)
    }

    /// Someone who works every team's tasks.
    fn dispatcher(&self) -> Result<&Actor, Error> {
        let anyone = Subject::Work { team: None };
        let found = self
            .staff
            .iter()
            .find(|actor| allows(actor, Action::WorkTask, anyone));
        found.ok_or(Error::Denied(Action::WorkTask))
    }

    /// The first of the staff who may do this anywhere in the city.
    fn who(&self, action: Action) -> Result<&Actor, Error> {
        let found = self
            .staff
            .iter()
            .find(|actor| allows(actor, action, Subject::City));
        found.ok_or(Error::Denied(action))
    }

    async fn proposed(&self, index: usize) -> Result<pendopo_domain::organisation::TeamId, Error> {
        let (id, desk) = (self.report(index)?, self.who(Action::TriageReport)?);
        let report = reports::see(self.city, desk, Action::TriageReport, id).await?;
        reports::proposed_team(&self.city.configuration(), &report).ok_or(Error::NotFound)
    }

    fn evidence(&self, index: usize) -> Evidence {
        Evidence {
            words: self.templates[index].resolution_note.clone(),
            photo: None,
        }
    }

    fn report(&self, index: usize) -> Result<ReportId, Error> {
        self.reports.get(&index).copied().ok_or(Error::NotFound)
    }

    fn incident(&self, index: usize) -> Result<IncidentId, Error> {
        self.opened.get(&index).copied().ok_or(Error::NotFound)
    }

    fn team(&self, code: &str) -> Result<pendopo_domain::organisation::TeamId, Error> {
        let configuration = self.city.configuration();
        let found = configuration.teams.iter().find(|team| team.code == code);
        found.map(|team| team.id).ok_or(Error::NotFound)
    }
}

fn answers(attributes: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let values = |value: &Value| match value {
        Value::Array(many) => many.iter().map(text).collect(),
        one => vec![text(one)],
    };
    attributes
        .iter()
        .map(|(code, value)| (code.clone(), values(value)))
        .collect()
}

/// Where each report lies: near the centre of an area, those of one matter together.
fn spots(
    city: &City,
    templates: &[Template],
    incidents: &[IncidentTemplate],
    chance: &mut Chance,
) -> Vec<Position> {
    let configuration = city.configuration();
    let areas: Vec<&Area> = configuration.areas.iter().collect();
    let mut near = |area: usize, around: Option<Position>, metres: f64| {
        let area = areas[area];
        let around = around.unwrap_or(area.centre);
        let inside = |at: &Position| {
            configuration
                .areas
                .containing(*at)
                .is_some_and(|found| found.id == area.id)
        };
        // A small area is met sooner or later; the point around which we look lies in it.
        (0..20)
            .map(|_| offset(around, metres, chance))
            .find(inside)
            .unwrap_or(around)
    };
    let mut picks = Chance::of(&format!("{}/areas", city.slug()));
    let mut spots: Vec<Position> = templates
        .iter()
        .map(|_| near(picks.pick(areas.len()), None, SPREAD_METRES))
        .collect();
    for incident in incidents {
        let area = picks.pick(areas.len());
        let middle = near(area, None, SPREAD_METRES / 2.0);
        for index in &incident.reports {
            spots[*index] = near(area, Some(middle), INCIDENT_METRES);
        }
    }
    for (index, template) in templates.iter().enumerate() {
        if let Some(of) = template.duplicate_of {
            spots[index] = spots[of];
        }
    }
    spots
}

fn offset(from: Position, metres: f64, chance: &mut Chance) -> Position {
    const METRES_PER_DEGREE: f64 = 111_194.9;
    let (east, north) = (
        chance.between(-metres, metres),
        chance.between(-metres, metres),
    );
    let lon = from.lon() + east / METRES_PER_DEGREE / from.lat().to_radians().cos();
    Position::new(lon, from.lat() + north / METRES_PER_DEGREE).unwrap_or(from)
}

/// Pictures for the first public reports of this city that stand alone.
async fn pictures(
    templates: &[Template],
    incidents: &[IncidentTemplate],
    planned: &[Planned],
    chance: &mut Chance,
) -> Result<BTreeMap<usize, Prepared>, Error> {
    let alone = |index: &usize| {
        let template = &templates[*index];
        let apart = !incidents
            .iter()
            .any(|incident| incident.reports.contains(index));
        apart && template.visibility == Visibility::Public && template.duplicate_of.is_none()
    };
    let mut kept: Vec<usize> = planned
        .iter()
        .filter_map(|planned| match planned.what {
            Move::Submit(index) => Some(index),
            _ => None,
        })
        .filter(alone)
        .collect();
    kept.sort_unstable();
    let mut pictures = BTreeMap::new();
    for index in kept.into_iter().take(PICTURES) {
        if let Some(bytes) = pictures::draw(chance) {
            pictures.insert(index, photos::prepare(bytes).await?);
        }
    }
    Ok(pictures)
}
