//! The scenarios people play: asked, previewed, applied, seen and verified, by the real binary on an embedded world, once by
//! commands and once in the cockpit at two sizes. The world's objects are compared with how they were before.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use super::{
    cli::Home,
    cockpit::pty::Session,
    support::{demo::Demo, guardians::State},
};

/// Time of the worlds: a rate over a minute moves within seconds.
const SPEED: f64 = 10.0;
const FAILING: &str = "Why is the Nginx Pod failing in my default namespace?";
const TESTS: &str = "give me 3 chaos tests to test the resiliency of my HTTPRoutes";

/// Looks until it is so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
    }
}

/// Presses a key again and again while `wanted` is on the screen and `holds` is not: the key that approves is deaf until the
/// preview was read, and nothing here may wait for time.
fn insist(session: &mut Session, key: &str, wanted: &str, what: &str, holds: impl Fn(&str) -> bool) {
    for _ in 0..100 {
        if session.within(Duration::from_millis(300), &holds) {
            return;
        }
        if session.contents().contains(wanted) {
            session.press(key);
        }
    }
    panic!("{what} did not come:\n{}", session.contents());
}

/// The cockpit on a world, with the agent in front.
fn cockpit(demo: &Demo, state: &State, (width, height): (u16, u16)) -> Session {
    let folder = state.path().display().to_string();
    let mut words = demo.words(&["-A", "--state-dir", &folder]);
    let words: Vec<&str> = words.iter_mut().map(|word| word.as_str()).collect();
    Session::start(width, height, &words)
}

fn ask(session: &mut Session, question: &str) {
    session.press("5");
    session.until("the agent", |screen| screen.contains("ask what is slow"));
    session.press("\r");
    session.press(question);
    session.press("\r");
}

/// The state of the bad pod, by brink.
fn pod(home: &Home, demo: &Demo) -> Value {
    let all = home.brink(demo.words(&["get", "pods", "-n", "default", "-o", "json"])).json();
    let items = all["items"].as_array().unwrap();
    items.iter().find(|pod| pod["metadata"]["name"] == "ngi14").unwrap().clone()
}

/// The world as it should be once the image is corrected, given how it was.
fn corrected(before: &[(String, Value)]) -> Vec<(String, Value)> {
    let mut wanted = before.to_vec();
    let pod = wanted.iter_mut().find(|(path, _)| path == "Pod default/ngi14").unwrap();
    assert_eq!(pod.1["spec"]["containers"][0]["image"], "nginx:latesttttt");
    pod.1["spec"]["containers"][0]["image"] = json!("nginx:latest");
    wanted
}

/// Marks of finished changes are brink's own word on an object.
fn unmarked(mut state: Vec<(String, Value)>) -> Vec<(String, Value)> {
    for (_, object) in &mut state {
        let metadata = object["metadata"].as_object_mut().unwrap();
        let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { continue };
        annotations.retain(|name, _| !name.starts_with("brink.dev/"));
        if annotations.is_empty() {
            metadata.shift_remove("annotations");
        }
    }
    state
}

