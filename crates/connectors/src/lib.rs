//! What a city listens to and speaks to: files of history and areas, recorded data to replay, the
//! data it starts with, and its base map.
//!
//! Everything goes through the use cases of `operations`, a replay through the interfaces that everyone has; nothing here
//! writes past them.
#![forbid(unsafe_code)]

pub mod alerts;
pub mod areas;
pub mod base_map;
pub mod boston_311;
pub mod demo;
pub mod driven;
pub mod founding;
pub mod mqtt;
pub mod notifications;
pub mod outgoing;
pub mod payload;
pub mod pmtiles;
pub mod replay;
pub mod starter;
