//! A page error is a page: what happened, what was kept, what to do, a reference. And `/privasi`.

use serde::Serialize;

use crate::render::Page;

/// Any answer that is not what was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    pub kind: ErrorKind,
    /// HTTP status, for the small print.
    pub status: u16,
    /// What was typed is stored and will be shown again.
    pub kept: bool,
    /// Finds the line in the log.
    pub reference: String,
    /// Where the reader can go on.
    pub back_url: String,
}

/// What went wrong, as the reader needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    BadRequest,
    SignInNeeded,
    Forbidden,
    NotFound,
    /// The link has been used or its time is over.
    Gone,
    /// Someone else was faster: the step does not follow from the present state.
    Conflict,
    TooLarge,
    TooMany,
    Internal,
    /// The disk or the database does not answer.
    Unavailable,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::SignInNeeded,
        Self::Forbidden,
        Self::NotFound,
        Self::Gone,
        Self::Conflict,
        Self::TooLarge,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::SignInNeeded => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Gone => 410,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// When trying again may help, in seconds (RFC 9110 §10.2.3).
    pub const fn retry_after_s(self) -> Option<u16> {
        match self {
            Self::Unavailable => Some(10),
            Self::TooMany => Some(60),
            _ => None,
        }
    }
}

/// `GET /privasi`
#[derive(Clone, Debug, Serialize)]
pub struct Privacy {
    pub city: String,
    /// Where to write about one's data; `None` when the city has not said.
    pub contact: Option<String>,
    /// Days that names and contacts are kept after a report ends; `None` when they stay until the
    /// reporter erases them.
    pub contact_days: Option<i64>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";

    fn sample() -> Vec<Self> {
        let page = |kind: &ErrorKind| Self {
            kind: *kind,
            status: kind.status(),
            kept: kind.status() >= 500,
            reference: "7F2K".to_owned(),
            back_url: "/".to_owned(),
        };
        ErrorKind::ALL.iter().map(page).collect()
    }
}

impl Page for Privacy {
    const TEMPLATE: &'static str = "privacy.html";

    fn sample() -> Vec<Self> {
        let full = Self {
            city: "Kota Tanjungpinang".to_owned(),
            contact: Some("privasi@tanjungpinang.example".to_owned()),
            contact_days: Some(365),
        };
        let bare = Self {
            contact: None,
            contact_days: None,
            ..full.clone()
        };
        vec![full, bare]
    }
}
