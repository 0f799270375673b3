//! Faults as ETSI GS CIM 009 tells them (sections 5.5.2, 5.5.3 and 6.3.2): ProblemDetails, BatchOperationResult and
//! UpdateResult.
//!
//! `title` and `detail` are English, as the standard has them; they are for developers of clients. A [`Problem`] carries
//! the number to answer with, the caller carries it to the wire.

use std::fmt;

use super::write::text;

/// How much of a client's own value is repeated in a detail, in characters.
const MOST_ECHOED: usize = 80;

/// Types of error, section 5.5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Not JSON, not of the expected outer form, or a parameter nobody knows.
    InvalidRequest,
    /// JSON that says what may not be said.
    BadRequestData,
    AlreadyExists,
    OperationNotSupported,
    ResourceNotFound,
    InternalError,
    TooComplexQuery,
    TooManyResults,
    /// A remote `@context` could not be had.
    LdContextNotAvailable,
    NoMultiTenantSupport,
    NonexistentTenant,
    /// What another context source says against it (section 6.3.17).
    Conflict,
    /// Section 6.3.4: an `Accept` that cannot be met, a body of another media type, a body that is too large.
    NotAcceptable,
    UnsupportedMediaType,
    RequestEntityTooLarge,
}

impl Kind {
    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidRequest => ("InvalidRequest", 400, "Invalid request"),
            Self::BadRequestData => ("BadRequestData", 400, "Bad request data"),
            Self::AlreadyExists => ("AlreadyExists", 409, "Already exists"),
            Self::OperationNotSupported => {
                ("OperationNotSupported", 422, "Operation not supported")
            }
            Self::ResourceNotFound => ("ResourceNotFound", 404, "Resource not found"),
            Self::InternalError => ("InternalError", 500, "Internal error"),
            Self::TooComplexQuery => ("TooComplexQuery", 403, "Too complex query"),
            Self::TooManyResults => ("TooManyResults", 403, "Too many results"),
            // 504 in the text of 1.9.1, 503 in the texts before it and in the tests of ETSI.
            Self::LdContextNotAvailable => (
                "LdContextNotAvailable",
                503,
                "JSON-LD context not available",
            ),
            Self::NoMultiTenantSupport => ("NoMultiTenantSupport", 501, "No multi-tenant support"),
            Self::NonexistentTenant => ("NonexistentTenant", 404, "Nonexistent tenant"),
            Self::Conflict => ("Conflict", 409, "Conflict"),
            Self::NotAcceptable => ("NotAcceptable", 406, "Not acceptable"),
            Self::UnsupportedMediaType => ("UnsupportedMediaType", 415, "Unsupported media type"),
            Self::RequestEntityTooLarge => {
                ("RequestEntityTooLarge", 413, "Request entity too large")
            }
        }
    }

    /// The name of the type.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status to answer with, section 6.3.2.
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// The title of every problem of this type.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The problem itself.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem {
            kind: self,
            detail: detail.into(),
            status: self.status(),
        }
    }
}

/// One fault. The detail never holds more than a short piece of what the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    pub detail: String,
    status: u16,
}

impl Problem {
    /// JSON that may be read but not accepted.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Kind::BadRequestData.because(detail)
    }

    /// What cannot be read.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Kind::InvalidRequest.because(detail)
    }

    /// The same, said of the part called `name`.
    #[must_use]
    pub(super) fn of(mut self, name: &str) -> Self {
        self.detail = format!("{}: {}", echo(name), self.detail);
        self
    }

    /// With another status than that of its kind: the standard has no type for what HTTP itself says.
    #[must_use]
    pub const fn answered(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The HTTP status to answer with, the same on the wire and in the body.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A ProblemDetails object (RFC 7807).
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + self.detail.len());
        self.write(&mut out);
        out
    }

    /// The same, appended.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"https://uri.etsi.org/ngsi-ld/errors/");
        out.extend_from_slice(self.kind.name().as_bytes());
        out.extend_from_slice(b"\",\"title\":");
        text(out, self.kind.title());
        out.extend_from_slice(b",\"detail\":");
        text(out, &self.detail);
        out.extend_from_slice(format!(",\"status\":{}}}", self.status()).as_bytes());
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

impl std::error::Error for Problem {}

/// A client's text, shortened and without control characters.
pub(super) fn echo(value: &str) -> String {
    let mut chars = value.chars().filter(|c| !c.is_control());
    let mut short: String = chars.by_ref().take(MOST_ECHOED).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// A BatchOperationResult (section 5.2.16): the ids that went well, and why others did not.
pub fn batch_result<'a>(
    success: impl IntoIterator<Item = &'a str>,
    errors: impl IntoIterator<Item = (&'a str, &'a Problem)>,
) -> Vec<u8> {
    let mut out = b"{\"success\":".to_vec();
    ids(&mut out, success);
    out.extend_from_slice(b",\"errors\":[");
    for (n, (id, problem)) in errors.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"entityId\":");
        text(&mut out, id);
        out.extend_from_slice(b",\"error\":");
        problem.write(&mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

/// An UpdateResult (section 5.2.18); names as the client has them.
pub fn update_result<'a>(
    updated: impl IntoIterator<Item = &'a str>,
    not_updated: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<u8> {
    let mut out = b"{\"updated\":".to_vec();
    ids(&mut out, updated);
    out.extend_from_slice(b",\"notUpdated\":[");
    for (n, (name, reason)) in not_updated.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"attributeName\":");
        text(&mut out, name);
        out.extend_from_slice(b",\"reason\":");
        text(&mut out, reason);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

/// A JSON array of texts.
pub fn ids<'a>(out: &mut Vec<u8>, all: impl IntoIterator<Item = &'a str>) {
    out.push(b'[');
    for (n, one) in all.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        text(out, one);
    }
    out.push(b']');
}
