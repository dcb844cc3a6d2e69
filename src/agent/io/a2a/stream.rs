//! Reads what an agent tells of its task.

use std::{collections::HashMap, time::Instant};

use serde_json::Value;

use super::{super::provider::Decoder, words};
use crate::agent::{
    remote::{Remote, YES},
    wire::{Delta, Did, Stop},
};

/// JSON-RPC's code for a task nobody knows.
const UNKNOWN_TASK: i64 = -32001;

/// Most pieces whose text is remembered, so that it is not told twice.
const MOST: usize = 4096;

/// Reads the items of one stream, or the one answer of an agent that does not stream.
#[derive(Debug, Default)]
pub struct Stream {
    remote: Remote,
    /// All text told so far.
    told: String,
    /// Text of the message that comes in parts.
    partial: String,
    /// Artifacts, and whether their text was told in another way.
    artifacts: HashMap<String, bool>,
    /// Calls of the agent's own tools.
    calls: HashMap<String, Instant>,
    /// What a confirmation asks for.
    confirms: Option<String>,
    over: bool,
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// `TASK_STATE_INPUT_REQUIRED` and `input-required` are one.
fn state(value: &Value) -> String {
    let word = value.get("state").and_then(Value::as_str).unwrap_or_default();
    word.trim_start_matches("TASK_STATE_").to_ascii_lowercase().replace('_', "-")
}

impl Decoder for Stream {
    fn event(&mut self, _name: &str, data: &str) -> Vec<Delta> {
        let answer: Value = match serde_json::from_str(data) {
            Ok(answer) => answer,
            Err(error) => return vec![Delta::Error(format!("an event is not JSON: {error}"))],
        };
        let mut deltas = Vec::new();
        if self.over {
            return deltas;
        }
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            if error.get("code").and_then(Value::as_i64) == Some(UNKNOWN_TASK) {
                // Whoever asks again begins anew.
                self.remote = Remote::default();
                deltas.push(Delta::Remote(Remote::default()));
            }
            let told = text(error, "message");
            deltas.push(Delta::Error(if told.is_empty() {
                "an error without words".to_owned()
            } else {
                told.to_owned()
            }));
            return deltas;
        }
        let result = answer.get("result").unwrap_or(&answer);
        let inner = ["task", "message", "statusUpdate", "artifactUpdate"]
            .iter()
            .find_map(|key| result.get(*key).filter(|inner| inner.is_object()));
        // A status update has a `message` inside its status, not beside it; a message has parts.
        self.item(inner.unwrap_or(result), &mut deltas);
        deltas
    }
}

impl Stream {
    fn item(&mut self, item: &Value, deltas: &mut Vec<Delta>) {
        let task = match text(item, "taskId") {
            // A task names itself.
            "" if item.get("status").is_some() => text(item, "id"),
            id => id,
        };
        self.at(text(item, "contextId"), task, deltas);
        if let Some(artifact) = item.get("artifact") {
            let appends = item.get("append").and_then(Value::as_bool).unwrap_or(false);
            self.artifact(artifact, appends, deltas);
        }
        for artifact in item.get("artifacts").and_then(Value::as_array).into_iter().flatten() {
            if !self.artifacts.contains_key(text(artifact, "artifactId")) {
                self.artifact(artifact, false, deltas);
            }
        }
        if let Some(status) = item.get("status") {
            self.status(status, deltas);
        } else if item.get("parts").is_some() {
            // An answer without a task is whole.
            self.message(item, deltas);
            self.end(Delta::Stop(Stop::End), deltas);
        }
    }

    /// Where the conversation stands. The ids are the agent's, and of a size one can keep.
    fn at(&mut self, context: &str, task: &str, deltas: &mut Vec<Delta>) {
        let fits = |id: &str| !id.is_empty() && id.len() <= 512;
        let mut remote = self.remote.clone();
        if fits(context) {
            context.clone_into(&mut remote.context);
        }
        if fits(task) {
            remote.task = Some(task.to_owned());
        }
        self.moved(remote, deltas);
    }

    fn moved(&mut self, remote: Remote, deltas: &mut Vec<Delta>) {
        if remote != self.remote {
            self.remote = remote.clone();
            deltas.push(Delta::Remote(remote));
        }
    }

    fn status(&mut self, status: &Value, deltas: &mut Vec<Delta>) {
        let state = state(status);
        let message = status.get("message").filter(|message| message.is_object());
        let failed = matches!(state.as_str(), "failed" | "rejected" | "canceled" | "auth-required");
        if let Some(message) = message.filter(|_| !failed) {
            self.message(message, deltas);
        }
        let said = || message.map(plain).map(|text| words(&text)).unwrap_or_default();
        match state.as_str() {
            "completed" => self.end(Delta::Stop(Stop::End), deltas),
            "input-required" => {
                let asks = self.confirms.take();
                let remote = Remote { waits: true, confirms: asks.is_some(), ..self.remote.clone() };
                self.moved(remote, deltas);
                self.over = true;
                deltas.push(Delta::Asks(asks.unwrap_or_default()));
            }
            "rejected" => {
                deltas.push(Delta::Refusal(said()));
                self.end(Delta::Stop(Stop::Refused), deltas);
            }
            "failed" => self.end(Delta::Error(told("its task failed", &said())), deltas),
            "canceled" => self.end(Delta::Error(told("its task was cancelled", &said())), deltas),
            "auth-required" => {
                self.end(Delta::Error(told("it wants a login brink cannot give", &said())), deltas);
            }
            // Submitted, working, and what later versions bring.
            _ => {}
        }
    }

