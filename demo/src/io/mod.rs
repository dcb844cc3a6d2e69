//! The doors of the world: it is served over TLS on loopback, time is moved, and what it needs lies in files.
//!
//! Everything that awaits, locks, listens or reads a clock is here; what is served is a [`Machine`], which does none of it.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

mod agents;
mod alive;
mod body;
mod clock;
mod connection;
mod control;
mod http;
mod kubeconfig;
pub mod machine;
mod mcp;
mod metrics;
mod model;
mod pace;
mod plain;
pub mod serve;
mod streams;
mod tls;
mod trouble;

pub use machine::Machine;
pub use serve::{Failure, Served, Settings, serve};
