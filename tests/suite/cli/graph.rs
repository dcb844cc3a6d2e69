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
    assert_eq!(
        graph("json").json(),
        json!({
            "nodes": [{"id": "shop/reviews-v1", "kind": "workload"}, {"id": "shop/web", "kind": "workload"}],
            "edges": [{"from": "shop/web", "to": "shop/reviews-v1", "rps": 10.0, "error_share": 0.1, "mtls": null}],
        })
    );
    let table = graph("table").ok();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [vec!["FROM", "TO", "RPS", "ERR%", "MTLS"], vec!["shop/web", "shop/reviews-v1", "10.0", "10.0", "–"]]
    );
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
