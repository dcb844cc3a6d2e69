//! Agents that live in the world, and the tools they have: kagent's over A2A, the canary analyser, the tools behind MCP.
//!
//! They go by the rules of the scripted model, and what they find they find as any client would, by asking the API with an account
//! of their own. The room is pure: requests come in as values, tasks move on when time does. It opens no door and knows no MCP.

mod a2a;
mod analyze;
mod behind;
mod fortio;
mod front;
mod kagent;
mod kubectl;
mod measure;
mod site;
mod table;
mod tools;

pub use self::{
    a2a::Desk,
    behind::{Program, behind, has_port, places},
    fortio::Begun,
    front::{Asked, answer, closed},
    site::{Load, Ran, Site},
    tools::{Called, Server, Tool, call, offered},
};
