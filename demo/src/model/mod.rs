//! The scripted model: both LLM wires over one rule engine.
//!
//! It is no AI and does not play one: its name is `scripted`. It keeps nothing between requests; everything it knows stands in
//! the request, and every name it says was picked from a tool result there. The room speaks no HTTP: a request's body goes
//! in, a status and the chunks of a stream come out.

mod anthropic;
mod args;
mod conversation;
mod engine;
mod filters;
mod findings;
mod openai;
mod pieces;
mod played;
mod rule_file;
mod rules;
#[cfg(test)]
mod tests;
mod wirefault;

pub use self::{
    anthropic::answer as messages,
    conversation::{Call, Conversation, Found, Tool as Offered, Turn},
    engine::{Reply, reply},
    openai::{answer as chat_completions, models},
    pieces::{Answer, deltas},
    rule_file::TOOLS,
    rules::Rules,
};
