//! The fault core: files, catalogue, drivers, diffs, guardrails.

mod case;
mod chaos;
mod dapr;
mod drivers;
mod evidence;
mod files;
mod gateways;
mod guardrails;
mod litmus;
mod mesh_kinds;
mod mesh_rules;
mod native_kinds;
pub mod plans;
mod route_kinds;
pub mod sights;
