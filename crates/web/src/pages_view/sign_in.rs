//! Signing in (masuk): by login and password, or by a link that works once.

use pendopo_domain::time::Timestamp;
use serde::Serialize;

use super::entry::{DemoSignIn, sample_sign_ins};
use super::parts::sample;
use crate::render::Page;

/// `GET /masuk`, and the answer to `POST /masuk` when it did not work.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    pub login: String,
    pub failure: Option<SignInFailure>,
    /// Path to go to afterwards.
    pub next: String,
    pub demo_sign_ins: Vec<DemoSignIn>,
}

/// Why not. Never says which of the two was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFailure {
    Wrong,
    /// Too many tries; wait.
    TooMany,
}

/// `GET /masuk/tautan/{token}`: looking does not use the link up, pressing the button does.
#[derive(Clone, Debug, Serialize)]
pub struct SignInLink {
    pub token: String,
    pub state: LinkState,
    /// The position it signs in as; empty unless ready.
    pub position: String,
    /// Until when it works.
    pub until: Option<Timestamp>,
}

/// Whether the link still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    Ready,
    Used,
    Expired,
    Unknown,
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "sign_in.html";

    fn sample() -> Vec<Self> {
        let empty = Self {
            login: String::new(),
            failure: None,
            next: "/meja".to_owned(),
            demo_sign_ins: vec![],
        };
        let failed = |failure| Self {
            login: "operator".to_owned(),
            failure: Some(failure),
            demo_sign_ins: sample_sign_ins(),
            ..empty.clone()
        };
        vec![
            failed(SignInFailure::Wrong),
            failed(SignInFailure::TooMany),
            empty,
        ]
    }
}

impl Page for SignInLink {
    const TEMPLATE: &'static str = "sign_in_link.html";

    fn sample() -> Vec<Self> {
        let link = |state| Self {
            token: "a1b2".to_owned(),
            state,
            position: if state == LinkState::Ready {
                "Operator meja".to_owned()
            } else {
                String::new()
            },
            until: (state == LinkState::Ready).then(|| sample::ago(-60)),
        };
        vec![
            link(LinkState::Ready),
            link(LinkState::Used),
            link(LinkState::Expired),
            link(LinkState::Unknown),
        ]
    }
}
