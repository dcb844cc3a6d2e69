//! `brink ask` and what it keeps: run again byte for byte without a model and without a cluster, gone on with, exported.

use brink::agent::wire::Wire;
use serde_json::json;

use super::{
    cli::{Home, Ran},
    support::{
        demo::Demo,
        model::{Say, model},
        relay::relay,
    },
};

fn ask(demo: &Demo, home: &Home, words: &[&str]) -> Ran {
    home.brink(demo.words(words))
}

#[test]
fn a_session_replays_byte_for_byte_without_model_and_cluster() {
    for shape in ["table", "json"] {
        let home = Home::new();
        let demo = Demo::of("tutorial", 1.0);
        let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: right}\ndata: {a: b}\n";
        let player = model(
            Wire::OpenAi,
            vec![
                Say::Call("list", json!({"kind": "pods", "namespace": "*"})),
                Say::Call("get", json!({"kind": "pod", "name": "nobody", "namespace": "httpbin"})),
                Say::Call("propose_manifest", json!({"yaml": yaml, "namespace": "httpbin", "why": "it shows"})),
                Say::Text("All pods run [e1]. Look at **the proposal**."),
            ],
        );
        let mut words = demo.place(&format!("openai:m@{}", player.url));
        words.extend(["ask", "what would you try?", "-o", shape].map(str::to_owned));
        let first = home.brink(words);
        assert_eq!(first.code, 0, "{first:?}");
        assert!(first.stdout.contains("proposal"), "{first:?}");
        drop(demo);
        let again = home.brink(["ask", "--replay", "last", "-o", shape]);
        assert_eq!((again.stdout, again.stderr, again.code), (first.stdout, first.stderr, first.code), "{shape}");
    }
}

#[test]
fn what_went_wrong_replays_too() {
    let demo = Demo::of("tutorial", 1.0);
    for wire in Wire::ALL {
        for fault in ["cut", "refuse", "loop", "bad-json", "429-silent", "401", "empty", "length"] {
            let home = Home::new();
            let mut words = demo.place(&demo.agent(wire, &format!("scripted:{fault}")));
            words.extend(["ask", "hello there"].map(str::to_owned));
            let first = home.brink(words);
            let again = home.brink(["ask", "--replay", "last"]);
            assert_eq!(
                (again.stdout, again.stderr, again.code),
                (first.stdout, first.stderr, first.code),
                "{wire:?} {fault}"
            );
        }
    }
}

#[test]
fn a_conversation_is_gone_on_with_listed_and_exported() {
    let home = Home::new();
    let demo = Demo::of("tutorial", 1.0);
    assert_eq!(ask(&demo, &home, &["ask", "which pods do not run as they should?"]).code, 0);
    let second = ask(&demo, &home, &["ask", "--resume", "last", "hello again"]);
    assert_eq!(second.code, 0, "{second:?}");
    let forgotten = ask(&demo, &home, &["ask", "--forget", "hello"]);
    assert_eq!(forgotten.code, 0, "{forgotten:?}");
    let list = home.brink(["ask", "--sessions", "-o", "json"]).json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["turns"]), (1, &2.into()), "{list}");
    let id = list[0]["id"].as_str().unwrap();
    let table = home.brink(["ask", "--sessions"]);
    assert!(table.stdout.contains(id) && table.stdout.contains("which pods do not run"), "{table:?}");
    let paper = home.brink(["ask", "--export", id]).stdout;
    for told in ["# A conversation with openai:scripted", "## which pods do not run", "## hello again", "**[e1]** `"] {
        assert!(paper.contains(told), "{told}: {paper}");
    }
    let data = home.brink(["ask", "--export", id, "-o", "json"]).json();
    assert_eq!(data["exchanges"].as_array().unwrap().len(), 2, "{data}");
    assert!(data["exchanges"][0]["said"][0]["evidence"] == "e1", "{data}");
}

/// An agent keeps the conversation itself: what ties the next question to it outlives the process that asked the first.
#[test]
fn an_agent_is_asked_in_its_own_context_after_a_resume() {
    let (home, demo) = (Home::new(), Demo::of("kagent", 1.0));
    let relay = relay(demo.agents());
    for (at, question) in ["which pods do not run as they should?", "and now?", "and then?"].into_iter().enumerate() {
        let mut words = demo.place(&format!("a2a:k8s-agent@{}/api/a2a/kagent/k8s-agent", relay.url));
        words.push("ask".to_owned());
        if at > 0 {
            words.extend(["--resume", "last"].map(str::to_owned));
        }
        words.push(question.to_owned());
        let ran = home.brink(words);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let sent = relay.sent.lock().unwrap().clone();
    let contexts: Vec<_> = sent
        .iter()
        .map(|body| &body["params"]["message"])
        .filter(|message| !message.is_null())
        .map(|message| message["contextId"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(contexts.len(), 3, "{sent:?}");
    assert!(contexts[0].is_none(), "the agent gives the context: {contexts:?}");
    assert!(contexts[1].as_deref().is_some_and(|id| !id.is_empty()) && contexts[1] == contexts[2], "{contexts:?}");
}

#[test]
fn what_cannot_be_opened_says_why_and_is_left_alone() {
    let home = Home::new();
    let (cause, fix) = home.brink(["ask", "--replay", "last"]).failed(2);
    assert!(cause.contains("there is no conversation `last`") && fix.contains("--sessions"), "{cause} / {fix}");
    let path = home.file("some.jsonl", "{\"line\":\"undone\"}\n");
    let (cause, _) = home.brink(["ask", "--replay", &path]).failed(2);
    assert!(cause.contains("line 1") && cause.contains("does not begin as a session does"), "{cause}");
    let (cause, fix) = home.brink(["ask", "--export", "/nowhere/at.all"]).failed(2);
    assert!(cause.contains("/nowhere/at.all") && fix.contains("look at the file"), "{cause} / {fix}");
}
