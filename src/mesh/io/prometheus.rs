//! One question, one answer: a client of the Prometheus HTTP API (Prometheus 2 and 3, Thanos, Mimir, VictoriaMetrics), at an
//! address or as a Service behind the API server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::HeaderMap;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::endpoint::Endpoint;
use crate::{
    base::{innermost, sanitize},
    cluster::{
        api::Trouble,
        io::{
            connect::Link,
            http_client,
            through::{self, Behind},
        },
    },
    mesh::{
        services::Candidate,
        signals::sample::{self, BadAnswer, Matrix, Vector},
        wanted::Access,
    },
};

/// No answer may be larger: a source gone wild must not eat the memory.
const MOST_BYTES: usize = 64 << 20;
/// Questions longer than this go in the body: some servers refuse long addresses.
const LONGEST_ADDRESS: usize = 1800;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrometheusError {
    /// No client could be made.
    #[error("cannot ask {server}: {why}")]
    Client {
        /// The source.
        server: String,
        /// Why.
        why: String,
    },
    /// The source cannot be reached.
    #[error("cannot reach {server}: {why}")]
    Unreachable {
        /// The source.
        server: String,
        /// What the link said.
        why: String,
    },
    /// It took too long.
    #[error("{server} did not answer within {} s", .after.as_secs())]
    TimedOut {
        /// The source.
        server: String,
        /// How long was waited.
        after: Duration,
    },
    /// It answered with a failure.
    #[error("{server} answered {status}: {message}")]
    Status {
        /// The source.
        server: String,
        /// HTTP status code.
        status: u16,
        /// Its words, or the reason phrase.
        message: String,
    },
    /// It answered with something else.
    #[error("{server}: {answer}")]
    Answer {
        /// The source.
        server: String,
        /// What is wrong.
        answer: BadAnswer,
    },
    /// The answer has no end.
    #[error("the answer of {server} is larger than {} MiB", MOST_BYTES >> 20)]
    TooLarge {
        /// The source.
        server: String,
    },
}

impl PrometheusError {
    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Client { .. } => {
                "install the system's CA certificates, correct the files of `prometheus-ca` and the like, or use an http:// \
                 address"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check --prometheus (BRINK_PROMETHEUS); in a cluster: kubectl port-forward svc/prometheus 9090"
                    .to_owned()
            }
            Self::TimedOut { .. } => "ask it less at once (-n NAMESPACE), or see why it is slow".to_owned(),
            Self::Status { status: 401 | 403, .. } => {
                "give it credentials: http://USER:PASSWORD@HOST in --prometheus, or settings such as \
                 `prometheus-token-file`; in a cluster you need `get` on services/proxy"
                    .to_owned()
            }
            Self::Status { status: 404, .. } => {
                "check the path in --prometheus: the API is expected at PATH/api/v1/query".to_owned()
            }
            Self::Status { .. } | Self::Answer { answer: BadAnswer::Error { .. }, .. } => {
                "see the logs of that server".to_owned()
            }
            Self::Answer { answer: BadAnswer::Html, .. } => {
                "give --prometheus the address of Prometheus itself, not of a login page or dashboard before it"
                    .to_owned()
            }
            Self::Answer { answer: BadAnswer::Shape(_), .. } => {
                "give --prometheus the address of a server with Prometheus' HTTP API".to_owned()
            }
            Self::TooLarge { .. } => "ask it less at once: -n NAMESPACE".to_owned(),
        }
    }
}

/// A client. Clones share connections and the count of questions.
#[derive(Debug, Clone)]
pub struct Prometheus {
    way: Way,
    label: String,
    timeout: Duration,
    asked: Arc<AtomicU32>,
}

/// How it is reached.
#[derive(Debug, Clone)]
enum Way {
    /// At an address.
    Direct(Client, Box<Endpoint>),
    /// Through the API server.
    Service(Box<Service>),
}

/// A Service behind the API server, with a prefix before its paths and headers of ours.
#[derive(Debug, Clone)]
struct Service {
    link: Link,
    behind: Behind,
    prefix: &'static str,
    headers: HeaderMap,
}

impl Prometheus {
    /// Makes a client; nothing is asked yet. `timeout` is for one question, the whole answer included.
    pub fn new(endpoint: Endpoint, timeout: Duration) -> Result<Self, PrometheusError> {
        let label = endpoint.label().to_owned();
        let failed = |why: String| PrometheusError::Client { server: label.clone(), why };
        let client = http_client::client(endpoint.secure())
            .connect_timeout(timeout.min(Duration::from_secs(3)))
            .tcp_nodelay(true)
            .pool_max_idle_per_host(4)
            .redirect(redirect::Policy::limited(3));
        let http = endpoint.certified(client).map_err(failed)?.build().map_err(|error| failed(innermost(&error)))?;
        Ok(Self { way: Way::Direct(http, Box::new(endpoint)), label, timeout, asked: Arc::default() })
    }

