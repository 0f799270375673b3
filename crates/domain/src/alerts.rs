//! Public warnings, received and issued: what a message of CAP 1.2 says, how messages follow one another, whom they
//! concern, and the stage of the city.
//!
//! The words are those of CAP 1.2 (OASIS, July 2010). Its XML is `pendopo_standards::cap`; this is what is reckoned with
//! and kept. Positions are lon, lat (WGS 84), times are UTC.

pub mod area;
pub mod chain;
pub mod draft;
mod message;
pub mod stage;
pub mod words;

pub use message::{Info, Key, Message, Reference, Resource};
pub use words::{Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency};

use crate::id_type;

id_type!(
    /// A message that was received or published.
    AlertId
);

id_type!(
    /// A warning that is being written and is not published.
    DraftId
);
