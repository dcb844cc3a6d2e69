//! Plugins with the real binary on a real pseudo-terminal: the terminal is theirs while they run, keys and signals too.

use super::pty::Session;

const CONFIG: &str = r#"
[[plugins]]
name = "asks"
key = "f5"
scopes = ["all"]
command = "sh"
args = ["-c", "printf 'who? '; read who; echo hello $who; read again"]

[[plugins]]
name = "sleeps"
key = "f6"
scopes = ["all"]
command = "sleep"
args = ["1000"]

[[plugins]]
name = "behind"
key = "f7"
scopes = ["all"]
command = "sh"
args = ["-c", "echo all is well; echo nobody sees this"]
pipes = ["sed s/well/very.well/"]
background = true
overwrite-output = true

[[plugins]]
name = "absent"
key = "f8"
scopes = ["all"]
command = "no-such-program-here"
"#;

fn session() -> Session {
    let script = format!(
        "mkdir -p ~/.config/brink && cat > ~/.config/brink/config.toml <<'END'\n{CONFIG}\nEND\nexec '{}'",
        env!("CARGO_BIN_EXE_brink")
    );
    let mut session = Session::of(100, 24, "/bin/sh", &["-c", &script]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session
}

#[test]
fn a_plugin_has_the_terminal_and_every_key_until_it_ends() {
    let mut session = session();
    session.press("\x1b[15~");
    session.until("the question", |screen| screen.contains("who?") && !screen.contains("faults unknown"));
    for key in ["q", "w", "x", "\r"] {
        session.press(key);
    }
    session.until("the answer", |screen| screen.contains("hello qwx"));
    session.press("\r");
    session.until("the panes again", |screen| screen.contains("faults unknown"));
    session.press("q");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn what_interrupts_a_plugin_does_not_end_the_cockpit() {
    let mut session = session();
    session.press("\x1b[17~");
    session.until("an empty screen", |screen| !screen.contains("faults unknown"));
    session.press("\x03");
    session.until("how it ended", |screen| screen.contains("sleeps ended with signal 2: press enter"));
    session.press("\r");
    session.until("the panes again", |screen| screen.contains("faults unknown"));
    session.press("q");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn a_plugin_in_the_background_tells_what_it_wrote_and_one_that_is_not_there_why() {
    let mut session = session();
    session.press("\x1b[18~");
    session.until("what it wrote", |screen| screen.contains("behind: all is very.well"));
    session.press("\x1b[19~");
    session.until("why not", |screen| screen.contains("`no-such-program-here` cannot be started"));
    session.press("\x03");
    assert_eq!(session.ended(), 0);
}
