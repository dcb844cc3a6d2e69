//! One world of series, told twice: scraped into a store that answers PromQL, and read at the proxies themselves. Whatever brink
//! makes of it must be the same, figure by figure.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::{
    cluster::io::live::Live,
    mesh::{
        around::Around,
        io::{endpoint::Endpoint, prometheus::Prometheus, sampler::Sampler, scrape::Scraper},
        output::MeshOutput,
        signals::{MetricSource, Snapshot, promql::Interest, usage::UsageFrom},
    },
};
use brink_demo::metrics::{Tags, Tsdb, answer};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::loopback::{
    kubeconfig::Kubeconfig,
    server::{Reply, Server},
};

/// The first second that is told, the last one, and between two scrapes.
const BEGIN: u32 = 1_800_000_000;
const LAST: u32 = BEGIN + 900;
const STEP: u32 = 5;
/// How often proxies are read until then.
const READINGS: u32 = 15;

/// Pods with their labels, their containers, and where they tell.
const PODS: [(&str, &str, &str, &str); 6] = [
    ("shop", "web-7d9f8c6b5-x2k4z", "", "15090:/stats/prometheus"),
    ("shop", "reviews-v1-7d9f8c6b5-bcdfg", "", "15090:/stats/prometheus"),
    ("istio-system", "ztunnel-x2k4z", "ztunnel", "15020:/metrics"),
    ("istio-system", "istiod-5f7d8c9b6d-x2x9z", "istiod", "15014:/metrics"),
    ("edge", "agw-5f7d8c9b6d-x2x9z", "agw", "15020:/metrics"),
    ("edge", "kgw-5f7d8c9b6d-x2x9z", "kgw", "9091:/metrics"),
];
const WEB: usize = 0;
const REVIEWS: usize = 1;
const ZTUNNEL: usize = 2;
const ISTIOD: usize = 3;
const AGENTGATEWAY: usize = 4;
const KGATEWAY: usize = 5;

/// One series of one pod. A gauge has no rate.
struct Series {
    pod: usize,
    metric: &'static str,
    labels: String,
    start: f64,
    rate: f64,
}

impl Series {
    /// The pod `reviews` begins anew half a second after one of the last scrapes.
    fn at(&self, second: u32) -> f64 {
        let anew = LAST - 25;
        if self.pod == REVIEWS && self.rate > 0.0 && second > anew {
            return self.rate * (f64::from(second - anew) - 0.5);
        }
        self.start + self.rate * f64::from(second - BEGIN)
    }
}

