//! Tool calls in plain text, for models that were not taught the provider's way of calling tools.
//!
//! The tools are told in the system prompt. A call is a JSON object in a fence; it is read here into the very deltas a native
//! call gives, so that everything behind does not know the difference. What looks like a call and cannot be read becomes a call
//! that cannot be read, which the toolbox answers in words: that is the repair. Text outside of fences stays text.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{
    mcp::Offered,
    message::{Call, Message},
    privacy::Privacy,
    schema,
    tools::{self, TOOLS},
    tuning::ToolMode,
    wire::{Delta, Stop},
};

/// How a call is written, for the system prompt.
pub fn told(mode: ToolMode, offered: &[Offered], privacy: &Privacy) -> String {
    let mut text = match mode {
        ToolMode::Native => return String::new(),
        ToolMode::JsonFence => "\nTo use a tool, write exactly this, with nothing after it, and wait for its answer:\n\
            ```tool\n{\"tool\": \"NAME\", \"arguments\": {}}\n```\nOne fence for one call.\n"
            .to_owned(),
        ToolMode::JsonSchema => {
            "\nAnswer with one JSON object: `text` is what you say; `tool` is the tool you want to use, \
            or empty; `arguments` are its arguments. After a tool's answer you are asked again.\n"
                .to_owned()
        }
    };
    text.push_str("Tools:\n");
    for row in tools::offered(privacy) {
        let _ = writeln!(text, "- {}: {} Arguments: {}", row.name, row.doc, schema::schema(row.args));
    }
    for tool in offered {
        let _ = writeln!(text, "- {}: {} Arguments: {}", tool.full, tool.doc, tool.schema);
    }
    text
}

/// The schema an answer must have where the server enforces one.
pub fn answer_schema(offered: &[Offered], privacy: &Privacy) -> Value {
    let others = offered.iter().map(|tool| tool.full.as_str());
    let names: Vec<&str> = tools::offered(privacy).map(|row| row.name).chain(others).chain([""]).collect();
    json!({
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "tool": {"type": "string", "enum": names},
            "arguments": {"type": "object"},
        },
        "required": ["text", "tool", "arguments"],
    })
}

/// What was said, without native calls: calls and their answers as text.
pub fn plain(messages: &[Message], mode: ToolMode) -> Vec<Message> {
    let mut plain: Vec<Message> = Vec::new();
    for message in messages {
        match message {
            Message::You(text) => add(&mut plain, text),
            Message::Model { text, calls } => {
                plain.push(Message::Model { text: written(text, calls, mode), calls: Vec::new() });
            }
            Message::Tools(answers) => {
                let all: Vec<String> = answers.iter().map(|answer| format!("tool answer:\n{}", answer.text)).collect();
                add(&mut plain, &all.join("\n"));
            }
        }
    }
    plain
}

/// Adds a person's words. Templates of small models want both sides to take turns.
fn add(plain: &mut Vec<Message>, text: &str) {
    match plain.last_mut() {
        Some(Message::You(said)) => {
            said.push_str("\n\n");
            said.push_str(text);
        }
        _ => plain.push(Message::You(text.to_owned())),
    }
}

/// An answer with its calls, as the model wrote it.
fn written(text: &str, calls: &[Call], mode: ToolMode) -> String {
    let object = |call: &Call| {
        let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        (call.name.clone(), arguments)
    };
    if mode == ToolMode::JsonSchema {
        let (tool, arguments) = calls.first().map_or((String::new(), json!({})), object);
        return json!({"text": text, "tool": tool, "arguments": arguments}).to_string();
    }
    let fences = calls.iter().map(|call| {
        let (tool, arguments) = object(call);
        format!("\n```tool\n{}\n```", json!({"tool": tool, "arguments": arguments}))
    });
    format!("{text}{}", fences.collect::<String>()).trim_start().to_owned()
}

/// Takes calls out of the text of one answer as it comes.
#[derive(Debug, Clone)]
pub struct Reader {
    mode: ToolMode,
    held: String,
    calls: usize,
}

impl Reader {
    /// For one answer.
    pub fn new(mode: ToolMode) -> Self {
        Self { mode, held: String::new(), calls: 0 }
    }

    /// One delta of the wire as what it means.
    pub fn hear(&mut self, delta: Delta) -> Vec<Delta> {
        match (self.mode, delta) {
            (ToolMode::Native, delta) => vec![delta],
            (ToolMode::JsonFence, Delta::Text(text)) => {
                self.held.push_str(&text);
                self.ready(false)
            }
            (ToolMode::JsonSchema, Delta::Text(text)) => {
                self.held.push_str(&text);
                Vec::new()
            }
            (_, Delta::Stop(stop)) => {
                // An answer that was not finished holds no call.
                let mut deltas = if matches!(stop, Stop::MaxTokens | Stop::Refused | Stop::ContextFull) {
                    self.rest()
                } else if self.mode == ToolMode::JsonSchema {
                    self.whole()
                } else {
                    self.ready(true)
                };
                deltas.push(Delta::Stop(stop));
                deltas
            }
            (_, delta) => vec![delta],
        }
    }

