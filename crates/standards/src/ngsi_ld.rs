//! NGSI-LD (ETSI GS CIM 009), in and out: the wire format of entities and nothing behind it.
//!
//! - [`context`]: `@context` — [`context::references`] tells what to fetch, [`Context::build`] reads it,
//!   [`Context::core`] is the one of the standard; [`Context::expand_name`] and [`Context::compact`]
//! - [`read`]: bodies of requests — [`Document::parse`], then [`Document::entity`], [`Document::part`],
//!   [`Document::fragment`] or [`Document::attribute`]; [`read::batch`], [`read::batch_of_ids`]
//! - [`write`]: entities as JSON — [`write::entity`], [`write::entities`], [`write::feature`], [`write::features`],
//!   each through a [`View`]
//! - [`select`]: `attrs`, `pick`, `omit`, `datasetId`, `lang`
//! - [`q`]: `q`, `csf`, `type`, `scopeQ`, geo-queries, `idPattern`, `id`
//! - [`problem`]: ProblemDetails, BatchOperationResult, UpdateResult
//! - [`names`]: the grammar of names, ids, scopes and times
//!
//! Deliberately absent: HTTP, storage, rights, the clock and every fetch. Inside the city names are expanded IRIs; a
//! [`Context`] is needed on the way in and on the way out, and need not be the same one.
//!
//! ```
//! use pendopo_domain::entities::{Command, Effect, decide};
//! use pendopo_domain::time::Timestamp;
//! use pendopo_standards::ngsi_ld::{Context, Document, Format, View, q, write};
//!
//! let body = br#"{"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "level": {"type": "Property", "value": 3}}"#;
//! let document = Document::parse(body)?;
//! assert!(document.context().is_none());
//! let context = Context::core();
//! let fragment = document.entity(&context)?;
//!
//! let now = Timestamp::from_micros(0);
//! let Ok((Some(Effect::Put(entity)), _)) = decide(None, Command::Create(fragment), now) else { panic!() };
//! assert!(q::condition("level>2", &context)?.holds(&|term| term.holds(&entity)));
//!
//! let mut out = vec![];
//! let view = View { format: Format::Simplified, ..View::default() };
//! write::entity(&mut out, &entity, &context, &view);
//! assert_eq!(out, br#"{"id":"urn:ngsi-ld:Sensor:1","type":"Sensor","level":3}"#);
//! # Ok::<(), pendopo_standards::ngsi_ld::Problem>(())
//! ```

pub mod context;
mod core_terms;
mod json;
pub mod names;
pub mod problem;
pub mod q;
pub mod read;
pub mod select;
pub mod write;

pub use context::Context;
pub use problem::{Kind, Problem};
pub use read::Document;
pub use select::{Languages, Selection};
pub use write::{Changes, Format, View};
