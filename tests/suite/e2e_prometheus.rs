//! The truth, through a real Prometheus: counters that advance at known rates are scraped by it, asked for by brink, and
//! shown as what they are.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::TcpListener as StdListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use brink::{
    cluster::Manifest,
    fault::{
        drivers::compile,
        evidence::{self, Look},
        intent::FaultKind,
        io::watching::meter,
    },
    mesh::{
        io::{endpoint::Endpoint, prometheus::Prometheus, sampler::Sampler},
        resolve,
        routes::{RouteKind, RouteRow},
        signals::{Origin, Snapshot, promql::Interest, route, sample::WorkloadLabels},
        wins::wins,
    },
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{fault::sights, support::world::program};

/// A kind of request: who tells, from whom, to what, with which answer, how often a second.
struct Flow {
    reporters: &'static [&'static str],
    from: &'static str,
    to: &'static str,
    code: &'static str,
    grpc: &'static str,
    rps: f64,
}

/// `gw-istio` calls `reviews` 40 times a second and gets every tenth 503; `reviews` calls `ratings` by gRPC 20 times and
/// every fourth fails; somebody outside the mesh calls `ratings` 5 times.
const FLOWS: &[Flow] = &[
    Flow { reporters: &["source", "destination"], from: "gw-istio", to: "reviews", code: "200", grpc: "", rps: 36.0 },
    Flow { reporters: &["source"], from: "gw-istio", to: "reviews", code: "503", grpc: "", rps: 4.0 },
    Flow { reporters: &["source", "destination"], from: "reviews", to: "ratings", code: "200", grpc: "0", rps: 15.0 },
    Flow { reporters: &["source", "destination"], from: "reviews", to: "ratings", code: "200", grpc: "14", rps: 5.0 },
    Flow { reporters: &["destination"], from: "unknown", to: "ratings", code: "200", grpc: "0", rps: 5.0 },
];

/// Latency: half within 10 ms, 90 % within 25, 99 % within 100, all within 250; `ratings` is twice as slow.
const BUCKETS: &[(f64, f64)] = &[(10.0, 0.5), (25.0, 0.9), (100.0, 0.99), (250.0, 1.0)];

