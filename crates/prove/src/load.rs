//! Reports from many writers at once, and what became of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;

use crate::chance::Chance;
use crate::http::Connection;
use crate::node::City;

/// Services of the starter set that ask no question which must be answered.
const SERVICES: [&str; 3] = ["jalan-berlubang", "lampu-jalan-padam", "sampah-menumpuk"];

/// Where the reports are: west, south, east, north.
pub const BOX: [f64; 4] = [104.5, 0.9, 104.6, 1.0];

/// What is sent to a city.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub api_key: String,
    /// In front of every text, so that two loads on one city differ.
    pub tag: String,
    pub writers: usize,
    /// At most so many reports of each writer.
    pub each: usize,
    /// Writers begin no further report once this is set, and expect the node to go away.
    pub ending: Arc<AtomicBool>,
}

/// A report that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// `L-12`
    pub number: String,
    pub text: String,
    /// Given with every second report, which then has a person and a key.
    pub email: Option<String>,
}

/// What became of a load.
#[derive(Default)]
pub struct Outcome {
    pub accepted: Vec<Accepted>,
    /// Sent, and the answer never came: they may or may not be there.
    pub unanswered: usize,
    /// How long each accepted report waited for its answer.
    pub waits: Vec<Duration>,
    pub took: Duration,
}

impl Outcome {
    pub fn per_second(&self) -> u64 {
        per_second(self.accepted.len(), self.took)
    }
}

/// Whole events per second.
pub fn per_second(count: usize, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(count as u128 * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// The value below which `percent` of the sorted `times` are, in milliseconds.
pub fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len().saturating_sub(1)) * percent / 100;
    let micros = sorted.get(at).map_or(0, |time| time.as_micros());
    f64::from(u32::try_from(micros / 10).unwrap_or(u32::MAX)) / 100.0
}

impl Load {
    pub fn new(city: &City, address: SocketAddr, tag: &str, writers: usize, each: usize) -> Self {
        Self {
            address,
            api_key: city.api_key.clone(),
            tag: tag.to_owned(),
            writers,
            each,
            ending: Arc::default(),
        }
    }

    /// Runs until every writer has sent its share, or has lost the node after `ending` was set.
    ///
    /// # Errors
    /// When the node refuses a report, or goes away unasked.
    pub async fn run(&self) -> Result<Outcome> {
        let begun = Instant::now();
        let writers = (0..self.writers).map(|writer| {
            let load = self.clone();
            tokio::spawn(async move { load.write(writer).await })
        });
        let mut all = Outcome::default();
        for one in join_all(writers).await {
            let one = one??;
            all.accepted.extend(one.accepted);
            all.waits.extend(one.waits);
            all.unanswered += one.unanswered;
        }
        all.took = begun.elapsed();
        all.waits.sort_unstable();
        Ok(all)
    }

    async fn write(&self, writer: usize) -> Result<Outcome> {
        let mut connection = Connection::new(self.address);
        let mut chance = Chance::new(writer as u64);
        let mut out = Outcome::default();
        for at in 0..self.each {
            if self.ending.load(Ordering::SeqCst) {
                break;
            }
            let text = format!("{} {writer}-{at}", self.tag);
            let named = (writer + at).is_multiple_of(2);
            let email = named.then(|| format!("{}.{writer}.{at}@example.org", self.tag));
            let (service, form) = self.form(&mut chance, &text, email.as_deref());
            let mut fields: Vec<(&str, &str)> = vec![("service_code", service)];
            fields.extend(form.iter().map(|(name, value)| (*name, value.as_str())));
            let begun = Instant::now();
            match connection
                .post_form("/open311/v2/requests.json", &fields)
                .await
            {
                Ok(answer) => {
                    let number = (answer.status == 200)
                        .then(|| number_in(&answer.text()))
                        .flatten();
                    let number = number.with_context(|| {
                        format!("refused with {}: {}", answer.status, answer.text())
                    })?;
                    out.waits.push(begun.elapsed());
                    out.accepted.push(Accepted {
                        number,
                        text,
                        email,
                    });
                }
                Err(error) => {
                    ensure!(
                        self.ending.load(Ordering::SeqCst),
                        "the node went away: {error}"
                    );
                    out.unanswered += 1;
                    break;
                }
            }
        }
        Ok(out)
    }

    fn form(
        &self,
        chance: &mut Chance,
        text: &str,
        email: Option<&str>,
    ) -> (&'static str, Vec<(&'static str, String)>) {
        let service = SERVICES[usize::try_from(chance.below(3)).unwrap_or(0)];
        let mut fields = vec![
            ("api_key", self.api_key.clone()),
            ("description", text.to_owned()),
            ("lat", format!("0.9{:04}", chance.below(10_000))),
            ("long", format!("104.5{:04}", chance.below(10_000))),
        ];
        if let Some(email) = email {
            fields.push(("email", email.to_owned()));
            fields.push(("first_name", "Prove".to_owned()));
        }
        (service, fields)
    }
}

/// The number in the answer to a report.
pub fn number_in(body: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    value[0]["service_request_id"].as_str().map(str::to_owned)
}

/// Asks for every accepted report by its number and returns what is not as it was sent.
///
/// # Errors
/// When the node does not answer.
pub async fn missing(address: SocketAddr, accepted: &[Accepted]) -> Result<Vec<String>> {
    const READERS: usize = 8;
    let share = accepted.len().div_ceil(READERS).max(1);
    let readers = accepted.chunks(share).map(|part| {
        let part = part.to_vec();
        tokio::spawn(async move {
            let mut connection = Connection::new(address);
            let mut wrong = Vec::new();
            for report in part {
                let path = format!("/open311/v2/requests/{}.json", report.number);
                let answer = connection.get(&path).await?;
                let kept: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
                let text = kept
                    .as_ref()
                    .and_then(|kept| kept[0]["description"].as_str());
                if text != Some(report.text.as_str()) {
                    wrong.push(format!("{} ({})", report.number, answer.status));
                }
            }
            anyhow::Ok(wrong)
        })
    });
    let mut wrong = Vec::new();
    for part in join_all(readers).await {
        wrong.extend(part??);
    }
    Ok(wrong)
}

/// How many public reports the city says it got in the last 90 days.
///
/// # Errors
/// When it does not say.
pub async fn total(address: SocketAddr) -> Result<usize> {
    total_of(address, "/open311/v2/requests.json?page_size=1").await
}

/// The `X-Total-Count` of a list.
///
/// # Errors
/// When it has none.
pub async fn total_of(address: SocketAddr, path: &str) -> Result<usize> {
    let answer = Connection::new(address).get(path).await?;
    let total = answer
        .header("x-total-count")
        .and_then(|total| total.parse().ok());
    total.with_context(|| format!("no total: {} {}", answer.status, answer.text()))
}

/// Numbers that two accepted reports were given.
pub fn given_twice(accepted: &[Accepted]) -> Vec<String> {
    let mut seen = BTreeMap::new();
    for report in accepted {
        *seen.entry(&report.number).or_insert(0_usize) += 1;
    }
    let twice = seen.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(number, _)| number.clone()).collect()
}
