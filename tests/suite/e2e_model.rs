//! The main job with whatever model somebody names: `BRINK_TEST_LLM` is the base URL of an OpenAI-compatible server,
//! `BRINK_TEST_LLM_MODEL` its model, `BRINK_TEST_LLM_KEY` the key. What a model says is its own; held to account is brink: what
//! is shown was compiled and dry-run, is applied, aborted, and verified.

use std::{env, fs};

use serde_json::Value;

use super::{
    cli::{Home, Ran},
    support::{demo::Demo, wait::found},
};

const QUESTION: &str =
    "Give me three chaos tests for my HTTP routes. Look at the routes first, then propose each test.";

#[test]
fn the_whole_story_with_the_model_that_is_named() {
    let Ok(url) = env::var("BRINK_TEST_LLM") else {
        println!("not run: BRINK_TEST_LLM names no OpenAI-compatible server, such as http://127.0.0.1:11434/v1");
        return;
    };
    let name = env::var("BRINK_TEST_LLM_MODEL").unwrap_or_else(|_| "default".to_owned());
    story(&Demo::of("shop", 1.0), &format!("openai:{name}@{url}"), env::var("BRINK_TEST_LLM_KEY").ok());
}

/// The story itself runs with every suite, so that it is known to run when somebody names a model.
#[test]
fn the_same_with_the_scripted_model() {
    let demo = Demo::of("shop", 1.0);
    let agent = format!("openai:scripted@{}", demo.model());
    assert!(story(&demo, &agent, None), "the scripted model proposes what can be aborted");
}

/// Whether it got as far as a fault.
fn story(demo: &Demo, agent: &str, key: Option<String>) -> bool {
    let home = Home::new();
    let home = match key {
        Some(key) => home.with("BRINK_AGENT_KEY", key),
        None => home,
    };
    let brink = |words: &[&str]| -> Ran {
        let all = demo.place(agent).into_iter().chain(words.iter().map(|word| (*word).to_owned()));
        // A model takes its time: brink's own patience ends an ask, not this test's.
        home.start(all).ended()
    };
    let before = lasting(demo);
    let asked = brink(&["ask", "-n", "shop", QUESTION, "--save", "tests", "-o", "json"]);
    assert_eq!(lasting(demo), before, "an ask writes nothing");
    let answer = asked.json();
    let shown = answer["proposals"].as_array().unwrap();
    println!("{agent}: code {}, {} proposals, tools {}", asked.code, shown.len(), answer["tools"]);
    if shown.is_empty() {
        let told = answer["text"].as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(told || asked.stderr.contains("fix"), "neither a proposal nor a reason: {asked:?}");
        println!("no proposal; it said: {}{}", answer["text"], asked.stderr);
        return false;
    }
    for one in shown {
        assert!(one["plan"]["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{one}");
        assert!(!one["plan"]["token"].is_null() && !one["plan"]["undo"].is_null(), "{one}");
    }
    // The second, as in the story; else the next that can be aborted.
    let abortable = |one: &&Value| one["file"].is_string() && one["plan"]["class"] != "one-way";
    let Some(chosen) = shown.iter().skip(1).chain(shown.first()).find(abortable) else {
        println!("nothing of what it proposed can be aborted");
        return false;
    };
    let file = chosen["file"].as_str().unwrap();
    println!("applied: {}\n{}", chosen["title"], fs::read_to_string(home.path().join(file)).unwrap());
    let words = ["fault", "apply", "-f", file, "--duration", "45s", "--yes", "--wait", "-o", "json"];
    let applying = home.start(demo.place(agent).into_iter().chain(words.iter().map(|word| (*word).to_owned())));
    let id = found("the fault to act", 120, || {
        let listed = brink(&["fault", "list", "-o", "json"]).json();
        let view = listed["injections"].as_array()?.iter().find(|view| view["state"] == "active")?.clone();
        Some(view["injection"].as_str()?.to_owned())
    });
    assert_ne!(lasting(demo), before, "it is in");
    let aborted = brink(&["abort", &id, "-o", "json"]).json();
    let state = aborted["injections"][0]["state"].as_str().unwrap();
    assert!(["recovered", "residue"].contains(&state), "{aborted}");
    let ended = applying.ended();
    assert_eq!(ended.json()["state"], state, "{ended:?}");
    let shown = brink(&["fault", "show", &id, "-o", "json"]).json();
    assert_eq!(shown["injections"][0]["state"], state, "{shown}");
    if state == "recovered" {
        assert_eq!(lasting(demo), before, "everything is as before");
    }
    true
}

/// What stays what it is in a world that lives: all but pods and the sets that make them.
fn lasting(demo: &Demo) -> Vec<(String, Value)> {
    let restless = ["Pod ", "ReplicaSet "];
    demo.state().into_iter().filter(|(path, _)| !restless.iter().any(|kind| path.starts_with(kind))).collect()
}
