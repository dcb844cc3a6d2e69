//! What the API server holds, in the words the other rooms use.
//!
//! Objects on screen are compact rows ([`pods`](crate::cluster), …) made inside the watch; a whole object exists only as a
//! [`Manifest`], fetched for one person or one fault and dropped again. [`api`] is the narrow interface through which every
//! other room reads and writes; `io/` speaks it to a real API server. Nothing here knows what a fault or a screen is.

pub mod api;
pub mod io;
pub mod kind;
pub mod manifest;
pub mod source;
pub mod warrant;

pub use kind::{Kind, ObjectRef};
pub use manifest::Manifest;
