//! The lines of `brink mesh -o json`: workloads, services with their versions, and calls.

use serde::Serialize;

use super::{
    around::{Around, Served},
    dataplane::Dataplane,
    health::{self, Health, Replicas},
    signals::{
        Golden, WorkloadRow,
        attempts::{Attempts, Retrying},
        codes::Classes,
        flows::Tcp,
        fold::{Edge, Named},
        services::{ServiceRow, VersionRow},
        upstreams::Upstream,
        usage::Usage,
    },
};

/// One workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeshLine {
    /// Namespace.
    pub namespace: String,
    /// Workload.
    pub workload: String,
    /// `rps`, `error_share` and the latencies.
    #[serde(flatten)]
    pub golden: Golden,
    /// How well it is, and why.
    pub health: Health,
    /// Its pods; `null` when they were not looked at.
    pub replicas: Option<Replicas>,
    /// What carries its traffic; `null` when its pods were not looked at.
    pub dataplane: Option<Dataplane>,
    /// The waypoint before it.
    pub waypoint: Option<String>,
    /// Whether all its calls come by mutual TLS.
    pub mtls: Option<bool>,
    /// The share in plain text.
    pub plaintext_share: Option<f64>,
    /// Attempts against requests; `null` unless both ends tell.
    pub retrying: Option<Retrying>,
    /// Shares of its requests by answer.
    pub answers: Option<Classes>,
    /// Connections it receives; `null` when nobody tells.
    pub tcp: Option<TcpLine>,
    /// What it uses.
    pub usage: Usage,
}

/// Connections of TCP.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TcpLine {
    /// Connections opened per second.
    pub opened_per_s: Option<f64>,
    /// Bytes per second it sent back.
    pub sent_bytes_per_s: Option<f64>,
    /// Bytes per second it received.
    pub received_bytes_per_s: Option<f64>,
}

impl TcpLine {
    /// `None` when nobody tells.
    pub(super) fn of(tcp: Tcp) -> Option<Self> {
        (!tcp.unknown()).then_some(Self {
            opened_per_s: tcp.opened,
            sent_bytes_per_s: tcp.sent,
            received_bytes_per_s: tcp.received,
        })
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceLine {
    /// Namespace.
    pub namespace: String,
    /// Service.
    pub service: String,
    /// `rps`, `error_share` and the latencies.
    #[serde(flatten)]
    pub golden: Golden,
    /// How well it is, and why.
    pub health: Health,
    /// Shares of its requests by answer.
    pub answers: Option<Classes>,
    /// Attempts against requests; `null` unless both ends tell.
    pub retrying: Option<Retrying>,
    /// Retries, ejections and full pools as callers' proxies tell.
    pub upstream: Upstream,
    /// The workloads behind it.
    pub versions: Vec<VersionLine>,
}

/// One workload behind a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionLine {
    /// Its version label; empty when not told.
    pub version: String,
    /// `NS/NAME`.
    pub workload: String,
    /// `rps` by this service, `error_share`, and the latencies where it serves nothing else.
    #[serde(flatten)]
    pub golden: Golden,
    /// Shares of its requests by answer.
    pub answers: Option<Classes>,
}

/// Calls from one workload to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeLine {
    /// `NS/NAME` of the caller.
    pub from: String,
    /// `NS/NAME` of the workload called.
    pub to: String,
    /// `NS/NAME` of the service it is called by.
    pub service: String,
    /// `rps`, `error_share` and the latencies.
    #[serde(flatten)]
    pub golden: Golden,
    /// Shares of the requests by answer.
    pub answers: Option<Classes>,
    /// Attempts against requests; `null` unless both ends tell.
    pub retrying: Option<Retrying>,
    /// Whether all of it comes by mutual TLS.
    pub mtls: Option<bool>,
    /// The share in plain text.
    pub plaintext_share: Option<f64>,
    /// A waypoint between them told of some.
    pub waypoint: bool,
}

impl MeshLine {
    /// A workload's line.
    pub fn new(row: &WorkloadRow, around: &Around, served: &Served<'_>) -> Self {
        let named: Named = (row.namespace.clone(), row.workload.clone());
        let crew = around.crews.get(&named);
        let replicas = crew.map(|crew| crew.replicas);
        let waypoint = crew.and_then(|crew| served.before(&named, crew));
        Self {
            namespace: row.namespace.to_string(),
            workload: row.workload.to_string(),
            golden: row.golden,
            health: health::workload(row, replicas, &around.tolerances),
            replicas,
            dataplane: crew.and_then(super::crew::Crew::plane),
            waypoint: waypoint.map(|name| name.to_string()),
            mtls: row.security.mtls,
            plaintext_share: row.security.plaintext_share,
            retrying: row.attempts.and_then(Attempts::figures),
            answers: row.codes.classes(),
            tcp: TcpLine::of(row.tcp),
            usage: row.usage,
        }
    }
}

impl ServiceLine {
    /// A service's line.
    pub fn new(row: &ServiceRow, around: &Around) -> Self {
        Self {
            namespace: row.namespace.to_string(),
            service: row.service.to_string(),
            golden: row.golden,
            health: health::service(row, &around.tolerances),
            answers: row.codes.classes(),
            retrying: row.attempts.and_then(Attempts::figures),
            upstream: row.upstream,
            versions: row.versions.iter().map(VersionLine::new).collect(),
        }
    }
}

impl VersionLine {
    fn new(row: &VersionRow) -> Self {
        Self {
            version: row.version.to_string(),
            workload: slashed(&row.workload),
            golden: row.golden,
            answers: row.codes.classes(),
        }
    }
}

impl EdgeLine {
    /// An edge's line.
    pub fn new(edge: &Edge) -> Self {
        Self {
            from: slashed(&edge.from),
            to: slashed(&edge.to),
            service: slashed(&edge.service),
            golden: edge.tally.golden(None, 1.0).lasting(edge.latency),
            answers: edge.codes.classes(),
            retrying: edge.attempts.and_then(Attempts::figures),
            mtls: edge.mtls,
            plaintext_share: edge.plaintext_share,
            waypoint: edge.waypoint,
        }
    }
}

/// `NS/NAME`.
pub(super) fn slashed(named: &Named) -> String {
    format!("{}/{}", named.0, named.1)
}