fn exposition(elapsed: f64) -> String {
    let mut text =
        String::from("# TYPE istio_requests_total counter\n# TYPE istio_request_duration_milliseconds histogram\n");
    for flow in FLOWS {
        for reporter in flow.reporters {
            let from_namespace = if flow.from == "unknown" { "unknown" } else { "shop" };
            let labels = format!(
                "reporter=\"{reporter}\",source_workload=\"{}\",source_workload_namespace=\"{from_namespace}\",\
                 destination_workload=\"{to}-v1\",destination_workload_namespace=\"shop\",destination_service_name=\"{to}\",\
                 destination_service_namespace=\"shop\",response_code=\"{}\",grpc_response_status=\"{}\",\
                 connection_security_policy=\"{}\"",
                flow.from,
                flow.code,
                flow.grpc,
                match (*reporter, flow.from) {
                    ("source", _) => "unknown",
                    (_, "unknown") => "none",
                    _ => "mutual_tls",
                },
                to = flow.to,
            );
            let count = flow.rps * elapsed;
            let _ = writeln!(text, "istio_requests_total{{{labels}}} {count}");
            let slow = if flow.to == "ratings" { 2.0 } else { 1.0 };
            for (bound, share) in BUCKETS {
                let (bound, count) = (bound * slow, count * share);
                let _ = writeln!(text, "istio_request_duration_milliseconds_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "istio_request_duration_milliseconds_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "istio_request_duration_milliseconds_count{{{labels}}} {count}");
            let _ = writeln!(text, "istio_request_duration_milliseconds_sum{{{labels}}} {}", count * 20.0 * slow);
        }
    }
    beside(&mut text, elapsed);
    text
}

/// What counts at which rate beside requests, and what stands still.
fn beside(text: &mut String, elapsed: f64) {
    let outbound = "cluster_name=\"outbound|80|v1|reviews.shop.svc.cluster.local\"";
    let ends = "source_workload=\"gw-istio\",source_workload_namespace=\"shop\",destination_workload=\"db\",\
                destination_workload_namespace=\"shop\",destination_service_name=\"db\",\
                destination_service_namespace=\"shop\"";
    let container = "namespace=\"shop\",pod=\"reviews-v1-7d9f8c6b5-x2k4z\",container=\"app\"";
    let counters = [
        (format!("envoy_cluster_upstream_rq_retry{{{outbound}}}"), 3.0),
        (format!("envoy_cluster_upstream_rq_pending_overflow{{{outbound}}}"), 2.0),
        ("envoy_cluster_upstream_rq_retry{cluster_name=\"xds-grpc\"}".to_owned(), 50.0),
        ("envoy_cluster_upstream_rq_retry{envoy_cluster_name=\"kube_shop_cart_80\"}".to_owned(), 4.0),
        (
            format!(
                "istio_tcp_connections_opened_total{{app=\"ztunnel\",reporter=\"source\",\
                 connection_security_policy=\"mutual_tls\",{ends}}}"
            ),
            6.0,
        ),
        (format!("istio_tcp_sent_bytes_total{{app=\"ztunnel\",reporter=\"source\",{ends}}}"), 900.0),
        (format!("container_cpu_usage_seconds_total{{{container}}}"), 0.4),
        ("pilot_xds_pushes{type=\"eds\"}".to_owned(), 7.0),
        ("pilot_xds_pushes{type=\"cds_senderr\"}".to_owned(), 1.0),
        ("pilot_proxy_convergence_time_bucket{le=\"0.1\"}".to_owned(), 5.0),
        ("pilot_proxy_convergence_time_bucket{le=\"0.5\"}".to_owned(), 10.0),
        ("pilot_proxy_convergence_time_bucket{le=\"+Inf\"}".to_owned(), 10.0),
    ];
    for (series, rate) in counters {
        let _ = writeln!(text, "{series} {}", rate * elapsed);
    }
    let gauges = [
        (format!("envoy_cluster_outlier_detection_ejections_active{{{outbound}}}"), 1.0),
        (format!("container_spec_cpu_quota{{{container}}}"), 50_000.0),
        (format!("container_spec_cpu_period{{{container}}}"), 100_000.0),
        (format!("container_memory_working_set_bytes{{{container}}}"), 64e6),
        (format!("container_spec_memory_limit_bytes{{{container}}}"), 256e6),
        ("pilot_xds{version=\"1.30\"}".to_owned(), 24.0),
        ("workload_manager_active_proxy_count".to_owned(), 9.0),
    ];
    for (series, value) in gauges {
        let _ = writeln!(text, "{series} {value}");
    }
}

async fn expose() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let started = Instant::now();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0u8; 8192];
                if matches!(stream.read(&mut head).await, Ok(1..)) {
                    let body = exposition(started.elapsed().as_secs_f64());
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\nconnection: \
                         close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    port
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(binary: &PathBuf, dir: &std::path::Path, scrape: u16) -> (Running, String) {
    let config = dir.join("prometheus.yml");
    let text = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}\nscrape_configs:\n- job_name: mesh\n  static_configs: \
         [{{targets: ['127.0.0.1:{scrape}']}}]\n"
    );
    std::fs::write(&config, text).unwrap();
    let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(binary)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--web.route-prefix=/prom")
        .arg("--log.level=warn")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(dir.join("log")).unwrap())
        .spawn()
        .unwrap();
    (Running(child), format!("http://127.0.0.1:{port}/prom"))
}

/// Within 2 % of what is known.
fn near(found: Option<f64>, truth: f64) -> bool {
    found.is_some_and(|found| (found - truth).abs() <= truth.abs() * 0.02)
}

