//! The presenter scripts, by the real binary and without a terminal: every step's wait comes, by what brink itself sees, and
//! the world ends as it began.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use rstest::rstest;
use serde_json::Value;

use super::cli::Home;

/// However slow a machine is, a script is over by then.
const DEADLINE: Duration = Duration::from_mins(10);

/// Plays a script; its lines.
fn play(script: &str, speed: &str, size: &str, seed: u64) -> Vec<Value> {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
    command.args([
        "demo",
        "--play",
        script,
        "--headless",
        "--speed",
        speed,
        "--size",
        size,
        "--seed",
        &seed.to_string(),
    ]);
    command.env_clear().envs(home.environment()).current_dir(home.path());
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (to, lines) = mpsc::channel();
    let stdout = BufReader::new(process.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(to.send(line))));
    let until = Instant::now() + DEADLINE;
    let mut told = Vec::new();
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => told.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = process.kill();
                panic!("{script} is not over: {told:#?}");
            }
        }
    }
    let ended = process.wait().unwrap();
    let mut complaint = String::new();
    process.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    let wrong: Vec<&Value> = told.iter().filter(|line: &&Value| line["ok"] != true).collect();
    assert!(wrong.is_empty() && ended.success(), "{script} at {speed}, seed {seed}: {wrong:#?} {complaint}");
    told
}

/// Every step was told once, in order, and the world compared at the end.
fn whole(told: &[Value]) {
    let steps: Vec<u64> = told.iter().filter_map(|line| line["step"].as_u64()).collect();
    assert!(steps.windows(2).all(|pair| pair[1] == pair[0] + 1) && steps.first() == Some(&1), "{steps:?}");
    assert_eq!(told.last().unwrap()["name"], "the world is as it was");
}

const SCRIPTS: [&str; 11] = [
    "scale-down-up",
    "gateway-partition",
    "load",
    "bad-image",
    "kagent",
    "route-conflict",
    "gitops-fights-back",
    "service-latency",
    "retry-and-eject",
    "mtls-strict",
    "ambient-view",
];

#[rstest]
fn it_plays(
    // The longest first: the others play beside it.
    #[values(
        "service-latency",
        "retry-and-eject",
        "ambient-view",
        "mtls-strict",
        "scale-down-up",
        "gateway-partition",
        "load",
        "bad-image",
        "kagent",
        "route-conflict",
        "gitops-fights-back"
    )]
    script: &str,
) {
    whole(&play(script, "20", "80x24", 1));
}

#[test]
fn one_plays_on_a_large_screen() {
    whole(&play("route-conflict", "20", "120x40", 1));
}

#[test]
fn one_plays_in_real_time() {
    whole(&play("bad-image", "1", "80x24", 1));
}

/// Seeds and speeds change names and draws, never what happens.
#[test]
#[ignore = "takes more than an hour: eleven scripts, five seeds, two speeds"]
fn the_grid() {
    let mut played = 0;
    for script in SCRIPTS {
        for seed in 1..=5 {
            for speed in ["5", "20"] {
                whole(&play(script, speed, "80x24", seed));
                played += 1;
                println!("{script} seed {seed} speed {speed}: plays");
            }
        }
    }
    println!("{played} plays");
}

#[test]
fn the_list_names_worlds_and_scripts() {
    let home = Home::new();
    let list = home.brink(["demo", "--list", "-o", "json"]).json();
    let names = |key: &str, name: &str| -> Vec<String> {
        list[key].as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("scripts", "script"), SCRIPTS);
    assert_eq!(
        names("worlds", "world"),
        ["shop", "agents", "ambient", "dapr", "gateways", "gitops", "kagent", "services", "talk-2024", "tutorial"]
    );
    let text = home.brink(["demo", "--list"]).stdout;
    assert!(text.contains("bad-image") && text.contains("min, world tutorial"), "{text}");
}

#[test]
fn what_cannot_be_played_is_said_with_its_place() {
    let home = Home::new();
    let file = home.file("mine.yaml", "script: mine\ntitle: t\nworld: shop\nminutes: 1\nsteps:\n- sai: x\n");
    for (words, remedy) in [
        (vec!["demo", "--play", "rout-conflict"], "did you mean `route-conflict`"),
        (vec!["demo", "--play", &file], "did you mean `say`"),
        (vec!["demo", "--play", "none.yaml"], "path"),
        (vec!["demo", "--play", "load", "--headless", "--size", "big"], "80x24"),
        (vec!["demo", "--play", "load", "--headless", "--context", "prod"], "brink's own world"),
    ] {
        let (what, fix) = home.brink(&words).failed(2);
        assert!(fix.contains(remedy), "{words:?}: {what} {fix}");
    }
    let (what, _) = home.brink(["demo", "--play", &file]).failed(2);
    assert!(what.contains("mine.yaml:6:3"), "{what}");
    let (what, fix) = home.with("TMPDIR", "/nonexistent").brink(["demo", "--notes"]).failed(1);
    assert!(what.contains("no script plays") && fix.contains("--play"), "{what} {fix}");
}
