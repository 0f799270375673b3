//! A report's way through the city: submit, join, assign, refer, close, resolve.

use std::collections::BTreeMap;

use pendopo_domain::geo::{AreaId, BoundingBox, Position};
use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::organisation::{TeamId, route};
use pendopo_domain::policy::{Action, Actor, allows};
use pendopo_domain::reports::{Channel, NewReport, Report, ReportId, State, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::keys::PersonKey;
use pendopo_store::photos::{self as photo_rows, Photo};
use pendopo_store::report_query::{self, Filter, Order};
use pendopo_store::reports::{self as rows, Sealed};
use pendopo_store::{Db, StoreError, drafts, jobs, updates};
use serde::{Deserialize, Serialize};

use crate::configuration::{Configuration, must};
use crate::identity::{Identity, subject};
use crate::photos::Prepared;
use crate::{City, Error, Invalid, Problem, Result, deadlines, limits, links, photos};

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

/// The text of a secret report, sealed as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SecretText {
    pub description: Option<String>,
    pub place: Option<String>,
    #[serde(default)]
    pub attributes: Vec<(String, Vec<String>)>,
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

/// Open public reports of the same service near `at`, to ask *already reported?*
///
/// # Errors
/// When the database does not answer.
pub async fn similar(city: &City, service_code: &str, at: Position) -> Result<Vec<Report>> {
    let filter = Filter {
        public_only: true,
        services: vec![service_code.to_owned()],
        states: vec![State::Received, State::Assigned, State::Reopened],
        near: Some((at, limits::SIMILAR_METRES)),
        received_from: Some(city.now().plus_days(-limits::SIMILAR_DAYS)),
        ..Filter::default()
    };
    Ok(report_query::list(
        &mut city.store().read().await?,
        &filter,
        Order::NewestFirst,
        3,
        0,
    )
    .await?)
}

/// Says *me too* to a public report.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there or not public; [`Error::Denied`].
pub async fn join(city: &City, actor: &Actor, id: ReportId) -> Result<Report> {
    must(actor, Action::SubmitReport)?;
    let now = city.now();
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let found = rows::by_id_for_update(db, id).await?;
                let mut report = found
                    .filter(|report| report.visibility == Visibility::Public)
                    .ok_or(Error::NotFound)?;
                report.joined = report.joined.saturating_add(1);
                rows::update(db, &report).await?;
                City::journal(db, now, &Event::ReportJoined { report: id }).await?;
                Ok(report)
            })
        })
        .await
}

/// The team that the routing proposes for a report.
pub fn proposed_team(configuration: &Configuration, report: &Report) -> Option<TeamId> {
    route(&configuration.routes, &report.service_code, report.area)
}

/// A report for someone who may see it: its reporter, the desk, its team; or anyone, when it is public.
///
/// # Errors
/// [`Error::NotFound`] also when the actor may not know that it exists.
pub async fn see(city: &City, actor: &Actor, action: Action, id: ReportId) -> Result<Report> {
    let report = rows::by_id(&mut city.store().read().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    if allows(actor, action, subject(&report)) {
        Ok(report)
    } else {
        Err(Error::NotFound)
    }
}

/// The text of a secret report for someone who may see it ([`see`] has been asked); what is plain for others.
///
/// # Errors
/// When the database does not answer.
pub async fn text(city: &City, report: &Report) -> Result<SecretText> {
    if report.visibility == Visibility::Public {
        let mut db = city.store().read().await?;
        let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (code, value) in rows::attributes(&mut db, report.id).await? {
            attributes.entry(code).or_default().push(value);
        }
        return Ok(SecretText {
            description: report.description.clone(),
            place: report.place.clone(),
            attributes: attributes.into_iter().collect(),
        });
    }
    let opened = open_sealed(city, report, Sealed::Secret).await?;
    let text = opened.and_then(|text| serde_json::from_slice(&text).ok());
    // Erased: what is left is that there was a report.
    Ok(text.unwrap_or_default())
}

/// A sealed text of a report in the clear; `None` when there is none or its person was erased.
pub(crate) async fn open_sealed(
    city: &City,
    report: &Report,
    kind: Sealed,
) -> Result<Option<Vec<u8>>> {
    let Some(person) = &report.person else {
        return Ok(None);
    };
    let sealed = rows::sealed(&mut city.store().read().await?, report.id, kind).await?;
    let (Some(sealed), Some(key)) = (sealed, city.store().keys().open(person).await?) else {
        return Ok(None);
    };
    Ok(Some(key.open(&kind.place(person), &sealed)?))
}

/// What the city says about the present state, for someone who may see the report.
///
/// # Errors
/// When the database does not answer.
pub async fn answer_words(city: &City, report: &Report) -> Result<Option<String>> {
    if report.visibility == Visibility::Public {
        return Ok(report.status_notes.clone());
    }
    let opened = open_sealed(city, report, Sealed::Answer).await?;
    Ok(opened.and_then(|text| String::from_utf8(text).ok()))
}

/// A step of the desk, with the words that the reporter will read.
#[derive(Clone, Debug)]
pub struct Triage {
    pub step: Step,
    /// Needed to refer, to close, and to resolve without a photo.
    pub words: Option<String>,
}

/// Takes a step on a report for the desk.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Refused`], [`Error::Invalid`] on `words`.
pub async fn triage(city: &City, actor: &Actor, id: ReportId, triage: Triage) -> Result<Report> {
    let words = checked_words(triage.words)?;
    let needs_words = matches!(
        triage.step,
        Step::Refer | Step::CloseNotFixed | Step::Resolve
    );
    if needs_words && words.is_none() {
        return Err(Invalid::one("words", Problem::Missing));
    }
    let change = Change::prepare(city, id, words).await?;
    let (actor, step) = (actor.clone(), triage.step);
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let report = change.locked(db, &actor, Action::TriageReport).await?;
                if let Step::MarkDuplicate { of } = step
                    && rows::by_id(db, of).await?.is_none()
                {
                    return Err(Invalid::one("duplicate_of", Problem::Unknown));
                }
                let report = change.take(db, report, step.clone()).await?;
                crate::dispatch::follow(db, &report, &step, change.now).await?;
                Ok(report)
            })
        })
        .await
}

