//! Crews: sent to an incident or to a report, and what they say from there.

mod press;

use pendopo_domain::incidents::{Assignment, AssignmentId, AssignmentState, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::{PersonId, Report, ReportId, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_domain::units::UnitId;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::reports::{self as report_rows, Sealed};
use pendopo_store::{Db, StoreError, chains, incidents as rows};

pub use self::press::{Outcome, Press, Pressed, advance, press};
use crate::identity::subject;
use crate::incidents::Hand;
use crate::photos::Prepared;
use crate::reports::{Change, checked_words, open_sealed};
use crate::{City, Error, Invalid, Problem, Result, actor_text, incidents, photos};

/// Sends a team to `target`; part of the transaction that decides it.
pub(crate) async fn send(
    db: &mut Db,
    team: TeamId,
    target: Target,
    now: Timestamp,
) -> Result<AssignmentId, StoreError> {
    let held = send_crew(db, team, None, target, now).await?;
    Ok(held.id)
}

/// Sends a team, or a unit of it that is free; see [`crate::units::free`].
pub(crate) async fn send_crew(
    db: &mut Db,
    team: TeamId,
    unit: Option<UnitId>,
    target: Target,
    now: Timestamp,
) -> Result<Assignment, StoreError> {
    let id = rows::dispatch(db, team, unit, target, now).await?;
    let held = rows::assignment(db, id, false).await?;
    let held = held.ok_or_else(|| StoreError::Corrupt(format!("assignment {id} is not there")))?;
    told(db, &held, now).await?;
    Ok(held)
}

/// A crew as the subject of an entry of a timeline: its unit, or else its team.
pub(crate) fn about(held: &Assignment) -> String {
    match held.unit {
        Some(unit) => format!("unit:{unit}"),
        None => format!("team:{}", held.team),
    }
}

/// What a step on a report means for crews that were sent to it: a new team replaces the old one, an end calls it back.
pub(crate) async fn follow(
    db: &mut Db,
    report: &Report,
    step: &Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    let target = Target::Report(report.id);
    match step {
        Step::Assign { team } => {
            let active = rows::assignments_of(db, target).await?;
            if active
                .iter()
                .any(|held| held.state.is_active() && held.team == *team)
            {
                return Ok(());
            }
            end(db, target, AssignmentState::Withdrawn, now).await?;
            // In an incident the crew is sent to the incident.
            if report.incident.is_none() {
                send(db, *team, target, now).await?;
            }
        }
        Step::Resolve => end(db, target, AssignmentState::Cleared, now).await?,
        Step::Answer { .. } | Step::Lapse => {}
        Step::Refer | Step::MarkDuplicate { .. } | Step::CloseNotFixed => {
            end(db, target, AssignmentState::Withdrawn, now).await?;
        }
    }
    Ok(())
}

/// Ends every crew's assignment to `target`.
pub(crate) async fn end(
    db: &mut Db,
    target: Target,
    state: AssignmentState,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut assignment in rows::assignments_of(db, target).await? {
        if assignment.state.is_active() {
            set(db, &mut assignment, state, now).await?;
        }
    }
    Ok(())
}

pub(crate) async fn set(
    db: &mut Db,
    assignment: &mut Assignment,
    state: AssignmentState,
    now: Timestamp,
) -> Result<(), StoreError> {
    assignment.reach(state, now);
    rows::update_assignment(db, assignment).await?;
    told(db, assignment, now).await
}

/// Clocks and journal of an assignment that has changed.
async fn told(db: &mut Db, held: &Assignment, now: Timestamp) -> Result<(), StoreError> {
    incidents::note_crew_clocks(db, held).await?;
    let event = Event::AssignmentChanged {
        assignment: held.id,
        team: held.team,
        state: held.state,
    };
    City::journal(db, now, &event).await
}

/// What the actor's teams have to do now; every team's work for those who dispatch the whole city.
///
/// # Errors
/// [`Error::Denied`].
pub async fn active(city: &City, actor: &Actor) -> Result<Vec<Assignment>> {
    const MOST: i64 = 500;
    let mut db = city.store().read().await?;
    let all = rows::active_assignments(&mut db, None, MOST).await?;
    Ok(all
        .into_iter()
        .filter(|held| allows(actor, Action::WorkTask, work(held)))
        .collect())
}

/// One assignment for someone who works it.
///
/// # Errors
/// [`Error::NotFound`] also when it is another team's.
pub async fn see(city: &City, actor: &Actor, id: AssignmentId) -> Result<Assignment> {
    let mut db = city.store().read().await?;
    let found = rows::assignment(&mut db, id, false)
        .await?
        .ok_or(Error::NotFound)?;
    if allows(actor, Action::WorkTask, work(&found)) {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}

fn work(assignment: &Assignment) -> Subject {
    Subject::Work {
        team: Some(assignment.team),
    }
}

/// The assignment, locked until the end of the transaction, for an actor who works it.
pub(crate) async fn locked(db: &mut Db, actor: &Actor, id: AssignmentId) -> Result<Assignment> {
    let held = rows::assignment(db, id, true)
        .await?
        .ok_or(Error::NotFound)?;
    if allows(actor, Action::WorkTask, work(&held)) {
        Ok(held)
    } else {
        Err(Error::Denied(Action::WorkTask))
    }
}

/// How many tasks `team`, or every team, has cleared since midnight in the city.
///
/// # Errors
/// [`Error::Denied`].
pub async fn cleared_today(city: &City, actor: &Actor, team: Option<TeamId>) -> Result<i64> {
    if !allows(actor, Action::WorkTask, Subject::Work { team }) {
        return Err(Error::Denied(Action::WorkTask));
    }
    let configuration = city.configuration();
    let today = configuration.calendar.date_of(city.now());
    let since = configuration.calendar.start_of(today);
    Ok(rows::cleared_since(&mut city.store().read().await?, team, since).await?)
}

/// Writes words of the desk to the crew of one report. Neither its reporter nor the public reads them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Invalid`] on `words`.
pub async fn note(city: &City, actor: &Actor, id: ReportId, words: &str) -> Result<()> {
    let words = checked_words(Some(words.to_owned()))?
        .ok_or_else(|| Invalid::one("words", Problem::Missing))?;
    let found = report_rows::by_id(&mut city.store().read().await?, id).await?;
    let report = found.ok_or(Error::NotFound)?;
    if !allows(actor, Action::TriageReport, subject(&report)) {
        return Err(Error::Denied(Action::TriageReport));
    }
    let secret = report.visibility == Visibility::Secret;
    let sealed = match &report.person {
        Some(person) if secret => seal_note(city, person, &words).await?,
        _ => None,
    };
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let found = report_rows::by_id_for_update(db, id).await?;
                let report = found.ok_or(Error::NotFound)?;
                if !allows(&actor, Action::TriageReport, subject(&report)) {
                    return Err(Error::Denied(Action::TriageReport));
                }
                let (stream, by) = (chains::report(id), actor_text(&actor));
                let position = chains::append(db, &stream, now, "note", &by, "city").await?;
                // Not for one who was erased meanwhile.
                let sealed = sealed.filter(|(person, _)| report.person.as_ref() == Some(person));
                if let Some((person, ciphertext)) = &sealed {
                    report_rows::put_sealed(db, id, Sealed::Note, person, ciphertext).await?;
                } else if !secret {
                    rows::add_note(db, &stream, position, &words).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn seal_note(
    city: &City,
    person: &PersonId,
    words: &str,
) -> Result<Option<(PersonId, Vec<u8>)>> {
    let Some(key) = city.store().keys().open(person).await? else {
        return Ok(None);
    };
    let place = Sealed::Note.place(person);
    let sealed = key.seal(&place, words.as_bytes(), city.entropy())?;
    Ok(Some((person.clone(), sealed)))
}

/// What the desk wrote to the crews of a report, newest first; of a secret one only the last is kept. The caller has
/// asked the policy for the report.
///
/// # Errors
/// When the database does not answer.
pub async fn notes(city: &City, report: &Report) -> Result<Vec<(chains::Entry, Option<String>)>> {
    const MOST: i64 = 100;
    let stream = chains::report(report.id);
    let mut db = city.store().read().await?;
    let entries = chains::entries(&mut db, &stream, MOST).await?;
    let mut words: std::collections::BTreeMap<i64, String> =
        rows::notes(&mut db, &stream).await?.into_iter().collect();
    drop(db);
    if let (Visibility::Secret, Some(newest)) = (report.visibility, entries.first()) {
        let opened = open_sealed(city, report, Sealed::Note).await?;
        words
            .extend(opened.and_then(|text| Some((newest.position, String::from_utf8(text).ok()?))));
    }
    Ok(entries
        .into_iter()
        .map(|entry| {
            let text = words.remove(&entry.position);
            (entry, text)
        })
        .collect())
}

/// How the city shows that something is done.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub words: Option<String>,
    pub photo: Option<Prepared>,
}

impl Evidence {
    /// The words, checked; an after-photo or a written reason is needed.
    pub(crate) fn checked(&self) -> Result<Option<String>> {
        let words = checked_words(self.words.clone())?;
        if words.is_none() && self.photo.is_none() {
            return Err(Invalid::one("words", Problem::Missing));
        }
        Ok(words)
    }
}

/// The crew says that it is done, with an after-photo or a reason. That resolves the report, or the incident with those
/// of its reports that are this team's; each reporter is asked. See [`incidents::resolve`].
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Refused`], [`Error::Invalid`] on `words`.
pub async fn finish(
    city: &City,
    actor: &Actor,
    id: AssignmentId,
    evidence: Evidence,
) -> Result<()> {
    let held = see(city, actor, id).await?;
    match held.target {
        Target::Incident(incident) => {
            let hand = Hand::Crew(id);
            incidents::resolve_as(city, actor, incident, evidence, hand)
                .await
                .map(|_| ())
        }
        Target::Report(report) => {
            let words = evidence.checked()?;
            let change = Change::prepare(city, report, words).await?;
            let photo = after_photo(city, &evidence, report).await?;
            let actor = actor.clone();
            city.store()
                .write(move |db| {
                    Box::pin(async move {
                        let assignment = locked(db, &actor, id).await?;
                        if !assignment.state.is_active() {
                            return Err(Invalid::one("state", Problem::Unknown));
                        }
                        let report = change.locked(db, &actor, Action::WorkTask).await?;
                        if let Some(photo) = &photo {
                            photo_rows::insert(db, photo).await?;
                        }
                        let report = change.take(db, report, Step::Resolve).await?;
                        follow(db, &report, &Step::Resolve, change.now).await?;
                        Ok(())
                    })
                })
                .await
        }
    }
}

/// The desk says that a report is resolved, with an after-photo or a reason. Its crew is called back; its reporter is
/// asked.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Refused`], [`Error::Invalid`] on `words`.
pub async fn resolve_at_desk(
    city: &City,
    actor: &Actor,
    id: ReportId,
    evidence: Evidence,
) -> Result<Report> {
    let words = evidence.checked()?;
    let change = Change::prepare(city, id, words).await?;
    let photo = after_photo(city, &evidence, id).await?;
    let actor = actor.clone();
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let report = change.locked(db, &actor, Action::TriageReport).await?;
                if let Some(photo) = &photo {
                    photo_rows::insert(db, photo).await?;
                }
                let report = change.take(db, report, Step::Resolve).await?;
                follow(db, &report, &Step::Resolve, change.now).await?;
                Ok(report)
            })
        })
        .await
}

/// Stores the after-photo for one report, sealed if that report is secret.
pub(crate) async fn after_photo(
    city: &City,
    evidence: &Evidence,
    report: pendopo_domain::reports::ReportId,
) -> Result<Option<Photo>> {
    let Some(photo) = &evidence.photo else {
        return Ok(None);
    };
    let mut db = city.store().read().await?;
    let found = pendopo_store::reports::by_id(&mut db, report)
        .await?
        .ok_or(Error::NotFound)?;
    drop(db);
    let key = match (found.visibility, &found.person) {
        (pendopo_domain::reports::Visibility::Secret, Some(person)) => {
            city.store().keys().open(person).await?
        }
        _ => None,
    };
    if key.is_none() && found.visibility == pendopo_domain::reports::Visibility::Secret {
        // Its person was erased: like the words, a photo has no key to be sealed with.
        return Ok(None);
    }
    let stored = photos::store(city, photo, "after", key.as_ref()).await?;
    Ok(Some(Photo {
        report_id: Some(report.0),
        ..stored
    }))
}
