//! Taking in a report: every field is checked, what is personal is sealed, and the answer leaves when it is on disk.

use pendopo_domain::geo::{AreaId, Position};
use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Channel, NewReport, PersonId, Report, State, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::keys::PersonKey;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::reports::{self as rows, Sealed};
use pendopo_store::{Db, StoreError, drafts, updates};
use serde::Serialize;

use super::SecretText;
use super::check::check;
use crate::configuration::{Configuration, must};
use crate::identity::Identity;
use crate::photos::Prepared;
use crate::{City, Error, Invalid, Problem, Result, links, photos};

/// What a resident, or a system on behalf of one, sends.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    pub service_code: String,
    pub position: Option<Position>,
    /// The area chosen from a list, by code; the position goes before it.
    pub area_code: Option<String>,
    pub place: Option<String>,
    pub description: Option<String>,
    /// `None` takes what the service says.
    pub visibility: Option<Visibility>,
    pub anonymous: bool,
    pub identity: Identity,
    /// Answers to the questions of the service, as (code, values).
    pub attributes: Vec<(String, Vec<String>)>,
    pub photos: Vec<Prepared>,
    /// Ids of photos kept from an earlier try ([`photos::kept`]).
    pub kept_photos: Vec<String>,
    /// Names one filling-in of a form: the same one sent again is the same report.
    pub draft: Option<String>,
}

/// What the sender gets.
#[derive(Clone, Debug)]
pub struct Submitted {
    pub report: Report,
    /// The secret part of the reporter's link.
    pub token: String,
}

/// Takes in a report and answers when it is on disk.
///
/// # Errors
/// [`Error::Invalid`] names every field that cannot be used; [`Error::Denied`].
pub async fn submit(
    city: &City,
    actor: &Actor,
    channel: Channel,
    submission: Submission,
) -> Result<Submitted> {
    must(actor, sending(channel))?;
    let configuration = city.configuration();
    let area = check(&configuration, channel, &submission)?;
    let draft = draft_hash_of(&submission);
    if let Some(sent) = sent_before(city, draft.as_deref()).await? {
        return Ok(sent);
    }
    let filed = file(city, &configuration, channel, area, submission).await?;
    let (unsealed, draft_hash, now) = (filed.unsealed.clone(), draft.clone(), city.now());
    let stored = city
        .store()
        .write(move |db| {
            Box::pin(async move { insert(db, filed, draft_hash.as_deref(), now).await })
        })
        .await;
    match stored {
        Ok(report) => {
            if !unsealed.is_empty()
                && let Err(error) = city.store().media().remove(unsealed).await
            {
                // They are pruned with the other waiting ones.
                tracing::warn!(city = city.slug(), error = %error, "photos.remove failed");
            }
            Ok(submitted(city, report))
        }
        // The same form arrived twice at once: the other one was first.
        Err(error) if error.is_duplicate() => sent_before(city, draft.as_deref())
            .await?
            .ok_or(Error::Store(error)),
        Err(error) => Err(error.into()),
    }
}

/// A report with all that is stored beside it. The key of its person and the pictures are durable already; nothing
/// names them yet.
struct Filed {
    report: Report,
    /// Where it is counted.
    cell: Cell,
    /// Answers to the questions of the service, of a public report.
    attributes: Vec<(String, Vec<String>)>,
    sealed: SealedTexts,
    photos: Vec<Photo>,
    /// Photos that wait from an earlier try.
    kept: Vec<String>,
    /// Photos that waited in the clear, and of which a sealed copy is in `photos`.
    unsealed: Vec<String>,
}

/// Seals what is personal or secret, makes keys and pictures durable, and opens the report.
async fn file(
    city: &City,
    configuration: &Configuration,
    channel: Channel,
    area: Option<AreaId>,
    submission: Submission,
) -> Result<Filed> {
    let Some(service) = configuration.service(&submission.service_code) else {
        return Err(Invalid::one("service_code", Problem::Unknown));
    };
    let visibility = submission.visibility.unwrap_or(service.default_visibility);
    let (now, secret) = (city.now(), visibility == Visibility::Secret);
    let key = if secret || !submission.identity.is_empty() {
        Some(city.store().keys().create(now, city.entropy()).await?)
    } else {
        None
    };
    let sealed = seal(city, key.as_ref(), &submission, secret)?;
    let mut photos = store_photos(city, &submission, key.as_ref().filter(|_| secret)).await?;
    let (mut kept, mut unsealed) = (submission.kept_photos, vec![]);
    if let Some(key) = key.as_ref().filter(|_| secret) {
        // They waited in the clear, before the report was secret.
        unsealed = std::mem::take(&mut kept);
        for id in &unsealed {
            photos.extend(photos::seal_kept(city, id, key).await?);
        }
    }
    let new = NewReport {
        service_code: service.code.clone(),
        visibility,
        anonymous: submission.anonymous,
        person: key.map(|key| key.person),
        channel,
        area,
        position: submission.position,
        place: submission.place.filter(|_| !secret),
        description: submission.description.filter(|_| !secret),
    };
    let report = Report::open(new, service.terms, &configuration.calendar, now);
    Ok(Filed {
        cell: Cell::of(&report, &configuration.calendar),
        report,
        attributes: if secret {
            vec![]
        } else {
            submission.attributes
        },
        sealed,
        photos,
        kept,
        unsealed,
    })
}

