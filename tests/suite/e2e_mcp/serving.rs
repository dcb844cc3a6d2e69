//! `brink mcp`: the same tools for another agent, and proposals that wait.

use std::os::unix::fs::MetadataExt as _;

use brink::agent::{
    io::inbox::{Inbox, MOST},
    mcp::Queued,
    tools::TOOLS,
};
use jiff::Timestamp;
use serde_json::json;

use super::{Client, delay, modes, state, waiting};
use crate::suite::{cli::Home, support::demo::Demo};

fn start<'a>(demo: &'a Demo, home: &Home, name: &'a str, more: &[&str]) -> impl Future<Output = Client> + use<'a> {
    let mut words = demo.place("openai:none@http://127.0.0.1:9");
    words.extend(more.iter().map(|word| (*word).to_owned()));
    let environment = home.environment();
    async move { Client::start(&environment, &words, name, modes()[0].clone()).await }
}

#[test]
fn another_agent_has_the_same_tools_in_both_ways_of_saying_hello() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    let words = demo.place("openai:none@http://127.0.0.1:9");
    demo.wait(async {
        for mode in modes() {
            let client = Client::start(&home.environment(), &words, "an editor", mode).await;
            let tools = client.tools().await;
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
            assert_eq!(names, TOOLS.iter().map(|row| row.name).collect::<Vec<_>>());
            for tool in &tools {
                let reads = tool.annotations.as_ref().and_then(|hints| hints.read_only_hint);
                assert_eq!(reads, Some(!tool.name.starts_with("propose")), "{}", tool.name);
            }
            let (text, good) = client.call("list_routes", json!({"namespace": "shop"})).await;
            assert!(good && text.starts_with("<data source=\"list_routes\">"), "{text}");
            let (text, good) = client.call("list", json!({"kind": "pods", "namespace": "shop"})).await;
            assert!(good && text.contains("reviews"), "{text}");
            let (text, good) = client.call("delete", json!({"kind": "pods"})).await;
            assert!(!good && text.contains("there is no tool `delete`"), "{text}");
            let (text, good) = client.call("logs", json!({"pod": "../../x"})).await;
            assert!(!good && text.contains("not a name Kubernetes knows"), "{text}");
            let (text, good) = client.call("logs", json!({"pdo": "a"})).await;
            assert!(!good && text.contains("did you mean `pod`"), "{text}");
        }
    });
}

#[test]
fn a_proposal_waits_for_a_person_and_nothing_is_applied() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    let before = demo.state();
    demo.wait(async {
        let client = start(&demo, &home, "an\u{1b}[31m editor\nof \u{202e}mine", &[]).await;
        let (text, good) = client.call("propose_fault", delay()).await;
        assert!(good && text.starts_with("queued, no cockpit open: proposal "), "{text}");
        assert!(text.contains("It is not applied") && text.contains("<data source=\"preview\">"), "{text}");
        let files = waiting(home.path());
        assert_eq!(files.len(), 1, "{files:?}");
        let meta = std::fs::metadata(&files[0]).unwrap();
        assert_eq!(meta.mode() & 0o7777, 0o600);
        let folder = files[0].parent().unwrap();
        assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o7777, 0o700);
        let id = files[0].file_stem().unwrap().to_str().unwrap();
        assert!(text.contains(&format!("proposal {id}.")), "{text}");
        let kept = std::fs::read_to_string(&files[0]).unwrap();
        assert!(kept.starts_with("apiVersion: brink.dev/v1alpha1\nkind: Fault\n"), "{kept}");
        let one = Queued::read(id, &kept).unwrap();
        assert_eq!((one.client.as_str(), one.why.as_str()), ("an editor of mine", "shows who waits"));
        assert_eq!(one.title(), "http-delay service/reviews in shop for 1m");
        // As long as somebody watches the client is told so, and no longer.
        let inbox = Inbox::of(&state(home.path()), folder.file_name().unwrap().to_str().unwrap());
        let watch = inbox.watch().unwrap().unwrap();
        let (text, _) = client.call("propose_fault", delay()).await;
        assert!(text.starts_with("queued for review: proposal "), "{text}");
        drop(watch);
        let (text, _) = client.call("propose_fault", delay()).await;
        assert!(text.starts_with("queued, no cockpit open"), "{text}");
        assert_eq!(waiting(home.path()).len(), 3);
    });
    assert_eq!(demo.state(), before, "nothing of it was applied");
}

