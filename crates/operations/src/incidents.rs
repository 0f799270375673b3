//! Incidents: opened from reports, worked by crews, resolved for all of their reports at once.

use pendopo_domain::incidents::{
    AssignmentId, AssignmentState, Incident, IncidentId, Priority, State, Target,
};
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::TeamId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::{Report, ReportId, State as ReportState, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::{Db, StoreError, chains, incidents as rows, reports as report_rows};

use crate::configuration::must;
use crate::dispatch::{self, Evidence};
use crate::identity::subject;
use crate::reports::{Change, checked_words};
use crate::{City, Error, Invalid, Problem, Result, actor_text, limits};

/// Opens an incident from one or more open reports and sends a team.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`] for a report; [`Error::Refused`] for a report that is closed;
/// [`Error::Invalid`] on `reports` when one stands in another incident already.
pub async fn open(
    city: &City,
    actor: &Actor,
    reports: Vec<ReportId>,
    priority: Priority,
    team: TeamId,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    if reports.is_empty() {
        return Err(Invalid::one("reports", Problem::Missing));
    }
    if city.configuration().team(team).is_none() {
        return Err(Invalid::one("team", Problem::Unknown));
    }
    let changes = prepare_all(city, &reports, None).await?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut members = Vec::new();
                for change in &changes {
                    members.push(joinable(db, change, &actor).await?);
                }
                let Some(first) = members.first() else {
                    return Err(Error::NotFound);
                };
                let mut incident = Incident {
                    id: IncidentId(0),
                    state: State::Dispatched,
                    priority,
                    service_code: first.service_code.clone(),
                    area: first.area,
                    position: first.position,
                    opened_at: now,
                    updated_at: now,
                    resolved_at: None,
                };
                incident.id = rows::insert(db, &incident).await?;
                let by = actor_text(&actor);
                let stream = chains::incident(incident.id);
                chains::append(db, &stream, now, "opened", &by, "city").await?;
                for (change, report) in changes.iter().zip(members) {
                    take_in(db, change, report, incident.id, team).await?;
                    let subject = format!("report:{}", change.id());
                    chains::append(db, &stream, now, "report_joined", &by, &subject).await?;
                }
                dispatch::send(db, team, Target::Incident(incident.id), now).await?;
                chains::append(db, &stream, now, "dispatched", &by, &format!("team:{team}"))
                    .await?;
                let ids = changes.iter().map(Change::id).collect();
                City::journal(
                    db,
                    now,
                    &Event::IncidentOpened {
                        incident: incident.id,
                        reports: ids,
                    },
                )
                .await?;
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
    let changes = prepare_all(city, &[report], None).await?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if !incident.state.needs_action() {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                let crews = rows::assignments_of(db, Target::Incident(id)).await?;
                let team = crews.last().map(|held| held.team).ok_or(Error::NotFound)?;
                for change in &changes {
                    let report = joinable(db, change, &actor).await?;
                    take_in(db, change, report, id, team).await?;
                    let subject = format!("report:{}", change.id());
                    let stream = chains::incident(id);
                    chains::append(
                        db,
                        &stream,
                        now,
                        "report_joined",
                        &actor_text(&actor),
                        &subject,
                    )
                    .await?;
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

async fn prepare_all(
    city: &City,
    reports: &[ReportId],
    words: Option<&str>,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for id in reports {
        changes.push(Change::prepare(city, *id, words.map(str::to_owned)).await?);
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
    Ok(())
}

/// Sends one more team.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] when the incident is over.
pub async fn send_team(city: &City, actor: &Actor, id: IncidentId, team: TeamId) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    if city.configuration().team(team).is_none() {
        return Err(Invalid::one("team", Problem::Unknown));
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if !incident.state.needs_action() {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                dispatch::send(db, team, Target::Incident(id), now).await?;
                let stream = chains::incident(id);
                chains::append(
                    db,
                    &stream,
                    now,
                    "dispatched",
                    &actor_text(&actor),
                    &format!("team:{team}"),
                )
                .await?;
                Ok(())
            })
        })
        .await
}

/// Writes words on the timeline.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`.
pub async fn note(city: &City, actor: &Actor, id: IncidentId, words: String) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let words =
        checked_words(Some(words))?.ok_or_else(|| Invalid::one("words", Problem::Missing))?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                let stream = chains::incident(id);
                let by = actor_text(&actor);
                let position = chains::append(db, &stream, now, "note", &by, "city").await?;
                rows::add_note(db, &stream, position, &words).await?;
                Ok(())
            })
        })
        .await
}

