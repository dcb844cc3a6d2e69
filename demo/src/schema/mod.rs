//! One schema engine for built-in and custom kinds: what the fields of a kind are, and what follows from that.
//!
//! Pruning, defaulting, validation, strategic merge, server-side apply and the ownership of fields all walk the same OpenAPI v3
//! document. Rules that no schema can say (immutable selectors, port names) are not here: see `api::rules`.

pub mod apply;
pub mod bare;
#[cfg(feature = "cel")]
pub mod cel;
pub mod custom;
pub mod default;
pub mod definition;
pub mod fieldset;
pub mod managers;
pub mod merge;
pub mod node;
pub mod owned;
pub mod prune;
pub mod rules;
pub mod shape;
pub mod step;
pub mod strategic;
pub mod trail;
pub mod typed;
pub mod unmarshal;
pub mod validate;

pub use node::Node;
