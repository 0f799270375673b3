//! Alarms at the desk (`/meja/alarm`): the open ones, the gravest first, and what can be done with each.

mod rules;
mod told;

use axum::extract::{Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pendopo_domain::alarms::{Alarm, AlarmId, LONGEST_REASON, LONGEST_SHELF, State};
use pendopo_domain::policy::Action;
use pendopo_operations::alarms::{self, Seen};
use pendopo_operations::store::alarms as rows;
use pendopo_operations::{Error, Invalid, Problem};
use serde::Deserialize;

use self::told::entity_of;
pub(crate) use self::told::{owner, row, row_with, rule_of};
use super::{parts, staff_parts};
use crate::body::{self, Form};
use crate::failure::Failure;
use crate::pages_view::{
    ALARM_DONE, AlarmList, AlarmPage, AlarmRule, ErrorKind, FieldError, Nav, NumberLink,
    TimelineEntry, late_key,
};
use crate::routes::{Route, act, show};
use crate::visit::Visit;

pub(crate) fn routes(routes: &mut Vec<Route>) {
    use Action::{HandleAlarm, SeeDesk};
    show(routes, "/meja/alarm", SeeDesk, list_alarms);
    show(routes, "/meja/alarm/{id}", SeeDesk, show_alarm);
    act(routes, "/meja/alarm/{id}/akui", HandleAlarm, acknowledge);
    act(routes, "/meja/alarm/{id}/tunda", HandleAlarm, shelve);
    act(routes, "/meja/alarm/{id}/kembali", HandleAlarm, unshelve);
    rules::routes(routes);
}

/// Where the desk shows an alarm.
pub(crate) fn alarm_url(id: AlarmId) -> String {
    format!("/meja/alarm/{id}")
}

fn id_of(text: &str) -> Result<AlarmId, Failure> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let id = digits.then(|| text.parse().ok()).flatten();
    id.map(AlarmId).ok_or(Failure::new(ErrorKind::NotFound))
}

/// How many alarms are open and not out of sight.
pub(super) async fn count_open(visit: &Visit) -> Result<i64, Error> {
    let counts = rows::counts(&mut visit.city.store().read().await?).await?;
    let in_sight = counts.iter().filter(|(state, ..)| *state != State::Shelved);
    Ok(in_sight.map(|(_, _, n)| n).sum())
}

/// `GET /meja/alarm`
async fn list_alarms(visit: Visit) -> Result<Response, Failure> {
    let open = alarms::open(&visit.city, &visit.actor).await?;
    let mut rows = Vec::with_capacity(open.len());
    for alarm in &open {
        rows.push(row(&visit, alarm).await?);
    }
    let context = AlarmList {
        rows,
        may_see_rules: true,
    };
    visit.page(Nav::Desk, &context)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
}

/// `GET /meja/alarm/{id}?done=`
async fn show_alarm(
    visit: Visit,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let seen = alarms::see(&visit.city, &visit.actor, id_of(&id)?).await?;
    let word = asked.done.as_deref();
    let mut context = page(&visit, &seen).await?;
    context.done = ALARM_DONE.iter().copied().find(|known| word == Some(known));
    visit.page(Nav::Desk, &context)
}

async fn page(visit: &Visit, seen: &Seen) -> Result<AlarmPage, Error> {
    let alarm = &seen.alarm;
    let may = visit.may(Action::HandleAlarm);
    let waits = matches!(alarm.state, State::Unacknowledged | State::Returned);
    let shelvable = matches!(alarm.state, State::Unacknowledged | State::Acknowledged);
    let told = entity_of(visit, alarm).await?;
    let entity = told.map(|seen| NumberLink {
        url: crate::api::live::Room::Staff.entity(&seen.id),
        title: seen.kind.names.get(visit.language.tag()).to_owned(),
        number: seen.name,
    });
    let incident = alarm.incident.map(|id| NumberLink {
        number: format!("K-{id}"),
        url: staff_parts::incident_url(id),
        title: String::new(),
    });
    Ok(AlarmPage {
        row: row(visit, alarm).await?,
        rule: seen.rule.as_ref().map(|rule| rule_words(visit, rule)),
        entity,
        incident,
        timeline: timeline(visit, seen).await?,
        shelved_until: alarm
            .shelved_until
            .filter(|_| alarm.state == State::Shelved),
        shelved_reason: alarm.shelved_reason.clone().unwrap_or_default(),
        may_acknowledge: may && waits,
        may_shelve: may && shelvable,
        may_unshelve: may && alarm.state == State::Shelved,
        longest: LONGEST_SHELF.as_secs() / 60,
        minutes: String::new(),
        reason: String::new(),
        errors: vec![],
        done: None,
    })
}