#[test]
fn what_would_not_apply_goes_back_in_words_and_is_not_queued() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    demo.wait(async {
        let client = start(&demo, &home, "an editor", &[]).await;
        let mut nobody = delay();
        nobody["target"] = json!("service/nobody");
        let protected = json!({"kind": "scale", "target": "deployment/coredns", "namespace": "kube-system", "params": {"replicas": 0}});
        let yaml = json!({"yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n", "namespace": "shop"});
        for (tool, arguments, words) in [
            ("propose_fault", nobody, "nobody"),
            ("propose_fault", protected, "kube-system"),
            ("propose_manifest", yaml, "Secret"),
            ("propose_fault", json!({"kind": "http-delay"}), "`target` is missing"),
        ] {
            let (text, good) = client.call(tool, arguments).await;
            assert!(!good && text.starts_with("error: ") && text.contains(words), "{text}");
        }
        assert_eq!(waiting(home.path()).len(), 0);
    });
}

#[test]
fn a_flood_is_refused_in_words() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    demo.wait(async {
        let client = start(&demo, &home, "an editor", &[]).await;
        client.call("propose_fault", delay()).await;
        let first = waiting(home.path()).remove(0);
        let one = Queued::read("first", &std::fs::read_to_string(&first).unwrap()).unwrap();
        let inbox = Inbox::of(&state(home.path()), first.parent().unwrap().file_name().unwrap().to_str().unwrap());
        let now = Timestamp::now();
        for n in 1..MOST {
            inbox.put(&Queued { id: format!("f{n}"), ..one.clone() }, now).unwrap();
        }
        let (text, good) = client.call("propose_fault", delay()).await;
        assert!(!good && text.contains("50 proposals wait for review already"), "{text}");
        assert_eq!(waiting(home.path()).len(), MOST);
    });
}

#[test]
fn whoever_only_looks_is_offered_nothing_to_propose() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    demo.wait(async {
        let client = start(&demo, &home, "an editor", &["--readonly"]).await;
        assert!(client.tools().await.iter().all(|tool| !tool.name.starts_with("propose")));
        let (text, good) = client.call("propose_fault", delay()).await;
        assert!(!good && text.contains("brink only looks here"), "{text}");
    });
}

#[test]
fn without_a_cluster_it_says_why_and_what_to_do() {
    let home = Home::new();
    let kubeconfig = home.file("kubeconfig", "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\ncurrent-context: a\n");
    let ran = home.brink(["--kubeconfig", &kubeconfig, "mcp"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("cannot ask the cluster"), "{ran:?}");
}

#[test]
fn another_agent_is_told_as_little_as_a_model_is() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    demo.wait(async {
        let client = start(&demo, &home, "an editor", &["--no-cluster-data"]).await;
        let names: Vec<String> = client.tools().await.iter().map(|tool| tool.name.to_string()).collect();
        assert!(names.len() == 4 && names.iter().all(|name| name.starts_with("propose_")), "{names:?}");
        let (text, good) = client.call("list", json!({"kind": "pods", "namespace": "shop"})).await;
        assert!(!good && text == "error: nothing of the cluster is told: agent.cluster-data is false", "{text}");
        let (text, good) = client.call("propose_fault", delay()).await;
        assert!(good && text == "queued, no cockpit open", "{text}");
        assert_eq!(waiting(home.path()).len(), 1);
    });
    home.file(".config/brink/config.toml", "[agent]\nexclude-namespaces = [\"shop\"]\n");
    demo.wait(async {
        let client = start(&demo, &home, "an editor", &[]).await;
        for (tool, arguments) in [
            ("list", json!({"kind": "pods", "namespace": "shop"})),
            ("logs", json!({"pod": "x", "namespace": "shop"})),
            ("propose_fault", delay()),
        ] {
            let (text, good) = client.call(tool, arguments).await;
            assert!(!good && text.contains("excluded by the settings"), "{tool}: {text}");
        }
    });
}
