//! Golden signals: how many requests, how many fail and how, how long they take, how full everything is. Per workload, service,
//! version, edge and route.
//!
//! Mental model: [`Snapshot`] is one look at the mesh, made from samples ([`sample`]) that a source answered to the questions
//! of [`promql`]. A request reported by both of its ends counts once ([`fold`]). What no source told is `None`, shown as `–`:
//! never 0. Figures of a route come with their origin ([`route`], [`Origin`]).
//!
//! It asks nothing itself (`io/`), and it draws nothing.

pub mod answers;
pub mod attempts;
mod batches;
pub mod carriers;
pub mod codes;
pub mod control_plane;
mod edge_latency;
pub mod flows;
pub mod fold;
pub mod plain_envoy;
pub mod pod_metrics;
pub mod promql;
pub mod quantile;
pub mod resource_use;
pub mod route;
pub mod sample;
mod security;
mod series;
pub mod services;
pub mod trail;
pub mod upstreams;
pub mod usage;

use std::{sync::Arc, time::Duration};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use self::quantile::Quantiles;
pub use self::series::Series;
use super::{mtls::plain::Security, routes::RouteRef};

/// The four figures of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Golden {
    /// Requests per second.
    pub rps: Option<f64>,
    /// Share of failed requests, 0..=1: HTTP 5xx, no answer at all, gRPC status other than OK. `None` without requests.
    pub error_share: Option<f64>,
    /// Median latency in milliseconds.
    pub p50_ms: Option<f64>,
    /// 90th percentile in milliseconds.
    pub p90_ms: Option<f64>,
    /// 99th percentile in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Golden {
    /// The same requests, and how long they take.
    #[must_use]
    pub fn lasting(self, latency: Option<Quantiles>) -> Self {
        let [p50_ms, p90_ms, p99_ms] = match latency {
            Some(Quantiles { p50, p90, p99 }) => [Some(p50), Some(p90), Some(p99)],
            None => [None; 3],
        };
        Self { p50_ms, p90_ms, p99_ms, ..self }
    }
}

/// The trends of one subject, all on the same steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trends {
    /// Requests per second.
    pub rps: Series,
    /// Share of failed requests.
    pub error_share: Series,
    /// 50th percentile, milliseconds.
    pub p50_ms: Series,
    /// 99th percentile, milliseconds.
    pub p99_ms: Series,
}

/// One workload's figures: the requests it receives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkloadRow {
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name; `svc/NAME` for requests to a service that reached no workload.
    pub workload: CompactString,
    /// The figures now.
    pub golden: Golden,
    /// What the requests it receives are answered with.
    pub codes: codes::Codes,
    /// What those that it sends are answered with.
    pub sent: codes::Codes,
    /// Connections it receives.
    pub tcp: flows::Tcp,
    /// How its calls come.
    pub security: Security,
    /// Requests against attempts, of the callers for which both are told.
    pub attempts: Option<attempts::Attempts>,
    /// What it uses.
    pub usage: usage::Usage,
    /// How they moved; shared with whoever else keeps this row.
    pub trends: Arc<Trends>,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Measured for exactly this.
    Measured,
    /// The sum of several that share gateway and backend; shown with `≈`.
    Shared,
    /// No source: shown as `–`.
    Unknown,
}

/// One route's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteGolden {
    /// The route.
    pub route: RouteRef,
    /// The figures now.
    pub golden: Golden,
    /// What its requests are answered with.
    pub codes: codes::Codes,
    /// Where they come from.
    pub origin: Origin,
}

/// What kind of source answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricKind {
    /// A Prometheus HTTP API.
    Prometheus,
    /// The proxies themselves.
    Scrape,
    /// Nothing.
    #[default]
    None,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whence {
    /// What kind of source.
    pub kind: MetricKind,
    /// Which, for people: an address, `svc NS/NAME:PORT`, or how many proxies.
    pub place: String,
}

/// One look at the mesh.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// The time the samples speak of, by the source's clock; `None`: never looked.
    pub at: Option<Timestamp>,
    /// Seconds between two samples of a trend.
    pub step_s: u32,
    /// By namespace and name.
    pub workloads: Vec<WorkloadRow>,
    /// By namespace and name.
    pub services: Vec<services::ServiceRow>,
    /// How the control plane does; `None`: nobody tells.
    pub control_plane: Option<control_plane::ControlPlane>,
    /// Figures of routes, filled by [`route::attribute`] from [`Self::measured`] whenever routes or figures change.
    pub routes: Vec<RouteGolden>,
    /// All requests together.
    pub total: Golden,
    /// How the total moved.
    pub total_trends: Arc<Trends>,
    /// What the source warned of, or what is missing, in words.
    pub notes: Vec<String>,
    /// Edges and latencies, each request counted once: what figures of routes are made of.
    pub measured: fold::Measured,
    /// Who was asked.
    pub whence: Whence,
    /// Who told of CPU and memory; `None`: nobody.
    pub usage_from: Option<usage::UsageFrom>,
}

impl Snapshot {
    /// One workload's row.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&WorkloadRow> {
        self.workloads.iter().find(|row| row.namespace == namespace && row.workload == name)
    }

    /// One route's figures.
    pub fn route(&self, route: &RouteRef) -> Option<&RouteGolden> {
        self.routes.iter().find(|row| row.route == *route)
    }
}

/// How old the last good sample is, in steps rather than a counter, so that a quiet screen stays quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Younger than 15 s.
    Fresh,
    /// 15 s and more.
    Seconds15,
    /// 1 min and more.
    Minute1,
    /// 5 min and more: not to be trusted.
    Stale,
}

impl Freshness {
    /// The step an age falls into.
    pub fn of(age: Duration) -> Self {
        match age.as_secs() {
            0..15 => Self::Fresh,
            15..60 => Self::Seconds15,
            60..300 => Self::Minute1,
            _ => Self::Stale,
        }
    }

    /// `fresh`, `15s`, `1m`, `stale`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Seconds15 => "15s",
            Self::Minute1 => "1m",
            Self::Stale => "stale",
        }
    }
}

/// The state of the metric source, for the header and the Mesh pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MetricSource {
    /// None configured.
    #[default]
    None,
    /// Configured, no answer yet.
    Asking,
    /// Answering.
    Good,
    /// The last question failed; older figures may still be on screen.
    Broken {
        /// What failed, on what, why.
        cause: String,
        /// What to do.
        fix: String,
        /// When it is asked again; zero: not by itself.
        retry: Duration,
    },
}
