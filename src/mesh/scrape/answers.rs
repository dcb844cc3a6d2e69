//! Rates as a Prometheus would answer them.

use std::collections::HashMap;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Deserialize;

use super::{counters::Counters, named};
use crate::mesh::signals::{
    answers::Answers,
    plain_envoy,
    promql::Interest,
    quantile::{Buckets, TOLD},
    sample::{EdgeLabels, FlowLabels, RouteLabels, ServiceLabels, WorkloadLabels},
};

/// All that tells a bucket of Istio's latency from another.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Bucket {
    reporter: CompactString,
    source_workload_namespace: CompactString,
    source_workload: CompactString,
    destination_workload_namespace: CompactString,
    destination_workload: CompactString,
    destination_service_namespace: CompactString,
    destination_service_name: CompactString,
    le: CompactString,
}

/// One round of answers from the counters of proxies. `slow` holds those of the control plane over a longer span.
pub fn answers(counters: &Counters, slow: &Counters, interest: &Interest, at: Timestamp) -> Answers {
    let asked = |namespace: &CompactString| interest.covers(namespace);
    let mut edges: Vec<(EdgeLabels, f64)> = counters.rates(&["istio_requests_total"]);
    edges.retain(|(labels, _)| asked(&labels.destination_service_namespace));
    let mut buckets: Vec<(Bucket, f64)> = counters.rates(&["istio_request_duration_milliseconds_bucket"]);
    buckets.retain(|(bucket, _)| asked(&bucket.destination_service_namespace));
    let mut labelled: Vec<(RouteLabels, f64)> = counters.rates(&["agentgateway_requests_total"]);
    labelled.retain(|(labels, _)| !labels.route.is_empty());
    let mut labelled_latency: Vec<(RouteLabels, f64)> =
        counters.rates(&["agentgateway_request_duration_bucket", "agentgateway_request_duration_seconds_bucket"]);
    labelled_latency.retain(|(labels, _)| !labels.route.is_empty());
    let mut answers = Answers {
        at: Some(at),
        edges,
        edge_latency: edge_latency(&buckets),
        workload_latency: buckets.iter().map(|(bucket, rate)| (bucket.of_workload(), *rate)).collect(),
        service_latency: buckets.iter().map(|(bucket, rate)| (bucket.of_service(interest), *rate)).collect(),
        labelled,
        labelled_latency,
        flows: named::flows(counters),
        clusters: named::clusters(counters),
        control: named::control(counters, slow),
        ..Answers::default()
    };
    answers.flows.retain(|(labels, _)| asked(&labels.destination_service_namespace));
    let requests = counters.rates_by_pod(&["envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_xx"]);
    let latency = counters.rates_by_pod(&["envoy_cluster_upstream_rq_time_bucket"]);
    plain_envoy::add(&mut answers, &requests, &latency);
    answers.edges.retain(|(labels, _)| asked(&labels.destination_service_namespace));
    answers
}

/// What a Prometheus computes when asked for the latency of edges.
fn edge_latency(buckets: &[(Bucket, f64)]) -> Vec<(FlowLabels, f64)> {
    let mut edges: HashMap<FlowLabels, Buckets> = HashMap::new();
    for (bucket, rate) in buckets {
        edges.entry(bucket.of_edge()).or_default().add(&bucket.le, *rate);
    }
    let told = |(edge, buckets): (FlowLabels, Buckets)| {
        TOLD.into_iter().filter_map(move |(name, quantile)| {
            Some((FlowLabels { signal: name.into(), ..edge.clone() }, buckets.quantile(quantile)?))
        })
    };
    edges.into_iter().flat_map(told).collect()
}

impl Bucket {
    fn of_edge(&self) -> FlowLabels {
        FlowLabels {
            reporter: self.reporter.clone(),
            source_workload_namespace: self.source_workload_namespace.clone(),
            source_workload: self.source_workload.clone(),
            destination_workload_namespace: self.destination_workload_namespace.clone(),
            destination_workload: self.destination_workload.clone(),
            destination_service_namespace: self.destination_service_namespace.clone(),
            destination_service_name: self.destination_service_name.clone(),
            ..FlowLabels::default()
        }
    }

    fn of_workload(&self) -> WorkloadLabels {
        WorkloadLabels {
            reporter: self.reporter.clone(),
            destination_workload_namespace: self.destination_workload_namespace.clone(),
            destination_workload: self.destination_workload.clone(),
            le: self.le.clone(),
        }
    }

