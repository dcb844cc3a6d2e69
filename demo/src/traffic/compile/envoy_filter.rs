//! EnvoyFilters that insert Envoy's HTTP fault filter or its local rate limit. Every other patch is left alone.

use std::sync::Arc;

use serde_json::Value;

use crate::traffic::{
    json::{self, Labels},
    request::Text,
    span,
};

use super::{
    pods::{Group, Proxy},
    rules::{Fault, Reply},
};

/// Where in a proxy a filter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Inbound,
    Outbound,
    Gateway,
}

/// A filter and whose proxies carry it.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    namespace: String,
    labels: Labels,
    /// `None`: on every side.
    side: Option<Side>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Fault(Fault),
    Limit(Limit),
    /// Envoy does not take it: the proxy refuses the push and goes on with the listener it has.
    Refused,
}

/// What a token of a bucket stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// A request.
    Requests,
    /// A token of a model: what an answer used is known only afterwards.
    Tokens,
}

/// A token bucket of each proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Which limit it is, for the proxies' buckets.
    pub name: Arc<str>,
    /// Tokens at most.
    pub most: u32,
    /// Tokens added at a time.
    pub per_fill: u32,
    /// How often, milliseconds.
    pub interval: f64,
    /// Status of what is refused.
    pub status: u16,
    /// What its tokens stand for.
    pub counts: Counts,
}

impl Filter {
    /// The filters of an EnvoyFilter.
    pub(super) fn read(object: &Value) -> Vec<Self> {
        let namespace = json::namespace(object);
        let labels = json::labels(object, &["spec", "workloadSelector", "labels"]);
        let patches = json::list(object, &["spec", "configPatches"]).iter();
        let filters = patches.enumerate().filter_map(|(at, patch)| {
            if json::word(patch, &["applyTo"]) != "HTTP_FILTER" {
                return None;
            }
            let inserts = json::word(patch, &["patch", "operation"]).starts_with("INSERT")
                || json::word(patch, &["patch", "operation"]) == "ADD";
            let config = json::at(patch, &["patch", "value", "typed_config"])?;
            // Either the filter's own message, or a struct that names it.
            let (kind, config) = match json::text(config, &["type_url"]) {
                Some(kind) => (kind, config.get("value")?),
                None => (json::word(config, &["@type"]), config),
            };
            let what = if !inserts {
                return None;
            } else if kind.ends_with("fault.v3.HTTPFault") {
                if wrong_fault(config) { What::Refused } else { What::Fault(fault(config)) }
            } else if kind.ends_with("local_ratelimit.v3.LocalRateLimit") && wrong_bucket(config) {
                What::Refused
            } else if kind.ends_with("local_ratelimit.v3.LocalRateLimit") {
                What::Limit(limit(config, &format!("{namespace}/{}/{at}", json::name(object)))?)
            } else {
                return None;
            };
            let side = match json::word(patch, &["match", "context"]) {
                "SIDECAR_INBOUND" => Some(Side::Inbound),
                "SIDECAR_OUTBOUND" => Some(Side::Outbound),
                "GATEWAY" => Some(Side::Gateway),
                _ => None,
            };
            Some(Self { namespace: namespace.to_owned(), labels: labels.clone(), side, what })
        });
        filters.collect()
    }

    /// Whether the proxies of these pods carry it on this side.
    pub(super) fn holds(&self, group: &Group, side: Side, root: &str) -> bool {
        let own = match group.proxy {
            // What stands outside the mesh hears of no EnvoyFilter.
            Proxy::None | Proxy::Ambient | Proxy::Waypoint | Proxy::Envoy | Proxy::Agentgateway => return false,
            Proxy::Sidecar => side != Side::Gateway,
            Proxy::Gateway => side == Side::Gateway,
        };
        own && self.side.is_none_or(|one| one == side)
            && (self.namespace == root || *self.namespace == *group.namespace)
            && json::carries(&group.labels, &self.labels)
    }

    pub(super) fn fault(&self) -> Option<&Fault> {
        match &self.what {
            What::Fault(fault) => Some(fault),
            What::Limit(_) | What::Refused => None,
        }
    }

    pub(super) fn limit(&self) -> Option<&Limit> {
        match &self.what {
            What::Fault(_) | What::Refused => None,
            What::Limit(limit) => Some(limit),
        }
    }

