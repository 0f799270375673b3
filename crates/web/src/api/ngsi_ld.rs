//! NGSI-LD (ETSI GS CIM 009, section 6): entities of the city for other systems.
//!
//! - [`arrive`]: which city, which client, and the account of a request
//! - [`negotiation`]: media types and `@context` on the way in and out
//! - [`query`]: the parameters of a question
//! - `entities`, `attributes`, `batch`, `types`, `subscriptions`, `temporal`: one file for each group of operations
//!
//! A client shows its key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; without one it is the public. Absent on
//! purpose: registrations of context sources and distributed operations (a city is one source).

pub mod arrive;
mod attributes;
mod batch;
mod entities;
mod linked;
mod negotiation;
mod query;
mod subscriptions;
mod temporal;
mod types;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use pendopo_domain::entities::Refusal;
use pendopo_domain::policy::Action;
use pendopo_operations::Error;
use pendopo_standards::ngsi_ld::{Kind, Problem};

use crate::routes::{Route, Shared};

/// Where the interface begins.
pub const ROOT: &str = "/ngsi-ld/v1";

/// What goes wrong, as ProblemDetails (section 6.3.2).
#[derive(Debug)]
pub struct Fault(pub Problem);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static("application/json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], self.0.json()).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2.
            let asked = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, asked);
        }
        response
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NotFound => Kind::ResourceNotFound.because("there is no such thing"),
            Error::Denied(action) => {
                Kind::OperationNotSupported.because(format!("{action} is not allowed"))
            }
            Error::Refused(_) | Error::Invalid(_) => {
                Kind::BadRequestData.because(error.to_string())
            }
            Error::Store(cause) => {
                tracing::error!(error = %cause, "request failed");
                Kind::InternalError.because("the store failed; nothing was changed")
            }
        })
    }
}

/// A refusal of the domain, as the standard tells it.
fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::AlreadyExists => Kind::AlreadyExists.because("the entity exists already"),
        Refusal::NotFound => Kind::ResourceNotFound.because("there is no such entity"),
        Refusal::AttributeNotFound(_) => {
            Kind::ResourceNotFound.because("the entity has no such attribute")
        }
        Refusal::NoValue(_) | Refusal::NoType | Refusal::OtherKind(_) | Refusal::TooMany => {
            Kind::BadRequestData.because(refusal.to_string())
        }
    }
}

/// A part of the path. What is not UTF-8 is no id.
struct InPath<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Fault(
                Kind::BadRequestData.because("the path does not read"),
            )),
        }
    }
}

/// Routes of this interface.
pub fn table() -> Vec<Route> {
    let mut routes = Routes(vec![]);
    entities::routes(&mut routes);
    attributes::routes(&mut routes);
    batch::routes(&mut routes);
    types::routes(&mut routes);
    subscriptions::routes(&mut routes);
    temporal::routes(&mut routes);
    routes.0
}

struct Routes(Vec<Route>);

impl Routes {
    /// Adds a route, with and without a slash at its end: clients use both.
    fn add<H, T>(&mut self, method: Method, path: &str, needs: Action, handler: H)
    where
        H: axum::handler::Handler<T, Shared> + Clone,
        T: 'static,
    {
        let Ok(filter) = MethodFilter::try_from(method.clone()) else {
            return;
        };
        for end in ["", "/"] {
            // The table lives as long as the process.
            let path: &'static str = Box::leak(format!("{ROOT}{path}{end}").into_boxed_str());
            let handler = axum::routing::on(filter, handler.clone());
            self.0
                .push(Route::new(method.clone(), path, Some(needs), handler));
        }
    }
}

/// What no operation answers.
pub async fn unknown() -> Fault {
    Fault(Kind::ResourceNotFound.because("there is no such resource"))
}
