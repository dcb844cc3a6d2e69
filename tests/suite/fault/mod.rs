//! The fault core: files, catalogue, drivers, diffs, guardrails.

mod case;
mod chaos;
mod drivers;
mod evidence;
mod files;
mod guardrails;
mod plans;
pub mod sights;
