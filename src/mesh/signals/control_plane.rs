//! How the control plane does: istiod (`pilot_*`) and ztunnels.

use serde::Serialize;

use super::sample::ControlLabels;

/// What istiod and the ztunnels tell; `None`: they do not, or nobody asks them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ControlPlane {
    /// Proxies connected to istiod (`pilot_xds`).
    pub clients: Option<f64>,
    /// Pushes per second (`pilot_xds_pushes`, all types that are no errors).
    pub pushes: Option<f64>,
    /// Failures to build or send a push, per second (`pilot_xds_pushes{type=~".*senderr"}`, `pilot_total_xds_internal_errors`).
    pub push_errors: Option<f64>,
    /// Answers of proxies that refuse a push, per second (`pilot_total_xds_rejects`): such a proxy goes on with old rules.
    pub rejects: Option<f64>,
    /// Answers of proxies to a push that is no longer the newest, per second (`pilot_xds_expired_nonce`): they lag behind.
    pub stale: Option<f64>,
    /// Median time from a change until a proxy has it, in milliseconds (`pilot_proxy_convergence_time`).
    pub convergence_p50_ms: Option<f64>,
    /// The 99th percentile of it.
    pub convergence_p99_ms: Option<f64>,
    /// Connections that ztunnels open per second.
    pub ztunnel_opened: Option<f64>,
    /// Connections per second that ztunnels could not open (`istio_tcp_connections_failed_total`).
    pub ztunnel_failed: Option<f64>,
    /// Pods that ztunnels carry (`workload_manager_active_proxy_count`).
    pub ztunnel_pods: Option<f64>,
    /// Pods that wait to be carried (`workload_manager_pending_proxy_count`).
    pub ztunnel_pending: Option<f64>,
}

impl ControlPlane {
    /// From the samples of the one question; `None` when nothing was told at all.
    pub fn of(samples: &[(ControlLabels, f64)]) -> Option<Self> {
        let mut all = Self::default();
        for (labels, value) in samples {
            let field = match labels.signal.as_str() {
                "clients" => &mut all.clients,
                "pushes" => &mut all.pushes,
                "push_errors" | "internal_errors" => &mut all.push_errors,
                "rejects" => &mut all.rejects,
                "stale" => &mut all.stale,
                "convergence_p50" => &mut all.convergence_p50_ms,
                "convergence_p99" => &mut all.convergence_p99_ms,
                "ztunnel_opened" => &mut all.ztunnel_opened,
                "ztunnel_failed" => &mut all.ztunnel_failed,
                "ztunnel_pods" => &mut all.ztunnel_pods,
                "ztunnel_pending" => &mut all.ztunnel_pending,
                _ => continue,
            };
            let value = if labels.signal.starts_with("convergence") { value * 1000.0 } else { *value };
            *field = Some(field.unwrap_or_default() + value);
        }
        (all != Self::default()).then_some(all)
    }

    /// Its figures in words, the most telling first: what a head line has room for.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(clients) = self.clients {
            words.push(format!("{clients:.0} {}", if (clients - 1.0).abs() < 0.5 { "proxy" } else { "proxies" }));
        }
        if let Some(ms) = self.convergence_p99_ms {
            let time = if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) };
            words.push(format!("changes arrive in {time} (p99)"));
        }
        if let Some(opened) = self.ztunnel_opened {
            words.push(format!("ztunnels open {opened:.1} connections/s"));
        }
        if let Some(pods) = self.ztunnel_pods {
            words.push(format!("they carry {pods:.0} pods"));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::{ControlLabels, ControlPlane};

    fn told(signals: &[(&str, f64)]) -> Option<ControlPlane> {
        let sample = |(signal, value): &(&str, f64)| (ControlLabels { signal: (*signal).into() }, *value);
        ControlPlane::of(&signals.iter().map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_told_is_no_control_plane() {
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[("something", 1.0)]), None);
    }

    #[test]
    fn seconds_become_milliseconds_and_errors_add_up() {
        let all = told(&[
            ("clients", 24.0),
            ("convergence_p99", 0.23),
            ("push_errors", 0.5),
            ("internal_errors", 0.25),
            ("stale", 0.0),
        ])
        .unwrap();
        assert_eq!((all.clients, all.push_errors, all.rejects), (Some(24.0), Some(0.75), None));
        assert_eq!(all.words(), ["24 proxies", "changes arrive in 230 ms (p99)"]);
    }
}
