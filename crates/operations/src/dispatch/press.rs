//! What a crew presses on its phone, at once or when there is a signal again.

use jiff::SignedDuration;
use pendopo_domain::incidents::{
    Assignment, AssignmentId, AssignmentState, State as IncidentState, Target,
};
use pendopo_domain::policy::Actor;
use pendopo_domain::time::Timestamp;
use pendopo_store::{Db, incidents as rows, presses};

use super::{about, locked, see, set};
use crate::{City, Invalid, Problem, Result, actor_text, incidents, limits};

/// A button that was pressed.
#[derive(Clone, Debug)]
pub struct Press {
    pub state: AssignmentState,
    /// When, by the clock of the phone; `None` for now.
    pub at: Option<Timestamp>,
    /// The phone's own name for this press: sent again, it is the same press.
    pub key: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The crew is there now, or was already.
    Taken,
    /// The crew is further already, or was called back: nothing was changed.
    Late,
}

impl Outcome {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Late => "late",
        }
    }

    fn from_word(word: &str) -> Self {
        if word == Self::Late.word() {
            Self::Late
        } else {
            Self::Taken
        }
    }
}

/// The task after a press.
#[derive(Clone, Debug)]
pub struct Pressed {
    pub assignment: Assignment,
    pub outcome: Outcome,
}

/// The crew says how far it has come, now.
///
/// # Errors
/// [`NotFound`](crate::Error::NotFound), [`Denied`](crate::Error::Denied); [`Invalid`](crate::Error::Invalid) on `state` when the crew is further already.
pub async fn advance(
    city: &City,
    actor: &Actor,
    id: AssignmentId,
    state: AssignmentState,
) -> Result<Assignment> {
    let now = Press {
        state,
        at: None,
        key: None,
    };
    let pressed = press(city, actor, id, now).await?;
    match pressed.outcome {
        Outcome::Taken => Ok(pressed.assignment),
        Outcome::Late => Err(Invalid::one("state", Problem::Unknown)),
    }
}

/// The crew says how far it had come when it pressed. One that comes after a newer one changes nothing but the
/// timeline, which says that it came late.
///
/// # Errors
/// [`NotFound`](crate::Error::NotFound), [`Denied`](crate::Error::Denied); [`Invalid`](crate::Error::Invalid) on `state` for one that crews do not press, on `at` for
/// an instant ahead of us ([`limits::PRESS_AHEAD_MINUTES`]) or too long ago ([`limits::PRESS_HOURS`]), on `key`.
pub async fn press(city: &City, actor: &Actor, id: AssignmentId, press: Press) -> Result<Pressed> {
    use AssignmentState::{Acknowledged, AtFacility, EnRoute, OnScene, Transporting};
    if !matches!(
        press.state,
        Acknowledged | EnRoute | OnScene | Transporting | AtFacility
    ) {
        return Err(Invalid::one("state", Problem::Unknown));
    }
    let now = city.now();
    let at = checked_at(press.at, now)?;
    if press
        .key
        .as_ref()
        .is_some_and(|key| key.is_empty() || key.len() > limits::PRESS_KEY_BYTES)
    {
        return Err(Invalid::one("key", Problem::Unknown));
    }
    // Once more only when the incident was merged between the look and the lock.
    loop {
        let target = see(city, actor, id).await?.target;
        let (actor, press) = (actor.clone(), press.clone());
        let done = city
            .store()
            .write(move |db| {
                Box::pin(async move {
                    if let Target::Incident(incident) = target {
                        rows::by_id_for_update(db, incident).await?;
                    }
                    let held = locked(db, &actor, id).await?;
                    if held.target != target {
                        return Ok(None);
                    }
                    take(db, &actor, held, &press, at, now).await.map(Some)
                })
            })
            .await?;
        if let Some(pressed) = done {
            return Ok(pressed);
        }
    }
}

/// The instant of a press. A clock that is a little ahead of ours is taken as ours.
fn checked_at(at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let Some(at) = at else {
        return Ok(now);
    };
    let ahead = at.since(now);
    if ahead > SignedDuration::from_mins(limits::PRESS_AHEAD_MINUTES)
        || ahead < -SignedDuration::from_hours(limits::PRESS_HOURS)
    {
        return Err(Invalid::one("at", Problem::NotInTime));
    }
    Ok(at.min(now))
}

async fn take(
    db: &mut Db,
    actor: &Actor,
    mut held: Assignment,
    press: &Press,
    at: Timestamp,
    now: Timestamp,
) -> Result<Pressed> {
    if let Some(key) = &press.key
        && let Some(word) = presses::answer(db, held.id, key).await?
    {
        let outcome = Outcome::from_word(&word);
        return Ok(Pressed {
            assignment: held,
            outcome,
        });
    }
    // No phone was told of it before it was sent.
    let at = at.max(held.dispatched_at);
    let outcome = if held.state == press.state {
        // A second tap on a slow network is not an error.
        Outcome::Taken
    } else if held.state.may_become(press.state) {
        set(db, &mut held, press.state, at).await?;
        note(db, actor, &held, press.state, at, now).await?;
        Outcome::Taken
    } else {
        if press.at.is_some() {
            note_late(db, actor, &held, press.state, at, now).await?;
        }
        Outcome::Late
    };
    if let Some(key) = &press.key {
        let kept = now.plus(-SignedDuration::from_hours(2 * limits::PRESS_HOURS));
        presses::forget(db, kept).await?;
        presses::keep(db, held.id, key, outcome.word(), now).await?;
    }
    Ok(Pressed {
        assignment: held,
        outcome,
    })
}

/// On the timeline of the incident: what the crew did, and when it pressed, if that was not now.
async fn note(
    db: &mut Db,
    actor: &Actor,
    held: &Assignment,
    state: AssignmentState,
    at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let Target::Incident(incident) = held.target else {
        return Ok(());
    };
    let next = (state >= AssignmentState::OnScene).then_some(IncidentState::OnScene);
    let kind = match state {
        AssignmentState::OnScene => "arrived",
        other => other.word(),
    };
    let mut subject = about(held);
    if at != now {
        subject = format!("{subject};pressed:{}", at.micros());
    }
    incidents::note_crew(db, actor, incident, kind, &subject, next, now).await?;
    Ok(())
}

async fn note_late(
    db: &mut Db,
    actor: &Actor,
    held: &Assignment,
    state: AssignmentState,
    at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    if let Target::Incident(incident) = held.target {
        let subject = format!("{};pressed:{};state:{state}", about(held), at.micros());
        let (stream, by) = (pendopo_store::chains::incident(incident), actor_text(actor));
        pendopo_store::chains::append(db, &stream, now, "late", &by, &subject).await?;
    }
    Ok(())
}
