//! What the faults of chaos engines do to requests, and that their end brings the baseline back.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Town, pod};
use crate::traffic::Reporter;

fn settled() -> Town {
    let mut town = Town::new(11, 100.0);
    town.run(3.0);
    town
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} instead of {expected} ± {tolerance}");
}

/// A chaos object as its engine leaves it once it is injected: into these pods, towards those.
fn injected(kind: &str, spec: &Value, pods: &[&str], targets: &[&str]) -> Value {
    let record = |key: &'static str| move |pod: &&str| json!({"id": format!("shop/{pod}"), "selectorKey": key, "phase": "Injected"});
    let records: Vec<Value> = pods.iter().map(record(".")).chain(targets.iter().map(record(".Target"))).collect();
    json!({
        "apiVersion": "chaos-mesh.org/v1alpha1", "kind": kind, "metadata": {"namespace": "shop", "name": "chaos"},
        "spec": spec, "status": {"experiment": {"desiredPhase": "Run", "containerRecords": records}},
    })
}

const REVIEWS: [&str; 3] = ["reviews-v1-7d9-0", "reviews-v1-7d9-1", "reviews-v1-7d9-2"];
const RATINGS: [&str; 3] = ["ratings-v1-7d9-0", "ratings-v1-7d9-1", "ratings-v1-7d9-2"];

fn over(town: &mut Town, kind: &str) {
    town.change(|shelf| shelf.take(kind, "chaos"));
    town.run(3.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.count(Reporter::Source, "*", "*", None), seen.count(Reporter::Source, "*", "*", Some(200)));
    near(seen.mean("edge-istio", "web-v1"), 28.0, 8.0);
}

#[test]
fn delay_lies_on_what_a_pod_sends_so_answers_and_own_calls_are_late() {
    let mut town = settled();
    let spec = json!({"action": "delay", "delay": {"latency": "200ms", "jitter": "20ms"}});
    town.change(|shelf| shelf.put(injected("NetworkChaos", &spec, &REVIEWS, &[])));
    town.run(3.0);
    let seen = town.watch(20.0);
    // Its call to ratings is late by one way, its answer by another; one in twenty opens a connection.
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0 + 210.0, 25.0);
    near(seen.mean("web-v1", "reviews-v1"), 17.0 + 420.0, 45.0);
    near(seen.mean("web-v1", "details-v1"), 6.0, 4.0);
    assert_eq!(seen.share("web-v1", "reviews-v1", 200), 1.0);
    over(&mut town, "NetworkChaos");
}

#[test]
fn a_target_narrows_it_to_one_way_and_one_pod_of_three_to_what_comes_by_it() {
    let mut town = settled();
    let spec = json!({
        "action": "delay", "direction": "to", "delay": {"latency": "300ms"},
        "target": {"mode": "all", "selector": {"labelSelectors": {"app": "ratings"}}},
    });
    town.change(|shelf| shelf.put(injected("NetworkChaos", &spec, &REVIEWS[..1], &RATINGS)));
    town.run(3.0);
    let seen = town.watch(30.0);
    // A third at most: callers prefer the pods with fewer requests in flight.
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0 + 55.0, 45.0);
    near(seen.mean("web-v1", "details-v1"), 6.0, 4.0);
    over(&mut town, "NetworkChaos");
}

#[test]
fn loss_delays_most_and_breaks_what_is_lost_too_often() {
    let mut town = settled();
    let spec = |loss: &str| json!({"action": "loss", "loss": {"loss": loss}});
    town.change(|shelf| shelf.put(injected("NetworkChaos", &spec("10"), &RATINGS, &[])));
    town.run(3.0);
    let seen = town.watch(30.0);
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0 + 26.0, 14.0);
    town.change(|shelf| shelf.put(injected("NetworkChaos", &spec("100"), &RATINGS, &[])));
    town.run(20.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 503), 1.0);
    assert_eq!(seen.flags("reviews-v1", "ratings-v1"), ["UC"]);
    town.change(|shelf| shelf.take("NetworkChaos", "chaos"));
    town.run(30.0);
    over(&mut town, "NetworkChaos");
}

#[test]
fn a_partition_lets_no_connection_come_about_and_a_rate_slows_large_answers() {
    let mut town = settled();
    let spec = json!({
        "action": "partition", "direction": "both",
        "target": {"mode": "all", "selector": {"labelSelectors": {"app": "ratings"}}},
    });
    town.change(|shelf| shelf.put(injected("NetworkChaos", &spec, &REVIEWS, &RATINGS)));
    town.run(25.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 503), 1.0);
    let flags = seen.flags("reviews-v1", "ratings-v1");
    assert!(!flags.is_empty() && flags.iter().all(|one| one.starts_with("UF")), "{flags:?}");
    town.change(|shelf| shelf.take("NetworkChaos", "chaos"));
    town.run(30.0);
    let rate = json!({"action": "bandwidth", "bandwidth": {"rate": "10kbps", "limit": 20_971_520, "buffer": 10_000}});
    town.change(|shelf| shelf.put(injected("NetworkChaos", &rate, &RATINGS, &[])));
    town.run(3.0);
    let seen = town.watch(20.0);
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0 + 110.0, 15.0);
    over(&mut town, "NetworkChaos");
}

