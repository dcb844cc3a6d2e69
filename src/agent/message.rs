//! What a conversation is made of.

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A person's words.
    You(String),
    /// The model's words and the tools it called.
    Model {
        /// Its text, perhaps empty.
        text: String,
        /// In the order it called them.
        calls: Vec<Call>,
    },
    /// The answers to all calls of the message before.
    Tools(Vec<ToolAnswer>),
}

/// One tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Ties the answer to it.
    pub id: String,
    /// The tool, as the model wrote it.
    pub name: String,
    /// JSON, as the model wrote it; perhaps none.
    pub arguments: String,
}

/// One tool's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    /// Of which call.
    pub id: String,
    /// Fenced text.
    pub text: String,
    /// Whether it is what was asked for, rather than why not.
    pub ok: bool,
}

impl Message {
    /// The bytes a provider is sent of it, names and JSON around it left out.
    pub fn size(&self) -> usize {
        match self {
            Self::You(text) => text.len(),
            Self::Model { text, calls } => {
                text.len() + calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>()
            }
            Self::Tools(answers) => answers.iter().map(|answer| answer.text.len()).sum(),
        }
    }
}

/// What a person said last.
pub fn asked(messages: &[Message]) -> Option<&str> {
    messages.iter().rev().find_map(|message| match message {
        Message::You(text) => Some(text.as_str()),
        Message::Model { .. } | Message::Tools(_) => None,
    })
}
