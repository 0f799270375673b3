//! HTTP: pages for people, Open311 for other systems, live events.
//!
//! A request arrives ([`visit`]: which city, which language, who asks), passes the guard of its route ([`routes`]: the
//! policy, deny by default), and is handled by a file of `pages/` or `api/`, which calls one use case of
//! `pendopo_operations` and shows what came of it. Errors become a page, a problem document or an Open311 error
//! ([`failure`]).
//!
//! Absent on purpose: SQL, decisions about rights, texts for people (they are in `translations/`).
#![forbid(unsafe_code)]

pub mod api;
pub mod assets;
pub mod body;
pub mod failure;
pub mod i18n;
pub mod pages;
pub mod pages_view;
pub mod render;
pub mod routes;
pub mod server;
pub mod setup;
pub mod visit;

pub use server::{DemoSignIn, Options, serve};
