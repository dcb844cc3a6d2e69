//! What the API server holds, in the words the other rooms use.
//!
//! Objects on screen are compact rows ([`pods`], [`table`]) made inside the watch; a whole object exists only as a
//! [`Manifest`], fetched for one person or one fault and dropped again. [`api`] is the narrow interface through which every
//! other room reads and writes; `io/` speaks it to a real API server. Nothing here knows what a fault or a screen is.

pub mod address;
pub mod api;
pub mod cause;
pub mod cluster_id;
pub mod columns;
pub mod delta;
pub mod describe;
mod describe_pod;
pub mod discovery;
pub mod event_rows;
mod intern;
pub mod io;
pub mod kind;
pub mod lite;
pub mod logs;
pub mod manifest;
pub mod namespaces;
pub mod pod_read;
pub mod pod_status;
pub mod pods;
pub mod quantity;
pub mod request;
pub mod resource_health;
pub mod selector;
pub mod session;
pub mod shared_meta;
pub mod source;
pub mod spaces;
pub mod table;
pub mod together;
pub mod warrant;
pub mod yaml;

pub use address::Address;
pub use cluster_id::ClusterId;
pub use delta::{Batch, Delta, Row, Scope};
pub use kind::{Kind, ObjectRef};
pub use manifest::Manifest;
pub use source::Source;
