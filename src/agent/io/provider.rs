//! The one door to a provider: sends a request, tries again where that helps, and reads the stream.
//!
//! What is retried, and how long is waited, follows what the providers' own clients do: 408, 409, 429 and 5xx, twice, after what
//! the server asks for or an exponential pause. Once a piece of the answer has come nothing is tried again: it would be said
//! twice. Whoever drops the future drops the connection with it.

use std::{fmt, time::Duration};

use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::StreamExt as _;
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, Url, header::HeaderMap, redirect};
use serde_json::Value;
use thiserror::Error;

use super::{
    anthropic,
    key::{self, Key},
    openai,
};
use crate::{
    agent::{
        mcp::Offered,
        message::Message,
        model::Model,
        wire::{Delta, Wire},
    },
    base::{innermost, redact, sanitize},
    cluster::io::{clock::http_date, http_client},
    mesh::io::endpoint::without_password,
};

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who.
    pub model: &'a Model,
    /// The system prompt.
    pub system: &'a str,
    /// What was said.
    pub messages: &'a [Message],
    /// Tools of other servers, beside brink's own.
    pub offered: &'a [Offered],
}

/// Reads the events of one stream into deltas. Pure: bytes, frames and text are put together before it.
pub trait Decoder: Send {
    /// One event: its name and its data.
    fn event(&mut self, name: &str, data: &str) -> Vec<Delta>;
}

/// How patient the door is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the connection.
    pub connect: Duration,
    /// For the first byte, and between any two: a stream that stalls is dead.
    pub stall: Duration,
    /// For one whole answer.
    pub whole: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// The first pause; it doubles.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(90),
            whole: Duration::from_mins(10),
            retries: 2,
            pause: Duration::from_millis(500),
        }
    }
}

/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The longest pause a server may ask for; a longer one is told instead of waited for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Most bytes of a failure's body that are read.
const MOST_WORDS: usize = 64 << 10;
/// Most bytes of one stream.
const MOST_BYTES: usize = 16 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// No key.
    #[error("{what}")]
    Key {
        /// What is missing.
        what: String,
        /// What to do.
        fix: String,
    },
    /// The address is none, or no client could be made.
    #[error("cannot ask {server}: {why}")]
    Address {
        /// The base address.
        server: String,
        /// Why.
        why: String,
    },
    /// No connection.
    #[error("cannot reach {server}: {why}")]
    Unreachable {
        /// The base address.
        server: String,
        /// What the link said.
        why: String,
    },
    /// Nothing came for too long.
    #[error("{server} said nothing for {} s", .after.as_secs())]
    Stalled {
        /// The base address.
        server: String,
        /// How long.
        after: Duration,
    },
    /// It answered with a failure.
    #[error("{server} answered {status}: {words}")]
    Status {
        /// The base address.
        server: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        words: String,
        /// How long it wants us to wait.
        wait: Option<Duration>,
    },
}

impl ProviderError {
    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Key { fix, .. } => fix.clone(),
            Self::Address { .. } => "correct agent.base-url: http:// or https://, without /chat/completions".to_owned(),
            Self::Unreachable { .. } => {
                "check agent.base-url and the network; is the gateway or local server running?".to_owned()
            }
            Self::Stalled { .. } => "ask again, or choose a faster model".to_owned(),
            Self::Status { status: 401 | 403, .. } => {
                "check the key: agent.key-env or agent.key-command, and what it may use".to_owned()
            }
            Self::Status { status: 402, .. } => "see the billing page of the provider".to_owned(),
            Self::Status { status: 404, .. } => "check agent.model and agent.base-url".to_owned(),
            Self::Status { status: 400 | 413 | 422, .. } => {
                "begin a new conversation, or choose a model that takes tools".to_owned()
            }
            Self::Status { status: 429, wait: Some(wait), .. } => {
                format!("it lets you in again in {} s", wait.as_secs().max(1))
            }
            Self::Status { status: 429, .. } => "wait a while, or raise the rate limit of the gateway".to_owned(),
            Self::Status { .. } => "ask again later; the provider has trouble".to_owned(),
        }
    }

    /// It could not be reached or does not let us in, rather than being asked wrongly.
    pub fn unreachable(&self) -> bool {
        match self {
            Self::Address { .. } => false,
            Self::Key { .. } | Self::Unreachable { .. } | Self::Stalled { .. } => true,
            Self::Status { status, .. } => matches!(status, 401 | 403 | 408 | 429 | 500..),
        }
    }
}

/// A provider.
#[derive(Clone)]
pub struct Provider {
    http: Client,
    model: Model,
    url: Url,
    patience: Patience,
    offered: Vec<Offered>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("model", &self.model).field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// What is heard of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A piece of the answer.
    Delta(Delta),
    /// Another try comes after a wait.
    Waiting {
        /// Why.
        why: String,
        /// How long.
        wait: Duration,
    },
}

