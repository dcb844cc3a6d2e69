//! The embedded world and the real binary: the main job with no cluster, no network and no key.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    cli::Home,
    cockpit::pty::Session,
    support::served::{Demo, brink},
};

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

#[test]
fn what_stands_in_the_way_of_a_world_is_said_with_the_remedy() {
    let (home, demo) = (Home::new(), Demo::start());
    // The address is taken, by another demo; any free one does.
    let taken = demo.door("server").trim_start_matches("https://").to_owned();
    let (cause, fix) = home.brink(["demo", "--serve", &taken]).failed(2);
    assert!(cause.contains(&taken) && fix.contains("Port 0"), "{cause} {fix}");
    // Two worlds stand side by side, and each answers for itself.
    let other = Demo::start();
    for one in [&demo, &other] {
        assert!(home.brink(one.words("get pods -n shop")).ok().contains("ratings-"));
    }
    assert_ne!(demo.door("folder"), other.door("folder"));
    // No place for its files. (A folder without rights would not stop every user.)
    for words in [&["demo", "--serve", "127.0.0.1:0"][..], &["demo", "--serve", "127.0.0.1:0", "-o", "json"]] {
        let ran = Home::new().with("TMPDIR", "/proc").brink(words);
        assert!(ran.code == 1 && ran.stderr.contains("/proc") && ran.stderr.contains("TMPDIR"), "{ran:?}");
    }
    // Nobody could see a cockpit: no world is made for it.
    let (cause, fix) = home.brink(["demo"]).failed(2);
    assert!(cause.contains("is not a terminal") && fix.contains("brink demo --serve"), "{cause} {fix}");
    // A home in which nothing can be written keeps nobody out.
    let home = Home::new().with("HOME", "/proc");
    assert!(home.brink(demo.words("get pods -n shop")).ok().contains("ratings-"));
}

/// Programs that were started with this folder for temporary things.
fn left(folder: &Path) -> Vec<String> {
    let wanted = format!("TMPDIR={}", folder.display());
    let of = |entry: fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes()).then_some(())?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        // A process that ended and waits for its parent has none.
        (!line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| of(entry.ok()?)).collect()
}

/// No process, no file.
fn assert_nothing_left(folder: &TempDir, case: &str, seconds: u64) {
    let until = Instant::now() + Duration::from_secs(seconds);
    let files = || fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
    while !left(folder.path()).is_empty() || !files().is_empty() {
        assert!(Instant::now() < until, "{case}: left {:?} {:?}", left(folder.path()), files());
        thread::sleep(Duration::from_millis(100));
    }
}

const SIGNALS: [&str; 3] = ["TERM", "INT", "HUP"];

