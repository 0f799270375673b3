//! Open311 GeoReport v2 through its public surface.

mod answers;
mod corpus;
mod forms;
mod messages;
mod queries;
mod reading;
mod samples;
