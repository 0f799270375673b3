//! One report as those who handle it see it.

use pendopo_domain::incidents::{Assignment, AssignmentState, Incident, Target};
use pendopo_domain::policy::{Action, Subject, allows};
use pendopo_domain::ratings::Stars;
use pendopo_domain::reports::{Report, State, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_operations::configuration::Configuration;
use pendopo_operations::identity::{Identity, subject};
use pendopo_operations::store::chains::Entry;
use pendopo_operations::store::report_query::{self, Filter, Order};
use pendopo_operations::store::reports::{self as rows, Sealed};
use pendopo_operations::store::{chains, incidents as incident_rows};
use pendopo_operations::{Error, dispatch, incidents, ratings, reports};

use super::super::{parts, staff_parts};
use super::queue;
use crate::api::live::desk_map;
use crate::pages_view::{
    Choice, Deadline, Due, IdentityBox, NumberLink, ReportDetail, ReportRow, TimelineEntry,
};
use crate::visit::Visit;

/// Other reports this near may be about the same thing: a street, a row of houses under water.
const NEARBY_METRES: f64 = 300.0;
const NEARBY_ROWS: i64 = 8;

/// Everything about `report`, which this position may see. `shown` is the identity, when it has just been looked at.
pub(super) async fn detail(
    visit: &Visit,
    report: &Report,
    shown: Option<Identity>,
) -> Result<ReportDetail, Error> {
    let configuration = visit.city.configuration();
    let text = reports::text(&visit.city, report).await?;
    let answer = ratings::answer_of(&visit.city, report).await?;
    let (verdict, stars, words) = match answer {
        Some((rating, words)) => (Some(rating.verdict), rating.stars.map(Stars::count), words),
        None => (None, None, None),
    };
    let open = report.state.is_open();
    let may_triage = open && allows(&visit.actor, Action::TriageReport, subject(report));
    let may_open_incident = may_triage
        && allows(&visit.actor, Action::OpenIncident, Subject::City)
        && incidents::can_join(report);
    let routed = reports::proposed_team(&configuration, report);
    let named = |team| staff_parts::team_name(visit, &configuration, team);
    Ok(ReportDetail {
        number: report.number().to_string(),
        service: parts::service_name(&configuration, visit.language, &report.service_code),
        state: report.state,
        secret: report.visibility == Visibility::Secret,
        attributes: staff_parts::answers(visit, &configuration, report, &text),
        description: text.description,
        place: text.place.unwrap_or_default(),
        area: parts::area_name(&configuration, report).unwrap_or_default(),
        received_at: report.received_at,
        channel: report.channel.word(),
        team: report.team.map(named),
        deadlines: deadlines(visit, &configuration, report),
        photos: parts::photos(visit, report, "/foto").await?,
        map: report.position.map(|at| desk_map(visit, at)),
        timeline: timeline(visit, report).await?,
        joined: i64::from(report.joined),
        incident: incident_link(visit, &configuration, report).await?,
        duplicate_of: duplicate_link(visit, &configuration, report).await?,
        verdict,
        stars,
        words,
        identity: identity(visit, report, shown).await?,
        may_triage,
        may_open_incident,
        teams: staff_parts::team_choices(visit, report.team.or(routed)),
        routed_team: routed.map(named),
        nearby: if may_open_incident {
            nearby(visit, report).await?
        } else {
            vec![]
        },
        areas: if may_open_incident && report.visibility == Visibility::Secret {
            parts::area_choices(&configuration, None)
        } else {
            vec![]
        },
        incidents: if may_open_incident {
            open_incidents(visit, &configuration).await?
        } else {
            vec![]
        },
    })
}

fn deadlines(visit: &Visit, configuration: &Configuration, report: &Report) -> Vec<Deadline> {
    let now = visit.city.now();
    let dates = report.deadlines;
    let deadline = |what, at: Option<Timestamp>, from, waited| {
        at.map(|at| Deadline {
            what,
            at,
            due: Some(())
                .filter(|()| waited)
                .map(|()| Due::at(from, at, now, &configuration.calendar)),
        })
    };
    let began = parts::step_began(report);
    let follow_up = matches!(report.state, State::Assigned | State::Reopened);
    [
        deadline(
            "verify",
            Some(dates.verify_due_at),
            began,
            report.state == State::Received,
        ),
        deadline("follow_up", dates.follow_up_due_at, began, follow_up),
        deadline(
            "answer",
            dates.answer_due_at,
            began,
            report.state == State::Resolved,
        ),
        deadline(
            "expected",
            Some(dates.expected_at),
            report.received_at,
            report.state.is_open(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn incident_link(
    visit: &Visit,
    configuration: &Configuration,
    report: &Report,
) -> Result<Option<NumberLink>, Error> {
    let Some(id) = report.incident else {
        return Ok(None);
    };
    let found = incident_rows::by_id(&mut visit.city.store().read().await?, id).await?;
    Ok(found.map(|incident| NumberLink {
        number: incident.number(),
        url: staff_parts::incident_url(incident.id),
        title: staff_parts::incident_title(visit, configuration, &incident),
    }))
}

async fn duplicate_link(
    visit: &Visit,
    configuration: &Configuration,
    report: &Report,
) -> Result<Option<NumberLink>, Error> {
    let Some(id) = report.duplicate_of else {
        return Ok(None);
    };
    let found = rows::by_id(&mut visit.city.store().read().await?, id).await?;
    let visible = found.filter(|report| allows(&visit.actor, Action::SeeDesk, subject(report)));
    Ok(visible.map(|original| NumberLink {
        number: original.number().to_string(),
        url: staff_parts::report_url(&original),
        title: parts::service_name(configuration, visit.language, &original.service_code),
    }))
}

async fn nearby(visit: &Visit, report: &Report) -> Result<Vec<ReportRow>, Error> {
    let Some(at) = report.position else {
        return Ok(vec![]);
    };
    let filter = Filter {
        states: vec![State::Received, State::Assigned, State::Reopened],
        near: Some((at, NEARBY_METRES)),
        without_incident: true,
        ..queue::sight(&visit.actor)
    };
    let mut db = visit.city.store().read().await?;
    let mut found =
        report_query::list(&mut db, &filter, Order::NewestFirst, NEARBY_ROWS + 1, 0).await?;
    drop(db);
    found.retain(|other| {
        other.id != report.id && allows(&visit.actor, Action::TriageReport, subject(other))
    });
    Ok(parts::report_rows(visit, &found, &Default::default()))
}

async fn open_incidents(
    visit: &Visit,
    configuration: &Configuration,
) -> Result<Vec<Choice>, Error> {
    let open = incidents::list(&visit.city, &visit.actor, true).await?;
    let label = |incident: &Incident| {
        let title = staff_parts::incident_title(visit, configuration, incident);
        let place = parts::incident_place(configuration, incident);
        let comma = if place.is_empty() { "" } else { ", " };
        format!("{} · {title}{comma}{place}", incident.number())
    };
    Ok(open
        .iter()
        .map(|incident| Choice {
            value: incident.number(),
            label: label(incident),
            selected: false,
            at: None,
        })
        .collect())
}

/// What may be known about the reporter; looking is a step of its own.
async fn identity(
    visit: &Visit,
    report: &Report,
    shown: Option<Identity>,
) -> Result<IdentityBox, Error> {
    if let Some(identity) = shown {
        return Ok(IdentityBox::Shown {
            name: identity.name.unwrap_or_default(),
            email: identity.email.unwrap_or_default(),
            phone: identity.phone.unwrap_or_default(),
        });
    }
    let mut db = visit.city.store().read().await?;
    if report.person.is_none() {
        let about = format!("report:{}", report.id);
        let looks = chains::entries_about(&mut db, chains::IDENTITY, &about, 1).await?;
        let erased = looks.iter().any(|entry| entry.kind == "erased");
        return Ok(if erased {
            IdentityBox::Erased
        } else {
            IdentityBox::NotGiven
        });
    }
    // The key of a secret report is there for its text, whether or not a name was given.
    if rows::sealed(&mut db, report.id, Sealed::Identity)
        .await?
        .is_none()
    {
        return Ok(IdentityBox::NotGiven);
    }
    let anonymous = report.anonymous;
    Ok(
        if allows(&visit.actor, Action::SeeIdentity, subject(report)) {
            IdentityBox::Hidden { anonymous }
        } else {
            IdentityBox::NotAllowed { anonymous }
        },
    )
}

/// Everything that happened to the report, newest first: what the city said, what crews did, what the desk wrote, and
/// who looked at the reporter's identity.
async fn timeline(visit: &Visit, report: &Report) -> Result<Vec<TimelineEntry>, Error> {
    const LOOKS: i64 = 50;
    let configuration = visit.city.configuration();
    let mut entries = parts::timeline(visit, report).await?;
    entries.extend(parts::comments(visit, report).await?);
    let about = format!("report:{}", report.id);
    let mut db = visit.city.store().read().await?;
    let crews = incident_rows::assignments_of(&mut db, Target::Report(report.id)).await?;
    let looks = chains::entries_about(&mut db, chains::IDENTITY, &about, LOOKS).await?;
    let joined = match report.incident {
        Some(id) => chains::entries_about(&mut db, &chains::incident(id), &about, 1).await?,
        None => vec![],
    };
    drop(db);
    let notes = dispatch::notes(&visit.city, report).await?;
    let chained = looks
        .iter()
        .chain(&joined)
        .chain(notes.iter().map(|(entry, _)| entry));
    let doers = staff_parts::Doers::of(visit, chained).await?;
    let step = |entry: &Entry, what, subject: String, note: Option<String>| TimelineEntry {
        at: entry.happened_at(),
        what,
        subject,
        note,
        by: doers.name(&entry.actor),
        key: false,
    };
    let look = |entry: &Entry| {
        if entry.kind == "erased" {
            "erased"
        } else {
            "identity_seen"
        }
    };
    entries.extend(
        looks
            .iter()
            .map(|entry| step(entry, look(entry), String::new(), None)),
    );
    let number = report
        .incident
        .map(|id| format!("K-{id}"))
        .unwrap_or_default();
    entries.extend(
        joined
            .iter()
            .map(|entry| step(entry, "incident_joined", number.clone(), None)),
    );
    entries.extend(
        notes
            .iter()
            .map(|(entry, words)| step(entry, "note", String::new(), words.clone())),
    );
    for crew in &crews {
        let team = staff_parts::team_name(visit, &configuration, crew.team);
        let told = entries
            .iter()
            .any(|entry| entry.what == "assigned" && entry.at == crew.dispatched_at);
        entries.extend(
            crew_steps(crew, &team)
                .into_iter()
                .filter(|step| !told || step.what != "dispatched"),
        );
    }
    // Stable: of two at the same instant, the city's word stands above what followed from it.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Ok(entries)
}

fn crew_steps(crew: &Assignment, team: &str) -> Vec<TimelineEntry> {
    let ended = if crew.state == AssignmentState::Withdrawn {
        "withdrawn"
    } else {
        "cleared"
    };
    let steps = [
        (ended, crew.cleared_at),
        ("on_scene", crew.on_scene_at),
        ("acknowledged", crew.acknowledged_at),
        ("dispatched", Some(crew.dispatched_at)),
    ];
    let entry = |what, at| TimelineEntry {
        at,
        what,
        subject: team.to_owned(),
        note: None,
        by: None,
        key: false,
    };
    steps
        .into_iter()
        .filter_map(|(what, at)| Some(entry(what, at?)))
        .collect()
}
