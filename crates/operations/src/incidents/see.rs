//! Incidents as far as an actor may see them.

use pendopo_domain::alarms::Alarm;
use pendopo_domain::incidents::{Clocks, Incident, IncidentId, Target};
use pendopo_domain::playbooks::Step;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::reports::{Report, Visibility};
use pendopo_store::{alarms, chains, clocks, incidents as rows, playbooks, reports as report_rows};

use super::notes::open_sealed;
use super::states::own_work;
use crate::configuration::must;
use crate::identity::subject;
use crate::{City, Error, Result, limits};

/// An incident with its reports, crews and timeline, as far as the actor may see them.
pub struct Seen {
    pub incident: Incident,
    pub reports: Vec<Report>,
    /// Reports of this incident that the actor may not see.
    pub hidden_reports: usize,
    /// The alarms that opened or joined it, oldest first.
    pub alarms: Vec<Alarm>,
    pub crews: Vec<pendopo_domain::incidents::Assignment>,
    /// Incidents that were merged into this one.
    pub merged: Vec<Incident>,
    pub clocks: Clocks,
    /// Of its playbook, in order.
    pub steps: Vec<Step>,
    /// The actor is the one who declared it resolved, so somebody else has to verify that.
    pub own_work: bool,
    /// Newest first, with words where there are some that the actor may read.
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
    let alarms = alarms::of_incident(&mut db, id).await?;
    let all = report_rows::of_incident(&mut db, id).await?;
    let visible = |report: &&Report| {
        allows(actor, Action::SeeDesk, subject(report))
            || allows(actor, Action::WorkTask, subject(report))
    };
    let reports: Vec<Report> = all.iter().filter(visible).cloned().collect();
    // Words may be sealed with a report that has left the incident since.
    let mut readable = all.clone();
    readable.extend(report_rows::that_left(&mut db, id).await?);
    let sees_all_secrets = readable
        .iter()
        .filter(|report| report.visibility == Visibility::Secret)
        .all(|report| visible(&report));
    let merged = rows::merged_into(&mut db, id).await?;
    let clocks = clocks::of(&mut db, id).await?;
    let steps = playbooks::of(&mut db, id).await?;
    let stream = chains::incident(id);
    let entries = chains::entries(&mut db, &stream, TIMELINE).await?;
    let mut notes: std::collections::BTreeMap<i64, String> =
        rows::notes(&mut db, &stream).await?.into_iter().collect();
    drop(db);
    if sees_all_secrets {
        notes.extend(open_sealed(city, id, &readable).await?);
    }
    let own_work = own_work(&entries, actor);
    let timeline = entries
        .into_iter()
        .map(|entry| {
            let words = notes.remove(&entry.position);
            (entry, words)
        })
        .collect();
    Ok(Seen {
        incident,
        alarms,
        hidden_reports: all.len() - reports.len(),
        own_work,
        reports,
        crews,
        merged,
        clocks,
        steps,
        timeline,
    })
}

/// Incidents that are over, latest first, from the one before `before` on.
///
/// # Errors
/// [`Error::Denied`].
pub async fn over(
    city: &City,
    actor: &Actor,
    before: Option<&Incident>,
    most: usize,
) -> Result<Vec<Incident>> {
    must(actor, Action::SeeDesk)?;
    let most = i64::try_from(most).map_or(limits::LIST_ROWS, |most| most.min(limits::LIST_ROWS));
    Ok(rows::over(&mut city.store().read().await?, before, most).await?)
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
