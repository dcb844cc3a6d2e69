//! The same requests to a real API server and to the world, and the same answers, but for what `known.yaml` lists with its reason.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::support::{client, demo, program, send};

/// One request of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    name: String,
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    body: Value,
    #[serde(default, rename = "type")]
    content: Option<String>,
    #[serde(default)]
    accept: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

struct Real {
    process: Child,
    kubeconfig: String,
    _dir: tempfile::TempDir,
}

impl Real {
    fn start(program: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args(["--lifeline", "--dir"])
            .arg(dir.path().join("site"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let site: Value = serde_json::from_str(&line).unwrap();
        let kubeconfig = site["kubeconfig"].as_str().unwrap().to_owned();
        Self { process, kubeconfig, _dir: dir }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What differs from run to run, or is written by controllers that the bare world does not have.
fn level(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for gone in ["managedFields", "continue", "freshness", "storageVersionHash"] {
                map.remove(gone);
            }
            // The pack holds no prose.
            map.retain(|name, inner| name != "description" || !inner.is_string());
            for (name, inner) in map.iter_mut() {
                let changes = matches!(
                    name.as_str(),
                    "uid" | "resourceVersion" | "creationTimestamp" | "clusterIP" | "lastTransitionTime" | "time"
                );
                // The order of a group's kinds is by chance.
                if name == "resources"
                    && let Value::Array(list) = inner
                {
                    list.sort_by_key(|one| one["name"].to_string());
                }
                if changes && !inner.is_null() {
                    *inner = json!("*");
                } else if name == "clusterIPs" {
                    *inner = json!(["*"]);
                } else {
                    level(inner);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(level),
        // Ages, of objects made at other times.
        Value::String(text)
            if text.len() < 6 && text.strip_suffix('s').is_some_and(|count| count.parse::<u32>().is_ok()) =>
        {
            "*".clone_into(text);
        }
        _ => {}
    }
}

/// The first few places where two answers differ.
fn differences(path: &str, real: &Value, demo: &Value, into: &mut Vec<String>) {
    match (real, demo) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let none = json!("(absent)");
                differences(
                    &format!("{path}.{name}"),
                    a.get(name).unwrap_or(&none),
                    b.get(name).unwrap_or(&none),
                    into,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{at}]"), a, b, into);
            }
        }
        _ if real == demo => {}
        _ => into.push(format!("{path}: real {real}, world {demo}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_world_answers_as_a_real_api_server_does() {
    let Some(program) = program("world") else { return };
    let asks: Vec<Ask> = serde_saphyr::from_str(include_str!("../parity/requests.yaml")).unwrap();
    let mut known: BTreeMap<String, String> = serde_saphyr::from_str(include_str!("../parity/known.yaml")).unwrap();
    assert!(asks.len() >= 60, "{}", asks.len());
    let real = Real::start(&program);
    let world = demo().await;
    let there = client(Path::new(&real.kubeconfig), "admin").await;
    let here = client(&world.served.kubeconfig, "admin").await;
    let mut wrong = Vec::new();
    for ask in &asks {
        let body = if ask.body.is_null() { String::new() } else { ask.body.to_string() };
        let mut headers = vec![("user-agent", "parity")];
        if !ask.body.is_null() {
            headers.push(("content-type", ask.content.as_deref().unwrap_or("application/json")));
        }
        headers.push(("accept", ask.accept.as_deref().unwrap_or("application/json")));
        let mut theirs = send(&there, &ask.method, &ask.path, &headers, body.as_bytes()).await;
        let mut ours = send(&here, &ask.method, &ask.path, &headers, body.as_bytes()).await;
        level(&mut theirs.1);
        level(&mut ours.1);
        let mut found = Vec::new();
        if theirs.0 != ours.0 {
            found.push(format!("code: real {}, world {}", theirs.0, ours.0));
        }
        differences("", &theirs.1, &ours.1, &mut found);
        match (found.is_empty(), known.remove(&ask.name)) {
            (true, Some(reason)) => wrong.push(format!("{}: known no more: {reason}", ask.name)),
            (false, None) => {
                found.truncate(6);
                wrong.push(format!("{}:\n    {}", ask.name, found.join("\n    ")));
            }
            _ => {}
        }
    }
    assert!(known.is_empty(), "known differences of requests that are not in the list: {known:?}");
    assert!(wrong.is_empty(), "{} of {} answers differ:\n{}", wrong.len(), asks.len(), wrong.join("\n"));
}
