//! Mutual TLS: what workloads demand of their callers, who comes in plain text all the same, and who would be shut out.
//!
//! Mental model: PeerAuthentications become rows ([`peer_authentication`]), rows and a workload's labels become the mode that
//! holds for it and its ports ([`effective()`]); metrics say who calls in plain text ([`plain`]), and therefore who breaks when
//! the called workload takes mutual TLS alone. Every part is a pure function; what was not measured is unknown, not safe.
//!
//! It changes nothing and reads no DestinationRules: what callers try is seen in what arrives.

mod effective;
pub mod output;
pub mod peer_authentication;
pub mod plain;

pub use effective::{Effective, effective};
