//! Making a city from what its people know of it: the same for the page of the first run and for the command line.
//!
//! How files are read is known elsewhere; a [`Founder`] brings that along.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{Error, Problem};

/// What is asked for. Texts are as they were typed, without spaces around them.
#[derive(Clone, Debug, Default)]
pub struct NewCity {
    pub slug: String,
    pub name: String,
    /// The official code in its country, `21.72`; may be empty.
    pub code: String,
    pub province: String,
    /// ISO 3166-1, two letters.
    pub country: String,
    /// IANA name of the zone.
    pub zone: String,
    pub domain: String,
    pub emergency_phone: String,
    /// West, south, east, north in degrees; without it the box of the areas, else that of the country.
    pub bbox: Option<[f64; 4]>,
    /// A GeoJSON FeatureCollection.
    pub areas: Option<String>,
    /// CSV with a line for each sign-in: `login,position`.
    pub people: Option<String>,
    /// Login of the first administrator; `None` when none is wanted.
    pub administrator: Option<String>,
    pub is_demo: bool,
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Founded {
    pub slug: String,
    /// Areas that were taken, and that were refused.
    pub areas: u64,
    pub areas_refused: u64,
    /// The administrator first.
    pub links: Vec<FirstLink>,
}

/// A link that signs somebody in once.
#[derive(Clone, Debug)]
pub struct FirstLink {
    pub login: String,
    pub position: String,
    /// Its secret part.
    pub token: String,
}

/// What cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// A field of [`NewCity`].
    pub field: &'static str,
    /// In a file: the line, from 1.
    pub line: Option<u64>,
    pub problem: Problem,
}

/// Why no city was made.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("fields that cannot be used: {0:?}")]
    Wrong(Vec<Wrong>),
    #[error(transparent)]
    City(#[from] Error),
}

/// Makes a city on a node.
pub type Founder = Arc<dyn Fn(NewCity) -> BoxFuture<'static, Result<Founded, Fault>> + Send + Sync>;