/// The city says that the incident is resolved: so are all of its open reports, and each reporter is asked.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `words`, or on `incident` when it is over.
pub async fn resolve(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    resolve_as(city, actor, id, evidence, None).await
}

/// Resolves for the desk, or for the crew of `assignment`.
pub(crate) async fn resolve_as(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    evidence: Evidence,
    assignment: Option<AssignmentId>,
) -> Result<Incident> {
    let words = evidence.checked()?;
    let members = report_rows::of_incident(&mut city.store().read().await?, id).await?;
    let any_secret = members
        .iter()
        .any(|report| report.visibility == Visibility::Secret);
    let open: Vec<ReportId> = members
        .iter()
        .filter(|report| report.state.is_open())
        .map(|report| report.id)
        .collect();
    let changes = prepare_all(city, &open, words.as_deref()).await?;
    let mut photos = Vec::new();
    for report in &open {
        photos.extend(dispatch::after_photo(city, &evidence, *report).await?);
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if let Some(assignment) = assignment {
                    let held = rows::assignment(db, assignment, true)
                        .await?
                        .ok_or(Error::NotFound)?;
                    if !allows(
                        &actor,
                        Action::WorkTask,
                        Subject::Work {
                            team: Some(held.team),
                        },
                    ) {
                        return Err(Error::Denied(Action::WorkTask));
                    }
                }
                if !incident.state.may_become(State::Resolved) {
                    return Err(Invalid::one("incident", Problem::Unknown));
                }
                resolve_reports(db, &changes, photos).await?;
                dispatch::end(db, Target::Incident(id), AssignmentState::Cleared, now).await?;
                incident.resolved_at = Some(now);
                change_state(db, &actor, &mut incident, State::Resolved, now).await?;
                // Words about a secret report are sealed with it and stand nowhere else.
                if let Some(words) = words.as_ref().filter(|_| !any_secret) {
                    let stream = chains::incident(id);
                    let position =
                        chains::append(db, &stream, now, "note", &actor_text(&actor), "city")
                            .await?;
                    rows::add_note(db, &stream, position, words).await?;
                }
                Ok(incident)
            })
        })
        .await
}

async fn resolve_reports(db: &mut Db, changes: &[Change], photos: Vec<Photo>) -> Result<()> {
    for photo in photos {
        photo_rows::insert(db, &photo).await?;
    }
    for change in changes {
        let Some(report) = report_rows::by_id_for_update(db, change.id()).await? else {
            continue;
        };
        // One that was referred or closed since stays as it is.
        if report.state.is_open() {
            change.take(db, report, Step::Resolve).await?;
        }
    }
    Ok(())
}

/// Another role's word that it is done, or the end of the file.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] on `state`.
pub async fn set_state(
    city: &City,
    actor: &Actor,
    id: IncidentId,
    state: State,
) -> Result<Incident> {
    must(actor, Action::OpenIncident)?;
    if !matches!(state, State::Contained | State::Verified | State::Closed) {
        return Err(Invalid::one("state", Problem::Unknown));
    }
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut incident = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if !incident.state.may_become(state) {
                    return Err(Invalid::one("state", Problem::Unknown));
                }
                change_state(db, &actor, &mut incident, state, now).await?;
                Ok(incident)
            })
        })
        .await
}

async fn change_state(
    db: &mut Db,
    actor: &Actor,
    incident: &mut Incident,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let from = incident.state;
    incident.state = state;
    incident.updated_at = now;
    rows::update(db, incident).await?;
    let stream = chains::incident(incident.id);
    chains::append(db, &stream, now, state.word(), &actor_text(actor), "city").await?;
    City::journal(
        db,
        now,
        &Event::IncidentChanged {
            incident: incident.id,
            from,
            to: state,
        },
    )
    .await
}

/// What a crew did, on the timeline; moves the incident on when that follows.
pub(crate) async fn note_crew(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    kind: &str,
    subject: &str,
    next: Option<State>,
    now: Timestamp,
) -> Result<()> {
    let mut incident = rows::by_id_for_update(db, id)
        .await?
        .ok_or(Error::NotFound)?;
    chains::append(
        db,
        &chains::incident(id),
        now,
        kind,
        &actor_text(actor),
        subject,
    )
    .await?;
    if let Some(next) =
        next.filter(|next| *next != incident.state && incident.state.may_become(*next))
    {
        let from = incident.state;
        incident.state = next;
        City::journal(
            db,
            now,
            &Event::IncidentChanged {
                incident: id,
                from,
                to: next,
            },
        )
        .await?;
    }
    incident.updated_at = now;
    rows::update(db, &incident).await?;
    Ok(())
}

