//! An incident as the desk sees it, made of what the use case gives.

use pendopo_domain::alarms::Alarm;
use pendopo_domain::incidents::{Assignment, AssignmentState, Clocks, Incident, IncidentId, State};
use pendopo_domain::organisation::TeamId;
use pendopo_domain::playbooks::StepState;
use pendopo_domain::policy::{Action, Subject, allows};
use pendopo_domain::reports::Report;
use pendopo_domain::time::Timestamp;
use pendopo_domain::units::{UnitId, UnitStatus};
use pendopo_operations::incidents::Seen;
use pendopo_operations::store::chains::{self, Entry};
use pendopo_operations::{Error, incidents, units};

use super::super::{alarm, parts, staff_parts};
use crate::api::live::desk_map;
use crate::i18n::{FluentArgs, format};
use crate::pages_view::{
    Choice, ChoiceGroup, Clock, ClockInstant, CrewRow, IncidentAlarm, IncidentDetail, IncidentLink,
    IncidentReport, Photo, STRETCH_WORDS, StepRow, TimelineEntry,
};
use crate::visit::Visit;

/// What stands before the code of a unit where a form may name a team too.
pub(super) const UNIT: &str = "satuan/";

/// Reports whose photos are shown: enough to see what it is, few enough for one page.
const PHOTOGRAPHED: usize = 12;

pub(super) async fn detail(visit: &Visit, seen: Seen) -> Result<IncidentDetail, Error> {
    let configuration = visit.city.configuration();
    let incident = &seen.incident;
    let may = allows(&visit.actor, Action::OpenIncident, Subject::City);
    let merged = incident.merged.is_some();
    let next = |state| may && !merged && incident.state.may_become(state);
    // It says nothing itself when all of its reports are secret; who may read one of them sees it there.
    let own = seen.reports.iter().find_map(|report| report.position);
    let at = incident.position.or(own);
    let step = |step| staff_parts::step_row(visit, &configuration, step, may);
    let steps: Vec<StepRow> = seen.steps.iter().map(step).collect();
    let works = may && incident.state.needs_action();
    let split_choices = if works { split_choices(&seen) } else { vec![] };
    let merge_choices = if works {
        merge_choices(visit, incident).await?
    } else {
        vec![]
    };
    Ok(IncidentDetail {
        number: incident.number(),
        title: staff_parts::incident_title(visit, &configuration, incident),
        place: parts::incident_place(&configuration, incident),
        state: incident.state,
        priority: incident.priority.level(),
        severity: incident.severity,
        opened_at: incident.opened_at,
        merged_into: incident.merged.map(|merged| link(merged.into)),
        merged: seen.merged.iter().map(|merged| link(merged.id)).collect(),
        clocks: clocks(incident, &seen.clocks, visit.city.now()),
        instants: instants(&seen.clocks),
        steps_late: steps
            .iter()
            .filter(|step| step.late && step.state == StepState::Due)
            .count(),
        steps,
        crews: seen
            .crews
            .iter()
            .map(|held| crew(visit, held, works))
            .collect(),
        alarms: alarms(visit, &seen.alarms).await?,
        warning_url: visit
            .may(Action::WriteAlert)
            .then(|| format!("/meja/peringatan/tulis?insiden={}", incident.id)),
        reports: reports(visit, &seen.reports),
        photos: photos(visit, &seen.reports).await?,
        timeline: timeline(visit, &seen).await?,
        map: at.map(|at| desk_map(visit, at)),
        crew_choices: if works {
            crew_choices(visit).await?
        } else {
            vec![]
        },
        may_merge: !merge_choices.is_empty() && next(State::Duplicate),
        merge_choices,
        may_split: !split_choices.is_empty(),
        split_choices,
        may_split_back: may && merged,
        may_triage: next(State::Triaged),
        may_open: next(State::Open),
        may_set_aside: next(State::Rejected),
        may_note: may,
        may_dispatch: works,
        may_contain: next(State::Contained),
        may_resolve: next(State::Resolved),
        may_verify: next(State::Verified) && !seen.own_work,
        own_work: next(State::Verified) && seen.own_work,
        may_close: next(State::Closed),
        may_reopen: next(State::Reopened),
    })
}

/// Alarms with who acknowledged them last; what it takes is a look at the chain of each.
async fn alarms(visit: &Visit, alarms: &[Alarm]) -> Result<Vec<IncidentAlarm>, Error> {
    const ENTRIES: i64 = 200;
    let mut rows = Vec::with_capacity(alarms.len());
    for one in alarms {
        let entries = {
            let mut db = visit.city.store().read().await?;
            chains::entries(&mut db, &chains::alarm(one.id), ENTRIES).await?
        };
        let by = entries.iter().find(|entry| entry.kind == "acknowledged");
        let by = by.filter(|_| one.acknowledged_at.is_some());
        let doers = staff_parts::Doers::of(visit, by.into_iter()).await?;
        rows.push(IncidentAlarm {
            row: alarm::row(visit, one).await?,
            acknowledged_by: by.and_then(|entry| doers.name(&entry.actor)),
            acknowledged_at: one.acknowledged_at,
        });
    }
    Ok(rows)
}

