//! Whom `mtls-strict` shuts out: callers that were measured in plain text, named with what they send.

use super::{kinds::FaultKind, plan::Plan, traffic::Traffic};
use crate::mesh::mtls::plain::Plain;

/// Callers named one by one; the rest is counted.
const NAMED: usize = 5;

/// In words, for the preview; nothing for other kinds.
pub fn foretold(plan: &Plan, traffic: &Traffic) -> Vec<String> {
    if plan.fault.kind != FaultKind::MtlsStrict {
        return Vec::new();
    }
    let Some(plain) = &traffic.plain else {
        return vec!["how callers come was not measured: who is shut out is unknown".to_owned()];
    };
    let hit = |one: &&Plain| plan.reach.workloads.contains(&format!("{}/{}", one.to.0, one.to.1));
    let hit: Vec<&Plain> = plain.iter().filter(hit).collect();
    if hit.is_empty() {
        return vec!["no call was measured in plain text: nobody is shut out".to_owned()];
    }
    let mut lines: Vec<String> = hit.iter().take(NAMED).map(|one| line(one)).collect();
    if hit.len() > NAMED {
        let rest: f64 = hit.iter().skip(NAMED).filter_map(|one| one.rps).sum();
        lines.push(format!("so are {rest:.1} req/s of {} more callers", hit.len() - NAMED));
    }
    lines
}

fn line(one: &Plain) -> String {
    let from = match one.from.1.as_str() {
        "" | "unknown" => "callers outside the mesh".to_owned(),
        name => format!("{}/{name}", one.from.0),
    };
    let to = format!("{}/{}", one.to.0, one.to.1);
    let much = match (one.rps, one.connections) {
        (Some(rps), _) => format!("{} req/s", rate(rps)),
        (None, Some(connections)) => format!("{} connections/s", rate(connections)),
        (None, None) => "calls".to_owned(),
    };
    format!("{much} from {from} to {to} are plaintext and will be refused")
}

fn rate(rate: f64) -> String {
    if rate < 0.1 { "under 0.1".to_owned() } else { format!("{rate:.1}") }
}
