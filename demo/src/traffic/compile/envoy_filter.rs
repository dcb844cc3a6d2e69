//! EnvoyFilters that insert Envoy's HTTP fault filter. Every other patch is left alone.

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

/// A fault filter and whose proxies carry it.
#[derive(Debug, Clone)]
pub(super) struct FaultFilter {
    namespace: String,
    labels: Labels,
    /// `None`: on every side.
    side: Option<Side>,
    fault: Fault,
}

impl FaultFilter {
    /// The fault filters of an EnvoyFilter.
    pub(super) fn read(object: &Value) -> Vec<Self> {
        let namespace = json::namespace(object);
        let labels = json::labels(object, &["spec", "workloadSelector", "labels"]);
        let patches = json::list(object, &["spec", "configPatches"]).iter();
        let faults = patches.filter(|patch| json::word(patch, &["applyTo"]) == "HTTP_FILTER").filter_map(|patch| {
            let inserts = json::word(patch, &["patch", "operation"]).starts_with("INSERT")
                || json::word(patch, &["patch", "operation"]) == "ADD";
            let config = json::at(patch, &["patch", "value", "typed_config"])?;
            if !inserts || !json::word(config, &["@type"]).ends_with("fault.v3.HTTPFault") {
                return None;
            }
            let side = match json::word(patch, &["match", "context"]) {
                "SIDECAR_INBOUND" => Some(Side::Inbound),
                "SIDECAR_OUTBOUND" => Some(Side::Outbound),
                "GATEWAY" => Some(Side::Gateway),
                _ => None,
            };
            Some(Self { namespace: namespace.to_owned(), labels: labels.clone(), side, fault: fault(config) })
        });
        faults.collect()
    }

    /// Whether the proxies of these pods carry it on this side.
    pub(super) fn holds(&self, group: &Group, side: Side, root: &str) -> bool {
        let own = match group.proxy {
            Proxy::None => return false,
            Proxy::Sidecar => side != Side::Gateway,
            Proxy::Gateway => side == Side::Gateway,
        };
        own && self.side.is_none_or(|one| one == side)
            && (self.namespace == root || *self.namespace == *group.namespace)
            && json::carries(&group.labels, &self.labels)
    }

    pub(super) fn fault(&self) -> &Fault {
        &self.fault
    }
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
