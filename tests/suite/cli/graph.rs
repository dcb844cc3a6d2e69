//! `brink graph`: one look at a Prometheus, in every shape.

use serde_json::json;

use super::{Home, input::answering};

/// One sample of each edge; questions for buckets are answered with the same, and find none in it.
const EDGES: &str = concat!(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
    r#"{"status":"success","data":{"resultType":"vector","result":["#,
    r#"{"metric":{"reporter":"source","source_workload_namespace":"shop","source_workload":"web","#,
    r#""destination_workload_namespace":"shop","destination_workload":"reviews-v1","destination_service_namespace":"shop","#,
    r#""destination_service_name":"reviews","response_code":"200"},"value":[1700000000,"9"]},"#,
    r#"{"metric":{"reporter":"source","source_workload_namespace":"shop","source_workload":"web","#,
    r#""destination_workload_namespace":"shop","destination_workload":"reviews-v1","destination_service_namespace":"shop","#,
    r#""destination_service_name":"reviews","response_code":"503"},"value":[1700000000,"1"]}]}}"#,
);

#[test]
fn every_shape_tells_the_same_call() {
    let address = answering(EDGES);
    let home = Home::new();
    let graph = |shape: &str| home.brink(["graph", "-A", "--prometheus", &address, "-o", shape]);
    let told = graph("json").json();
    let ids: Vec<&str> = told["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["shop/reviews-v1", "shop/web"]);
    let called = &told["nodes"][0];
    assert_eq!(
        (&called["kind"], &called["rps"], &called["health"]["state"]),
        (&json!("workload"), &json!(10.0), &json!("failing"))
    );
    // What nobody told is unknown, not none.
    assert_eq!((&called["dataplane"], &called["p99_ms"], &called["tcp"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!(told["nodes"][1]["health"]["state"], "unknown");
    let call = json!({
        "from": "shop/web", "to": "shop/reviews-v1", "rps": 10.0, "error_share": 0.1, "p50_ms": null, "p90_ms": null, "p99_ms": null,
        "mtls": null, "waypoint": false, "tcp": null, "split": null,
    });
    assert_eq!(told["edges"], json!([call]));
    let table = graph("table").ok();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let heading = ["FROM", "TO", "MESH", "HEALTH", "RPS", "ERR%", "P99", "MS", "WEIGHT", "TCP/S", "MTLS", "WHY"];
    assert_eq!(rows[0], heading);
    assert_eq!(rows[1][..10], ["shop/web", "shop/reviews-v1", "–", "failing", "10.0", "10.0", "–", "–", "–", "–"]);
    assert_eq!(rows.len(), 2);
    assert!(graph("dot").ok().contains("\"shop/web\" -> \"shop/reviews-v1\" [label=\"10.0/s 10.0%\", color=red];"));
    assert!(graph("mermaid").ok().contains("n1 -->|\"10.0/s 10.0%\"| n0"));
}

#[test]
fn without_a_source_it_says_so_and_draws_nothing() {
    for shape in ["table", "dot", "mermaid"] {
        let ran = Home::new().brink(["graph", "-o", shape]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
        assert!(ran.stderr.contains("no metric source"), "{}", ran.stderr);
    }
    let ran = Home::new().brink(["graph", "-o", "json"]);
    assert_eq!(ran.json(), json!({"nodes": [], "edges": []}));
    assert!(ran.stderr.contains("no metric source"), "{}", ran.stderr);
    let (cause, fix) = Home::new().brink(["graph", "--prometheus", "prometheus:9090"]).failed(2);
    assert!(cause.contains("prometheus:9090") && fix.contains("http://"), "{cause} {fix}");
}
