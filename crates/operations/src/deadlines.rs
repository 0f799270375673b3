//! Jobs: what happens when a time is over.

use pendopo_domain::reports::{Refusal, ReportId, Step};
use pendopo_store::jobs::{self, Job};
use pendopo_store::{alerts as warnings, drafts, journal, photos as photo_rows};

use crate::reports::Change;
use crate::{City, Error, Result};

/// The reporter had ten working days to answer. Payload: the report's id.
pub const LAPSE: &str = "lapse";
/// A form, and a photo that waits for the rest of its form, is remembered this long, in days.
const FORM_WAITS_DAYS: i64 = 1;
/// How long a warning that did not concern the city is kept after it ended, in days.
const ELSEWHERE_DAYS: i64 = 30;
/// Jobs done in one go before looking at the journal again.
const AT_ONCE: i64 = 100;

/// Does the jobs that are due. Returns how many were taken in hand.
///
/// # Errors
/// When the database does not answer. A job that fails for a reason of its own is put back with a pause.
pub async fn run_due(city: &City) -> Result<usize> {
    let due = jobs::due(&mut city.store().read().await?, city.now(), AT_ONCE).await?;
    let count = due.len();
    for job in due {
        if let Err(error) = run(city, &job).await {
            put_back(city, &job, &error).await?;
        }
    }
    Ok(count)
}

async fn run(city: &City, job: &Job) -> Result<()> {
    match (job.kind.as_str(), job.payload.parse()) {
        (LAPSE, Ok(id)) => lapse(city, ReportId(id), job.id).await,
        // A kind that this version does not know waits for the version that does.
        _ => Err(Error::NotFound),
    }
}

/// Safe to run twice: a report that was answered, reopened or lapsed already stays as it is.
async fn lapse(city: &City, id: ReportId, job: i64) -> Result<()> {
    let change = Change::prepare(city, id, None).await?;
    city.store()
        .write(move |db| {
            Box::pin(async move {
                let Some(report) = pendopo_store::reports::by_id_for_update(db, id).await? else {
                    return Ok(jobs::done(db, job).await?);
                };
                match change.take(db, report, Step::Lapse).await {
                    Ok(_)
                    | Err(Error::Refused(Refusal::WrongState(_) | Refusal::AnswerStillOpen)) => {}
                    Err(error) => return Err(error),
                }
                Ok(jobs::done(db, job).await?)
            })
        })
        .await
}

async fn put_back(city: &City, job: &Job, error: &Error) -> Result<()> {
    tracing::warn!(city = city.slug(), job.kind, job.attempts, error = %error, "job failed; it is tried again");
    // One minute, two, four … at most about a day.
    let pause = jiff::SignedDuration::from_mins(1 << job.attempts.clamp(0, 10));
    let (id, again_at, text) = (job.id, city.now().plus(pause), error.to_string());
    city.store()
        .write(move |db| Box::pin(async move { jobs::failed(db, id, &text, again_at).await }))
        .await?;
    Ok(())
}

/// Housekeeping, now and then: cuts the journal, prunes photos that no report took and old warnings of elsewhere.
///
/// # Errors
/// When the database does not answer.
pub async fn tidy(city: &City) -> Result<()> {
    let now = city.now();
    let flushed = city.store().flushed().await?;
    let (cut, orphans) = city
        .store()
        .write(move |db| {
            Box::pin(async move {
                let cut = journal::cut(db, now, flushed).await?;
                let orphans = photo_rows::take_orphans(db, now.plus_days(-FORM_WAITS_DAYS)).await?;
                drafts::prune(db, now.plus_days(-FORM_WAITS_DAYS)).await?;
                warnings::prune(db, now.plus_days(-ELSEWHERE_DAYS)).await?;
                Ok::<_, pendopo_store::StoreError>((cut, orphans))
            })
        })
        .await?;
    if cut > 0 || !orphans.is_empty() {
        tracing::info!(
            city = city.slug(),
            journal.cut = cut,
            photos.pruned = orphans.len(),
            "city.tidy"
        );
    }
    city.store().media().remove(orphans).await?;
    Ok(())
}
