//! From reports to an incident: opening one, and joining one.

use pendopo_domain::incidents::{AssignmentState, Incident, IncidentId, Place, Priority, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Report, ReportId, State as ReportState, Step};
use pendopo_store::{Db, chains, incidents as rows};

use super::locked;
use crate::configuration::must;
use crate::reports::Change;
use crate::{City, Error, Invalid, Problem, Result, actor_text, dispatch};

/// What an incident is opened with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// One or more open reports.
    pub reports: Vec<ReportId>,
    pub priority: Priority,
    /// The team that is sent.
    pub team: TeamId,
    /// Where it is, in the operator's own words to the crew; used when no report may say it ([`Place::of`]).
    pub place: Place,
}

/// Opens an incident from one or more open reports and sends a team.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`] for a report; [`Error::Refused`] for a report that is closed;
/// [`Error::Invalid`] on `reports` when one stands in another incident already.
pub async fn open(city: &City, actor: &Actor, opening: Opening) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    let Opening {
        reports,
        priority,
        team,
        place,
    } = opening;
    if reports.is_empty() {
        return Err(Invalid::one("reports", Problem::Missing));
    }
    if city.configuration().team(team).is_none() {
        return Err(Invalid::one("team", Problem::Unknown));
    }
    let changes = prepare_all(city, &reports).await?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut members = Vec::new();
                for change in &changes {
                    members.push(joinable(db, change, &actor).await?);
                }
                let mut incident =
                    Incident::open(&members, priority, place, now).ok_or(Error::NotFound)?;
                incident.id = rows::insert(db, &incident).await?;
                let by = actor_text(&actor);
                let stream = chains::incident(incident.id);
                chains::append(db, &stream, now, "opened", &by, "city").await?;
                for (change, report) in changes.iter().zip(members) {
                    take_in(db, &actor, change, report, incident.id, team).await?;
                }
                dispatch::send(db, team, Target::Incident(incident.id), now).await?;
                chains::append(db, &stream, now, "dispatched", &by, &format!("team:{team}"))
                    .await?;
                let event = Event::IncidentOpened {
                    incident: incident.id,
                    reports: changes.iter().map(Change::id).collect(),
                };
                City::journal(db, now, &event).await?;
                Ok(incident)
            })
        })
        .await
}

/// Puts one more report into an incident that is not resolved yet.
///
/// # Errors
/// As [`open`].
pub async fn join(city: &City, actor: &Actor, id: IncidentId, report: ReportId) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let changes = prepare_all(city, &[report]).await?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = locked(db, &actor, id).await?;
                if !incident.state.needs_action() {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                let crews = rows::assignments_of(db, Target::Incident(id)).await?;
                let team = crews.last().map(|held| held.team).ok_or(Error::NotFound)?;
                for change in &changes {
                    let report = joinable(db, change, &actor).await?;
                    incident.place_by(&report);
                    take_in(db, &actor, change, report, id, team).await?;
                    let event = Event::IncidentJoined {
                        incident: id,
                        report: change.id(),
                    };
                    City::journal(db, now, &event).await?;
                }
                incident.updated_at = now;
                rows::update(db, &incident).await?;
                Ok(())
            })
        })
        .await
}

async fn prepare_all(city: &City, reports: &[ReportId]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for id in reports {
        changes.push(Change::prepare(city, *id, None).await?);
    }
    Ok(changes)
}

async fn joinable(db: &mut Db, change: &Change, actor: &Actor) -> Result<Report> {
    let report = change.locked(db, actor, Action::TriageReport).await?;
    if report.incident.is_some() {
        return Err(Invalid::one("reports", Problem::TooMany { most: 1 }));
    }
    Ok(report)
}

/// Gives a report to the incident and to its team; a crew that was sent to the report alone is called back.
async fn take_in(
    db: &mut Db,
    actor: &Actor,
    change: &Change,
    mut report: Report,
    incident: IncidentId,
    team: TeamId,
) -> Result<()> {
    report.incident = Some(incident);
    let step = Step::Assign { team };
    let report = change.take(db, report, step).await?;
    dispatch::end(
        db,
        Target::Report(report.id),
        AssignmentState::Withdrawn,
        change.now,
    )
    .await?;
    let (stream, by) = (chains::incident(incident), actor_text(actor));
    let subject = format!("report:{}", report.id);
    chains::append(db, &stream, change.now, "report_joined", &by, &subject).await?;
    Ok(())
}

/// Whether a report can still be put into an incident.
pub fn can_join(report: &Report) -> bool {
    report.incident.is_none()
        && matches!(
            report.state,
            ReportState::Received | ReportState::Assigned | ReportState::Reopened
        )
}
