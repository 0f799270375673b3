//! One request of a machine: which city it is for and who asks.
//!
//! Lighter than [`crate::visit`], because there are thousands a second: no language, no cookie, and a line in the log
//! only for what fails.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pendopo_domain::entities::Command;
use pendopo_domain::organisation::ApiKeyId;
use pendopo_domain::policy::{Action, Actor, Subject, allows};
use pendopo_domain::sources::{self as domain, Counts, Source};
use pendopo_domain::time::Timestamp;
use pendopo_operations::store::live::Outcomes;
use pendopo_operations::{City, configuration, entities, sources};
use pendopo_standards::ngsi_ld::Kind;
use pendopo_standards::ngsi_ld::contexts::Contexts;

use super::Fault;
use crate::failure::Failure;
use crate::server::AppState;
use crate::visit;

const TENANT: &str = "ngsild-tenant";
/// Who writes at a trusted address without a key.
const NO_KEY: ApiKeyId = ApiKeyId(0);
/// What it is called among the sources.
const TRUSTED: &str = "trusted";

/// Who asks, and which city.
#[derive(Clone)]
pub struct Client {
    pub city: Arc<City>,
    pub actor: Arc<Actor>,
    pub contexts: Arc<Contexts>,
    /// What is counted about its writes; `None` for the public.
    writing: Option<Arc<Writing>>,
}

impl Client {
    /// Does `commands` in their order, and counts them for the source that this client is.
    ///
    /// # Errors
    /// As [`entities::write`].
    pub async fn write(&self, commands: Vec<Command>) -> Result<Outcomes, Fault> {
        let now = self.city.now();
        let late: Vec<bool> = commands.iter().map(|one| is_late(one, now)).collect();
        let outcomes = entities::write(&self.city, &self.actor, commands).await?;
        let mut counts = Counts::default();
        for (outcome, late) in outcomes.iter().zip(late) {
            match outcome {
                Ok(_) => {
                    counts.received += 1;
                    counts.late += u64::from(late);
                }
                Err(_) => counts.refused += 1,
            }
        }
        self.count(counts);
        Ok(outcomes)
    }

    /// Counts parts of a request that could not become commands.
    pub fn refuse(&self, count: usize) {
        self.count(Counts {
            refused: count as u64,
            ..Counts::default()
        });
    }

    fn count(&self, counts: Counts) {
        if let Some(writing) = &self.writing {
            *writing.counts() += counts;
        }
    }

    /// Tells the city what a write came to. Nothing is told of one that failed here: the client sends it again.
    fn note(&self, status: StatusCode) {
        let Some(writing) = self.writing.as_ref().filter(|_| !status.is_server_error()) else {
            return;
        };
        let mut counts = *writing.counts();
        if counts.is_zero() && status.is_client_error() {
            counts.refused = 1;
        }
        sources::note(&self.city, &writing.source, counts);
    }
}

/// What one request of a source did.
struct Writing {
    source: Source,
    counts: Mutex<Counts>,
}

impl Writing {
    fn of_key(name: String) -> Self {
        Self {
            source: Source::new(domain::Kind::ApiKey, name),
            counts: Mutex::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_late(command: &Command, now: Timestamp) -> bool {
    let observed_at = command.observed_at();
    observed_at.is_some_and(|at| domain::is_late(at, now, domain::USUAL_LATENESS_S))
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
    let problem = Kind::OperationNotSupported.because("not supported here");
    let status = StatusCode::METHOD_NOT_ALLOWED.as_u16();
    let mut response = Fault(problem.answered(status)).into_response();
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
    let (actor, name) = match key {
        None if state.trusted => (city.api_client(NO_KEY), Some(TRUSTED.to_owned())),
        None => (city.public(), None),
        Some(key) => {
            let found = configuration::api_client(&city, key).await?;
            let known = found.ok_or_else(|| unauthorized("the key is not known"))?;
            (known.actor, Some(known.name))
        }
    };
    Ok(Client {
        city,
        actor: Arc::new(actor),
        contexts: Arc::clone(&state.options.contexts),
        writing: name.map(|name| Arc::new(Writing::of_key(name))),
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
    let response = if allows(&client.actor, action, Subject::City) {
        next.run(request).await
    } else if key(request.headers()).is_some() {
        let problem = Kind::OperationNotSupported.because("this key may not do that");
        Fault(problem.answered(StatusCode::FORBIDDEN.as_u16())).into_response()
    } else {
        unauthorized("a key is needed: Authorization: Bearer KEY").into_response()
    };
    if action == Action::WriteEntities {
        client.note(response.status());
    }
    response
}

fn unauthorized(said: &str) -> Fault {
    let problem = Kind::OperationNotSupported.because(said);
    Fault(problem.answered(StatusCode::UNAUTHORIZED.as_u16()))
}
