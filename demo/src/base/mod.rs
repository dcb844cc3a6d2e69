//! The ground of the world: randomness that a late key press cannot disturb, time as text, selectors, quantities, JSON paths, files
//! whose every value knows its line, and what the rooms may do with objects.
//!
//! Nothing here knows a kind's rules, a protocol or a clock.

pub mod field_selector;
pub mod fortio;
pub mod jsonpath;
pub mod kagent;
pub mod keyed;
pub mod kinds;
pub mod label_selector;
pub mod litmus;
pub mod located;
pub mod names;
pub mod objects;
pub mod pattern;
pub mod proxies;
pub mod quantity;
pub mod rfc;
pub mod schedule;
pub mod section;
pub mod selector;
pub mod syntax;
pub mod trouble;
pub mod usage;
pub mod value;
pub mod when;
