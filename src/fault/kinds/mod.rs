//! The fault kinds: one file each, and one row in the table below.
//!
//! A kind's file holds all that is particular to it: its [`Row`] (what it does, its parameters with units and defaults, what
//! it can be aimed at, who can carry it out), its typed values, how each driver compiles it, and what should be seen of it.
//! What several kinds do alike stands in `drivers`. The form, `--set`, Fault files, `fault kinds`, `docs/faults.md` and the
//! validation all read the row, so that no two of them can disagree. `docs/add-a-fault.md` walks through one.

mod authz_deny;
mod bad_config;
mod bad_image;
mod bad_probe;
mod cert_expired;
mod circuit_break;
mod container_kill;
mod cpu_stress;
mod dapr_component_off;
mod dapr_resiliency;
mod dns_error;
mod dns_random;
mod external_outage;
mod http_abort;
mod http_delay;
mod io_latency;
mod llm_outage;
mod manifest;
mod memory_stress;
mod mtls_off;
mod mtls_strict;
mod network_bandwidth;
mod network_corrupt;
mod network_delay;
mod network_loss;
mod network_partition;
mod node_cordon;
mod node_drain;
mod outlier_eject;
mod pod_failure;
mod pod_kill;
mod rate_limit;
mod retries;
mod route_conflict;
mod route_detach;
mod route_hostname_steal;
mod route_no_backend;
mod route_weight;
mod scale;
mod scale_down_up;
mod time_skew;
mod timeout;
mod zone_loss;

use super::catalogue::Row;

macro_rules! table {
    ($($(#[$doc:meta])* $kind:ident = $word:literal in $file:ident;)+) => {
        /// The fault kinds. The word is the one of Fault files, forms and the machine output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FaultKind { $($(#[$doc])* $kind,)+ }

        impl FaultKind {
            /// All kinds, in the order of the catalogue.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$kind),+];

            /// Its name.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)+ }
            }
        }

        /// The row of a kind.
        pub fn row(kind: FaultKind) -> &'static Row {
            match kind { $(FaultKind::$kind => &$file::ROW,)+ }
        }
    };
}

table! {
    /// Requests wait before they are served.
    HttpDelay = "http-delay" in http_delay;
    /// Requests fail with a status.
    HttpAbort = "http-abort" in http_abort;
    /// Requests are refused by an authorization policy.
    AuthzDeny = "authz-deny" in authz_deny;
    /// A second route takes the same match.
    RouteConflict = "route-conflict" in route_conflict;
    /// A route sends other shares to its backends.
    RouteWeight = "route-weight" in route_weight;
    /// A route points at a Service that is not there.
    RouteNoBackend = "route-no-backend" in route_no_backend;
    /// A route has no parent.
    RouteDetach = "route-detach" in route_detach;
    /// A second route names a longer host.
    RouteHostnameSteal = "route-hostname-steal" in route_hostname_steal;
    /// Requests are given up early.
    Timeout = "timeout" in timeout;
    /// Requests are tried more often, or less.
    Retries = "retries" in retries;
    /// Callers leave pods out that fail.
    OutlierEject = "outlier-eject" in outlier_eject;
    /// Callers may have few requests under way.
    CircuitBreak = "circuit-break" in circuit_break;
    /// Pods take mutual TLS alone.
    MtlsStrict = "mtls-strict" in mtls_strict;
    /// Pods take plain text alone.
    MtlsOff = "mtls-off" in mtls_off;
    /// A host outside the mesh is not reached.
    ExternalOutage = "external-outage" in external_outage;
    /// A Gateway shows a certificate that clients do not take.
    CertExpired = "cert-expired" in cert_expired;
    /// A route takes only so many requests.
    RateLimit = "rate-limit" in rate_limit;
    /// A model behind a route is not reached.
    LlmOutage = "llm-outage" in llm_outage;
    /// Sidecars of Dapr treat calls otherwise.
    DaprResiliency = "dapr-resiliency" in dapr_resiliency;
    /// An application loses a component of Dapr.
    DaprComponentOff = "dapr-component-off" in dapr_component_off;
    /// Pods are cut off.
    NetworkPartition = "network-partition" in network_partition;
    /// A workload runs another number of replicas.
    Scale = "scale" in scale;
    /// A workload is scaled away and comes back.
    ScaleDownUp = "scale-down-up" in scale_down_up;
    /// Pods are evicted.
    PodKill = "pod-kill" in pod_kill;
    /// New pods name an image that is not there.
    BadImage = "bad-image" in bad_image;
    /// One value of a configuration is another.
    BadConfig = "bad-config" in bad_config;
    /// A probe asks where nobody answers.
    BadProbe = "bad-probe" in bad_probe;
    /// No new pod starts on a node.
    NodeCordon = "node-cordon" in node_cordon;
    /// Pods are evicted from a node.
    NodeDrain = "node-drain" in node_drain;
    /// Pods are evicted from all nodes of a zone.
    ZoneLoss = "zone-loss" in zone_loss;
    /// What pods send arrives late.
    NetworkDelay = "network-delay" in network_delay;
    /// Packets are lost.
    NetworkLoss = "network-loss" in network_loss;
    /// Packets arrive damaged.
    NetworkCorrupt = "network-corrupt" in network_corrupt;
    /// What pods send is held to a rate.
    NetworkBandwidth = "network-bandwidth" in network_bandwidth;
    /// Names do not resolve.
    DnsError = "dns-error" in dns_error;
    /// Names resolve to random addresses.
    DnsRandom = "dns-random" in dns_random;
    /// Pods stop serving.
    PodFailure = "pod-failure" in pod_failure;
    /// A container is killed.
    ContainerKill = "container-kill" in container_kill;
    /// CPU is taken away.
    CpuStress = "cpu-stress" in cpu_stress;
    /// Memory is taken away.
    MemoryStress = "memory-stress" in memory_stress;
    /// Files answer late.
    IoLatency = "io-latency" in io_latency;
    /// Clocks are wrong.
    TimeSkew = "time-skew" in time_skew;
    /// Any YAML.
    Manifest = "manifest" in manifest;
}