fn routes() -> Vec<RouteRow> {
    let http = |name: &str, backend: &str| {
        let object = json!({
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"parentRefs": [{"name": "gw"}], "hostnames": [format!("{name}.x")],
                     "rules": [{"backendRefs": [{"name": backend, "port": 80}]}]},
        });
        RouteRow::decode(RouteKind::Http, &Manifest(object))
    };
    let mesh = json!({
        "metadata": {"name": "mesh", "namespace": "shop"},
        "spec": {"hosts": ["ratings"], "http": [{"route": [{"destination": {"host": "ratings"}}]}]},
    });
    vec![http("a", "reviews"), http("b", "ratings"), RouteRow::decode(RouteKind::VirtualService, &Manifest(mesh))]
}

/// All of the truth, figure by figure; what differs.
fn wrong(snapshot: &Snapshot, routes: &[RouteRow]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, found: Option<f64>, truth: f64| {
        if !near(found, truth) {
            wrong.push(format!("{what}: {found:?} is not {truth}"));
        }
    };
    let rows: BTreeMap<&str, _> = snapshot.workloads.iter().map(|row| (row.workload.as_str(), row.golden)).collect();
    let all = [("reviews-v1", 40.0, 0.1, 1.0), ("ratings-v1", 25.0, 0.2, 2.0)];
    for (name, rps, errors, slow) in all {
        let row = rows.get(name).copied().unwrap_or_default();
        check(&format!("{name} rps"), row.rps, rps);
        check(&format!("{name} errors"), row.error_share, errors);
        check(&format!("{name} p50"), row.p50_ms, 10.0 * slow);
        check(&format!("{name} p90"), row.p90_ms, 25.0 * slow);
        check(&format!("{name} p99"), row.p99_ms, 100.0 * slow);
    }
    check("total rps", snapshot.total.rps, 65.0);
    check("total errors", snapshot.total.error_share, 9.0 / 65.0);
    let edge = |from: &str, to: &str| {
        snapshot.measured.edges.iter().find(|edge| edge.from.1 == from && edge.to.1 == to).cloned().unwrap_or_default()
    };
    check("plaintext of outsiders", edge("unknown", "ratings-v1").plaintext_share, 1.0);
    check("plaintext of reviews", edge("reviews", "ratings-v1").plaintext_share, 0.0);
    let service = |name: &str| snapshot.services.iter().find(|row| row.service == name).cloned().unwrap_or_default();
    let retrying = service("reviews").attempts.and_then(brink::mesh::signals::attempts::Attempts::figures);
    check("attempts for each request", retrying.map(|one| one.amplification), 0.9);
    check("success in the end", retrying.map(|one| one.success_after), 0.9);
    check("reviews p90", service("reviews").golden.p90_ms, 25.0);
    let upstream = service("reviews").upstream;
    check("retries", upstream.retries, 3.0);
    check("ejected", upstream.ejected, 1.0);
    check("overflow", upstream.overflow(), 2.0);
    let db = snapshot.workload("shop", "db").cloned().unwrap_or_default();
    check("connections", db.tcp.opened, 6.0);
    check("bytes", db.tcp.sent, 900.0);
    let usage = snapshot.workload("shop", "reviews-v1").cloned().unwrap_or_default().usage;
    check("cores", usage.cpu_cores, 0.4);
    check("of the CPU limit", usage.cpu_share, 0.8);
    check("of the memory limit", usage.memory_share, 0.25);
    let control = snapshot.control_plane.unwrap_or_default();
    check("clients", control.clients, 24.0);
    check("pushes", control.pushes, 7.0);
    check("push errors", control.push_errors, 1.0);
    check("convergence", control.convergence_p50_ms, 100.0);
    check("ztunnel connections", control.ztunnel_opened, 6.0);
    check("ztunnel pods", control.ztunnel_pods, 9.0);
    let world = resolve::World { routes: routes.iter().collect(), ..resolve::World::default() };
    let lines = route::attribute(&world, &wins(&world), &snapshot.measured);
    check("route a rps", lines[0].golden.rps, 40.0);
    check("route a errors", lines[0].golden.error_share, 0.1);
    check("route a p99", lines[0].golden.p99_ms, 100.0);
    check("route b rps", lines[1].golden.rps, 0.0);
    check("mesh route rps", lines[2].golden.rps, 25.0);
    check("mesh route p99", lines[2].golden.p99_ms, 200.0);
    if lines.iter().any(|line| line.origin != Origin::Measured) {
        wrong.push(format!("not all measured: {lines:?}"));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_what_is_true() {
    let Some(binary) = program("prometheus") else { return };
    let dir = tempfile::tempdir().unwrap();
    let (_running, url) = start(&binary, dir.path(), expose().await);
    let client = Prometheus::new(Endpoint::parse(&url).unwrap(), Duration::from_secs(5)).unwrap();
    let routes = routes();
    let around = resolve::World { routes: routes.iter().collect(), ..resolve::World::default() };
    let interest =
        Interest { gateways: route::gateway_names(&around), window: Duration::from_secs(5), ..Interest::default() };
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut sampler = Sampler::once(client.clone());
    let mut said = loop {
        let wrong = match sampler.look(&interest).await {
            Ok(snapshot) => wrong(&snapshot, &routes),
            Err(error) => vec![error.to_string()],
        };
        if wrong.is_empty() || Instant::now() > deadline {
            break wrong;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    if !said.is_empty() {
        said.push(std::fs::read_to_string(dir.path().join("log")).unwrap_or_default());
    }
    assert!(said.is_empty(), "after a minute still:\n{}", said.join("\n"));

    // Quantiles computed here are those of PromQL.
    let snapshot = sampler.look(&interest).await.unwrap();
    for quantile in [0.5, 0.9, 0.99] {
        let theirs = client.instant::<WorkloadLabels>(&interest.trend_quantile(quantile)).await.unwrap();
        for row in &snapshot.workloads {
            let of =
                |labels: &WorkloadLabels| labels.destination_workload == row.workload && labels.reporter == "source";
            let Some((_, theirs)) = theirs.samples.iter().find(|(labels, _)| of(labels)) else { continue };
            let ours = if quantile < 0.6 {
                row.golden.p50_ms
            } else if quantile < 0.95 {
                row.golden.p90_ms
            } else {
                row.golden.p99_ms
            };
            assert!(near(ours, *theirs), "{} p{quantile}: {ours:?}, PromQL says {theirs}", row.workload);
        }
    }

    // What an effect is looked for by: the share of the answers, and the mean latency.
    for (kind, param, truth) in
        [(FaultKind::HttpAbort, ("status", json!(503)), 0.1), (FaultKind::HttpDelay, ("delay", json!("1s")), 20.0)]
    {
        let fault = sights::fault(kind, sights::reviews(), &[param]);
        let expected = evidence::expected(&compile(&fault, &sights::shop(), "7f3a9c").unwrap());
        let Look::Metric(question) = expected.look() else { panic!("{expected:?}") };
        let meter = meter(&client.clone().into()).unwrap();
        let numbers = meter.numbers(question).await.unwrap();
        assert!(near(numbers.iter().copied().reduce(f64::max), truth), "{question}: {numbers:?} is not {truth}");
        // Nobody calls them: no number, which is not the same as zero.
        let none = meter.numbers(&question.replace("reviews", "nobody")).await.unwrap();
        assert_eq!(none, Vec::<f64>::new(), "{question}");
    }

    // Trends begin before the first look.
    let mut watching = Sampler::with_trends(client.clone(), 1);
    let seen = watching.look(&interest).await.unwrap();
    assert!(seen.notes.is_empty(), "{:?}", seen.notes);
    let reviews = seen.workload("shop", "reviews-v1").unwrap();
    let known = reviews.trends.rps.iter().flatten().count();
    assert!(known > 2, "{:?}", reviews.trends);
    let failing = reviews.trends.error_share.iter().rev().flatten().nth(1);
    assert!(near(failing.map(f64::from), 0.1), "{:?}", reviews.trends.error_share);

    // Only what was asked for.
    let none = Interest { namespace: Some("elsewhere".to_owned()), ..interest.clone() };
    assert_eq!(sampler.look(&none).await.unwrap().total.rps, None);
    // The words of a real Prometheus for a question it cannot read.
    let error = client.instant::<WorkloadLabels>("rate(").await.unwrap_err().to_string();
    assert!(error.contains("answered 400: bad_data"), "{error}");
}
