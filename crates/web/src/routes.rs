//! Every route with the action that its visitor must be allowed: deny by default.
//!
//! A route that is not in [`table`] does not exist. The guard asks `domain::policy::allows` for the action on the city
//! as a whole; a use case asks again for the report or incident itself. A test walks every route with every role.

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use pendopo_domain::policy::Action;
use tokio::sync::watch;

use crate::api::events::Stopping;
use crate::api::{events, live, map, ngsi_ld, open311, photos, wall};
use crate::failure::Failure;
use crate::pages_view::ErrorKind;
use crate::server::AppState;
use crate::visit::{self, Visit};
use crate::{assets, pages};

/// What handlers can extract.
#[derive(Clone)]
pub struct Shared {
    app: AppState,
    stopping: Stopping,
    map_answers: map::KeptAnswers,
    pictures: wall::KeptPictures,
}

impl FromRef<Shared> for AppState {
    fn from_ref(shared: &Shared) -> Self {
        shared.app.clone()
    }
}

impl FromRef<Shared> for Stopping {
    fn from_ref(shared: &Shared) -> Self {
        shared.stopping.clone()
    }
}

impl FromRef<Shared> for map::KeptAnswers {
    fn from_ref(shared: &Shared) -> Self {
        shared.map_answers.clone()
    }
}

impl FromRef<Shared> for wall::KeptPictures {
    fn from_ref(shared: &Shared) -> Self {
        shared.pictures.clone()
    }
}

/// One route.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// What the visitor must be allowed; `None` for what is not of a city (files, the list of cities).
    pub needs: Option<Action>,
    handler: MethodRouter<Shared>,
}

impl Route {
    pub(crate) fn new(
        method: Method,
        path: &'static str,
        needs: Option<Action>,
        handler: MethodRouter<Shared>,
    ) -> Self {
        Self {
            method,
            path,
            needs,
            handler,
        }
    }
}

/// The application of one listener.
pub fn router(state: AppState, stopping: watch::Receiver<bool>) -> Router {
    let shared = Shared {
        app: state.clone(),
        stopping: Stopping(stopping),
        map_answers: map::KeptAnswers::default(),
        pictures: wall::KeptPictures::default(),
    };
    let mut router = Router::new();
    for route in table() {
        let handler = match route.needs {
            Some(action) => route
                .handler
                .layer(middleware::from_fn_with_state(action, guard)),
            None => route.handler,
        };
        router = router.route(route.path, handler);
    }
    router
        .fallback(async || Failure::new(ErrorKind::NotFound))
        .layer(middleware::from_fn_with_state(state.clone(), visit::arrive))
        .merge(machines(state))
        .layer(tower_http::compression::CompressionLayer::new())
        .with_state(shared)
}

/// Interfaces whose requests arrive in thousands and have no reader.
fn machines(state: AppState) -> Router<Shared> {
    let mut router = Router::new();
    for route in ngsi_ld::table() {
        let handler = match route.needs {
            Some(action) => route.handler.layer(middleware::from_fn_with_state(
                action,
                ngsi_ld::arrive::guard,
            )),
            None => route.handler,
        };
        router = router.route(route.path, handler);
    }
    for path in ["/ngsi-ld", "/ngsi-ld/{*rest}"] {
        router = router.route(path, axum::routing::any(ngsi_ld::unknown));
    }
    router.layer(middleware::from_fn_with_state(
        state,
        ngsi_ld::arrive::arrive,
    ))
}

/// Lets a request through to its handler if its visitor may do the action; else asks to sign in, or refuses.
async fn guard(
    State(action): State<Action>,
    visit: Visit,
    request: Request,
    next: Next,
) -> Response {
    if visit.may(action) {
        return next.run(request).await;
    }
    if visit.position.is_some() {
        return Failure::new(ErrorKind::Forbidden).into_response();
    }
    let page = request.method() == Method::GET
        && request
            .headers()
            .get(header::ACCEPT)
            .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if page {
        let back = serde_urlencoded::to_string([("kembali", &visit.here)]).unwrap_or_default();
        let mut response = Redirect::to(&format!("/masuk?{back}")).into_response();
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    Failure::new(ErrorKind::SignInNeeded).into_response()
}

/// All routes, in the order of the rooms.
pub fn table() -> Vec<Route> {
    let mut routes = Vec::new();
    files(&mut routes);
    interfaces(&mut routes);
    pages::routes(&mut routes);
    routes
}

/// Adds a GET route.
pub(crate) fn show<H, T>(routes: &mut Vec<Route>, path: &'static str, needs: Action, handler: H)
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    routes.push(Route {
        method: Method::GET,
        path,
        needs: Some(needs),
        handler: get(handler),
    });
}

/// Adds a POST route.
pub(crate) fn act<H, T>(routes: &mut Vec<Route>, path: &'static str, needs: Action, handler: H)
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    routes.push(Route {
        method: Method::POST,
        path,
        needs: Some(needs),
        handler: post(handler),
    });
}

/// Adds a GET route that is not of a city.
pub(crate) fn everywhere<H, T>(routes: &mut Vec<Route>, path: &'static str, handler: H)
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    routes.push(Route {
        method: Method::GET,
        path,
        needs: None,
        handler: get(handler),
    });
}

fn files(routes: &mut Vec<Route>) {
    everywhere(routes, "/assets/{*name}", assets::asset);
    everywhere(routes, "/favicon.ico", assets::mark);
    everywhere(routes, "/sehat", async || "ok\n");
}

fn interfaces(routes: &mut Vec<Route>) {
    use Action::{ReadEntities, SeeDesk, SeePublic};
    show(routes, "/events", SeePublic, events::follow);
    show(routes, "/meja/events", SeeDesk, events::follow);
    show(routes, "/map/base.json", SeePublic, map::base);
    show(routes, "/map/areas.json", SeePublic, map::areas);
    show(routes, "/map/reports.json", SeePublic, map::list_clusters);
    show(routes, "/map/alerts.json", SeePublic, map::list_alerts);
    show(routes, "/map/live.json", SeePublic, live::list_public);
    show(routes, "/map/live/events", SeePublic, live::follow_public);
    show(routes, "/meja/map/live.json", ReadEntities, live::list_all);
    show(
        routes,
        "/meja/map/live/events",
        ReadEntities,
        live::follow_all,
    );
    show(routes, "/map/base.pmtiles", SeePublic, map::pmtiles);
    show(routes, "/foto/{id}/{size}", SeePublic, photos::show);
    show(
        routes,
        "/l/{token}/foto/{id}/{size}",
        SeePublic,
        photos::show_to_reporter,
    );
    open311::routes(routes);
}
