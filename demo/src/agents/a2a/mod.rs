//! A2A: one machine of tasks, spoken in the words of 0.3 and of 1.0.
//!
//! Tasks move on when time does. Both wires are written from the same task; nothing in the machine knows of them.

mod card;
mod desk;
mod hitl;
mod rpc;
mod said;
mod state;
mod task;
mod think;
mod wire;

pub use self::{card::card, desk::Desk, rpc::Reply, think::agent};
