//! The embedded world and the real binary: the main job with no cluster, no network and no key.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    cli::Home,
    cockpit::pty::Session,
    support::{
        guardians,
        served::{Demo, brink},
        wait::until,
    },
};

fn errors(home: &Home, demo: &Demo, workload: &str) -> f64 {
    let shown = home.brink(demo.words("mesh -n shop -o json")).json();
    let row = shown["rows"].as_array().unwrap().iter().find(|row| row["workload"] == workload);
    row.and_then(|row| row["error_share"].as_f64()).unwrap_or_default()
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
    // Traffic is measured over a minute.
    until("ratings to answer with errors", 120, || errors(&home, &demo, "ratings") > 0.1);
    // One word ends it; it is read back, and the world is as before.
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
    let left = home.brink(demo.words("get envoyfilters -n shop -o json")).json();
    assert!(left["items"].as_array().unwrap().is_empty(), "{left}");
    until("the errors to be over", 120, || errors(&home, &demo, "ratings") < 0.05);
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
                .arg("--default-signal=HUP,INT")
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
    Session::of(120, 40, "/usr/bin/env", &["--default-signal=HUP,INT", &place, brink().to_str().unwrap(), "demo"])
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
    session.preview_delay("", "1s");
    session.approve();
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

/// The world of a cockpit, as a process: it names the folder of its files.
fn world_of(folder: &TempDir) -> i32 {
    let wanted = format!("TMPDIR={}", folder.path().display());
    let is_world = |entry: &fs::DirEntry| {
        let has = |name: &str, wanted: &str| {
            let all = fs::read(entry.path().join(name)).unwrap_or_default();
            all.split(|byte| *byte == 0).any(|word| word == wanted.as_bytes())
        };
        has("environ", &wanted) && has("cmdline", "--attached")
    };
    let world = fs::read_dir("/proc").unwrap().flatten().find(is_world).unwrap();
    world.file_name().to_str().unwrap().parse().unwrap()
}

#[test]
fn a_world_that_was_killed_with_its_cockpit_leaves_no_guardian_and_no_folder() {
    let folder = TempDir::new().unwrap();
    let mut session = cockpit(&folder);
    apply(&mut session);
    assert!(!guardians::of(folder.path()).is_empty(), "nobody guards the fault");
    kill_process(Pid::from_raw(world_of(&folder)).unwrap(), Signal::KILL).unwrap();
    session.signal("KILL");
    // The fault went with its cluster: the guardian sees that there is nothing to undo, and takes the folder along.
    assert_nothing_left(&folder, "killed with its cockpit", 60);
}

#[test]
fn the_next_world_takes_away_what_a_killed_one_left() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().to_str().unwrap();
    let (dead, _) = served_in(place);
    let mut dead = dead;
    let left = || fs::read_dir(folder.path()).unwrap().count();
    dead.kill().unwrap();
    dead.wait().unwrap();
    assert_eq!(left(), 1, "a killed world cannot clear up");
    let (mut living, other) = served_in(place);
    assert_eq!(left(), 1, "the next one did");
    // A living one is let be.
    let (mut third, _) = served_in(place);
    assert_eq!(left(), 2);
    assert!(Path::new(&other).exists());
    for world in [&mut living, &mut third] {
        kill_process(Pid::from_child(world), Signal::TERM).unwrap();
        world.wait().unwrap();
    }
    assert_nothing_left(&folder, "told to end", 5);
}

/// A served world with a place for temporary things, and its folder there.
fn served_in(place: &str) -> (Child, String) {
    use std::io::BufRead as _;
    let mut process = Command::new(brink())
        .args(["demo", "--serve", "127.0.0.1:0", "-o", "json"])
        .env("TMPDIR", place)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let doors: serde_json::Value = serde_json::from_str(&line).unwrap();
    (process, doors["folder"].as_str().unwrap().to_owned())
}

#[test]
fn a_fault_on_a_world_that_ended_is_put_away_by_its_guardian_alone() {
    let home = Home::new();
    let mut demo = Demo::start();
    let words = "fault apply http-delay service/ratings -n shop --set delay=200ms --duration 14m --yes -o json";
    let applied = home.brink(demo.words(words)).json();
    assert_eq!(applied["state"], "active", "{applied}");
    let id = applied["injection"].as_str().unwrap().to_owned();
    until("the guardian to hold it", 30, || !guardians::of(home.path()).is_empty());
    demo.kill();
    until("the guardian to go home", 60, || guardians::of(home.path()).is_empty());
    let journal = |drawer: &str| {
        let state = home.path().join(".local/state/brink").join(drawer);
        let mut folders = fs::read_dir(state).into_iter().flatten().flatten();
        let file = |folder: fs::DirEntry| fs::read_to_string(folder.path().join(format!("{id}.jsonl"))).ok();
        folders.find_map(file)
    };
    assert_eq!(journal("open"), None);
    // It does not call recovered what it could not read back.
    let done = journal("done").unwrap();
    assert!(done.contains("its simulated cluster has ended") && !done.contains(r#""kind":"verified""#), "{done}");
    assert!(!Path::new(demo.door("folder")).exists(), "the folder of the dead world is still there");
}

#[test]
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
    until("the guardian to undo", 60, || filters() == 0);
    assert!(world.exists(), "the world did not wait for those who look at it");
    assert_nothing_left(&folder, "killed", 120);
}
