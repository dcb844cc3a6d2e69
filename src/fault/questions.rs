//! What is asked of Prometheus about the requests to what a plan hits.

use super::plan::Plan;

/// The share of the requests to what is hit that are answered so; `or` keeps reporters that saw none.
pub(super) fn share(plan: &Plan, matcher: &str) -> String {
    let sum = |matchers: &str| format!("sum by (reporter) (rate(istio_requests_total{{{matchers}}}[1m]))");
    let hit = hit(plan);
    let (all, some) = (sum(&hit), sum(&format!("{hit}, {matcher}")));
    format!("({some} or 0 * {all}) / ({all} > 0)")
}

/// Mean latency of the requests to what is hit.
pub(super) fn mean(plan: &Plan) -> String {
    let hit = hit(plan);
    let sum = |what: &str| format!("sum by (reporter) (rate(istio_request_duration_milliseconds_{what}{{{hit}}}[1m]))");
    format!("{} / ({} > 0)", sum("sum"), sum("count"))
}

/// Label matchers of the requests that are hit: by service, since a request that is refused on its way reaches no workload.
fn hit(plan: &Plan) -> String {
    let of = |all: &[String], namespaces: &str, names: &str| {
        let (mut places, mut called): (Vec<&str>, Vec<&str>) =
            all.iter().filter_map(|name| name.split_once('/')).unzip();
        for list in [&mut places, &mut called] {
            list.sort_unstable();
            list.dedup();
        }
        let any = |list: &[&str]| {
            let names: Vec<String> = list.iter().map(|name| literal(name)).collect();
            names.join("|").replace('"', "\\\"")
        };
        format!("{namespaces}=~\"{}\", {names}=~\"{}\"", any(&places), any(&called))
    };
    if plan.reach.services.is_empty() {
        return of(&plan.reach.workloads, "destination_workload_namespace", "destination_workload");
    }
    of(&plan.reach.services, "destination_service_namespace", "destination_service_name")
}

/// Requests per second that arrive at what is hit; `matcher` are more labels.
pub(super) fn arriving(plan: &Plan, matcher: &str) -> String {
    let hit = hit(plan);
    let and = if matcher.is_empty() { "" } else { ", " };
    format!("sum(rate(istio_requests_total{{{hit}{and}{matcher}}}[1m]))")
}

/// Requests that arrive at the pods for each that a caller makes: how often a request is tried on average.
pub(super) fn tries(plan: &Plan) -> String {
    let by = |reporter: &str| arriving(plan, &format!("reporter=\"{reporter}\""));
    format!("{} / ({} > 0)", by("destination"), by("source"))
}

/// The share of the requests of the routes hit that are answered so, as their agentgateway counts (agentgateway 1.4, port 15020).
pub(super) fn share_at_gateway(plan: &Plan, matcher: &str) -> String {
    let sum = |matchers: &str| format!("sum(rate(agentgateway_requests_total{{{matchers}}}[1m]))");
    let hit = routes(plan);
    let (all, some) = (sum(&hit), sum(&format!("{hit}, {matcher}")));
    format!("({some} or 0 * {all}) / ({all} > 0)")
}

/// Mean latency of the requests of the routes hit, as their agentgateway counts, in milliseconds.
pub(super) fn mean_at_gateway(plan: &Plan) -> String {
    let hit = routes(plan);
    let sum = |what: &str| format!("sum(rate(agentgateway_request_duration_seconds_{what}{{{hit}}}[1m]))");
    format!("1000 * {} / ({} > 0)", sum("sum"), sum("count"))
}

/// Label matchers of the routes hit: `NS/NAME`.
fn routes(plan: &Plan) -> String {
    let names = plan.reach.routes.iter().filter_map(|route| route.split_once(' '));
    let names: Vec<String> = names.map(|(_, name)| literal(name)).collect();
    format!("route=~\"{}\"", names.join("|"))
}

/// A name as a regular expression within a string of PromQL.
fn literal(name: &str) -> String {
    regex::escape(name).replace('\\', "\\\\")
}

/// How often sidecars of Dapr acted by the policies of a Resiliency, for each call they made (Dapr 1.18, port 9090).
pub(super) fn dapr_acts(plan: &Plan, name: &str) -> String {
    let place = format!("namespace=\"{}\"", plan.fault.namespace);
    let acts = format!("sum(rate(dapr_resiliency_activations_total{{{place}, name=\"{name}\"}}[1m]))");
    let calls = format!("sum(rate(dapr_runtime_service_invocation_req_sent_total{{{place}}}[1m]))");
    format!("({acts} or 0 * {calls}) / ({calls} > 0)")
}
