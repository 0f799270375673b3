//! Taking in a report: every field is checked, what is personal is sealed, and the answer leaves when it is on disk.

use pendopo_domain::geo::{AreaId, Position};
use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::reports::{Channel, NewReport, Report, State, Visibility};
use pendopo_store::keys::PersonKey;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::reports::{self as rows, Sealed};
use pendopo_store::{StoreError, drafts, updates};
use serde::Serialize;

use super::SecretText;
use crate::configuration::{Configuration, must};
use crate::identity::Identity;
use crate::photos::Prepared;
use crate::{City, Error, Invalid, Problem, Result, limits, links, photos};

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
    let Some(service) = configuration.service(&submission.service_code) else {
        return Err(Invalid::one("service_code", Problem::Unknown));
    };
    let visibility = submission.visibility.unwrap_or(service.default_visibility);
    let now = city.now();
    let secret = visibility == Visibility::Secret;
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
        person: key.as_ref().map(|key| key.person.clone()),
        channel,
        area,
        position: submission.position,
        place: submission.place.filter(|_| !secret),
        description: submission.description.filter(|_| !secret),
    };
    let report = Report::open(new, service.terms, &configuration.calendar, now);
    let attributes = if secret {
        vec![]
    } else {
        submission.attributes
    };
    let cell = Cell::of(&report, &configuration.calendar);
    let draft_hash = draft.clone();
    let stored = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                let mut report = report;
                let ids = rows::insert(db, std::slice::from_ref(&report)).await?;
                report.id = *ids.first().ok_or(StoreError::NotWritten)?;
                if let Some(draft) = &draft_hash {
                    drafts::insert(db, draft, report.id, now).await?;
                }
                rows::insert_attributes(db, report.id, &attributes).await?;
                for (kind, person, ciphertext) in &sealed {
                    rows::put_sealed(db, report.id, *kind, person, ciphertext).await?;
                }
                for photo in photos {
                    let photo = Photo {
                        report_id: Some(report.id.0),
                        ..photo
                    };
                    photo_rows::insert(db, &photo).await?;
                }
                for id in kept {
                    // One that was taken or pruned meanwhile is no reason to lose the report.
                    photo_rows::attach(db, &id, report.id).await?;
                }
                updates::insert(db, report.id, State::Received, now, None).await?;
                let event = Event::ReportReceived {
                    report: report.id,
                    visibility,
                    cell,
                };
                City::journal(db, now, &event).await?;
                Ok::<_, StoreError>(report)
            })
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

type SealedTexts = Vec<(Sealed, pendopo_domain::reports::PersonId, Vec<u8>)>;

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

/// Checks every field and finds the area of the report.
fn check(
    configuration: &Configuration,
    channel: Channel,
    submission: &Submission,
) -> Result<Option<AreaId>> {
    let mut invalid = Vec::new();
    let mut wrong = |field, problem| invalid.push(Invalid { field, problem });
    match configuration.service(&submission.service_code) {
        _ if submission.service_code.is_empty() => wrong("service_code", Problem::Missing),
        Some(service) if service.active => {}
        _ => wrong("service_code", Problem::Unknown),
    }
    let chosen = submission
        .area_code
        .as_deref()
        .map(|code| configuration.areas.by_code(code));
    if chosen.is_some_and(|area| area.is_none()) {
        wrong("area", Problem::Unknown);
    }
    let place = submission.place.as_deref().unwrap_or("");
    if submission.position.is_none() && chosen.is_none() && place.is_empty() {
        wrong("position", Problem::Missing);
    }
    if submission
        .position
        .is_some_and(|at| !configuration.areas.admit(at))
    {
        wrong("position", Problem::OutsideCity);
    }
    if place.chars().count() > limits::PLACE_CHARS {
        wrong(
            "place",
            Problem::TooLong {
                most: limits::PLACE_CHARS,
            },
        );
    }
    let length = submission
        .description
        .as_deref()
        .map_or(0, |text| text.chars().count());
    // Open311 lets a system send a report without words; a person is asked for some.
    if channel == Channel::Web && length < limits::DESCRIPTION_LEAST_CHARS {
        wrong(
            "description",
            Problem::TooShort {
                least: limits::DESCRIPTION_LEAST_CHARS,
            },
        );
    }
    if length > limits::DESCRIPTION_CHARS {
        wrong(
            "description",
            Problem::TooLong {
                most: limits::DESCRIPTION_CHARS,
            },
        );
    }
    let identity = &submission.identity;
    for (field, value) in [
        ("name", &identity.name),
        ("email", &identity.email),
        ("phone", &identity.phone),
        ("account_id", &identity.account_id),
        ("device_id", &identity.device_id),
    ] {
        if value
            .as_ref()
            .is_some_and(|text| text.chars().count() > limits::CONTACT_CHARS)
        {
            wrong(
                field,
                Problem::TooLong {
                    most: limits::CONTACT_CHARS,
                },
            );
        }
    }
    if submission.attributes.len() > limits::ATTRIBUTES {
        wrong(
            "attributes",
            Problem::TooMany {
                most: limits::ATTRIBUTES,
            },
        );
    }
    let too_long = |value: &String| value.chars().count() > limits::ATTRIBUTE_CHARS;
    if submission
        .attributes
        .iter()
        .any(|(_, values)| values.iter().any(too_long))
    {
        wrong(
            "attributes",
            Problem::TooLong {
                most: limits::ATTRIBUTE_CHARS,
            },
        );
    }
    if submission.photos.len() + submission.kept_photos.len() > limits::PHOTOS {
        wrong(
            "photo",
            Problem::TooMany {
                most: limits::PHOTOS,
            },
        );
    }
    if !invalid.is_empty() {
        return Err(Error::Invalid(invalid));
    }
    let found = submission
        .position
        .and_then(|at| configuration.areas.containing(at));
    Ok(found.or(chosen.flatten()).map(|area| area.id))
}
