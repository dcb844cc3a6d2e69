//! The metric source.

use super::{Check, Health};
use crate::{
    cli::{metrics, session::Session},
    mesh::signals::promql::Interest,
};

const NAME: &str = "prometheus";

/// Whether the Prometheus API answers, and whether it knows a mesh.
pub async fn check(session: &Session, checks: &mut Vec<Check>) {
    checks.push(match session.settings.prometheus() {
        None => Check::new(
            NAME,
            Health::Absent,
            "no metric source: traffic is unknown, which counts as all of it",
            "name one with --prometheus URL, BRINK_PROMETHEUS or `prometheus` in the settings",
        ),
        Some(url) => match metrics::look(url, &Interest::default()).await {
            Err(unmeasured) => Check::new(NAME, Health::Fail, unmeasured.why, unmeasured.fix),
            Ok(snapshot) if snapshot.workloads.is_empty() => Check::new(
                NAME,
                Health::Warn,
                "it answers, and knows no requests of a mesh",
                "let it scrape the sidecars or waypoints (metric istio_requests_total)",
            ),
            Ok(snapshot) => Check::ok(NAME, format!("requests of {} workloads", snapshot.workloads.len())),
        },
    });
}