#[test]
fn bad_image_by_commands() {
    let (demo, home) = (Demo::of("tutorial", SPEED), Home::new());
    let before = demo.state();
    let asked = home.brink(demo.words(&["ask", "-o", "json", FAILING])).json();
    let tools: Vec<&str> =
        asked["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(tools, ["list", "get", "events", "propose_manifest"], "{asked}");
    let text = asked["text"].as_str().unwrap();
    for evidence in ["ngi14", "ImagePullBackOff", "nginx:latesttttt", "Back-off pulling image"] {
        assert!(text.contains(evidence), "{evidence}: {text}");
    }
    let plan = &asked["proposals"][0]["plan"];
    assert_eq!((&plan["class"], &plan["lease"]), (&json!("change"), &Value::Null), "{plan}");
    assert_eq!(pod(&home, &demo)["spec"]["containers"][0]["image"], "nginx:latesttttt", "nothing is written yet");
    let ran = home.brink(demo.words(&["fault", "apply", "--plan", plan["plan"].as_str().unwrap(), "--yes"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    until("the pod runs", || {
        let pod = pod(&home, &demo);
        let ready = &pod["status"]["containerStatuses"][0]["ready"];
        (pod["status"]["phase"] == "Running" && *ready == true).then_some(())
    });
    assert_eq!(unmarked(demo.state()), corrected(&before));
}

#[rstest]
fn bad_image_in_the_cockpit(#[values((80, 24), (120, 40))] size: (u16, u16)) {
    let demo = Demo::of("tutorial", SPEED);
    let before = demo.state();
    let state = State::new();
    let mut session = cockpit(&demo, &state, size);
    session.until("the bad pod", |screen| {
        screen.lines().any(|line| line.contains("ngi14") && line.contains("ImagePullBackOff"))
    });
    ask(&mut session, FAILING);
    session.until("the proposal", |screen| screen.contains("1 manifest") && screen.contains("ready to be looked at"));
    session.press("p");
    session.until("the preview", |screen| {
        screen.contains("nginx:latesttttt") && screen.contains("nginx:latest\n") || screen.contains("GUARDS")
    });
    println!("{}", session.contents());
    insist(&mut session, "a", "apply", "the change", |screen| screen.contains("ngi14") && !screen.contains("GUARDS"));
    println!("{}", session.contents());
    session.press("1");
    session.until("the pod that runs", |screen| {
        screen.lines().any(|line| line.contains("ngi14") && line.contains("1/1") && line.contains("Running"))
    });
    println!("{}", session.contents());
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
    assert_eq!(unmarked(demo.state()), corrected(&before));
}

/// A row of `brink routes`, by name.
fn route(home: &Home, demo: &Demo, name: &str) -> Option<Value> {
    let all = home.brink(demo.words(&["routes", "-n", "route-chaos", "-o", "json"])).json();
    let routes = all["routes"].as_array().unwrap();
    routes.iter().find(|row| row["route"] == format!("HTTPRoute route-chaos/{name}")).cloned()
}

/// Requests per second that reach a backend, by `brink mesh`.
fn served(home: &Home, demo: &Demo, workload: &str) -> f64 {
    let all = home.brink(demo.words(&["mesh", "-n", "route-chaos", "-o", "json"])).json();
    let rows = all["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["workload"] == workload);
    row.and_then(|row| row["rps"].as_f64()).unwrap_or_default()
}

#[test]
fn route_conflict_by_commands() {
    let (demo, home) = (Demo::of("talk-2024", SPEED), Home::new());
    let before = demo.state();
    let asked = home.brink(demo.words(&["ask", "-n", "route-chaos", "-o", "json", TESTS])).json();
    let proposals = asked["proposals"].as_array().unwrap();
    let kinds: Vec<&str> = proposals.iter().map(|one| one["plan"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["route-conflict", "scale", "manifest"], "{asked}");
    assert!(served(&home, &demo, "infra-backend-v1") > 100.0);
    println!("{}", proposals[0]["plan"]);
    let plan = proposals[0]["plan"]["plan"].as_str().unwrap();
    let applied = home.brink(demo.words(&["fault", "apply", "--plan", plan, "--yes", "-o", "json"]));
    println!("{applied:?}");
    let applied = applied.json();
    assert_eq!(applied["state"], "active", "{applied}");
    let second = format!("brink-{}", applied["injection"].as_str().unwrap());
    // The older of two equal routes wins, and that is the second one now.
    let (first, ours) = (route(&home, &demo, "my-route").unwrap(), route(&home, &demo, &second).unwrap());
    assert_eq!((&first["wins"], &ours["wins"]), (&json!(false), &json!(true)), "{first} {ours}");
    assert_eq!(first["loses_to"], format!("HTTPRoute route-chaos/{second}"));
    until("the traffic moves over", || {
        (served(&home, &demo, "infra-backend-v3") > 100.0 && served(&home, &demo, "infra-backend-v1") < 20.0)
            .then_some(())
    });
    let ended =
        home.brink(demo.words(&["fault", "abort", applied["injection"].as_str().unwrap(), "-o", "json"])).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
    assert_eq!(route(&home, &demo, &second), None);
    assert_eq!(route(&home, &demo, "my-route").unwrap()["wins"], true);
    until("the traffic is back", || {
        (served(&home, &demo, "infra-backend-v1") > 100.0 && served(&home, &demo, "infra-backend-v3") < 20.0)
            .then_some(())
    });
    assert_eq!(demo.state(), before, "my-route has another uid, and nothing else is different");
}

#[test]
fn a_second_route_that_only_stands_there_loses() {
    let (demo, home) = (Demo::of("talk-2024", SPEED), Home::new());
    let before = demo.state();
    let words = "fault apply route-conflict route/my-route -n route-chaos --set backend=infra-backend-v3 --duration 10m --yes -o json";
    let words: Vec<&str> = words.split(' ').collect();
    let applied = home.brink(demo.words(&words)).json();
    let id = applied["injection"].as_str().unwrap_or_else(|| panic!("{applied}")).to_owned();
    let second = format!("brink-{id}");
    let ours = route(&home, &demo, &second).unwrap();
    assert_eq!(ours["wins"], false, "the older one wins: {ours}");
    assert_eq!(ours["loses_to"], "HTTPRoute route-chaos/my-route");
    assert!(served(&home, &demo, "infra-backend-v3") < 1.0);
    let ended = home.brink(demo.words(&["fault", "abort", &id, "-o", "json"])).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
    assert_eq!(demo.state(), before);
}

#[rstest]
fn route_conflict_in_the_cockpit(#[values((80, 24), (120, 40))] size: (u16, u16)) {
    let demo = Demo::of("talk-2024", SPEED);
    let before = demo.state();
    let state = State::new();
    let mut session = cockpit(&demo, &state, size);
    session.until("the pods", |screen| screen.contains("infra-backend-v1"));
    ask(&mut session, TESTS);
    session.until("the proposals", |screen| screen.contains("3 manifest") && screen.contains("ready to be looked at"));
    println!("{}", session.contents());
}