/// A world whose rates follow from a number; an odd one has no retries to tell of.
struct World {
    all: Vec<Series>,
    draws: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self { all: Vec::new(), draws: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 };
        world.requests();
        world.connections();
        world.clusters(seed.is_multiple_of(2));
        world.other_gateways();
        world.control();
        world
    }

    /// Somewhere between a half and the most.
    fn draw(&mut self, most: f64) -> f64 {
        self.draws ^= self.draws << 13;
        self.draws ^= self.draws >> 7;
        self.draws ^= self.draws << 17;
        let part = f64::from(u32::try_from(self.draws >> 40).unwrap()) / f64::from(1u32 << 24);
        most * (0.5 + 0.5 * part)
    }

    fn counts(&mut self, pod: usize, metric: &'static str, labels: &str, rate: f64) {
        let start = self.draw(1e6).round();
        self.all.push(Series { pod, metric, labels: labels.to_owned(), start, rate });
    }

    fn gauge(&mut self, pod: usize, metric: &'static str, labels: &str, value: f64) {
        self.all.push(Series { pod, metric, labels: labels.to_owned(), start: value, rate: 0.0 });
    }

    fn histogram(&mut self, pod: usize, metric: &'static str, labels: &str, rate: f64, bounds: &[(&str, f64)]) {
        for (le, share) in bounds {
            let all = if labels.is_empty() { format!("le=\"{le}\"") } else { format!("{labels},le=\"{le}\"") };
            self.counts(pod, metric, &all, rate * share);
        }
    }

    fn requests(&mut self) {
        let called = |to: &str| {
            format!(
                "destination_workload=\"{to}-v1\",destination_workload_namespace=\"shop\",destination_version=\"v1\",\
                 destination_service_name=\"{to}\",destination_service_namespace=\"shop\""
            )
        };
        let from = |name: &str| format!("source_workload=\"{name}\",source_workload_namespace=\"shop\"");
        let unknown = "source_workload=\"unknown\",source_workload_namespace=\"unknown\"";
        for (pod, reporter, from, to, code, grpc, policy, most) in [
            (WEB, "source", from("web"), "reviews", "200", "", "unknown", 80.0),
            (WEB, "source", from("web"), "reviews", "503", "", "unknown", 4.0),
            (WEB, "source", from("web"), "reviews", "429", "", "unknown", 6.0),
            (WEB, "source", from("web"), "ratings", "200", "0", "unknown", 20.0),
            (WEB, "source", from("web"), "ratings", "200", "14", "unknown", 3.0),
            (REVIEWS, "destination", from("web"), "reviews", "200", "", "mutual_tls", 82.0),
            (REVIEWS, "destination", from("web"), "reviews", "503", "", "mutual_tls", 9.0),
            (REVIEWS, "destination", unknown.to_owned(), "reviews", "200", "", "none", 5.0),
        ] {
            let labels = format!(
                "reporter=\"{reporter}\",{from},{},response_code=\"{code}\",grpc_response_status=\"{grpc}\",\
                 connection_security_policy=\"{policy}\"",
                called(to)
            );
            let rate = self.draw(most);
            self.counts(pod, "istio_requests_total", &labels, rate);
            let bounds = [("5", 0.2), ("10", 0.55), ("25", 0.93), ("100", 0.995), ("+Inf", 1.0)];
            self.histogram(pod, "istio_request_duration_milliseconds_bucket", &labels, rate, &bounds);
        }
    }

    fn connections(&mut self) {
        let labels = |reporter: &str, from: &str, policy: &str| {
            format!(
                "reporter=\"{reporter}\",source_workload=\"{from}\",source_workload_namespace=\"shop\",\
                 destination_workload=\"db\",destination_workload_namespace=\"shop\",destination_service_name=\"db\",\
                 destination_service_namespace=\"shop\",connection_security_policy=\"{policy}\""
            )
        };
        for (pod, labels) in [
            (WEB, labels("source", "web", "unknown")),
            (ZTUNNEL, labels("source", "nightly", "mutual_tls")),
            (ZTUNNEL, labels("destination", "nightly", "mutual_tls")),
            (ZTUNNEL, labels("destination", "web", "unknown")),
            (ZTUNNEL, labels("destination", "nightly", "none")),
        ] {
            for (metric, most) in [
                ("istio_tcp_connections_opened_total", 12.0),
                ("istio_tcp_sent_bytes_total", 90_000.0),
                ("istio_tcp_received_bytes_total", 7_000.0),
            ] {
                let rate = self.draw(most);
                self.counts(pod, metric, &labels, rate);
            }
        }
        let rate = self.draw(0.5);
        self.counts(ZTUNNEL, "istio_tcp_connections_failed_total", &labels("source", "nightly", "unknown"), rate);
        self.gauge(ZTUNNEL, "workload_manager_active_proxy_count", "", 7.0);
        self.gauge(ZTUNNEL, "workload_manager_pending_proxy_count", "", 1.0);
    }

    fn clusters(&mut self, retries: bool) {
        let reviews = |subset: &str| format!("cluster_name=\"outbound|9080|{subset}|reviews.shop.svc.cluster.local\"");
        for cluster in [reviews(""), reviews("v1"), "cluster_name=\"inbound|9080||\"".to_owned()] {
            for (metric, most) in [
                ("envoy_cluster_upstream_rq_retry", 5.0),
                ("envoy_cluster_upstream_rq_retry_success", 4.0),
                ("envoy_cluster_upstream_rq_retry_overflow", 0.3),
                ("envoy_cluster_outlier_detection_ejections_enforced_total", 0.1),
                ("envoy_cluster_upstream_rq_pending_overflow", 2.0),
                ("envoy_cluster_upstream_cx_overflow", 1.0),
            ] {
                let rate = self.draw(most);
                if retries || !metric.contains("retry") {
                    self.counts(WEB, metric, &cluster, rate);
                }
            }
            self.gauge(WEB, "envoy_cluster_outlier_detection_ejections_active", &cluster, 1.0);
        }
        self.gauge(REVIEWS, "envoy_cluster_outlier_detection_ejections_active", &reviews("v1"), 2.0);
    }

    fn other_gateways(&mut self) {
        for (status, most) in [("200", 9.0), ("429", 3.0)] {
            let rate = self.draw(most);
            self.counts(
                AGENTGATEWAY,
                "agentgateway_requests_total",
                &format!("route=\"edge/llm\",status=\"{status}\""),
                rate,
            );
        }
        let rate = self.draw(12.0);
        let bounds = [("0.1", 0.4), ("1", 0.9), ("+Inf", 1.0)];
        let metric = "agentgateway_request_duration_seconds_bucket";
        self.histogram(AGENTGATEWAY, metric, "route=\"edge/llm\"", rate, &bounds);
        let cluster = "envoy_cluster_name=\"kube_shop_details_9080\"";
        for (code, most) in [("200", 15.0), ("504", 1.0)] {
            let rate = self.draw(most);
            self.counts(
                KGATEWAY,
                "envoy_cluster_upstream_rq",
                &format!("{cluster},envoy_response_code=\"{code}\""),
                rate,
            );
        }
        self.counts(
            KGATEWAY,
            "envoy_cluster_upstream_rq",
            "envoy_cluster_name=\"xds_cluster\",envoy_response_code=\"200\"",
            1.0,
        );
        let rate = self.draw(16.0);
        let bounds = [("10", 0.3), ("50", 0.8), ("+Inf", 1.0)];
        self.histogram(KGATEWAY, "envoy_cluster_upstream_rq_time_bucket", cluster, rate, &bounds);
        let rate = self.draw(1.0);
        self.counts(KGATEWAY, "envoy_cluster_upstream_rq_retry", cluster, rate);
    }

    fn control(&mut self) {
        for (version, clients) in [("1.30.3", 20.0), ("1.29.1", 3.0)] {
            self.gauge(ISTIOD, "pilot_xds", &format!("version=\"{version}\""), clients);
        }
        for (kind, most) in [("cds", 2.0), ("lds", 2.0), ("rds_senderr", 0.2)] {
            let rate = self.draw(most);
            self.counts(ISTIOD, "pilot_xds_pushes", &format!("type=\"{kind}\""), rate);
        }
        for metric in ["pilot_total_xds_internal_errors", "pilot_total_xds_rejects", "pilot_xds_expired_nonce"] {
            let rate = self.draw(0.4);
            self.counts(ISTIOD, metric, "", rate);
        }
        let bounds = [("0.1", 0.5), ("0.5", 0.9), ("1", 0.98), ("+Inf", 1.0)];
        self.histogram(ISTIOD, "pilot_proxy_convergence_time_bucket", "", 3.0, &bounds);
    }

    /// What a Prometheus scraped.
    fn store(&self) -> Tsdb {
        let mut tsdb = Tsdb::new(u64::from(STEP) * 1000, 1_000_000);
        let mut add = |metric: &str, labels: &str, more: &[(&str, &str)], at: &dyn Fn(u32) -> f64| {
            let own = brink::mesh::scrape::exposition::labels(labels);
            let own: Vec<(String, String)> = own.map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
            let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let pairs = own.into_iter().chain(more).filter(|(_, value)| !value.is_empty());
            let tags = Tags::new(Some(metric), pairs.map(|(name, value)| (name.into(), value.into())));
            let block = tsdb.number(tags, 0, false);
            for second in (BEGIN..=LAST).step_by(STEP as usize) {
                tsdb.append(block, i64::from(second / STEP), at(second));
            }
        };
        for series in &self.all {
            let (namespace, pod, app, _) = PODS[series.pod];
            let place = [("job", "pods"), ("namespace", namespace), ("pod", pod), ("app", app)];
            add(series.metric, &series.labels, &place, &|second| series.at(second));
        }
        for (at, (namespace, pod, ..)) in PODS.iter().enumerate() {
            for (container, [cpu, memory]) in used(at) {
                let place = [("namespace", *namespace), ("pod", *pod), ("container", container)];
                add("container_cpu_usage_seconds_total", "", &place, &|second| cpu * f64::from(second - BEGIN));
                add("container_memory_working_set_bytes", "", &place, &|_| memory);
                for (resource, limit) in [("cpu", 2.0), ("memory", f64::from(1u32 << 30))] {
                    let place = [&place[..], &[("resource", resource)]].concat();
                    add("kube_pod_container_resource_limits", "", &place, &|_| limit);
                }
            }
        }
        tsdb
    }

    /// What a pod tells at its port at a second.
    fn exposition(&self, pod: usize, second: u32) -> String {
        let mut text = String::new();
        for series in self.all.iter().filter(|series| series.pod == pod) {
            let _ = writeln!(text, "{}{{{}}} {}", series.metric, series.labels, series.at(second));
        }
        text
    }
}

