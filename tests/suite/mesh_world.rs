//! The wider signals on embedded worlds: which of the questions have samples there, and what the cluster around them tells.

use std::time::Duration;

use brink::mesh::{
    dataplane::Dataplane,
    health::{self, State, Tolerances},
    io::{
        endpoint::Endpoint,
        prometheus::Prometheus,
        sampler::Sampler,
        scrape::Scraper,
        surroundings::{self, Surroundings},
    },
    mtls::plain,
    signals::{MetricKind, Snapshot, promql::Interest, usage::UsageFrom},
};

use super::{cli::Home, support::demo::Demo};

/// Series that the questions ask for and the shop has at rest. What happens only under a fault (retries, ejections) is not
/// among them, nor what only other worlds have.
const TOLD: &[&str] = &[
    "istio_requests_total",
    "istio_request_duration_milliseconds_bucket",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "pilot_proxy_convergence_time_bucket",
];

#[test]
fn the_questions_have_samples_in_the_shop() {
    let demo = Demo::of("shop", 1.0);
    demo.wait(async {
        let client = Prometheus::new(Endpoint::parse(demo.prometheus()).unwrap(), Duration::from_secs(10)).unwrap();
        for name in TOLD {
            let counted = client.instant::<serde::de::IgnoredAny>(&format!("count({name})")).await.unwrap().samples;
            assert!(counted.first().is_some_and(|(_, count)| *count > 0.0), "{name}: {counted:?}");
        }
    });
}

fn look(demo: &Demo, namespace: &str) -> (Snapshot, Surroundings) {
    demo.wait(async {
        let client = Prometheus::new(Endpoint::parse(demo.prometheus()).unwrap(), Duration::from_secs(10)).unwrap();
        let interest = Interest { namespace: Some(namespace.to_owned()), ..Interest::default() };
        let snapshot = Sampler::once(client).look(&interest).await.unwrap();
        let around = surroundings::look(&demo.live(), Some(namespace), Tolerances::default()).await.unwrap();
        (snapshot, around)
    })
}

#[test]
fn the_shop_answers_the_wider_questions() {
    let demo = Demo::of("shop", 1.0);
    let (snapshot, found) = look(&demo, "shop");
    assert!(snapshot.notes.is_empty() && found.notes.is_empty(), "{:?} {:?}", snapshot.notes, found.notes);
    let edges = &snapshot.measured.edges;
    assert!(edges.iter().any(|edge| edge.mtls == Some(true)), "somebody speaks mutual TLS");
    assert!(edges.iter().any(|edge| edge.attempts.is_some()), "both ends tell");
    assert!(edges.iter().all(|edge| edge.codes.classes().is_none_or(|all| all.success > 0.5)), "{edges:?}");
    assert!(snapshot.services.iter().any(|row| row.golden.p90_ms.is_some() && !row.versions.is_empty()));
    assert!(snapshot.workloads.iter().any(|row| row.usage.cpu_cores.is_some()), "cAdvisor");
    // Every workload that is called is there with its pods, and well.
    for row in snapshot.workloads.iter().filter(|row| !row.workload.starts_with("svc/")) {
        let named = (row.namespace.clone(), row.workload.clone());
        let crew = found.around.crews.get(&named).unwrap_or_else(|| panic!("no pods of {named:?}"));
        assert!(crew.replicas.desired > 0 && crew.plane().is_some(), "{named:?}: {crew:?}");
        let health = health::workload(row, Some(crew.replicas), &found.around.tolerances);
        assert_ne!(health.state, State::Unknown, "{named:?}");
    }
    let sidecars = found.around.crews.values().filter(|crew| crew.plane() == Some(Dataplane::Sidecar));
    assert!(sidecars.count() > 0, "pods with a proxy of their own");
    assert!(plain::told(&snapshot.measured));
}

/// Both at about the same moment, over nearly a minute of the world.
fn both(world: &str) -> (Snapshot, Snapshot) {
    let demo = Demo::of(world, 10.0);
    demo.wait(async {
        let client = Prometheus::new(Endpoint::parse(demo.prometheus()).unwrap(), Duration::from_secs(10)).unwrap();
        let mut scraper = Scraper::new(demo.live(), Duration::from_secs(50));
        let by_proxies = scraper.look(&Interest::default()).await.unwrap();
        let by_prometheus = Sampler::once(client).look(&Interest::default()).await.unwrap();
        (by_proxies, by_prometheus)
    })
}

fn near(what: &str, one: Option<f64>, other: Option<f64>) {
    let close = match (one, other) {
        (Some(a), Some(b)) => (a - b).abs() <= 0.05 * a.abs().max(b.abs()),
        (a, b) => a == b,
    };
    assert!(close, "{what}: {one:?} by the proxies, {other:?} by Prometheus");
}

