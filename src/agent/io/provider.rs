//! The one door to a provider: sends a request, tries again where that helps, and reads the stream.
//!
//! What is retried, and how long is waited, follows what the providers' own clients do: 408, 409, 429 and 5xx, twice, after what
//! the server asks for or an exponential pause. Once a piece of the answer has come nothing is tried again: it would be said
//! twice. Whoever drops the future drops the connection with it.

use std::{fmt, time::Duration};

use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::StreamExt as _;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use reqwest::{Response, Url, header::HeaderMap, redirect};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

use super::{
    a2a::{self, Dial},
    analyze, dialect,
    key::{self, Key},
    line::{self, Line, Lost},
    meter::Meter,
    orphan::Orphan,
};
use crate::{
    agent::{
        mcp::Offered,
        message::{self, Message},
        model::Model,
        remote::{self, Remote},
        text_calls,
        tuning::ToolMode,
        wire::{Delta, Wire},
    },
    base::{innermost, redact, sanitize},
    cluster::io::{clock::http_date, connect::Link, http_client},
    fault::io::fresh,
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
    /// How an agent is spoken to.
    pub dial: &'a Dial,
    /// Where the conversation stands at an agent that keeps it.
    pub remote: Option<&'a Remote>,
    /// The id of this message, for agents.
    pub id: &'a str,
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
    /// The address is not on this machine, and no other may be spoken to.
    #[error("{server} is not on this machine, and agent.local-only is set; nothing was sent")]
    NotLocal {
        /// The base address.
        server: String,
    },
    /// The agent cannot be spoken to.
    #[error("cannot speak with the agent at {server}: {why}")]
    Agent {
        /// The base address.
        server: String,
        /// Why.
        why: String,
    },
    /// An approval for an agent that would write, where nothing may be written.
    #[error("brink only looks here (--readonly), so the approval was not sent: {agent} would write")]
    ReadOnly {
        /// Who.
        agent: String,
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
            Self::NotLocal { .. } => "choose a model on this machine, or unset agent.local-only".to_owned(),
            Self::Agent { .. } => {
                "check agent.base-url: it is what stands before /.well-known/agent-card.json".to_owned()
            }
            Self::ReadOnly { .. } => {
                "say what it should do instead, which rejects what it wants to do; or start brink without --readonly"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check agent.base-url and the network; is the gateway or local server running?".to_owned()
            }
            Self::Stalled { .. } => "ask again, or choose a faster model".to_owned(),
            Self::Status { status: 401 | 403, .. } => {
                "check the key: agent.key-env, agent.key-file or agent.key-command, and what it may use".to_owned()
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
            Self::Address { .. } | Self::NotLocal { .. } | Self::Agent { .. } | Self::ReadOnly { .. } => false,
            Self::Key { .. } | Self::Unreachable { .. } | Self::Stalled { .. } => true,
            Self::Status { status, .. } => matches!(status, 401 | 403 | 408 | 429 | 500..),
        }
    }
}

