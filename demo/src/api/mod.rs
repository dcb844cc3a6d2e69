//! The Kubernetes API over the store: paths, reading, watching, writing, tables, rights.
//!
//! Pure: a request goes in, an answer comes out, and streams are asked for more by whoever serves them. It knows no socket, no
//! clock and no controller.

mod access;
mod admit;
mod builtin;
mod checkpoint;
mod cluster;
mod custom;
mod delete;
mod demand;
mod discovery;
mod doubled;
mod events;
mod evict;
mod follow;
mod lesser;
mod objects;
mod onward;
mod openapi;
mod options;
pub mod pack;
mod patch;
mod path;
mod protobuf;
mod proxy;
mod read;
mod refusal;
mod removal;
mod rescale;
mod review;
mod route;
mod rules;
mod scale;
mod session;
mod subresource;
mod swagger;
mod table;
mod token;
mod trouble;
mod usage;
mod watch;
mod wire;
mod write;

pub use cluster::{Admission, Cluster, User};
pub use follow::{Ask, Line, NoReadings, Readings};
pub use onward::Onward;
pub use proxy::{Answered, Asked};
pub use refusal::Refusal;
pub use trouble::{Forbidden, Standing, Undry};
pub use wire::{Body, Pulled, Request, Response, Stream, Webhook};
