//! The rows. A new kind is a row here and a driver that compiles it.

use super::{DriverRow, Param, ParamType, Row, ScopeType, TargetType};
use crate::fault::{
    class::Class,
    intent::{Driver, FaultKind},
};

const PERCENT: Param = Param {
    name: "percent",
    kind: ParamType::Percent,
    default: Some("100"),
    required: false,
    either: None,
    doc: "share of the requests",
};

const HTTP_TARGETS: &[TargetType] = &[
    TargetType::Service,
    TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "VirtualService"]),
    TargetType::Selector,
];

const ALL_SCOPES: &[ScopeType] = &[ScopeType::From, ScopeType::Headers, ScopeType::Path];

const HTTP_DRIVERS: &[DriverRow] = &[
    DriverRow {
        driver: Driver::Istio,
        class: Class::SelfExpiring,
        needs: ("networking.istio.io", "EnvoyFilter"),
        how: "an EnvoyFilter of our own at the sidecars, under a fuse",
    },
    DriverRow {
        driver: Driver::IstioVirtualService,
        class: Class::Guarded,
        needs: ("networking.istio.io", "VirtualService"),
        how: "faulted copies inserted before the rules of the VirtualService",
    },
];

pub(super) const HTTP_DELAY: Row = Row {
    kind: FaultKind::HttpDelay,
    doc: "Requests wait before they are served.",
    params: &[
        Param {
            name: "delay",
            kind: ParamType::Span { min: 1, max: 600_000 },
            default: None,
            required: true,
            either: None,
            doc: "how long each request waits",
        },
        PERCENT,
    ],
    targets: HTTP_TARGETS,
    scopes: ALL_SCOPES,
    drivers: HTTP_DRIVERS,
};

pub(super) const HTTP_ABORT: Row = Row {
    kind: FaultKind::HttpAbort,
    doc: "Requests fail with a status before they are served.",
    params: &[
        Param {
            name: "status",
            kind: ParamType::Whole { min: 200, max: 599 },
            default: Some("503"),
            required: false,
            either: Some("grpc_status"),
            doc: "HTTP status of the answer",
        },
        Param {
            name: "grpc_status",
            kind: ParamType::Whole { min: 0, max: 16 },
            default: None,
            required: false,
            either: Some("status"),
            doc: "gRPC status code of the answer, instead of an HTTP status",
        },
        PERCENT,
    ],
    targets: HTTP_TARGETS,
    scopes: ALL_SCOPES,
    drivers: HTTP_DRIVERS,
};

pub(super) const AUTHZ_DENY: Row = Row {
    kind: FaultKind::AuthzDeny,
    doc: "Requests are refused by an authorization policy.",
    params: &[Param {
        name: "from",
        kind: ParamType::Source,
        default: None,
        required: false,
        either: None,
        doc: "only requests of this workload or namespace; all requests when absent",
    }],
    targets: &[
        TargetType::Service,
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet"]),
        TargetType::Selector,
    ],
    scopes: &[ScopeType::From, ScopeType::Path],
    drivers: &[DriverRow {
        driver: Driver::Istio,
        class: Class::SelfExpiring,
        needs: ("security.istio.io", "AuthorizationPolicy"),
        how: "an AuthorizationPolicy of our own with action DENY, under a fuse",
    }],
};

pub(super) const ROUTE_CONFLICT: Row = Row {
    kind: FaultKind::RouteConflict,
    doc: "A second route takes the same hosts and matches.",
    params: &[
        Param {
            name: "backend",
            kind: ParamType::Backend,
            default: None,
            required: true,
            either: None,
            doc: "the Service the second route sends requests to",
        },
        Param {
            name: "recreate",
            kind: ParamType::Flag,
            default: Some("false"),
            required: false,
            either: None,
            doc: "delete the first route and create it anew after the second, so that the second is older and wins",
        },
    ],
    targets: &[TargetType::Route],
    scopes: &[],
    drivers: &[DriverRow {
        driver: Driver::GatewayApi,
        class: Class::SelfExpiring,
        needs: ("gateway.networking.k8s.io", "HTTPRoute"),
        how: "an HTTPRoute of our own, under a fuse (guarded with recreate)",
    }],
};

pub(super) const SCALE: Row = Row {
    kind: FaultKind::Scale,
    doc: "A workload runs another number of replicas.",
    params: &[Param {
        name: "replicas",
        kind: ParamType::Whole { min: 0, max: 1000 },
        default: None,
        required: true,
        either: None,
        doc: "how many replicas instead",
    }],
    targets: &[TargetType::Workload(&["Deployment", "StatefulSet", "ReplicaSet"])],
    scopes: &[],
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::Guarded,
        needs: ("", ""),
        how: "another number in spec.replicas",
    }],
};

pub(super) const POD_KILL: Row = Row {
    kind: FaultKind::PodKill,
    doc: "Pods are evicted; their controllers make new ones.",
    params: &[
        Param {
            name: "count",
            kind: ParamType::Whole { min: 1, max: 1000 },
            default: None,
            required: false,
            either: Some("percent"),
            doc: "how many pods",
        },
        Param {
            name: "percent",
            kind: ParamType::Percent,
            default: None,
            required: false,
            either: Some("count"),
            doc: "share of the pods, rounded down, at least one",
        },
    ],
    targets: &[
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"]),
        TargetType::Service,
        TargetType::Selector,
    ],
    scopes: &[],
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::OneWay,
        needs: ("", ""),
        how: "evictions, which respect disruption budgets",
    }],
};

pub(super) const MANIFEST: Row = Row {
    kind: FaultKind::Manifest,
    doc: "Any YAML: objects are created, or what stands there is changed to match.",
    params: &[],
    targets: &[TargetType::Manifest],
    scopes: &[],
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::Guarded,
        needs: ("", ""),
        how: "creates under a fuse, patches of what is there",
    }],
};
