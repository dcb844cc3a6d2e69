//! Both wires: how a task, a message and an event are written in 0.3 and in 1.0.

use serde_json::{Map, Value, json};

use super::task::{Event, Message, Part, Role, Status, Task};
use crate::base::when;

/// A version of A2A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// 0.3.
    V03,
    /// 1.0.
    V10,
}

/// The name of the one artifact a task has: its answer.
fn artifact(task: &Task) -> String {
    format!("{}-answer", task.id)
}

impl Wire {
    /// By the header `A2A-Version`; nothing said means 0.3. `None`: one that is not spoken here.
    pub fn of(header: &str) -> Option<Self> {
        match header.trim() {
            "" | "0.3" | "0.3.0" => Some(Self::V03),
            "1.0" | "1.0.0" | "1.0.1" => Some(Self::V10),
            _ => None,
        }
    }

    fn part(self, part: &Part) -> Value {
        match (self, part) {
            (Self::V03, Part::Text(text)) => json!({"kind": "text", "text": text}),
            (Self::V10, Part::Text(text)) => json!({"text": text}),
            (Self::V03, Part::Data(data, about)) => json!({"kind": "data", "data": data, "metadata": about}),
            (Self::V10, Part::Data(data, about)) => {
                json!({"data": data, "mediaType": "application/json", "metadata": about})
            }
        }
    }

    fn parts(self, parts: &[Part]) -> Vec<Value> {
        parts.iter().map(|part| self.part(part)).collect()
    }

    fn message(self, message: &Message, task: &Task) -> Value {
        let role = match (self, message.role) {
            (Self::V03, Role::User) => "user",
            (Self::V03, Role::Agent) => "agent",
            (Self::V10, Role::User) => "ROLE_USER",
            (Self::V10, Role::Agent) => "ROLE_AGENT",
        };
        let mut told = json!({
            "messageId": message.id, "role": role, "parts": self.parts(&message.parts),
            "taskId": task.id, "contextId": task.context,
        });
        if self == Self::V03 {
            told["kind"] = json!("message");
        }
        told
    }

    fn status(self, status: &Status, task: &Task) -> Value {
        let state = match self {
            Self::V03 => status.state.old().to_owned(),
            Self::V10 => status.state.renamed(),
        };
        let mut told = json!({"state": state, "timestamp": when::seconds(status.at)});
        if let Some(message) = &status.message {
            told["message"] = self.message(message, task);
        }
        told
    }

    /// A task; the end of its history only, where so much was asked for.
    pub fn task(self, task: &Task, history: Option<usize>) -> Value {
        let said = &task.history;
        let from = history.map_or(0, |most| said.len().saturating_sub(most));
        let mut told = json!({
            "id": task.id, "contextId": task.context, "status": self.status(&task.status, task),
            "history": said[from..].iter().map(|one| self.message(one, task)).collect::<Vec<_>>(),
        });
        if let Some(answer) = &task.answer {
            let part = self.part(&Part::Text(answer.clone()));
            told["artifacts"] = json!([{"artifactId": artifact(task), "parts": [part]}]);
        }
        if self == Self::V03 {
            told["kind"] = json!("task");
        }
        told
    }

    /// An event of a stream.
    pub fn event(self, event: &Event, task: &Task) -> Value {
        let mut told = Map::new();
        told.insert("taskId".to_owned(), json!(task.id));
        told.insert("contextId".to_owned(), json!(task.context));
        let (old, new) = match event {
            Event::Status(status) => {
                told.insert("status".to_owned(), self.status(status, task));
                if self == Self::V03 {
                    told.insert("final".to_owned(), json!(status.state.answers()));
                }
                ("status-update", "statusUpdate")
            }
            Event::Answer { text, append, last } => {
                let part = self.part(&Part::Text(text.clone()));
                told.insert("artifact".to_owned(), json!({"artifactId": artifact(task), "parts": [part]}));
                told.insert("append".to_owned(), json!(append));
                told.insert("lastChunk".to_owned(), json!(last));
                ("artifact-update", "artifactUpdate")
            }
        };
        self.named(old, new, Value::Object(told))
    }

    /// A task as the first item of a stream, or as the answer to a message.
    pub fn item(self, task: &Task) -> Value {
        match self {
            Self::V03 => self.task(task, None),
            Self::V10 => json!({"task": self.task(task, None)}),
        }
    }

    fn named(self, old: &str, new: &str, mut value: Value) -> Value {
        match self {
            Self::V03 => {
                value["kind"] = json!(old);
                value
            }
            Self::V10 => json!({ new: value }),
        }
    }
}