/// The container of a pod that is its proxy.
fn proxy(pod: usize) -> &'static str {
    match pod {
        AGENTGATEWAY => "agentgateway",
        KGATEWAY => "kgateway-proxy",
        _ => "istio-proxy",
    }
}

/// Containers of a pod with the cores and bytes they use.
fn used(pod: usize) -> [(&'static str, [f64; 2]); 2] {
    let n = f64::from(u32::try_from(pod).unwrap()) + 1.0;
    let mebi = f64::from(1u32 << 20);
    [("app", [n * 0.25, n * 64.0 * mebi]), (proxy(pod), [n * 0.05, n * 300.0 * mebi])]
}

fn manifest(at: usize) -> Value {
    let (namespace, name, app, _) = PODS[at];
    let limits = json!({"limits": {"cpu": "2", "memory": "1Gi"}});
    let mut proxy = json!({"name": proxy(at), "image": format!("x/{}:1", proxy(at)), "resources": limits});
    if at == WEB || at == REVIEWS {
        proxy["ports"] = json!([{"name": "http-envoy-prom", "containerPort": 15090}]);
    }
    let annotations = match at {
        KGATEWAY => {
            json!({"prometheus.io/scrape": "true", "prometheus.io/port": "9091", "prometheus.io/path": "/metrics"})
        }
        _ => json!({}),
    };
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}, "annotations": annotations},
        "spec": {"containers": [{"name": "app", "resources": limits}, proxy]},
        "status": {"phase": "Running"},
    })
}

