//! What streams of every provider have in common: pieces of an answer, in the order they come.

use serde::{Deserialize, Serialize};

/// How a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Chat Completions, as OpenAI and most gateways and local servers speak it.
    OpenAi,
    /// Messages, as Anthropic speaks it.
    Anthropic,
}

impl Wire {
    /// All wires.
    pub const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// Its name in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The wire of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wire| wire.word() == word)
    }

    /// The provider's own address.
    pub fn home(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
        }
    }

    /// The environment variable in which the provider's own tools keep the key.
    pub fn key_env(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
        }
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
