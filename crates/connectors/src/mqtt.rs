//! MQTT: the node's own listener (3.1.1 and 5), and clients of other people's brokers.
//!
//! What is acknowledged is durable: recorded in the journal, or put aside in quarantine. See
//! `docs/decisions/0009-mqtt-listener.md` for what the listener does not do.
//!
//! - [`intake`]: messages to entities, many at a time
//! - [`listener`]: connections, who they are, and how many
//! - [`session`]: one connection
//! - [`wire`]: packets of both versions as one kind
//! - [`brokers`]: clients of other brokers

pub mod brokers;
pub mod intake;
pub mod listener;
mod session;
mod wire;