    /// By caller for gateways, together for all others.
    fn of_service(&self, interest: &Interest) -> ServiceLabels {
        let carries = |gateway: &String| {
            self.source_workload
                .strip_prefix(gateway.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let (source_workload_namespace, source_workload) = if interest.gateways.iter().any(carries) {
            (self.source_workload_namespace.clone(), self.source_workload.clone())
        } else {
            Default::default()
        };
        ServiceLabels {
            reporter: self.reporter.clone(),
            source_workload_namespace,
            source_workload,
            destination_service_namespace: self.destination_service_namespace.clone(),
            destination_service_name: self.destination_service_name.clone(),
            le: self.le.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::answers;
    use crate::mesh::{
        scrape::counters::{Counters, Place},
        signals::{Snapshot, promql::Interest},
    };

    fn exposition(seconds: f64) -> String {
        let mut text = String::new();
        for (reporter, from, to, code, rps) in [
            ("source", "gw-istio", "reviews", "200", 36.0),
            ("source", "gw-istio", "reviews", "503", 4.0),
            ("source", "reviews-v1", "ratings", "200", 20.0),
            ("destination", "reviews-v1", "ratings", "200", 20.0),
        ] {
            let labels = format!(
                "reporter=\"{reporter}\",source_workload=\"{from}\",source_workload_namespace=\"shop\",\
                 destination_workload=\"{to}-v1\",destination_workload_namespace=\"shop\",\
                 destination_service_name=\"{to}\",destination_service_namespace=\"shop\",response_code=\"{code}\",\
                 destination_principal=\"spiffe://x\",grpc_response_status=\"\""
            );
            let count = rps * seconds;
            let _ = writeln!(text, "istio_requests_total{{{labels}}} {count}");
            for (le, share) in [("10", 0.5), ("25", 0.9), ("+Inf", 1.0)] {
                let metric = "istio_request_duration_milliseconds_bucket";
                let _ = writeln!(text, "{metric}{{{labels},le=\"{le}\"}} {}", count * share);
            }
        }
        let routed = "route=\"shop/llm\",status=\"200\"";
        let _ = writeln!(text, "agentgateway_requests_total{{{routed}}} {}", seconds * 2.0);
        let _ = writeln!(text, "agentgateway_requests_total{{route=\"\",status=\"404\"}} {}", seconds * 7.0);
        for le in ["0.2", "+Inf"] {
            let _ = writeln!(
                text,
                "agentgateway_request_duration_seconds_bucket{{route=\"shop/llm\",le=\"{le}\"}} {}",
                seconds * 2.0
            );
        }
        text
    }

    fn looked(interest: &Interest) -> Snapshot {
        let mut counters = Counters::new(60.0);
        let place = Place { namespace: "shop".into(), pod: "p".into(), ..Place::default() };
        counters.take(&place, &exposition(100.0), 1000.0);
        counters.take(&place, &exposition(110.0), 1010.0);
        Snapshot::of(&answers(&counters, &counters, interest, "2026-01-01T00:00:00Z".parse().unwrap()))
    }

    #[test]
    fn a_scrape_gives_what_prometheus_gives() {
        let snapshot = looked(&Interest { gateways: vec!["gw".to_owned()], ..Interest::default() });
        let reviews = snapshot.workload("shop", "reviews-v1").unwrap().golden;
        assert_eq!((reviews.rps, reviews.error_share, reviews.p50_ms), (Some(40.0), Some(0.1), Some(10.0)));
        assert_eq!(snapshot.workload("shop", "ratings-v1").unwrap().golden.rps, Some(20.0), "each request once");
        assert_eq!(snapshot.total.rps, Some(60.0));
        let callers: Vec<&str> = snapshot.measured.service_latency.keys().map(|(from, _)| from.1.as_str()).collect();
        assert_eq!(callers, ["", "gw-istio"]);
        let calls = |from: &str| {
            let edge = snapshot.measured.edges.iter().find(|edge| edge.from.1 == from);
            edge.and_then(|edge| edge.latency).map(|latency| (latency.p50, latency.p90))
        };
        assert_eq!((calls("gw-istio"), calls("reviews-v1")), (Some((10.0, 25.0)), Some((10.0, 25.0))));
        let llm = &snapshot.measured.labelled["shop/llm"];
        assert_eq!((llm.tally.rps, llm.latency.quantile(0.5)), (2.0, Some(0.1)));
        assert_eq!(snapshot.measured.labelled.len(), 1);
    }

    #[test]
    fn only_the_namespace_asked_for_is_told() {
        let elsewhere = Interest { namespace: Some("elsewhere".to_owned()), ..Interest::default() };
        let snapshot = looked(&elsewhere);
        assert!(snapshot.workloads.is_empty() && snapshot.total.rps.is_none());
        assert!(snapshot.measured.service_latency.is_empty());
    }
}
