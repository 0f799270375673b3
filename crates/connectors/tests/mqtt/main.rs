//! The MQTT listener and the clients of brokers, from outside: real clients, a city on disk.
#![forbid(unsafe_code)]

mod fixture;
mod listening;
mod others;
mod packets;
mod publishing;
