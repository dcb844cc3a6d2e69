//! What pods and nodes use, as `metrics.k8s.io` tells it, against what the traffic model says.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::base::quantity;

const API: &str = "/apis/metrics.k8s.io/v1beta1";

fn amount(usage: &Value, resource: &str) -> f64 {
    quantity::read(json::text(usage, &[resource])).unwrap()
}

#[test]
fn running_pods_are_told_by_container_and_add_up_to_their_nodes() {
    let mut world = living("shop", None, 1);
    let (code, pods) = ask(&mut world, "GET", &format!("{API}/pods"), &[], &Value::Null);
    assert_eq!((code, json::text(&pods, &["kind"])), (200, "PodMetricsList"));
    let items = json::list(&pods, &["items"]);
    let name = |one: &Value| json::text(one, &["metadata", "name"]).to_owned();
    // All that run, and of these all containers: the one that has no image is not among them.
    assert_eq!(items.len(), 129);
    assert!(!items.iter().any(|one| name(one) == "ngi14"));
    let page = items.iter().find(|one| name(one).starts_with("productpage-")).unwrap();
    assert_eq!(json::text(page, &["window"]), "15s");
    let read: Timestamp = json::text(page, &["timestamp"]).parse().unwrap();
    assert!(read <= now() && read > time::earlier(now(), Duration::from_secs(16)), "{read}");
    let containers = json::list(page, &["containers"]);
    let names: Vec<&str> = containers.iter().map(|one| json::text(one, &["name"])).collect();
    assert!(names.contains(&"istio-proxy") && names.len() == 2, "{names:?}");
    // Each request to it takes 5 ms of CPU: the flow's rate tells how much that is.
    let requests = "sum(rate(istio_requests_total{reporter=\"destination\",destination_workload=\"productpage\"}[1m]))";
    let (_, told) = world.metrics("/api/v1/query", &[("query".to_owned(), requests.to_owned())]);
    let told = told["data"]["result"][0]["value"][1].as_str().unwrap().parse::<f64>().unwrap();
    let own = |one: &Value, wanted: bool| -> f64 {
        let all = json::list(one, &["containers"]).iter();
        all.filter(|one| (json::text(one, &["name"]) == "istio-proxy") != wanted)
            .map(|one| amount(&one["usage"], "cpu"))
            .sum()
    };
    let serving: f64 = items.iter().filter(|one| name(one).starts_with("productpage-")).map(|one| own(one, true)).sum();
    assert!((serving - told * 0.005).abs() < told * 0.005 * 0.25, "{serving} cores at {told} requests a second");
    let (_, nodes) = ask(&mut world, "GET", &format!("{API}/nodes"), &[], &Value::Null);
    assert_eq!(json::text(&nodes, &["kind"]), "NodeMetricsList");
    for resource in ["cpu", "memory"] {
        let by_node: f64 = json::list(&nodes, &["items"]).iter().map(|one| amount(&one["usage"], resource)).sum();
        let containers = items.iter().flat_map(|one| json::list(one, &["containers"]));
        let by_container: f64 = containers.map(|one| amount(&one["usage"], resource)).sum();
        assert!((by_node / by_container - 1.0).abs() < 0.001, "{resource}: {by_node} and {by_container}");
    }
}

#[test]
fn it_is_found_narrowed_and_refused_as_a_metrics_server_does() {
    let mut world = living("tutorial", None, 1);
    let (_, group) = ask(&mut world, "GET", API, &[], &Value::Null);
    let kinds: Vec<&str> = json::list(&group, &["resources"]).iter().map(|one| json::text(one, &["kind"])).collect();
    assert_eq!(kinds, ["NodeMetrics", "PodMetrics"]);
    let space = format!("{API}/namespaces/httpbin/pods");
    let some = |world: &mut World, query: &[(&str, &str)]| {
        let (code, list) = ask(world, "GET", &space, query, &Value::Null);
        assert_eq!(code, 200, "{list}");
        json::list(&list, &["items"]).len()
    };
    assert_eq!(some(&mut world, &[("labelSelector", "app=httpbin")]), 2);
    assert_eq!(some(&mut world, &[("labelSelector", "app=nothing")]), 0);
    let (_, list) = ask(&mut world, "GET", &space, &[("labelSelector", "app=httpbin")], &Value::Null);
    let name = json::text(&json::list(&list, &["items"])[0], &["metadata", "name"]).to_owned();
    assert_eq!(some(&mut world, &[("fieldSelector", &format!("metadata.name={name}"))]), 1);
    let (code, one) = ask(&mut world, "GET", &format!("{space}/{name}"), &[], &Value::Null);
    assert_eq!((code, json::text(&one, &["kind"])), (200, "PodMetrics"));
    let (code, none) = ask(&mut world, "GET", &format!("{space}/none"), &[], &Value::Null);
    assert_eq!((code, none["message"].as_str()), (404, Some("podmetrics.metrics.k8s.io \"httpbin/none\" not found")));
    assert_eq!(ask(&mut world, "GET", &space, &[("watch", "true")], &Value::Null).0, 405);
    assert_eq!(ask(&mut world, "DELETE", &format!("{space}/{name}"), &[], &Value::Null).0, 405);
    let table = Request {
        method: "GET".to_owned(),
        path: format!("{API}/nodes"),
        accept: "application/json;as=Table;v=v1;g=meta.k8s.io".to_owned(),
        token: "t".to_owned(),
        ..Request::default()
    };
    let (_, table) = read_answer(&mut world, &table);
    let columns: Vec<&str> =
        json::list(&table, &["columnDefinitions"]).iter().map(|one| json::text(one, &["name"])).collect();
    assert_eq!(columns, ["Name", "cpu", "memory", "Window"]);
    assert_eq!(json::list(&table["rows"][0], &["cells"])[3], "15s");
}

#[test]
fn a_new_pod_is_told_after_two_readings_and_a_gone_one_no_more() {
    let mut world = living("tutorial", Some(9), 3);
    let told = |world: &mut World| {
        let path = format!("{API}/namespaces/httpbin/pods");
        let (_, list) = ask(world, "GET", &path, &[("labelSelector", "app=httpbin")], &Value::Null);
        json::list(&list, &["items"]).len()
    };
    let before = told(&mut world);
    let deployment = "/apis/apps/v1/namespaces/httpbin/deployments/httpbin";
    ask(&mut world, "PATCH", deployment, &[], &json!({"spec": {"replicas": before + 1}}));
    world.advance(time::later(now(), Duration::from_secs(9)));
    assert_eq!(told(&mut world), before, "nothing is known of it yet");
    for second in 10..=50 {
        world.advance(time::later(now(), Duration::from_secs(second)));
    }
    assert_eq!(told(&mut world), before + 1);
    ask(&mut world, "PATCH", deployment, &[], &json!({"spec": {"replicas": 0}}));
    for second in 51..=90 {
        world.advance(time::later(now(), Duration::from_secs(second)));
    }
    assert_eq!(told(&mut world), 0);
}
