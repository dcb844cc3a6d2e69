//! Talks to a real API server: connects as kubectl would, watches, reads, writes under a warrant.
//!
//! [`connect`] makes a [`connect::Link`] from a kubeconfig; every other door takes one. [`live::Live`] is the
//! [`Api`](crate::cluster::api::Api) over a link, the only way to write. The watches turn objects into rows as they arrive
//! and keep none of them. Nothing here decides what to write.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod clock;
pub mod cluster_id;
pub mod connect;
mod connect_error;
mod credentials;
mod dial;
pub mod discovery;
mod exec;
mod failure;
mod hidden;
pub mod http_client;
mod identity;
pub mod inspect;
mod kubeconfig;
pub mod live;
pub mod logs;
mod openapi;
mod proxy;
pub mod raw;
pub mod read_only;
pub mod session;
mod signed;
pub mod simulated;
mod surroundings;
pub mod through;
mod tls;
mod wake;
pub mod watch;
pub mod whoami;
mod wire;
