//! CAP 1.2 through its public surface.

mod bad_input;
mod corpus;
mod law;
mod recorded;
mod schema;
mod written;
mod xmllint;