/// Requests that so many are seen of in a minute that chance alone does not part the sources.
const BUSY: f64 = 40.0;

#[test]
fn proxies_read_directly_tell_of_the_shop_what_its_prometheus_tells() {
    let (by_proxies, by_prometheus) = both("shop");
    assert!(by_proxies.notes.is_empty(), "{:?}", by_proxies.notes);
    assert_eq!(by_proxies.whence.kind, MetricKind::Scrape);
    near("all requests", by_proxies.total.rps, by_prometheus.total.rps);
    near("their median", by_proxies.total.p50_ms, by_prometheus.total.p50_ms);
    near("their p90", by_proxies.total.p90_ms, by_prometheus.total.p90_ms);
    let names = |snapshot: &Snapshot| -> Vec<String> {
        snapshot.workloads.iter().map(|row| format!("{}/{}", row.namespace, row.workload)).collect()
    };
    assert_eq!(names(&by_proxies), names(&by_prometheus));
    let mut busy = 0;
    for (row, other) in by_proxies.workloads.iter().zip(&by_prometheus.workloads) {
        assert_eq!(row.security.mtls, other.security.mtls, "{}", row.workload);
        assert_eq!(row.usage.cpu_cores.is_some(), other.usage.cpu_cores.is_some(), "{}", row.workload);
        assert_eq!(row.usage.memory_share.is_some(), other.usage.memory_share.is_some(), "{}", row.workload);
        if other.golden.rps.is_some_and(|rps| rps > BUSY) {
            busy += 1;
            near(&row.workload, row.golden.rps, other.golden.rps);
            near(&row.workload, row.golden.p50_ms, other.golden.p50_ms);
        }
    }
    assert!(busy > 2, "{:?}", by_prometheus.workloads);
    assert_eq!(
        (by_proxies.usage_from, by_prometheus.usage_from),
        (Some(UsageFrom::MetricsServer), Some(UsageFrom::Cadvisor))
    );
    for (row, other) in by_proxies.services.iter().zip(&by_prometheus.services) {
        assert_eq!((&row.service, row.upstream.retries.is_some()), (&other.service, other.upstream.retries.is_some()));
        assert_eq!(row.attempts.is_some(), other.attempts.is_some(), "{}", row.service);
    }
    let (one, other) = (by_proxies.control_plane.unwrap(), by_prometheus.control_plane.unwrap());
    assert_eq!((one.clients, one.rejects), (other.clients, other.rejects));
}

#[test]
fn ztunnels_read_directly_tell_of_connections_what_prometheus_tells() {
    let (by_proxies, by_prometheus) = both("ambient");
    let opened = |snapshot: &Snapshot| snapshot.measured.flows.iter().filter_map(|flow| flow.tcp.opened).sum::<f64>();
    near("connections", Some(opened(&by_proxies)), Some(opened(&by_prometheus)));
    let secured = |snapshot: &Snapshot| -> Vec<_> {
        let flows = snapshot.measured.flows.iter();
        flows.map(|flow| (flow.from.clone(), flow.to.clone(), flow.mtls)).collect()
    };
    assert_eq!(secured(&by_proxies), secured(&by_prometheus));
    let (one, other) = (by_proxies.control_plane.unwrap(), by_prometheus.control_plane.unwrap());
    near("connections of ztunnels", one.ztunnel_opened, other.ztunnel_opened);
    near("requests", by_proxies.total.rps, by_prometheus.total.rps);
}

#[test]
fn gateways_of_other_systems_are_read_directly_too() {
    let (by_proxies, by_prometheus) = both("gateways");
    let routes = |snapshot: &Snapshot| snapshot.measured.labelled.keys().cloned().collect::<Vec<_>>();
    assert_eq!(routes(&by_proxies), routes(&by_prometheus));
    assert!(!routes(&by_proxies).is_empty());
    near("all requests", by_proxies.total.rps, by_prometheus.total.rps);
}

#[test]
fn the_command_line_reads_proxies_when_it_is_told_so() {
    let demo = Demo::of("shop", 10.0);
    let mut words = demo.words(&[]);
    let named = words.iter().position(|word| word == "--prometheus").unwrap();
    words[named + 1] = "proxies".to_owned();
    words.extend("mesh -n shop -o json".split(' ').map(str::to_owned));
    let shown = Home::new().brink(words).json();
    assert_eq!(
        (shown["source"].as_str(), shown["usage_source"].as_str()),
        (Some("scrape"), Some("metrics-server")),
        "{shown}"
    );
    let rows = shown["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["rps"].as_f64().is_some_and(|rps| rps > 1.0)), "{shown}");
    assert!(rows.iter().any(|row| row["usage"]["memory_share"].as_f64().is_some_and(|share| share > 0.0)), "{shown}");
    assert!(shown["control_plane"]["clients"].as_f64().is_some_and(|clients| clients > 10.0), "{shown}");
}
