//! Who answers an ask: the model's voice and the hands that run its tools. Both can be a record of what was answered before
//! ([`super::rerun`]), so that a session that is run again goes through the same conversation as one that is held.

use std::time::{Duration, Instant};

use super::{
    meter::Meter,
    provider::{Hear, Heard, Provider, ProviderError},
    toolbox::{Found, Toolbox},
};
use crate::{
    agent::{
        budget,
        message::{Call, Message},
        schema,
        session::{Broke, Offer, Piece},
        tools,
        wire::Delta,
    },
    fault::intent::Fault,
};

/// The model.
pub trait Voice: Sync {
    /// Whether it looks at what it is sent. A record does not, and copying a long conversation takes time.
    const READS: bool = true;

    /// Tokens that stand beside the messages of a request with this system prompt: tools, the answer to come.
    fn around(&self, system: &str) -> u64;

    /// An agent with tools of its own, rather than a model, by its name.
    fn agent(&self) -> Option<String>;

    /// What may be spent now, where somebody counts.
    fn meter(&self) -> Option<&Meter> {
        None
    }

    /// Asks, and lets the answer be heard piece by piece.
    fn ask(
        &self,
        system: &str,
        messages: &[Message],
        hear: &mut Hear<'_>,
    ) -> impl Future<Output = Result<(), Broke>> + Send;
}

/// The tools.
pub trait Hands: Sync {
    /// Runs one call. `refused` proposals of this ask were refused before, and `seen` were put before the person.
    fn run(&self, call: &Call, refused: u32, seen: &[Fault]) -> impl Future<Output = Done> + Send;
}

/// What came of a call, and how long it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What was found.
    pub found: Found,
    /// How long it took.
    pub took: Duration,
    /// Proposals of an earlier run, as far as they were kept.
    pub offers: Vec<Offer>,
}

impl From<ProviderError> for Broke {
    fn from(error: ProviderError) -> Self {
        Self { what: error.to_string(), fix: error.fix(), unreachable: error.unreachable() }
    }
}

impl Voice for Provider {
    fn around(&self, system: &str) -> u64 {
        let tools: usize = tools::offered(&self.model().tuning.privacy)
            .map(|row| row.name.len() + row.doc.len() + schema::schema(row.args).to_string().len())
            .sum();
        let beside: usize =
            self.offered().iter().map(|tool| tool.full.len() + tool.doc.len() + tool.schema.to_string().len()).sum();
        budget::estimate(system.len() + tools) + budget::estimate(beside) + self.model().max_tokens
    }

    fn agent(&self) -> Option<String> {
        (!self.model().wire.is_model()).then(|| self.model().label())
    }

    fn meter(&self) -> Option<&Meter> {
        Some(Self::meter(self))
    }

    async fn ask(&self, system: &str, messages: &[Message], hear: &mut Hear<'_>) -> Result<(), Broke> {
        Self::ask(self, system, messages, hear).await.map_err(Broke::from)
    }
}

impl Hands for Toolbox {
    async fn run(&self, call: &Call, refused: u32, seen: &[Fault]) -> Done {
        let began = Instant::now();
        let found = self.run_after(call, refused, seen).await;
        Done { found, took: began.elapsed(), offers: Vec::new() }
    }
}

impl From<Heard> for Piece {
    fn from(heard: Heard) -> Self {
        match heard {
            Heard::Delta(Delta::Text(text)) => Self::Text(text),
            Heard::Delta(delta) => Self::Delta(delta),
            Heard::Waiting { why, wait } => {
                Self::Waiting { why, wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }
            }
        }
    }
}

impl From<Piece> for Heard {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Text(text) => Self::Delta(Delta::Text(text)),
            Piece::Delta(delta) => Self::Delta(delta),
            Piece::Waiting { why, wait_ms } => Self::Waiting { why, wait: Duration::from_millis(wait_ms) },
        }
    }
}