    /// What is held when the stream ends without a reason: text, and no call.
    pub fn rest(&mut self) -> Vec<Delta> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() { Vec::new() } else { vec![Delta::Text(held)] }
    }

    /// What can be told of the text so far. A fence is held until it is closed.
    fn ready(&mut self, all: bool) -> Vec<Delta> {
        let mut deltas = Vec::new();
        loop {
            let Some(at) = self.held.find("```") else {
                // The beginning of a fence may be cut.
                let ticks = self.held.len() - self.held.trim_end_matches('`').len();
                let end = if all { self.held.len() } else { self.held.len() - ticks };
                text(&mut deltas, self.held.drain(..end).collect());
                return deltas;
            };
            let body = self.held.get(at + 3..).unwrap_or_default();
            let (length, closed) = match body.find("```") {
                Some(end) => (end, true),
                None if all => (body.len(), false),
                None => {
                    text(&mut deltas, self.held.drain(..at).collect());
                    return deltas;
                }
            };
            let inner = body.get(..length).unwrap_or_default().to_owned();
            let end = at + 3 + length + if closed { 3 } else { 0 };
            let before: String = self.held.get(..at).unwrap_or_default().to_owned();
            let whole: String = self.held.drain(..end).collect();
            match fence(&inner) {
                Some((name, arguments)) => {
                    text(&mut deltas, before);
                    self.call(name, arguments, &mut deltas);
                }
                None => text(&mut deltas, whole),
            }
        }
    }

    /// The whole answer as one object.
    fn whole(&mut self) -> Vec<Delta> {
        let held = std::mem::take(&mut self.held);
        let Ok(Value::Object(map)) = serde_json::from_str::<Value>(&held) else {
            // The server did not keep to the schema: a fence may still stand in it.
            self.held = held;
            return self.ready(true);
        };
        let mut deltas = Vec::new();
        text(&mut deltas, map.get("text").and_then(Value::as_str).unwrap_or_default().to_owned());
        if let Some((name, arguments)) = named(&map) {
            self.call(name, arguments, &mut deltas);
        }
        deltas
    }

    fn call(&mut self, name: String, arguments: String, deltas: &mut Vec<Delta>) {
        let at = self.calls;
        self.calls += 1;
        deltas.push(Delta::Call { at, id: String::new(), name });
        deltas.push(Delta::Piece { at, json: arguments });
        deltas.push(Delta::CallEnd { at });
    }
}

fn text(deltas: &mut Vec<Delta>, text: String) {
    if !text.is_empty() {
        deltas.push(Delta::Text(text));
    }
}

/// The call in a fence. A fence in another language, or JSON that names no tool, is none.
fn fence(inner: &str) -> Option<(String, String)> {
    let (language, body) = inner.split_once('\n').unwrap_or(("", inner));
    let language = language.trim();
    let ours = matches!(language, "tool" | "tool_call" | "tool_code");
    if !ours && !matches!(language, "" | "json") {
        return None;
    }
    let body = body.trim();
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(map)) => named(&map).or_else(|| ours.then(|| (String::new(), body.to_owned()))),
        Ok(_) => ours.then(|| (String::new(), body.to_owned())),
        // A call that is broken goes back in words; so does one that only lacks the name of our fence.
        Err(_) => match meant(body) {
            Some(name) => Some((name, body.to_owned())),
            None => ours.then(|| (String::new(), body.to_owned())),
        },
    }
}

/// Name and arguments of an object that is a call, in the ways models write them.
fn named(map: &Map<String, Value>) -> Option<(String, String)> {
    let inner = map.get("function").and_then(Value::as_object).unwrap_or(map);
    let name = ["tool", "name", "tool_name"].iter().find_map(|key| inner.get(*key).and_then(Value::as_str))?;
    if name.is_empty() {
        return None;
    }
    let arguments = ["arguments", "args", "parameters", "input"].iter().find_map(|key| inner.get(*key));
    // JSON with a name of its own, such as an object of the cluster, is no call.
    if arguments.is_none() && !TOOLS.iter().any(|row| row.name == name) {
        return None;
    }
    let arguments = match arguments {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "{}".to_owned(),
    };
    Some((name.to_owned(), arguments))
}

