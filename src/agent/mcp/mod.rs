//! The Model Context Protocol in both directions, as data: what another agent queued for a person, and what servers of others
//! offer to the model.
//!
//! [`queued`] is a proposal of an MCP client as a file of the inbox. [`server`] is a server from the settings, [`offered`] a
//! tool of it as brink takes it over, [`permit`] what a person allowed. Nothing here speaks to anybody: the doors are
//! `agent::io::inbox` and `agent::io::mcp`. Names, descriptions, schemas and hints come from outside: they are shown and
//! passed on, sanitised and cut, and decide nothing.

pub mod offered;
pub mod permit;
pub mod queued;
pub mod server;

pub use offered::Offered;
pub use permit::{Answer, Permits, Question, Verdict};
pub use queued::Queued;
pub use server::Server;
