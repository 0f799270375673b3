//! Requests that no handler gets to see.

use axum::extract::Request;
use axum::http::{Method, header};

use crate::failure::Failure;
use crate::pages_view::ErrorKind;

/// An address with a NUL in it names nothing: PostgreSQL has no NUL in a text.
pub(super) fn no_nul(request: &Request) -> Result<(), Failure> {
    let found = request
        .uri()
        .path_and_query()
        .is_some_and(|address| address.as_str().contains("%00"));
    if found {
        Err(Failure::because(
            ErrorKind::BadRequest,
            "NUL in the address",
        ))
    } else {
        Ok(())
    }
}

/// A form of another site must not act in the name of someone signed in here (Fetch Metadata; RFC 6454 for older
/// browsers). Open311 carries its own key and takes no cookie.
pub(super) fn guard_against_other_sites(request: &Request) -> Result<(), Failure> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || request.uri().path().starts_with("/open311") {
        return Ok(());
    }
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" {
            Ok(())
        } else {
            Err(Failure::new(ErrorKind::Forbidden))
        };
    }
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let Some(origin) = headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(());
    };
    let same = origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority == host);
    if same {
        Ok(())
    } else {
        Err(Failure::new(ErrorKind::Forbidden))
    }
}
