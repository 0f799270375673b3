//! What the reporter's side says later, through another system (Open311 service request updates).
//!
//! It is kept as the reporter's own later words are: plain beside a public report, sealed beside a secret one, to be read
//! by the desk and the reporter. It moves nothing: no state, no deadline, no count. Name and contact of whoever wrote it
//! are not asked for and not kept.

use pendopo_domain::comments::Claim;
use pendopo_domain::journal::Event;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::policy::{Action, Actor, Scope, Who, allows};
use pendopo_domain::reports::{Number, Report, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::comments as rows;
use pendopo_store::reports::{self as report_rows, Sealed};
use pendopo_store::{StoreError, updates};

use crate::configuration::must;
use crate::identity::subject;
use crate::reports::open_sealed;
use crate::{City, Error, Invalid, Problem, Result, limits, links};

/// What another system sends about a report.
#[derive(Clone, Debug)]
pub struct NewComment {
    /// What the sender calls it: the same one sent again is the same comment.
    pub sender_ref: String,
    pub claim: Claim,
    pub words: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It stands in the history under this number, since now or since it was sent first.
    As(i64),
    /// This sender gave the same reference to a comment on another report. Nothing was stored.
    Elsewhere,
}

/// Adds a comment to the report that is called `name`: its number, or the secret part of its reporter's link. Without the
/// link a secret report is not there.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Invalid`] on `update_id` and `description`.
pub async fn add(city: &City, actor: &Actor, name: &str, comment: NewComment) -> Result<Added> {
    let (actor, report, sender) = prepare(city, actor, name, &comment).await?;
    if let Some(added) = sent_before(city, sender, &comment, &report).await? {
        return Ok(added);
    }
    let sealed = match (&comment.words, &report.person, report.visibility) {
        (Some(words), Some(person), Visibility::Secret) => {
            let key = city.store().keys().open(person).await?;
            // Every sealed text of a comment is bound to the same place; its number is not known yet.
            let place = Sealed::Comment(0).place(person);
            key.map(|key| key.seal(&place, words.as_bytes(), city.entropy()))
                .transpose()?
                .map(|ciphertext| (person.clone(), ciphertext))
        }
        _ => None,
    };
    let (id, now, again) = (report.id, city.now(), comment.clone());
    let stored = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                let found = report_rows::by_id_for_update(db, id).await?;
                let report = found
                    .filter(|report| allows(&actor, Action::PostOpen311, subject(report)))
                    .ok_or(Error::NotFound)?;
                let most = limits::COMMENTS;
                if rows::count(db, id).await? >= i64::try_from(most).unwrap_or(i64::MAX) {
                    return Err(Invalid::one(
                        "service_request_id",
                        Problem::TooMany { most },
                    ));
                }
                let update = updates::insert(db, id, report.state, now, None).await?;
                let public = report.visibility == Visibility::Public;
                let new = rows::New {
                    sender,
                    sender_ref: comment.sender_ref,
                    claim: comment.claim,
                    words: comment.words.filter(|_| public),
                };
                rows::insert(db, update, &new).await?;
                // Erased meanwhile: nothing could open it any more.
                let sealed = sealed.filter(|(person, _)| report.person.as_ref() == Some(person));
                if let Some((person, ciphertext)) = &sealed {
                    let kind = Sealed::Comment(update);
                    report_rows::put_sealed(db, id, kind, person, ciphertext).await?;
                }
                City::journal(db, now, &Event::ReportCommented { report: id }).await?;
                Ok(update)
            })
        })
        .await;
    match stored {
        Ok(update) => Ok(Added::As(update)),
        // The same one arrived twice at once: the other was first.
        Err(Error::Store(error)) if error.is_duplicate() => {
            sent_before(city, sender, &again, &report)
                .await?
                .ok_or(Error::Store(error))
        }
        Err(error) => Err(error),
    }
}

/// Checks a comment as [`add`] does and stores nothing; `Some(Elsewhere)` is what would become of it.
///
/// # Errors
/// As [`add`].
pub async fn check(
    city: &City,
    actor: &Actor,
    name: &str,
    comment: &NewComment,
) -> Result<Option<Added>> {
    let (_, report, sender) = prepare(city, actor, name, comment).await?;
    sent_before(city, sender, comment, &report).await
}

/// The sender with what the link gives, if it was one, and the report.
async fn prepare(
    city: &City,
    actor: &Actor,
    name: &str,
    comment: &NewComment,
) -> Result<(Actor, Report, ApiKeyId)> {
    must(actor, Action::PostOpen311)?;
    let Who::ApiClient(sender) = actor.who else {
        return Err(Error::Denied(Action::PostOpen311));
    };
    check_fields(comment)?;
    let mut actor = actor.clone();
    let mut db = city.store().read().await?;
    let found = match links::reporter_report(city, name) {
        Some(id) => {
            let own = city.reporter(id).grants.into_iter();
            actor
                .grants
                .extend(own.filter(|grant| grant.scope == Scope::Report(id)));
            report_rows::by_id(&mut db, id).await?
        }
        None => report_rows::by_number(&mut db, &Number::parse(name)).await?,
    };
    let report = found
        .filter(|report| allows(&actor, Action::PostOpen311, subject(report)))
        .ok_or(Error::NotFound)?;
    Ok((actor, report, sender))
}

fn check_fields(comment: &NewComment) -> Result<()> {
    let length = |text: &str| text.chars().count();
    let mut invalid = Vec::new();
    let mut wrong = |field, problem| invalid.push(Invalid { field, problem });
    let most = limits::REFERENCE_CHARS;
    match length(&comment.sender_ref) {
        0 => wrong("update_id", Problem::Missing),
        long if long > most => wrong("update_id", Problem::TooLong { most }),
        _ => {}
    }
    let most = limits::DESCRIPTION_CHARS;
    if comment.words.as_deref().map_or(0, length) > most {
        wrong("description", Problem::TooLong { most });
    }
    if invalid.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(invalid))
    }
}

async fn sent_before(
    city: &City,
    sender: ApiKeyId,
    comment: &NewComment,
    report: &Report,
) -> Result<Option<Added>> {
    let mut db = city.store().read().await?;
    let found = rows::find(&mut db, sender, &comment.sender_ref).await?;
    Ok(found.map(|(update, about)| {
        if about == report.id {
            Added::As(update)
        } else {
            Added::Elsewhere
        }
    }))
}

/// A comment as the desk and the reporter read it.
#[derive(Clone, Debug)]
pub struct Comment {
    pub at: Timestamp,
    pub claim: Claim,
    /// `None` when there were none, or the reporter of a secret report was erased.
    pub words: Option<String>,
    /// The name of the system that it came from.
    pub sender_name: String,
}

/// The newest comments on a report, newest first, for someone who may see it as its reporter or the desk does.
///
/// # Errors
/// When the database does not answer.
pub async fn of_report(city: &City, report: &Report) -> Result<Vec<Comment>> {
    const MOST: i64 = 50;
    let mut db = city.store().read().await?;
    let found = rows::of_report(&mut db, report.id, MOST).await?;
    drop(db);
    let mut comments = Vec::with_capacity(found.len());
    for row in found {
        let mut words = row.words;
        if report.visibility == Visibility::Secret {
            let opened = open_sealed(city, report, Sealed::Comment(row.id)).await?;
            words = opened
                .map(String::from_utf8)
                .transpose()
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        comments.push(Comment {
            at: row.at,
            claim: row.claim,
            words,
            sender_name: row.sender_name,
        });
    }
    Ok(comments)
}
