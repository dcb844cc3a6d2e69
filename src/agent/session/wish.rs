//! What a cockpit wants of the conversations that are kept, and what it gets.

use super::{Decision, Retold};
use crate::agent::{conversation::Conversation, limits::Limits, mcp::Offered, proposal::Proposal};

/// A wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// What is asked next begins a new conversation.
    New,
    /// The conversations of this cluster.
    List,
    /// Go on with the one of this id.
    Open(String),
    /// Write the one that is held into a new file.
    Export(String),
    /// The last exchange was taken back.
    Undone,
    /// A person decided about the proposal of this title.
    Decided(String, Decision),
    /// These limits hold from now on, also for an ask that runs.
    Limits(Limits),
    /// Ask this model of the same provider from now on.
    Model(String),
    /// The tools of MCP servers.
    Tools,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Granted {
    /// The newest first.
    List(Vec<Listed>),
    /// A conversation as it stood.
    Opened(Box<Opened>),
    /// A proposal of the opened conversation that nobody decided about, checked anew.
    Stands(Box<Proposal>),
    /// The same, which would no longer apply: its title, and why not.
    Fell(String, String),
    /// It was written here.
    Exported(String),
    /// What MCP servers offer, and why some offer nothing.
    Tools(Vec<Offered>, Vec<String>),
}

/// A conversation of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its first question, or why it cannot be read.
    pub about: String,
    /// It is the one that is held.
    pub current: bool,
}

/// A conversation that was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its id.
    pub id: String,
    /// As the model knows it.
    pub talk: Conversation,
    /// As a person saw it.
    pub told: Vec<Retold>,
    /// A line that a crash tore is left out.
    pub torn: bool,
    /// Some of it is kept back from the model now.
    pub kept_back: bool,
}
