//! The model from outside: objects in, counters and logs out.

mod consequences;
mod invariants;
mod precedence;
pub(crate) mod world;
