//! Presenter scripts: what a speaker's story says, does and waits for, and the machine that plays it.
//!
//! A script feeds commands and text into the same loop as a person's keys and judges by what brink itself sees. It never
//! sleeps: every step goes on when a condition holds, and fails with its message when that takes too long. It decides nothing
//! about faults: their lease, their guard and their undo are the same whoever pressed the key. This room is pure; the runtime
//! carries the acts out and brings the answers back.

pub mod condition;
pub mod file;
pub mod judge;
pub mod player;
mod read;
pub mod survey;
pub mod told;

pub use file::Script;
pub use player::{Act, Leave, Player};
pub use read::read;
pub use told::{Report, Told};
