//! The metric source.

use super::{Check, Health};
use crate::{
    cli::{metrics, session::Session},
    mesh::{
        signals::{MetricKind, Snapshot, promql::Interest},
        wanted::Ask,
    },
};

const NAME: &str = "prometheus";

/// Which source answers, and whether it knows a mesh.
pub async fn check(session: &Session, checks: &mut Vec<Check>) {
    checks.push(match metrics::look(&session.metrics, &Interest::default()).await {
        Err(error) if error.absent() => Check::new(
            NAME,
            Health::Absent,
            format!("{error}: traffic is unknown, which counts as all of it"),
            error.fix(),
        ),
        Err(error) => Check::new(NAME, Health::Fail, error.to_string(), error.fix()),
        Ok(snapshot) => answered(session, &snapshot),
    });
}

fn answered(session: &Session, snapshot: &Snapshot) -> Check {
    let whence = &snapshot.whence;
    let found = session.settings.metrics().ask == Ask::Found;
    let who = match whence.kind {
        MetricKind::Scrape => format!("{} read directly", whence.place),
        MetricKind::Prometheus if found => format!("{} found", whence.place),
        MetricKind::Prometheus | MetricKind::None => "it answers".to_owned(),
    };
    if snapshot.workloads.is_empty() && snapshot.measured.labelled.is_empty() {
        let fix = match whence.kind {
            MetricKind::Scrape => "send some requests through the mesh",
            MetricKind::Prometheus | MetricKind::None => {
                "let it scrape the sidecars or waypoints (metric istio_requests_total)"
            }
        };
        return Check::new(NAME, Health::Warn, format!("{who}, and knows no requests of a mesh"), fix);
    }
    let count = snapshot.workloads.len();
    match whence.kind {
        MetricKind::Prometheus if !found => Check::ok(NAME, format!("requests of {count} workloads")),
        MetricKind::Prometheus | MetricKind::None => Check::ok(NAME, format!("{who}: requests of {count} workloads")),
        MetricKind::Scrape => {
            // Questions and alerts need more than counters.
            let detail = format!("{who}, no Prometheus: requests of {count} workloads; no alerts, no PromQL");
            Check::ok(NAME, detail)
        }
    }
}
