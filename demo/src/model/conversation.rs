//! A conversation, whichever wire it came by.

use serde_json::Value;

/// A request to the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    /// Name of the model asked.
    pub model: String,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// What stands before the first question.
    pub system: String,
    /// Tools offered.
    pub tools: Vec<Tool>,
    /// What was said.
    pub turns: Vec<Turn>,
    /// Whether usage is wanted in a stream.
    pub usage: bool,
}

/// A tool offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Name.
    pub name: String,
    /// JSON schema of its arguments.
    pub schema: Value,
}

/// Something said.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// By the person.
    User(String),
    /// By the model.
    Model(Vec<Call>),
    /// By the model, in words.
    Said(String),
    /// By a tool.
    Result(Found),
}

/// A tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments; null where they are no JSON.
    pub given: Value,
}

/// A tool's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The call's id.
    pub id: String,
    /// The answer.
    pub text: String,
    /// Whether it is a failure.
    pub failed: bool,
}

impl Conversation {
    /// The last question.
    pub fn question(&self) -> &str {
        let last = self.turns.iter().rev().find_map(|turn| match turn {
            Turn::User(text) => Some(text.as_str()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// What the model said last before the last question.
    pub fn said(&self) -> &str {
        let asked = self.turns.iter().rposition(|turn| matches!(turn, Turn::User(_))).unwrap_or_default();
        let last = self.turns.iter().take(asked).rev().find_map(|turn| match turn {
            Turn::Said(text) => Some(text.as_str()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// Calls made since the last question, with their answers, in order.
    pub fn exchange(&self) -> Vec<(&Call, Option<&Found>)> {
        let from = self.turns.iter().rposition(|turn| matches!(turn, Turn::User(_))).map_or(0, |at| at + 1);
        let since = self.turns.get(from..).unwrap_or_default();
        let calls = since.iter().filter_map(|turn| match turn {
            Turn::Model(calls) => Some(calls),
            _ => None,
        });
        let found = |id: &str| {
            since.iter().find_map(|turn| match turn {
                Turn::Result(found) if found.id == id => Some(found),
                _ => None,
            })
        };
        calls.flatten().map(|call| (call, found(&call.id))).collect()
    }

    /// The schema of a tool offered.
    pub fn schema(&self, tool: &str) -> Option<&Value> {
        self.tools.iter().find(|one| one.name == tool).map(|one| &one.schema)
    }

    /// A number that is the same for the same conversation.
    pub fn fingerprint(&self) -> u64 {
        let fold = |hash: u64, text: &str| {
            let bytes = text.bytes().chain([0xff]);
            bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        self.turns.iter().fold(fold(0xcbf2_9ce4_8422_2325, &self.model), |hash, turn| match turn {
            Turn::User(text) | Turn::Said(text) => fold(hash, text),
            Turn::Model(calls) => calls.iter().fold(hash, |hash, call| fold(hash, &call.id)),
            Turn::Result(found) => fold(hash, &found.text),
        })
    }

    /// About how many tokens it has.
    pub fn tokens(&self) -> usize {
        let turns = self.turns.iter().map(|turn| match turn {
            Turn::User(text) | Turn::Said(text) => text.len(),
            Turn::Model(calls) => calls.len() * 40,
            Turn::Result(found) => found.text.len(),
        });
        (self.system.len() + turns.sum::<usize>()) / 4 + self.tools.len() * 60 + 1
    }
}