/// The tool a broken call names.
fn meant(body: &str) -> Option<String> {
    let row = TOOLS.iter().find(|row| {
        let quoted = format!("\"{}\"", row.name);
        body.contains(&quoted)
    })?;
    (body.contains("\"tool\"") || body.contains("\"name\"")).then(|| row.name.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Reader, ToolMode, plain};
    use crate::agent::{
        message::{Call, Message, ToolAnswer},
        wire::{Delta, Stop},
    };

    /// Text and calls of an answer that comes in pieces of so many bytes.
    fn read(mode: ToolMode, answer: &str, piece: usize, stop: Stop) -> (String, Vec<(String, String)>) {
        let mut reader = Reader::new(mode);
        let (mut text, mut calls) = (String::new(), Vec::new());
        let chars: Vec<char> = answer.chars().collect();
        let pieces = chars.chunks(piece).map(|piece| Delta::Text(piece.iter().collect()));
        for delta in pieces.chain([Delta::Stop(stop)]).flat_map(|delta| reader.hear(delta)).collect::<Vec<_>>() {
            match delta {
                Delta::Text(more) => text.push_str(&more),
                Delta::Call { name, .. } => calls.push((name, String::new())),
                Delta::Piece { json, .. } => calls.last_mut().unwrap().1 = json,
                _ => {}
            }
        }
        (text, calls)
    }

    #[rstest]
    #[case("Let me look.\n```tool\n{\"tool\": \"list\", \"arguments\": {\"kind\": \"pods\"}}\n```", "Let me look.\n", &[("list", "{\"kind\":\"pods\"}")])]
    #[case("```json\n{\"name\": \"logs\", \"arguments\": \"{\\\"pod\\\":\\\"a\\\"}\"}\n```", "", &[("logs", "{\"pod\":\"a\"}")])]
    #[case("```json\n{\"function\": {\"name\": \"list\", \"parameters\": {}}}\n```\n```json\n{\"tool\": \"topology\"}\n```", "\n", &[("list", "{}"), ("topology", "{}")])]
    #[case("A Service:\n```yaml\nkind: Service\n```\ndone", "A Service:\n```yaml\nkind: Service\n```\ndone", &[])]
    #[case("```json\n{\"name\": \"web\", \"replicas\": 3}\n```", "```json\n{\"name\": \"web\", \"replicas\": 3}\n```", &[])]
    #[case("```json\n{\"tool\": \"list\", \"arguments\": {\"kind\": \n```", "", &[("list", "{\"tool\": \"list\", \"arguments\": {\"kind\":")])]
    #[case("```tool\nlist pods\n```", "", &[("", "list pods")])]
    #[case("```tool\n{\"tool\": \"list\", \"arguments\": {}}", "", &[("list", "{}")])]
    #[case("a `word` and ``two``", "a `word` and ``two``", &[])]
    fn calls_are_read_from_fences_and_text_stays_text(
        #[case] answer: &str,
        #[case] text: &str,
        #[case] calls: &[(&str, &str)],
    ) {
        for piece in [1, 2, 5, 1000] {
            let (said, found) = read(ToolMode::JsonFence, answer, piece, Stop::End);
            let found: Vec<_> = found.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect();
            assert_eq!((said.as_str(), found.as_slice()), (text, calls), "pieces of {piece}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_calls_nothing() {
        let answer = "```tool\n{\"tool\": \"list\", \"arguments\": {}}";
        let (text, calls) = read(ToolMode::JsonFence, answer, 3, Stop::MaxTokens);
        assert_eq!((text.as_str(), calls.len()), (answer, 0));
    }

    #[test]
    fn an_object_of_the_schema_is_text_and_call() {
        let answer = "{\"text\": \"Looking.\", \"tool\": \"list\", \"arguments\": {\"kind\": \"pods\"}}";
        let (text, calls) = read(ToolMode::JsonSchema, answer, 4, Stop::End);
        assert_eq!((text.as_str(), calls), ("Looking.", vec![("list".to_owned(), "{\"kind\":\"pods\"}".to_owned())]));
        let (text, calls) =
            read(ToolMode::JsonSchema, "{\"text\": \"Done.\", \"tool\": \"\", \"arguments\": {}}", 4, Stop::End);
        assert_eq!((text.as_str(), calls.len()), ("Done.", 0));
        let (text, calls) = read(ToolMode::JsonSchema, "plain words", 4, Stop::End);
        assert_eq!((text.as_str(), calls.len()), ("plain words", 0), "a server that enforces nothing");
    }

    #[test]
    fn what_was_said_reads_as_the_model_wrote_it() {
        let call = Call { id: "a".to_owned(), name: "list".to_owned(), arguments: "{\"kind\":\"pods\"}".to_owned() };
        let said = [
            Message::Model { text: "Looking.".to_owned(), calls: vec![call] },
            Message::Tools(vec![ToolAnswer { id: "a".to_owned(), text: "web-1".to_owned(), ok: true }]),
        ];
        let plain = plain(&said, ToolMode::JsonFence);
        let [Message::Model { text, calls }, Message::You(answer)] = plain.as_slice() else { panic!("two messages") };
        assert_eq!(text, "Looking.\n```tool\n{\"tool\":\"list\",\"arguments\":{\"kind\":\"pods\"}}\n```");
        assert!(calls.is_empty() && answer.contains("web-1"));
    }
}
