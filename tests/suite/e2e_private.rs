//! What a provider gets of a cluster that is not to be told of: the bytes that a model's server received are looked at.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use brink::agent::wire::Wire;
use serde_json::{Value, json};

use super::{
    cli::{Home, Ran},
    support::{
        demo::Demo,
        model::{Player, Say, model},
    },
};

/// Names of objects, as a model could only know them from the cluster; `of`: of which namespaces.
fn names(demo: &Demo, of: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, _) in demo.state() {
        let (_, place) = path.split_once(' ').unwrap();
        let (namespace, name) = place.split_once('/').unwrap();
        if !namespace.is_empty() && of(namespace) {
            all.insert(name.to_owned());
        }
    }
    // Words that the catalogue and the tools speak of by themselves prove nothing; names that controllers made do.
    all.retain(|name| name.len() > 12 && name.contains('-') && name.chars().any(|c| c.is_ascii_digit()));
    all
}

fn ask(demo: &Demo, home: &Home, player: &Player, words: &[&str]) -> Ran {
    let mut all = demo.place(&format!("openai:m@{}", player.url));
    all.extend(words.iter().map(|word| (*word).to_owned()));
    home.brink(all)
}

/// What tools answered, of all that the model was sent.
fn answers(player: &Player) -> Vec<String> {
    let sent = player.sent.lock().unwrap();
    let last: Value = serde_json::from_str(sent.last().unwrap()).unwrap();
    let tools = last["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool");
    tools.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: right}\ndata: {a: b}\n";

#[test]
fn nothing_of_the_cluster_reaches_the_models_server() {
    let demo = Demo::of("shop", 1.0);
    let names = names(&demo, |_| true);
    assert!(names.len() > 10, "{names:?}");
    let says = || {
        vec![
            Say::Call("list", json!({"kind": "pods", "namespace": "*"})),
            Say::Call("list_routes", json!({"namespace": "*"})),
            Say::Call("topology", json!({"namespace": "*"})),
            Say::Call("query_metrics", json!({"promql": "up"})),
            Say::Call("investigate", json!({"kind": "deployment", "name": "x"})),
            Say::Call("whatever", json!({})),
            Say::Call("propose_fault", json!({"kind": "http-delay", "target": "service/x", "params": {"delay": "1s"}})),
            Say::Call("propose_manifest", json!({"yaml": MAP, "why": "it shows"})),
            Say::Text("Look at the proposal."),
        ]
    };
    for (flags, settings) in [(&["--no-cluster-data"][..], ""), (&[][..], "[agent]\ncluster-data = false\n")] {
        let home = Home::new();
        home.file(".config/brink/config.toml", settings);
        let player = model(Wire::OpenAi, says());
        let ran = ask(&demo, &home, &player, &[&["ask", "what would you try?"][..], flags].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("proposal"), "the person sees it: {ran:?}");
        let sent = player.sent.lock().unwrap().join("\n");
        for name in names.iter().map(String::as_str).chain(["\"demo\"", "context demo", "namespace shop", "shop/"]) {
            assert!(!sent.contains(name), "`{name}` was sent");
        }
        let first: Value = serde_json::from_str(&player.sent.lock().unwrap()[0]).unwrap();
        let offered: Vec<&str> =
            first["tools"].as_array().unwrap().iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect();
        assert!(offered.len() == 4 && offered.iter().all(|name| name.starts_with("propose_")), "{offered:?}");
        let answers = answers(&player);
        assert!(answers[..6].iter().all(|answer| answer.contains("nothing of the cluster is told")), "{answers:?}");
        assert_eq!(answers[6..], ["error: refused; the person sees why", "shown to the person"]);
    }
}

