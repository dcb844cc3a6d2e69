//! A real Envoy under a real load: what a real Prometheus makes of it, what brink makes of Prometheus, and what brink makes of
//! Envoy alone are the same.
//!
//! Envoy is set up as kgateway sets it up (a cluster named by its Service) and as Envoy Gateway does (one named by its route).
//! All of it on loopback, with a load that is bounded in time and rate.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use brink::{
    cluster::io::live::Live,
    mesh::{
        io::{endpoint::Endpoint, prometheus::Prometheus, sampler::Sampler, scrape::Scraper},
        signals::{Golden, Snapshot, promql::Interest},
    },
};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    loopback::{
        kubeconfig::Kubeconfig,
        server::{Reply, Server},
    },
    support::world::program,
};

/// Over which span rates are taken, and how far apart Envoy is read.
const SPAN: Duration = Duration::from_secs(20);
/// The load ends by itself: after the last try at the latest.
const LOAD: &str = "180s";
const LIMIT: Duration = Duration::from_secs(60);
/// A machine that is busy elsewhere makes the load uneven, and the two windows are never quite the same.
const TRIES: usize = 4;
const CLUSTER: &str = "kube_shop_reviews_9080";

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command, log: &Path) -> Running {
    let log = std::fs::File::create(log).unwrap();
    Running(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn envoy_config(admin: u16, listener: u16, upstream: u16) -> String {
    let route = |prefix: &str, cluster: &str| {
        format!("{{match: {{prefix: {prefix}}}, route: {{cluster: {cluster}, prefix_rewrite: /}}}}")
    };
    let manager = format!(
        "{{name: envoy.filters.network.http_connection_manager, typed_config: {{\"@type\": \
         type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, \
         stat_prefix: http, route_config: {{virtual_hosts: [{{name: all, domains: ['*'], routes: [{}, {}]}}]}}, \
         http_filters: [{{name: envoy.filters.http.router, typed_config: {{\"@type\": \
         type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]}}}}",
        route("/web", "httproute/shop/web/rule/0"),
        route("/", CLUSTER),
    );
    let address = |port: u16| format!("{{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}");
    let mut text = format!(
        "stats_flush_interval: 0.5s\nadmin: {{address: {}}}\nstatic_resources:\n  listeners:\n  - {{name: in, address: {}, \
         filter_chains: [{{filters: [{manager}]}}]}}\n  clusters:\n",
        address(admin),
        address(listener),
    );
    for name in [CLUSTER, "httproute/shop/web/rule/0"] {
        let _ = writeln!(
            text,
            "  - {{name: {name}, type: STATIC, connect_timeout: 2s, load_assignment: {{cluster_name: {name}, endpoints: \
             [{{lb_endpoints: [{{endpoint: {{address: {}}}}}]}}]}}}}",
            address(upstream),
        );
    }
    text
}

/// What a server on loopback answers to one GET.
fn fetch(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, mut rest) = text.split_once("\r\n\r\n").unwrap_or_default();
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return Ok(rest.to_owned());
    }
    let mut body = String::new();
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        body.push_str(&more[..size]);
        rest = more[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    Ok(body)
}

/// An API server with one pod: a gateway whose metric port leads to the real Envoy.
async fn api_server(admin: u16) -> Server {
    Server::plain(move |seen| {
        let pod = json!({
            "metadata": {"name": "gw-5f7d8c9b6d-x2x9z", "namespace": "edge"},
            "spec": {"containers": [{"name": "envoy", "image": "envoyproxy/envoy", "ports": [{"name": "metrics", "containerPort": 19001}]}]},
            "status": {"phase": "Running"},
        });
        if seen.plain() == "/api/v1/pods" {
            let items = if seen.path.contains("gateway-name") { vec![pod] } else { Vec::new() };
            return Reply::json(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}));
        }
        let proxied = seen.path.strip_prefix("/api/v1/namespaces/edge/pods/gw-5f7d8c9b6d-x2x9z:19001/proxy");
        let answer = proxied.map(|path| tokio::task::block_in_place(|| fetch(admin, path)));
        match answer {
            Some(Ok(text)) => Reply::Whole(200, Vec::new(), text),
            _ => Reply::status(503, "ServiceUnavailable", "Envoy does not answer"),
        }
    })
    .await
}

