//! The reporter's word: *yes, done* or *not yet*, with stars and words. Changeable until closing.

use std::sync::Arc;

use pendopo_domain::incidents::{AssignmentState, Clock, Target};
use pendopo_domain::journal::Event;
use pendopo_domain::policy::{Action, Actor};
use pendopo_domain::ratings::{Rating, Stars, Verdict};
use pendopo_domain::reports::{PersonId, Report, ReportId, State, Step, Visibility};
use pendopo_domain::time::Timestamp;
use pendopo_store::reports::{self as report_rows, Sealed};
use pendopo_store::{Db, clocks, ratings as rows};

use crate::reports::{Change, checked_words, open_sealed};
use crate::{City, Error, Result, dispatch, incidents};

/// What the reporter answers.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    pub stars: Option<Stars>,
    pub words: Option<String>,
}

/// Takes the reporter's answer. *Not yet* reopens the report and sends its team again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Refused`] before the city said resolved or after closing,
/// [`Error::Invalid`] on `words`.
pub async fn rate(city: &City, actor: &Actor, id: ReportId, answer: Answer) -> Result<Report> {
    let words = checked_words(answer.words)?;
    let change = Change::prepare(city, id, None).await?;
    let sealed = seal_words(city, id, words.as_deref()).await?;
    let ready = Ready {
        change,
        words,
        sealed,
        verdict: answer.verdict,
        stars: answer.stars,
    };
    let ready = Arc::new(ready);
    // Once more only when the report joined or left an incident between the look and the lock.
    loop {
        let (actor, ready) = (actor.clone(), Arc::clone(&ready));
        let write = city.store().write(move |db| {
            Box::pin(async move {
                let locked = incidents::lock_around(db, id).await?;
                let report = ready
                    .change
                    .locked(db, &actor, Action::AnswerReport)
                    .await?;
                match report.incident == locked {
                    true => ready.write(db, &actor, report).await.map(Some),
                    false => Ok(None),
                }
            })
        });
        if let Some(report) = write.await? {
            return Ok(report);
        }
    }
}

/// An answer as far as it can be made ready before the transaction.
struct Ready {
    change: Change,
    words: Option<String>,
    sealed: Option<(PersonId, Vec<u8>)>,
    verdict: Verdict,
    stars: Option<Stars>,
}

impl Ready {
    /// Keeps the answer to a report that is locked, with its incident before it.
    async fn write(&self, db: &mut Db, actor: &Actor, report: Report) -> Result<Report> {
        let (change, verdict, stars) = (&self.change, self.verdict, self.stars);
        let (id, before) = (report.id, report.state);
        let report = change.take(db, report, Step::Answer { verdict }).await?;
        let rating = Rating {
            round: report.round,
            verdict,
            stars,
        };
        let is_public = report.visibility == Visibility::Public;
        let plain = self.words.as_deref().filter(|_| is_public);
        rows::put(db, id, &rating, plain, change.now).await?;
        if let Some((person, ciphertext)) = &self.sealed {
            report_rows::put_sealed(db, id, Sealed::Words, person, ciphertext).await?;
        }
        if let Some(incident) = report.incident {
            clocks::note(db, incident, Clock::Rated, change.now).await?;
        }
        follow(db, actor, &report, before, change.now).await?;
        let event = Event::ReportRated {
            report: id,
            round: report.round,
            verdict,
            stars,
        };
        City::journal(db, change.now, &event).await?;
        Ok(report)
    }
}

async fn seal_words(
    city: &City,
    id: ReportId,
    words: Option<&str>,
) -> Result<Option<(PersonId, Vec<u8>)>> {
    let report = report_rows::by_id(&mut city.store().read().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    let (Visibility::Secret, Some(words), Some(person)) = (report.visibility, words, report.person)
    else {
        return Ok(None);
    };
    let Some(key) = city.store().keys().open(&person).await? else {
        return Ok(None);
    };
    let sealed = key.seal(
        &Sealed::Words.place(&person),
        words.as_bytes(),
        city.entropy(),
    )?;
    Ok(Some((person, sealed)))
}

/// Work follows the verdict: *not yet* sends the team again, a *yes* after it calls the team back.
async fn follow(
    db: &mut Db,
    actor: &Actor,
    report: &Report,
    before: State,
    now: Timestamp,
) -> Result<()> {
    let target = Target::Report(report.id);
    let (was_open, is_open) = (before.is_open(), report.state.is_open());
    match (was_open, is_open, report.incident) {
        (false, true, Some(incident)) => {
            incidents::reopen(db, actor, incident, report.team, now).await?;
        }
        (false, true, None) => {
            if let Some(team) = report.team {
                dispatch::send(db, team, target, now).await?;
            }
        }
        (true, false, Some(incident)) => {
            incidents::settle_again(db, actor, incident, now).await?;
        }
        (true, false, None) => {
            dispatch::end(db, target, AssignmentState::Withdrawn, now).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The reporter's own answer, to be shown to the reporter or the desk.
///
/// # Errors
/// When the database does not answer.
pub async fn answer_of(city: &City, report: &Report) -> Result<Option<(Rating, Option<String>)>> {
    let found = rows::of_report(&mut city.store().read().await?, report.id).await?;
    let Some((rating, mut words)) = found else {
        return Ok(None);
    };
    if report.visibility == Visibility::Secret {
        let opened = open_sealed(city, report, Sealed::Words).await?;
        words = opened.and_then(|text| String::from_utf8(text).ok());
    }
    Ok(Some((rating, words)))
}
