//! Carries plans out against an API server, and guards what was carried out.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod acting;
mod changes;
pub mod check;
mod draining;
mod elsewhere;
pub mod engine;
mod engines;
mod events;
mod executor;
mod finding;
mod finish;
mod foresee;
mod foretell;
pub mod fresh;
pub mod glance;
pub mod guardian;
mod keeper;
mod ledger;
mod lifelines;
mod named;
mod nets;
mod observing;
mod orders;
pub mod outside;
mod patience;
mod premises;
mod rehearsal;
mod reviews;
pub mod scan;
pub mod sentry;
pub mod sight;
pub mod stale;
pub mod stop;
mod undoer;
pub mod watching;
mod web;
mod what_if;
