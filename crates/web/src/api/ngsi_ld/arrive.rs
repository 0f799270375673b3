//! One request of a machine: which city it is for and who asks.
//!
//! Lighter than [`crate::visit`], because there are thousands a second: no language, no cookie, and a line in the log
//! only for what fails.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_operations::{City, configuration};
use pendopo_standards::ngsi_ld::Kind;
use pendopo_standards::ngsi_ld::contexts::Contexts;

use super::Fault;
use crate::failure::Failure;
use crate::server::AppState;
use crate::visit;

const TENANT: &str = "ngsild-tenant";
/// Who writes at a trusted address without a key.
const NO_KEY: ApiKeyId = ApiKeyId(0);

/// Who asks, and which city.
#[derive(Clone)]
pub struct Client {
    pub city: Arc<City>,
    pub actor: Arc<Actor>,
    pub contexts: Arc<Contexts>,
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        // Missing only on the bare host.
        parts.extensions.get::<Self>().cloned().ok_or_else(no_city)
    }
}

fn no_city() -> Fault {
    Fault(Kind::NonexistentTenant.because("no city has this host name"))
}

/// The outermost layer of this interface.
pub async fn arrive(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let tenant = request.headers().get(TENANT).cloned();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let host = visit::host(&request);
    let key = key(request.headers()).map(str::to_owned);
    let mut response = match client(&state, host, tenant.as_ref(), key.as_deref()).await {
        Ok(client) => {
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        Err(fault) => fault.into_response(),
    };
    if let Some(tenant) = tenant {
        response.headers_mut().insert(TENANT, tenant);
    }
    let status = response.status();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response = unsupported(response.headers());
    }
    if status.is_server_error() {
        let route = route.as_ref().map(MatchedPath::as_str);
        tracing::warn!(
            method = method.as_str(),
            route,
            status = status.as_u16(),
            "request failed"
        );
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    response
}

fn unsupported(before: &HeaderMap) -> Response {
    let mut response =
        Fault(Kind::OperationNotSupported.because("not supported here")).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    if let Some(allow) = before.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

async fn client(
    state: &AppState,
    host: Result<Option<String>, Failure>,
    tenant: Option<&HeaderValue>,
    key: Option<&str>,
) -> Result<Client, Fault> {
    let host = host.map_err(|_| Fault(Kind::InvalidRequest.because("no Host header")))?;
    let city = visit::city(state, host.as_deref())
        .await
        .map_err(|_| no_city())?;
    let city = city.ok_or_else(no_city)?;
    if let Some(tenant) = tenant {
        same_tenant(state, city.slug(), tenant).await?;
    }
    let actor = match key {
        None if state.trusted => city.api_client(NO_KEY),
        None => city.public(),
        Some(key) => configuration::api_client(&city, key)
            .await?
            .ok_or_else(|| Fault(Kind::OperationNotSupported.because("the key is not known")))?,
    };
    Ok(Client {
        city,
        actor: Arc::new(actor),
        contexts: Arc::clone(&state.options.contexts),
    })
}

/// The tenant may repeat the city, and nothing else; naming one that does not exist never makes it.
async fn same_tenant(state: &AppState, slug: &str, tenant: &HeaderValue) -> Result<(), Fault> {
    let tenant = tenant.to_str().unwrap_or_default();
    if tenant == slug {
        return Ok(());
    }
    if state.node.city(tenant).await?.is_some() {
        return Err(Fault(
            Kind::BadRequestData.because("the tenant is not the city of this host"),
        ));
    }
    Err(Fault(
        Kind::NonexistentTenant.because("there is no such tenant"),
    ))
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer
        .or_else(|| headers.get("x-api-key")?.to_str().ok())
        .map(str::trim)
}

/// Lets a request through if its client may do the action.
pub async fn guard(
    State(action): State<Action>,
    client: Client,
    request: Request,
    next: Next,
) -> Response {
    if allows(&client.actor, action, Subject::City) {
        return next.run(request).await;
    }
    let (status, said) = match key(request.headers()) {
        Some(_) => (StatusCode::FORBIDDEN, "this key may not do that"),
        None => (
            StatusCode::UNAUTHORIZED,
            "a key is needed: Authorization: Bearer KEY",
        ),
    };
    let mut response = Fault(Kind::OperationNotSupported.because(said)).into_response();
    *response.status_mut() = status;
    response
}
