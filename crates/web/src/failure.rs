//! What goes wrong, on its way to the reader.
//!
//! A handler returns a [`Failure`]; the outermost layer ([`crate::visit`]) knows the language and what kind of answer the
//! path speaks, and makes a page, an RFC 9457 problem or an Open311 error of it. The cause of a 500 goes to the log
//! with a reference number, never to the reader.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendopo_operations as operations;
use pendopo_standards::open311;
use serde::Serialize;

use crate::i18n::{FluentArgs, Language, text};
use crate::pages_view::ErrorKind;
use crate::render::RenderError;

/// What went wrong, for whoever makes the answer.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    /// For the log only; never personal data.
    pub cause: Option<String>,
    /// What an Open311 client is told instead of the title of the kind.
    pub problem: Option<open311::Problem>,
}

impl Failure {
    /// Without a cause worth a line.
    pub const fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            cause: None,
            problem: None,
        }
    }

    /// With what goes to the log.
    pub fn because(kind: ErrorKind, cause: impl std::fmt::Display) -> Self {
        Self {
            kind,
            cause: Some(cause.to_string()),
            problem: None,
        }
    }

    /// A form that cannot be read, with the words that an Open311 client gets.
    pub fn unreadable(problem: open311::Problem) -> Self {
        Self {
            problem: Some(problem.clone()),
            ..Self::because(ErrorKind::BadRequest, problem)
        }
    }
}

/// The answer carries the failure; the outermost layer gives it a body.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<operations::Error> for Failure {
    fn from(error: operations::Error) -> Self {
        match &error {
            operations::Error::NotFound => Self::new(ErrorKind::NotFound),
            operations::Error::Denied(_) => Self::new(ErrorKind::Forbidden),
            operations::Error::Refused(_) => Self::because(ErrorKind::Conflict, error),
            operations::Error::Invalid(fields) => {
                let named: Vec<String> = fields
                    .iter()
                    .map(|field| format!("{}: {}", field.field, field.problem.word()))
                    .collect();
                Self::because(ErrorKind::BadRequest, named.join(", "))
            }
            operations::Error::Store(store) => Self::because(ErrorKind::Unavailable, chain(store)),
        }
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::because(ErrorKind::Internal, chain(&error))
    }
}

/// An error with all that it came from, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// RFC 9457 problem details, with a stable `code`.
#[derive(Serialize)]
struct ProblemDetails<'a> {
    r#type: &'static str,
    title: String,
    status: u16,
    code: &'static str,
    instance: &'a str,
}

/// The failure as `application/problem+json` (RFC 9457 §3).
pub fn problem_json(failure: &Failure, language: Language, reference: &str) -> Response {
    let problem = ProblemDetails {
        r#type: "about:blank",
        title: title(language, failure.kind),
        status: failure.kind.status(),
        code: word(failure.kind),
        instance: reference,
    };
    let body = serde_json::to_string(&problem).unwrap_or_default();
    answer(failure, "application/problem+json", body)
}

/// The failure as an Open311 error body (GeoReport v2, errors).
pub fn open311_error(
    failure: &Failure,
    language: Language,
    reference: &str,
    format: open311::Format,
) -> Response {
    let problem = match (&failure.problem, failure.kind) {
        (Some(problem), _) => problem.clone(),
        (None, ErrorKind::NotFound) => open311::Problem::resource_unknown(),
        (None, ErrorKind::Internal) => open311::Problem::internal(reference),
        (None, ErrorKind::Unavailable) => open311::Problem::unavailable(),
        (None, kind) => {
            let description = title(language, kind);
            let body = open311::ErrorBody {
                code: kind.status().to_string(),
                description,
            };
            return answer(
                failure,
                format.content_type(),
                open311::errors(&[body], format),
            );
        }
    };
    let body = problem.error_body(problem_text(language, &problem));
    answer(
        failure,
        format.content_type(),
        open311::errors(&[body], format),
    )
}

/// The text of an Open311 problem in a language.
pub fn problem_text(language: Language, problem: &open311::Problem) -> String {
    let mut args = FluentArgs::new();
    for (name, value) in &problem.args {
        args.set(*name, value.clone());
    }
    text(language, problem.key, Some(&args))
}

fn answer(failure: &Failure, content_type: &'static str, body: String) -> Response {
    let status =
        StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn title(language: Language, kind: ErrorKind) -> String {
    text(language, &format!("error-{}-title", word(kind)), None)
}

/// The stable word of a kind: part of translation keys, and `code` of a problem.
pub const fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BadRequest => "bad_request",
        ErrorKind::SignInNeeded => "sign_in_needed",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Gone => "gone",
        ErrorKind::Conflict => "conflict",
        ErrorKind::TooLarge => "too_large",
        ErrorKind::TooMany => "too_many",
        ErrorKind::Internal => "internal",
        ErrorKind::Unavailable => "unavailable",
    }
}
