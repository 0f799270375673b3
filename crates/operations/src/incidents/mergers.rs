//! Two incidents that are one, and one that is two.
//!
//! A merger moves reports and crews to the other incident and notes what it moved; both timelines stay as they are and
//! name each other. A split takes back what is still where the merger put it, or makes a new incident of some reports.

use pendopo_domain::incidents::{
    Assignment, Clock, Incident, IncidentId, Merged, Severity, State, Target,
};
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor, allows};
use pendopo_domain::reports::{Report, ReportId};
use pendopo_domain::time::Timestamp;
use pendopo_store::mergers::{self as moves, Moved};
use pendopo_store::{Db, alarms, chains, clocks, incidents as rows, reports as report_rows};

use super::clocks::note_crews;
use super::notes::{beside, write_with};
use super::states::change_state;
use super::{give_waiting, locked};
use crate::configuration::must;
use crate::identity::subject;
use crate::{City, Error, Invalid, Problem, Result, actor_text, playbooks};

/// Merges `id` into `into`: it becomes its duplicate, and its open reports and its crews follow.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`] (also for a report that the actor may not triage); [`Error::Invalid`] on
/// `into` for itself or one that is over, on `state` when `id` is over or merged already.
pub async fn merge(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    into: IncidentId,
    reason: Option<String>,
) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    if id == into {
        return Err(Invalid::one("into", Problem::Unknown));
    }
    let configuration = city.configuration();
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id, into], reason, move |db, note| {
        let (actor, configuration) = (actor.clone(), configuration.clone());
        Box::pin(async move {
            let mut merged = locked(db, &actor, id).await?;
            let mut whole = locked(db, &actor, into).await?;
            if !merged.state.may_become(State::Duplicate) {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            if !whole.state.needs_action() {
                return Err(Invalid::one("into", Problem::Unknown));
            }
            merged.merged = Some(Merged {
                into,
                before: merged.state,
            });
            move_reports(db, &actor, id, &mut whole).await?;
            move_crews(db, &actor, id, &mut whole, now).await?;
            move_alarms(db, id, into).await?;
            note_crews(db, id).await?;
            clocks::lend(db, id, into).await?;
            note_crews(db, into).await?;
            let last = rows::assignments_of(db, Target::Incident(into)).await?;
            if let Some(held) = last.iter().rfind(|held| held.state.is_active()) {
                give_waiting(db, &configuration, into, held.team, now).await?;
            }
            let about = format!("incident:{into}");
            let position =
                change_state(db, &actor, &mut merged, State::Duplicate, &about, now).await?;
            beside(db, note.as_ref(), position).await?;
            entry(db, &actor, into, "merged", &format!("incident:{id}"), now).await?;
            let event = Event::IncidentMerged { merged: id, into };
            Ok(City::journal(db, now, &event).await?)
        })
    })
    .await
}

async fn move_alarms(db: &mut Db, from: IncidentId, into: IncidentId) -> Result<()> {
    for alarm in alarms::of_incident(db, from).await? {
        moves::note(db, from, Moved::Alarm, alarm.id.0).await?;
    }
    Ok(alarms::move_incident(db, from, into).await?)
}

async fn take_alarms_back(db: &mut Db, id: IncidentId, into: IncidentId) -> Result<()> {
    let moved = moves::of(db, id, Moved::Alarm).await?;
    for mut alarm in alarms::of_incident(db, into).await? {
        if moved.contains(&alarm.id.0) {
            alarm.incident = Some(id);
            alarms::update(db, &alarm).await?;
        }
    }
    Ok(())
}

async fn move_reports(
    db: &mut Db,
    actor: &Actor,
    from: IncidentId,
    whole: &mut Incident,
) -> Result<()> {
    for report in report_rows::of_incident(db, from).await? {
        let mut report = triaged(db, actor, report.id).await?;
        moves::note(db, from, Moved::Report, report.id.0).await?;
        whole.place_by(&report);
        leave(db, from, &mut report, Some(whole.id)).await?;
    }
    Ok(())
}

/// The report, locked, if the actor may triage it.
async fn triaged(db: &mut Db, actor: &Actor, id: ReportId) -> Result<Report> {
    let found = report_rows::by_id_for_update(db, id).await?;
    let report = found.ok_or(Error::NotFound)?;
    if allows(actor, Action::TriageReport, subject(&report)) {
        Ok(report)
    } else {
        Err(Error::Denied(Action::TriageReport))
    }
}

/// A report leaves `from`; words that are sealed with it stay readable there.
pub(super) async fn leave(
    db: &mut Db,
    from: IncidentId,
    report: &mut Report,
    to: Option<IncidentId>,
) -> Result<()> {
    moves::note(db, from, Moved::Left, report.id.0).await?;
    report.incident = to;
    Ok(report_rows::update(db, report).await?)
}

/// Crews that are at work go on for the whole; those that are done stay in the file of what they did.
async fn move_crews(
    db: &mut Db,
    actor: &Actor,
    from: IncidentId,
    whole: &mut Incident,
    now: Timestamp,
) -> Result<()> {
    let crews = rows::assignments_of(db, Target::Incident(from)).await?;
    let crews: Vec<Assignment> = crews
        .into_iter()
        .filter(|held| held.state.is_active())
        .collect();
    for mut held in crews.iter().cloned() {
        moves::note(db, from, Moved::Assignment, held.id.0).await?;
        held.target = Target::Incident(whole.id);
        rows::update_assignment(db, &held).await?;
    }
    let reached = State::after_split(whole.state, crews.iter().map(|held| held.state));
    if reached != whole.state && whole.state.may_become(reached) {
        change_state(db, actor, whole, reached, "city", now).await?;
    } else {
        whole.updated_at = now;
        rows::update(db, whole).await?;
    }
    Ok(())
}

