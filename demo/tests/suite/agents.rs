//! Agents and tools through their doors: A2A by plain HTTP and through the API server, MCP by a client of rmcp.

use std::time::Duration;

use brink_demo::world::{self, Wish, World};
use rmcp::{
    ServiceExt as _,
    model::CallToolRequestParams,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use super::support::{Demo, begin, client, send, served};

/// However slow a machine is, an answer is there by then.
const DEADLINE: Duration = Duration::from_mins(2);

async fn kagent() -> Demo {
    let bundle = world::named("kagent").unwrap();
    let wish = Wish { bundle, pods: None, seed: 1, now: begin() };
    served(World::new(&wish).unwrap()).await
}

fn http() -> reqwest::Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn post(url: &str, version: &str, body: String) -> (u16, String, String) {
    let request = http().post(url).header("A2A-Version", version).header("content-type", "application/json").body(body);
    let whole = async {
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    };
    tokio::time::timeout(DEADLINE, whole).await.unwrap()
}

fn message(version: &str, text: &str) -> Value {
    let (method, role, part) = match version {
        "1.0" => ("SendStreamingMessage", "ROLE_USER", json!({"text": text})),
        _ => ("message/stream", "user", json!({"kind": "text", "text": text})),
    };
    let message = json!({"messageId": "m", "role": role, "parts": [part]});
    json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": {"message": message}})
}

/// The answer in a stream of either version.
fn spoken(stream: &str) -> String {
    let events = stream.split("\n\n").filter_map(|one| one.strip_prefix("data: "));
    let events = events.map(|one| serde_json::from_str::<Value>(one).unwrap()["result"].clone());
    let artifact = |event: Value| {
        let update = event.get("artifactUpdate").cloned().unwrap_or(event);
        update["artifact"]["parts"][0]["text"].as_str().map(str::to_owned)
    };
    events.filter_map(artifact).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_answers_in_both_versions_at_its_door_and_through_the_api_server() {
    let demo = kagent().await;
    let path = "/api/a2a/kagent/k8s-agent/";
    let proxied = format!("/api/v1/namespaces/kagent/services/kagent-controller:8083/proxy{path}");
    let admin = client(&demo.served.kubeconfig, "admin").await;
    for version in ["0.3", "1.0"] {
        let body = message(version, "Why is the Nginx Pod failing in my default namespace?").to_string();
        let (code, kind, stream) = post(&format!("{}{path}", demo.served.a2a), version, body.clone()).await;
        assert_eq!((code, kind.as_str()), (200, "text/event-stream"));
        assert!(spoken(&stream).contains("image: nginx:latest\n"), "{stream}");
        let request = http::Request::post(&proxied)
            .header("a2a-version", version)
            .header("content-type", "application/json")
            .body(kube::client::Body::from(body.into_bytes()))
            .unwrap();
        let answer = tokio::time::timeout(DEADLINE, admin.send(request)).await.unwrap().unwrap();
        let bytes = tokio::time::timeout(DEADLINE, answer.into_body().collect_bytes()).await.unwrap().unwrap();
        assert_eq!(spoken(std::str::from_utf8(&bytes).unwrap()), spoken(&stream));
    }
    let (code, card) = send(&admin, "GET", &format!("{proxied}.well-known/agent-card.json"), &[], &[]).await;
    assert_eq!((code, &card["name"]), (200, &json!("k8s_agent")));
    // Who has no rights does not reach it.
    let nobody = client(&demo.served.kubeconfig, "nobody").await;
    let (code, _) = send(&nobody, "POST", &proxied, &[], b"{}").await;
    assert_eq!(code, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_to_the_door_the_world_lives_on() {
    let demo = kagent().await;
    let url = format!("{}/api/a2a/kagent/k8s-agent/", demo.served.a2a);
    for body in ["", "{", "[]", "\u{0}", "{\"jsonrpc\":\"2.0\",\"id\":1}", &"[".repeat(100_000), &"x".repeat(2 << 20)] {
        let (code, kind, text) = post(&url, "0.3", body.to_owned()).await;
        assert_eq!((code, kind.as_str()), (200, "application/json"));
        assert!(serde_json::from_str::<Value>(&text).unwrap()["error"]["code"].is_i64(), "{text}");
    }
    let (code, _, text) = post(&format!("{}/a2a/analyze", demo.served.a2a), "", "nothing".to_owned()).await;
    assert_eq!(code, 500);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["promote"], true);
    // Who leaves in the middle of an answer leaves it to others.
    let body = message("0.3", "what is there?").to_string();
    let request = http().post(&url).body(body.clone()).send();
    drop(tokio::time::timeout(DEADLINE, request).await.unwrap().unwrap());
    assert!(!spoken(&post(&url, "0.3", body).await.2).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_are_called_by_a_client_of_mcp() {
    let demo = kagent().await;
    let config = StreamableHttpClientTransportConfig::with_uri(demo.served.mcp.clone());
    let transport = StreamableHttpClientTransport::with_client(http(), config);
    let server = tokio::time::timeout(DEADLINE, ().serve(transport)).await.unwrap().unwrap();
    let tools = tokio::time::timeout(DEADLINE, server.list_all_tools()).await.unwrap().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
    for wanted in ["run_load_test", "list_services", "k8s_get_resources", "prometheus_query_tool"] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("apply") || name.contains("delete")), "{names:?}");
    let call = |name: &'static str, given: Value| {
        let given = given.as_object().cloned().unwrap_or_default();
        let asked = CallToolRequestParams::new(name).with_arguments(given);
        let server = &server;
        async move { tokio::time::timeout(DEADLINE, server.call_tool(asked)).await.unwrap() }
    };
    let pods = call("k8s_get_resources", json!({"resource_type": "pods", "all_namespaces": "true"})).await.unwrap();
    let pods = serde_json::to_string(&pods).unwrap();
    assert!(pods.contains("ngi14"), "{pods}");
    let load = json!({"url": "http://httpbin.httpbin:8000/get", "duration": "2s", "connections": 2, "qps": 20});
    let load = serde_json::to_value(call("run_load_test", load).await.unwrap()).unwrap();
    let figures: Value = serde_json::from_str(load["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!((38..=41).contains(&figures["totalRequests"].as_u64().unwrap()), "{figures:#}");
    let beyond = call("run_load_test", json!({"url": "http://example.com/"})).await.unwrap();
    assert_eq!(beyond.is_error, Some(true));
    assert!(call("k8s_apply_manifest", json!({"manifest": "kind: Pod"})).await.is_err());
    server.cancel().await.unwrap();
}
