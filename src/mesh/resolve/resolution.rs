//! The answer, as data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::verdict;
use crate::mesh::routes::{RouteRef, RouteRow, Rule};

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A backend gets it.
    Forward,
    /// The client is sent elsewhere.
    Redirect,
    /// The proxy answers itself.
    DirectResponse,
    /// Nothing matches: 404, or no listener at all.
    NoRoute,
    /// A rule matches and has no valid backend: 500.
    NoBackend,
}

/// The step at which a competitor fell out, in the words of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostAt {
    /// Not attached to the request's listener.
    Listener,
    /// Its parent refused it.
    NotAccepted,
    /// Not exported to the namespace it would count in (Istio `exportTo`), or outside what the client's Sidecar reaches.
    NotExported,
    /// Of VirtualServices: for another gateway, or not for the mesh.
    Gateway,
    /// Its hostnames do not match, or match less specifically.
    Hostname,
    /// An exact path: not this one, or the winner has one.
    PathExact,
    /// A path prefix: not this one, or the winner's is longer.
    PathPrefix,
    /// A path expression.
    PathRegex,
    /// A gRPC service.
    Service,
    /// A method: not this one, or the winner names one.
    Method,
    /// Headers: not there, or the winner names more.
    Headers,
    /// Query parameters: not there, or the winner names more.
    Query,
    /// Of VirtualServices: another scheme.
    Scheme,
    /// Of VirtualServices: another port.
    Port,
    /// For other clients.
    Source,
    /// Of VirtualServices: other addresses.
    Address,
    /// The winner is older.
    Age,
    /// Equally old; the winner's `ns/name` comes first.
    Name,
    /// A later rule or match of the same route.
    Order,
}

/// A competitor that lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loser {
    /// The route.
    pub route: RouteRef,
    /// Index of its rule.
    pub rule: usize,
    /// Index of the match in that rule.
    pub r#match: usize,
    /// Where it fell out.
    pub lost_at: LostAt,
    /// Whether it matched the request at all, and so would answer if the winner went away.
    pub matched: bool,
}

/// A backend of the winning rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackendShare {
    /// `NS/NAME:PORT`.
    pub r#ref: String,
    /// Its weight.
    pub weight: u32,
    /// Percent of the rule's requests that are meant for it: its weight over the sum; 0 where the sum is.
    pub share: f64,
    /// Whether it can be sent to; requests for an invalid one get 500.
    pub valid: bool,
    /// The name in the handshake where the Gateway speaks TLS to it (BackendTLSPolicy).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// What is done to its requests alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterStep>,
}

/// Who gets copies of the requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MirrorTo {
    /// `NS/NAME:PORT`.
    pub r#ref: String,
    /// Percent of the requests that are copied.
    pub percent: f64,
    /// Whether it can be sent to; nothing is copied to an invalid one.
    pub valid: bool,
}

/// A filter of the winning rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterStep {
    /// Its type as the specification names it.
    pub r#type: String,
    /// What it does, in words.
    pub detail: String,
}

/// Where a redirect leads: what the client will ask next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectTo {
    /// `http` or `https`.
    pub scheme: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, without query.
    pub path: String,
    /// The header `Location`: without the port that is usual for the scheme, with the query as it was asked.
    pub location: String,
}

/// The request as a backend gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The header `Host`.
    pub host: String,
    /// The path with its query.
    pub path: String,
    /// Its other headers, names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// The answer; serialises to the stable JSON of `brink routes resolve -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolution {
    /// How the request ends.
    pub outcome: Outcome,
    /// The status code where the proxy answers itself; `None` when a backend does, or nobody listens.
    pub status: Option<u16>,
    /// `NS/GATEWAY/LISTENER`, `Service NS/NAME` or `IngressClass NAME`.
    pub listener: Option<String>,
    /// Whose pods listen there, as far as that is known: `Service NS/NAME at ADDRESS`, `workload NS/NAME`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub served_by: Vec<String>,
    /// The winner.
    pub route: Option<RouteRef>,
    /// Index of its rule.
    pub rule: Option<usize>,
    /// Index of the match in that rule.
    pub r#match: Option<usize>,
    /// Its backends.
    pub backends: Vec<BackendShare>,
    /// Its filters, in order.
    pub filters: Vec<FilterStep>,
    /// Where it redirects to.
    pub redirect: Option<RedirectTo>,
    /// What a backend is asked; of connections, and where nothing is forwarded, `None`.
    pub sent: Option<Sent>,
    /// Who gets copies.
    pub mirrors: Vec<MirrorTo>,
    /// Its time limit, the tighter of request and backend; `None`: none set, or set to none.
    pub timeout_ms: Option<u64>,
    /// From the client's request to the whole answer; 0: no limit.
    pub request_timeout_ms: Option<u64>,
    /// One try at a backend; 0: no limit.
    pub backend_timeout_ms: Option<u64>,
    /// Attempts beyond the first.
    pub retries: Option<u32>,
    /// What is tried again: status codes, or Istio's words. Empty: not said.
    pub retry_on: Vec<String>,
    /// The least time between two tries.
    pub backoff_ms: Option<u64>,
    /// All competitors, best first.
    pub losers: Vec<Loser>,
    /// What was assumed.
    pub notes: Vec<String>,
}

impl Resolution {
    /// No rule: 404 where something listens, no answer at all where nothing does.
    pub(super) fn nothing(listener: Option<String>, status: Option<u16>, notes: Vec<String>) -> Self {
        Self {
            outcome: Outcome::NoRoute,
            status,
            listener,
            served_by: Vec::new(),
            route: None,
            rule: None,
            r#match: None,
            backends: Vec::new(),
            filters: Vec::new(),
            redirect: None,
            sent: None,
            mirrors: Vec::new(),
            timeout_ms: None,
            request_timeout_ms: None,
            backend_timeout_ms: None,
            retries: None,
            retry_on: Vec::new(),
            backoff_ms: None,
            losers: Vec::new(),
            notes,
        }
    }
}

impl Resolution {
    /// What a rule that takes a request says of it, by its route, its index and that of its match; how the request ends is
    /// for whoever asks to fill in.
    pub(super) fn by(listener: String, route: &RouteRow, (at, rule): (usize, &Rule), found: usize) -> Self {
        Self {
            route: Some(route.route_ref()),
            rule: Some(at),
            r#match: Some(found),
            filters: rule.filters.iter().map(verdict::step).collect(),
            timeout_ms: rule.timeouts.tighter(),
            request_timeout_ms: rule.timeouts.request_ms,
            backend_timeout_ms: rule.timeouts.backend_ms,
            retries: rule.retries,
            retry_on: rule.retry_on.iter().map(ToString::to_string).collect(),
            backoff_ms: rule.backoff_ms,
            ..Self::nothing(Some(listener), None, Vec::new())
        }
    }
}

impl BackendShare {
    /// One of several with its share of the sum of all weights.
    pub(super) fn new(r#ref: String, weight: u32, sum: u64, valid: bool) -> Self {
        let share = if sum == 0 { 0.0 } else { f64::from(weight) * 100.0 / part(sum) };
        Self { r#ref, weight, share, valid, tls: None, filters: Vec::new() }
    }

    /// The only one.
    pub(super) fn whole(r#ref: String, valid: bool) -> Self {
        Self::new(r#ref, 1, 1, valid)
    }
}

#[allow(clippy::cast_precision_loss, reason = "sums of weights are far below what a float holds exactly")]
fn part(sum: u64) -> f64 {
    sum as f64
}
