//! Alarms at the desk: seen, acknowledged, shelved; and raised by the rules ([`turn`]).

use pendopo_domain::alarms::{About, Alarm, AlarmId, LONGEST_REASON, LONGEST_SHELF, Refused, Step};
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::rules::{Edge, Rule, Turn};
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, StoreError, alarms as rows, chains};

use crate::configuration::must;
use crate::{City, Error, Invalid, Problem, Result, actor_text, limits};

/// The open alarms, the gravest first and of those the newest.
///
/// # Errors
/// [`Error::Denied`].
pub async fn open(city: &City, actor: &Actor) -> Result<Vec<Alarm>> {
    must(actor, Action::SeeDesk)?;
    Ok(rows::open(&mut city.store().read().await?, limits::LIST_ROWS).await?)
}

/// An alarm with the rule that speaks and what happened to it.
pub struct Seen {
    pub alarm: Alarm,
    /// `None` when the rule is no more.
    pub rule: Option<Rule>,
    /// Newest first.
    pub timeline: Vec<chains::Entry>,
}

/// One alarm.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn see(city: &City, actor: &Actor, id: AlarmId) -> Result<Seen> {
    const TIMELINE: i64 = 200;
    must(actor, Action::SeeDesk)?;
    let mut db = city.store().read().await?;
    let alarm = rows::by_id(&mut db, id).await?.ok_or(Error::NotFound)?;
    let timeline = chains::entries(&mut db, &chains::alarm(id), TIMELINE).await?;
    let configuration = city.configuration();
    let rule = configuration
        .rules
        .iter()
        .find(|one| one.code == alarm.rule);
    Ok(Seen {
        rule: rule.cloned(),
        alarm,
        timeline,
    })
}

/// Somebody has seen it and acts.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] on `alarm` when somebody was faster or it is over.
pub async fn acknowledge(city: &City, actor: &Actor, id: AlarmId) -> Result<Alarm> {
    change(city, actor, id, |alarm, now| alarm.acknowledge(now)).await
}

/// Out of sight for `minutes`, at most [`LONGEST_SHELF`], for a reason that everyone at the desk reads.
///
/// # Errors
/// As [`acknowledge`]; [`Error::Invalid`] on `minutes` or `reason`.
pub async fn shelve(
    city: &City,
    actor: &Actor,
    id: AlarmId,
    minutes: i64,
    reason: &str,
) -> Result<Alarm> {
    let longest = LONGEST_SHELF.as_secs() / 60;
    if !(1..=longest).contains(&minutes) {
        return Err(Invalid::one("minutes", Problem::Unknown));
    }
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Invalid::one("reason", Problem::Missing));
    }
    if reason.chars().count() > LONGEST_REASON {
        let most = LONGEST_REASON;
        return Err(Invalid::one("reason", Problem::TooLong { most }));
    }
    change(city, actor, id, move |alarm, now| {
        let until = now.plus(jiff::SignedDuration::from_mins(minutes));
        alarm.shelve(until, reason)
    })
    .await
}

/// In sight again before its time.
///
/// # Errors
/// As [`acknowledge`].
pub async fn unshelve(city: &City, actor: &Actor, id: AlarmId) -> Result<Alarm> {
    change(city, actor, id, |alarm, now| alarm.unshelve(now)).await
}

async fn change(
    city: &City,
    actor: &Actor,
    id: AlarmId,
    step: impl FnOnce(&mut Alarm, Timestamp) -> Result<Step, Refused> + Send + 'static,
) -> Result<Alarm> {
    must(actor, Action::HandleAlarm)?;
    let (by, now) = (actor_text(actor), city.now());
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let mut alarm = rows::by_id_for_update(db, id)
                    .await?
                    .ok_or(Error::NotFound)?;
                let step =
                    step(&mut alarm, now).map_err(|_| Invalid::one("alarm", Problem::Unknown))?;
                rows::update(db, &alarm).await?;
                note(db, &alarm, step, &by, now).await?;
                Ok(alarm)
            })
        })
        .await
}

/// Brings back what was shelved until now. Part of the work behind the city.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn unshelve_due(city: &City) -> Result<()> {
    let now = city.now();
    // Looks first: an idle city must not write.
    let due = rows::unshelving(&mut city.store().read().await?, now).await?;
    if due.is_empty() {
        return Ok(());
    }
    let write = city.store().write(move |db| {
        Box::pin(async move {
            for id in due {
                if let Some(mut alarm) = rows::by_id_for_update(db, id).await?
                    && let Ok(step) = alarm.unshelve(now)
                {
                    rows::update(db, &alarm).await?;
                    note(db, &alarm, step, "city", now).await?;
                }
            }
            Ok::<_, StoreError>(())
        })
    });
    Ok(write.await?)
}

/// The rule that spoke for an alarm is no more: `next` speaks for it from now on, or it is over.
pub(crate) async fn hand_over(
    db: &mut Db,
    id: AlarmId,
    next: Option<&Rule>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(mut alarm) = rows::by_id_for_update(db, id).await? else {
        return Ok(());
    };
    let step = alarm.turn(Turn::Off(now), None, next, now);
    rows::update(db, &alarm).await?;
    if let Some(step) = step {
        note(db, &alarm, step, "city", now).await?;
    }
    Ok(())
}

/// What became of an alarm when a rule turned.
pub(crate) struct Turned {
    pub alarm: Alarm,
    /// It was not there before, or its condition began again.
    pub is_raised: bool,
}

/// A rule turned: raises its alarm, or moves on the open one of the same cause. Part of the transaction that moves the
/// consumer.
pub(crate) async fn turn(
    db: &mut Db,
    edge: &Edge,
    about: About,
    now: Timestamp,
) -> Result<Option<Turned>, StoreError> {
    let cause = edge.rule.cause_at(&edge.subject);
    let Some(mut alarm) = rows::open_of(db, &cause).await? else {
        let Turn::On(at) = edge.turn else {
            return Ok(None);
        };
        let gravest = edge.holding.first().unwrap_or(&edge.rule);
        let mut alarm = Alarm::raise(gravest, cause, about, at, now);
        alarm.id = rows::insert(db, &alarm).await?;
        note(db, &alarm, Step::Raised, "city", now).await?;
        return Ok(Some(Turned {
            alarm,
            is_raised: true,
        }));
    };
    let before = alarm.clone();
    let step = alarm.turn(
        edge.turn,
        about.value,
        edge.holding.iter().map(|rule| &**rule),
        now,
    );
    if alarm != before {
        rows::update(db, &alarm).await?;
    }
    if let Some(step) = step {
        note(db, &alarm, step, "city", now).await?;
    }
    Ok(Some(Turned {
        alarm,
        is_raised: step == Some(Step::RaisedAgain),
    }))
}

async fn note(
    db: &mut Db,
    alarm: &Alarm,
    step: Step,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let subject = format!("rule:{}", alarm.rule);
    chains::append(db, &chains::alarm(alarm.id), now, step.word(), by, &subject).await?;
    let event = match step {
        Step::Raised => Event::AlarmRaised {
            alarm: alarm.id,
            priority: alarm.priority,
        },
        step => Event::AlarmChanged {
            alarm: alarm.id,
            step,
        },
    };
    City::journal(db, now, &event).await
}
