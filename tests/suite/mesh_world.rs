//! The wider signals on embedded worlds: which of the questions have samples there, and what the cluster around them tells.

use std::time::Duration;

use brink::{
    cluster::api::Api as _,
    mesh::{
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
    },
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

/// Both sources, looked at until they agree: the windows of the two are not the same, and a busy machine drops traffic of the
/// world. Gives what they disagreed about last.
fn disagreements(world: &str, compare: impl Fn(&Snapshot, &Snapshot) -> Vec<String>) -> Vec<String> {
    let demo = Demo::of(world, 4.0);
    demo.wait(async {
        let client = Prometheus::new(Endpoint::parse(demo.prometheus()).unwrap(), Duration::from_secs(30)).unwrap();
        let mut scraper = Scraper::new(demo.live(), Duration::from_secs(45)).patient(Duration::from_secs(30));
        let mut last = Vec::new();
        for _ in 0..12 {
            let by_proxies = scraper.look(&Interest::default()).await.unwrap();
            let by_prometheus = Sampler::once(client.clone()).look(&Interest::default()).await.unwrap();
            assert_eq!(by_proxies.whence.kind, MetricKind::Scrape);
            last = compare(&by_proxies, &by_prometheus);
            if last.is_empty() {
                break;
            }
            demo.live().sleep(Duration::from_secs(20)).await;
        }
        last
    })
}

/// Nothing, where two figures are within a twentieth of each other, or both unknown.
fn near(what: &str, one: Option<f64>, other: Option<f64>) -> Option<String> {
    let close = match (one, other) {
        (Some(a), Some(b)) => (a - b).abs() <= 0.05 * a.abs().max(b.abs()),
        (a, b) => a == b,
    };
    (!close).then(|| format!("{what}: {one:?} by the proxies, {other:?} by Prometheus"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, one: T, other: T) -> Option<String> {
    (one != other).then(|| format!("{what}: {one:?} by the proxies, {other:?} by Prometheus"))
}

/// Requests that so many are seen of in a minute that chance alone does not part the sources.
const BUSY: f64 = 40.0;

fn of_the_shop(one: &Snapshot, other: &Snapshot) -> Vec<String> {
    let names = |snapshot: &Snapshot| -> Vec<String> {
        snapshot.workloads.iter().map(|row| format!("{}/{}", row.namespace, row.workload)).collect()
    };
    let mut all = vec![
        near("all requests", one.total.rps, other.total.rps),
        near("their median", one.total.p50_ms, other.total.p50_ms),
        near("their p90", one.total.p90_ms, other.total.p90_ms),
        same("workloads", names(one), names(other)),
        same("usage", one.usage_from, Some(UsageFrom::MetricsServer)),
        same("usage", Some(UsageFrom::Cadvisor), other.usage_from),
        same("notes", &one.notes, &other.notes),
    ];
    let mut busy = 0;
    for (row, other) in one.workloads.iter().zip(&other.workloads) {
        all.extend([
            same(&row.workload, row.security.mtls, other.security.mtls),
            same(&row.workload, row.usage.cpu_cores.is_some(), other.usage.cpu_cores.is_some()),
            same(&row.workload, row.usage.memory_share.is_some(), other.usage.memory_share.is_some()),
        ]);
        if other.golden.rps.is_some_and(|rps| rps > BUSY) {
            busy += 1;
            all.push(near(&row.workload, row.golden.rps, other.golden.rps));
            all.push(near(&row.workload, row.golden.p50_ms, other.golden.p50_ms));
        }
    }
    all.push((busy < 3).then(|| format!("only {busy} workloads are busy")));
    for (row, other) in one.services.iter().zip(&other.services) {
        all.extend([
            same("service", &row.service, &other.service),
            same(&row.service, row.upstream.retries.is_some(), other.upstream.retries.is_some()),
            same(&row.service, row.attempts.is_some(), other.attempts.is_some()),
        ]);
    }
    let control = |snapshot: &Snapshot| snapshot.control_plane.map(|told| (told.clients, told.rejects));
    all.push(same("control plane", control(one), control(other)));
    all.into_iter().flatten().collect()
}

#[test]
fn proxies_read_directly_tell_of_the_shop_what_its_prometheus_tells() {
    assert_eq!(disagreements("shop", of_the_shop), Vec::<String>::new());
}

#[test]
fn ztunnels_read_directly_tell_of_connections_what_prometheus_tells() {
    let opened =
        |snapshot: &Snapshot| snapshot.measured.flows.iter().filter_map(|flow| flow.tcp.opened).reduce(|a, b| a + b);
    let secured = |snapshot: &Snapshot| -> Vec<_> {
        let flows = snapshot.measured.flows.iter();
        flows.map(|flow| (flow.from.clone(), flow.to.clone(), flow.mtls)).collect()
    };
    let ztunnels = |snapshot: &Snapshot| snapshot.control_plane.and_then(|told| told.ztunnel_opened);
    let compare = |one: &Snapshot, other: &Snapshot| -> Vec<String> {
        let all = [
            near("connections", opened(one), opened(other)),
            same("security", secured(one), secured(other)),
            near("connections of ztunnels", ztunnels(one), ztunnels(other)),
            near("requests", one.total.rps, other.total.rps),
            opened(one).is_none().then(|| "no connections".to_owned()),
        ];
        all.into_iter().flatten().collect()
    };
    assert_eq!(disagreements("ambient", compare), Vec::<String>::new());
}

#[test]
fn gateways_of_other_systems_are_read_directly_too() {
    let routes = |snapshot: &Snapshot| snapshot.measured.labelled.keys().cloned().collect::<Vec<_>>();
    let compare = |one: &Snapshot, other: &Snapshot| -> Vec<String> {
        let all = [
            same("routes", routes(one), routes(other)),
            near("all requests", one.total.rps, other.total.rps),
            routes(one).is_empty().then(|| "no routes".to_owned()),
        ];
        all.into_iter().flatten().collect()
    };
    assert_eq!(disagreements("gateways", compare), Vec::<String>::new());
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
