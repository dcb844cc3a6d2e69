//! The blast radius: who is hit, and which share of the traffic that is.

use super::{
    plan::Plan,
    preview::{Blast, TrafficSource},
    traffic::Traffic,
    upstream::dependants,
};

/// What a plan hits, with the share of all measured requests. Unknown stays unknown: it counts as everything (rule R5).
pub fn blast(plan: &Plan, traffic: &Traffic) -> Blast {
    let (traffic_share, traffic_source) = share(plan, traffic);
    let pods = plan
        .reach
        .pods
        .iter()
        .flat_map(|(namespace, names)| names.iter().map(move |name| format!("{namespace}/{name}")));
    Blast {
        pods: pods.collect(),
        routes: plan.reach.routes.clone(),
        dependants: dependants(&traffic.calls, &plan.reach.workloads),
        traffic_share,
        traffic_source,
    }
}

fn share(plan: &Plan, traffic: &Traffic) -> (Option<f64>, TrafficSource) {
    let Some(total) = traffic.total.filter(|total| total.is_finite() && *total >= 0.0) else {
        return (None, TrafficSource::Unknown);
    };
    if plan.reach.everything.is_some() {
        return (Some(1.0), TrafficSource::Shared);
    }
    if total == 0.0 {
        return (Some(0.0), TrafficSource::Measured);
    }
    let mut hit = 0.0;
    if plan.reach.workloads.is_empty() {
        // Only routes are known: their own numbers count.
        let mut source = TrafficSource::Measured;
        for route in &plan.reach.routes {
            match traffic.routes.get(route) {
                Some((_, TrafficSource::Unknown)) | None => return (None, TrafficSource::Unknown),
                Some((rate, origin)) => {
                    hit += rate;
                    if *origin == TrafficSource::Shared {
                        source = TrafficSource::Shared;
                    }
                }
            }
        }
        return (Some(portion(hit * plan.reach.portion, total)), source);
    }
    for workload in &plan.reach.workloads {
        // Where others are measured, a workload without series gets no requests.
        hit += traffic.workloads.get(workload).copied().unwrap_or(0.0);
    }
    (Some(portion(hit * plan.reach.portion, total)), TrafficSource::Measured)
}

fn portion(hit: f64, total: f64) -> f64 {
    let share = (hit / total).clamp(0.0, 1.0);
    (share * 10_000.0).round() / 10_000.0
}
