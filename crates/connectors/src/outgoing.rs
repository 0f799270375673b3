//! Requests to other systems, past the guard of [`pendopo_operations::outgoing`].
//!
//! A name is resolved once, every address it has is judged, and the connection goes to one of those that passed: what
//! the name says a moment later does not matter. Redirects are not followed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pendopo_operations::outgoing::{Address, Allow, Refused};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);
/// Hosts whose addresses are remembered between judging and connecting.
const HOSTS: usize = 1_024;

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the host has no address")]
    Unresolved,
    /// No answer in time, or none at all. Never shows the address: it may hold a secret.
    #[error("no answer")]
    NoAnswer,
    #[error("the answer is too large")]
    TooLarge,
}

/// An answer to a question.
#[derive(Clone, Debug)]
pub struct Got {
    pub status: u16,
    /// Unpacked.
    pub body: Vec<u8>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Longest wait that another system may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Speaks to other systems.
pub struct Outgoing {
    allow: Allow,
    http: reqwest::Client,
    judged: Arc<Judged>,
}

/// Addresses that passed, by host.
#[derive(Default)]
struct Judged(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self
            .0
            .lock()
            .ok()
            .and_then(|hosts| hosts.get(name.as_str()).cloned());
        Box::pin(async move {
            match found {
                Some(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                None => Err("the host was not judged".into()),
            }
        })
    }
}

/// Chooses who does the cryptography of TLS; needed once before the first client is built.
pub(crate) fn tls() {
    // Another part of the process may have been first; the provider is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Outgoing {
    /// With the exceptions of this node.
    ///
    /// # Errors
    /// When the TLS library does not start.
    pub fn new(allow: Allow) -> anyhow::Result<Self> {
        tls();
        let judged = Arc::new(Judged::default());
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // Names of header fields have no case; some receivers think otherwise.
            .http1_title_case_headers()
            .pool_idle_timeout(Duration::from_secs(30))
            .dns_resolver(Arc::clone(&judged))
            .build()?;
        Ok(Self {
            allow,
            http,
            judged,
        })
    }

    /// Sends a body. Returns the status of the answer.
    ///
    /// # Errors
    /// When the address is refused or nobody answers.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<u16, Unsent> {
        self.judge(url).await?;
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|_| Unsent::NoAnswer)?;
        Ok(answer.status().as_u16())
    }

    /// Gets what is there; at most `most` bytes of it, packed or not.
    ///
    /// # Errors
    /// When the address is refused, nobody answers, or the answer is larger.
    pub async fn get(
        &self,
        url: &str,
        headers: &[(&str, String)],
        most: usize,
    ) -> Result<Got, Unsent> {
        self.judge(url).await?;
        let mut request = self.http.get(url).header("accept-encoding", "gzip");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send().await.map_err(|_| Unsent::NoAnswer)?;
        let text = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let seconds = text("retry-after").and_then(|text| text.parse().ok());
        let packed = text("content-encoding").is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let mut got = Got {
            status: answer.status().as_u16(),
            body: vec![],
            etag: text("etag"),
            last_modified: text("last-modified"),
            retry_after: seconds.map(|s| Duration::from_secs(s).min(LONGEST_WAIT)),
        };
        while let Some(part) = answer.chunk().await.map_err(|_| Unsent::NoAnswer)? {
            if got.body.len() + part.len() > most {
                return Err(Unsent::TooLarge);
            }
            got.body.extend_from_slice(&part);
        }
        if packed {
            got.body = unpack(&got.body, most)?;
        }
        Ok(got)
    }

    async fn judge(&self, url: &str) -> Result<(), Unsent> {
        let address = Address::parse(url)?;
        self.allow.permits(&address)?;
        if address.host.parse::<std::net::IpAddr>().is_ok() {
            return Ok(());
        }
        let found = tokio::net::lookup_host((address.host.as_str(), address.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Unsent::Unresolved)?.collect();
        let mut refused = None;
        let passed: Vec<SocketAddr> = found
            .into_iter()
            .filter(|one| match self.allow.permits_ip(&address, one.ip()) {
                Ok(()) => true,
                Err(why) => {
                    refused = Some(why);
                    false
                }
            })
            .collect();
        if passed.is_empty() {
            return Err(refused.map_or(Unsent::Unresolved, Unsent::Refused));
        }
        if let Ok(mut hosts) = self.judged.0.lock() {
            if hosts.len() >= HOSTS {
                hosts.clear();
            }
            hosts.insert(address.host, passed);
        }
        Ok(())
    }
}

/// Unpacks gzip, and not more of it than is wanted.
fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, Unsent> {
    use std::io::Read;
    let mut body = vec![];
    let room = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = flate2::read::GzDecoder::new(packed)
        .take(room)
        .read_to_end(&mut body);
    match read {
        Ok(bytes) if bytes > most => Err(Unsent::TooLarge),
        Ok(_) => Ok(body),
        Err(_) => Err(Unsent::NoAnswer),
    }
}
