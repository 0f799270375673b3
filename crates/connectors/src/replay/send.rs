//! The way to the city: HTTP, as any other system has it.
//!
//! Requests are bounded, and repeated while the city says 503 or 429 or does not answer; `Retry-After` is heeded. A
//! repeated batch of entities writes the same again, which changes nothing but its time of writing.

use std::time::Duration;

use reqwest::{Response, StatusCode, Url, header};
use serde::Deserialize;
use serde_json::Value;

use super::{Reason, Report};

/// Entities of one request.
pub const BATCH: usize = 500;
/// Bytes of one request, about.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// How often a request is tried.
const TRIES: u32 = 8;
/// Between two tries, when the city says nothing about it; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// However long the city asks to wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Characters of an answer that are told on.
const TOLD: usize = 300;

/// Why there is no way to the city at all. One request that fails is no such error.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("{0} is no base URL")]
    Url(String),
    #[error("no HTTP client")]
    Client(#[from] reqwest::Error),
}

/// What the city said to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Accepted,
    Refused(Reason, String),
}

/// Sends to one city with one key.
pub struct Client {
    http: reqwest::Client,
    entities: Url,
    reports: Url,
    key: String,
    pause: Duration,
}

/// An entity on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub id: String,
    pub json: String,
    pub context: bool,
}

impl Client {
    /// For the city at `base_url`, with an API key of it.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(base_url: &str, key: &str) -> Result<Self, SendError> {
        let base = Url::parse(base_url).map_err(|_| SendError::Url(base_url.to_owned()))?;
        let at = |path: &str| {
            base.join(path)
                .map_err(|_| SendError::Url(base_url.to_owned()))
        };
        crate::outgoing::tls();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            entities: at("/ngsi-ld/v1/entityOperations/upsert?options=update")?,
            reports: at("/open311/v2/requests.json")?,
            key: key.to_owned(),
            pause: FIRST_PAUSE,
        })
    }

    /// With another first pause; for tests.
    #[cfg(test)]
    pub fn hasty(mut self) -> Self {
        self.pause = Duration::from_millis(1);
        self
    }

    /// Sends entities, none twice in one call, and returns what was said to each, in their order.
    pub async fn entities(&self, batch: &[Outgoing]) -> Vec<Said> {
        let mut said = Vec::with_capacity(batch.len());
        for part in batch.chunk_by(|one, next| one.context == next.context) {
            said.extend(self.part(part).await);
        }
        said
    }

    async fn part(&self, part: &[Outgoing]) -> Vec<Said> {
        let kind = match part.first() {
            Some(first) if first.context => "application/ld+json",
            _ => "application/json",
        };
        let all: Vec<&str> = part.iter().map(|one| one.json.as_str()).collect();
        let body = format!("[{}]", all.join(","));
        let request = || {
            self.http
                .post(self.entities.clone())
                .bearer_auth(&self.key)
                .header(header::CONTENT_TYPE, kind)
                .body(body.clone())
        };
        match self.until_answered(request).await {
            Ok((status, _)) if status.is_success() && status != StatusCode::MULTI_STATUS => {
                vec![Said::Accepted; part.len()]
            }
            Ok((StatusCode::MULTI_STATUS, text)) => said_of_each(part, &text),
            Ok((status, text)) => {
                let refused = Said::Refused(Reason::RefusedByCity, told(status, &text));
                vec![refused; part.len()]
            }
            Err(why) => vec![Said::Refused(Reason::NotDelivered, why); part.len()],
        }
    }

    /// Sends one report.
    pub async fn report(&self, report: &Report) -> Said {
        let mut form = vec![
            ("api_key".to_owned(), self.key.clone()),
            ("service_code".to_owned(), report.service_code.clone()),
            ("description".to_owned(), report.description.clone()),
            ("lat".to_owned(), report.position.lat().to_string()),
            ("long".to_owned(), report.position.lon().to_string()),
        ];
        let answers = report.attributes.iter();
        form.extend(answers.map(|(code, value)| (format!("attribute[{code}]"), value.clone())));
        let request = || self.http.post(self.reports.clone()).form(&form);
        match self.until_answered(request).await {
            Ok((status, _)) if status.is_success() => Said::Accepted,
            Ok((status, text)) => Said::Refused(Reason::RefusedByCity, told(status, &text)),
            Err(why) => Said::Refused(Reason::NotDelivered, why),
        }
    }

    /// The first answer that is final.
    async fn until_answered(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<(StatusCode, String), String> {
        let mut pause = self.pause;
        let mut why = String::new();
        for tried in 1..=TRIES {
            match request().send().await {
                Ok(response) if !busy(response.status()) => {
                    let status = response.status();
                    return Ok((status, response.text().await.unwrap_or_default()));
                }
                Ok(response) => {
                    why = response.status().to_string();
                    pause = asked(&response).unwrap_or(pause);
                }
                Err(error) => why = error.to_string(),
            }
            if tried < TRIES {
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
        }
        Err(why)
    }
}

fn busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    )
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); a date is not what our own cities send.
fn asked(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// `BatchOperationResult` (ETSI GS CIM 009 §5.2.16): who is not named among the errors was taken.
fn said_of_each(part: &[Outgoing], text: &str) -> Vec<Said> {
    #[derive(Deserialize)]
    struct Result {
        #[serde(default)]
        errors: Vec<Failed>,
    }
    #[derive(Deserialize)]
    struct Failed {
        #[serde(rename = "entityId")]
        entity_id: Option<String>,
        error: Option<Value>,
    }
    let Ok(result) = serde_json::from_str::<Result>(text) else {
        let refused = Said::Refused(Reason::RefusedByCity, told(StatusCode::MULTI_STATUS, text));
        return vec![refused; part.len()];
    };
    let said = |one: &Outgoing| {
        let failed = result
            .errors
            .iter()
            .find(|failed| failed.entity_id.as_deref() == Some(&one.id));
        failed.map_or(Said::Accepted, |failed| {
            let error = failed.error.as_ref().map(Value::to_string);
            let text = told(StatusCode::MULTI_STATUS, &error.unwrap_or_default());
            Said::Refused(Reason::RefusedByCity, text)
        })
    };
    part.iter().map(said).collect()
}

fn told(status: StatusCode, text: &str) -> String {
    let shortened: String = text.chars().take(TOLD).collect();
    format!("{status} {shortened}")
}
