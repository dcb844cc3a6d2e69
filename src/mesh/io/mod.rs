//! Asks a Prometheus HTTP API, and keeps asking while somebody looks.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod alerts;
pub mod endpoint;
pub mod prometheus;
pub mod sampler;
