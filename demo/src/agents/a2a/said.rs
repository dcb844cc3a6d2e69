//! What a client says: a message read from its request, in the words of either version.

use serde_json::Value;

use super::task::{Message, Part, Role};

/// The most text of one message.
const LONGEST: usize = 64 * 1024;
/// The longest id that is taken from a client.
const LONGEST_ID: usize = 128;

/// A message and what it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What is said.
    pub message: Message,
    /// The task it answers.
    pub task: Option<String>,
    /// The conversation it belongs to.
    pub context: Option<String>,
}

impl Said {
    /// Reads it. Files are taken and not read: nobody here could.
    pub fn read(params: &Value) -> Result<Self, String> {
        let message = params.get("message").filter(|one| one.is_object()).ok_or("params.message must be an object")?;
        let id = word(message, "messageId")?.ok_or("message.messageId must be there")?;
        match message.get("role").and_then(Value::as_str) {
            Some("user" | "ROLE_USER") => {}
            _ => return Err("message.role must be the user's".to_owned()),
        }
        let parts = message.get("parts").and_then(Value::as_array).filter(|parts| !parts.is_empty());
        let parts = parts.ok_or("message.parts must be a list with something in it")?;
        let parts = parts.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        let length: usize = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.len(),
                Part::Data(data, _) => data.to_string().len(),
            })
            .sum();
        if length > LONGEST {
            return Err(format!("message.parts must not be longer than {LONGEST} bytes"));
        }
        let (task, context) = (word(message, "taskId")?, word(message, "contextId")?);
        Ok(Self { message: Message { id, role: Role::User, parts }, task, context })
    }

    /// Its words.
    pub fn words(&self) -> String {
        let words = self.message.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Data(..) => None,
        });
        words.collect::<Vec<_>>().join("\n")
    }
}

/// An id of the client's; empty is not there.
fn word(message: &Value, field: &str) -> Result<Option<String>, String> {
    match message.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() <= LONGEST_ID && !text.chars().any(char::is_control) => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(format!("message.{field} must be a short text")),
    }
}

fn part(part: &Value) -> Result<Part, String> {
    if let Some(text) = part.get("text").and_then(Value::as_str) {
        return Ok(Part::Text(text.to_owned()));
    }
    if let Some(data) = part.get("data").filter(|data| data.is_object() || data.is_array()) {
        return Ok(Part::Data(data.clone(), Value::Null));
    }
    let file = ["file", "url", "raw"].iter().any(|field| part.get(*field).is_some());
    if file {
        Ok(Part::Data(Value::Null, Value::Null))
    } else {
        Err("a part must have text, data or a file".to_owned())
    }
}
