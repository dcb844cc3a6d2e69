//! Tools: lookups, and loads that really flow.

use serde_json::{Value, json};

use super::{World, ask, living, pass};
use crate::agents::{Called, offered};

fn call(world: &mut World, tool: &str, given: &Value) -> Result<String, String> {
    match world.tool(tool, given) {
        Called::Said(said) => Ok(said),
        Called::Failed(why) => Err(why),
        Called::Runs(begun) => {
            for _ in 0..3000 {
                if let Some(said) = world.tool_ended(&begun) {
                    return Ok(said);
                }
                pass(world, 100);
            }
            panic!("{tool} never ends")
        }
    }
}

fn load(world: &mut World, given: &Value) -> Value {
    serde_json::from_str(&call(world, "run_load_test", given).unwrap()).unwrap()
}

#[test]
fn nothing_that_writes_is_offered() {
    let names: Vec<&str> = offered().map(|tool| tool.name).collect();
    assert_eq!(names.len(), 14);
    assert!(offered().all(|tool| !tool.writes && !tool.about().is_empty()));
    assert!(!names.contains(&"k8s_apply_manifest"));
}

#[test]
fn a_load_waits_for_its_answers() {
    let mut world = living("kagent", None, 1);
    let url = "http://httpbin.httpbin:8000/get";
    let calm = load(&mut world, &json!({"url": url, "duration": "10s", "connections": 4, "qps": 50}));
    let near = |value: &Value, wanted: f64, by: f64| (value.as_f64().unwrap() - wanted).abs() <= wanted * by;
    assert!(near(&calm["actualQps"], 50.0, 0.05), "{calm:#}");
    assert!(calm["latencyMs"]["p50"].as_f64().unwrap() > 2.0 && calm["errorPercent"] == 0.0, "{calm:#}");
    // A second for every request: two workers get at most two answers a second, whatever they wish.
    let slow = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "slow", "namespace": "httpbin"},
        "spec": {"hosts": ["httpbin.httpbin.svc.cluster.local"], "http": [{
            "fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 100}}},
            "route": [{"destination": {"host": "httpbin.httpbin.svc.cluster.local"}}],
        }]},
    });
    let path = "/apis/networking.istio.io/v1/namespaces/httpbin/virtualservices";
    assert_eq!(ask(&mut world, "POST", path, &[], &slow).0, 201);
    pass(&mut world, 2_000);
    let held = load(&mut world, &json!({"url": url, "duration": "10s", "connections": 2, "qps": 50}));
    assert!(near(&held["actualQps"], 2.0, 0.1), "{held:#}");
    assert!(held["latencyMs"]["min"].as_f64().unwrap() >= 1000.0, "{held:#}");
    let parsed = json!({"rawResults": held.to_string(), "compareWith": [calm.to_string()]});
    let parsed: Value = serde_json::from_str(&call(&mut world, "parse_test_results", &parsed).unwrap()).unwrap();
    assert!(parsed["comparisons"][0]["change"]["p50ChangePercent"].as_f64().unwrap() > 1000.0);
}

#[test]
fn load_goes_to_services_of_this_cluster_alone() {
    let mut world = living("kagent", None, 1);
    for url in [
        "http://example.com/",
        "https://httpbin.httpbin:8000/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:8000/",
        "http://httpbin/",
        "http://nobody.httpbin:80/",
        "http://httpbin.httpbin@example.com/",
        "http://httpbin.httpbin.evil.com/",
        "http://httpbin.httpbin:8000/\u{1b}[2J",
        "",
    ] {
        let why = call(&mut world, "run_load_test", &json!({"url": url})).unwrap_err();
        assert!(why.contains("this cluster only"), "{url}: {why}");
    }
    let url = "http://httpbin.httpbin:8000/";
    for (field, value) in [
        ("connections", json!(0)),
        ("connections", json!(1001)),
        ("connections", json!("many")),
        ("duration", json!("0s")),
        ("duration", json!("99h")),
        ("duration", json!("99999999999999999999s")),
        ("qps", json!(-1)),
        ("method", json!("TRACE")),
        ("timeout", json!("soon")),
    ] {
        assert!(call(&mut world, "run_load_test", &json!({"url": url, field: value})).is_err(), "{field} {value}");
    }
    for _ in 0..4 {
        assert!(matches!(world.tool("run_load_test", &json!({"url": url})), Called::Runs(_)));
    }
    let why = call(&mut world, "run_load_test", &json!({"url": url})).unwrap_err();
    assert!(why.contains("4 load tests run already"), "{why}");
}

#[test]
fn lookups_tell_what_the_api_tells() {
    let mut world = living("kagent", None, 1);
    let pods =
        call(&mut world, "k8s_get_resources", &json!({"resource_type": "po", "all_namespaces": "true"})).unwrap();
    assert!(pods.starts_with("NAMESPACE") && pods.contains("ImagePullBackOff"), "{pods}");
    let one = json!({"resource_type": "pod", "resource_name": "ngi14"});
    assert!(call(&mut world, "k8s_get_resource_yaml", &one).unwrap().contains("image: nginx:latesttttt"));
    let about = call(&mut world, "k8s_describe_resource", &one).unwrap();
    assert!(about.contains("Events:") && about.contains("BackOff"), "{about}");
    let rates = json!({"query": "sum(rate(istio_requests_total[1m]))"});
    assert!(call(&mut world, "prometheus_query_tool", &rates).unwrap().contains("\"value\""));
    assert!(call(&mut world, "prometheus_query_tool", &json!({"query": "sum("})).is_err());
    let health = json!({"serviceName": "httpbin", "namespace": "httpbin"});
    let health: Value = serde_json::from_str(&call(&mut world, "check_service_health", &health).unwrap()).unwrap();
    assert_eq!((&health["healthy"], &health["readyEndpoints"]), (&json!(true), &json!(2)));
    assert!(call(&mut world, "list_namespaces", &json!({})).unwrap().contains("httpbin"));
    assert!(call(&mut world, "list_services", &json!({"namespace": "httpbin"})).unwrap().contains("8000"));
    let plan = json!({"profileType": "step", "url": "http://httpbin.httpbin:8000/", "steps": 4, "totalDuration": "4m"});
    let plan: Value = serde_json::from_str(&call(&mut world, "create_load_profile", &plan).unwrap()).unwrap();
    assert_eq!(plan["steps"][3], json!({"url": "http://httpbin.httpbin:8000/", "duration": "60s", "connections": 100}));
    for (tool, given) in [
        ("k8s_get_resources", json!({})),
        ("k8s_get_resources", json!({"resource_type": "nonsense"})),
        ("k8s_get_resource_yaml", json!({"resource_type": "pod", "resource_name": "../../secrets"})),
        ("k8s_get_pod_logs", json!({"pod_name": "ngi14/exec"})),
        ("k8s_get_resources", json!({"resource_type": "pods", "namespace": "a/../b"})),
        ("check_service_health", json!({"serviceName": "nobody"})),
        ("shell", json!({"command": "id"})),
    ] {
        assert!(call(&mut world, tool, &given).is_err(), "{tool} {given}");
    }
}
