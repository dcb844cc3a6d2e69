//! The embedded world and the real binary: the main job with no cluster, no network and no key.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::cli::Home;

/// A world served by the real binary; ended by its signal.
struct Demo {
    process: Child,
    doors: Value,
}

impl Demo {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_brink"))
            .args(["demo", "--serve", "127.0.0.1:0", "-o", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { doors: serde_json::from_str(&line).unwrap(), process }
    }

    fn door(&self, name: &str) -> &str {
        self.doors[name].as_str().unwrap()
    }

    /// The words of a command, on this world.
    fn words(&self, words: &str) -> Vec<String> {
        let model = format!("openai:scripted@{}", self.door("model"));
        let place =
            ["--kubeconfig", self.door("kubeconfig"), "--prometheus", self.door("prometheus"), "--agent", &model];
        place.into_iter().chain(words.split(' ')).map(str::to_owned).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn errors(home: &Home, demo: &Demo, workload: &str) -> f64 {
    let shown = home.brink(demo.words("mesh -n shop -o json")).json();
    let row = shown["rows"].as_array().unwrap().iter().find(|row| row["workload"] == workload);
    row.and_then(|row| row["error_share"].as_f64()).unwrap_or_default()
}

/// Looks until it is so; traffic is measured over a minute.
fn until(what: &str, look: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !look() {
        assert!(Instant::now() < deadline, "never: {what}");
    }
}

#[test]
fn a_fault_is_asked_for_seen_in_the_traffic_and_undone() {
    let (home, demo) = (Home::new(), Demo::start());
    // The agent looks, and proposes what the world's API server would take; nothing is written yet.
    let mut words = demo.words("ask -n infra -o json");
    words.push("give me chaos tests for my HTTP routes".to_owned());
    let asked = home.brink(words).json();
    assert!(!asked["proposals"].as_array().unwrap().is_empty(), "{asked}");
    assert!(home.brink(demo.words("fault list -o json")).json()["injections"].as_array().is_none_or(Vec::is_empty));
    // A fault has its consequences two hops up: reviews answers worse because ratings does.
    let calm = errors(&home, &demo, "ratings");
    assert!(calm < 0.01, "{calm}");
    let words =
        "fault apply http-abort service/ratings -n shop --set status=503 --set percent=80 --duration 5m --yes -o json";
    let applied = home.brink(demo.words(words)).json();
    assert_eq!(applied["state"], "active", "{applied}");
    until("ratings answers with errors", || errors(&home, &demo, "ratings") > 0.1);
    // One word ends it; it is read back, and the world is as before.
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
    let left = home.brink(demo.words("get envoyfilters -n shop -o json")).json();
    assert!(left["items"].as_array().unwrap().is_empty(), "{left}");
    until("the errors are over", || errors(&home, &demo, "ratings") < 0.05);
}

#[test]
fn a_world_goes_without_a_trace() {
    let demo = Demo::start();
    let folder = demo.door("folder").to_owned();
    assert!(Path::new(&folder).exists());
    drop(demo);
    assert!(!Path::new(&folder).exists(), "{folder} is still there");
}

#[test]
fn what_no_world_can_be_is_said_with_the_remedy() {
    let home = Home::new();
    for (words, remedy) in [
        (["demo", "--world", "shp"], "did you mean `shop`"),
        (["demo", "--pods", "0"], "--pods 2"),
        (["demo", "--speed", "0"], "--speed 1"),
        (["demo", "--serve", "0.0.0.0:0"], "127.0.0.1"),
    ] {
        let (_, fix) = home.brink(words).failed(2);
        assert!(fix.contains(remedy), "{words:?}: {fix}");
    }
}
