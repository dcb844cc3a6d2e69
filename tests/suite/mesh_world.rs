//! The wider signals on embedded worlds: which of the questions have samples there, and what the cluster around them tells.

use std::time::Duration;

use brink::mesh::{
    dataplane::Dataplane,
    health::{self, State, Tolerances},
    io::{
        endpoint::Endpoint,
        prometheus::Prometheus,
        sampler::Sampler,
        surroundings::{self, Surroundings},
    },
    mtls::plain,
    signals::{Snapshot, promql::Interest},
};

use super::support::demo::Demo;

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
