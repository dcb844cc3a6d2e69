//! Goes into pods by the websockets of the API server: a shell, an attached container, tar in and out, forwarded ports.
//!
//! No kubectl is needed. Who may do it, and what a person types before, is decided elsewhere.

pub mod copy;
pub mod enter;
pub mod forward;
pub mod ports;
mod refusal;
mod status;
mod unpack;