fn link(id: IncidentId) -> IncidentLink {
    IncidentLink {
        number: format!("K-{id}"),
        url: staff_parts::incident_url(id),
    }
}

fn crew(visit: &Visit, held: &Assignment, works: bool) -> CrewRow {
    let configuration = visit.city.configuration();
    let team = staff_parts::team_name(visit, &configuration, held.team);
    let unit = held
        .unit
        .map(|unit| staff_parts::unit_name(visit, &configuration, unit));
    CrewRow {
        id: held.id.0,
        team: unit.is_some().then(|| team.clone()),
        name: unit.unwrap_or(team),
        state: held.state,
        at: since(held),
        may_withdraw: works && held.state.is_active(),
    }
}

/// Units that are free, and every team.
async fn crew_choices(visit: &Visit) -> Result<Vec<ChoiceGroup>, Error> {
    let configuration = visit.city.configuration();
    let choice = |seen: &units::Seen| Choice {
        at: None,
        value: format!("{UNIT}{}", seen.unit.code),
        label: format!(
            "{} ({})",
            seen.unit.names.get(visit.language.tag()),
            staff_parts::team_name(visit, &configuration, seen.unit.team)
        ),
        selected: false,
    };
    let all = units::list(&visit.city, &visit.actor).await?;
    let free = all
        .iter()
        .filter(|seen| seen.status == UnitStatus::Available);
    let groups = [
        ("units-free", free.map(choice).collect()),
        ("crews-teams", staff_parts::team_choices(visit, None)),
    ];
    Ok(groups
        .into_iter()
        .filter(|(_, choices): &(_, Vec<Choice>)| !choices.is_empty())
        .map(|(key, choices)| ChoiceGroup {
            label: visit.text(key),
            choices,
        })
        .collect())
}

/// Other incidents that need someone, those about the same matter first.
async fn merge_choices(visit: &Visit, incident: &Incident) -> Result<Vec<Choice>, Error> {
    let configuration = visit.city.configuration();
    let mut open = incidents::list(&visit.city, &visit.actor, true).await?;
    open.retain(|other| other.id != incident.id);
    open.sort_by_key(|other| other.service_code != incident.service_code);
    let choice = |other: &Incident| {
        let place = parts::incident_place(&configuration, other);
        let title = staff_parts::incident_title(visit, &configuration, other);
        let mut label = format!("{} · {title}", other.number());
        if !place.is_empty() {
            label = format!("{label} · {place}");
        }
        Choice {
            at: None,
            value: other.number(),
            label,
            selected: false,
        }
    };
    Ok(open.iter().map(choice).collect())
}

fn split_choices(seen: &Seen) -> Vec<Choice> {
    let open = seen.reports.iter().filter(|report| report.state.is_open());
    let choice = |report: &Report| Choice {
        at: None,
        value: report.number().to_string(),
        label: report.number().to_string(),
        selected: false,
    };
    open.map(choice).collect()
}

/// Since when a crew stands where it stands.
fn since(held: &Assignment) -> Timestamp {
    held.reached_at(held.state).unwrap_or(held.dispatched_at)
}

/// The stretches that matter most.
fn clocks(incident: &Incident, clocks: &Clocks, now: Timestamp) -> Vec<Clock> {
    use pendopo_domain::incidents::Clock::{Dispatched, FirstSignal, OnScene, Resolved, Seen};
    let ends = [
        (FirstSignal, Seen),
        (Seen, Dispatched),
        (Dispatched, OnScene),
        (OnScene, Resolved),
    ];
    let over = !incident.state.needs_action();
    let clock = |(what, (from, to))| {
        let (from, to) = (clocks.at(from), clocks.at(to));
        let running = from.is_some() && to.is_none() && !over;
        let end = to.or(running.then_some(now));
        Clock {
            what,
            seconds: from
                .zip(end)
                .map(|(from, end)| end.since(from).as_secs().max(0)),
            running,
        }
    };
    STRETCH_WORDS.into_iter().zip(ends).map(clock).collect()
}

fn instants(clocks: &Clocks) -> Vec<ClockInstant> {
    let instant = |clock: &pendopo_domain::incidents::Clock| ClockInstant {
        number: clock.number(),
        what: clock.word(),
        at: clocks.at(*clock),
    };
    let all = pendopo_domain::incidents::Clock::ALL;
    all.iter().map(instant).collect()
}

fn reports(visit: &Visit, reports: &[Report]) -> Vec<IncidentReport> {
    let rows = parts::report_rows(visit, reports, &Default::default());
    let row = |(row, report)| IncidentReport {
        row,
        desk_url: staff_parts::report_url(report),
    };
    rows.into_iter().zip(reports).map(row).collect()
}

async fn photos(visit: &Visit, reports: &[Report]) -> Result<Vec<Photo>, Error> {
    let mut photos = Vec::new();
    for report in reports.iter().take(PHOTOGRAPHED) {
        photos.extend(parts::photos(visit, report, "/foto").await?);
    }
    Ok(photos)
}

