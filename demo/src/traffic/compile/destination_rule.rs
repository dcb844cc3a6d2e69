//! DestinationRules: subsets, ejection of failing hosts, limits of connections, TLS towards the host.

use serde_json::Value;

use crate::traffic::{
    json::{self, Labels},
    span,
};

use super::services::Services;

/// What a DestinationRule says for one Service.
#[derive(Debug, Clone)]
pub(super) struct DestinationRule {
    pub(super) seniority: (String, String),
    pub(super) namespace: String,
    pub(super) service: u32,
    /// What it says for the whole Service, if anything.
    policy: Option<Policy>,
    /// Name, labels, and what it says of each subset.
    subsets: Vec<(String, Labels, Policy)>,
}

/// A traffic policy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Policy {
    pub(super) outlier: Option<Outlier>,
    pub(super) pool: Option<Pool>,
    pub(super) tls: Option<Tls>,
}

/// Ejection of failing hosts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// Consecutive 5xx; 0: not counted.
    pub consecutive_5xx: u32,
    /// Consecutive 502, 503, 504; 0: not counted.
    pub consecutive_gateway: u32,
    /// Between sweeps, milliseconds.
    pub interval: f64,
    /// First time out, milliseconds.
    pub base: f64,
    /// At most this share of hosts.
    pub most: f64,
}

/// Limits towards a host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// Requests in flight of one caller's proxy to the Service: connections and waiting ones (HTTP/1), requests (HTTP/2).
    pub most: u32,
    /// Retries in flight.
    pub retries: u32,
}

/// TLS towards the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Disable,
    IstioMutual,
    /// Plain TLS, which no sidecar terminates.
    Other,
}

impl DestinationRule {
    pub(super) fn read(object: &Value, services: &Services) -> Option<Self> {
        let namespace = json::namespace(object);
        let service = services.by_host(json::word(object, &["spec", "host"]), namespace)?;
        let policy = json::at(object, &["spec", "trafficPolicy"]).map(Policy::read);
        let subsets = json::list(object, &["spec", "subsets"]).iter().map(|subset| {
            let own = json::at(subset, &["trafficPolicy"]).map(Policy::read).unwrap_or_default();
            (json::word(subset, &["name"]).to_owned(), json::labels(subset, &["labels"]), own)
        });
        let seniority = json::seniority(object);
        Some(Self { seniority, namespace: namespace.to_owned(), service, subsets: subsets.collect(), policy })
    }

    /// What holds for the whole Service, of several rules of one namespace, the oldest first: the policy of the first that
    /// has one. Subsets are put together.
    pub(super) fn policy(held: &[&Self]) -> Policy {
        held.iter().find_map(|one| one.policy).unwrap_or_default()
    }

    /// The labels of a subset, and what holds for it: its own, else what holds for the Service.
    pub(super) fn subset<'a>(held: &[&'a Self], name: &str) -> Option<(&'a Labels, Policy)> {
        let found = held.iter().find_map(|one| one.subsets.iter().find(|(own, ..)| own == name));
        found.map(|(_, labels, own)| (labels, own.or(Self::policy(held))))
    }
}

impl Policy {
    fn or(self, other: Self) -> Self {
        Self { outlier: self.outlier.or(other.outlier), pool: self.pool.or(other.pool), tls: self.tls.or(other.tls) }
    }

    fn read(value: &Value) -> Self {
        let mut policy = Self::default();
        if let Some(outlier) = value.get("outlierDetection") {
            policy.outlier = Some(read_outlier(outlier));
        }
        if let Some(pool) = value.get("connectionPool") {
            // Zero is what Istio reads where nothing is written: no limit.
            let number = |path: &[&str]| json::at(pool, path).and_then(Value::as_u64).filter(|n| *n > 0);
            let http2 = number(&["http", "http2MaxRequests"]);
            let connections = number(&["tcp", "maxConnections"]);
            let pending = number(&["http", "http1MaxPendingRequests"]);
            let http1 = (connections.is_some() || pending.is_some())
                .then(|| connections.unwrap_or(1024).saturating_add(pending.unwrap_or(1024)));
            let most = [http1, http2].into_iter().flatten().min();
            let retries = number(&["http", "maxRetries"]);
            let all = |limit: Option<u64>| limit.map_or(u32::MAX, |limit| limit.min(u64::from(u32::MAX)) as u32);
            policy.pool =
                (most.is_some() || retries.is_some()).then(|| Pool { most: all(most), retries: all(retries) });
        }
        policy.tls = match json::word(value, &["tls", "mode"]) {
            "" => policy.tls,
            "DISABLE" => Some(Tls::Disable),
            "ISTIO_MUTUAL" => Some(Tls::IstioMutual),
            _ => Some(Tls::Other),
        };
        policy
    }
}

fn read_outlier(value: &Value) -> Outlier {
    let count = |field: &str, default: u32| value.get(field).and_then(Value::as_u64).map_or(default, |n| n as u32);
    let time = |field: &str, default: f64| json::text(value, &[field]).and_then(span::millis).unwrap_or(default);
    let percent = value.get("maxEjectionPercent").and_then(Value::as_f64).unwrap_or(10.0);
    Outlier {
        consecutive_5xx: count("consecutive5xxErrors", 5),
        consecutive_gateway: count("consecutiveGatewayErrors", 0),
        interval: time("interval", 10_000.0).max(1.0),
        base: time("baseEjectionTime", 30_000.0),
        most: (percent / 100.0).clamp(0.0, 1.0),
    }
}