fn of_service(snapshot: &Snapshot) -> Golden {
    snapshot.workload("shop", "svc/reviews").map(|row| row.golden).unwrap_or_default()
}

/// Requests per second and 99th percentile (seconds) of the route that names itself.
fn of_route(snapshot: &Snapshot) -> (Option<f64>, Option<f64>) {
    let found = snapshot.measured.labelled.get("shop/web");
    (found.map(|told| told.tally.rps), found.and_then(|told| told.latency.quantile(0.99)))
}

fn differ(what: &str, ours: Option<f64>, theirs: Option<f64>, share: f64) -> Option<String> {
    let near = matches!((ours, theirs), (Some(a), Some(b)) if (a - b).abs() <= b.abs() * share);
    println!("{what}: {ours:?} against {theirs:?}");
    (!near).then(|| format!("{what}: {ours:?} is not {theirs:?}"))
}

#[expect(clippy::too_many_lines, reason = "one setting, three comparisons")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_ways_to_measure_an_envoy_agree() {
    let (Some(envoy), Some(fortio), Some(prometheus)) = (program("envoy"), program("fortio"), program("prometheus"))
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (admin, listener, upstream, measured) = (free_port(), free_port(), free_port(), free_port());
    std::fs::write(at("envoy.yaml"), envoy_config(admin, listener, upstream)).unwrap();
    std::fs::write(
        at("prometheus.yml"),
        format!(
            "global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}\nscrape_configs:\n- {{job_name: gw, metrics_path: \
             /stats/prometheus, static_configs: [{{targets: ['127.0.0.1:{admin}'], labels: {{namespace: edge, pod: \
             gw-5f7d8c9b6d-x2x9z}}}}]}}\n"
        ),
    )
    .unwrap();
    let _upstream = start(
        Command::new(&fortio).arg("server").arg("-http-port").arg(format!("127.0.0.1:{upstream}")).args([
            "-grpc-port",
            "disabled",
            "-redirect-port",
            "disabled",
            "-tcp-port",
            "disabled",
            "-udp-port",
            "disabled",
        ]),
        &at("upstream.log"),
    );
    let _envoy = start(
        Command::new(&envoy).arg("-c").arg(at("envoy.yaml")).args([
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            "warn",
        ]),
        &at("envoy.log"),
    );
    let _prometheus = start(
        Command::new(&prometheus)
            .arg(format!("--config.file={}", at("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", at("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{measured}"))
            .arg("--log.level=warn"),
        &at("prometheus.log"),
    );
    let logs = || {
        let read = |name: &str| format!("{name}: {}\n", std::fs::read_to_string(at(name)).unwrap_or_default());
        ["envoy.log", "upstream.log", "load-80.log", "prometheus.log"].map(read).concat()
    };
    let deadline = Instant::now() + LIMIT;
    while fetch(listener, "/").is_err() || fetch(upstream, "/").is_err() {
        assert!(Instant::now() < deadline, "Envoy or its upstream never answered\n{}", logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let load = |qps: &str, path: &str| {
        let url = format!("http://127.0.0.1:{listener}{path}?status=503:30&delay=2ms:60,8ms:32,30ms:5");
        let mut command = Command::new(&fortio);
        command.args(["load", "-qps", qps, "-t", LOAD, "-c", "4", "-allow-initial-errors", "-quiet"]).arg(url);
        start(&mut command, &at(&format!("load-{qps}.log")))
    };
    let _loads = [load("80", "/"), load("20", "/web")];

    // Until the load runs, and Prometheus knows of it.
    let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{measured}")).unwrap();
    let client = Prometheus::new(endpoint, Duration::from_secs(5)).unwrap();
    let one = async |question: &str| -> Option<f64> {
        client.instant::<IgnoredAny>(question).await.ok()?.samples.first().map(|(_, value)| *value)
    };
    let selector = format!("envoy_cluster_name=\"{CLUSTER}\"");
    let enough = format!("sum(rate(envoy_cluster_upstream_rq{{{selector}}}[3s]))");
    while one(&enough).await.is_none_or(|rate| rate < 30.0) {
        assert!(Instant::now() < deadline, "Prometheus never saw the load\n{}", logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    // Envoy alone, read at two moments; then what Prometheus counted between them.
    let server = api_server(admin).await;
    let kubeconfig = Kubeconfig::new(&server.url());
    let live = Live::new(kubeconfig.connect().unwrap(), true);
    let interest = Interest { window: SPAN, ..Interest::default() };
    let mut tries = 0;
    let theirs = loop {
        let read = Scraper::new(live.clone(), SPAN).look(&Interest::default()).await.unwrap();
        let asked = Sampler::once(client.clone()).look(&interest).await.unwrap();
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        let (ours, theirs) = (of_service(&read), of_service(&asked));
        let wrong: Vec<String> = [
            differ("read, rps", ours.rps, theirs.rps, 0.05),
            differ("read, errors", ours.error_share, theirs.error_share, 0.05),
            differ("read, p50", ours.p50_ms, theirs.p50_ms, 0.05),
            differ("read, p90", ours.p90_ms, theirs.p90_ms, 0.05),
            differ("read, p99", ours.p99_ms, theirs.p99_ms, 0.05),
            differ("read, route rps", of_route(&read).0, of_route(&asked).0, 0.05),
            differ("read, total rps", read.total.rps, asked.total.rps, 0.05),
        ]
        .into_iter()
        .flatten()
        .collect();
        if wrong.is_empty() {
            break theirs;
        }
        tries += 1;
        assert!(tries < TRIES, "{}\n{}", wrong.join("\n"), logs());
    };

    // PromQL's own arithmetic. Between two questions Prometheus may scrape once more: then the pair is asked again.
    let bucket = |cluster: &str, quantile: f64| {
        let rates = format!("rate(envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name=\"{cluster}\"}}[20s])");
        format!("histogram_quantile({quantile}, sum by (le) ({rates}))")
    };
    let rate = format!("sum(rate(envoy_cluster_upstream_rq{{{selector}}}[20s]))");
    let failed = format!("sum(rate(envoy_cluster_upstream_rq{{{selector}, envoy_response_code=~\"5..\"}}[20s]))");
    let deadline = Instant::now() + LIMIT / 3;
    loop {
        let asked = Sampler::once(client.clone()).look(&interest).await.unwrap();
        let ours = of_service(&asked);
        let all = one(&rate).await;
        let share = one(&failed).await.zip(all).map(|(failed, all)| failed / all);
        let route = one(&bucket("httproute/shop/web/rule/0", 0.99)).await.map(|ms| ms / 1000.0);
        let wrong: Vec<String> = [
            differ("asked, rps", ours.rps, all, 0.01),
            differ("asked, errors", ours.error_share, share, 0.01),
            differ("asked, p50", ours.p50_ms, one(&bucket(CLUSTER, 0.5)).await, 0.01),
            differ("asked, p90", ours.p90_ms, one(&bucket(CLUSTER, 0.9)).await, 0.01),
            differ("asked, p99", ours.p99_ms, one(&bucket(CLUSTER, 0.99)).await, 0.01),
            differ("asked, route p99", of_route(&asked).1, route, 0.01),
        ]
        .into_iter()
        .flatten()
        .collect();
        if wrong.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{}", wrong.join("\n"));
    }
    // It was a load worth measuring.
    assert!(
        theirs.rps.is_some_and(|rps| rps > 20.0) && theirs.error_share.is_some_and(|share| share > 0.02),
        "{theirs:?}"
    );
}