/// Trims words and checks their length; empty is none.
pub(crate) fn checked_words(words: Option<String>) -> Result<Option<String>> {
    let words = words
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    if words
        .as_ref()
        .is_some_and(|text| text.chars().count() > limits::WORDS_CHARS)
    {
        return Err(Invalid::one(
            "words",
            Problem::TooLong {
                most: limits::WORDS_CHARS,
            },
        ));
    }
    Ok(words)
}

/// Everything that a change of one report's state needs inside its transaction, prepared outside of it.
#[derive(Clone)]
pub(crate) struct Change {
    id: ReportId,
    configuration: std::sync::Arc<Configuration>,
    pub(crate) now: Timestamp,
    words: Option<String>,
    /// The words sealed, when the report is secret.
    sealed: Option<(pendopo_domain::reports::PersonId, Vec<u8>)>,
    secret: bool,
}

impl Change {
    pub(crate) async fn prepare(city: &City, id: ReportId, words: Option<String>) -> Result<Self> {
        let report = rows::by_id(&mut city.store().read().await?, id)
            .await?
            .ok_or(Error::NotFound)?;
        let secret = report.visibility == Visibility::Secret;
        let mut sealed = None;
        if let (true, Some(text), Some(person)) = (secret, &words, &report.person)
            && let Some(key) = city.store().keys().open(person).await?
        {
            let place = Sealed::Answer.place(person);
            sealed = Some((
                person.clone(),
                key.seal(&place, text.as_bytes(), city.entropy())?,
            ));
        }
        let configuration = city.configuration();
        Ok(Self {
            id,
            configuration,
            now: city.now(),
            words,
            sealed,
            secret,
        })
    }

    pub(crate) fn id(&self) -> ReportId {
        self.id
    }

    /// The report, locked, for an actor who may do `action` to it.
    pub(crate) async fn locked(
        &self,
        db: &mut Db,
        actor: &Actor,
        action: Action,
    ) -> Result<Report> {
        let report = rows::by_id_for_update(db, self.id)
            .await?
            .ok_or(Error::NotFound)?;
        if !allows(actor, action, subject(&report)) {
            return Err(Error::Denied(action));
        }
        Ok(report)
    }

    /// Takes the step, stores the report, its history, its sealed words and the event.
    pub(crate) async fn take(&self, db: &mut Db, mut report: Report, step: Step) -> Result<Report> {
        let calendar = &self.configuration.calendar;
        let terms = self
            .configuration
            .service(&report.service_code)
            .map(|service| service.terms);
        let from = Cell::of(&report, calendar);
        report.take(step, terms.unwrap_or_default(), calendar, self.now)?;
        let plain = self.words.as_deref().filter(|_| !self.secret);
        if self.words.is_some() {
            report.status_notes = plain.map(str::to_owned);
        }
        rows::update(db, &report).await?;
        if let Some((person, ciphertext)) = &self.sealed {
            rows::put_sealed(db, report.id, Sealed::Answer, person, ciphertext).await?;
        }
        updates::insert(db, report.id, report.state, self.now, plain).await?;
        if report.state == State::Resolved
            && let Some(due) = report.deadlines.answer_due_at
        {
            jobs::add(
                db,
                deadlines::LAPSE,
                &report.id.to_string(),
                due.plus(jiff::SignedDuration::from_secs(1)),
            )
            .await?;
        }
        let to = Cell::of(&report, calendar);
        let event = Event::ReportChanged {
            report: report.id,
            from,
            to,
            team: report.team,
        };
        City::journal(db, self.now, &event).await?;
        Ok(report)
    }
}

/// What a list on a page or an interface asks for.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub filter: Filter,
    /// From 1.
    pub page: i64,
    /// At most [`limits::LIST_ROWS`].
    pub rows: i64,
}

/// Public reports, newest first, and how many there are in all.
///
/// # Errors
/// When the database does not answer.
pub async fn list_public(
    city: &City,
    listing: &Listing,
    order: Order,
) -> Result<(Vec<Report>, i64)> {
    let filter = Filter {
        public_only: true,
        ..listing.filter.clone()
    };
    let rows = listing.rows.clamp(1, limits::LIST_ROWS);
    let offset = (listing.page.max(1) - 1).saturating_mul(rows);
    let mut db = city.store().read().await?;
    let found = report_query::list(&mut db, &filter, order, rows, offset).await?;
    let total = report_query::count(&mut db, &filter).await?;
    Ok((found, total))
}

/// Public reports inside a box, gathered by squares so that a full city stays drawable.
///
/// `square` is in degrees. At most 2,000 squares, the fullest first.
///
/// # Errors
/// When the database does not answer.
pub async fn map_public(
    city: &City,
    filter: &Filter,
    within: BoundingBox,
    square: f64,
) -> Result<Vec<report_query::Cluster>> {
    const MOST_SQUARES: i64 = 2_000;
    let filter = Filter {
        public_only: true,
        ..filter.clone()
    };
    let mut db = city.store().read().await?;
    Ok(report_query::clusters(&mut db, &filter, within, square, MOST_SQUARES).await?)
}
