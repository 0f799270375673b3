//! The city says that an incident is resolved, and with it its reports.

use std::collections::BTreeMap;

use pendopo_domain::incidents::{
    Assignment, AssignmentId, AssignmentState, Clock, Incident, IncidentId, State, Target,
};
use pendopo_domain::policy::{Action, Actor, allows};
use pendopo_domain::reports::{Report, ReportId, Step};
use pendopo_domain::time::Timestamp;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::{Db, chains, clocks, incidents as rows, reports as report_rows};

use super::locked;
use super::notes::Note;
use super::states::change_state;
use crate::configuration::must;
use crate::dispatch::{self, Evidence};
use crate::identity::subject;
use crate::reports::Change;
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// What came of saying that an incident is resolved.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub incident: Incident,
    /// Open reports of the incident that the actor may not resolve. Those that the actor may are resolved all the same;
    /// the incident is not as long as one is left.
    pub left: usize,
}

/// Who says it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    Desk,
    /// The crew of this assignment.
    Crew(AssignmentId),
}

impl Hand {
    /// What is asked of the policy for each report.
    const fn action(self) -> Action {
        match self {
            Self::Desk => Action::TriageReport,
            Self::Crew(_) => Action::WorkTask,
        }
    }
}

/// The city says that the incident is resolved: so are its open reports, and each reporter is asked.
///
/// The policy is asked for each report. One that the actor may not resolve stays open, and then the incident does too:
/// [`Resolution::left`] says how many.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`, or on `incident` when it is over.
pub async fn resolve(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
) -> Result<Resolution> {
    must(actor, Action::OpenIncident)?;
    resolve_as(city, actor, id, evidence, Hand::Desk).await
}

/// Resolves for the desk, or for a crew.
pub(crate) async fn resolve_as(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
    hand: Hand,
) -> Result<Resolution> {
    let words = evidence.checked()?;
    let mut ready = Ready::new();
    // Once more only when a report joined between the look and the lock.
    loop {
        prepare(city, actor, id, &evidence, hand, &mut ready).await?;
        let note = match &words {
            Some(words) => Some(Note::prepare(city, id, words).await?),
            None => None,
        };
        let (actor, now, ready) = (actor.clone(), city.now(), ready.clone());
        let done = city
            .store()
            .write(move |db| {
                Box::pin(async move { write(db, &actor, id, hand, &ready, note, now).await })
            })
            .await?;
        if let Some(resolution) = done {
            return Ok(resolution);
        }
    }
}

/// What each report needs inside the transaction: its change and, if there is one, its photo.
type Ready = BTreeMap<ReportId, (Change, Option<Photo>)>;

/// Makes ready what is not yet, of the reports that the actor may resolve.
async fn prepare(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: &Evidence,
    hand: Hand,
    ready: &mut Ready,
) -> Result<()> {
    let members = report_rows::of_incident(&mut city.store().read().await?, id).await?;
    for report in members {
        let due = report.state.is_open() && allows(actor, hand.action(), subject(&report));
        if due && !ready.contains_key(&report.id) {
            let change = Change::prepare(city, report.id, evidence.checked()?).await?;
            let photo = dispatch::after_photo(city, evidence, report.id).await?;
            ready.insert(report.id, (change, photo));
        }
    }
    Ok(())
}

/// The transaction. `None`, and nothing is changed, when there is a report that is not ready.
async fn write(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    hand: Hand,
    ready: &Ready,
    note: Option<Note>,
    now: Timestamp,
) -> Result<Option<Resolution>> {
    let (mut incident, crew) = begin(db, actor, id, hand).await?;
    let members = locked_members(db, id).await?;
    let open = members.iter().filter(|report| report.state.is_open());
    let (mine, others): (Vec<&Report>, Vec<&Report>) =
        open.partition(|report| allows(actor, hand.action(), subject(report)));
    let known = mine.iter().all(|report| ready.contains_key(&report.id));
    if !known || note.as_ref().is_some_and(|note| !note.fits(&members)) {
        return Ok(None);
    }
    // From now on the page of each reporter says so, and asks.
    let told = !mine.is_empty();
    for report in mine {
        if let Some((change, photo)) = ready.get(&report.id) {
            if let Some(photo) = photo {
                photo_rows::insert(db, photo).await?;
            }
            change.take(db, report.clone(), Step::Resolve).await?;
        }
    }
    if told {
        clocks::note(db, id, Clock::Told, now).await?;
    }
    let left = others.len();
    if left == 0 {
        dispatch::end(db, Target::Incident(id), AssignmentState::Cleared, now).await?;
        incident.resolved_at = Some(now);
        change_state(db, actor, &mut incident, State::Resolved, "city", now).await?;
    } else {
        leave_open(db, actor, &mut incident, crew, left, now).await?;
    }
    if let Some(note) = note {
        note.write(db, actor, &members, now).await?;
    }
    Ok(Some(Resolution { incident, left }))
}

/// The incident and, for a crew, its assignment, both locked, if the actor may and it is not over.
async fn begin(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    hand: Hand,
) -> Result<(Incident, Option<Assignment>)> {
    let (incident, crew) = match hand {
        Hand::Desk => (locked(db, actor, id).await?, None),
        Hand::Crew(assignment) => {
            let found = rows::by_id_for_update(db, id).await?;
            let held = dispatch::locked(db, actor, assignment).await?;
            if !held.state.is_active() {
                return Err(Invalid::one("state", Problem::Unknown));
            }
            (found.ok_or(Error::NotFound)?, Some(held))
        }
    };
    if !incident.state.may_become(State::Resolved) {
        return Err(Invalid::one("incident", Problem::Unknown));
    }
    Ok((incident, crew))
}

/// The reports of an incident that is locked: none joins, and none of these changes until the end.
async fn locked_members(db: &mut Db, id: IncidentId) -> Result<Vec<Report>> {
    let mut members = Vec::new();
    for report in report_rows::of_incident(db, id).await? {
        members.extend(report_rows::by_id_for_update(db, report.id).await?);
    }
    Ok(members)
}

/// The timeline says how many reports are left; a crew is done with its part.
async fn leave_open(
    db: &mut Db,
    actor: &Actor,
    incident: &mut Incident,
    crew: Option<Assignment>,
    left: usize,
    now: Timestamp,
) -> Result<()> {
    let (stream, by) = (chains::incident(incident.id), actor_text(actor));
    if let Some(mut held) = crew {
        dispatch::set(db, &mut held, AssignmentState::Cleared, now).await?;
        let about = dispatch::about(&held);
        chains::append(db, &stream, now, "cleared", &by, &about).await?;
    }
    let left = format!("left:{left}");
    chains::append(db, &stream, now, "left_open", &by, &left).await?;
    incident.updated_at = now;
    rows::update(db, incident).await?;
    Ok(())
}
