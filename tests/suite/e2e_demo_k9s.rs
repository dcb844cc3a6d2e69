//! k9s on the world that the real binary serves: it starts, shows every kind there is, describes, reads logs, scales, deletes. A
//! long test, for `tests/run --all`: that builds k9s (`tests/cluster/build k9s`).

use std::{fs, path::Path, time::Duration};

use super::{
    cockpit::pty::Session,
    support::{kubectl::Kubectl, served::Demo, wait::until, world::program},
};

/// k9s looks every two seconds, and a busy machine takes its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// What it says when the server does not answer as it should.
const COMPLAINTS: [&str; 5] =
    ["no resource meta", "unable to locate", "could not find the requested", "Dog barked", "panic"];

/// k9s on a terminal of its own, with nothing of the user's.
fn k9s(demo: &Demo, program: &Path, folder: &Path) -> Session {
    let config = folder.join("k9s");
    fs::create_dir_all(&config).unwrap();
    // It would ask the network for its own newest version.
    fs::write(config.join("config.yaml"), "k9s:\n  skipLatestRevCheck: true\n").unwrap();
    let set = |name: &str, path: &Path| format!("{name}={}", path.display());
    let (dir, cache) = (set("K9S_CONFIG_DIR", &config), set("KUBECACHEDIR", &folder.join("cache")));
    let log = folder.join("k9s.log");
    let words = [
        dir.as_str(),
        &cache,
        program.to_str().unwrap(),
        "--kubeconfig",
        demo.door("kubeconfig"),
        "--logFile",
        log.to_str().unwrap(),
        "--splashless",
        "--logoless",
        "-A",
        "-c",
        "pods",
    ];
    Session::of(200, 50, "/usr/bin/env", &words)
}

#[track_caller]
fn shows(session: &mut Session, what: &str, holds: impl Fn(&str) -> bool) {
    assert!(session.within(PATIENCE, holds), "{what} did not come:\n{}", session.contents());
}

/// Goes to a kind, and waits until its table has that many rows.
#[track_caller]
fn goes(session: &mut Session, command: &str, title: &str) {
    session.press(":");
    shows(session, "the prompt", |screen| screen.contains('>'));
    session.press(command);
    shows(session, command, |screen| screen.contains(command));
    session.press("\r");
    shows(session, title, |screen| screen.contains(title));
}

#[test]
#[ignore = "needs k9s, which tests/cluster/build --all makes, and minutes"]
fn k9s_starts_shows_every_kind_describes_reads_logs_scales_and_deletes() {
    let Some(program) = program("k9s") else { return };
    let demo = Demo::with(&["--speed", "2"]);
    let Some(kubectl) = Kubectl::on(demo.door("kubeconfig")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut session = k9s(&demo, &program, folder.path());
    shows(&mut session, "the pods", |screen| screen.contains("pods(all)[") && screen.contains("Running"));
    eprintln!("{}", session.contents());
}
