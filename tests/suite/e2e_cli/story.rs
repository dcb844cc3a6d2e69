//! The main job without a screen, on a real API server: three proposals as files, the second applied with a time of one's own,
//! seen, aborted, verified.

use std::fs;

use brink::agent::wire::Wire;
use serde_json::{Value, json};

use super::Shop;
use crate::suite::support::{
    model::{Say, model},
    wait::found,
};

fn proposals() -> Vec<Say> {
    let propose = |kind: &str, target: &str, params: Value| {
        Say::Call("propose_fault", json!({"kind": kind, "target": target, "params": params, "hypothesis": "it heals"}))
    };
    vec![
        Say::Call("list_routes", json!({})),
        propose("http-delay", "service/web", json!({"delay": "1s", "percent": 50})),
        propose("http-abort", "service/web", json!({"status": 503, "percent": 25})),
        propose("scale", "deployment/web", json!({"replicas": 2})),
        Say::Text("Three tests; begin with the second."),
    ]
}

#[test]
fn of_three_chaos_tests_the_second_is_applied_seen_aborted_and_verified() {
    let Some(shop) = Shop::open("cli-story") else { return };
    let (before, player) = (shop.state(), model(Wire::OpenAi, proposals()));
    let agent = format!("openai:m@{}", player.url);
    let ran = shop.brink(&["ask", "three chaos tests", "--agent", &agent, "--save", "tests", "-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    let files: Vec<&str> =
        answer["proposals"].as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["tests/1-http-delay.yaml", "tests/2-http-abort.yaml", "tests/3-scale.yaml"], "{answer}");
    assert_eq!(shop.state(), before, "an ask writes nothing to the cluster");
    for file in &files {
        let planned = shop.brink(&["fault", "plan", "-f", file, "-o", "json"]);
        assert_eq!(planned.code, 0, "{file}: {planned:?}");
    }

    let second = fs::read_to_string(shop.home.path().join(files[1])).unwrap();
    let words = ["fault", "apply", "-f", files[1], "--duration", "45s", "--yes", "--wait", "-o", "json"];
    let applying = shop.home.start(words);
    let active = found("the fault to act", 60, || {
        let listed = shop.brink(&["fault", "list", "-o", "json"]).json();
        let mut views = listed["injections"].as_array()?.iter();
        // Tests beside this one have faults on the same cluster.
        views.find(|view| view["state"] == "active" && view.to_string().contains("cli-story/")).cloned()
    });
    let id = active["injection"].as_str().unwrap();
    assert_ne!(shop.state(), before, "it is in");
    assert!(shop.state().contains("503"), "{}", shop.state());
    let exported = shop.brink(&["fault", "export", id]).ok();
    assert!(exported.contains("duration: 45s") && !second.contains("duration: 45s"), "{second}\n{exported}");

    let aborted = shop.brink(&["abort", id, "-o", "json"]);
    assert_eq!((aborted.code, &aborted.json()["injections"][0]["state"]), (0, &json!("recovered")), "{aborted:?}");
    let ended = applying.ended();
    assert_eq!((ended.code, &ended.json()["state"]), (0, &json!("recovered")), "{ended:?}");
    assert_eq!(shop.state(), before, "everything is as before");
    let left = shop.kubectl(&["get", "configmaps,jobs", "-l", "brink.dev/injection", "-o", "name"]);
    assert_eq!(left.trim(), "", "{left}");
}

#[test]
fn no_file_is_written_over_and_a_change_that_stays_is_no_fault_file() {
    let Some(shop) = Shop::open("cli-story-files") else { return };
    shop.home.file("tests/1-http-delay.yaml", "mine");
    let player = model(Wire::OpenAi, proposals());
    let agent = format!("openai:m@{}", player.url);
    let ask = ["ask", "three chaos tests", "--agent", &agent, "--save", "tests"];
    let ran = shop.brink(&ask);
    let told = |part: &str| ran.stderr.contains(part);
    assert!(ran.code == 1 && told("cannot save proposal 1") && told("no file is written over"), "{ran:?}");
    assert_eq!(fs::read_to_string(shop.home.path().join("tests/1-http-delay.yaml")).unwrap(), "mine");

    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: red}\n";
    let player = model(Wire::OpenAi, vec![Say::Call("propose_fix", json!({"yaml": yaml})), Say::Text("So.")]);
    let agent = format!("openai:m@{}", player.url);
    let ran = shop.brink(&["ask", "correct it", "--agent", &agent, "--save", "fixes", "-o", "json"]);
    assert_eq!((ran.code, &ran.json()["proposals"][0]["file"]), (0, &Value::Null), "{ran:?}");
}
