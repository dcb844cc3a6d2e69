//! What an Envoy tells that nobody taught Istio's words: requests by cluster (kgateway, Envoy Gateway, Contour, plain ones).
//!
//! Series: `envoy_cluster_upstream_rq` by status, `…_rq_xx` by its class where the former is switched off, and
//! `…_rq_time_bucket` in milliseconds. A cluster's name is all that says where its requests go: to a Service, or on behalf of a
//! route. Names that say neither (the proxy's own clusters among them) are passed over.

use std::collections::{BTreeSet, HashSet};

use compact_str::{CompactString, format_compact};
use serde::Deserialize;

use super::{
    answers::Answers,
    fold::Named,
    sample::{EdgeLabels, RouteLabels, ServiceLabels, WorkloadLabels},
};

/// Requests or latency of one cluster of one proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct UpstreamLabels {
    /// The proxy's namespace, where the source says it.
    pub namespace: CompactString,
    /// The proxy's pod, where the source says it.
    pub pod: CompactString,
    /// The cluster called.
    pub envoy_cluster_name: CompactString,
    /// HTTP status.
    pub envoy_response_code: CompactString,
    /// First digit of the status.
    pub envoy_response_code_class: CompactString,
    /// Upper bound of the bucket, milliseconds.
    pub le: CompactString,
}

/// What a cluster's name says of where its requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Called {
    /// To this Service.
    Service(Named),
    /// Wherever the rules of this route lead, `NS/NAME`.
    Route(CompactString),
}

/// A pattern (RE2) that the names of such clusters fit.
pub const CLUSTERS: &str = "kube_.+|(http|grpc)route/.+|outbound\\|.+|[^/|]+/[^/|]+/[0-9]+(/.*)?|.+\\.svc\\..+";

impl Called {
    fn by(cluster: &str) -> Option<Self> {
        let service = |namespace: &str, name: &str| {
            let whole = !namespace.is_empty() && !name.is_empty();
            whole.then(|| Self::Service((namespace.into(), name.into())))
        };
        if let Some(rest) = cluster.strip_prefix("kube_") {
            // kgateway: kube_NAMESPACE_NAME_PORT; neither name may hold an underscore.
            let mut parts = rest.split('_');
            return service(parts.next()?, parts.next()?);
        }
        if cluster.contains('|') {
            // Istio: outbound|PORT|SUBSET|HOST.
            let mut parts = cluster.split('|');
            let host = parts.next().filter(|way| *way == "outbound").and_then(|_| parts.nth(2))?;
            return in_cluster(host).and_then(|(namespace, name)| service(namespace, name));
        }
        let parts: Vec<&str> = cluster.split('/').collect();
        match parts.as_slice() {
            // Envoy Gateway: httproute/NAMESPACE/NAME/rule/N.
            ["httproute" | "grpcroute", namespace, name, "rule", ..] => {
                Some(Self::Route(format_compact!("{namespace}/{name}")))
            }
            // Contour: NAMESPACE/NAME/PORT/HASH.
            [namespace, name, port, ..] if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                service(namespace, name)
            }
            [host] => in_cluster(host).and_then(|(namespace, name)| service(namespace, name)),
            _ => None,
        }
    }
}

/// Namespace and name of `NAME.NAMESPACE.svc…`.
fn in_cluster(host: &str) -> Option<(&str, &str)> {
    let mut parts = host.split('.');
    let (name, namespace) = (parts.next()?, parts.next()?);
    parts.next().filter(|word| *word == "svc").map(|_| (namespace, name))
}

/// The workload of a pod, by its name: Deployments add two words, DaemonSets one.
fn workload(pod: &str) -> &str {
    // Letters that make no words, as Kubernetes draws them.
    let drawn = |word: &str| word.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    let Some((rest, _)) = pod.rsplit_once('-').filter(|(_, last)| last.len() == 5 && drawn(last)) else { return pod };
    match rest.rsplit_once('-') {
        Some((name, hash)) if (6..=10).contains(&hash.len()) && drawn(hash) => name,
        _ => rest,
    }
}

