//! NGSI-LD through its public surface.

mod bodies;
mod contexts;
mod corpus;
mod histories;
mod law;
mod queries;
mod recorded;
mod selections;
mod subscriptions;
mod support;
