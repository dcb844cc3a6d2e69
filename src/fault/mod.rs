//! Faults: from an intent to a verified undo.
//!
//! ```text
//! Fault (intent) ─compile(driver)─▶ Plan ─dry run─▶ Preview ─approve─▶ Injection ─▶ undo ─▶ verified
//! ```
//!
//! Everything that decides is pure and stands in this folder: what a kind means, what it would change, whom it hits, whether
//! the guardrails allow it, what an undo does to the object it finds. `io/` reads the world for these functions, sends what
//! they decide, and keeps the guardian. The authority on behaviour is the lifecycle described in `docs/architecture.md`.

pub mod class;
pub mod intent;
pub mod io;
pub mod plan;
pub mod preview;

/// The label and annotation domain of everything brink writes.
pub const PREFIX: &str = "brink.dev";