/// A provider.
#[derive(Clone)]
pub struct Provider {
    /// Nobody: an agent in the cluster, before the link to it is known.
    line: Option<Line>,
    model: Model,
    /// Where requests go; none for an agent in the cluster.
    url: Option<Url>,
    patience: Patience,
    remote: Option<Remote>,
    /// How the agent is spoken to, and where its requests go: its card is read once.
    dialled: OnceCell<(Dial, String)>,
    /// What is still told to agents after an ask was dropped.
    parting: TaskTracker,
    offered: Vec<Offered>,
    meter: Meter,
    /// Nothing may be written: no agent is told to do so either.
    readonly: bool,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("model", &self.model).field("server", &self.server()).finish_non_exhaustive()
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
    /// Makes a client; nothing is asked yet. Limits of time the settings name stand over those of `patience`.
    pub fn new(model: Model, patience: Patience) -> Result<Self, ProviderError> {
        let tuning = &model.tuning;
        let patience = Patience {
            connect: tuning.connect.unwrap_or(patience.connect),
            stall: tuning.stall.unwrap_or(patience.stall),
            whole: tuning.whole.unwrap_or(patience.whole),
            ..patience
        };
        let made = Self {
            line: None,
            url: None,
            patience,
            remote: None,
            offered: Vec::new(),
            dialled: OnceCell::new(),
            parting: TaskTracker::new(),
            meter: Meter::new(model.tuning.limits),
            readonly: false,
            model,
        };
        let bad = |why: String| ProviderError::Address { server: made.server(), why };
        if made.model.base_url.is_empty() && made.model.wire == Wire::A2a {
            made.model.in_cluster().map_err(bad)?;
            return Ok(made);
        }
        let whole = dialect::address(made.model.wire, &made.model.base_url);
        // The address of a card is the address of its agent.
        let whole = a2a::PLACES.iter().find_map(|place| whole.strip_suffix(place)).unwrap_or(&whole);
        let mut url = Url::parse(whole).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(bad("only http:// and https:// addresses are spoken to".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad(
                "it holds a password; keys come from agent.key-env, agent.key-file or agent.key-command".to_owned()
            ));
        }
        let tuning = &made.model.tuning;
        if tuning.local_only && !line::on_this_machine(&url) {
            return Err(ProviderError::NotLocal { server: made.server() });
        }
        if !tuning.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&tuning.query);
        }
        let mut http = http_client::client(url.scheme() == "https")
            .connect_timeout(patience.connect)
            .read_timeout(patience.stall)
            .timeout(patience.whole)
            .tcp_nodelay(true)
            // A key must not follow a redirect to somebody else, nor may a question leave this machine by one.
            .redirect(redirect::Policy::none());
        if tuning.local_only {
            // Neither a proxy nor an odd hosts file leads away from here.
            let here = [([127, 0, 0, 1], 0).into(), (std::net::Ipv6Addr::LOCALHOST, 0).into()];
            http = http.no_proxy().resolve_to_addrs("localhost", &here);
        }
        let http = http.build().map_err(|error| bad(innermost(&error)))?;
        Ok(Self { line: Some(Line::Direct(http)), url: Some(url), ..made })
    }

    /// The same, spending what this meter counts, which others share.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    /// The same, where nothing may be written: an agent's own writes would follow an approval, so none is sent.
    #[must_use]
    pub fn looking_only(self, readonly: bool) -> Self {
        Self { readonly, ..self }
    }

    /// What may be spent.
    pub fn meter(&self) -> &Meter {
        &self.meter
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

    /// The same, where agents in the cluster are reached by this link.
    pub fn through(mut self, link: &Link) -> Result<Self, ProviderError> {
        if self.url.is_none() {
            if self.model.tuning.local_only && !link.on_loopback() {
                return Err(ProviderError::NotLocal { server: self.server() });
            }
            self.line = Some(Line::Cluster(link.clone()));
        }
        Ok(self)
    }

    /// The same, going on where a conversation stands at an agent that keeps it.
    #[must_use]
    pub fn within(self, remote: Option<Remote>) -> Self {
        Self { remote, ..self }
    }

    /// Waits until agents were told of asks that were dropped, but not for long.
    pub async fn part(&self) {
        self.parting.close();
        let _ = tokio::time::timeout(Duration::from_secs(5), self.parting.wait()).await;
        self.parting.reopen();
    }

    fn line(&self) -> Result<&Line, ProviderError> {
        self.line.as_ref().ok_or_else(|| ProviderError::Agent {
            server: self.server(),
            why: "there is no cluster to reach it through".to_owned(),
        })
    }

    /// Whether the address answers, whether it lets us in, and whether it names this model. `None`: it answers, and keeps no such
    /// list. An agent is asked for its card, the canary's agent for anything at all.
    pub async fn look(&self) -> Result<Option<bool>, ProviderError> {
        let key = key::read(&self.model).await?;
        let Some(mut url) = self.url.clone().filter(|_| self.model.wire != Wire::A2a) else {
            self.dial(key.as_ref()).await?;
            return Ok(None);
        };
        let chat = dialect::of(self.model.wire).path.trim_start_matches("/v1");
        let path = url.path().strip_suffix(chat).unwrap_or_default().to_owned();
        let models = self.model.wire.is_model();
        url.set_path(&if models { format!("{path}/models") } else { format!("{path}/") });
        let answer = self.once(Method::GET, url.as_str(), Vec::new(), key.as_ref(), None).await;
        let answer = answer.map_err(|lost| self.lost(lost))?;
        let status = answer.status().as_u16();
        if !models {
            return Ok(None);
        }
        if !answer.status().is_success() {
            let wait = wait_asked(answer.headers());
            let words = self.words(answer, key.as_ref()).await;
            // Small gateways speak of nothing but answers.
            return match status {
                404 | 405 | 501 => Ok(None),
                _ => Err(ProviderError::Status { server: self.server(), status, words, wait }),
            };
        }
        let list = self.json(answer).await.unwrap_or(Value::Null);
        let names = list.get("data").and_then(Value::as_array);
        Ok(names.map(|names| names.iter().any(|one| one.get("id").and_then(Value::as_str) == Some(&self.model.name))))
    }

    /// Reads the agent's card, once.
    pub(super) async fn dial(&self, key: Option<&Key>) -> Result<&(Dial, String), ProviderError> {
        self.dialled.get_or_try_init(|| self.read_card(key)).await
    }

    async fn read_card(&self, key: Option<&Key>) -> Result<(Dial, String), ProviderError> {
        let agent = |why: String| ProviderError::Agent { server: self.server(), why };
        let roots = match &self.url {
            Some(url) => vec![url.clone().to_string()],
            None => kagent(&self.model).map_err(agent)?,
        };
        let mut last = agent("it has no agent card".to_owned());
        for root in &roots {
            for place in a2a::PLACES {
                let target = beside(root, place);
                let answer = self.once(Method::GET, &target, Vec::new(), key, None).await;
                let answer = answer.map_err(|lost| self.lost(lost))?;
                let (status, wait) = (answer.status(), wait_asked(answer.headers()));
                if status.is_success() {
                    let card = self.json(answer).await.ok_or_else(|| agent("its card is not JSON".to_owned()))?;
                    let dial = a2a::read(&card, self.url.as_ref()).map_err(agent)?;
                    let target = dial.url.clone().unwrap_or_else(|| root.clone());
                    return Ok((dial, target));
                }
                let words = self.words(answer, key).await;
                let error = ProviderError::Status { server: self.server(), status: status.as_u16(), words, wait };
                // Absent here, it may stand in the next place; anything else is an answer.
                if !matches!(status.as_u16(), 404 | 405) {
                    return Err(error);
                }
                if self.url.is_none() {
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// JSON of a size one reads at once.
    pub(super) async fn json(&self, mut answer: Response) -> Option<Value> {
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
        let model = &self.model;
        if self.readonly && !model.wire.is_model() && message::asked(messages).is_some_and(remote::approves) {
            return Err(ProviderError::ReadOnly { agent: sanitize::line(&model.label()).into_owned() });
        }
        let messages = model.tuning.privacy.passes(messages);
        let id = format!("brink-{}{}", fresh::id(), fresh::id());
        let dialect = dialect::of(self.model.wire);
        let mut tries = 0;
        loop {
            let key = key::read(&self.model).await?;
            let (dial, target) = match (&self.url, self.model.wire) {
                (Some(url), wire) if wire != Wire::A2a => (Dial::default(), url.to_string()),
                _ => self.dial(key.as_ref()).await?.clone(),
            };
            let asked = Asked {
                model: &self.model,
                system,
                messages,
                dial: &dial,
                remote: self.remote.as_ref(),
                id: &id,
                offered: &self.offered,
            };
            let body = written(&asked, dialect.body);
            let body = serde_json::to_vec(&body).unwrap_or_default();
            match self.send(&target, body, key.as_ref(), &dial).await {
                Ok(answer) => {
                    let mut orphan = Orphan::of(self, &dial, &target, key.as_ref());
                    return self.read(answer, key.as_ref(), &mut orphan, hear).await;
                }
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
        target: &str,
        body: Vec<u8>,
        key: Option<&Key>,
        dial: &Dial,
    ) -> Result<Response, (ProviderError, Option<Option<Duration>>)> {
        // An agent acts: what may have arrived is not sent again.
        let models = self.model.wire.is_model();
        let answer = self.once(Method::POST, target, body, key, Some(dial)).await.map_err(|lost| {
            // What took too long once takes too long again.
            let again = matches!(&lost, Lost::Broken { unsent, .. } if models || *unsent).then_some(None);
            (self.lost(lost), again)
        })?;
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
            _ if models => matches!(status.as_u16(), 408 | 409 | 429 | 500..),
            _ => matches!(status.as_u16(), 429 | 503 | 529),
        };
        // Whoever must wait longer than that would rather know.
        let too_long = asked.is_some_and(|asked| asked > LONGEST_WAIT);
        Err((error, (worth && !too_long).then_some(asked)))
    }

    /// One request with its headers.
    pub(super) async fn once(
        &self,
        method: Method,
        target: &str,
        body: Vec<u8>,
        key: Option<&Key>,
        dial: Option<&Dial>,
    ) -> Result<Response, Lost> {
        let broken = |why: &str| Lost::Broken { why: why.to_owned(), unsent: true };
        let line = self.line().map_err(|_| broken("there is no cluster to reach it through"))?;
        let dialect = dialect::of(self.model.wire);
        let tuning = &self.model.tuning;
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("text/event-stream, application/json"));
        if method == Method::POST {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        if let Some((name, value)) = dialect.version {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(version) = dial.and_then(|dial| dial.version.header()).filter(|_| self.model.wire == Wire::A2a) {
            headers.insert(a2a::HEADER, HeaderValue::from_static(version));
        }
        // The API server has credentials of its own; a key for somebody else does not go there.
        if let (Some(key), Line::Direct(_)) = (key, line) {
            let (name, before) = tuning.key_header.as_deref().map_or(dialect.key, |name| (name, ""));
            let name = http::HeaderName::try_from(name).map_err(|_| broken("agent.key-header is no header"))?;
            let value = key.header(before).ok_or_else(|| {
                broken(
                    "the key holds characters no header may hold; check what agent.key-env, agent.key-file or agent.key-command gives",
                )
            })?;
            headers.insert(name, value);
        }
        if matches!(line, Line::Direct(_)) {
            for (name, value) in &tuning.headers {
                headers.insert(name.clone(), value.clone());
            }
        }
        line.send(method, target, headers, body, self.patience.stall).await
    }

    async fn read(
        &self,
        answer: Response,
        key: Option<&Key>,
        orphan: &mut Orphan,
        hear: &mut Hear<'_>,
    ) -> Result<(), ProviderError> {
        let mut decoder = (dialect::of(self.model.wire).decoder)(&self.model);
        let mode = if self.model.wire.is_model() { self.model.tuning.tools } else { ToolMode::Native };
        let mut reader = text_calls::Reader::new(mode);
        let mut pass = |deltas: Vec<Delta>, orphan: &mut Orphan| {
            for delta in deltas {
                let broken = matches!(delta, Delta::Error(_));
                let delta = match delta {
                    Delta::Error(words) => Delta::Error(safe(&words, key)),
                    Delta::Refusal(words) => Delta::Refusal(sanitize::line(&words).into_owned()),
                    other => other,
                };
                orphan.hear(&delta);
                for delta in reader.hear(delta) {
                    if !hear(Heard::Delta(delta)) {
                        return false;
                    }
                }
                if broken {
                    return false;
                }
            }
            true
        };
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !self.model.wire.is_model() && !kind.starts_with("text/event-stream") {
            let answer = self.json(answer).await;
            let words = || "the answer is no JSON, or too large".to_owned();
            let deltas =
                answer.map_or_else(|| vec![Delta::Error(words())], |json| decoder.event("", &json.to_string()));
            pass(deltas, orphan);
            return Ok(());
        }
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
                Err(EventStreamError::Transport(error)) if timed_out(&error) => {
                    return Err(self.lost(Lost::Stalled));
                }
                Err(EventStreamError::Transport(_)) => break,
                Err(error) => vec![Delta::Error(format!("the stream is not one of events: {error}"))],
            };
            if !pass(deltas, orphan) {
                return Ok(());
            }
        }
        // A stream that was cut is not the end of a task: the agent may have come to one meanwhile.
        if let Some(task) = orphan.left().await {
            pass(decoder.event("", &task.to_string()), orphan);
        }
        for delta in reader.rest() {
            hear(Heard::Delta(delta));
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
        let beside = (self.model.wire == Wire::Analyze).then(|| analyze::beside(&text)).flatten();
        safe(&beside.map_or_else(|| told.clone(), |beside| format!("{told}; {beside}")), key)
    }

    fn server(&self) -> String {
        if self.model.base_url.is_empty() {
            return format!("{} in the cluster", sanitize::line(&self.model.name));
        }
        without_password(self.model.base_url.trim_end_matches('/'))
    }

    fn lost(&self, lost: Lost) -> ProviderError {
        let server = self.server();
        match lost {
            Lost::Stalled => ProviderError::Stalled { server, after: self.patience.stall },
            Lost::Broken { why, .. } => ProviderError::Unreachable { server, why },
        }
    }

    /// Where what is told after an ask was dropped is kept track of.
    pub(super) fn parting(&self) -> &TaskTracker {
        &self.parting
    }
}

/// The body of a request, tuned as the settings say.
fn written(asked: &Asked<'_>, body: fn(&Asked<'_>) -> Value) -> Value {
    let (model, tuning) = (asked.model, &asked.model.tuning);
    if !model.wire.is_model() {
        return body(asked);
    }
    let mut body = if tuning.tools == ToolMode::Native {
        body(asked)
    } else {
        let system = format!("{}{}", asked.system, text_calls::told(tuning.tools, asked.offered, &tuning.privacy));
        let messages = text_calls::plain(asked.messages, tuning.tools);
        let mut body = body(&Asked { system: &system, messages: &messages, ..*asked });
        if let Some(map) = body.as_object_mut() {
            map.shift_remove("tools");
        }
        if tuning.tools == ToolMode::JsonSchema && model.wire == Wire::OpenAi {
            let schema = text_calls::answer_schema(asked.offered, &tuning.privacy);
            body["response_format"] =
                serde_json::json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}});
        }
        body
    };
    if let Some(temperature) = &tuning.temperature {
        body["temperature"] = Value::Number(temperature.clone());
    }
    if let Some(seed) = tuning.seed.filter(|_| model.wire == Wire::OpenAi) {
        body["seed"] = seed.into();
    }
    if let Some(map) = body.as_object_mut() {
        for (name, value) in &tuning.extra {
            // Null takes a member out, which is how a server that refuses one is spoken to.
            if value.is_null() {
                map.shift_remove(name);
            } else {
                map.insert(name.clone(), value.clone());
            }
        }
    }
    body
}

/// Where kagent's controller may serve an agent, as paths of the API server: beside the agent, or where its chart puts it.
fn kagent(model: &Model) -> Result<Vec<String>, String> {
    let (namespace, name) = model.in_cluster()?;
    let mut homes = vec![namespace];
    if namespace != "kagent" {
        homes.push("kagent");
    }
    let path = |home: &str| {
        format!("/api/v1/namespaces/{home}/services/http:kagent-controller:8083/proxy/api/a2a/{namespace}/{name}")
    };
    Ok(homes.into_iter().map(path).collect())
}

/// A path beside an address that may have a query.
fn beside(root: &str, place: &str) -> String {
    let (path, query) = root.split_once('?').map_or((root, String::new()), |(path, query)| (path, format!("?{query}")));
    format!("{}{place}{query}", path.trim_end_matches('/'))
}

/// Whether a stream stopped because nothing came.
fn timed_out(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if inner.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        source = inner.source();
    }
    error.is_timeout()
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