    /// The task is over: what is asked next begins another.
    fn end(&mut self, last: Delta, deltas: &mut Vec<Delta>) {
        self.over = true;
        let remote = Remote { context: self.remote.context.clone(), ..Remote::default() };
        self.moved(remote, deltas);
        deltas.push(last);
    }

    fn message(&mut self, message: &Value, deltas: &mut Vec<Delta>) {
        // What the person said comes back in some streams.
        if matches!(text(message, "role"), "user" | "ROLE_USER") {
            return;
        }
        let partial = ["adk_partial", "kagent_adk_partial", "kagent_partial"]
            .iter()
            .any(|key| message.pointer(&format!("/metadata/{key}")) == Some(&Value::Bool(true)));
        for part in message.get("parts").and_then(Value::as_array).into_iter().flatten() {
            if let Some(text) = part.get("text").and_then(Value::as_str) {
                self.say(text, partial, deltas);
            } else if let Some(data) = part.get("data") {
                self.data(data, part.get("metadata").unwrap_or(&Value::Null), deltas);
            }
        }
    }

    fn say(&mut self, text: &str, partial: bool, deltas: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        if partial {
            self.partial.push_str(text);
            self.tell(text.to_owned(), deltas);
            return;
        }
        // The whole comes after its parts.
        let whole = std::mem::take(&mut self.partial);
        if !whole.is_empty() && text.trim() == whole.trim() {
            return;
        }
        let gap = if self.told.is_empty() || self.told.ends_with('\n') { "" } else { "\n\n" };
        self.tell(format!("{gap}{text}"), deltas);
    }

    fn tell(&mut self, text: String, deltas: &mut Vec<Delta>) {
        self.told.push_str(&text);
        deltas.push(Delta::Text(text));
    }

    /// An answer as a thing: its text, where it was not told as messages already.
    fn artifact(&mut self, artifact: &Value, appends: bool, deltas: &mut Vec<Delta>) {
        let id = text(artifact, "artifactId").to_owned();
        let said = plain(artifact);
        let known = appends.then(|| self.artifacts.get(&id).copied()).flatten();
        let quiet = known.unwrap_or_else(|| !said.trim().is_empty() && self.told.contains(said.trim()));
        if self.artifacts.len() < MOST {
            self.artifacts.insert(id, quiet);
        }
        if !quiet && !said.is_empty() {
            let gap = if known.is_some() || self.told.is_empty() || self.told.ends_with('\n') { "" } else { "\n\n" };
            self.tell(format!("{gap}{said}"), deltas);
        }
        for part in artifact.get("parts").and_then(Value::as_array).into_iter().flatten() {
            if let Some(data) = part.get("data") {
                let about = part.get("metadata").unwrap_or(&Value::Null);
                if !self.data(data, about, deltas) && !quiet {
                    let shown = serde_json::to_string_pretty(data).unwrap_or_default();
                    self.tell(format!("\n```json\n{shown}\n```\n"), deltas);
                }
            }
        }
    }

    /// A data part of kagent's: a call of the agent's own tools, its answer, a question to the person. False: something else.
    fn data(&mut self, data: &Value, about: &Value, deltas: &mut Vec<Delta>) -> bool {
        let kind = ["kagent_type", "adk_type"].iter().map(|key| text(about, key)).find(|kind| !kind.is_empty());
        let (id, name) = (text(data, "id").to_owned(), text(data, "name").to_owned());
        match kind {
            Some("function_call") if name == "adk_request_confirmation" => {
                let call = data.pointer("/args/originalFunctionCall").unwrap_or(&Value::Null);
                let hint = data.pointer("/args/toolConfirmation/hint").and_then(Value::as_str).unwrap_or_default();
                let given = call.get("args").map(Value::to_string).unwrap_or_default();
                self.confirms = Some(words(&format!(
                    "it wants to run {} {given}. {hint}\nIt would act by itself, without brink's preview, guardrails and undo. \
                     Say `{YES}` to let it; anything else is a no",
                    text(call, "name")
                )));
                true
            }
            Some("function_call") => {
                if self.calls.len() < MOST && !self.calls.contains_key(&id) {
                    self.calls.insert(id.clone(), Instant::now());
                    let arguments = data.get("args").map(Value::to_string).unwrap_or_default();
                    deltas.push(Delta::Did(Did::Began { id, name, arguments }));
                }
                true
            }
            Some("function_response") => {
                if let Some(began) = self.calls.remove(&id) {
                    let answer = data.get("response").cloned().unwrap_or_default();
                    let ok = answer.get("isError").and_then(Value::as_bool) != Some(true);
                    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    deltas.push(Delta::Did(Did::Ran { id, ok, ms, size: answer.to_string().len() }));
                }
                true
            }
            _ => false,
        }
    }
}

/// All text of a message or an artifact.
fn plain(value: &Value) -> String {
    let parts = value.get("parts").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("")
}

fn told(what: &str, words: &str) -> String {
    if words.is_empty() { what.to_owned() } else { format!("{what}: {words}") }
}
