//! Steps of the desk, and the one place where a report's state is changed and journalled.

use pendopo_domain::journal::Event;
use pendopo_domain::measures::Cell;
use pendopo_domain::policy::{Action, Actor, allows};
use pendopo_domain::reports::{Report, ReportId, State, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::reports::{self as rows, Sealed};
use pendopo_store::{Db, jobs, updates};

use crate::configuration::Configuration;
use crate::identity::subject;
use crate::{City, Error, Invalid, Problem, Result, deadlines, limits};

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
                if let Step::MarkDuplicate { of } = step {
                    // Of one that the actor may not know, the answer is the same as of none.
                    let original = rows::by_id(db, of).await?;
                    original
                        .filter(|original| allows(&actor, Action::TriageReport, subject(original)))
                        .ok_or_else(|| Invalid::one("duplicate_of", Problem::Unknown))?;
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

    /// A change without words, which needs no key and so can be made inside a transaction.
    pub(crate) fn without_words(
        configuration: &std::sync::Arc<Configuration>,
        report: &Report,
        now: Timestamp,
    ) -> Self {
        Self {
            id: report.id,
            configuration: std::sync::Arc::clone(configuration),
            now,
            words: None,
            sealed: None,
            secret: report.visibility == Visibility::Secret,
        }
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
        let answer = matches!(step, Step::Answer { .. });
        report.take(step, terms.unwrap_or_default(), calendar, self.now)?;
        let plain = self.words.as_deref().filter(|_| !self.secret);
        if self.words.is_some() {
            report.status_notes = plain.map(str::to_owned);
        }
        rows::update(db, &report).await?;
        if let Some((person, ciphertext)) = &self.sealed {
            rows::put_sealed(db, report.id, Sealed::Answer, person, ciphertext).await?;
        }
        // An answer that was put in other words is no new step.
        if !(answer && report.state == from.state) {
            updates::insert(db, report.id, report.state, self.now, plain).await?;
        }
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
