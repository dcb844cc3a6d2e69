//! Fresh ids for plans.

use std::hash::{BuildHasher, RandomState};

/// A new plan id: six hex digits, the form of `7f3a9c`. Seeded by the operating system's randomness; a clash with an open
/// injection makes the create of its record fail, never overwrite.
pub fn id() -> String {
    let random = RandomState::new().hash_one(std::process::id());
    format!("{:06x}", random & 0xff_ffff)
}
