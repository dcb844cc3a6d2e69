//! The wires as a test records them: one answer in the words of each, and how it is asked.

use std::time::Duration;

use brink::agent::{
    Conversation, Model, Tuning,
    conversation::Next,
    io::provider::{Heard, Patience, Provider, ProviderError},
    model::KeySource,
    tuning::ToolMode,
    wire::{Delta, Did, Wire},
};
use serde_json::{Value, json};

use super::tasks::{Version, card, task};
use crate::suite::support::wire_stage::{Play, Stage};

/// A wire, and the way it is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    OpenAi,
    Anthropic,
    /// Calls in plain text, on the OpenAI wire.
    Fence,
    A2aOld,
    A2aNew,
    Analyze,
}

/// Calls of an answer: id, name, arguments in pieces.
pub type Calls<'a> = [(&'a str, &'a str, &'a [&'a str])];

impl Line {
    pub const ALL: [Self; 6] = [Self::OpenAi, Self::Anthropic, Self::Fence, Self::A2aOld, Self::A2aNew, Self::Analyze];

    pub fn wire(self) -> Wire {
        match self {
            Self::OpenAi | Self::Fence => Wire::OpenAi,
            Self::Anthropic => Wire::Anthropic,
            Self::A2aOld | Self::A2aNew => Wire::A2a,
            Self::Analyze => Wire::Analyze,
        }
    }

    pub fn version(self) -> Option<Version> {
        match self {
            Self::A2aOld => Some(Version::Old),
            Self::A2aNew => Some(Version::New),
            Self::OpenAi | Self::Anthropic | Self::Fence | Self::Analyze => None,
        }
    }

    pub fn model(self, url: &str) -> Model {
        let tools = if self == Self::Fence { ToolMode::JsonFence } else { ToolMode::Native };
        Model { tuning: Tuning { tools, ..Tuning::default() }, ..model(self.wire(), url) }
    }

    /// What a server plays for one ask: an agent shows its card first.
    pub fn plays(self, plays: impl IntoIterator<Item = Play>) -> Vec<Play> {
        self.version().map(|version| card(version, true)).into_iter().chain(plays).collect()
    }

    /// An answer on its way, in writes of so many bytes; `cut`: the connection breaks after the last.
    pub fn comes(self, bytes: &str, piece: usize, cut: bool) -> Play {
        let bytes = bytes.as_bytes().to_vec();
        if self == Self::Analyze { Play::Document { bytes, piece, cut } } else { Play::Stream { bytes, piece, cut } }
    }

    /// One that comes at once.
    pub fn whole(self, bytes: impl AsRef<str>) -> Play {
        self.comes(bytes.as_ref(), usize::MAX, false)
    }

    /// Requests of an ask before the one that asks.
    pub fn before(self) -> usize {
        usize::from(self.version().is_some())
    }

    /// One answer: text in pieces, calls, why it stopped in OpenAI's words; empty for one that does not end.
    pub fn answer(self, text: &[&str], calls: &Calls<'_>, stop: &str) -> String {
        match self {
            Self::Anthropic => anthropic(text, calls, stop),
            Self::OpenAi => openai(text, calls, stop),
            Self::Fence => {
                let fence = |(_, name, pieces): &(&str, &str, &[&str])| {
                    format!("\n```tool\n{{\"tool\": \"{name}\", \"arguments\": {}}}\n```\n", pieces.concat())
                };
                let whole: String = calls.iter().map(fence).collect();
                // In pieces that cut the fences.
                let chars: Vec<char> = whole.chars().collect();
                let fences: Vec<String> = chars.chunks(5).map(|piece| piece.iter().collect()).collect();
                let said: Vec<&str> = text.iter().copied().chain(fences.iter().map(String::as_str)).collect();
                openai(&said, &[], if stop == "tool_calls" { "stop" } else { stop })
            }
            Self::A2aOld => task(Version::Old, text, stop),
            Self::A2aNew => task(Version::New, text, stop),
            Self::Analyze => {
                let whole = json!({"analysis": text.concat(), "rootCause": null}).to_string();
                if stop.is_empty() { whole[..whole.len() - 20].to_owned() } else { whole }
            }
        }
    }
}

fn sse(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
        .collect()
}

/// Chunks of OpenAI's with the end of the stream.
pub fn chunks(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

fn anthropic(text: &[&str], calls: &Calls<'_>, stop: &str) -> String {
    let usage = json!({"input_tokens": 300, "cache_read_input_tokens": 77, "output_tokens": 1});
    let mut events = vec![json!({"type": "message_start", "message": {"id": "m", "usage": usage}})];
    if !text.is_empty() {
        events.push(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}));
        let piece = |text: &&str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
        events.extend(text.iter().map(piece));
        events.push(json!({"type": "content_block_stop", "index": 0}));
    }
    for (at, (id, name, pieces)) in calls.iter().enumerate() {
        let index = at + 1;
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        let piece = |piece: &&str| json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}});
        events.extend(pieces.iter().map(piece));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    if !stop.is_empty() {
        let stop = match stop {
            "stop" => "end_turn",
            "tool_calls" => "tool_use",
            "length" => "max_tokens",
            "content_filter" => "refusal",
            other => other,
        };
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 65}}));
        events.push(json!({"type": "message_stop"}));
    }
    sse(&events)
}

