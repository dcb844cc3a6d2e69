//! Asks a Prometheus HTTP API, and keeps asking while somebody looks; reads the routes of a cluster at once.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod alerts;
pub mod endpoint;
pub mod load;
pub mod prometheus;
pub mod sampler;
pub mod surroundings;