/// Splits a merged incident off again: it gets back what is still where the merger put it, and stands as before, or as
/// far as its crews have come meanwhile.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`]; [`Error::Invalid`] on `state` when it is not merged.
pub async fn split_back(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    reason: Option<String>,
) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let found = rows::by_id(&mut city.store().read().await?, id).await?;
    let merged = found.ok_or(Error::NotFound)?.merged;
    let into = merged
        .ok_or_else(|| Invalid::one("state", Problem::Unknown))?
        .into;
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id, into], reason, move |db, note| {
        let actor = actor.clone();
        Box::pin(async move {
            let mut incident = locked(db, &actor, id).await?;
            // Split off and merged again meanwhile: the actor has not seen into what.
            let held = incident.merged.filter(|merged| merged.into == into);
            let before = held
                .ok_or_else(|| Invalid::one("state", Problem::Unknown))?
                .before;
            for report in moves::of(db, id, Moved::Report).await? {
                let mut report = triaged(db, &actor, ReportId(report)).await?;
                if report.incident == Some(into) {
                    leave(db, into, &mut report, Some(id)).await?;
                }
            }
            let crews = take_crews_back(db, id, into).await?;
            take_alarms_back(db, id, into).await?;
            moves::forget(db, id).await?;
            clocks::take_back(db, id, into).await?;
            note_crews(db, id).await?;
            note_crews(db, into).await?;
            incident.merged = None;
            let state = State::after_split(before, crews.iter().map(|held| held.state));
            let about = format!("incident:{into}");
            let position = change_state(db, &actor, &mut incident, state, &about, now).await?;
            beside(db, note.as_ref(), position).await?;
            entry(db, &actor, into, "split", &format!("incident:{id}"), now).await?;
            let event = Event::IncidentSplit {
                split: id,
                from: into,
            };
            Ok(City::journal(db, now, &event).await?)
        })
    })
    .await
}

async fn take_crews_back(db: &mut Db, id: IncidentId, into: IncidentId) -> Result<Vec<Assignment>> {
    let mut crews = Vec::new();
    let moved = moves::of(db, id, Moved::Assignment).await?;
    for mut held in rows::assignments_of(db, Target::Incident(into)).await? {
        if moved.contains(&held.id.0) {
            held.target = Target::Incident(id);
            rows::update_assignment(db, &held).await?;
            crews.push(held);
        }
    }
    Ok(crews)
}

/// Makes a new incident of some reports of `id`, which is not over. They keep their team; no crew is sent by this.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`]; [`Error::Invalid`] on `reports` for none, or one that stands elsewhere, on
/// `state` when the incident is over.
pub async fn split_off(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    reports: Vec<ReportId>,
    reason: Option<String>,
) -> Result<IncidentId> {
    must(actor, Action::OpenIncident)?;
    if reports.is_empty() {
        return Err(Invalid::one("reports", Problem::Missing));
    }
    let configuration = city.configuration();
    let (actor, now) = (actor.clone(), city.now());
    write_with(city, &[id], reason, move |db, note| {
        let (actor, configuration) = (actor.clone(), configuration.clone());
        let mut asked = reports.clone();
        asked.sort_unstable();
        asked.dedup();
        Box::pin(async move {
            let old = locked(db, &actor, id).await?;
            if !old.state.needs_action() {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            let mut members = Vec::new();
            for report in asked {
                let report = triaged(db, &actor, report).await?;
                if report.incident != Some(id) || !report.state.is_open() {
                    return Err(Invalid::one("reports", Problem::Unknown));
                }
                members.push(report);
            }
            let new = insert_split(db, &old, &members, now).await?;
            entry(db, &actor, new.id, "opened", &format!("incident:{id}"), now).await?;
            playbooks::start(db, &configuration, &new).await?;
            for report in &mut members {
                leave(db, id, report, Some(new.id)).await?;
                let about = format!("report:{}", report.id);
                entry(db, &actor, new.id, "report_joined", &about, now).await?;
                clocks::note(db, new.id, Clock::FirstSignal, report.received_at).await?;
            }
            let about = format!("incident:{}", new.id);
            let position = entry(db, &actor, id, "split", &about, now).await?;
            beside(db, note.as_ref(), position).await?;
            let event = Event::IncidentSplit {
                split: new.id,
                from: id,
            };
            City::journal(db, now, &event).await?;
            Ok(new.id)
        })
    })
    .await
}

async fn insert_split(
    db: &mut Db,
    old: &Incident,
    members: &[Report],
    now: Timestamp,
) -> Result<Incident> {
    let place = pendopo_domain::incidents::Place::of(members).unwrap_or_default();
    let service = members
        .first()
        .map_or(&old.service_code, |report| &report.service_code);
    let mut new = Incident::new(service, old.priority, Severity::Unknown, place, now);
    (new.state, new.severity) = (State::Open, old.severity);
    new.id = rows::insert(db, &new).await?;
    clocks::note(db, new.id, Clock::Seen, now).await?;
    clocks::note(db, new.id, Clock::Made, now).await?;
    Ok(new)
}

async fn entry(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    kind: &str,
    about: &str,
    now: Timestamp,
) -> Result<i64> {
    let (stream, by) = (chains::incident(id), actor_text(actor));
    Ok(chains::append(db, &stream, now, kind, &by, about).await?)
}
