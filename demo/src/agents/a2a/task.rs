//! A task: what was asked of an agent, how far it is, and everything that was told of it.

use jiff::Timestamp;
use serde_json::Value;

use super::{hitl::Pending, state::State};

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client.
    User,
    /// The agent.
    Agent,
}

/// A part of what is said.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// Something structured, and what it is (`kagent_type`).
    Data(Value, Value),
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id, by whoever said it.
    pub id: String,
    /// Who.
    pub role: Role,
    /// What.
    pub parts: Vec<Part>,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// What the agent says to it.
    pub message: Option<Message>,
    /// Since when.
    pub at: Timestamp,
}

/// What was told of a task, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It stands differently, or the agent says something meanwhile.
    Status(Status),
    /// A piece of its answer: the text, whether it goes on where the last piece ended, whether it is the last.
    Answer {
        /// Words.
        text: String,
        /// Whether it belongs behind the piece before it.
        append: bool,
        /// Whether nothing follows.
        last: bool,
    },
}

/// What comes next, and when.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The model says what to do.
    Think,
    /// A tool is called: its id, its name, its arguments.
    Tool(String, String, Value),
    /// The pieces of the answer that are left.
    Speak(Vec<String>),
    /// Nothing, until somebody decides.
    Wait(Pending),
    /// Nothing any more.
    Over,
}

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its id, made here.
    pub id: String,
    /// The conversation it belongs to.
    pub context: String,
    /// Namespace and name of the agent.
    pub agent: (String, String),
    /// Whose it is.
    pub user: String,
    /// How it stands.
    pub status: Status,
    /// What was said on both sides.
    pub history: Vec<Message>,
    /// The answer, as far as it is said.
    pub answer: Option<String>,
    /// What was told of it.
    pub events: Vec<Event>,
    /// When the next step is due.
    pub due: Timestamp,
    /// The next step.
    pub next: Next,
    /// How many tools were called.
    pub calls: usize,
}

impl Task {
    /// Moves to a state, and says something with it.
    pub fn turn(&mut self, state: State, message: Option<Message>, at: Timestamp) {
        self.status = Status { state, message: message.clone(), at };
        self.history.extend(message);
        self.events.push(Event::Status(self.status.clone()));
        if state.is_final() {
            self.next = Next::Over;
        }
    }

    /// A piece of the answer.
    pub fn speak(&mut self, text: &str, last: bool) {
        let append = self.answer.is_some();
        self.answer.get_or_insert_default().push_str(text);
        self.events.push(Event::Answer { text: text.to_owned(), append, last });
    }

    /// The id of the next thing that the agent says.
    pub fn message(&self, parts: Vec<Part>) -> Message {
        Message { id: format!("{}-{}", self.id, self.history.len()), role: Role::Agent, parts }
    }
}
