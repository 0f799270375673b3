//! An incident that begins without reports, from an alarm or by hand, and reports that are put into it.
//!
//! [`begin`] and [`attach`] are parts of a transaction that somebody else has begun, such as that of a rule.

use std::sync::Arc;

use pendopo_domain::incidents::{
    AssignmentState, Clock, Incident, IncidentId, Place, Priority, Severity, Target,
};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Report, ReportId, Step};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, chains, clocks, incidents as rows, reports as report_rows};

use super::can_join;
use crate::configuration::{Configuration, must};
use crate::reports::{Change, checked_words};
use crate::{City, Error, Invalid, Problem, Result, actor_text, dispatch, playbooks};

/// The entry of a timeline that says that the incident was opened.
const FIRST_ENTRY: i64 = 1;

/// What an incident begins with when no report does.
#[derive(Clone, Debug)]
pub struct Signal {
    /// One of the city's services.
    pub service_code: String,
    pub priority: Priority,
    pub severity: Severity,
    pub place: Place,
    /// When it was noticed first, by whatever noticed it; t0.
    pub first_signal: Timestamp,
}

/// Begins an incident without reports, with the steps of its playbook; its state is `new`. Part of a transaction; the
/// caller has asked the policy, or acts as the city itself ([`City::itself`]).
///
/// # Errors
/// [`Error::Invalid`] on `service_code` when the city has no such service.
pub async fn begin(
    db: &mut Db,
    configuration: &Configuration,
    actor: &Actor,
    signal: &Signal,
    now: Timestamp,
) -> Result<Incident> {
    if configuration.service(&signal.service_code).is_none() {
        return Err(Invalid::one("service_code", Problem::Unknown));
    }
    let mut incident = Incident::new(
        &signal.service_code,
        signal.priority,
        signal.severity,
        signal.place,
        now,
    );
    incident.id = rows::insert(db, &incident).await?;
    let stream = chains::incident(incident.id);
    chains::append(db, &stream, now, "opened", &actor_text(actor), "city").await?;
    clocks::note(
        db,
        incident.id,
        Clock::FirstSignal,
        signal.first_signal.min(now),
    )
    .await?;
    clocks::note(db, incident.id, Clock::Made, now).await?;
    playbooks::start(db, configuration, &incident).await?;
    let event = Event::IncidentOpened {
        incident: incident.id,
        reports: vec![],
    };
    City::journal(db, now, &event).await?;
    Ok(incident)
}

/// Puts a report into an incident, and gives it to the team that is at work there, if one is. Of an incident that was
/// merged, into the one that it was merged into. Returns whether it was put: one that stands in an incident already, or
/// needs no one any more, stays where it is. Part of a transaction; the caller acts as the city itself
/// ([`City::itself`]), or has asked the policy.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] on `incident` when it is over.
pub async fn attach(
    db: &mut Db,
    configuration: &Arc<Configuration>,
    actor: &Actor,
    id: IncidentId,
    report: ReportId,
    now: Timestamp,
) -> Result<bool> {
    let mut incident = locked_whole(db, id).await?;
    if !incident.state.needs_action() {
        return Err(Invalid::one("incident", Problem::Unknown));
    }
    let report = report_rows::by_id_for_update(db, report)
        .await?
        .ok_or(Error::NotFound)?;
    if !can_join(&report) {
        return Ok(false);
    }
    let change = Change::without_words(configuration, &report, now);
    put_in(db, actor, &mut incident, &change, report).await?;
    Ok(true)
}

/// The incident, or the one that it was merged into, locked.
async fn locked_whole(db: &mut Db, mut id: IncidentId) -> Result<Incident> {
    loop {
        let incident = rows::by_id_for_update(db, id)
            .await?
            .ok_or(Error::NotFound)?;
        match incident.merged {
            Some(merged) => id = merged.into,
            None => return Ok(incident),
        }
    }
}

/// Puts a report that is locked into an incident that is locked, and stores both.
pub(super) async fn put_in(
    db: &mut Db,
    actor: &Actor,
    incident: &mut Incident,
    change: &Change,
    report: Report,
) -> Result<()> {
    let crews = rows::assignments_of(db, Target::Incident(incident.id)).await?;
    let team = crews.last().map(|held| held.team);
    incident.place_by(&report);
    incident.updated_at = change.now;
    rows::update(db, incident).await?;
    take_in(db, actor, change, report, incident.id, team).await?;
    let event = Event::IncidentJoined {
        incident: incident.id,
        report: change.id(),
    };
    Ok(City::journal(db, change.now, &event).await?)
}

/// Gives a report to the incident and to its team; a crew that was sent to the report alone is called back. As long as
/// no team is sent to the incident, the report keeps the one that it has.
pub(super) async fn take_in(
    db: &mut Db,
    actor: &Actor,
    change: &Change,
    mut report: Report,
    incident: IncidentId,
    team: Option<TeamId>,
) -> Result<()> {
    report.incident = Some(incident);
    let report = match team {
        Some(team) => {
            let report = change.take(db, report, Step::Assign { team }).await?;
            let alone = Target::Report(report.id);
            dispatch::end(db, alone, AssignmentState::Withdrawn, change.now).await?;
            report
        }
        None => {
            report_rows::update(db, &report).await?;
            report
        }
    };
    clocks::note(db, incident, Clock::FirstSignal, report.received_at).await?;
    let (stream, by) = (chains::incident(incident), actor_text(actor));
    let subject = format!("report:{}", report.id);
    chains::append(db, &stream, change.now, "report_joined", &by, &subject).await?;
    Ok(())
}

/// Gives the reports that wait in an incident to the team that is sent to it.
pub(crate) async fn give_waiting(
    db: &mut Db,
    configuration: &Arc<Configuration>,
    id: IncidentId,
    team: TeamId,
    now: Timestamp,
) -> Result<()> {
    for report in report_rows::of_incident(db, id).await? {
        if !report.state.is_open() || report.team.is_some() {
            continue;
        }
        let Some(report) = report_rows::by_id_for_update(db, report.id).await? else {
            continue;
        };
        let change = Change::without_words(configuration, &report, now);
        change.take(db, report, Step::Assign { team }).await?;
    }
    Ok(())
}

/// An incident that somebody at the desk begins by hand: a call, a word in the room.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] on `service_code`, or on `words`.
pub async fn begin_by_hand(
    city: &City,
    actor: &Actor,
    signal: Signal,
    words: Option<String>,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    let words = checked_words(words)?;
    let configuration = city.configuration();
    let active = |code: &str| {
        configuration
            .service(code)
            .is_some_and(|known| known.active)
    };
    if !active(&signal.service_code) {
        return Err(Invalid::one("service_code", Problem::Unknown));
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let incident = begin(db, &configuration, &actor, &signal, now).await?;
                clocks::note(db, incident.id, Clock::Seen, now).await?;
                if let Some(words) = words {
                    // It holds no secret report: the words need no key.
                    let stream = chains::incident(incident.id);
                    rows::add_note(db, &stream, FIRST_ENTRY, &words).await?;
                }
                Ok(incident)
            })
        })
        .await
}