    /// Whether Envoy refuses it.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.what, What::Refused)
    }

    /// Whether the proxies of these pods get it on any side.
    pub(super) fn reaches(&self, group: &Group, root: &str) -> bool {
        [Side::Inbound, Side::Outbound, Side::Gateway].into_iter().any(|side| self.holds(group, side, root))
    }
}

/// What the rules of Envoy's API forbid in a fault: a status outside of 200 to 599, a delay of nothing
/// (`envoy.extensions.filters.http.fault.v3`).
fn wrong_fault(config: &Value) -> bool {
    let status = json::at(config, &["abort", "http_status"]).and_then(Value::as_u64);
    let delay = json::at(config, &["delay", "fixed_delay"]);
    let none = |delay: &Value| delay.as_str().and_then(span::millis).is_none_or(|ms| ms <= 0.0);
    status.is_some_and(|status| !(200..600).contains(&status)) || delay.is_some_and(none)
}

/// What they forbid in a bucket: none at all, one without a size, one that is never filled or more often than every 50 ms
/// (`envoy.type.v3.TokenBucket`, local rate limit).
fn wrong_bucket(config: &Value) -> bool {
    let Some(bucket) = config.get("token_bucket") else { return true };
    let number = |field: &str| bucket.get(field).and_then(Value::as_u64);
    let interval = json::text(bucket, &["fill_interval"]).and_then(span::millis);
    number("max_tokens").is_none_or(|most| most == 0)
        || number("tokens_per_fill") == Some(0)
        || interval.is_none_or(|ms| ms < 50.0)
}

/// A limit that is not switched on limits nothing.
fn limit(config: &Value, name: &str) -> Option<Limit> {
    let bucket = config.get("token_bucket")?;
    let number = |field: &str| bucket.get(field).and_then(Value::as_u64).map(|n| n.min(u64::from(u32::MAX)) as u32);
    let interval = json::text(bucket, &["fill_interval"]).and_then(span::millis).filter(|ms| *ms > 0.0)?;
    let share = |field: &str| {
        let part = json::at(config, &[field, "default_value"]).map(|value| serde_json::json!({"percentage": value}));
        part.map_or(0.0, |part| share(&part))
    };
    // Without these two nothing is enforced: they are off by default.
    if share("filter_enabled") <= 0.0 || share("filter_enforced") <= 0.0 {
        return None;
    }
    Some(Limit {
        name: name.into(),
        most: number("max_tokens")?,
        per_fill: number("tokens_per_fill").unwrap_or(1),
        interval,
        status: json::port(config, &["status", "code"]).unwrap_or(429),
        counts: Counts::Requests,
    })
}

fn fault(config: &Value) -> Fault {
    let delay =
        config.get("delay").and_then(|delay| Some((share(delay), span::millis(json::text(delay, &["fixed_delay"])?)?)));
    let abort = config.get("abort").and_then(|abort| {
        let grpc = json::at(abort, &["grpc_status"]).and_then(Value::as_u64).map(|code| Reply::Grpc(code as u8));
        Some((share(abort), json::port(abort, &["http_status"]).map(Reply::Http).or(grpc)?))
    });
    let headers = json::list(config, &["headers"]).iter().map(|header| {
        let text = |path: &[&str]| json::text(header, path).map(str::to_owned);
        let matcher = text(&["string_match", "exact"])
            .map(Text::Exact)
            .or_else(|| text(&["string_match", "prefix"]).map(Text::Prefix))
            .or_else(|| text(&["string_match", "suffix"]).map(Text::Suffix))
            .or_else(|| text(&["string_match", "safe_regex", "regex"]).map(|regex| Text::regex(&regex)))
            .or_else(|| text(&["exact_match"]).map(Text::Exact))
            .or_else(|| text(&["prefix_match"]).map(Text::Prefix));
        let present = header.get("present_match").and_then(Value::as_bool) == Some(true);
        let matcher = matcher.unwrap_or(if present { Text::Present } else { Text::Never });
        (json::word(header, &["name"]).to_owned(), matcher)
    });
    Fault { delay, abort, headers: headers.collect() }
}

/// `envoy.type.v3.FractionalPercent`.
fn share(part: &Value) -> f64 {
    let numerator = json::at(part, &["percentage", "numerator"]).and_then(Value::as_f64).unwrap_or(0.0);
    let denominator = match json::word(part, &["percentage", "denominator"]) {
        "TEN_THOUSAND" => 1e4,
        "MILLION" => 1e6,
        _ => 1e2,
    };
    (numerator / denominator).clamp(0.0, 1.0)
}