fn list(items: &[Value]) -> Reply {
    Reply::json(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
}

/// The proxies behind an API server; each reading of a pod is five seconds after the one before.
async fn cluster(world: Arc<World>) -> (Server, Live, Kubeconfig) {
    let rounds: Mutex<HashMap<usize, u32>> = Mutex::default();
    let server = Server::plain(move |seen| {
        let path = seen.plain();
        if path == "/api/v1/pods" || path == "/api/v1/namespaces/edge/pods" {
            return list(&(0..PODS.len()).map(manifest).collect::<Vec<_>>());
        }
        if path.starts_with("/apis/metrics.k8s.io/v1beta1/") {
            let metrics = |(at, (namespace, name, ..)): (usize, &(&str, &str, &str, &str))| {
                let containers = used(at).map(|(name, [cpu, memory])| {
                    json!({"name": name, "usage": {"cpu": format!("{}n", (cpu * 1e9).round()), "memory": format!("{}Ki", memory / 1024.0)}})
                });
                json!({"metadata": {"namespace": namespace, "name": name}, "window": "15s", "containers": containers})
            };
            return list(&PODS.iter().enumerate().map(metrics).collect::<Vec<_>>());
        }
        for (at, (namespace, name, _, place)) in PODS.iter().enumerate() {
            let (port, behind) = place.split_once(':').unwrap();
            if path == format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy{behind}") {
                let mut rounds = rounds.lock().unwrap();
                let round = rounds.entry(at).or_default();
                *round += 1;
                let second = LAST - (READINGS - *round) * STEP;
                let date = Timestamp::from_second(second.into()).unwrap();
                let date = ("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
                return Reply::Whole(200, vec![date], world.exposition(at, second));
            }
        }
        Reply::status(404, "NotFound", "nothing here")
    })
    .await;
    let kubeconfig = Kubeconfig::new(&server.url());
    let live = Live::new(kubeconfig.connect().unwrap(), true);
    (server, live, kubeconfig)
}

async fn prometheus(tsdb: Tsdb) -> Server {
    Server::plain(move |seen| {
        let query = seen.path.split_once('?').map_or("", |(_, query)| query);
        let url = reqwest::Url::parse(&format!("http://x/?{query}&{}", seen.body)).unwrap();
        let params: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let (code, body) = answer(&tsdb, seen.plain(), &params, i64::from(LAST) * 1000);
        Reply::Whole(code, vec![("content-type", "application/json".into())], body.to_string())
    })
    .await
}

/// All figures by their place.
pub fn figures(snapshot: &Snapshot) -> BTreeMap<String, Value> {
    fn spread(at: &str, value: &Value, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| spread(&format!("{at} {name}"), value, all));
            }
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    let named =
                        ["workload", "service", "from", "to", "version"].map(|key| item[key].as_str().unwrap_or(""));
                    let name = named.concat();
                    spread(&if name.is_empty() { format!("{at} {n}") } else { format!("{at} {name}") }, item, all);
                }
            }
            leaf => {
                all.insert(at.to_owned(), leaf.clone());
            }
        }
    }
    let output = MeshOutput::new(&MetricSource::Good, Some(snapshot), None, &Around::default());
    let mut output = serde_json::to_value(output).unwrap();
    let flows = snapshot.measured.flows.iter().map(|flow| {
        json!({"from": flow.from.1, "to": flow.to.1, "opened": flow.tcp.opened, "sent": flow.tcp.sent,
               "received": flow.tcp.received, "mtls": flow.mtls, "plaintext": flow.plaintext_share})
    });
    output["flows"] = flows.collect();
    let routes = snapshot.measured.labelled.iter().map(|(route, told)| {
        json!({"workload": route, "rps": told.tally.rps, "failed": told.tally.failed, "answers": told.codes.classes(),
               "p50": told.latency.quantile(0.5), "p99": told.latency.quantile(0.99)})
    });
    output["routes"] = routes.collect();
    for told in ["at", "source", "place", "usage_source"] {
        output.as_object_mut().unwrap().shift_remove(told);
    }
    let mut all = BTreeMap::new();
    spread("", &output, &mut all);
    all
}