#[test]
fn what_was_told_before_is_not_sent_again_once_nothing_is_told() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    let names = names(&demo, |_| true);
    let list = Say::Call("list", json!({"kind": "pods", "namespace": "*"}));
    let open = model(Wire::OpenAi, vec![list, Say::Text("All of them run.")]);
    assert_eq!(ask(&demo, &home, &open, &["ask", "what runs?"]).code, 0);
    assert!(answers(&open).iter().any(|answer| names.iter().any(|name| answer.contains(name.as_str()))));
    let player = model(Wire::OpenAi, vec![Say::Text("Well.")]);
    let ran = ask(&demo, &home, &player, &["ask", "--resume", "last", "and now?", "--no-cluster-data"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent = player.sent.lock().unwrap().join("\n");
    assert!(!sent.contains("what runs?") && !sent.contains("All of them run."), "{sent}");
    assert!(names.iter().all(|name| !sent.contains(name.as_str())) && sent.contains("and now?"), "{sent}");
}

/// The one conversation of a home.
fn session(home: &Home) -> PathBuf {
    fn below(folder: &Path) -> Vec<PathBuf> {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        all.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }
    let all = below(&home.path().join(".local/state/brink"));
    let mut all = all.into_iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    all.next().expect("a conversation is kept")
}

#[test]
fn nothing_of_an_excluded_namespace_is_read() {
    let demo = Demo::of("shop", 1.0);
    let hidden = names(&demo, |namespace| namespace == "shop");
    let home = Home::new();
    home.file(".config/brink/config.toml", "[agent]\nexclude-namespaces = [\"sho*\"]\n");
    let pod = hidden.iter().find(|name| name.starts_with("reviews-")).unwrap();
    let direct = [
        ("list", json!({"kind": "pods", "namespace": "shop"})),
        ("get", json!({"kind": "service", "name": "reviews", "namespace": "shop"})),
        ("get", json!({"kind": "namespace", "name": "shop"})),
        ("describe", json!({"kind": "deployment", "name": "x", "namespace": "shop"})),
        ("events", json!({"namespace": "shop"})),
        ("logs", json!({"pod": pod, "namespace": "shop"})),
        ("query_metrics", json!({"namespace": "shop"})),
        ("query_metrics", json!({"promql": "up"})),
        ("investigate", json!({"kind": "deployment", "name": "x", "namespace": "shop"})),
        ("propose_manifest", json!({"yaml": MAP, "namespace": "shop", "why": "it shows"})),
    ];
    let around = [
        ("list", json!({"kind": "pods", "namespace": "*"})),
        ("list", json!({"kind": "namespaces"})),
        ("list_routes", json!({"namespace": "*"})),
        ("topology", json!({"namespace": "*"})),
        ("query_metrics", json!({"namespace": "*"})),
    ];
    let calls = direct.iter().chain(&around).map(|(name, arguments)| Say::Call(name, arguments.clone()));
    let player = model(Wire::OpenAi, calls.chain([Say::Text("Well.")]).collect());
    let ran = ask(&demo, &home, &player, &["-A", "ask", "what would you try?"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answers = answers(&player);
    assert_eq!(answers.len(), direct.len() + around.len(), "{answers:?}");
    for ((tool, arguments), answer) in direct.iter().zip(&answers) {
        assert!(answer.contains("excluded by the settings"), "{tool} {arguments}: {answer}");
    }
    for ((tool, _), answer) in around.iter().zip(&answers[direct.len()..]) {
        assert!(answer.starts_with("<data source="), "{tool}: {answer}");
        for name in &hidden {
            let own = answer.contains(name.as_str()) && !names(&demo, |namespace| namespace != "shop").contains(name);
            assert!(!own, "{tool} tells of {name}: {answer}");
        }
        assert!(!answer.contains("shop "), "{tool}: {answer}");
    }
    let first = player.sent.lock().unwrap()[0].clone();
    assert!(hidden.iter().all(|name| !first.contains(name.as_str())), "{first}");
}

#[test]
fn decisions_of_the_cockpit_reach_the_model_when_a_session_is_gone_on_with() {
    let (demo, home) = (Demo::of("shop", 1.0), Home::new());
    let player = model(Wire::OpenAi, vec![Say::Text("Well.")]);
    assert_eq!(ask(&demo, &home, &player, &["ask", "what would you try?"]).code, 0);
    let path = session(&home);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"line\":\"decided\",\"title\":\"http-delay on shop/reviews\",\"decision\":\"opened\"}\n");
    text.push_str("{\"line\":\"decided\",\"title\":\"http-delay on shop/reviews\",\"decision\":\"rejected\"}\n");
    std::fs::write(&path, text).unwrap();
    for turn in ["another one", "and one more"] {
        let ran = ask(&demo, &home, &player, &["ask", "--resume", "last", turn]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let sent = player.sent.lock().unwrap();
    let words = |at: usize| {
        let body: Value = serde_json::from_str(&sent[at]).unwrap();
        let all = body["messages"].as_array().unwrap().clone();
        all.into_iter()
            .filter(|message| message["role"] == "user")
            .map(|message| message["content"].to_string())
            .collect::<Vec<_>>()
    };
    let told = "looked at and not applied: http-delay on shop/reviews";
    assert!(words(1).last().unwrap().contains(told), "{:?}", words(1));
    let after = words(2);
    assert!(
        after[1].contains(told) && !after[2].contains(told),
        "told once, and it stays where it was told: {after:?}"
    );
    let replayed = home.brink(["ask", "--replay", "last"]);
    assert!(replayed.code == 0 && replayed.stderr.contains("> another one\n"), "{replayed:?}");
}
