//! Writing a warning: a draft that its author hands on to somebody else.

use pendopo_domain::alerts::draft::{Content, Draft, DraftState};
use pendopo_domain::alerts::{AlertId, DraftId, MsgType, Status};
use pendopo_domain::incidents::IncidentId;
use pendopo_domain::organisation::SignInId;
use pendopo_domain::policy::{Action, Actor, Who};
use pendopo_store::{StoreError, alert_drafts as rows, alerts, chains, incidents};

use crate::configuration::{Configuration, must};
use crate::{City, Error, Invalid, Problem, Result, actor_text};

/// Letters of a headline; small screens show no more (CAP 1.2 §3.2.2).
pub const HEADLINE: usize = 160;
/// Letters of any other text.
pub const TEXT: usize = 2_000;
/// Areas of one warning.
const MOST_AREAS: usize = 200;
/// Steps of one draft that are listed.
const MOST_STEPS: i64 = 200;
/// Drafts that are listed.
const MOST_LISTED: i64 = 100;

/// What a new draft comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct From {
    pub incident: Option<IncidentId>,
    /// A message of the city that is updated or withdrawn.
    pub follows: Option<AlertId>,
}

/// The chain of one draft: who did what to it.
pub(super) fn stream(id: DraftId) -> String {
    format!("alert_draft:{id}")
}

/// The person behind an actor; only people write and approve warnings.
pub(super) fn person(actor: &Actor, action: Action) -> Result<SignInId> {
    must(actor, action)?;
    match actor.who {
        Who::Staff(sign_in) => Ok(sign_in),
        _ => Err(Error::Denied(action)),
    }
}

/// Begins a draft.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for each field that cannot be used; [`Error::NotFound`] for the incident or message
/// that it comes from.
pub async fn begin(city: &City, actor: &Actor, from: From, content: Content) -> Result<DraftId> {
    let author = person(actor, Action::WriteAlert)?;
    check(&content, &city.configuration())?;
    let needs_one = content.msg_type != MsgType::Alert;
    if needs_one != from.follows.is_some() {
        return Err(Invalid::one("msg_type", Problem::Unknown));
    }
    let (now, by) = (city.now(), actor_text(actor));
    let write = city.store().write(move |db| {
        Box::pin(async move {
            if let Some(incident) = from.incident {
                incidents::by_id(db, incident)
                    .await?
                    .ok_or(Error::NotFound)?;
            }
            if let Some(alert) = from.follows {
                let kept = alerts::get(db, alert).await?;
                kept.filter(|kept| kept.own).ok_or(Error::NotFound)?;
            }
            let draft = Draft {
                id: DraftId(0),
                state: DraftState::Writing,
                content,
                incident: from.incident,
                follows: from.follows,
                author,
                approver: None,
                alert: None,
                created_at: now,
                updated_at: now,
            };
            let id = rows::insert(db, &draft).await?;
            chains::append(db, &stream(id), now, "written", &by, "city").await?;
            Ok(id)
        })
    });
    write.await
}

/// Writes a draft anew; it then waits for nobody until it is submitted again.
///
/// # Errors
/// As [`begin`]; [`Error::Invalid`] on `draft` when it is published or discarded.
pub async fn write(city: &City, actor: &Actor, id: DraftId, content: Content) -> Result<()> {
    let author = person(actor, Action::WriteAlert)?;
    check(&content, &city.configuration())?;
    change(city, actor, id, "written", move |draft| {
        if draft.content.msg_type != content.msg_type {
            return Err(Invalid::one("msg_type", Problem::Unknown));
        }
        draft.content = content;
        draft.author = author;
        draft.state = DraftState::Writing;
        Ok(())
    })
    .await
}

/// Hands a draft on to whoever approves it.
///
/// # Errors
/// As [`write`].
pub async fn submit(city: &City, actor: &Actor, id: DraftId) -> Result<()> {
    person(actor, Action::WriteAlert)?;
    change(city, actor, id, "submitted", |draft| {
        draft.state = DraftState::Submitted;
        Ok(())
    })
    .await
}

/// Gives a submitted draft back to its author.
///
/// # Errors
/// As [`write`]; [`Error::Denied`] unless the actor may approve.
pub async fn give_back(city: &City, actor: &Actor, id: DraftId) -> Result<()> {
    person(actor, Action::ApproveAlert)?;
    change(city, actor, id, "given_back", |draft| {
        draft.state = DraftState::Writing;
        Ok(())
    })
    .await
}

/// Lets a draft go.
///
/// # Errors
/// As [`write`].
pub async fn discard(city: &City, actor: &Actor, id: DraftId) -> Result<()> {
    person(actor, Action::WriteAlert)?;
    change(city, actor, id, "discarded", |draft| {
        draft.state = DraftState::Discarded;
        Ok(())
    })
    .await
}

