//! How an answer leaves: a failure gets a body in the way its path speaks, and all get the headers that keep a browser
//! safe.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use pendopo_standards::open311;

use super::{Visit, bare_chrome};
use crate::failure::{self, Failure};
use crate::i18n::Language;
use crate::pages_view::{ErrorKind, ErrorPage, Nav};
use crate::render;
use crate::server::AppState;

/// Gives a failure its body, and every answer the headers that keep a browser safe.
pub(super) fn finish(
    mut response: Response,
    visit: Option<&Visit>,
    state: &AppState,
    language: Language,
    reference: &str,
    path: &str,
) -> Response {
    let failed = response
        .extensions_mut()
        .remove::<Failure>()
        .or_else(|| unspoken(&response));
    if let Some(failure) = failed {
        if let Some(cause) = &failure.cause {
            if failure.kind.status() >= 500 {
                tracing::error!(request.id = reference, error = cause, "request failed");
            } else {
                tracing::info!(request.id = reference, error = cause, "request refused");
            }
        }
        response = match speaks(path) {
            Speaks::Open311(format) => {
                failure::open311_error(&failure, language, reference, format)
            }
            Speaks::Json => failure::problem_json(&failure, language, reference),
            Speaks::Pages => error_page(&failure, visit, state, language, reference),
        };
        if let Some(seconds) = failure.kind.retry_after_s() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    harden(response.headers_mut());
    response
}

/// A refusal by the router itself, which has no words for the reader.
fn unspoken(response: &Response) -> Option<Failure> {
    let typed = response.headers().get(header::CONTENT_TYPE);
    let plain = typed.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::NOT_FOUND if plain => Some(Failure::new(ErrorKind::NotFound)),
        StatusCode::METHOD_NOT_ALLOWED if plain => Some(Failure::new(ErrorKind::NotFound)),
        StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
            if plain =>
        {
            Some(Failure::new(ErrorKind::BadRequest))
        }
        _ => None,
    }
}

fn error_page(
    failure: &Failure,
    visit: Option<&Visit>,
    state: &AppState,
    language: Language,
    reference: &str,
) -> Response {
    let page = ErrorPage {
        kind: failure.kind,
        status: failure.kind.status(),
        kept: false,
        reference: reference.to_owned(),
        back_url: "/".to_owned(),
    };
    let chrome = visit.map_or_else(
        || bare_chrome(state, language, "/"),
        |visit| visit.chrome(Nav::None),
    );
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match render::page(&chrome, &page) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(request.id = reference, error = %error, "the error page could not be rendered");
            status.into_response()
        }
    }
}

/// What kind of answer a path speaks.
enum Speaks {
    Pages,
    Json,
    Open311(open311::Format),
}

fn speaks(path: &str) -> Speaks {
    if path.starts_with("/open311") {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        return Speaks::Open311(open311::Format::from_extension(extension).unwrap_or_default());
    }
    if path.starts_with("/map/")
        || path.starts_with("/events")
        || path.starts_with("/meja/events")
        || path == "/wall/data"
        || path == "/wall/events"
    {
        return Speaks::Json;
    }
    Speaks::Pages
}

fn harden(headers: &mut HeaderMap) {
    let fixed = [
        (
            "content-security-policy",
            "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "geolocation=(self), camera=(self)"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Pages are personal as soon as someone is signed in, and numbers change; nothing between may keep them.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.append(
        header::VARY,
        HeaderValue::from_static("cookie, accept-language"),
    );
}
