//! The simulated cluster of brink.
//!
//! A world that speaks the real protocols on loopback, for a speaker without a network and for a newcomer without a
//! cluster. The cockpit does not know this crate: it reaches a world by kubeconfig and URLs, as it reaches any cluster.

pub mod agents;
pub mod api;
pub mod base;
pub mod container;
pub mod control;
pub mod io;
pub mod metrics;
pub mod model;
pub mod schema;
pub mod store;
pub mod traffic;
pub mod world;
