//! An alarm in words: the names behind its codes.

use pendopo_domain::alarms::{Alarm, State};
use pendopo_domain::policy::Action;
use pendopo_domain::rules::{Condition, Rule, Signal};
use pendopo_operations::configuration::Configuration;
use pendopo_operations::entities::seen::{self, Eyes, Seen};
use pendopo_operations::{City, Error};

use super::alarm_url;
use crate::i18n::{Language, format};
use crate::pages_view::{AlarmRow, TimeLeft};
use crate::visit::Visit;

/// The entity that an alarm is about, as the visitor may see it.
pub(crate) async fn entity_of(visit: &Visit, alarm: &Alarm) -> Result<Option<Seen>, Error> {
    if !visit.may(Action::ReadEntities) {
        return Ok(None);
    }
    let Some(id) = &alarm.entity else {
        return Ok(None);
    };
    let found = visit.city.store().live().await?.get(id);
    let eyes = Eyes::Staff(&visit.actor);
    Ok(found.and_then(|entity| seen::one(&visit.city, eyes, &entity)))
}

/// One alarm for a list.
pub(crate) async fn row(visit: &Visit, alarm: &Alarm) -> Result<AlarmRow, Error> {
    let entity = entity_of(visit, alarm).await?;
    Ok(row_with(
        &visit.city,
        visit.language,
        alarm,
        entity.as_ref(),
    ))
}

/// The same for whoever already knows the entity.
pub(crate) fn row_with(
    city: &City,
    language: Language,
    alarm: &Alarm,
    entity: Option<&Seen>,
) -> AlarmRow {
    let configuration = city.configuration();
    let rule = rule_of(&configuration, alarm);
    let area = alarm.area.and_then(|id| configuration.areas.by_id(id));
    // Many an instrument is called after where it stands; once is enough.
    let named = entity.map(|seen| seen.name.as_str());
    let area = area.map(|area| area.name.as_str());
    let area = area.filter(|area| named.is_none_or(|name| !name.contains(area)));
    let place: Vec<&str> = named.into_iter().chain(area).collect();
    let waits = matches!(alarm.state, State::Unacknowledged | State::Acknowledged);
    let left = rule.filter(|_| waits).map(|rule| {
        let by = alarm.act_by(rule.minutes_to_act);
        let seconds = by.since(city.now()).as_secs();
        TimeLeft {
            by,
            minutes: seconds.unsigned_abs().div_ceil(60).try_into().unwrap_or(0),
            over: seconds < 0,
        }
    });
    AlarmRow {
        id: alarm.id.0,
        url: alarm_url(alarm.id),
        priority: alarm.priority.level(),
        title: rule.map_or_else(
            || alarm.rule.clone(),
            |rule| rule.names.get(language.tag()).to_owned(),
        ),
        place: place.join(" · "),
        value: alarm
            .value
            .map(|value| with_unit(&configuration, language, rule, value))
            .unwrap_or_default(),
        since: alarm.noticed_at,
        left,
        state: alarm.state,
        times: alarm.times,
    }
}

/// The rule that speaks, unless it is no more.
pub(crate) fn rule_of<'a>(configuration: &'a Configuration, alarm: &Alarm) -> Option<&'a Rule> {
    configuration
        .rules
        .iter()
        .find(|rule| rule.code == alarm.rule)
}

fn with_unit(
    configuration: &Configuration,
    language: Language,
    rule: Option<&Rule>,
    value: f64,
) -> String {
    let signal = rule.and_then(|rule| signal(&rule.condition));
    let unit = signal.map_or_else(String::new, |signal| unit(configuration, language, signal));
    format!("{} {unit}", format::number(language, value))
        .trim_end()
        .to_owned()
}

/// The one signal of a condition.
pub(super) fn signal(condition: &Condition) -> Option<&Signal> {
    match condition {
        Condition::Threshold { signal, .. }
        | Condition::RateOfRise { signal, .. }
        | Condition::NoData { signal, .. } => Some(signal),
        Condition::Reports { .. } | Condition::Alert { .. } | Condition::Expression { .. } => None,
    }
}

/// The unit of the value of a signal, as the city writes it; empty when it does not say.
pub(super) fn unit(configuration: &Configuration, language: Language, signal: &Signal) -> String {
    let mut types = configuration.live_types.iter();
    types
        .find(|kind| *kind.kind == *signal.kind && *kind.attribute == *signal.attribute)
        .map(|kind| kind.unit.get(language.tag()).to_owned())
        .unwrap_or_default()
}

/// Name of the team whose alarm it is.
pub(crate) fn owner(visit: &Visit, rule: &Rule) -> String {
    let configuration = visit.city.configuration();
    let team = configuration
        .teams
        .iter()
        .find(|team| team.code == rule.owner);
    team.map_or_else(
        || rule.owner.clone(),
        |team| team.names.get(visit.language.tag()).to_owned(),
    )
}
