//! The browser's files, embedded from `assets/dist`: styles, scripts, the sprite, the font.
//!
//! `make` builds the folder before the crate; without it the crate still compiles and every asset
//! is answered with 404. Compression is done by a layer of the router, not here.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/dist"]
#[allow_missing = true]
struct Assets;

/// Five minutes: short enough that a new release is seen at once, long enough for one visit.
const SHORT: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// A font file never changes under its name.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /assets/{*name}`
pub async fn asset(Path(name): Path<String>, request: HeaderMap) -> Response {
    match Assets::get(&name) {
        Some(file) => answer(&name, &file, &request),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /favicon.ico`, which browsers ask for by themselves: the mark.
pub async fn mark() -> Response {
    const MARK: &str = include_str!("../assets/mark.svg");
    (
        [
            (header::CONTENT_TYPE, "image/svg+xml"),
            (header::CACHE_CONTROL, "public, max-age=86400"),
        ],
        MARK,
    )
        .into_response()
}

fn answer(name: &str, file: &EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = etag(&file.metadata.sha256_hash());
    let cache = if is_font(name) { FOREVER } else { SHORT };
    let mut response = if is_known(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = file.data.clone().into_owned();
        ([(header::CONTENT_TYPE, content_type(name))], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, cache);
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, value);
    }
    response
}

/// Weak, because the compression layer changes the bytes but not what they say (RFC 9110 §8.8.1).
fn etag(sha256: &[u8; 32]) -> String {
    let digits: String = sha256[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("W/\"{digits}\"")
}

/// Whether the client has what carries this tag (RFC 9110 §13.1.2).
pub(crate) fn is_known(request: &HeaderMap, etag: &str) -> bool {
    request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| same(tag, etag)))
}

/// Weak comparison (RFC 9110 §8.8.3.2).
fn same(tag: &str, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tag.trim() == "*" || bare(tag) == bare(etag)
}

fn is_font(name: &str) -> bool {
    name.ends_with(".woff2")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "pmtiles" => "application/vnd.pmtiles",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> EmbeddedFile {
        // A template stands in for the assets, which are built elsewhere.
        #[derive(RustEmbed)]
        #[folder = "templates"]
        struct Stand;
        Stand::get("layout.html").unwrap()
    }

    #[test]
    fn an_asset_carries_its_type_its_tag_and_how_long_it_keeps() {
        let response = answer("app.css", &file(), &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/css; charset=utf-8"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], SHORT);
        assert!(response.headers().contains_key(header::ETAG));
        let font = answer("fonts/a.woff2", &file(), &HeaderMap::new());
        assert_eq!(font.headers()[header::CACHE_CONTROL], FOREVER);
    }

    #[test]
    fn an_asset_that_is_known_is_not_sent_again() {
        let etag = answer("app.css", &file(), &HeaderMap::new()).headers()[header::ETAG].clone();
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, etag);
        let response = answer("app.css", &file(), &request);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn an_asset_that_does_not_exist_is_not_found() {
        let response = asset(Path("../Cargo.toml".to_owned()), HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}
