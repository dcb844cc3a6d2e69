//! The ground of the world: randomness that a late key press cannot disturb, and what its rooms may do with objects.
//!
//! Nothing here knows a kind's rules, a protocol or a clock.

pub mod keyed;
pub mod objects;
