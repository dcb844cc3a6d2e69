//! What kgateway and agentgateway attach to routes, by what their proxies count.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Seen, Town};
use crate::traffic::Reporter;

/// The town behind a Gateway of one of them, with a model that web does not need.
fn town(container: &str, controller: &str) -> Town {
    let mut town = Town::new(31, 50.0);
    town.change(|shelf| {
        let mut gateway = super::world::pod("edge", "istio", 0);
        gateway["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = json!("edge");
        gateway["spec"]["containers"] = json!([{"name": container}]);
        // The store would tell that the pod is another one.
        gateway["metadata"]["uid"] = json!("uid-edge-other");
        shelf.put(gateway);
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "ours"},
            "spec": {"controllerName": controller},
        }));
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": "shop", "name": "edge"},
            "spec": {"gatewayClassName": "ours", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        }));
    });
    town.run(3.0);
    town
}

fn agents() -> Town {
    town("agentgateway", "agentgateway.dev/agentgateway")
}

fn envoy() -> Town {
    town("kgateway-proxy", "kgateway.dev/kgateway")
}

fn policy(kind: &str, spec: &Value) -> Value {
    let group = if kind == "TrafficPolicy" { "gateway.kgateway.dev" } else { "agentgateway.dev" };
    let mut object = json!({
        "apiVersion": format!("{group}/v1alpha1"), "kind": kind, "metadata": {"namespace": "shop", "name": "ours"}, "spec": spec,
    });
    object["spec"]["targetRefs"] =
        json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "front"}]);
    object
}

/// Answers of the Gateway with a status, as a share.
fn share(seen: &Seen, code: u16) -> f64 {
    let all = seen.count(Reporter::Source, "edge-istio", "*", None);
    seen.count(Reporter::Source, "edge-istio", "*", Some(code)) as f64 / all.max(1) as f64
}

#[test]
fn a_limit_lets_so_many_through_and_no_more() {
    let limits = [
        (
            agents(),
            policy(
                "AgentgatewayPolicy",
                &json!({"traffic": {"rateLimit": {"local": [{"requests": 10, "unit": "Seconds"}]}}}),
            ),
        ),
        (
            envoy(),
            policy(
                "TrafficPolicy",
                &json!({"rateLimit": {"local": {"tokenBucket": {
            "maxTokens": 10, "tokensPerFill": 10, "fillInterval": "1s"}}}}),
            ),
        ),
    ];
    for (mut town, limit) in limits {
        assert_eq!(share(&town.watch(10.0), 200), 1.0);
        town.change(|shelf| shelf.put(limit.clone()));
        let seen = town.watch(20.0);
        let through = seen.count(Reporter::Source, "edge-istio", "web-v1", Some(200));
        assert!((190..=220).contains(&through), "{through} of 20 s");
        assert!((share(&seen, 429) - 0.8).abs() < 0.05, "{seen:?}");
        town.change(|shelf| shelf.take(limit["kind"].as_str().unwrap(), "ours"));
        assert_eq!(share(&town.watch(10.0), 429), 0.0);
    }
}

#[test]
fn the_policy_of_the_other_system_is_not_read() {
    let mut town = envoy();
    let limit = json!({"traffic": {"rateLimit": {"local": [{"requests": 1, "unit": "Hours"}]}}});
    town.change(|shelf| shelf.put(policy("AgentgatewayPolicy", &limit)));
    assert_eq!(share(&town.watch(10.0), 200), 1.0);
}

#[test]
fn an_answer_takes_its_share() {
    let mut town = agents();
    let answer = json!({"traffic": {"directResponse": {"conditional": [
        {"condition": "request.path == \"/\" && random() < 0.2", "policy": {"status": 418}}]}}});
    town.change(|shelf| shelf.put(policy("AgentgatewayPolicy", &answer)));
    let seen = town.watch(30.0);
    assert!((share(&seen, 418) - 0.2).abs() < 0.04, "{}", share(&seen, 418));
    assert_eq!(seen.count(Reporter::Destination, "*", "web-v1", Some(418)), 0, "no pod sees them");
}

