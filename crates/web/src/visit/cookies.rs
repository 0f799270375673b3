//! What a browser brings along: its language and its sign-in.

use axum::http::{HeaderMap, header};

use crate::i18n::Language;

/// Cookie with the chosen language.
pub const LANGUAGE_COOKIE: &str = "bahasa";

pub(super) fn language(headers: &HeaderMap) -> Language {
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