fn openai(text: &[&str], calls: &Calls<'_>, stop: &str) -> String {
    let chunk = |delta: Value, finish: Option<&str>| json!({"object": "chat.completion.chunk", "obfuscation": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let mut all = vec![chunk(json!({"role": "assistant", "content": null}), None)];
    all.extend(text.iter().map(|text| chunk(json!({"content": text}), None)));
    for (at, (id, name, _)) in calls.iter().enumerate() {
        let call = json!({"index": at, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
        all.push(chunk(json!({"tool_calls": [call]}), None));
    }
    // Pieces of parallel calls interleave.
    for piece in 0..calls.iter().map(|(_, _, pieces)| pieces.len()).max().unwrap_or(0) {
        for (at, (_, _, pieces)) in calls.iter().enumerate() {
            if let Some(piece) = pieces.get(piece) {
                all.push(chunk(json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]}), None));
            }
        }
    }
    if stop.is_empty() {
        return all.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    }
    all.push(chunk(json!({}), Some(stop)));
    all.push(json!({"choices": [], "usage": {"prompt_tokens": 377, "completion_tokens": 65}}));
    chunks(&all)
}

/// A stream that comes at once.
pub fn whole(text: impl Into<Vec<u8>>) -> Play {
    Play::Stream { bytes: text.into(), piece: usize::MAX, cut: false }
}

pub fn model(wire: Wire, url: &str) -> Model {
    Model {
        wire,
        base_url: url.to_owned(),
        name: "canary/demo".to_owned(),
        key: KeySource::Command("printf sk-test-1234567890".to_owned()),
        max_tokens: 1024,
        context_tokens: 100_000,
        tuning: Tuning::default(),
    }
}

pub fn impatient() -> Patience {
    Patience { pause: Duration::from_millis(1), ..Patience::default() }
}

/// What an ask came to.
#[derive(Debug)]
pub struct Answer {
    pub text: String,
    pub next: Next,
    pub waits: Vec<Duration>,
    pub did: Vec<Did>,
    pub talk: Conversation,
}

/// Says something in a conversation, where it stands.
pub async fn say(line: Line, stage: &Stage, talk: Conversation, words: &str) -> Result<Answer, ProviderError> {
    let provider = Provider::new(line.model(&stage.url), impatient()).unwrap().within(talk.remote().cloned());
    said(&provider, talk, words).await
}

/// The same through a provider.
pub async fn said(provider: &Provider, mut talk: Conversation, words: &str) -> Result<Answer, ProviderError> {
    talk.ask(words);
    let messages = talk.request(0).unwrap();
    let (mut text, mut waits, mut did) = (String::new(), Vec::new(), Vec::new());
    let mut hear = |heard: Heard| match heard {
        Heard::Delta(delta) => {
            match &delta {
                Delta::Text(more) => text.push_str(more),
                Delta::Did(one) => did.push(one.clone()),
                _ => {}
            }
            talk.hear(&delta)
        }
        Heard::Waiting { wait, .. } => {
            waits.push(wait);
            true
        }
    };
    provider.ask("be brief", &messages, &mut hear).await?;
    let next = talk.answered();
    Ok(Answer { text, next, waits, did, talk })
}

/// Asks on a line.
pub async fn ask_with(line: Line, stage: &Stage, patience: Patience) -> Result<Answer, ProviderError> {
    let provider = Provider::new(line.model(&stage.url), patience).unwrap();
    said(&provider, Conversation::new(100_000), "why?").await
}

pub async fn ask(line: Line, stage: &Stage) -> Result<Answer, ProviderError> {
    ask_with(line, stage, impatient()).await
}
