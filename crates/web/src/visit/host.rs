//! Which city a request is for, by its Host (RFC 9110 §7.2).

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Version, header};
use pendopo_operations::City;

use crate::failure::Failure;
use crate::pages_view::ErrorKind;
use crate::server::AppState;

/// The authority of a request. RFC 9112 §3.2: a request of HTTP/1.1 without Host is answered with 400.
pub(crate) fn host(request: &Request) -> Result<Option<String>, Failure> {
    let header = request.headers().get(header::HOST);
    let named = header
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or_else(|| request.uri().authority().map(ToString::to_string));
    match named {
        Some(host) if !host.is_empty() => Ok(Some(host)),
        _ if request.version() == Version::HTTP_10 => Ok(None),
        _ => Err(Failure::because(ErrorKind::BadRequest, "no Host header")),
    }
}

/// The city that a host name asks for. `None` for a bare host.
pub(super) async fn city_of_host(
    state: &AppState,
    host: &str,
) -> Result<Option<Arc<City>>, Failure> {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_address = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    if is_address || name == "localhost" {
        return Ok(None);
    }
    match state.node.city_of_host(&name).await? {
        Some(city) => Ok(Some(city)),
        // An unknown name never makes a city, and is not taken for the bare host either.
        None if name.ends_with(".localhost") => Err(Failure::new(ErrorKind::NotFound)),
        None => Ok(None),
    }
}
