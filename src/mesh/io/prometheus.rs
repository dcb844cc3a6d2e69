//! One question, one answer: a client of the Prometheus HTTP API (Prometheus 2 and 3, Thanos, Mimir, VictoriaMetrics).

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::endpoint::Endpoint;
use crate::{
    base::{innermost, sanitize},
    cluster::io::http_client,
    mesh::signals::sample::{self, BadAnswer, Matrix, Vector},
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
            Self::Client { .. } => "install the system's CA certificates, or use an http:// address".to_owned(),
            Self::Unreachable { .. } => {
                "check --prometheus (BRINK_PROMETHEUS); in a cluster: kubectl port-forward svc/prometheus 9090"
                    .to_owned()
            }
            Self::TimedOut { .. } => "ask it less at once (-n NAMESPACE), or see why it is slow".to_owned(),
            Self::Status { status: 401 | 403, .. } => {
                "give it credentials: http://USER:PASSWORD@HOST in --prometheus".to_owned()
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

/// A client.
#[derive(Debug, Clone)]
pub struct Prometheus {
    http: Client,
    endpoint: Endpoint,
    timeout: Duration,
}

impl Prometheus {
    /// Makes a client; nothing is asked yet. `timeout` is for one question, the whole answer included.
    pub fn new(endpoint: Endpoint, timeout: Duration) -> Result<Self, PrometheusError> {
        let http = http_client::client(endpoint.secure())
            .connect_timeout(timeout.min(Duration::from_secs(3)))
            .timeout(timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(4)
            .redirect(redirect::Policy::limited(3))
            .build()
            .map_err(|error| PrometheusError::Client { server: endpoint.label().to_owned(), why: innermost(&error) })?;
        Ok(Self { http, endpoint, timeout })
    }

    /// The address for people.
    pub fn label(&self) -> &str {
        self.endpoint.label()
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
        let mut url = self.endpoint.at(path);
        url.query_pairs_mut().extend_pairs(pairs);
        let request = if url.as_str().len() > LONGEST_ADDRESS {
            let form = url.query().unwrap_or_default().to_owned();
            url.set_query(None);
            self.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
        } else {
            self.http.get(url)
        };
        let answer = self.endpoint.sign(request).send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        let body = self.read(answer).await?;
        if status.is_success() { Ok(body) } else { Err(self.refused(status, &body)) }
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
