//! Asks a Prometheus HTTP API or the proxies themselves, and keeps asking while somebody looks; reads the routes of a cluster
//! at once. [`metrics`] says whom to ask.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod alerts;
pub mod budget;
pub mod configuration;
pub mod endpoint;
pub mod load;
pub mod metrics;
pub mod pod_usage;
pub mod prometheus;
pub mod sampler;
pub mod scrape;
pub mod surroundings;
