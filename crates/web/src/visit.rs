//! One request: which city it is for, in which language, who asks, and how the answer is spoken.
//!
//! [`arrive`] is the outermost layer. It finds the city by the port or the Host header, reads the cookies, gives the
//! request a reference number, lets the handler work, gives failures a body, and writes one line to the log. The line
//! names the route, never the path: a path may hold the secret of a signed link.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pendopo_domain::organisation::PositionId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_operations::{City, sign_ins};
use pendopo_standards::open311;

use crate::failure::{self, Failure};
use crate::i18n::{FluentArgs, Language, text};
use crate::pages_view::{Chrome, ErrorKind, ErrorPage, Nav, SignedIn};
use crate::render::{self, Page};
use crate::server::AppState;

/// Cookie with the chosen language.
pub const LANGUAGE_COOKIE: &str = "bahasa";

/// A request to one city, as its handlers see it.
#[derive(Clone)]
pub struct Visit {
    pub city: Arc<City>,
    pub language: Language,
    /// Nobody, or whoever the cookie says.
    pub actor: Actor,
    /// The position of whoever is signed in.
    pub position: Option<PositionId>,
    /// Finds the line in the log.
    pub reference: String,
    /// `http://tanjungpinang.localhost:8080`, without a slash at the end.
    pub base_url: String,
    /// Path and query of this request, for coming back.
    pub here: String,
    /// The node has vector tiles of its own for the map.
    pub tiles: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        // Missing only on a route of the bare host, where there is no city to visit.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(Failure::new(ErrorKind::NotFound))
    }
}

impl Visit {
    /// Whether the visitor may do `action` to the city as a whole.
    pub fn may(&self, action: Action) -> bool {
        allows(&self.actor, action, Subject::City)
    }

    /// The text of a key in the language of the visitor.
    pub fn text(&self, key: &str) -> String {
        text(self.language, key, None)
    }

    /// The text of a key with its variables.
    pub fn text_with(&self, key: &str, args: &FluentArgs<'_>) -> String {
        text(self.language, key, Some(args))
    }

    /// What surrounds a page of this city.
    pub fn chrome(&self, nav: Nav) -> Chrome {
        let configuration = self.city.configuration();
        let profile = &configuration.profile;
        let position = self.position.and_then(|id| configuration.position(id));
        Chrome {
            city_name: profile.name.clone(),
            slug: self.city.slug().to_owned(),
            demo: profile.demo,
            language: self.language,
            language_url: language_url(self.language, &self.here),
            zone: profile.zone.clone(),
            zone_abbreviation: profile.zone_abbreviation.clone(),
            now: self.city.now(),
            nav,
            signed_in: position.map(|position| SignedIn {
                position: position.names.get(self.language.tag()).to_owned(),
                may_see_desk: self.may(Action::SeeDesk),
                may_work_tasks: self.may(Action::WorkTask),
                may_read_entities: self.may(Action::ReadEntities),
            }),
            banner: None,
        }
    }

    /// A page of this city.
    ///
    /// # Errors
    /// When the page cannot be rendered; the reader gets a 500 with a reference.
    pub fn page<C: Page>(&self, nav: Nav, context: &C) -> Result<Response, Failure> {
        Ok(Html(render::page(&self.chrome(nav), context)?).into_response())
    }
}

/// Link that changes to the other language and comes back.
pub fn language_url(language: Language, here: &str) -> String {
    let encoded: String = serde_urlencoded::to_string([("kembali", here)]).unwrap_or_default();
    format!("/bahasa/{}?{encoded}", language.other().tag())
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
    if path.starts_with("/map/") || path.starts_with("/events") || path.starts_with("/meja/events")
    {
        return Speaks::Json;
    }
    Speaks::Pages
}

/// The outermost layer of the router.
pub async fn arrive(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let reference = reference(&state);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let language = language(request.headers());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|matched| matched.as_str().to_owned());
    let here = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let (host, headers) = (host(&request), request.headers().clone());
    let visit = match prepare(&state, host, &headers, here, language, &reference).await {
        Ok(visit) => visit,
        Err(failure) => {
            let response = finish(
                failure.into_response(),
                None,
                &state,
                language,
                &reference,
                &path,
            );
            log(
                &method,
                route.as_deref(),
                None,
                &response,
                started,
                &reference,
            );
            return response;
        }
    };
    if let Some(visit) = &visit {
        request.extensions_mut().insert(visit.clone());
    }
    let allowed = guard_against_other_sites(&request).and_then(|()| no_nul(&request));
    let response = match allowed {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let response = finish(
        response,
        visit.as_ref(),
        &state,
        language,
        &reference,
        &path,
    );
    log(
        &method,
        route.as_deref(),
        visit.as_ref(),
        &response,
        started,
        &reference,
    );
    response
}

