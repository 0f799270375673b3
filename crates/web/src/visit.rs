//! One request: which city it is for, in which language, who asks, and how the answer is spoken.
//!
//! [`arrive`] is the outermost layer. It finds the city by the port or the Host header, reads the cookies, gives the
//! request a reference number, lets the handler work, gives failures a body, and writes one line to the log. The line
//! names the route, never the path: a path may hold the secret of a signed link.

mod answer;
mod cookies;
mod guard;
mod host;

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pendopo_domain::organisation::PositionId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_operations::{City, sign_ins};

use self::answer::finish;
use self::cookies::language;
pub use self::cookies::{LANGUAGE_COOKIE, cookie, sign_in_cookie};
use self::guard::{guard_against_other_sites, no_nul};
use self::host::city_of_host;
pub(crate) use self::host::host;
use crate::failure::Failure;
use crate::i18n::{FluentArgs, Language, text};
use crate::pages;
use crate::pages_view::{Banner, Chrome, ErrorKind, Nav, SignedIn};
use crate::render::{self, Page};
use crate::server::AppState;

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
    /// The gravest warning that holds.
    pub banner: Option<Banner>,
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
                may_see_sources: self.may(Action::SeeSources),
                may_see_alerts: self.may(Action::SeeAlerts),
            }),
            banner: self.banner.clone(),
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

/// The city that this listener is bound to, or that the Host asks for; `None` on the bare host.
pub(crate) async fn city(
    state: &AppState,
    host: Option<&str>,
) -> Result<Option<Arc<City>>, Failure> {
    match (&state.bound, host) {
        (Some(slug), _) => {
            let bound = state.node.city(slug).await?;
            Ok(Some(bound.ok_or(Failure::new(ErrorKind::NotFound))?))
        }
        (None, Some(host)) => city_of_host(state, host).await,
        (None, None) => Ok(None),
    }
}

/// Finds the city of a request and who asks; `None` on the bare host.
async fn prepare(
    state: &AppState,
    host: Result<Option<String>, Failure>,
    headers: &HeaderMap,
    here: String,
    language: Language,
    reference: &str,
) -> Result<Option<Visit>, Failure> {
    let host = host?;
    let Some(city) = city(state, host.as_deref()).await? else {
        return Ok(None);
    };
    let mut actor = city.public();
    let mut position = None;
    if let Some(token) = cookie(headers, &sign_in_cookie(city.slug()))
        && let Some((sign_in, staff)) = sign_ins::by_cookie(&city, &token).await?
    {
        (actor, position) = (staff, Some(sign_in.position));
    }
    let banner = pages::warning(&city, language, &here).await;
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
        banner,
    }))
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