async fn timeline(visit: &Visit, seen: &Seen) -> Result<Vec<TimelineEntry>, Error> {
    let doers = staff_parts::Doers::of(visit, seen.timeline.iter().map(|(entry, _)| entry)).await?;
    let entry = |(entry, words): &(Entry, Option<String>)| {
        let (what, key) = word(&entry.kind, &entry.subject)?;
        Some(TimelineEntry {
            at: entry.happened_at(),
            what,
            subject: subject(visit, seen, entry),
            note: words.clone(),
            by: doers.name(&entry.actor),
            key,
        })
    };
    Ok(seen.timeline.iter().filter_map(entry).collect())
}

/// The page's word for an entry of the chain, and whether it changes the state. `None` for one of a newer version.
fn word(kind: &str, subject: &str) -> Option<(&'static str, bool)> {
    let of_incident = subject.starts_with("incident:");
    Some(match kind {
        "opened" if of_incident => ("split_from", true),
        "opened" => ("incident_opened", true),
        "report_joined" => ("report_added", false),
        "alarm_joined" => ("alarm_joined", false),
        "duplicate" => ("merged_into", true),
        "merged" => ("merged", true),
        "split" => ("split", true),
        // The state that it came back to.
        _ if of_incident => ("split_from", true),
        "triaged" => ("triaged", true),
        "open" => ("to_work", true),
        "rejected" => ("rejected", true),
        "referred" => ("referred_away", true),
        "dispatched" if subject == "city" => ("sent", true),
        "dispatched" => ("dispatched", false),
        "acknowledged" => ("acknowledged", false),
        "en_route" => ("en_route", false),
        "on_scene" => ("reached", true),
        "arrived" => ("on_scene", true),
        "transporting" => ("transporting", false),
        "at_facility" => ("at_facility", false),
        "cleared" => ("cleared", false),
        "withdrawn" => ("withdrawn", false),
        "late" => ("late", false),
        "step_done" => ("step_done", false),
        "step_skipped" => ("step_skipped", false),
        "left_open" => ("left_open", true),
        "contained" => ("contained", true),
        "resolved" => ("resolved", true),
        "verified" => ("verified", true),
        "closed" => ("closed", true),
        "reopened" => ("reopened", true),
        "note" => ("note", false),
        _ => return None,
    })
}

/// What an entry is about, in words: a crew, a report's number, a step, the incident's own number.
fn subject(visit: &Visit, seen: &Seen, entry: &Entry) -> String {
    let mut parts = entry.subject.split(';');
    let name = subject_name(visit, seen, entry, parts.next().unwrap_or_default());
    let (mut pressed, mut state) = (None, None);
    for part in parts {
        match part.split_once(':') {
            Some(("pressed", at)) => pressed = at.parse().ok().map(Timestamp::from_micros),
            Some(("state", word)) => state = AssignmentState::from_word(word),
            _ => {}
        }
    }
    let Some(pressed) = pressed else {
        return name;
    };
    let configuration = visit.city.configuration();
    let at = format::clock(
        visit.language,
        &pressed.in_zone(configuration.calendar.zone()),
    );
    let mut args = FluentArgs::new();
    args.set("subject", name);
    args.set("at", at);
    let Some(state) = state else {
        return visit.text_with("entry-pressed", &args);
    };
    args.set("state", visit.text(&format!("crew-{state}")));
    visit.text_with("entry-pressed-state", &args)
}

fn subject_name(visit: &Visit, seen: &Seen, entry: &Entry, subject: &str) -> String {
    let configuration = visit.city.configuration();
    if entry.kind == "opened" && subject == "city" {
        return seen.incident.number();
    }
    let of = subject
        .split_once(':')
        .and_then(|(kind, id)| Some((kind, id.parse::<i64>().ok()?)));
    match of {
        Some(("team", id)) => staff_parts::team_name(visit, &configuration, TeamId(id)),
        Some(("unit", id)) => staff_parts::unit_name(visit, &configuration, UnitId(id)),
        Some(("incident", id)) => format!("K-{id}"),
        Some(("alarm", id)) => {
            let found = seen.alarms.iter().find(|alarm| alarm.id.0 == id);
            let rule = found.and_then(|alarm| {
                let mut rules = configuration.rules.iter();
                rules.find(|rule| rule.code == alarm.rule)
            });
            // Its rule is no more, or it went elsewhere with a merger.
            rule.map_or_else(
                || format!("A-{id}"),
                |rule| rule.names.get(visit.language.tag()).to_owned(),
            )
        }
        Some(("step", id)) => {
            let found = seen.steps.iter().find(|step| step.id.0 == id);
            found.map_or_else(String::new, |step| {
                step.text.get(visit.language.tag()).to_owned()
            })
        }
        Some(("left", n)) => n.to_string(),
        Some(("report", id)) => {
            let found = seen.reports.iter().find(|report| report.id.0 == id);
            found.map_or_else(|| format!("L-{id}"), |report| report.number().to_string())
        }
        _ => String::new(),
    }
}
