//! A new report as a client posts it. GeoReport v2, POST Service Request.
//!
//! Only what the form alone can tell is checked here. Whether the key is good, the service exists or the place lies in
//! the city is the caller's question; the answers to the service's own questions are checked by
//! [`validate_attributes`](super::validate_attributes).

use std::fmt;

use super::params::Params;
use super::problem::{self, Problem};

pub use super::params::{MAX_MEDIA_URLS, MAX_SHORT_CHARS};

/// Most characters of a description. GeoReport v2, POST Service Request, `description`.
pub const MAX_DESCRIPTION_CHARS: usize = 4_000;

/// What one client sends as `address_id` when the reporter placed no pin: no address at all.
const NOT_PINPOINTED: &str = "#NOTPINPOINTED#";

/// A posted report. Texts are trimmed, never empty, have `\n` line breaks and no characters that XML forbids.
#[derive(Clone, Default, PartialEq)]
pub struct PostRequest {
    /// The client's key; whether one is needed and good is the caller's question.
    pub api_key: Option<String>,
    /// Which city, where several share an endpoint.
    pub jurisdiction_id: Option<String>,
    /// The service; not yet known to exist.
    pub service_code: String,
    /// WGS 84 degrees, latitude then longitude, as the standard has it; both in range.
    pub lat_long: Option<(f64, f64)>,
    /// The place in words.
    pub address_string: Option<String>,
    /// The place in an address register.
    pub address_id: Option<String>,
    /// Personal data.
    pub email: Option<String>,
    /// Personal data: the reporter's device.
    pub device_id: Option<String>,
    /// Personal data: the reporter's account at the client.
    pub account_id: Option<String>,
    /// Personal data.
    pub first_name: Option<String>,
    /// Personal data.
    pub last_name: Option<String>,
    /// Personal data.
    pub phone: Option<String>,
    /// Plain text of at most [`MAX_DESCRIPTION_CHARS`] characters.
    pub description: Option<String>,
    /// Pictures. The standard has one, clients send several.
    pub media_urls: Vec<String>,
    /// Answers by code, in the order of their first appearance.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// Without the key, the place, the texts and the person, so that a log line cannot give them away.
impl fmt::Debug for PostRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostRequest")
            .field("jurisdiction_id", &self.jurisdiction_id)
            .field("service_code", &self.service_code)
            .finish_non_exhaustive()
    }
}

/// Reads a posted report from decoded names and values ([`decode_form`](super::decode_form)).
///
/// # Errors
/// Every fault found, each a 400: no service code, no place, half a coordinate, one out of range, a text that is too
/// long, a picture that is no web address.
pub fn parse_form(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<PostRequest, Vec<Problem>> {
    let mut params = Params::collect(pairs);
    if !params.has("service_code") {
        params.fault(Problem::bad(problem::SERVICE_CODE_MISSING));
    }
    let device_id = if params.has("device_id") {
        params.short("device_id")
    } else {
        params.short("deviceid")
    };
    let post = PostRequest {
        api_key: params.short("api_key"),
        jurisdiction_id: params.short("jurisdiction_id"),
        service_code: params.short("service_code").unwrap_or_default(),
        lat_long: lat_long(&mut params),
        address_string: params.short("address_string"),
        address_id: params.short("address_id").filter(|id| id != NOT_PINPOINTED),
        email: params.short("email"),
        device_id,
        account_id: params.short("account_id"),
        first_name: params.short("first_name"),
        last_name: params.short("last_name"),
        phone: params.short("phone"),
        description: params.long("description", MAX_DESCRIPTION_CHARS),
        media_urls: params.media_urls(),
        attributes: params.attributes(),
    };
    let placed = params.has("lat") || params.has("long");
    if !placed && post.address_string.is_none() && post.address_id.is_none() {
        params.fault(Problem::bad(problem::LOCATION_MISSING));
    }
    params.finish(post)
}

/// `lat` and `long`: both, in range, or neither.
pub(super) fn lat_long(params: &mut Params) -> Option<(f64, f64)> {
    match (params.has("lat"), params.has("long")) {
        (true, false) => params.fault(Problem::bad(problem::LAT_WITHOUT_LONG)),
        (false, true) => params.fault(Problem::bad(problem::LONG_WITHOUT_LAT)),
        _ => {}
    }
    let lat = degrees(params, "lat", 90.0, problem::LAT_INVALID);
    let long = degrees(params, "long", 180.0, problem::LONG_INVALID);
    lat.zip(long)
}

fn degrees(params: &mut Params, name: &str, max: f64, key: &'static str) -> Option<f64> {
    let value = params.number(name, key)?;
    if value.abs() > max {
        params.fault(Problem::bad(key).arg("value", value));
        return None;
    }
    Some(value)
}
