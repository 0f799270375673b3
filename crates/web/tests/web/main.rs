//! The pages and interfaces of a city over HTTP, each story on both databases.
//!
//! One binary, so that it is linked once.
#![forbid(unsafe_code)]

#[macro_use]
mod fixture;
mod alarms;
mod alerts;
mod bad_input;
mod hosts;
mod incidents;
mod lines;
mod live;
mod live_bad_input;
mod live_data;
mod map;
mod open311;
mod policy;
mod resident;
mod response;
mod rest;
mod secrets;
mod sources;
mod staff;
mod wall;
