//! The scenarios people play: asked, previewed, applied, seen and verified, by the real binary on an embedded world, once by
//! commands and once in the cockpit at two sizes. The world's objects are compared with how they were before.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::{
    cli::Home,
    cockpit::pty::Session,
    support::{demo::Demo, guardians::State, wait::until},
};

/// Time of the worlds: a rate over a minute moves within half of one, and a fault of 90 s stands long enough to be seen.
const SPEED: f64 = 2.0;
const FAILING: &str = "Why is the Nginx Pod failing in my default namespace?";
const TESTS: &str = "give me 3 chaos tests to test the resiliency of my HTTPRoutes";

/// Waits for what is to be seen, also where the machine is busy.
fn seen(session: &mut Session, what: &str, holds: impl Fn(&str) -> bool) {
    assert!(session.within(Duration::from_mins(3), holds), "{what} did not come:\n{}", session.contents());
}

/// The line of the screen in which a name stands.
fn row<'a>(screen: &'a str, name: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.contains(name))
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
    seen(session, "the agent", |screen| screen.contains("nothing was asked yet"));
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
    assert_eq!(tools, ["list", "get", "events", "propose_fix"], "{asked}");
    let text = asked["text"].as_str().unwrap();
    for evidence in ["ngi14", "ImagePullBackOff", "nginx:latesttttt", "Back-off pulling image"] {
        assert!(text.contains(evidence), "{evidence}: {text}");
    }
    let plan = &asked["proposals"][0]["plan"];
    assert_eq!((&plan["class"], &plan["lease"]), (&json!("change"), &Value::Null), "{plan}");
    assert_eq!(pod(&home, &demo)["spec"]["containers"][0]["image"], "nginx:latesttttt", "nothing is written yet");
    let ran = home.brink(demo.words(&["fault", "apply", "--plan", plan["plan"].as_str().unwrap(), "--yes"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    until("the pod runs", 120, || {
        let pod = pod(&home, &demo);
        let ready = &pod["status"]["containerStatuses"][0]["ready"];
        pod["status"]["phase"] == "Running" && *ready == true
    });
    assert_eq!(unmarked(demo.state()), corrected(&before));
}

#[rstest]
fn bad_image_in_the_cockpit(#[values((80, 24), (120, 40))] size: (u16, u16)) {
    let demo = Demo::of("tutorial", SPEED);
    let before = demo.state();
    let state = State::new();
    let mut session = cockpit(&demo, &state, size);
    seen(&mut session, "the bad pod", |screen| {
        row(screen, "default      ngi14").is_some_and(|row| row.contains("ImagePullBackOff"))
    });
    ask(&mut session, FAILING);
    seen(&mut session, "the proposal", |screen| screen.contains("1 manifest") && screen.contains("within seconds"));
    session.press("p");
    seen(&mut session, "the preview", |screen| screen.contains("kept: it stays") && screen.contains("EXPECT"));
    assert!(session.contents().contains("nothing stands against it"), "{}", session.contents());
    // One key, no question.
    session.insist("a", "esc discard", "the change", |screen| {
        screen.contains("applied as previewed: Change Pod default/ngi14")
    });
    session.press("1");
    seen(&mut session, "the pod that runs", |screen| {
        row(screen, "default      ngi14").is_some_and(|row| row.contains("1/1") && row.contains("Running"))
    });
    // What is kept is no live fault: nobody warns of it, and leaving takes nothing back.
    seen(&mut session, "no fault", |screen| screen.lines().next().is_some_and(|header| header.contains("no faults")));
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
    let predicts = proposals[0]["plan"]["predicts"].to_string();
    assert!(predicts.contains("my-route wins: no: older brink-"), "{predicts}");
    let calm = served(&home, &demo, "infra-backend-v1");
    assert!(calm > 100.0, "{calm}");
    let plan = proposals[0]["plan"]["plan"].as_str().unwrap();
    let applied = home.brink(demo.words(&["fault", "apply", "--plan", plan, "--yes", "-o", "json"]));
    let applied = applied.json();
    assert_eq!(applied["state"], "active", "{applied}");
    let second = format!("brink-{}", applied["injection"].as_str().unwrap());
    // The older of two equal routes wins, and that is the second one now.
    let (first, ours) = (route(&home, &demo, "my-route").unwrap(), route(&home, &demo, &second).unwrap());
    assert_eq!((&first["wins"], &ours["wins"]), (&json!(false), &json!(true)), "{first} {ours}");
    assert_eq!(first["loses_to"], format!("HTTPRoute route-chaos/{second}"));
    until("the traffic moves over", 120, || {
        let (from, to) = (served(&home, &demo, "infra-backend-v1"), served(&home, &demo, "infra-backend-v3"));
        to > 40.0 && from < calm - 30.0
    });
    let ended =
        home.brink(demo.words(&["fault", "abort", applied["injection"].as_str().unwrap(), "-o", "json"])).json();
    // All is undone and read back; the new uid of what was made anew is the one thing that stays, as the preview said.
    assert_eq!(ended["injections"][0]["state"], "residue", "{ended}");
    assert_eq!(ended["injections"][0]["trouble"], Value::Null, "{ended}");
    assert_eq!(route(&home, &demo, &second), None);
    assert_eq!(route(&home, &demo, "my-route").unwrap()["wins"], true);
    until("the traffic is back", 120, || {
        let (to, from) = (served(&home, &demo, "infra-backend-v1"), served(&home, &demo, "infra-backend-v3"));
        to > 110.0 && from < 20.0
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

/// Requests per second in a row of the routes pane: the first number after the verdict.
fn rate(row: &str, verdict: &str) -> f64 {
    let after = row.split_once(verdict).map_or("", |(_, rest)| rest);
    after.split([' ', '│']).find_map(|word| word.parse().ok()).unwrap_or_default()
}

#[rstest]
fn route_conflict_in_the_cockpit(#[values((80, 24), (120, 40))] size: (u16, u16)) {
    let demo = Demo::of("talk-2024", SPEED);
    let before = demo.state();
    let state = State::new();
    let mut session = cockpit(&demo, &state, size);
    seen(&mut session, "the pods", |screen| screen.contains("infra-backend-v1"));
    ask(&mut session, TESTS);
    seen(&mut session, "the proposals", |screen| screen.contains("3 manifest") && screen.contains("written."));
    // The last one is chosen; the next is the first again.
    session.press("n");
    session.press("p");
    seen(&mut session, "the preview", |screen| screen.contains("Preview route-conflict route-chaos/my-route"));
    session.insist("\x1b[6~", "esc discard", "the predicted winner", |screen| screen.contains("my-route wins: no"));
    session.insist("a", "esc discard", "the question", |screen| screen.contains("and press enter to apply"));
    session.press("my-route");
    // Live by the header: the strip's last word is soon another, when the traffic tells of the fault.
    session.insist("\r", "press enter to apply", "the fault", |screen| {
        screen.lines().next().is_some_and(|header| header.contains(" left"))
    });
    session.press("2z");
    seen(&mut session, "the winner, and its requests", |screen| {
        let (first, ours) = (row(screen, "my-route "), row(screen, " brink-"));
        first.is_some_and(|row| row.contains(" no: older")) && ours.is_some_and(|row| rate(row, " yes") > 40.0)
    });
    session.press("\x18");
    seen(&mut session, "the proof", |screen| screen.contains("3 objects read back and as before"));
    seen(&mut session, "the requests are back", |screen| {
        row(screen, " brink-").is_none() && row(screen, "my-route ").is_some_and(|row| rate(row, " yes") > 110.0)
    });
    drop(session);
    assert_eq!(demo.state(), before, "my-route has another uid, and nothing else is different");
}
