//! Wire formats of other people, in and out: parsed at the edge, written as their standards spell them.
//!
//! No I/O, no clock. One module per standard.

#![forbid(unsafe_code)]

pub mod cap;
pub mod document;
pub mod feeds;
pub mod gtfs_rt;
pub mod json_pointer;
pub mod ngsi_ld;
pub mod open311;
pub mod senml;