#[test]
fn a_delay_is_as_long_as_it_says() {
    let mut town = agents();
    let before = town.watch(20.0).mean("edge-istio", "web-v1");
    for (duration, expected) in [("300ms", 300.0), ("random() < 0.5 ? 400 : 0", 200.0)] {
        let delay = json!({"traffic": {"delay": {"duration": duration}}});
        town.change(|shelf| shelf.put(policy("AgentgatewayPolicy", &delay)));
        let mean = town.watch(30.0).mean("edge-istio", "web-v1");
        assert!((mean - before - expected).abs() < 30.0, "{duration}: {before} -> {mean}");
    }
}

#[test]
fn a_rule_with_a_direct_response_leads_nowhere_else() {
    let mut town = envoy();
    let mut route = super::world::route("front", "web", "2026-01-01T00:00:00Z");
    let named = json!({"group": "gateway.kgateway.dev", "kind": "DirectResponse", "name": "teapot"});
    route["spec"]["rules"][0]["filters"] = json!([{"type": "ExtensionRef", "extensionRef": named}]);
    town.change(|shelf| shelf.put(route));
    assert_eq!(share(&town.watch(5.0), 500), 1.0, "it is not there");
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "gateway.kgateway.dev/v1alpha1", "kind": "DirectResponse",
            "metadata": {"namespace": "shop", "name": "teapot"}, "spec": {"status": 418},
        }));
    });
    assert_eq!(share(&town.watch(5.0), 418), 1.0);
}

#[test]
fn a_model_answers_by_its_name_and_key() {
    let mut town = agents();
    town.behave(
        "providers/anthropic: {models: [opus-5], tokens: [100, 200], serves: {443: {median: 700ms, sigma: 0.1}}}",
    );
    let backend = |model: &str, key: &str| {
        json!({
            "apiVersion": "gateway.kgateway.dev/v1alpha1", "kind": "Backend", "metadata": {"namespace": "shop", "name": "claude"},
            "spec": {"type": "AI", "ai": {"llm": {"anthropic": {
                "model": model, "authToken": {"kind": "SecretRef", "secretRef": {"name": key}},
            }}}},
        })
    };
    town.change(|shelf| {
        let mut route = super::world::route("front", "web", "2026-01-01T00:00:00Z");
        let model = json!([{"group": "gateway.kgateway.dev", "kind": "Backend", "name": "claude"}]);
        route["spec"]["rules"][0]["backendRefs"] = model;
        shelf.put(route);
        shelf.put(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "key"}}));
        shelf.put(backend("opus-5", "key"));
    });
    let seen = town.watch(20.0);
    assert_eq!(share(&seen, 200), 1.0);
    assert!((seen.mean("edge-istio", "unknown") - 703.0).abs() < 20.0, "{}", seen.mean("edge-istio", "unknown"));
    for (model, key, status) in [("opus-6", "key", 404), ("opus-5", "lost", 401), ("opus-5", "key", 200)] {
        town.change(|shelf| shelf.put(backend(model, key)));
        assert_eq!(share(&town.watch(5.0), status), 1.0, "{model} {key}");
    }
    // 7500 tokens a second are asked for.
    let tokens = json!({"traffic": {"rateLimit": {"local": [{"tokens": 1500, "unit": "Seconds"}]}}});
    town.change(|shelf| shelf.put(policy("AgentgatewayPolicy", &tokens)));
    let through = share(&town.watch(20.0), 200);
    assert!((0.15..0.3).contains(&through), "{through}");
}

#[test]
fn its_log_tells_why() {
    let mut town = agents();
    let limit = json!({"traffic": {"rateLimit": {"local": [{"requests": 1, "unit": "Hours"}]}}});
    town.change(|shelf| shelf.put(policy("AgentgatewayPolicy", &limit)));
    town.traffic.take_logs();
    town.run(2.0);
    let logs = town.traffic.take_logs();
    let line = logs.iter().find(|one| one.line.container() == Some("agentgateway")).unwrap().text();
    let tail = "info request gateway=shop/edge listener=http route=shop/front http.method=GET http.host=shop.example.com \
                http.path=/ http.version=HTTP/1.1 http.status=429 error=\"rate limit exceeded\" reason=RateLimit duration=0ms";
    assert!(line.ends_with(tail), "{line}");
}
