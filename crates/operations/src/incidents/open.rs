//! From reports to an incident: opening one, and joining one.

use pendopo_domain::incidents::{Clock, Incident, IncidentId, Place, Priority, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Report, ReportId, State as ReportState};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, chains, clocks, incidents as rows};

use super::begin::{put_in, take_in};
use super::locked;
use crate::configuration::must;
use crate::reports::Change;
use crate::{City, Error, Invalid, Problem, Result, actor_text, dispatch, playbooks};

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
    let (actor, now, configuration) = (actor.clone(), city.now(), city.configuration());
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
                clocks::note(db, incident.id, Clock::Made, now).await?;
                let seen = first_look(db, &members, now).await?;
                clocks::note(db, incident.id, Clock::Seen, seen).await?;
                playbooks::start(db, &configuration, &incident).await?;
                for (change, report) in changes.iter().zip(members) {
                    take_in(db, &actor, change, report, incident.id, Some(team)).await?;
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
                for change in &changes {
                    let report = joinable(db, change, &actor).await?;
                    put_in(db, &actor, &mut incident, change, report).await?;
                }
                clocks::note(db, id, Clock::Seen, now).await?;
                Ok(())
            })
        })
        .await
}

/// When somebody at the desk looked at one of the reports first; `now` if nobody has.
async fn first_look(db: &mut Db, reports: &[Report], now: Timestamp) -> Result<Timestamp> {
    let mut first = now;
    for report in reports {
        let looked = clocks::looked_at(db, report.id).await?;
        first = looked.map_or(first, |at| at.min(first));
    }
    Ok(first)
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

/// Whether a report can still be put into an incident.
pub fn can_join(report: &Report) -> bool {
    report.incident.is_none()
        && matches!(
            report.state,
            ReportState::Received | ReportState::Assigned | ReportState::Reopened
        )
}
