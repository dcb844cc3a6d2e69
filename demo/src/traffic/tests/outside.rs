//! The edges of the mesh: hosts outside that are not reached, and certificates that clients do not take.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::{
    consequences::{healthy, settled},
    world::Town,
};
use crate::traffic::Reporter;

fn entry(name: &str, created: &str, export: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["hosts"] = json!(["api.example.com"]);
    spec["exportTo"] = json!([export]);
    spec["ports"] =
        json!([{"number": 80, "name": "http", "protocol": "HTTP"}, {"number": 443, "name": "tls", "protocol": "TLS"}]);
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"namespace": "shop", "name": name, "creationTimestamp": created}, "spec": spec,
    })
}

fn nowhere() -> Value {
    json!({"resolution": "STATIC", "endpoints": [{"address": "192.0.2.1"}]})
}

#[test]
fn a_host_that_leads_nowhere_costs_every_try_its_connection() {
    let mut town = settled();
    town.behave(
        "shop/Deployment/ratings-v1: {serves: {9080: {median: 5ms}}, calls: [{to: 'http://api.example.com/pay'}]}",
    );
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0, "{seen:?}");
    town.change(|shelf| shelf.put(entry("brink-x", "2026-02-01T00:00:00Z", ".", &nowhere())));
    town.run(40.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.flags("ratings-v1", "unknown"), ["UF,URX"], "{seen:?}");
    assert_eq!(seen.share("ratings-v1", "unknown", 503), 1.0);
    // Three tries of ten seconds.
    let mean = seen.mean("ratings-v1", "unknown");
    assert!((30_000.0..30_600.0).contains(&mean), "{mean}");
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 500), 1.0, "{seen:?}");
    // Of two entries for one host the older one counts.
    town.change(|shelf| shelf.put(entry("theirs", "2026-01-01T00:00:00Z", "*", &json!({"resolution": "DNS"}))));
    town.run(40.0);
    assert_eq!(town.watch(5.0).share("reviews-v1", "ratings-v1", 200), 1.0);
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 5ms}}}");
    town.change(|shelf| {
        shelf.take("ServiceEntry", "brink-x");
        shelf.take("ServiceEntry", "theirs");
    });
    town.run(2.0);
    healthy(&mut town);
}

#[test]
fn what_a_program_encrypts_is_no_request_of_the_mesh() {
    let mut town = settled();
    town.behave(
        "shop/Deployment/ratings-v1: {serves: {9080: {median: 5ms}}, calls: [{to: 'https://api.example.com/pay'}]}",
    );
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "ratings-v1", "*", None), 0, "{seen:?}");
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0, "{seen:?}");
    town.change(|shelf| shelf.put(entry("brink-x", "2026-02-01T00:00:00Z", ".", &nowhere())));
    town.run(20.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.count(Reporter::Source, "ratings-v1", "*", None), 0, "{seen:?}");
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 500), 1.0, "{seen:?}");
    let mean = seen.mean("reviews-v1", "ratings-v1");
    assert!((10_000.0..10_100.0).contains(&mean), "one connection, tried once: {mean}");
    // An entry for another namespace is none for this one.
    town.change(|shelf| shelf.put(entry("brink-x", "2026-02-01T00:00:00Z", "elsewhere", &nowhere())));
    town.run(15.0);
    assert_eq!(town.watch(5.0).share("reviews-v1", "ratings-v1", 200), 1.0);
}

/// A Secret with a certificate that ends on the first of January of a year.
fn secret(name: &str, year: i32) -> Value {
    let mut params = CertificateParams::new(vec!["shop.example.com".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 1));
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"namespace": "shop", "name": name}, "data": {"tls.crt": STANDARD.encode(pem)},
    })
}

fn gateway(secret: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": "shop", "name": "edge"},
        "spec": {"listeners": [{
            "name": "https", "port": 443, "protocol": "HTTPS",
            "tls": {"certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]},
        }]},
    })
}

#[test]
fn an_expired_certificate_lets_no_request_in() {
    let mut town = Town::visited(7, 100.0, "https://shop.example.com/");
    town.change(|shelf| {
        shelf.put(secret("good", 2049));
        shelf.put(secret("old", 2021));
        shelf.put(gateway("good"));
    });
    town.run(2.0);
    healthy(&mut town);
    for broken in ["old", "missing"] {
        town.change(|shelf| shelf.put(gateway(broken)));
        town.run(1.0);
        let before = town.traffic.fared()[0];
        let seen = town.watch(5.0);
        assert_eq!(seen.count(Reporter::Source, "edge-istio", "*", None), 0, "{broken}: {seen:?}");
        let after = town.traffic.fared()[0];
        assert!(after.sent > before.sent + 300, "{broken}");
        assert_eq!(after.failed - before.failed, after.sent - before.sent, "{broken}: every visitor is turned away");
        town.change(|shelf| shelf.put(gateway("good")));
        town.run(1.0);
        healthy(&mut town);
    }
    // Whoever waits long enough sees a good one end: the world's time is what counts.
    town.change(|shelf| shelf.put(secret("good", 2026)));
    town.run(1.0);
    assert_eq!(town.watch(5.0).count(Reporter::Source, "edge-istio", "*", None), 0);
}
