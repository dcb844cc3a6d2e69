//! The model from outside: objects in, counters and logs out.

mod ambient;
mod attached;
mod chaos;
mod consequences;
mod cuts;
mod dapr;
mod invariants;
mod limits;
mod outside;
mod partition;
mod policies;
mod precedence;
pub(crate) mod world;
