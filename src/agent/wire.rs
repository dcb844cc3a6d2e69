//! What streams of every provider have in common: pieces of an answer, in the order they come.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// How a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// Chat Completions, as OpenAI and most gateways and local servers speak it.
    #[serde(rename = "openai")]
    OpenAi,
    /// Messages, as Anthropic speaks it.
    Anthropic,
    /// Agent to Agent, JSON-RPC over HTTP, 0.3 and 1.0.
    A2a,
    /// The plain `POST /a2a/analyze` of the Kubernetes agent for canaries, which is not A2A.
    Analyze,
}

/// A row of the table of wires.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The wire.
    pub wire: Wire,
    /// Its name in settings.
    pub word: &'static str,
    /// The provider's own address; empty where there is none.
    pub home: &'static str,
    /// The environment variable in which the provider's own tools keep the key; empty where there is none.
    pub key_env: &'static str,
    /// A model on the other side: it takes brink's tools and the whole conversation. Otherwise an agent with tools of its own.
    pub model: bool,
}

/// The wires. How each writes and reads stands in a file of `io/` of its own.
pub const WIRES: [Row; 4] = [
    Row {
        wire: Wire::OpenAi,
        word: "openai",
        home: "https://api.openai.com/v1",
        key_env: "OPENAI_API_KEY",
        model: true,
    },
    Row {
        wire: Wire::Anthropic,
        word: "anthropic",
        home: "https://api.anthropic.com",
        key_env: "ANTHROPIC_API_KEY",
        model: true,
    },
    Row { wire: Wire::A2a, word: "a2a", home: "", key_env: "", model: false },
    Row { wire: Wire::Analyze, word: "analyze", home: "", key_env: "", model: false },
];

impl Wire {
    /// All wires.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::A2a, Self::Analyze];
    /// Those with a model at the other end.
    pub const MODELS: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// Its row.
    pub fn row(self) -> &'static Row {
        // The table has a row for every wire; a test counts them.
        WIRES.iter().find(|row| row.wire == self).unwrap_or(&WIRES[0])
    }

    /// Its name in settings.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The wire of a word.
    pub fn of(word: &str) -> Option<Self> {
        WIRES.iter().find(|row| row.word == word).map(|row| row.wire)
    }

    /// The provider's own address; empty where there is none.
    pub fn home(self) -> &'static str {
        self.row().home
    }

    /// The environment variable in which the provider's own tools keep the key.
    pub fn key_env(self) -> &'static str {
        self.row().key_env
    }

    /// Whether a model is at the other end, rather than an agent.
    pub fn is_model(self) -> bool {
        self.row().model
    }
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delta {
    /// More text.
    Text(String),
    /// A tool call begins. Pieces of several calls may interleave: `at` tells them apart.
    Call {
        /// Which call of this answer.
        at: usize,
        /// The provider's id, empty where it gives none.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of the JSON of a call's arguments.
    Piece {
        /// Which call.
        at: usize,
        /// The fragment.
        json: String,
    },
    /// A call's arguments are whole.
    CallEnd {
        /// Which call.
        at: usize,
    },
    /// What the request cost so far; each figure replaces the one before.
    Usage(Usage),
    /// Why the model stopped. An answer without it was cut.
    Stop(Stop),
    /// The model's words of a refusal.
    Refusal(String),
    /// The provider broke off with these words.
    Error(String),
    /// Where the conversation stands at an agent that keeps it.
    Remote(Remote),
    /// An agent does something by itself, with a tool of its own.
    Did(Did),
    /// An agent waits for the person: what it wants to know, in words. Nothing more comes of this answer.
    Asks(String),
}

/// What an agent does by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Did {
    /// A tool of its own was called.
    Began {
        /// Ties the end to it.
        id: String,
        /// The tool.
        name: String,
        /// JSON of its arguments.
        arguments: String,
    },
    /// It answered.
    Ran {
        /// Of which call.
        id: String,
        /// Whether it worked, as far as the agent tells.
        ok: bool,
        /// Milliseconds from hearing of the call to hearing of its answer.
        ms: u64,
        /// Bytes of the answer.
        size: usize,
    },
}

/// Tokens as the provider counts them; `None` where it said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of the request, cached ones included.
    pub input: Option<u64>,
    /// Of the answer.
    pub output: Option<u64>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// It said all it had to say.
    End,
    /// It waits for tools.
    Tools,
    /// The limit of the answer was reached.
    MaxTokens,
    /// The limit of the conversation was reached.
    ContextFull,
    /// It, or a filter before it, refuses.
    Refused,
    /// Something this version does not know.
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::{WIRES, Wire};

    #[test]
    fn the_table_has_one_row_for_every_wire() {
        for wire in Wire::ALL {
            assert_eq!((wire.row().wire, Wire::of(wire.word())), (wire, Some(wire)));
        }
        assert_eq!(WIRES.len(), Wire::ALL.len());
    }
}
