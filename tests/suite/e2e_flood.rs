//! The abort key and the emergency stop while a container talks without end into the open log viewer: real binary, real
//! terminal, the world in a process of its own.

use serde_json::{Value, json};

use super::{
    cli::Home,
    cockpit::pty::Session,
    support::{guardians::State, served::Demo, wait},
};

/// As loud as the world can be ordered to be.
const LINES: u32 = 100_000;

fn calm(screen: &str) -> bool {
    screen.lines().next().is_some_and(|header| header.contains("no faults"))
}

#[test]
fn a_flood_of_log_lines_holds_neither_the_abort_key_nor_the_stop_up() {
    let demo = Demo::start();
    let (home, state) = (Home::new(), State::new());
    let folder = state.path().display().to_string();
    let words = demo.words(&format!("-n shop --state-dir {folder}"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = Session::start(120, 40, &words);
    session.until("the pods", |screen| screen.contains("cart-0"));
    demo.control().rule(
        "flood",
        &Value::Null,
        &json!({"kind": "log-flood", "pod": "shop/ratings", "lines_per_s": LINES}),
    );
    session.press("/ratings\r");
    session.until("the pod of ratings", |screen| screen.contains("ratings-") && !screen.contains("reviews-v1-"));
    for (keys, what) in [("\x18", "one key"), ("\x18\x18", "the stop")] {
        session.preview_delay("", "200ms");
        session.approve();
        session.press("l");
        session.until("the flood", |screen| screen.contains("flood line"));
        session.press(keys);
        session.until(what, calm);
        // It is really over, and not only said to be.
        wait::until("no EnvoyFilter of ours", 60, || {
            let list = home.brink(demo.words("get envoyfilters -n shop -o json")).json();
            !list.to_string().contains("brink-")
        });
        session.press("\x1b");
        session.until("the pods again", |screen| screen.contains("Pods 2") && !screen.contains("flood line"));
    }
}
