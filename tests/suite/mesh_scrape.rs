//! Proxies read through the API server, and a Prometheus found behind it: a server on loopback plays all of them, well or
//! badly. Its `Date` says what time it is, so that rates are known to the digit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::{
    cluster::io::live::Live,
    mesh::{
        io::{
            metrics::{Metrics, Source},
            sampler::Sampler,
            scrape::{ScrapeError, Scraper},
        },
        scrape::targets::SELECTORS,
        signals::{MetricKind, promql::Interest, usage::UsageFrom},
        wanted::{Access, Ask, Wanted, headers},
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::loopback::{
    kubeconfig::Kubeconfig,
    server::{Reply, Seen, Server},
};

/// What a pod answers at its n-th reading, from 0.
type Say = dyn Fn(u32) -> Reply + Send + Sync;

const BETWEEN: Duration = Duration::from_millis(1);
const SOON: Duration = Duration::from_secs(5);

/// Ten seconds pass between two readings.
fn date(round: u32) -> (&'static str, String) {
    let at = Timestamp::from_second(1_800_000_000 + i64::from(round) * 10).unwrap();
    ("date", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

fn exposition(round: u32, text: impl Into<String>) -> Reply {
    Reply::Whole(200, vec![("content-type", "text/plain; version=0.0.4".into()), date(round)], text.into())
}

/// Requests of a proxy to `reviews`: 40 a second, every tenth fails.
fn well(round: u32) -> String {
    let seconds = round * 10;
    let labels = "reporter=\"source\",source_workload=\"web\",source_workload_namespace=\"shop\",\
                  destination_workload=\"reviews-v1\",destination_workload_namespace=\"shop\",\
                  destination_service_name=\"reviews\",destination_service_namespace=\"shop\"";
    let bucket = "istio_request_duration_milliseconds_bucket";
    format!(
        "# TYPE istio_requests_total counter\n\
         istio_requests_total{{{labels},response_code=\"200\"}} {}\n\
         istio_requests_total{{{labels},response_code=\"503\"}} {}\n\
         {bucket}{{{labels},response_code=\"200\",le=\"10\"}} {}\n\
         {bucket}{{{labels},response_code=\"200\",le=\"+Inf\"}} {}\n",
        36 * seconds,
        4 * seconds,
        18 * seconds,
        36 * seconds,
    )
}

fn sidecar(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [{"name": "web"}, {"name": "istio-proxy", "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]}]},
        "status": {"phase": "Running"},
    })
}

fn list(items: &[Value]) -> Reply {
    Reply::json(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
}

/// An API server with these sidecars; what else is asked is answered by `other`, or not there.
async fn cluster(
    pods: Vec<(&'static str, Arc<Say>)>,
    other: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> (Server, Live, Kubeconfig) {
    let rounds: Mutex<HashMap<&'static str, u32>> = Mutex::default();
    let server = Server::plain(move |seen| {
        if let Some(reply) = other(seen) {
            return reply;
        }
        if seen.plain() == "/api/v1/pods" {
            let meshed = seen.path.contains("canonical-name");
            let pods: Vec<Value> = pods.iter().filter(|_| meshed).map(|(name, _)| sidecar(name)).collect();
            return list(&pods);
        }
        if seen.plain() == "/api/v1/services" {
            return list(&[]);
        }
        for (name, say) in &pods {
            if seen.plain() == format!("/api/v1/namespaces/shop/pods/{name}:15090/proxy/stats/prometheus") {
                let mut rounds = rounds.lock().unwrap();
                let round = rounds.entry(name).or_default();
                *round += 1;
                return say(*round - 1);
            }
        }
        Reply::status(404, "NotFound", "nothing here")
    })
    .await;
    let kubeconfig = Kubeconfig::new(&server.url());
    let live = Live::new(kubeconfig.connect().unwrap(), true);
    (server, live, kubeconfig)
}

fn good() -> Arc<Say> {
    Arc::new(|round| exposition(round, well(round)))
}

fn say(say: impl Fn(u32) -> Reply + Send + Sync + 'static) -> Arc<Say> {
    Arc::new(say)
}

fn near(found: Option<f64>, truth: f64) -> bool {
    found.is_some_and(|found| (found - truth).abs() <= truth.abs() * 0.02)
}

#[tokio::test]
async fn two_readings_make_the_figures_and_later_ones_need_one() {
    let (server, live, _kubeconfig) = cluster(vec![("web-1", good()), ("web-2", good())], |_| None).await;
    let mut scraper = Scraper::new(live, BETWEEN);
    let snapshot = scraper.look(&Interest::default()).await.unwrap();
    let row = snapshot.workload("shop", "reviews-v1").unwrap().golden;
    assert!(near(row.rps, 80.0) && near(row.error_share, 0.1) && near(row.p50_ms, 10.0), "{row:?}");
    assert_eq!((snapshot.whence.kind, snapshot.whence.place.as_str()), (MetricKind::Scrape, "2 proxies"));
    assert!(snapshot.notes.is_empty(), "{:?}", snapshot.notes);
    // Whether somebody knows of CPU and memory is asked once.
    assert_eq!(server.seen().len(), SELECTORS.len() + 4 + 1);
    let snapshot = scraper.look(&Interest::default()).await.unwrap();
    assert!(near(snapshot.total.rps, 80.0), "{:?}", snapshot.total);
    assert_eq!(server.seen().len(), SELECTORS.len() + 6 + 1, "pods are not listed at every look");
    assert!(server.seen().iter().any(|seen| seen.path.ends_with("/proxy/stats/prometheus?usedonly")));
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_told_and_the_rest_stays_alive() {
    let (held, silence) = mpsc::unbounded_channel::<Option<String>>();
    let silence = Mutex::new(Some(silence));
    let pods = vec![
        ("a-good", good()),
        ("b-down", say(|_| Reply::status(503, "ServiceUnavailable", "no endpoint \u{1b}[31mhere"))),
        ("c-page", say(|round| exposition(round, "<html>log in</html>"))),
        ("d-slow", say(move |_| silence.lock().unwrap().take().map_or(Reply::Cut, Reply::Stream))),
        ("e-cut", say(|_| Reply::Cut)),
        (
            "f-odd",
            say(|round| exposition(round, format!("istio_requests_total{{ 1\nup NaN\n{}{}", well(round), well(round)))),
        ),
        ("g-empty", say(|round| exposition(round, ""))),
    ];
    let (_server, live, _kubeconfig) = cluster(pods, |_| None).await;
    let mut scraper = Scraper::new(live, BETWEEN).patient(Duration::from_millis(1500));
    let snapshot = scraper.look(&Interest::default()).await.unwrap();
    drop(held);
    // The good one and the odd one, whose lines that can be read count once.
    assert!(near(snapshot.total.rps, 80.0) && near(snapshot.total.error_share, 0.1), "{:?}", snapshot.total);
    assert_eq!(snapshot.whence.place, "3 of 7 proxies");
    let notes = snapshot.notes.join("\n");
    assert!(notes.contains("4 of 7 proxies could not be read; shop/"), "{notes}");
    assert!(notes.contains("shop/f-odd: line 1 is not of the exposition format: its braces do not close"), "{notes}");
    assert!(notes.contains("4 series were told twice"), "{notes}");
    assert!(!notes.contains('\u{1b}'), "{notes}");
}

#[tokio::test]
async fn nobody_answering_is_told_with_what_to_do() {
    let forbidden = say(|_| Reply::status(403, "Forbidden", "pods \"web-1\" is forbidden: cannot get pods/proxy"));
    let (_server, live, _kubeconfig) = cluster(vec![("web-1", forbidden)], |_| None).await;
    let error = Scraper::new(live, BETWEEN).look(&Interest::default()).await.unwrap_err();
    assert!(matches!(error, ScrapeError::Silent { asked: 1, forbidden: true, .. }), "{error:?}");
    assert!(error.to_string().contains("shop/web-1") && error.fix().contains("pods/proxy"), "{error}");

    let (_server, live, _kubeconfig) = cluster(Vec::new(), |_| None).await;
    let error = Scraper::new(live.clone(), BETWEEN).look(&Interest::default()).await.unwrap_err();
    assert_eq!(error, ScrapeError::Nobody);
    let metrics = Metrics::new(Wanted::default(), Some(live), SOON);
    let error = Sampler::once(metrics).look(&Interest::default()).await.unwrap_err();
    assert!(error.absent() && error.fix().contains("--prometheus"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_vanishes_takes_its_figures_along() {
    let gone = say(|round| match round {
        0 | 1 => exposition(round, well(round)),
        _ => Reply::status(404, "NotFound", "pods \"web-2\" not found"),
    });
    let (_server, live, _kubeconfig) = cluster(vec![("web-1", good()), ("web-2", gone)], |_| None).await;
    let mut scraper = Scraper::new(live, BETWEEN);
    let mut rates = Vec::new();
    for _ in 0..9 {
        rates.push(scraper.look(&Interest::default()).await.unwrap().total.rps);
    }
    assert!(near(rates[0], 80.0) && near(rates[1], 80.0), "it may be back: {rates:?}");
    assert!(near(rates[8], 40.0), "after a window it is gone: {rates:?}");
}

#[tokio::test]
async fn a_hundred_thousand_series_are_read() {
    use std::fmt::Write as _;
    let many = say(|round| {
        let mut text = well(round);
        for n in 0..100_000 {
            let _ = writeln!(text, "istio_requests_total{{source_workload=\"w{}\",x=\"{n}\"}} {n}", n % 50);
        }
        exposition(round, text)
    });
    let (_server, live, _kubeconfig) = cluster(vec![("web-1", many)], |_| None).await;
    let mut scraper = Scraper::new(live, BETWEEN).patient(Duration::from_secs(30));
    let snapshot = scraper.look(&Interest::default()).await.unwrap();
    assert!(near(snapshot.workload("shop", "reviews-v1").unwrap().golden.rps, 40.0), "{:?}", snapshot.total);
    let notes = snapshot.notes.join("\n");
    assert!(notes.contains("4 series are left out"), "{notes}");
}

#[tokio::test]
async fn open_metrics_and_answers_that_are_cut_are_read_as_far_as_they_go() {
    let open = say(|round| {
        let text = well(round).replace("# TYPE istio_requests_total counter", "# TYPE istio_requests counter");
        let samples: Vec<String> = text
            .lines()
            .map(|line| {
                let exemplar = if line.starts_with('#') { "" } else { " # {trace_id=\"a}b\"} 1 1800000000.5" };
                format!("{line}{exemplar}")
            })
            .collect();
        let created = "istio_requests_created{reporter=\"source\"} 1.8e9\n";
        let odd = "istio_requests_total{reporter=\"source\",x=\"1\"} NaN\nistio_requests_total{reporter=\"source\",x=\"2\"} +Inf\n";
        let text =
            format!("{}\n{created}{odd}# EOF\nistio_requests_total{{reporter=\"source\"}} 1e12", samples.join("\n"));
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Reply::Whole(200, vec![("content-type", kind.into()), date(round)], text)
    });
    // The last line has no end: half of its number would be another number.
    let half = say(|round| exposition(round, format!("{}istio_requests_total{{reporter=\"source\"}} 1", well(round))));
    let (_server, live, _kubeconfig) = cluster(vec![("a-open", open), ("b-half", half)], |_| None).await;
    let mut scraper = Scraper::new(live, BETWEEN);
    let snapshot = scraper.look(&Interest::default()).await.unwrap();
    assert!(near(snapshot.total.rps, 80.0) && near(snapshot.total.error_share, 0.1), "{:?}", snapshot.total);
    assert_eq!(snapshot.notes, ["shop/b-half: the answer is cut"]);
}

/// What a metrics server says, or that nobody may hear it, changes nothing about requests.
#[tokio::test]
async fn a_metrics_server_that_refuses_or_talks_nonsense_is_told_and_the_rest_stays_alive() {
    let usage = |reply: fn() -> Reply| move |seen: &Seen| seen.plain().starts_with("/apis/metrics.k8s.io/").then(reply);
    let absent = || Reply::status(404, "NotFound", "the server could not find the requested resource");
    let down = || Reply::status(503, "ServiceUnavailable", "the server is currently unable to handle the request");
    let forbidden = || Reply::status(403, "Forbidden", "pods.metrics.k8s.io is forbidden");
    let page = || Reply::Whole(200, vec![("content-type", "text/html".into())], "<html>log in</html>".to_owned());
    let odd = || {
        let containers = json!([{"name": "web", "usage": {"cpu": "lots", "memory": 7}}, {"usage": null}]);
        list(&[
            json!({"metadata": {"name": "reviews-v1-0", "namespace": "shop"}, "containers": containers}),
            json!({"containers": 3}),
        ])
    };
    for (reply, noted) in [
        (absent as fn() -> Reply, None),
        (down, None),
        (forbidden, Some("pods.metrics.k8s.io is forbidden")),
        (page, Some("no CPU and memory")),
        (odd, None),
    ] {
        let (_server, live, _kubeconfig) = cluster(vec![("web-1", good())], usage(reply)).await;
        let snapshot = Scraper::new(live, BETWEEN).look(&Interest::default()).await.unwrap();
        assert!(near(snapshot.total.rps, 40.0), "{:?}", snapshot.total);
        assert!(snapshot.workloads.iter().all(|row| row.usage.cpu_cores.is_none() && row.usage.saturation().is_none()));
        assert_eq!(snapshot.usage_from, None);
        assert_eq!(snapshot.notes.len(), usize::from(noted.is_some()), "{:?}", snapshot.notes);
        assert!(noted.is_none_or(|noted| snapshot.notes[0].contains(noted)), "{:?}", snapshot.notes);
    }
}

/// A Prometheus that knows nothing of CPU and memory: the cluster itself is asked, and who may not read pods has no limits.
#[tokio::test]
async fn what_prometheus_does_not_know_of_usage_the_metrics_server_tells() {
    let api = |seen: &Seen| {
        let path = seen.plain();
        if path == "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods" {
            let containers = json!([{"name": "web", "usage": {"cpu": "250m", "memory": "64Mi"}}]);
            let metrics = ["reviews-v1-7d9f8c6b5-x2k4z", "reviews-v1-7d9f8c6b5-bcdfg"]
                .map(|name| json!({"metadata": {"name": name, "namespace": "shop"}, "containers": containers}));
            return Some(list(&metrics));
        }
        if path == "/api/v1/namespaces/shop/pods" {
            return Some(Reply::status(403, "Forbidden", "pods is forbidden"));
        }
        if path.ends_with("/api/v1/query") {
            // A question for requests has many lines of labels; every other one is answered with nothing.
            let edge = json!({"metric": {"reporter": "source", "destination_workload": "reviews-v1",
                "destination_workload_namespace": "shop", "destination_service_namespace": "shop",
                "destination_service_name": "reviews", "response_code": "200"}, "value": [1, "4"]});
            let asked = seen.path.contains("response_code%2C") || seen.path.contains("response_code,");
            let result = if asked { json!([edge]) } else { json!([]) };
            return Some(Reply::json(
                &json!({"status": "success", "data": {"resultType": "vector", "result": result}}),
            ));
        }
        None
    };
    let (server, live, _kubeconfig) = cluster(Vec::new(), api).await;
    let wanted = Wanted { ask: Ask::Address(server.url()), access: Access::default() };
    let mut sampler = Sampler::once(Metrics::new(wanted, Some(live), SOON));
    let interest = Interest { namespace: Some("shop".to_owned()), ..Interest::default() };
    let snapshot = sampler.look(&interest).await.unwrap();
    let usage = snapshot.workload("shop", "reviews-v1").unwrap().usage;
    assert_eq!(
        (usage.cpu_cores, usage.memory_bytes, usage.saturation()),
        (Some(0.5), Some(f64::from(128u32 << 20)), None)
    );
    assert_eq!(snapshot.usage_from, Some(UsageFrom::MetricsServer));
    assert!(snapshot.notes.iter().any(|note| note.contains("no limits of pods")), "{:?}", snapshot.notes);
}

fn service(namespace: &str, name: &str, label: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": label}},
        "spec": {"ports": [{"name": "http", "port": 9090}]},
    })
}

fn vector(value: &str) -> Reply {
    Reply::json(
        &json!({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, value]}]}}),
    )
}

/// Three Services look like it: one is down, one knows no mesh, one is right; then that one goes down as well.
#[tokio::test]
async fn the_prometheus_that_knows_a_mesh_is_found_and_without_it_proxies_are_read() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_down = down.clone();
    let other = move |seen: &Seen| {
        let gone = is_down.load(std::sync::atomic::Ordering::SeqCst);
        let path = seen.plain();
        if path == "/api/v1/services" {
            let found = [
                service("a", "thanos", "thanos-query"),
                service("b", "prometheus", "prometheus"),
                service("c", "prometheus", "prometheus"),
            ];
            return Some(list(if seen.path.contains("kubernetes.io") { &found } else { &[] }));
        }
        if path == "/api/v1/namespaces/b/services/prometheus:9090/proxy/api/v1/query" {
            return Some(vector("0"));
        }
        if path == "/api/v1/namespaces/c/services/prometheus:9090/proxy/api/v1/query" {
            assert_eq!(seen.header("x-scope-orgid"), ["team-a"]);
            return Some(if gone { Reply::status(503, "ServiceUnavailable", "no endpoints") } else { vector("7") });
        }
        if path.contains("/services/") {
            return Some(Reply::status(503, "ServiceUnavailable", "no endpoints"));
        }
        None
    };
    let (_server, live, _kubeconfig) = cluster(vec![("web-1", good())], other).await;
    let access = Access { headers: headers("X-Scope-OrgID: team-a").unwrap(), ..Access::default() };
    let metrics = Metrics::new(Wanted { ask: Ask::Found, access }, Some(live), SOON);
    let Source::Prometheus(client) = metrics.source().await.unwrap() else { panic!("proxies") };
    assert_eq!(client.label(), "svc c/prometheus:9090");
    let mut sampler = Sampler::with_trends(metrics.clone(), 15);
    let snapshot = sampler.look(&Interest::default()).await.unwrap();
    assert_eq!(
        (snapshot.whence.kind, snapshot.whence.place.as_str()),
        (MetricKind::Prometheus, "svc c/prometheus:9090")
    );
    down.store(true, std::sync::atomic::Ordering::SeqCst);
    let error = sampler.look(&Interest::default()).await.unwrap_err();
    assert!(error.to_string().contains("svc c/prometheus:9090 answered 503: no endpoints"), "{error}");
    let snapshot = sampler.look(&Interest::default()).await.unwrap();
    assert_eq!((snapshot.whence.kind, snapshot.whence.place.as_str()), (MetricKind::Scrape, "1 proxy"));
    assert!(near(snapshot.total.rps, 40.0), "{:?}", snapshot.total);
    assert!(metrics.prometheus().await.unwrap().is_none(), "proxies answer no questions");
}

#[tokio::test]
async fn who_wants_no_figures_asks_nobody() {
    let (server, live, _kubeconfig) = cluster(vec![("web-1", good())], |_| None).await;
    let metrics = Metrics::new(Wanted::nowhere(), Some(live), SOON);
    assert!(!metrics.wanted() && metrics.source().await.is_err());
    assert!(server.seen().is_empty());
}
