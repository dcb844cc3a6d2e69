//! How an ask ends. Every ask ends in one of these, and each is told with its remedy.

use serde::{Deserialize, Serialize};

use super::limits::Reached;

/// The end of an ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The model said all it had to say.
    Done,
    /// A person stopped it.
    Cancelled,
    /// The model refuses, with its words where it gave any.
    Refused(String),
    /// The answer reached its limit of tokens; what came is kept, calls in it are void.
    Truncated,
    /// The connection ended before the answer did; what came is kept, calls in it are void.
    Cut,
    /// An agent waits for the person, with its question where it asks one beside its answer.
    Asks(String),
    /// An answer without text and without calls.
    Empty,
    /// A budget is used up: tool calls without an end in sight, tokens, requests.
    Spent(Reached),
    /// So many answers in a row none of whose tool calls could be read, and what was wrong with the last.
    Unreadable(u32, String),
    /// The conversation no longer fits the model.
    Full,
    /// The provider could not be asked: what happened, and what to do.
    Failed {
        /// What failed, on what, why.
        what: String,
        /// What to do.
        fix: String,
        /// It could not be reached or does not let us in, rather than answered nonsense.
        unreachable: bool,
    },
}

impl End {
    /// Whether the answer is whole.
    pub fn good(&self) -> bool {
        *self == Self::Done
    }

    /// What happened, in a sentence; empty when all is well.
    pub fn what(&self) -> String {
        match self {
            Self::Done => String::new(),
            Self::Cancelled => "stopped".to_owned(),
            Self::Refused(words) if words.is_empty() => "the model refuses to answer".to_owned(),
            Self::Refused(words) => format!("the model refuses: {words}"),
            Self::Truncated => "the answer reached its limit of tokens".to_owned(),
            Self::Cut => "the connection ended before the answer did".to_owned(),
            Self::Asks(words) if words.is_empty() => "the agent waits for your answer".to_owned(),
            Self::Asks(words) => format!("the agent waits for your answer: {words}"),
            Self::Empty => "the model answered nothing".to_owned(),
            Self::Spent(reached) => reached.what(),
            Self::Unreadable(rounds, why) => {
                format!("the model called tools {rounds} times in a way nobody can read: {why}")
            }
            Self::Full => "the conversation no longer fits the model".to_owned(),
            Self::Failed { what, .. } => what.clone(),
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> String {
        match self {
            Self::Done | Self::Cancelled => String::new(),
            Self::Refused(_) => "say what you want to learn, or choose another model".to_owned(),
            Self::Truncated => "raise agent.max-tokens, or ask for less at once".to_owned(),
            Self::Cut => "ask again; if it happens often, look at the proxy before the provider".to_owned(),
            Self::Asks(_) => "what you say next goes to the same task".to_owned(),
            Self::Empty => "ask again in other words, or choose another model".to_owned(),
            Self::Spent(reached) => reached.fix(),
            Self::Unreadable(..) => "choose a model that is made for calling tools".to_owned(),
            Self::Full => "begin a new conversation".to_owned(),
            Self::Failed { fix, .. } => fix.clone(),
        }
    }
}