/// Puts what Envoys told among the answers. Left out is what Istio's words tell as well: the requests of a proxy that speaks
/// them, and those to a Service whose own side counts callers without a name.
pub fn add(answers: &mut Answers, requests: &[(UpstreamLabels, f64)], latency: &[(UpstreamLabels, f64)]) {
    let speaks: HashSet<Named> = answers
        .edges
        .iter()
        .filter(|(labels, _)| labels.reporter == "source")
        .map(|(labels, _)| (labels.source_workload_namespace.clone(), labels.source_workload.clone()))
        .collect();
    let counts: HashSet<Named> = answers
        .edges
        .iter()
        .filter(|(labels, _)| labels.reporter == "destination" && matches!(&*labels.source_workload, "" | "unknown"))
        .map(|(labels, _)| (labels.destination_service_namespace.clone(), labels.destination_service_name.clone()))
        .collect();
    let from = |labels: &UpstreamLabels| (labels.namespace.clone(), CompactString::from(workload(&labels.pod)));
    let told = |labels: &UpstreamLabels| -> Option<Called> {
        let called = Called::by(&labels.envoy_cluster_name).filter(|_| !speaks.contains(&from(labels)))?;
        Some(called).filter(|called| !matches!(called, Called::Service(service) if counts.contains(service)))
    };
    // A cluster that tells each status is not asked for classes.
    let key = |labels: &UpstreamLabels| (labels.pod.clone(), labels.envoy_cluster_name.clone());
    let exact: BTreeSet<_> =
        requests.iter().filter(|(labels, _)| !labels.envoy_response_code.is_empty()).map(|(l, _)| key(l)).collect();
    for (labels, rate) in requests {
        let by_class = labels.envoy_response_code.is_empty();
        if by_class && (labels.envoy_response_code_class.is_empty() || exact.contains(&key(labels))) {
            continue;
        }
        let code = if by_class {
            format_compact!("{}xx", labels.envoy_response_code_class)
        } else {
            labels.envoy_response_code.clone()
        };
        match told(labels) {
            None => {}
            Some(Called::Route(route)) => {
                answers.labelled.push((RouteLabels { route, status: code, ..RouteLabels::default() }, *rate));
            }
            Some(Called::Service((namespace, name))) => {
                let (from_namespace, from) = from(labels);
                let edge = EdgeLabels {
                    reporter: "source".into(),
                    source_workload_namespace: from_namespace,
                    source_workload: from,
                    destination_workload: "unknown".into(),
                    destination_service_namespace: namespace,
                    destination_service_name: name,
                    response_code: code,
                    ..EdgeLabels::default()
                };
                answers.edges.push((edge, *rate));
            }
        }
    }
    for (labels, rate) in latency {
        match told(labels) {
            None => {}
            Some(Called::Route(route)) => {
                // Of routes latency is told in seconds.
                let le =
                    labels.le.parse::<f64>().map_or_else(|_| labels.le.clone(), |ms| format_compact!("{}", ms / 1e3));
                answers.labelled_latency.push((RouteLabels { route, le, ..RouteLabels::default() }, *rate));
            }
            Some(Called::Service((namespace, name))) => {
                let (from_namespace, from) = from(labels);
                answers.workload_latency.push((
                    WorkloadLabels {
                        reporter: "source".into(),
                        destination_workload_namespace: namespace.clone(),
                        destination_workload: format_compact!("svc/{name}"),
                        le: labels.le.clone(),
                    },
                    *rate,
                ));
                answers.service_latency.push((
                    ServiceLabels {
                        reporter: "source".into(),
                        source_workload_namespace: from_namespace,
                        source_workload: from,
                        destination_service_namespace: namespace,
                        destination_service_name: name,
                        le: labels.le.clone(),
                    },
                    *rate,
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{CLUSTERS, Called, UpstreamLabels, add, workload};
    use crate::mesh::signals::{Snapshot, answers::Answers, sample::EdgeLabels};

    #[rstest]
    #[case("kube_shop_reviews_9080", Some("shop/reviews"))]
    #[case("kube_shop_reviews", Some("shop/reviews"))]
    #[case("outbound|9080|v1|reviews.shop.svc.cluster.local", Some("shop/reviews"))]
    #[case("outbound|443||example.com", None)]
    #[case("inbound|9080||", None)]
    #[case("httproute/shop/web/rule/0", Some("route shop/web"))]
    #[case("grpcroute/shop/web/rule/1/backend/0", Some("route shop/web"))]
    #[case("shop/reviews/9080/da39a3ee5e", Some("shop/reviews"))]
    #[case("reviews.shop.svc.cluster.local:9080", Some("shop/reviews"))]
    #[case("xds_cluster", None)]
    #[case("kube_", None)]
    #[case("example.com", None)]
    fn names_of_clusters_are_read(#[case] cluster: &str, #[case] expected: Option<&str>) {
        let called = Called::by(cluster).map(|called| match called {
            Called::Service((namespace, name)) => format!("{namespace}/{name}"),
            Called::Route(route) => format!("route {route}"),
        });
        assert_eq!(called.as_deref(), expected);
        let asked = regex::Regex::new(&format!("^(?:{CLUSTERS})$")).unwrap().is_match(cluster);
        assert!(asked || expected.is_none(), "the question passes {cluster} over");
    }

    #[rstest]
    #[case("gw-5f7d8c9b6d-x2x9z", "gw")]
    #[case("ztunnel-x2x9z", "ztunnel")]
    #[case("envoy-0", "envoy-0")]
    #[case("my-proxy", "my-proxy")]
    #[case("", "")]
    fn workloads_are_told_by_their_pods(#[case] pod: &str, #[case] name: &str) {
        assert_eq!(workload(pod), name);
    }

    fn told(cluster: &str, code: &str, class: &str, le: &str) -> UpstreamLabels {
        UpstreamLabels {
            namespace: "edge".into(),
            pod: "gw-5f7d8c9b6d-x2x9z".into(),
            envoy_cluster_name: cluster.into(),
            envoy_response_code: code.into(),
            envoy_response_code_class: class.into(),
            le: le.into(),
        }
    }

    #[test]
    fn a_gateway_without_istio_has_golden_signals() {
        let cluster = "kube_shop_reviews_9080";
        let requests = [
            (told(cluster, "200", "", ""), 9.0),
            (told(cluster, "503", "", ""), 1.0),
            (told(cluster, "", "2", ""), 9.0),
            (told(cluster, "", "5", ""), 1.0),
            (told("kube_shop_ratings_9080", "", "5", ""), 4.0),
            (told("httproute/shop/web/rule/0", "200", "", ""), 3.0),
            (told("admin", "200", "", ""), 100.0),
        ];
        let latency = [
            (told(cluster, "", "", "10"), 5.0),
            (told(cluster, "", "", "+Inf"), 10.0),
            (told("httproute/shop/web/rule/0", "", "", "500"), 3.0),
            (told("httproute/shop/web/rule/0", "", "", "+Inf"), 3.0),
        ];
        let mut answers = Answers::default();
        add(&mut answers, &requests, &latency);
        let snapshot = Snapshot::of(&answers);
        let reviews = snapshot.workload("shop", "svc/reviews").unwrap().golden;
        assert_eq!((reviews.rps, reviews.error_share, reviews.p50_ms), (Some(10.0), Some(0.1), Some(10.0)));
        let ratings = snapshot.workload("shop", "svc/ratings").unwrap().golden;
        assert_eq!((ratings.rps, ratings.error_share, ratings.p50_ms), (Some(4.0), Some(1.0), None));
        assert_eq!(snapshot.total.rps, Some(14.0));
        let edge = &snapshot.measured.edges[0];
        assert_eq!((edge.from.0.as_str(), edge.from.1.as_str()), ("edge", "gw"));
        let web = &snapshot.measured.labelled["shop/web"];
        assert_eq!((web.tally.rps, web.latency.quantile(0.5)), (3.0, Some(0.25)));
    }

    #[test]
    fn what_istio_tells_is_not_counted_again() {
        let edge = |reporter: &str, from: &str, service: &str| EdgeLabels {
            reporter: reporter.into(),
            source_workload_namespace: "edge".into(),
            source_workload: from.into(),
            destination_workload: "r-v1".into(),
            destination_workload_namespace: "shop".into(),
            destination_service_name: service.into(),
            destination_service_namespace: "shop".into(),
            response_code: "200".into(),
            ..EdgeLabels::default()
        };
        let requests = [(told("kube_shop_reviews_9080", "200", "", ""), 5.0)];
        let rps = |edges: Vec<(EdgeLabels, f64)>| {
            let mut answers = Answers { edges, ..Answers::default() };
            add(&mut answers, &requests, &[]);
            Snapshot::of(&answers).total.rps
        };
        assert_eq!(rps(vec![(edge("source", "gw", "reviews"), 5.0)]), Some(5.0), "the proxy speaks both");
        assert_eq!(rps(vec![(edge("destination", "unknown", "reviews"), 5.0)]), Some(5.0), "the other side counts it");
        assert_eq!(rps(vec![(edge("source", "web", "ratings"), 1.0)]), Some(6.0));
    }
}