/// Finds the city of a request; `None` on the bare host.
async fn prepare(
    state: &AppState,
    host: Result<Option<String>, Failure>,
    headers: &HeaderMap,
    here: String,
    language: Language,
    reference: &str,
) -> Result<Option<Visit>, Failure> {
    let host = host?;
    let slug = match (&state.bound, &host) {
        (Some(slug), _) => Some(slug.to_string()),
        (None, Some(host)) => slug_of_host(state, host).await?,
        (None, None) => None,
    };
    let Some(slug) = slug else { return Ok(None) };
    let city = state
        .node
        .city(&slug)
        .await?
        .ok_or(Failure::new(ErrorKind::NotFound))?;
    let mut actor = city.public();
    let mut position = None;
    if let Some(token) = cookie(headers, &sign_in_cookie(&slug))
        && let Some((sign_in, staff)) = sign_ins::by_cookie(&city, &token).await?
    {
        (actor, position) = (staff, Some(sign_in.position));
    }
    let secure = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == "https");
    let scheme = if secure { "https" } else { "http" };
    Ok(Some(Visit {
        city,
        language,
        actor,
        position,
        reference: reference.to_owned(),
        base_url: format!(
            "{scheme}://{}",
            host.unwrap_or_else(|| "localhost".to_owned())
        ),
        here,
        tiles: state.options.pmtiles.is_some(),
    }))
}

/// The authority of a request. RFC 9112 §3.2: a request of HTTP/1.1 without Host is answered with 400.
fn host(request: &Request) -> Result<Option<String>, Failure> {
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

/// The city that a host name asks for: its first label, or the city's own web domain. `None` for a bare host.
async fn slug_of_host(state: &AppState, host: &str) -> Result<Option<String>, Failure> {
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
    if let Some((label, _)) = name.split_once('.')
        && state.node.city(label).await?.is_some()
    {
        return Ok(Some(label.to_owned()));
    }
    for slug in state.node.slugs().await? {
        if let Some(city) = state.node.city(&slug).await?
            && city.configuration().profile.domain == name
        {
            return Ok(Some(slug));
        }
    }
    // An unknown name never makes a city, and is not taken for the bare host either.
    if name.ends_with(".localhost") {
        Err(Failure::new(ErrorKind::NotFound))
    } else {
        Ok(None)
    }
}

/// An address with a NUL in it names nothing: PostgreSQL has no NUL in a text.
fn no_nul(request: &Request) -> Result<(), Failure> {
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
fn guard_against_other_sites(request: &Request) -> Result<(), Failure> {
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

/// Gives a failure its body, and every answer the headers that keep a browser safe.
fn finish(
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

/// What surrounds a page of the bare host.
pub fn bare_chrome(state: &AppState, language: Language, here: &str) -> Chrome {
    Chrome {
        city_name: "Pendopo".to_owned(),
        slug: String::new(),
        demo: !state.options.demo_sign_ins.is_empty(),
        language,
        language_url: language_url(language, here),
        zone: "UTC".to_owned(),
        zone_abbreviation: "UTC".to_owned(),
        now: state.node.clock().now(),
        nav: Nav::None,
        signed_in: None,
        banner: None,
    }
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

fn log(
    method: &Method,
    route: Option<&str>,
    visit: Option<&Visit>,
    response: &Response,
    started: tokio::time::Instant,
    reference: &str,
) {
    let duration_ms = started.elapsed().as_secs_f64() * 1e3;
    tracing::info!(
        request.id = reference,
        city = visit.map(|visit| visit.city.slug()),
        method = method.as_str(),
        route,
        status = response.status().as_u16(),
        duration_ms,
        "request"
    );
}

fn reference(state: &AppState) -> String {
    let mut bytes = [0; 6];
    state.node.entropy().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn language(headers: &HeaderMap) -> Language {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Language::choose(cookie(headers, LANGUAGE_COOKIE).as_deref(), accepted)
}

/// Name of the sign-in cookie of a city. Ports of one host share cookies, so each city has a name of its own.
pub fn sign_in_cookie(slug: &str) -> String {
    format!("masuk_{slug}")
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}