async fn change(
    city: &City,
    actor: &Actor,
    id: DraftId,
    kind: &'static str,
    take: impl FnOnce(&mut Draft) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (now, by) = (city.now(), actor_text(actor));
    let write = city.store().write(move |db| {
        Box::pin(async move {
            let mut draft = rows::lock(db, id).await?.ok_or(Error::NotFound)?;
            if !is_open(&draft) {
                return Err(Invalid::one("draft", Problem::Unknown));
            }
            take(&mut draft)?;
            draft.updated_at = now;
            rows::update(db, &draft).await?;
            chains::append(db, &stream(id), now, kind, &by, "city").await?;
            Ok(())
        })
    });
    write.await
}

pub(super) fn is_open(draft: &Draft) -> bool {
    matches!(draft.state, DraftState::Writing | DraftState::Submitted)
}

/// One draft.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see warnings; [`Error::NotFound`].
pub async fn get(city: &City, actor: &Actor, id: DraftId) -> Result<Draft> {
    must(actor, Action::SeeAlerts)?;
    let draft = rows::get(&mut city.store().read().await?, id).await?;
    draft.ok_or(Error::NotFound)
}

/// Who did what to a draft, oldest first.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see warnings.
pub async fn steps(city: &City, actor: &Actor, id: DraftId) -> Result<Vec<chains::Entry>> {
    must(actor, Action::SeeAlerts)?;
    let mut db = city.store().read().await?;
    let mut steps = chains::entries(&mut db, &stream(id), MOST_STEPS).await?;
    steps.reverse();
    Ok(steps)
}

/// Drafts that somebody still has to do something with, newest first.
///
/// # Errors
/// [`Error::Denied`] unless the actor may see warnings.
pub async fn open(city: &City, actor: &Actor) -> Result<Vec<Draft>> {
    must(actor, Action::SeeAlerts)?;
    let found: Result<_, StoreError> =
        rows::open(&mut city.store().read().await?, MOST_LISTED).await;
    Ok(found?)
}

/// Everything that is wrong with what was written; fields are named `headline.id` and so on by the page.
fn check(content: &Content, configuration: &Configuration) -> Result<()> {
    let mut invalid = vec![];
    let mut wrong = |field, problem| invalid.push(Invalid { field, problem });
    if !matches!(content.status, Status::Actual | Status::Exercise) {
        wrong("status", Problem::Unknown);
    }
    if !matches!(
        content.msg_type,
        MsgType::Alert | MsgType::Update | MsgType::Cancel
    ) {
        wrong("msg_type", Problem::Unknown);
    }
    let explains = content.status == Status::Exercise || content.msg_type == MsgType::Cancel;
    let note = content.note.as_deref().unwrap_or_default().trim();
    if explains && note.is_empty() {
        wrong("note", Problem::Missing);
    }
    if note.chars().count() > TEXT {
        wrong("note", Problem::TooLong { most: TEXT });
    }
    if content.msg_type != MsgType::Cancel {
        check_information(content, configuration, &mut wrong);
    }
    match invalid.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(invalid)),
    }
}

fn check_information(
    content: &Content,
    configuration: &Configuration,
    wrong: &mut impl FnMut(&'static str, Problem),
) {
    let settings = &configuration.alerts;
    let most = usize::try_from(settings.longest_minutes).unwrap_or(usize::MAX);
    if content.holds_minutes < 1 {
        wrong("holds_minutes", Problem::Missing);
    } else if content.holds_minutes > settings.longest_minutes {
        wrong("holds_minutes", Problem::TooLong { most });
    }
    if content.areas.is_empty() {
        wrong("areas", Problem::Missing);
    }
    if content.areas.len() > MOST_AREAS {
        wrong("areas", Problem::TooMany { most: MOST_AREAS });
    }
    let known = |id| configuration.areas.by_id(id).is_some();
    if !content.areas.iter().all(|id| known(*id)) {
        wrong("areas", Problem::Unknown);
    }
    for language in &settings.languages {
        let words = content.words.get(language).cloned().unwrap_or_default();
        let texts = [
            ("event", &words.event, HEADLINE, true),
            ("headline", &words.headline, HEADLINE, true),
            ("description", &words.description, TEXT, true),
            ("instruction", &words.instruction, TEXT, false),
        ];
        for (field, text, most, needed) in texts {
            let length = text.trim().chars().count();
            if needed && length == 0 {
                wrong(field, Problem::Missing);
            } else if length > most {
                wrong(field, Problem::TooLong { most });
            }
        }
    }
}
