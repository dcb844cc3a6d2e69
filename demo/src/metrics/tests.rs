//! From traffic to answers: brink's own questions over a living world.

use serde_json::Value;

use super::{Detail, Scraper, Tsdb, answer};
use crate::traffic::{Reporter, Town};

fn scraped(town: &mut Town, seconds: u64, tsdb: &mut Tsdb, scraper: &mut Scraper) {
    for _ in 0..seconds * 10 {
        let before = town.now;
        town.run(0.1);
        scraper.scrape(tsdb, &town.traffic, before, town.now);
    }
}

fn ask(tsdb: &Tsdb, now: u64, query: &str) -> Vec<Value> {
    let (status, body) = answer(tsdb, "/api/v1/query", &[("query".to_owned(), query.to_owned())], now as i64);
    assert_eq!(status, 200, "{query}: {body}");
    body["data"]["result"].as_array().cloned().unwrap_or_default()
}

fn value(row: &Value) -> f64 {
    row["value"][1].as_str().unwrap_or_default().parse().unwrap()
}

#[test]
fn the_questions_of_the_cockpit_are_answered() {
    let (mut town, mut tsdb, mut scraper) =
        (Town::new(3, 100.0), Tsdb::new(5000, 1_800_000), Scraper::new(1, Detail::Pods));
    scraped(&mut town, 90, &mut tsdb, &mut scraper);
    let edges = ask(
        &tsdb,
        town.now,
        "sum by (reporter, source_workload_namespace, source_workload, destination_workload_namespace, destination_workload, \
         destination_service_namespace, destination_service_name, response_code, grpc_response_status) \
         (rate(istio_requests_total[60s]))",
    );
    let edge = edges
        .iter()
        .find(|row| row["metric"]["reporter"] == "source" && row["metric"]["destination_workload"] == "web-v1")
        .expect("an edge from the gateway");
    assert!((value(edge) - 100.0).abs() < 8.0, "{edge}");
    assert_eq!(edge["metric"]["source_workload"], "edge-istio");
    assert_eq!(edge["metric"]["destination_service_name"], "web");
    let latency = ask(
        &tsdb,
        town.now,
        "histogram_quantile(0.5, sum by (reporter, destination_workload_namespace, destination_workload, le) \
         (rate(istio_request_duration_milliseconds_bucket[60s])))",
    );
    let web = latency
        .iter()
        .find(|row| row["metric"]["reporter"] == "source" && row["metric"]["destination_workload"] == "web-v1")
        .expect("latency of web");
    assert!((15.0..50.0).contains(&value(web)), "{web}");
    let between = ask(
        &tsdb,
        town.now,
        "sum by (reporter, source_workload, le) (rate(istio_request_duration_milliseconds_bucket{source_workload=~\"(edge)(-.*)?\"}[60s]))",
    );
    // Twenty bounds, told by both ends.
    assert_eq!(between.len(), 40);
    let failed = ask(
        &tsdb,
        town.now,
        "sum by (destination_workload) (rate(istio_requests_total{response_code=~\"5..|0|-\"}[60s]) or \
         rate(istio_requests_total{grpc_response_status!~\"0|\", response_code!~\"5..|0|-\"}[60s]))",
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(
        ask(&tsdb, town.now, "sum by (route, status) (rate(agentgateway_requests_total{route!=\"\"}[60s]))").is_empty()
    );
    assert_eq!(ask(&tsdb, town.now, "count(up)").len(), 1);
    assert!(value(&ask(&tsdb, town.now, "sum(rate(container_cpu_usage_seconds_total[1m]))")[0]) > 0.1);
}

#[test]
fn counters_of_the_store_are_those_of_the_traffic() {
    let (mut town, mut tsdb, mut scraper) =
        (Town::new(8, 50.0), Tsdb::new(5000, 1_800_000), Scraper::new(1, Detail::Pods));
    scraped(&mut town, 30, &mut tsdb, &mut scraper);
    let before = value(&ask(&tsdb, town.now, "sum(istio_requests_total)")[0]);
    let now = town.totals();
    let counted =
        (now.count(Reporter::Source, "*", "*", None) + now.count(Reporter::Destination, "*", "*", None)) as f64;
    // Each pod was scraped within the last five seconds.
    assert!(before <= counted && counted - before < 50.0 * 8.0 * 5.0 * 1.3, "{before} of {counted}");
}

#[test]
fn a_pod_that_goes_takes_its_series_along() {
    let (mut town, mut tsdb, mut scraper) =
        (Town::new(3, 50.0), Tsdb::new(5000, 1_800_000), Scraper::new(1, Detail::Pods));
    scraped(&mut town, 20, &mut tsdb, &mut scraper);
    let pods = "count(up{pod=~\"ratings.*\"})";
    assert!((value(&ask(&tsdb, town.now, pods)[0]) - 3.0).abs() < 1e-9);
    town.change(|shelf| shelf.take("Pod", "ratings-v1-7d9-1"));
    scraped(&mut town, 6, &mut tsdb, &mut scraper);
    assert!((value(&ask(&tsdb, town.now, pods)[0]) - 2.0).abs() < 1e-9);
    assert!(ask(&tsdb, town.now, "istio_requests_total{pod=\"ratings-v1-7d9-1\"}").is_empty());
}

#[test]
fn charts_open_with_a_history() {
    let (mut town, mut tsdb, mut scraper) =
        (Town::new(3, 100.0), Tsdb::new(5000, 1_800_000), Scraper::new(1, Detail::Pods));
    scraped(&mut town, 60, &mut tsdb, &mut scraper);
    tsdb.tile_back(900_000, |k| f64::from(k as u32 % 10) / 10.0);
    scraped(&mut town, 20, &mut tsdb, &mut scraper);
    let query = "sum(rate(istio_requests_total{reporter=\"source\", source_workload=\"edge-istio\"}[60s]))";
    let params: Vec<(String, String)> = [
        ("query", query.to_owned()),
        ("start", (town.now / 1000 - 800).to_string()),
        ("end", (town.now / 1000).to_string()),
        ("step", "20".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let (_, body) = answer(&tsdb, "/api/v1/query_range", &params, town.now as i64);
    let values = body["data"]["result"][0]["values"].as_array().cloned().unwrap_or_default();
    assert_eq!(values.len(), 41);
    let quantile = "histogram_quantile(0.9, sum by (le) (rate(istio_request_duration_milliseconds_bucket{destination_workload=\"web-v1\"}[60s])))";
    let early = town.now - 600_000;
    let p90 = value(&ask(&tsdb, early, quantile)[0]);
    assert!((20.0..60.0).contains(&p90), "{p90} ten minutes before the world began");
    for point in values {
        let rate: f64 = point[1].as_str().unwrap_or_default().parse().unwrap();
        assert!((80.0..120.0).contains(&rate), "{rate} at {}", point[0]);
    }
}

#[test]
fn latencies_of_many_pods_are_told_as_one() {
    let (mut town, mut tsdb, mut scraper) =
        (Town::new(3, 100.0), Tsdb::new(5000, 1_800_000), Scraper::new(1, Detail::Workloads));
    scraped(&mut town, 60, &mut tsdb, &mut scraper);
    let called = "{reporter=\"destination\", destination_workload=\"ratings-v1\"}";
    let sum = |tsdb: &Tsdb, now: u64, name: &str| value(&ask(tsdb, now, &format!("sum({name}{called})"))[0]);
    let pods = ask(&tsdb, town.now, &format!("count(count by (pod) (istio_requests_total{called}))"));
    assert!((value(&pods[0]) - 3.0).abs() < 1e-9, "counters are of pods");
    assert!(ask(&tsdb, town.now, "istio_request_duration_milliseconds_bucket{pod!=\"\"}").is_empty());
    let (requests, count) = (
        sum(&tsdb, town.now, "istio_requests_total"),
        sum(&tsdb, town.now, "istio_request_duration_milliseconds_count"),
    );
    // Both were told within the last interval, one after the other.
    assert!(count > 0.0 && (requests - count).abs() < 100.0 * 10.0 * 1.3, "{count} of {requests}");
    town.change(|shelf| shelf.take("Pod", "ratings-v1-7d9-1"));
    scraped(&mut town, 12, &mut tsdb, &mut scraper);
    let left = sum(&tsdb, town.now, "istio_request_duration_milliseconds_count");
    assert!(left >= count, "a pod that goes takes nothing away: {left} after {count}");
}