#[test]
fn stress_slows_a_pod_to_its_limit_and_shows_in_its_signals() {
    let mut town = settled();
    town.change(|shelf| {
        for n in 0..3 {
            let mut pod = pod("ratings", "v1", n);
            pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1", "memory": "256Mi"}});
            shelf.put(pod);
        }
    });
    town.run(3.0);
    let before = town.watch(10.0).mean("reviews-v1", "ratings-v1");
    let spec = json!({"stressors": {"cpu": {"workers": 4, "load": 100}, "memory": {"workers": 1, "size": "100MB"}}});
    let ids: Vec<String> = RATINGS.iter().map(|pod| format!("{pod}/ratings")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    town.change(|shelf| shelf.put(injected("StressChaos", &spec, &ids, &[])));
    town.run(5.0);
    let after = town.watch(20.0).mean("reviews-v1", "ratings-v1");
    assert!(after > before * 2.5, "{before} ms, then {after} ms");
    let signal = town.traffic.signals().find(|signal| signal.pod.starts_with("ratings")).unwrap();
    near(signal.cores, 1.0, 0.01);
    assert!(signal.memory > 100.0 * 1024.0 * 1024.0, "{}", signal.memory);
    over(&mut town, "StressChaos");
}

#[test]
fn names_that_do_not_resolve_fail_the_call_before_it_is_sent() {
    let mut town = settled();
    let spec = json!({"action": "error", "patterns": ["ratings.*"]});
    let ids: Vec<String> = REVIEWS.iter().map(|pod| format!("{pod}/reviews")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    town.change(|shelf| shelf.put(injected("DNSChaos", &spec, &ids, &[])));
    town.run(2.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.count(Reporter::Source, "reviews-v1", "*", None), 0);
    assert_eq!(seen.share("web-v1", "reviews-v1", 500), 1.0);
    assert_eq!(seen.count(Reporter::Source, "web-v1", "details-v1", Some(500)), 0);
    over(&mut town, "DNSChaos");
}

#[test]
fn requests_are_hit_behind_the_proxy_by_port_and_path() {
    let mut town = settled();
    let spec = json!({"target": "Request", "port": 9080, "path": "/ratings*", "abort": true});
    town.change(|shelf| shelf.put(injected("HTTPChaos", &spec, &RATINGS, &[])));
    town.run(2.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 503), 1.0);
    let spec = json!({"target": "Request", "port": 9080, "delay": "150ms"});
    town.change(|shelf| shelf.put(injected("HTTPChaos", &spec, &RATINGS[..1], &[])));
    town.run(3.0);
    let seen = town.watch(20.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0);
    assert!(seen.mean("reviews-v1", "ratings-v1") > 30.0);
    let other = json!({"target": "Request", "port": 80, "abort": true});
    town.change(|shelf| shelf.put(injected("HTTPChaos", &other, &RATINGS, &[])));
    town.run(3.0);
    assert_eq!(town.watch(10.0).share("reviews-v1", "ratings-v1", 200), 1.0, "nobody serves port 80");
    over(&mut town, "HTTPChaos");
}

#[test]
fn slow_files_make_every_request_of_the_pod_slow_and_a_record_that_is_recovered_does_nothing() {
    let mut town = settled();
    let spec = json!({"action": "latency", "delay": "80ms", "percent": 50, "volumePath": "/data"});
    let ids: Vec<String> = RATINGS.iter().map(|pod| format!("{pod}/ratings")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut object = injected("IOChaos", &spec, &ids, &[]);
    town.change(|shelf| shelf.put(object.clone()));
    town.run(2.0);
    near(town.watch(20.0).mean("reviews-v1", "ratings-v1"), 46.0, 10.0);
    for record in object["status"]["experiment"]["containerRecords"].as_array_mut().unwrap() {
        record["phase"] = json!("Not Injected");
    }
    town.change(|shelf| shelf.put(object));
    town.run(2.0);
    near(town.watch(10.0).mean("reviews-v1", "ratings-v1"), 6.0, 4.0);
}

#[test]
fn what_litmus_calls_injected_is_late_by_the_engines_setting_or_else_the_experiments() {
    let mut town = settled();
    let env = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    let meta = |name: &str| json!({"namespace": "shop", "name": name});
    let engine = json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosEngine", "metadata": meta("slow"),
        "spec": {"appinfo": {"appns": "shop"}, "experiments": [
            {"name": "pod-network-latency", "spec": {"components": {"env": env("NETWORK_LATENCY", "200")}}}]},
    });
    let experiment = json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosExperiment", "metadata": meta("pod-network-latency"),
        "spec": {"definition": {"env": [{"name": "NETWORK_LATENCY", "value": "2000"}, {"name": "JITTER", "value": "20"}]}},
    });
    let marks: serde_json::Map<String, Value> =
        REVIEWS.iter().map(|pod| (format!("pod/{pod}"), json!("injected"))).collect();
    let mut result = json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosResult", "metadata": meta("chaos"),
        "spec": {"engine": "slow", "experiment": "pod-network-latency"},
    });
    result["metadata"]["annotations"] = Value::Object(marks);
    town.change(|shelf| {
        shelf.put(engine);
        shelf.put(experiment);
        shelf.put(result);
    });
    town.run(3.0);
    let seen = town.watch(20.0);
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0 + 210.0, 25.0);
    near(seen.mean("web-v1", "reviews-v1"), 17.0 + 420.0, 45.0);
    over(&mut town, "ChaosResult");
}
