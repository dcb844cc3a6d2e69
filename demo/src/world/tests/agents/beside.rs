//! What stands beside the tasks: cards, kagent's objects and its controller, the API server's proxy, the canary analysis.

use serde_json::{Value, json};

use super::{Asked, World, ask, at_once, data, heard, living, post, request, send, state, words};
use crate::api::Body;

fn get(world: &mut World, path: &str) -> (u16, Value) {
    let asked = Asked { method: "GET", path, query: &[], headers: &[], root: "http://here:1", body: b"" };
    let response = world.visit(&asked);
    let Body::Whole(bytes) = response.body else { panic!("{path} is a stream") };
    (response.code, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn condition(world: &mut World, path: &str, kind: &str) -> (String, String) {
    let object = ask(world, "GET", path, &[], &Value::Null).1;
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let one = all.iter().find(|one| one["type"] == kind).cloned().unwrap_or_default();
    let word = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
    (word("status"), word("message"))
}

const AGENT: &str = "/apis/kagent.dev/v1alpha2/namespaces/kagent/agents/k8s-agent";

#[test]
fn the_controller_accepts_and_deploys_what_is_as_it_should_be() {
    let mut world = living("kagent", None, 1);
    assert_eq!(condition(&mut world, AGENT, "Accepted").0, "True");
    assert_eq!(condition(&mut world, AGENT, "Ready").0, "True");
    let server = "/apis/kagent.dev/v1alpha2/namespaces/kagent/remotemcpservers/kagent-tool-server";
    let held = ask(&mut world, "GET", server, &[], &Value::Null).1;
    assert!(held["status"]["discoveredTools"].as_array().unwrap().len() > 8);
    // The key goes: the model is refused, and with it the agents.
    let secret = "/api/v1/namespaces/kagent/secrets/kagent-openai";
    assert_eq!(ask(&mut world, "DELETE", secret, &[], &Value::Null).0, 200);
    super::pass(&mut world, 2_000);
    let config = "/apis/kagent.dev/v1alpha2/namespaces/kagent/modelconfigs/default-model-config";
    let (status, why) = condition(&mut world, config, "Accepted");
    assert!(status == "False" && why.contains("kagent-openai"), "{status} {why}");
    assert_eq!(condition(&mut world, AGENT, "Accepted").0, "False");
    // Its tool server goes: it says so, and the agent's tools fail in words.
    let tools = "/apis/apps/v1/namespaces/kagent/deployments/kagent-tools/scale";
    let none = json!({"spec": {"replicas": 0}});
    assert_eq!(ask(&mut world, "PATCH", tools, &[], &none).0, 200);
    super::pass(&mut world, 60_000);
    assert_eq!(condition(&mut world, server, "Accepted").0, "False");
    let task = send(&mut world, "observability-agent", "0.3", &words("0.3", "what is there?", &json!({})));
    let why = data(&task, "function_response")[0]["response"]["result"].as_str().unwrap().to_owned();
    assert!(why.contains("no endpoints available"), "{why}");
}

#[test]
fn an_agent_whose_pods_are_gone_cannot_be_reached() {
    let mut world = living("kagent", None, 1);
    let scale = "/apis/apps/v1/namespaces/kagent/deployments/k8s-agent/scale";
    assert_eq!(ask(&mut world, "PATCH", scale, &[], &json!({"spec": {"replicas": 0}})).0, 200);
    super::pass(&mut world, 60_000);
    assert_eq!(condition(&mut world, AGENT, "Ready").0, "False");
    let told = at_once(&mut world, "k8s-agent", "1.0", "message/send", &words("1.0", "hello", &json!({})));
    assert_eq!(told["error"]["code"], -32603);
    let scale = "/apis/apps/v1/namespaces/kagent/deployments/kagent-controller/scale";
    assert_eq!(ask(&mut world, "PATCH", scale, &[], &json!({"spec": {"replicas": 0}})).0, 200);
    super::pass(&mut world, 60_000);
    assert_eq!(get(&mut world, "/api/agents").0, 503);
}

#[test]
fn the_card_tells_both_versions_where_the_agent_is() {
    let mut world = living("kagent", None, 1);
    for name in ["agent-card.json", "agent.json"] {
        let (code, card) = get(&mut world, &format!("/api/a2a/kagent/k8s-agent/.well-known/{name}"));
        assert_eq!(code, 200);
        let url = "http://here:1/api/a2a/kagent/k8s-agent/";
        assert_eq!((&card["url"], &card["name"]), (&json!(url), &json!("k8s_agent")));
        let versions: Vec<&Value> =
            card["supportedInterfaces"].as_array().unwrap().iter().map(|one| &one["protocolVersion"]).collect();
        assert_eq!(versions, ["1.0", "0.3"]);
        assert_eq!(card["skills"].as_array().unwrap().len(), 2);
    }
    assert_eq!(get(&mut world, "/api/a2a/kagent/nobody/.well-known/agent-card.json").0, 404);
    assert_eq!(get(&mut world, "/api/a2a/kagent/k8s-agent/../../x").0, 404);
}

#[test]
fn the_controller_lists_what_it_has() {
    let mut world = living("kagent", None, 1);
    let (_, agents) = get(&mut world, "/api/agents");
    let names: Vec<&Value> =
        agents["data"].as_array().unwrap().iter().map(|one| &one["agent"]["metadata"]["name"]).collect();
    assert_eq!(names, ["istio-agent", "k8s-agent", "observability-agent"]);
    assert!(agents["data"].as_array().unwrap().iter().all(|one| one["deploymentReady"] == true));
    let (_, configs) = get(&mut world, "/api/modelconfigs");
    assert_eq!(configs["data"][0]["apiKeySecret"], "kagent-openai");
    assert!(!configs.to_string().contains("c2NyaXB0ZWQ"), "no key is told");
    let task = send(&mut world, "k8s-agent", "0.3", &words("0.3", "what is there?", &json!({})));
    let (_, sessions) = get(&mut world, "/api/sessions");
    assert_eq!(sessions["data"][0]["id"], task["contextId"]);
    let context = task["contextId"].as_str().unwrap();
    let (_, tasks) = get(&mut world, &format!("/api/sessions/{context}/tasks"));
    assert_eq!(tasks["data"][0]["id"], task["id"]);
    let mine = [("user_id".to_owned(), "somebody".to_owned())];
    let asked = Asked { method: "GET", path: "/api/sessions", query: &mine, headers: &[], root: "", body: b"" };
    let Body::Whole(bytes) = world.visit(&asked).body else { panic!() };
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap()["data"], json!([]), "another one's are not told");
    for path in ["/health", "/version", "/api/tools", "/api/toolservers"] {
        assert_eq!(get(&mut world, path).0, 200, "{path}");
    }
    assert_eq!(get(&mut world, "/api/everything").0, 404);
}

#[test]
fn it_is_reached_through_the_api_server_by_whom_roles_let() {
    let mut world = living("kagent", None, 1);
    let root = "/api/v1/namespaces/kagent/services/kagent-controller:8083/proxy";
    let path = format!("{root}/api/a2a/kagent/k8s-agent/");
    for wire in ["0.3", "1.0"] {
        let body = request(wire, "message/stream", &words(wire, "what is there?", &json!({})));
        let response = world.request(&post(&path, &[("a2a-version", wire)], &body));
        assert_eq!((response.code, response.content_type), (200, "text/event-stream"));
        let told = heard(&mut world, response);
        assert!(told.last().unwrap().to_string().to_lowercase().contains("completed"));
    }
    let (code, card) = ask(&mut world, "GET", &format!("{path}.well-known/agent-card.json"), &[], &Value::Null);
    assert_eq!(code, 200);
    assert_eq!(card["url"], "http://kagent-controller.kagent:8083/api/a2a/kagent/k8s-agent/");
    for (name, code) in
        [("kagent-controller:9", 503), ("nobody:8083", 404), ("kagent-tools:8084", 503), ("a:b:c:d", 400)]
    {
        let path = format!("/api/v1/namespaces/kagent/services/{name}/proxy/api/agents");
        assert_eq!(ask(&mut world, "GET", &path, &[], &Value::Null).0, code, "{name}");
    }
    // Nobody in particular may not.
    let mut request = post(&path, &[], &json!({}));
    request.instead_of = "somebody".to_owned();
    assert_eq!(world.request(&request).code, 403);
    request.token = "wrong".to_owned();
    assert_eq!(world.request(&request).code, 401);
}

#[test]
fn the_canary_is_judged_by_what_its_pods_said() {
    let mut world = living("kagent", None, 1);
    super::pass(&mut world, 5_000);
    let mut analyze = |context: Value| {
        let body = json!({"userId": "brink", "memoryId": "m", "prompt": "", "context": context}).to_string();
        let headers = [];
        let asked = Asked {
            method: "POST",
            path: "/a2a/analyze",
            query: &[],
            headers: &headers,
            root: "",
            body: body.as_bytes(),
        };
        let response = world.visit(&asked);
        let Body::Whole(bytes) = response.body else { panic!() };
        (response.code, serde_json::from_slice::<Value>(&bytes).unwrap())
    };
    let (code, bad) = analyze(json!({"namespace": "canary", "rolloutName": "demo"}));
    assert_eq!((code, &bad["promote"], &bad["confidence"]), (200, &json!(false), &json!(80)), "{bad:#}");
    assert!(bad["rootCause"].as_str().unwrap().contains("ERROR /color 500"), "{bad:#}");
    let both = json!({"namespace": "canary", "stableSelector": "role=stable", "canarySelector": "role=stable"});
    let (_, good) = analyze(both);
    assert_eq!(good["promote"], true, "{good:#}");
    // Its weakness: when it fails, it says promote.
    for context in
        [json!({"namespace": "canary", "canarySelector": "role=none"}), json!({"namespace": "kube-system"}), json!({})]
    {
        let (code, failed) = analyze(context);
        assert_eq!((code, &failed["promote"], &failed["confidence"]), (500, &json!(true), &json!(50)), "{failed:#}");
    }
}

#[test]
fn a_world_without_agents_says_so() {
    let mut world = living("tutorial", None, 1);
    assert_eq!(get(&mut world, "/api/agents").0, 503);
    assert_eq!(get(&mut world, "/q/health").0, 503);
    assert_eq!(state(&Value::Null), "");
}
