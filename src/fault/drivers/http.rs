//! What the kinds that disturb HTTP requests have in common, and the two ways Istio does it.

use std::time::Duration;

use super::{CompileError, istio, istio_virtual_service, rule_copies};
use crate::fault::{
    catalogue::{Compile, DriverRow, Param, ParamType, ScopeType, TargetType, Wanted},
    class::Class,
    intent::Driver,
    plan::Plan,
};

/// What is done to which share of the requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HttpFault {
    /// What is done to them.
    pub what: Disturbance,
    /// Which share, above 0 and up to 100.
    pub percent: f64,
}

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// It waits so long.
    Delay(Duration),
    /// It fails.
    Abort(AbortWith),
}

/// What a failed request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortWith {
    /// An HTTP status.
    Http(u16),
    /// A gRPC status code.
    Grpc(u8),
}

impl AbortWith {
    /// `HTTP 503`, `gRPC status 14`.
    pub fn words(self) -> String {
        match self {
            Self::Http(status) => format!("HTTP {status}"),
            Self::Grpc(code) => format!("gRPC status {code}"),
        }
    }
}

/// The share of the requests.
pub const PERCENT: Param = Param::optional("percent", ParamType::Percent, "share of the requests").or("100");

/// Whom requests go to.
pub const TARGETS: &[TargetType] = &[
    TargetType::Service,
    TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "VirtualService"]),
    TargetType::Selector,
];

/// The same, or a route at the Gateways that can do it there.
pub const TARGETS_OR_ROUTE: &[TargetType] = &[
    TargetType::Service,
    TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "VirtualService"]),
    TargetType::Selector,
    TargetType::Route,
];

/// What tells requests apart.
pub const SCOPES: &[ScopeType] = &[ScopeType::From, ScopeType::Headers, ScopeType::Path];

/// By an EnvoyFilter of our own.
pub const fn by_filter(compile: Compile) -> DriverRow {
    DriverRow::new(
        Driver::Istio,
        Class::SelfExpiring,
        ("networking.istio.io", "EnvoyFilter"),
        "an EnvoyFilter of our own at the sidecars, under a fuse",
        &[
            "no sidecar or waypoint on the hit pods",
            "istiod has not sent the filter to the proxies",
            "no request is in its scope",
        ],
        compile,
    )
    .taking(TARGETS)
}

/// By the VirtualService that is there.
pub const fn by_rules(compile: Compile) -> DriverRow {
    rule_copies::by("faulted copies inserted before the rules of the VirtualService", rule_copies::SILENT, compile)
        .taking(TARGETS)
}

/// Compiles it to an EnvoyFilter.
pub fn filter(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    istio::http(wanted.fault, what, wanted.sight, wanted.id)
}

/// Compiles it to faulted copies of rules.
pub fn rules(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    istio_virtual_service::compile(wanted, what)
}
