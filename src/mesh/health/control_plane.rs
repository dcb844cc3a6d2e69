//! Health of the control plane: whether every proxy has the newest rules, and every pod its ztunnel.
//!
//! istiod tells no proxy by name in its metrics, so it counts here and not at a workload. A proxy that lags or refuses a push goes
//! on with older rules: traffic flows, but not as the objects say. That is degraded, never failing.

use super::{Health, Reason, State};
use crate::mesh::signals::control_plane::ControlPlane;

/// As istiod and the ztunnels tell it; unknown when they tell nothing that says how well they are.
pub fn control_plane(told: &ControlPlane) -> Health {
    let rates: [(Option<f64>, &str, &str); 4] = [
        (told.push_errors, "push errors", "pushes that istiod could not make or send"),
        (told.rejects, "pushes refused by proxies", "pushes refused by proxies, which go on with older rules"),
        (told.stale, "proxies behind", "answers to pushes that are no longer the newest: proxies are not in sync"),
        (told.ztunnel_failed, "connections ztunnels could not open", "connections that ztunnels could not open"),
    ];
    let mut reasons: Vec<Reason> = rates
        .into_iter()
        .filter_map(|(rate, short, words)| {
            let rate = rate.filter(|rate| *rate > 0.0)?;
            let often = if rate >= 0.1 { format!("{rate:.1}/s") } else { "some".to_owned() };
            let reason = |short: String, words: String| Reason { state: State::Degraded, short, words };
            Some(reason(format!("{short}: {often}"), format!("{often} {words}")))
        })
        .collect();
    if let Some(pods) = told.ztunnel_pending.filter(|pods| *pods > 0.0) {
        let words = format!("{pods:.0} {} for a ztunnel", if pods < 1.5 { "pod waits" } else { "pods wait" });
        reasons.push(Reason { state: State::Degraded, short: words.clone(), words });
    }
    let known = [told.clients, told.push_errors, told.rejects, told.stale, told.ztunnel_pods, told.ztunnel_opened];
    let state = match (reasons.is_empty(), known.iter().any(Option::is_some)) {
        (false, _) => State::Degraded,
        (true, true) => State::Healthy,
        (true, false) => State::Unknown,
    };
    Health { state, reasons }
}

#[cfg(test)]
mod tests {
    use super::{ControlPlane, State, control_plane};

    #[test]
    fn a_proxy_that_is_behind_or_refuses_is_a_reason() {
        let calm = ControlPlane { clients: Some(24.0), rejects: Some(0.0), ..ControlPlane::default() };
        assert_eq!(control_plane(&calm).state, State::Healthy);
        let behind = ControlPlane { stale: Some(0.26), rejects: Some(0.01), ..calm };
        let health = control_plane(&behind);
        assert_eq!(health.state, State::Degraded);
        let short: Vec<&str> = health.reasons.iter().map(|reason| reason.short.as_str()).collect();
        assert_eq!(short, ["pushes refused by proxies: some", "proxies behind: 0.3/s"]);
        assert!(health.why().ends_with("proxies are not in sync"), "{}", health.why());
    }

    #[test]
    fn who_tells_nothing_is_unknown() {
        assert_eq!(control_plane(&ControlPlane::default()).state, State::Unknown);
        let waiting = ControlPlane { ztunnel_pending: Some(2.0), ..ControlPlane::default() };
        assert_eq!(control_plane(&waiting).why(), "2 pods wait for a ztunnel");
    }
}
