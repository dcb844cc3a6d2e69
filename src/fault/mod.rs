//! Faults: from an intent to a verified undo.
//!
//! ```text
//! Fault (intent) ─compile(driver)─▶ Plan ─dry run─▶ Preview ─approve─▶ Injection ─▶ undo ─▶ verified
//! ```
//!
//! Everything that decides is pure and stands in this folder: what a kind means, what it would change, whom it hits, whether
//! the guardrails allow it, what an undo does to the object it finds. `io/` reads the world for these functions, sends what
//! they decide, and keeps the guardian. The authority on behaviour is the lifecycle described in `docs/architecture.md`.

pub mod action;
pub mod aim;
pub mod anew;
pub mod approval;
pub mod arming;
pub mod blackout;
pub mod blast;
pub mod by_hand;
pub mod catalogue;
mod chaos_engine;
pub mod checked;
pub mod class;
pub mod compare;
pub mod diff;
pub mod drivers;
pub mod edit;
pub mod evidence;
pub mod file;
pub mod foreseen;
pub mod fuse;
pub mod gitops;
pub mod guard;
pub mod identity;
pub mod injection;
pub mod intent;
pub mod io;
pub mod kinds;
pub mod known;
pub mod mark;
pub mod mesh_root;
pub mod moved;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod preview;
pub mod probe;
mod questions;
pub mod ramp;
pub mod record;
pub mod refusal;
pub mod rivals;
pub mod routes;
pub mod rules;
pub mod select;
pub mod set;
pub mod show;
pub mod shut_out;
pub mod sight;
pub mod sign;
pub mod token;
pub mod traffic;
pub mod undo;
pub mod upstream;
pub mod view;
pub mod write;
pub mod yaml;

/// The label and annotation domain of everything brink writes.
pub const PREFIX: &str = "brink.dev";