fn rule_words(visit: &Visit, rule: &pendopo_domain::rules::Rule) -> AlarmRule {
    let language = visit.language.tag();
    AlarmRule {
        cause: rule.cause.get(language).to_owned(),
        consequence: rule.consequence.get(language).to_owned(),
        action: rule.action.get(language).to_owned(),
        owner: told::owner(visit, rule),
        minutes_to_act: rule.minutes_to_act,
    }
}

async fn timeline(visit: &Visit, seen: &Seen) -> Result<Vec<TimelineEntry>, Error> {
    let doers = staff_parts::Doers::of(visit, seen.timeline.iter()).await?;
    let entries = seen.timeline.iter().filter_map(|entry| {
        let (what, key) = match entry.kind.as_str() {
            "raised" => ("alarm_raised", true),
            "raised_again" => ("alarm_raised_again", true),
            "returned" => ("alarm_returned", true),
            "acknowledged" => ("alarm_acknowledged", false),
            "shelved" => ("alarm_shelved", false),
            "unshelved" => ("alarm_unshelved", false),
            _ => return None,
        };
        Some(TimelineEntry {
            at: entry.happened_at(),
            what,
            subject: String::new(),
            note: None,
            by: doers.name(&entry.actor),
            key,
        })
    });
    Ok(entries.collect())
}

/// `POST /meja/alarm/{id}/akui`
async fn acknowledge(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = id_of(&id)?;
    let done = alarms::acknowledge(&visit.city, &visit.actor, id).await;
    answer(&visit, id, None, done, "acknowledged").await
}

/// `POST /meja/alarm/{id}/tunda`
async fn shelve(
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, form) = (id_of(&id)?, body::form(request).await?);
    let minutes = form
        .get("minutes")
        .and_then(|text| text.trim().parse().ok());
    let reason = form.text("reason").unwrap_or_default();
    let done = alarms::shelve(&visit.city, &visit.actor, id, minutes.unwrap_or(0), &reason);
    let done = done.await;
    answer(&visit, id, Some(&form), done, "shelved").await
}

/// `POST /meja/alarm/{id}/kembali`
async fn unshelve(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = id_of(&id)?;
    let done = alarms::unshelve(&visit.city, &visit.actor, id).await;
    answer(&visit, id, None, done, "unshelved").await
}

/// Leads back to the alarm, or shows it as it is now with what is against the step.
async fn answer(
    visit: &Visit,
    id: AlarmId,
    form: Option<&Form>,
    done: Result<Alarm, Error>,
    word: &'static str,
) -> Result<Response, Failure> {
    let invalid = match done {
        Ok(_) => return Ok(parts::see_other(&format!("{}?done={word}", alarm_url(id)))),
        Err(Error::Invalid(invalid)) => invalid,
        Err(error) => return Err(error.into()),
    };
    let seen = alarms::see(&visit.city, &visit.actor, id).await?;
    let mut context = page(visit, &seen).await?;
    // Somebody was faster: the reader sees how it stands now.
    let late = invalid.iter().any(|wrong| wrong.field == "alarm");
    context.errors = match late {
        true => vec![FieldError::new("tindakan", late_key(seen.alarm.state))],
        false => invalid
            .iter()
            .map(|wrong| mistake(context.longest, wrong))
            .collect(),
    };
    if let Some(form) = form {
        context.minutes = form.get("minutes").unwrap_or_default().to_owned();
        context.reason = form.get("reason").unwrap_or_default().to_owned();
    }
    let mut visit = visit.clone();
    visit.here = alarm_url(id);
    let status = match late {
        true => StatusCode::CONFLICT,
        false => StatusCode::BAD_REQUEST,
    };
    Ok((status, visit.page(Nav::Desk, &context)?).into_response())
}

fn mistake(longest: i64, wrong: &Invalid) -> FieldError {
    match (wrong.field, wrong.problem) {
        ("minutes", _) => FieldError::new("minutes", "error-shelf-minutes").with("max", longest),
        (_, Problem::TooLong { .. }) => {
            FieldError::new("reason", "error-description-long").with("max", LONGEST_REASON)
        }
        _ => FieldError::new("reason", "error-reason-missing"),
    }
}