#[test]
fn a_served_world_ends_with_any_signal_at_any_moment() {
    for signal in SIGNALS {
        // While it starts, while it is built, while it is served.
        for wait in [0, 20, 200, u64::MAX] {
            let folder = TempDir::new().unwrap();
            // Whoever runs this suite may have it ignore the end of their terminal; the program shall not inherit that.
            let mut process = Command::new("/usr/bin/env")
                .arg("--default-signal=HUP")
                .arg(brink())
                .args(["demo", "--serve", "127.0.0.1:0", "-o", "json"])
                .env_clear()
                .envs([("TMPDIR", folder.path()), ("HOME", Path::new("/proc"))])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let case = format!("{signal} after {wait} ms");
            if wait == u64::MAX {
                use std::io::BufRead as _;
                let mut line = String::new();
                std::io::BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
                assert!(line.contains("kubeconfig"), "{case}: {line}");
            } else {
                // A moment, not a condition: each of them must be survived.
                thread::sleep(Duration::from_millis(wait));
            }
            assert!(
                Command::new("kill")
                    .args([&format!("-{signal}"), &process.id().to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
            let status = process.wait().unwrap();
            // Before it listens the system ends it, and nothing was made by then.
            assert!(status.code() == Some(0) || wait < u64::MAX && status.code().is_none(), "{case}: {status}");
            assert_nothing_left(&folder, &case, 1);
        }
    }
}

/// The cockpit on a world of its own, on a terminal, with a folder of its own for temporary things.
fn cockpit(folder: &TempDir) -> Session {
    let place = format!("TMPDIR={}", folder.path().display());
    Session::of(120, 40, "/usr/bin/env", &["--default-signal=HUP", &place, brink().to_str().unwrap(), "demo"])
}

#[test]
fn a_cockpit_and_its_world_end_with_any_signal_at_any_moment() {
    for signal in SIGNALS {
        let folder = TempDir::new().unwrap();
        let mut session = cockpit(&folder);
        session.until("the pods", |screen| screen.contains("cart-0"));
        session.signal(signal);
        assert_eq!(session.ended(), 0, "{signal}");
        session.restored();
        assert_nothing_left(&folder, signal, 1);

        // While its world is made.
        for wait in [0, 20, 200] {
            let folder = TempDir::new().unwrap();
            let mut session = cockpit(&folder);
            thread::sleep(Duration::from_millis(wait));
            session.signal(signal);
            session.ended();
            assert_nothing_left(&folder, &format!("{signal} after {wait} ms"), 5);
        }
    }
}

/// From the pods to a live fault, whatever the guardrails ask on the way.
fn apply(session: &mut Session) {
    session.until("the pods", |screen| screen.contains("cart-0"));
    session.press("/ratings\r");
    session.until("the one", |screen| screen.contains("ratings-") && !screen.contains("reviews-v1-"));
    session.press("f");
    session.until("the kinds", |screen| screen.contains("Requests wait before"));
    session.press("\r");
    session.until("the fields", |screen| screen.contains("how long each request waits"));
    session.press("1s");
    session.until("the delay", |screen| screen.contains("1s"));
    session.press("\r");
    session.until("the preview", |screen| screen.contains("GUARDS") && screen.contains("EnvoyFilter"));
    let live = |screen: &str| screen.contains(" left ");
    let asks = |screen: &str| screen.contains("and press enter to apply");
    session.insist("a", "discard", "the fault", |screen| asks(screen) || live(screen));
    if asks(&session.contents()) {
        let line = session.contents().lines().find(|line| asks(line)).unwrap().to_owned();
        let name = line.split("type ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        session.press(&name);
        session.until("the name", |screen| screen.contains(&format!("> {name}")));
        session.insist("\r", "and press enter to apply", "the live fault", live);
    }
}

#[test]
fn a_signal_while_a_fault_lives_undoes_it_before_the_world_goes() {
    for signal in SIGNALS {
        let folder = TempDir::new().unwrap();
        let mut session = cockpit(&folder);
        apply(&mut session);
        session.signal(signal);
        assert_eq!(session.ended(), 0, "{signal}");
        session.restored();
        assert_nothing_left(&folder, signal, 1);
    }
}

#[test]
#[ignore = "a world whose cockpit was killed stays for a minute"]
fn a_killed_cockpit_leaves_a_world_that_goes_when_its_fault_is_undone() {
    let folder = TempDir::new().unwrap();
    let mut session = cockpit(&folder);
    apply(&mut session);
    let world = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let place = world.join("kubeconfig");
    session.signal("KILL");
    let home = Home::new();
    let filters = || {
        let words = ["get", "envoyfilters", "-n", "shop", "-o", "json", "--kubeconfig", place.to_str().unwrap()];
        home.brink(words).json()["items"].as_array().unwrap().len()
    };
    let until = Instant::now() + Duration::from_secs(30);
    while filters() > 0 {
        assert!(Instant::now() < until, "the guardian did not undo");
    }
    assert!(world.exists(), "the world did not wait for those who look at it");
    assert_nothing_left(&folder, "killed", 120);
}