/// Stores the report, all that belongs to it, and the event.
async fn insert(
    db: &mut Db,
    filed: Filed,
    draft: Option<&str>,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let mut report = filed.report;
    let ids = rows::insert(db, std::slice::from_ref(&report)).await?;
    report.id = *ids.first().ok_or(StoreError::NotWritten)?;
    if let Some(draft) = draft {
        drafts::insert(db, draft, report.id, now).await?;
    }
    rows::insert_attributes(db, report.id, &filed.attributes).await?;
    for (kind, person, ciphertext) in &filed.sealed {
        rows::put_sealed(db, report.id, *kind, person, ciphertext).await?;
    }
    for photo in filed.photos {
        let photo = Photo {
            report_id: Some(report.id.0),
            ..photo
        };
        photo_rows::insert(db, &photo).await?;
    }
    for id in filed.kept {
        // One that was taken or pruned meanwhile is no reason to lose the report.
        photo_rows::attach(db, &id, report.id).await?;
    }
    updates::insert(db, report.id, State::Received, now, None).await?;
    let event = Event::ReportReceived {
        report: report.id,
        visibility: report.visibility,
        cell: filed.cell,
    };
    City::journal(db, now, &event).await?;
    Ok(report)
}

/// Names what was sent, not only the form it was sent with: a form that comes back changed is another report.
fn draft_hash_of(submission: &Submission) -> Option<String> {
    let draft = submission.draft.as_deref()?;
    let place = submission
        .position
        .map(|at| (at.lon().to_bits(), at.lat().to_bits()));
    let said = (
        &submission.service_code,
        &submission.description,
        &submission.place,
        &submission.area_code,
    );
    Some(links::token_hash(&format!(
        "{draft}{said:?}{place:?}{:?}",
        submission.attributes
    )))
}

/// What the sender must be allowed: a person to report, a system to post.
const fn sending(channel: Channel) -> Action {
    match channel {
        Channel::Web | Channel::Import => Action::SubmitReport,
        Channel::Open311 => Action::PostOpen311,
    }
}

fn submitted(city: &City, report: Report) -> Submitted {
    let token = links::reporter_token(city, report.id);
    Submitted { report, token }
}

/// What came of a form that was sent before.
async fn sent_before(city: &City, draft: Option<&str>) -> Result<Option<Submitted>> {
    let Some(draft) = draft else { return Ok(None) };
    let mut db = city.store().read().await?;
    let Some(id) = drafts::find(&mut db, draft).await? else {
        return Ok(None);
    };
    Ok(rows::by_id(&mut db, id)
        .await?
        .map(|report| submitted(city, report)))
}

/// Checks a report as [`submit`] does and stores nothing.
///
/// # Errors
/// As [`submit`].
pub fn validate(
    city: &City,
    actor: &Actor,
    channel: Channel,
    submission: &Submission,
) -> Result<()> {
    must(actor, sending(channel))?;
    check(&city.configuration(), channel, submission).map(|_| ())
}

type SealedTexts = Vec<(Sealed, PersonId, Vec<u8>)>;

fn seal(
    city: &City,
    key: Option<&PersonKey>,
    submission: &Submission,
    secret: bool,
) -> Result<SealedTexts> {
    let Some(key) = key else { return Ok(vec![]) };
    let mut texts = Vec::new();
    if !submission.identity.is_empty() {
        texts.push((Sealed::Identity, json(&submission.identity)?));
    }
    if secret {
        let text = SecretText {
            description: submission.description.clone(),
            place: submission.place.clone(),
            attributes: submission.attributes.clone(),
        };
        texts.push((Sealed::Secret, json(&text)?));
    }
    texts
        .into_iter()
        .map(|(kind, text)| {
            let sealed = key.seal(&kind.place(&key.person), &text, city.entropy())?;
            Ok((kind, key.person.clone(), sealed))
        })
        .collect()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(value).map_err(|error| StoreError::Corrupt(error.to_string()))?)
}

async fn store_photos(
    city: &City,
    submission: &Submission,
    key: Option<&PersonKey>,
) -> Result<Vec<Photo>> {
    let mut stored = Vec::new();
    for photo in &submission.photos {
        stored.push(photos::store(city, photo, "before", key).await?);
    }
    Ok(stored)
}