/// Who hears; false ends the stream early.
pub type Hear<'a> = dyn FnMut(Heard) -> bool + Send + 'a;

impl Provider {
    /// Makes a client; nothing is asked yet.
    pub fn new(model: Model, patience: Patience) -> Result<Self, ProviderError> {
        let bad = |why: String| ProviderError::Address { server: without_password(&model.base_url), why };
        let base = model.base_url.trim().trim_end_matches('/');
        let path = match model.wire {
            Wire::OpenAi => "/chat/completions",
            // The base is given with and without the version.
            Wire::Anthropic if base.ends_with("/v1") => "/messages",
            Wire::Anthropic => "/v1/messages",
        };
        let whole = if base.ends_with(path) { base.to_owned() } else { format!("{base}{path}") };
        let url = Url::parse(&whole).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(bad("only http:// and https:// addresses are spoken to".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it holds a password; keys come from agent.key-env or agent.key-command".to_owned()));
        }
        let http = http_client::client(url.scheme() == "https")
            .connect_timeout(patience.connect)
            .read_timeout(patience.stall)
            .timeout(patience.whole)
            .tcp_nodelay(true)
            // A key must not follow a redirect to somebody else.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| bad(innermost(&error)))?;
        Ok(Self { http, model, url, patience, offered: Vec::new() })
    }

    /// The same, with tools of other servers beside brink's own.
    #[must_use]
    pub fn offering(self, offered: Vec<Offered>) -> Self {
        Self { offered, ..self }
    }

    /// Tools of other servers.
    pub fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// Asks for the list of models: whether the address answers, whether it lets us in, and whether it names this model. `None`:
    /// it answers, and keeps no such list.
    pub async fn look(&self) -> Result<Option<bool>, ProviderError> {
        let key = key::read(&self.model).await?;
        let mut url = self.url.clone();
        let chat = match self.model.wire {
            Wire::OpenAi => "/chat/completions",
            Wire::Anthropic => "/messages",
        };
        let path = url.path().strip_suffix(chat).unwrap_or_default().to_owned();
        url.set_path(&format!("{path}/models"));
        let request = self.sign(self.http.get(url), key.as_ref())?;
        let answer = request.send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status().as_u16();
        if !answer.status().is_success() {
            let wait = wait_asked(answer.headers());
            let words = self.words(answer, key.as_ref()).await;
            // Small gateways speak of nothing but answers.
            return match status {
                404 | 405 | 501 => Ok(None),
                _ => Err(ProviderError::Status { server: self.server(), status, words, wait }),
            };
        }
        let list = self.list(answer).await.unwrap_or(Value::Null);
        let names = list.get("data").and_then(Value::as_array);
        Ok(names.map(|names| names.iter().any(|one| one.get("id").and_then(Value::as_str) == Some(&self.model.name))))
    }

    /// JSON of a size one reads at once.
    async fn list(&self, mut answer: Response) -> Option<Value> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return None;
            }
        }
        serde_json::from_slice(&body).ok()
    }

    /// Who is asked.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Asks, and lets the answer be heard piece by piece.
    pub async fn ask(&self, system: &str, messages: &[Message], hear: &mut Hear<'_>) -> Result<(), ProviderError> {
        let asked = Asked { model: &self.model, system, messages, offered: &self.offered };
        let body = match self.model.wire {
            Wire::OpenAi => openai::body(&asked),
            Wire::Anthropic => anthropic::body(&asked),
        };
        let mut tries = 0;
        loop {
            let key = key::read(&self.model).await?;
            match self.send(&body, key.as_ref()).await {
                Ok(answer) => return self.read(answer, key.as_ref(), hear).await,
                Err((error, Some(pause))) if tries < self.patience.retries => {
                    let pause = pause.unwrap_or_else(|| (self.patience.pause * 2u32.pow(tries)).min(LONGEST_PAUSE));
                    hear(Heard::Waiting { why: error.to_string(), wait: pause });
                    tokio::time::sleep(pause).await;
                    tries += 1;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// One try. The error says whether and when another may help: `Some(None)` after a pause of our own.
    async fn send(
        &self,
        body: &Value,
        key: Option<&Key>,
    ) -> Result<Response, (ProviderError, Option<Option<Duration>>)> {
        let request = self.http.post(self.url.clone()).json(body);
        let request = self.sign(request, key).map_err(|error| (error, None))?;
        // What took too long once takes too long again.
        let lost = |error: reqwest::Error| {
            let error = self.lost(&error);
            let again = matches!(error, ProviderError::Unreachable { .. }).then_some(None);
            (error, again)
        };
        let answer = request.send().await.map_err(lost)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let (asked, told) = (wait_asked(answer.headers()), answer.headers().get("x-should-retry").cloned());
        let words = self.words(answer, key).await;
        let server = self.server();
        let error = ProviderError::Status { server, status: status.as_u16(), words, wait: asked };
        let worth = match told.as_ref().and_then(|told| told.to_str().ok()) {
            Some("true") => true,
            Some("false") => false,
            _ => matches!(status.as_u16(), 408 | 409 | 429 | 500..),
        };
        // Whoever must wait longer than that would rather know.
        let too_long = asked.is_some_and(|asked| asked > LONGEST_WAIT);
        Err((error, (worth && !too_long).then_some(asked)))
    }

    fn sign(&self, request: RequestBuilder, key: Option<&Key>) -> Result<RequestBuilder, ProviderError> {
        let request = match self.model.wire {
            Wire::OpenAi => request,
            Wire::Anthropic => request.header("anthropic-version", "2023-06-01"),
        };
        let Some(key) = key else { return Ok(request) };
        let (name, value) = match self.model.wire {
            Wire::OpenAi => ("authorization", key.header("Bearer ")),
            Wire::Anthropic => ("x-api-key", key.header("")),
        };
        let value = value.ok_or_else(|| ProviderError::Key {
            what: "the key holds characters no header may hold".to_owned(),
            fix: "check what agent.key-env or agent.key-command gives".to_owned(),
        })?;
        Ok(request.header(name, value))
    }

    async fn read(&self, answer: Response, key: Option<&Key>, hear: &mut Hear<'_>) -> Result<(), ProviderError> {
        let mut decoder: Box<dyn Decoder> = match self.model.wire {
            Wire::OpenAi => Box::<openai::Stream>::default(),
            Wire::Anthropic => Box::<anthropic::Stream>::default(),
        };
        let mut bytes = 0;
        let counted = answer.bytes_stream().take_while(move |chunk| {
            bytes += chunk.as_ref().map_or(0, bytes::Bytes::len);
            std::future::ready(bytes <= MOST_BYTES)
        });
        let mut events = counted.eventsource();
        while let Some(event) = events.next().await {
            let deltas = match event {
                Ok(event) => decoder.event(&event.event, &event.data),
                // What came so far is kept; an answer without an end says itself that it was cut.
                Err(EventStreamError::Transport(error)) if error.is_timeout() => return Err(self.lost(&error)),
                Err(EventStreamError::Transport(_)) => return Ok(()),
                Err(error) => vec![Delta::Error(format!("the stream is not one of events: {error}"))],
            };
            for delta in deltas {
                let broken = matches!(delta, Delta::Error(_));
                let delta = match delta {
                    Delta::Error(words) => Delta::Error(safe(&words, key)),
                    Delta::Refusal(words) => Delta::Refusal(sanitize::line(&words).into_owned()),
                    other => other,
                };
                if !hear(Heard::Delta(delta)) || broken {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The words of a failure: JSON of the provider, plain text of a gateway, a page of a proxy.
    async fn words(&self, mut answer: Response, key: Option<&Key>) -> String {
        let status = answer.status();
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_WORDS {
                break;
            }
        }
        let text = String::from_utf8_lossy(&body);
        let told = serde_json::from_str::<Value>(&text).ok().and_then(|value| {
            let error = value.get("error").unwrap_or(&value);
            error.get("message").and_then(Value::as_str).or(error.as_str()).map(str::to_owned)
        });
        let plain = !text.trim().is_empty() && !text.trim_start().starts_with(['<', '{', '[']);
        let told = told.or_else(|| plain.then(|| text.trim().to_owned()));
        let told = told.unwrap_or_else(|| status.canonical_reason().unwrap_or("a failure").to_owned());
        safe(&told, key)
    }

    fn server(&self) -> String {
        without_password(self.model.base_url.trim_end_matches('/'))
    }

    fn lost(&self, error: &reqwest::Error) -> ProviderError {
        let server = self.server();
        if error.is_timeout() && !error.is_connect() {
            ProviderError::Stalled { server, after: self.patience.stall }
        } else {
            ProviderError::Unreachable { server, why: sanitize::line(&innermost(error)).into_owned() }
        }
    }
}

/// Words of the provider, safe for a screen and without the key.
fn safe(words: &str, key: Option<&Key>) -> String {
    let words = key.map_or_else(|| words.to_owned(), |key| key.mask(words));
    let words = sanitize::line(&words).into_owned();
    redact::text(&words).chars().take(400).collect()
}

/// How long the server wants us to wait.
fn wait_asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(|text| text.trim().to_owned());
    let seconds = |text: &str| text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let given = text("retry-after-ms")
        .and_then(|text| text.parse::<u64>().ok())
        .map(Duration::from_millis)
        .or_else(|| {
            let text = text("retry-after")?;
            seconds(&text).or_else(|| Duration::try_from(http_date(&text)?.duration_since(Timestamp::now())).ok())
        })
        // Gateways tell only when their window opens again.
        .or_else(|| seconds(&text("x-ratelimit-reset")?));
    given.filter(|wait| !wait.is_zero())
}
