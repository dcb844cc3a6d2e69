//! `brink ask` with a model played on this machine, against a real API server: what it proposes is checked there, and nothing it
//! says is written.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::Shop;
use crate::suite::cli::Home;

/// One answer of the model.
enum Say {
    Text(&'static str),
    Call(&'static str, Value),
}

/// A model that says these things in order; the last again and again. Gives its address and what it was sent.
fn model(says: Vec<Say>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = sent.clone();
    thread::spawn(move || {
        for (at, tcp) in listener.incoming().enumerate() {
            let mut tcp = tcp.unwrap();
            let mut raw = Vec::new();
            let mut more = [0; 8192];
            loop {
                let text = String::from_utf8_lossy(&raw).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let head = head.to_lowercase();
                    let length =
                        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
                    if body.len() >= length.unwrap_or(0) {
                        all.lock().unwrap().push(body.to_owned());
                        break;
                    }
                }
                match tcp.read(&mut more) {
                    Ok(count @ 1..) => raw.extend_from_slice(&more[..count]),
                    _ => break,
                }
            }
            let delta = match &says[at.min(says.len() - 1)] {
                Say::Text(text) => json!({"content": text}),
                Say::Call(name, arguments) => {
                    json!({"tool_calls": [{"index": 0, "id": format!("c{at}"), "function": {"name": name, "arguments": arguments.to_string()}}]})
                }
            };
            let first = json!({"choices": [{"index": 0, "delta": delta}]});
            let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
            let body = format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n");
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = tcp.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, sent)
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2-hunter2}\n";

#[test]
fn a_proposal_is_checked_before_it_is_shown_and_what_is_refused_goes_back() {
    let Some(shop) = Shop::open("cli-ask") else { return };
    shop.world.kubectl(&["-n", &shop.namespace, "apply", "-f", "-"], SECRET);
    let before = shop.state();
    let (url, sent) = model(vec![
        Say::Call("list", json!({"kind": "deploy"})),
        Say::Call("get", json!({"kind": "secret", "name": "db"})),
        Say::Call("propose_fault", json!({"kind": "scale", "target": "deployment/wbe", "params": {"replicas": 2}})),
        Say::Call(
            "propose_fault",
            json!({"kind": "scale", "target": "deployment/web", "params": {"replicas": 2}, "duration": "30s"}),
        ),
        Say::Text("Scale web to **2**."),
    ]);
    let agent = format!("openai:m@{url}");
    let ran = shop.brink(&["ask", "what would break?", "--agent", &agent, "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    assert_eq!(answer["text"], "Scale web to **2**.");
    let tools: Vec<(&str, bool)> = answer["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| (tool["name"].as_str().unwrap(), tool["ok"].as_bool().unwrap()))
        .collect();
    assert_eq!(tools, [("list", true), ("get", true), ("propose_fault", false), ("propose_fault", true)]);
    let proposals = answer["proposals"].as_array().unwrap();
    assert_eq!(
        (proposals.len(), &proposals[0]["rounds"], &proposals[0]["plan"]["kind"]),
        (1, &json!(2), &json!("scale"))
    );
    let sent = sent.lock().unwrap().join("\n");
    assert!(sent.contains("shop/web:1") || sent.contains("web"), "the list reached the model");
    assert!(sent.contains("wbe"), "the refusal reached the model");
    // The value, and its base64.
    assert!(!sent.contains("hunter2-hunter2") && !sent.contains("aHVudGVyMi1odW50ZXIy"), "a secret left this machine");
    assert_eq!(shop.state(), before, "nothing is applied");
}

#[test]
fn a_correction_is_a_change_without_a_lease_and_its_plan_applies_it() {
    let Some(shop) = Shop::open("cli-ask-change") else { return };
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'shop/web:2'}]}}}\n";
    let (url, _) = model(vec![Say::Call("propose_fix", json!({"yaml": yaml})), Say::Text("The image is wrong.")]);
    let agent = format!("openai:m@{url}");
    let ran = shop.brink(&["ask", "repair web", "--agent", &agent, "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let plan = &ran.json()["proposals"][0]["plan"];
    assert_eq!(plan["class"], "change", "{ran:?}");
    let image = |shop: &Shop| {
        shop.kubectl(&["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"])
    };
    assert_eq!(image(&shop), "shop/web:1");
    let ran = shop.brink(&["fault", "apply", "--plan", plan["plan"].as_str().unwrap(), "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(image(&shop), "shop/web:2");
}

#[test]
fn three_refusals_are_enough_and_a_model_that_never_ends_is_ended() {
    let Some(shop) = Shop::open("cli-ask-loop") else { return };
    let (url, sent) = model(vec![Say::Call(
        "propose_fault",
        json!({"kind": "scale", "target": "deployment/no", "params": {"replicas": 0}}),
    )]);
    let ran = shop.brink(&["ask", "break it", "--agent", &format!("openai:m@{url}"), "-o", "json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.json()["proposals"], json!([]));
    assert!(ran.stderr.contains("is used up, 40 of 40"), "{ran:?}");
    let sent = sent.lock().unwrap();
    assert!(sent.last().unwrap().contains("three proposals were refused"), "{}", sent.last().unwrap());
}

#[test]
fn text_streams_to_stdout_and_tools_to_stderr() {
    let Some(shop) = Shop::open("cli-ask-text") else { return };
    let (url, _) = model(vec![
        Say::Call("no_such_tool", json!({})),
        Say::Call("topology", json!({})),
        Say::Call("list_routes", json!({})),
        Say::Call("describe", json!({"kind": "deployment", "name": "web"})),
        Say::Call("events", json!({})),
        Say::Call("query_metrics", json!({})),
        Say::Text("All is \u{1b}[31mwell."),
    ]);
    let ran = shop.brink(&["ask", "how is it?", "--agent", &format!("openai:m@{url}")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "All is well.\n"), "{ran:?}");
    for told in ["✗ no_such_tool", "✓ topology", "✓ list_routes", "✓ describe", "✓ events", "✗ query_metrics"]
    {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}

#[test]
fn whoever_cannot_be_asked_is_told_with_the_remedy() {
    let home = Home::new();
    let (cause, fix) = home.brink(["ask", "why?"]).failed(2);
    assert!(cause.contains("no model is configured") && fix.contains("--agent"), "{cause} / {fix}");
    let (cause, fix) = home.brink(["ask", "why?", "--agent", "anthropic:m"]).failed(3);
    assert!(cause.contains("no key for anthropic:m") && fix.contains("ANTHROPIC_API_KEY"), "{cause} / {fix}");
    let (_, fix) = home.brink(["ask", "why?", "--agent", "gemini:m"]).failed(2);
    assert!(fix.contains("openai:MODEL@"), "{fix}");
    let (cause, _) = home.brink(["ask", " ", "--agent", "openai:m@http://127.0.0.1:9"]).failed(2);
    assert!(cause.contains("the question is empty"), "{cause}");
    home.file(".config/brink/config.toml", "[agent]\nprovider = \"opnai\"\nmodle = \"x\"\n");
    let ran = home.brink(["config", "check"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("config.toml:2: `agent.provider`") && ran.stdout.contains("did you mean `openai`?"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("config.toml:3: `agent.modle`: unknown key; did you mean `model`?"), "{ran:?}");
}

#[test]
fn an_agent_out_of_reach_has_its_own_code() {
    let Some(shop) = Shop::open("cli-ask-away") else { return };
    let error = shop.brink(&["ask", "why?", "--agent", "openai:m@http://127.0.0.1:9/v1", "-o", "json"]);
    assert_eq!(error.code, 3, "{error:?}");
    assert!(error.stderr.contains("agent.base-url") && error.stderr.contains("cannot reach"), "{error:?}");
}
