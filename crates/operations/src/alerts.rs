//! Public warnings: taking in what agencies say, issuing the city's own, and the stage of the city.
//!
//! What a document says is read at the edge ([`Document`]); which messages hold is `pendopo_domain::alerts::chain`. A
//! warning of the city is written by one person and published by another ([`compose`], [`publish`]); after that nobody
//! changes it: an update, a withdrawal or an all-clear is a message of its own.

pub mod compose;
pub mod feeds;
pub mod publish;
mod receive;
mod see;
pub mod stage;

pub use receive::{Carrier, Document, Outcome, import, put_aside, receive, tend};
pub use see::{
    Aside, Kept, Seen, active, aside, chain, document, documents, headlines, newest, one, published,
};

use pendopo_domain::alerts::stage::Proposals;
use pendopo_domain::geo::{AreaId, Areas, BoundingBox};
use serde::{Deserialize, Serialize};

use crate::City;
use crate::configuration::Configuration;

/// How a city warns. Kept among its settings; what is left out is found in its profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Who sends, unique in the world: an address like `pusdalops@kota.go.id`. Without one it is the city's domain.
    pub sender: Option<String>,
    /// The name people read. Without one it is the city's.
    pub sender_name: Option<String>,
    /// Where to ask. Without one it is the emergency phone.
    pub contact: Option<String>,
    /// All of them have to be written; the first is the city's own.
    pub languages: Vec<String>,
    /// The list that the codes of the city's areas are from, as CAP calls it.
    pub code_list: Option<String>,
    /// How far outside the city a warning of it may reach.
    pub margin_metres: f64,
    /// How long a warning may hold before somebody has to say it again.
    pub longest_minutes: i64,
    pub proposals: Proposals,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sender: None,
            sender_name: None,
            contact: None,
            languages: vec!["id".to_owned(), "en".to_owned()],
            code_list: None,
            margin_metres: 10_000.0,
            longest_minutes: 360,
            proposals: Proposals::default(),
        }
    }
}

/// Who sends the warnings of this city.
pub(crate) fn sender(city: &City, configuration: &Configuration) -> String {
    let settings = &configuration.alerts;
    settings
        .sender
        .clone()
        .unwrap_or_else(|| domain(city, configuration))
}

/// The city's domain, its short name when it has none.
pub(crate) fn domain(city: &City, configuration: &Configuration) -> String {
    match configuration.profile.domain.as_str() {
        "" => city.slug().to_owned(),
        domain => domain.to_owned(),
    }
}

/// A box that holds the city and its margin; `None` without areas.
pub(crate) fn surroundings(areas: &Areas, margin_metres: f64) -> Option<BoundingBox> {
    use geo::BoundingRect;
    let outlines = areas.iter().flat_map(|area| area.outline.0.clone());
    let all = geo::MultiPolygon(outlines.collect()).bounding_rect()?;
    let corner = |x, y| {
        let at = pendopo_domain::geo::Position::new(x, y)?;
        Some(BoundingBox::around(at, margin_metres))
    };
    let (low, high) = (
        corner(all.min().x, all.min().y)?,
        corner(all.max().x, all.max().y)?,
    );
    BoundingBox::new(low.west, low.south, high.east, high.north)
}

/// Names of areas, in the order of the city; for a page about a warning.
pub fn area_names(areas: &Areas, ids: &[AreaId]) -> Vec<String> {
    let named = areas.iter().filter(|area| ids.contains(&area.id));
    named.map(|area| area.name.clone()).collect()
}

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
