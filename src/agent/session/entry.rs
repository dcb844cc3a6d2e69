//! The lines of a session.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::offer::Offer;
use crate::{
    agent::{
        end::End,
        message::Call,
        model::Model,
        wire::{Delta, Stop, Usage},
    },
    base::redact,
};

/// The form of these lines. A session of another form is not read: it would be run again wrongly.
pub const FORM: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum Entry {
    /// The first line.
    Begin(Begin),
    /// A person asked.
    Ask {
        /// When.
        at: Timestamp,
        /// The words, without secrets.
        text: String,
    },
    /// One answer of the model.
    Answer(Answer),
    /// What a tool answered.
    Tool(Ran),
    /// A person decided about a proposal.
    Decided {
        /// The proposal's title.
        title: String,
        /// What was decided.
        decision: Decision,
    },
    /// An ask is over.
    End {
        /// How.
        end: End,
        /// Tokens that stood beside the messages, for an ask that ended because of them.
        #[serde(default)]
        around: u64,
    },
    /// The last exchange was taken back.
    Undone,
}

/// Who was asked, and by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// [`FORM`].
    pub form: u32,
    /// When.
    pub at: Timestamp,
    /// The version of brink.
    pub brink: String,
    /// `openai:qwen2.5`.
    pub model: String,
    /// The model's base address.
    pub base_url: String,
    /// Sampling temperature, where one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Seed, where one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Most tokens of an answer.
    pub max_tokens: u64,
    /// Tokens the model's context holds.
    pub context_tokens: u64,
    /// The kubeconfig context.
    pub context: String,
    /// The namespace looked at; `None` for all.
    pub namespace: Option<String>,
    /// The cluster's uid.
    pub cluster: String,
}

/// One answer of the model as it came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Tokens that stood beside the messages of the request: what was left out of them follows from it.
    pub around: u64,
    /// In the order they came.
    pub pieces: Vec<Piece>,
    /// Why there is no whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broke: Option<Broke>,
    /// A person stopped it here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
}

/// A piece of an answer. Words are most of it, so they stand as plain text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// More text.
    Text(String),
    /// Another try after a wait.
    Waiting {
        /// Why.
        why: String,
        /// How long, in milliseconds.
        wait_ms: u64,
    },
    /// Anything else.
    Delta(Delta),
}

/// Why a provider gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broke {
    /// What failed, on what, why.
    pub what: String,
    /// What to do.
    pub fix: String,
    /// It could not be reached, rather than answered nonsense.
    pub unreachable: bool,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Of which call.
    pub id: String,
    /// The tool, as the model called it.
    pub name: String,
    /// Microseconds it took.
    pub took_us: u64,
    /// The answer as the model got it: fenced, without secrets.
    pub text: String,
    /// Why not; empty when it worked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// A proposal that was refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// No call anybody can read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// What a person was offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
}

/// What a person did with a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Looked at its preview.
    Opened,
    /// Applied it.
    Applied,
    /// Changed it before.
    Edited,
    /// Let it go.
    Rejected,
}

impl Begin {
    /// Of a conversation with this model that begins now.
    pub fn of(model: &Model, at: Timestamp, context: &str, namespace: Option<String>, cluster: String) -> Self {
        Self {
            form: FORM,
            at,
            brink: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.label(),
            base_url: model.base_url.clone(),
            temperature: model.tuning.temperature.as_ref().and_then(Number::as_f64),
            seed: model.tuning.seed,
            max_tokens: model.max_tokens,
            context_tokens: model.context_tokens,
            context: context.to_owned(),
            namespace,
            cluster,
        }
    }
}

impl Decision {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Applied => "applied",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
        }
    }
}

impl Ran {
    /// How long it took.
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.took_us)
    }

    /// Whether it answers this call.
    pub fn answers(&self, call: &Call) -> bool {
        self.id == call.id && self.name == redact::text(&call.name)
    }
}

impl Answer {
    /// Takes the secrets out. Pieces cut secrets in two, so each text is looked at as a whole; only one that holds a secret
    /// loses the bounds of its pieces.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let whole: String = self.pieces.iter().filter_map(Piece::text).collect();
        if let std::borrow::Cow::Owned(clean) = redact::text(&whole)
            && clean != whole
        {
            let mut first = Some(clean);
            self.pieces.retain_mut(|piece| match piece {
                Piece::Text(text) => match first.take() {
                    Some(clean) => {
                        *text = clean;
                        true
                    }
                    None => false,
                },
                _ => true,
            });
        }
        let mut calls: Vec<usize> = self.pieces.iter().filter_map(Piece::call).collect();
        calls.sort_unstable();
        calls.dedup();
        for at in calls {
            let whole: String =
                self.pieces.iter().filter(|piece| piece.call() == Some(at)).filter_map(Piece::json).collect();
            let clean = redact::text(&whole).into_owned();
            if clean == whole {
                continue;
            }
            let mut first = Some(clean);
            self.pieces.retain_mut(|piece| match piece {
                Piece::Delta(Delta::Piece { at: of, json }) if *of == at => match first.take() {
                    Some(clean) => {
                        *json = clean;
                        true
                    }
                    None => false,
                },
                _ => true,
            });
        }
        for piece in &mut self.pieces {
            match piece {
                Piece::Delta(Delta::Refusal(words) | Delta::Error(words)) | Piece::Waiting { why: words, .. } => {
                    *words = redact::text(words).into_owned();
                }
                _ => {}
            }
        }
        if let Some(broke) = &mut self.broke {
            broke.what = redact::text(&broke.what).into_owned();
        }
        self
    }
}

impl Piece {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Waiting { .. } | Self::Delta(_) => None,
        }
    }

    fn call(&self) -> Option<usize> {
        match self {
            Self::Delta(Delta::Piece { at, .. }) => Some(*at),
            Self::Delta(_) | Self::Text(_) | Self::Waiting { .. } => None,
        }
    }

    fn json(&self) -> Option<&str> {
        match self {
            Self::Delta(Delta::Piece { json, .. }) => Some(json),
            Self::Delta(_) | Self::Text(_) | Self::Waiting { .. } => None,
        }
    }
}

/// What a model spends, for tests and figures that make sessions.
impl Answer {
    /// Words that end the ask.
    pub fn said(words: &str) -> Self {
        let pieces = words.split_inclusive(' ').map(|word| Piece::Text(word.to_owned()));
        let usage = Usage { input: None, output: None };
        let ends = [Piece::Delta(Delta::Usage(usage)), Piece::Delta(Delta::Stop(Stop::End))];
        Self { pieces: pieces.chain(ends).collect(), ..Self::default() }
    }

    /// One tool call.
    pub fn called(id: &str, name: &str, arguments: &str) -> Self {
        let begin = Delta::Call { at: 0, id: id.to_owned(), name: name.to_owned() };
        let piece = Delta::Piece { at: 0, json: arguments.to_owned() };
        let pieces = [begin, piece, Delta::CallEnd { at: 0 }, Delta::Stop(Stop::Tools)].map(Piece::Delta);
        Self { pieces: pieces.to_vec(), ..Self::default() }
    }
}
