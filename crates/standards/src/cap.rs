//! CAP 1.2, the Common Alerting Protocol (OASIS, July 2010; ITU-T X.1303 bis), in and out.
//!
//! [`read`] takes what the world sends: any order of elements, CAP 1.0 and 1.1, other prefixes, empty elements, rings that
//! do not close. It gives the message with a list of what was wrong with it; a bad ring harms only itself. [`write()`] gives
//! what the schema allows, in its order. [`check`] holds a message against the prose of the standard, [`self_test`]
//! against what a city asks of its own warnings besides. [`convert`] goes to and from `pendopo_domain::alerts`.
//!
//! Deliberately absent: digital signatures are seen and neither checked nor made; encryption; what is sent inside a message
//! (`derefUri`) is kept as text.

pub mod convert;
mod law;
mod model;
mod points;
mod problem;
mod read;
mod time;
mod write;

pub use law::{Asked, Breach, HEADLINE, Law, check, self_test};
pub use model::{Alert, Area, Info, Pair, Reference, Resource};
pub use problem::{Fault, Problem, Refused};
pub use read::{Read, Version, read};
pub use time::DateTime;
pub use write::write;

pub(crate) use read::{is_alert, read_element};

use crate::document::Limits;

/// The namespace of CAP 1.2.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// What a message is on the wire; servers also say `application/xml` and `text/xml`.
pub const MEDIA_TYPE: &str = "application/cap+xml";

/// A message with 150 rings and 3,072 points has 90 kB; a signature, or a small picture inside, has more.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// CAP itself needs 5; a signature inside goes deeper.
pub const MOST_DEPTH: usize = 16;
/// Elements of one message, those of signatures too.
pub const MOST_ELEMENTS: usize = 20_000;
/// Positions of all rings of one message together.
pub const MOST_POINTS: usize = 100_000;
/// Bytes of one text; more is cut and said. What is sent inside a message may fill it.
pub const MOST_TEXT: usize = 64 * 1024;
/// Problems that are noted of one message.
pub const MOST_PROBLEMS: usize = 100;

pub(crate) const LIMITS: Limits = Limits {
    bytes: MOST_BYTES,
    depth: MOST_DEPTH,
    elements: MOST_ELEMENTS,
};
