//! Signed links and random tokens.
//!
//! A reporter's link is the number of the report and a signature of the city over it. It needs no row, opens any number
//! of times, and changes with any character. Tokens (cookies, sign-in links, API keys) are random; only their hash is
//! kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pendopo_domain::reports::ReportId;
use pendopo_domain::time::Entropy;
use sha2::{Digest, Sha256};

use crate::City;

/// The secret part of a reporter's link: `2187.x4J…`.
pub fn reporter_token(city: &City, report: ReportId) -> String {
    let signature = city.store().keys().sign(&reporter_text(report));
    format!("{report}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The report that a link leads to; `None` for a link that this city did not sign.
pub fn reporter_report(city: &City, token: &str) -> Option<ReportId> {
    let (id, signature) = token.split_once('.')?;
    let report = ReportId(id.parse().ok()?);
    // Written back, so that `+7` or `007` is not another way to write the same link.
    if report.to_string() != id {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    city.store()
        .keys()
        .verify(&reporter_text(report), &signature)
        .then_some(report)
}

fn reporter_text(report: ReportId) -> String {
    format!("report/{report}")
}

/// A signature for a value that goes through a form and comes back, for one purpose.
pub fn sign_value(city: &City, purpose: &str, value: &str) -> String {
    format!(
        "{value}.{}",
        URL_SAFE_NO_PAD.encode(city.store().keys().sign(&format!("{purpose}/{value}")))
    )
}

/// The value that [`sign_value`] signed for the same purpose; `None` if it was changed.
pub fn signed_value(city: &City, purpose: &str, signed: &str) -> Option<String> {
    let (value, signature) = signed.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    city.store()
        .keys()
        .verify(&format!("{purpose}/{value}"), &signature)
        .then(|| value.to_owned())
}

/// 256 random bits as text for a URL or a cookie.
pub fn random_token(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// 128 random bits as 32 hexadecimal digits.
pub fn random_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is kept of a token.
pub fn token_hash(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