    /// A client of a Service of the cluster at the other end of a link.
    pub fn service(link: &Link, candidate: &Candidate, access: &Access, timeout: Duration) -> Self {
        let behind = Behind::service(&candidate.namespace, &candidate.name, candidate.port, candidate.tls);
        let headers = access.headers.iter().cloned().collect();
        let way = Way::Service(Box::new(Service { link: link.clone(), behind, prefix: candidate.prefix, headers }));
        Self { way, label: candidate.label(), timeout, asked: Arc::default() }
    }

    /// The same, waiting no longer than that for an answer.
    #[must_use]
    pub fn patient(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(self.timeout), ..self }
    }

    /// How many questions were asked so far, by all clones together.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The address for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What is so now.
    pub async fn instant<L: DeserializeOwned>(&self, question: &str) -> Result<Vector<L>, PrometheusError> {
        let body = self.ask("api/v1/query", &[("query", question)]).await?;
        sample::vector(&body).map_err(|answer| self.not_an_answer(answer))
    }

    /// What was so, from `from` to `to` (Unix seconds) every `step_s` seconds.
    pub async fn range<L: DeserializeOwned>(
        &self,
        question: &str,
        (from, to): (i64, i64),
        step_s: u32,
    ) -> Result<Matrix<L>, PrometheusError> {
        let (from, to, step) = (from.to_string(), to.to_string(), step_s.max(1).to_string());
        let pairs = [("query", question), ("start", &from), ("end", &to), ("step", &step)];
        let body = self.ask("api/v1/query_range", &pairs).await?;
        sample::matrix(&body).map_err(|answer| self.not_an_answer(answer))
    }

    async fn ask(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Vec<u8>, PrometheusError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match &self.way {
            Way::Direct(http, endpoint) => self.ask_directly(http, endpoint, path, pairs).await,
            Way::Service(service) => {
                let Service { link, behind, prefix, headers } = &**service;
                let query: String = form(pairs);
                let path = behind.path(&format!("{prefix}/{path}?{query}"));
                let answer = through::get(link, &path, headers, self.timeout, MOST_BYTES).await;
                answer.map(|heard| heard.body.into()).map_err(|trouble| self.behind(trouble))
            }
        }
    }

    async fn ask_directly(
        &self,
        http: &Client,
        endpoint: &Endpoint,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Vec<u8>, PrometheusError> {
        let mut url = endpoint.at(path);
        url.query_pairs_mut().extend_pairs(pairs);
        let request = if url.as_str().len() > LONGEST_ADDRESS {
            let form = url.query().unwrap_or_default().to_owned();
            url.set_query(None);
            http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
        } else {
            http.get(url)
        };
        let request = endpoint
            .sign(request.timeout(self.timeout))
            .map_err(|why| PrometheusError::Client { server: self.label().to_owned(), why })?;
        let answer = request.send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        let body = self.read(answer).await?;
        if status.is_success() { Ok(body) } else { Err(self.refused(status, &body)) }
    }

    /// What the API server said on behalf of a Service.
    fn behind(&self, trouble: Trouble) -> PrometheusError {
        let server = self.label().to_owned();
        match trouble {
            Trouble::Refused(refusal) => {
                PrometheusError::Status { server, status: refusal.code, message: refusal.message }
            }
            other @ (Trouble::Unreachable { .. }
            | Trouble::Unknown { .. }
            | Trouble::NoDryRun { .. }
            | Trouble::NoWarrant(_)) => PrometheusError::Unreachable { server, why: other.to_string() },
        }
    }

    async fn read(&self, mut answer: Response) -> Result<Vec<u8>, PrometheusError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(PrometheusError::TooLarge { server: self.label().to_owned() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Failures of the API carry JSON with its words (400, 422, 503); those of proxies a page.
    fn refused(&self, status: StatusCode, body: &[u8]) -> PrometheusError {
        let message = match sample::vector::<serde::de::IgnoredAny>(body) {
            Err(BadAnswer::Error { kind, message }) => format!("{kind}: {message}"),
            Ok(_) | Err(BadAnswer::Html | BadAnswer::Shape(_)) => {
                status.canonical_reason().unwrap_or("a failure").to_owned()
            }
        };
        PrometheusError::Status {
            server: self.label().to_owned(),
            status: status.as_u16(),
            message: sanitize::line(&message).into_owned(),
        }
    }

    fn lost(&self, error: &reqwest::Error) -> PrometheusError {
        let server = self.label().to_owned();
        if error.is_timeout() {
            PrometheusError::TimedOut { server, after: self.timeout }
        } else {
            PrometheusError::Unreachable { server, why: sanitize::line(&innermost(error)).into_owned() }
        }
    }

    fn not_an_answer(&self, answer: BadAnswer) -> PrometheusError {
        let answer = match answer {
            BadAnswer::Error { kind, message } => BadAnswer::Error {
                kind: sanitize::line(&kind).into_owned(),
                message: sanitize::line(&message).into_owned(),
            },
            BadAnswer::Html => BadAnswer::Html,
            BadAnswer::Shape(words) => BadAnswer::Shape(sanitize::line(&words).into_owned()),
        };
        PrometheusError::Answer { server: self.label().to_owned(), answer }
    }
}

/// Pairs as a query.
fn form(pairs: &[(&str, &str)]) -> String {
    // Any address will do: only its query is taken.
    let url = Url::parse_with_params("http://x/", pairs);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}