/// Where two sources tell something else, beyond a share.
pub fn apart(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>, share: f64) -> Vec<String> {
    let places: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = |a: Option<&Value>, b: Option<&Value>| match (a.and_then(Value::as_f64), b.and_then(Value::as_f64)) {
        (Some(a), Some(b)) => (a - b).abs() > share * a.abs().max(b.abs()),
        _ => a != b,
    };
    let lines = places.into_iter().filter(|place| differ(one.get(*place), other.get(*place)));
    lines.map(|place| format!("{place}: {:?} and {:?}", one.get(place), other.get(place))).collect()
}

#[tokio::test]
async fn both_sources_tell_every_figure_alike() {
    for seed in 1..=6 {
        let world = Arc::new(World::new(seed));
        let measured = prometheus(world.store()).await;
        let client = Prometheus::new(Endpoint::parse(&measured.url()).unwrap(), Duration::from_secs(10)).unwrap();
        let by_prometheus = Sampler::once(client).look(&Interest::default()).await.unwrap();
        assert!(by_prometheus.notes.is_empty(), "{:?}", by_prometheus.notes);
        assert_eq!(by_prometheus.usage_from, Some(UsageFrom::Cadvisor));

        let (_server, live, _kubeconfig) = cluster(Arc::clone(&world)).await;
        let mut scraper = Scraper::new(live, Duration::from_millis(1));
        let mut by_proxies = scraper.look(&Interest::default()).await.unwrap();
        // The first look reads twice.
        for _ in 2..READINGS {
            by_proxies = scraper.look(&Interest::default()).await.unwrap();
        }
        assert!(by_proxies.notes.is_empty(), "{:?}", by_proxies.notes);
        assert_eq!(by_proxies.usage_from, Some(UsageFrom::MetricsServer));

        let (one, other) = (figures(&by_prometheus), figures(&by_proxies));
        assert_eq!(apart(&one, &other, 0.05), Vec::<String>::new(), "seed {seed}");
        // Nothing of what can be told is missing.
        let told = |part: &str| one.iter().filter(|(at, value)| at.contains(part) && !value.is_null()).count();
        for part in [
            "tcp opened",
            "usage cpu_share",
            "usage memory_share",
            "upstream ejected",
            "upstream pending_overflow",
            "limited",
            "grpc_errors",
            "convergence_p99_ms",
            "push_errors",
            "rejects",
            "stale",
            "clients",
            "ztunnel_opened",
            "ztunnel_failed",
            "ztunnel_pods",
            "ztunnel_pending",
            "retrying amplification",
            "plaintext_share",
            "edge/llm p99",
            "flows",
        ] {
            assert!(told(part) > 0, "{part} in {one:#?}");
        }
        assert_eq!(one[" services reviews upstream retries"].is_null(), seed % 2 == 1, "{one:#?}");
    }
}

#[tokio::test]
async fn one_namespace_is_told_alike_as_well() {
    let world = Arc::new(World::new(2));
    let measured = prometheus(world.store()).await;
    let client = Prometheus::new(Endpoint::parse(&measured.url()).unwrap(), Duration::from_secs(10)).unwrap();
    let interest = Interest { namespace: Some("edge".to_owned()), ..Interest::default() };
    let by_prometheus = Sampler::once(client).look(&interest).await.unwrap();
    let (_server, live, _kubeconfig) = cluster(Arc::clone(&world)).await;
    let by_proxies = Scraper::new(live, Duration::from_millis(1)).look(&interest).await.unwrap();
    assert_eq!(apart(&figures(&by_prometheus), &figures(&by_proxies), 0.05), Vec::<String>::new());
    assert!(by_proxies.measured.edges.is_empty() && by_proxies.measured.flows.is_empty());
}
