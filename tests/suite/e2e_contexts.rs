//! Two clusters behind one kubeconfig, with the real binary on a real terminal: from one to the other and back, both beside each
//! other, and nothing that is written to the one that is only looked at.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::{
    cockpit::pty::Session,
    support::{guardians::State, served::Demo},
};

/// The context of a world under another name, since both call themselves the same.
fn renamed(demo: &Demo, name: &str) -> String {
    let text = fs::read_to_string(demo.door("kubeconfig")).unwrap();
    let mut config: Value = serde_saphyr::from_str(&text).unwrap();
    let current = config["current-context"].as_str().unwrap().to_owned();
    let contexts = config["contexts"].as_array().unwrap().clone();
    let context = contexts.iter().find(|one| one["name"] == current.as_str()).unwrap();
    let of = |list: &str, name: &Value| {
        let all = config[list].as_array().unwrap();
        all.iter().find(|one| one["name"] == *name).unwrap().clone()
    };
    let (mut cluster, mut user) =
        (of("clusters", &context["context"]["cluster"]), of("users", &context["context"]["user"]));
    let mut context = context.clone();
    for (one, name) in [(&mut cluster, name), (&mut user, name), (&mut context, name)] {
        one["name"] = json!(name);
    }
    context["context"]["cluster"] = json!(name);
    context["context"]["user"] = json!(name);
    config["clusters"] = json!([cluster]);
    config["users"] = json!([user]);
    config["contexts"] = json!([context]);
    config["current-context"] = json!(name);
    config.to_string()
}

struct Two {
    _west: Demo,
    east: Demo,
    state: State,
    kubeconfig: String,
}

impl Two {
    fn start() -> Self {
        let (west, east) = (Demo::with(&["--world", "shop"]), Demo::with(&["--world", "shop"]));
        let state = State::new();
        let place = |name: &str| state.path().join(name).display().to_string();
        for (demo, name) in [(&west, "west"), (&east, "east")] {
            fs::write(place(name), renamed(demo, name)).unwrap();
        }
        let kubeconfig = format!("{}:{}", place("west"), place("east"));
        Self { _west: west, east, state, kubeconfig }
    }

    /// A cockpit on the west, with settings of its own.
    fn cockpit(&self, settings: &str) -> Session {
        let settings = format!("[contexts.west]\nnamespace = \"shop\"\n{settings}");
        let script = format!(
            "mkdir -p ~/.config/brink && printf '%s' '{settings}' > ~/.config/brink/config.toml && KUBECONFIG='{}' exec '{}' \
             --context west --prometheus none --state-dir '{}'",
            self.kubeconfig,
            env!("CARGO_BIN_EXE_brink"),
            self.state.path().join("state").display()
        );
        Session::of(200, 60, "/bin/sh", &["-c", &script])
    }
}

/// Counts what arrives of a sort, and disturbs nothing.
fn count(demo: &Demo, id: &str, matching: &Value) {
    demo.control().rule(id, matching, &json!({"kind": "late", "ms": 1}));
}

fn seen(demo: &Demo, id: &str) -> u64 {
    let rules = demo.control().ask("GET", "/rules", "");
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).cloned().unwrap();
    rule["seen"].as_u64().unwrap()
}

fn streams(demo: &Demo) -> u64 {
    demo.control().ask("GET", "/streams", "")["open"].as_u64().unwrap()
}

/// Waits until the world pours out this many streams.
fn until_streams(demo: &Demo, what: &str, holds: impl Fn(u64) -> bool) -> u64 {
    let end = std::time::Instant::now() + Duration::from_mins(1);
    loop {
        let open = streams(demo);
        if holds(open) {
            return open;
        }
        assert!(std::time::Instant::now() < end, "{what}: {open} streams are open");
        std::thread::yield_now();
    }
}

fn write_words(demo: &Demo) {
    for method in ["PATCH", "PUT", "DELETE"] {
        count(demo, method, &json!({"method": method}));
    }
    // Reviews of rights are questions, whatever their method.
    count(demo, "POST", &json!({"method": "POST", "path": "^/api/|^/apis/apps|^/apis/batch|^/apis/networking"}));
}

/// The east's user as one of an exec plugin, which notes each of its runs in a file.
fn by_plugin(two: &Two) -> std::path::PathBuf {
    let (place, runs) = (two.state.path().join("east"), two.state.path().join("runs"));
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&place).unwrap()).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    let said =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}});
    let line = format!("echo run >> {}; printf %s '{said}'", runs.display());
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", line], "interactiveMode": "Never",
    }});
    fs::write(&place, config.to_string()).unwrap();
    runs
}

fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}