/// A reporter said *not yet*: the incident is open again and its team goes out again.
pub(crate) async fn reopen(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    team: Option<TeamId>,
    now: Timestamp,
) -> Result<()> {
    let Some(mut incident) = rows::by_id_for_update(db, id).await? else {
        return Ok(());
    };
    if !incident.state.may_become(State::Reopened) {
        return Ok(());
    }
    incident.resolved_at = None;
    change_state(db, actor, &mut incident, State::Reopened, now).await?;
    if let Some(team) = team {
        dispatch::send(db, team, Target::Incident(id), now).await?;
    }
    Ok(())
}

/// The desk opens an incident again; its last team goes out again. Its reports stay as their reporters left them.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] on `state` when it is not over.
pub async fn reopen_at_desk(city: &City, actor: &Actor, id: IncidentId) -> Result<()> {
    must(actor, Action::OpenIncident)?;
    let (actor, now) = (actor.clone(), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let found = rows::by_id_for_update(db, id).await?;
                if !found
                    .ok_or(Error::NotFound)?
                    .state
                    .may_become(State::Reopened)
                {
                    return Err(Invalid::one("state", Problem::Unknown));
                }
                let crews = rows::assignments_of(db, Target::Incident(id)).await?;
                reopen(db, &actor, id, crews.last().map(|held| held.team), now).await
            })
        })
        .await
}

/// The last *not yet* was taken back before anyone went out: the incident is resolved as before.
pub(crate) async fn settle_again(
    db: &mut Db,
    actor: &Actor,
    id: IncidentId,
    now: Timestamp,
) -> Result<()> {
    let Some(mut incident) = rows::by_id_for_update(db, id).await? else {
        return Ok(());
    };
    let members = report_rows::of_incident(db, id).await?;
    let still_open = members.iter().any(|report| report.state.is_open());
    if incident.state != State::Reopened || still_open {
        return Ok(());
    }
    dispatch::end(db, Target::Incident(id), AssignmentState::Withdrawn, now).await?;
    incident.resolved_at = Some(now);
    change_state(db, actor, &mut incident, State::Resolved, now).await?;
    Ok(())
}

/// An incident with its reports, crews and timeline, as far as the actor may see them.
pub struct Seen {
    pub incident: Incident,
    pub reports: Vec<Report>,
    /// Reports of this incident that the actor may not see.
    pub hidden_reports: usize,
    pub crews: Vec<pendopo_domain::incidents::Assignment>,
    /// Newest first, with words where there are some.
    pub timeline: Vec<(chains::Entry, Option<String>)>,
}

/// Looks at one incident.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn see(city: &City, actor: &Actor, id: IncidentId) -> Result<Seen> {
    const TIMELINE: i64 = 200;
    let mut db = city.store().read().await?;
    let incident = rows::by_id(&mut db, id).await?.ok_or(Error::NotFound)?;
    let crews = rows::assignments_of(&mut db, Target::Incident(id)).await?;
    let team = |held: &pendopo_domain::incidents::Assignment| Subject::Work {
        team: Some(held.team),
    };
    let may = allows(actor, Action::SeeDesk, Subject::City)
        || crews
            .iter()
            .any(|held| allows(actor, Action::WorkTask, team(held)));
    if !may {
        return Err(Error::NotFound);
    }
    let all = report_rows::of_incident(&mut db, id).await?;
    let total = all.len();
    let visible = |report: &Report| {
        allows(actor, Action::SeeDesk, subject(report))
            || allows(actor, Action::WorkTask, subject(report))
    };
    let reports: Vec<Report> = all.into_iter().filter(visible).collect();
    let stream = chains::incident(id);
    let entries = chains::entries(&mut db, &stream, TIMELINE).await?;
    let mut notes: std::collections::BTreeMap<i64, String> =
        rows::notes(&mut db, &stream).await?.into_iter().collect();
    let timeline = entries
        .into_iter()
        .map(|entry| {
            let words = notes.remove(&entry.position);
            (entry, words)
        })
        .collect();
    Ok(Seen {
        incident,
        hidden_reports: total - reports.len(),
        reports,
        crews,
        timeline,
    })
}

/// Incidents for the desk: those that need someone, gravest first, or the latest of all.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(city: &City, actor: &Actor, only_open: bool) -> Result<Vec<Incident>> {
    must(actor, Action::SeeDesk)?;
    Ok(rows::list(
        &mut city.store().read().await?,
        only_open,
        limits::LIST_ROWS,
    )
    .await?)
}

/// Whether a report can still be put into an incident.
pub fn can_join(report: &Report) -> bool {
    report.incident.is_none()
        && matches!(
            report.state,
            ReportState::Received | ReportState::Assigned | ReportState::Reopened
        )
}
