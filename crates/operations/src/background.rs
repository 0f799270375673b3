//! The work behind the answers: consumers of the journal, and jobs that are due.
//!
//! Every process that serves a city runs this; the one that holds the city's lease does the work. When it dies, another
//! takes over, from the durable positions.

use std::sync::Arc;
use std::time::Duration;

use pendopo_store::backend::Lease;

use crate::{City, Result, alarms, alerts, deadlines, entities, measures};

/// How often to look for jobs, and for what other processes wrote.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to let changes gather before looking: live data commits a thousand times a second.
const GATHER: Duration = Duration::from_millis(20);
/// How often to look while live data waits for its tables.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often to cut and prune.
const TIDY_EVERY: Duration = Duration::from_secs(3600);

/// Works for `city` until the process ends.
pub async fn run(city: Arc<City>) {
    let mut moved = city.store().moved();
    let mut lease = None;
    let mut tidied: Option<tokio::time::Instant> = None;
    loop {
        match work(&city, &mut lease).await {
            Ok(true) if tidied.is_none_or(|at| at.elapsed() > TIDY_EVERY) => {
                tidied = Some(tokio::time::Instant::now());
                if let Err(error) = deadlines::tidy(&city).await {
                    tracing::warn!(city = city.slug(), error = %error, "city.tidy failed");
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(city = city.slug(), error = %error, "city.background failed; it is tried again");
                lease = None;
            }
        }
        let is_behind = lease.is_some() && entities::is_behind(&city);
        let look = if is_behind { LOOK_AGAIN } else { LOOK_EVERY };
        tokio::select! {
            _ = moved.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(look) => {}
        }
    }
}

/// Does what there is to do, if this process holds the lease. Returns whether it does.
async fn work(city: &City, lease: &mut Option<Lease>) -> Result<bool> {
    if let Some(held) = lease
        && !held.holds().await
    {
        *lease = None;
    }
    if lease.is_none() {
        *lease = city.store().lease().await?;
    }
    city.set_leads(lease.is_some());
    if lease.is_none() {
        return Ok(false);
    }
    catch_up(city).await?;
    Ok(true)
}

/// Brings every consumer to the end of the journal and does the jobs that are due.
///
/// # Errors
/// When the database does not answer.
pub async fn catch_up(city: &City) -> Result<()> {
    while measures::count_next(city).await? > 0 {}
    while deadlines::run_due(city).await? > 0 {}
    alarms::unshelve_due(city).await?;
    alerts::tend(city).await?;
    entities::tend(city).await
}