#[test]
fn another_cluster_is_looked_at_beside_and_never_written_to() {
    let two = Two::start();
    write_words(&two.east);
    let mut session = two.cockpit("");
    session.until("the west", |screen| header(screen).contains("west") && screen.contains("productpage-"));
    assert_eq!(streams(&two.east), 0, "nobody has asked the east");
    session.press(":split deploy -A @east\r");
    session.until("both", |screen| {
        header(screen).contains("west")
            && screen.contains("─ east")
            && screen.contains("deployments")
            && screen.matches("reviews-v1").count() > 1
    });
    until_streams(&two.east, "the table is watched", |open| open > 0);
    // Keys that would change something, on a row of the far side.
    for (key, word) in [("e", "edit"), ("\x04", "delete object"), ("s", "scale"), ("f", "fault"), ("r", "restart")] {
        session.press(key);
        session.until("the refusal", |screen| screen.contains(&format!("east is only looked at on this side, {word}")));
    }
    session.press("y");
    session.until("its yaml", |screen| screen.contains("kind: Deployment"));
    session.press("\x1b");
    session.until("its table again", |screen| !screen.contains("kind: Deployment"));
    // One key closes it, and its watches end.
    session.press("|");
    session.until("the west alone", |screen| !screen.contains("east"));
    until_streams(&two.east, "closing ends its watches", |open| open == 0);
    for method in ["PATCH", "PUT", "DELETE", "POST"] {
        assert_eq!(seen(&two.east, method), 0, "{method}");
    }
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

#[test]
fn a_switch_shows_rows_before_anything_else_is_answered_and_wears_what_holds_there() {
    let two = Two::start();
    // Whoever waited for one of these would not show a row within the deadline.
    for (id, path) in
        [("discovery", "^/apis?$|^/apis?/[^/]+(/v[^/]+)?$"), ("names", "^/api/v1/namespaces($|/kube-system$)")]
    {
        let matching = json!({"method": "GET", "path": path});
        two.east.control().rule(id, &matching, &json!({"kind": "delay", "ms": 600_000}));
    }
    let mut session = two.cockpit("[contexts.east]\ntheme = \"light\"\nreadonly = true\nnamespace = \"shop\"\n");
    session.until("the west", |screen| header(screen).contains("west") && screen.contains("productpage-"));
    let dark = session.ground();
    session.press(":ctx east\r");
    session.until("rows of the east", |screen| {
        header(screen).contains("east / shop")
            && header(screen).contains("read-only")
            && screen.contains("productpage-")
    });
    assert_ne!(session.ground(), dark, "the theme of the east");
    session.press(":deploy\r");
    session.until("a table that every server has", |screen| {
        screen.contains("deployments in shop") && screen.contains("reviews-v1")
    });
    session.press(":ctx west\r");
    session.until("the west again", |screen| {
        header(screen).contains("west") && !header(screen).contains("read-only") && screen.contains("productpage-")
    });
    assert_eq!(session.ground(), dark);
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

#[test]
fn whoever_comes_back_to_a_context_does_not_log_in_again() {
    let two = Two::start();
    let runs = by_plugin(&two);
    let mut session = two.cockpit("[contexts.east]\nnamespace = \"shop\"\n");
    session.until("the west", |screen| header(screen).contains("west / shop") && screen.contains("productpage-"));
    for _ in 0..2 {
        session.press(":ctx east\r");
        session.until("the east", |screen| header(screen).contains("east / shop") && screen.contains("productpage-"));
        session.press(":ctx west\r");
        session.until("the west", |screen| header(screen).contains("west / shop") && screen.contains("productpage-"));
    }
    assert_eq!(fs::read_to_string(runs).unwrap(), "run\n");
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

#[test]
fn a_view_is_kept_across_starts() {
    let two = Two::start();
    let mut session = two.cockpit("");
    session.until("the west", |screen| screen.contains("productpage-"));
    session.press(":deploy -A /review\r");
    session.until("the table", |screen| screen.contains("/review") && screen.contains("reviews-v1"));
    session.press(":save mine\r");
    session.until("it is saved", |screen| screen.contains("is saved: `:view mine`"));
    let kept = fs::read_to_string(session.home().join(".config/brink/saved.toml")).unwrap();
    assert_eq!(kept, "[saved.mine]\nkind = \"deployments.apps\"\nnamespace = \"*\"\nfilter = \"review\"\n");
    session.press("\x1b\x1b");
    session.press(":view mine\r");
    session.until("the view", |screen| screen.contains("/review") && screen.contains("reviews-v1"));
    session.press(":view delete mine\r");
    session.until("it is gone", |screen| screen.contains("view mine is forgotten"));
    assert_eq!(fs::read_to_string(session.home().join(".config/brink/saved.toml")).unwrap(), "");
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}
