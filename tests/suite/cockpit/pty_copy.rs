//! Where a copied text goes: by a program of this machine, or to the terminal, whatever stands between.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use tempfile::TempDir;

use super::pty::Session;
use crate::suite::support::wait;

const OSC52: &str = "\x1b]52;c;";

/// A cockpit with these variables, in front of its help, which is copied.
fn copied(variables: &str) -> Session {
    let start = format!("{variables} exec '{}'", env!("CARGO_BIN_EXE_brink"));
    let mut session = Session::of(80, 24, "/bin/sh", &["-c", &start]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.press("?");
    session.until("the help", |screen| screen.contains("Help"));
    session.press("c");
    session.until("the word", |screen| screen.contains("copied"));
    session
}

fn leave(mut session: Session) -> Session {
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
    session
}

/// A program that stands for one of the clipboard.
fn program(folder: &Path, name: &str, does: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_terminal_is_asked_where_there_is_no_other_way() {
    let mut session = copied("");
    session.sent("the text", OSC52);
    let session = leave(session);
    assert!(!session.has_sent("\x1bPtmux;") && !session.has_sent("\x1bP\x1b]52"));
}

#[test]
fn tmux_and_screen_hand_it_through() {
    let mut session = copied("TMUX=/tmp/tmux-0/default,1,0 TERM=screen-256color");
    session.sent("the text handed through", "\x1bPtmux;\x1b\x1b]52;c;");
    leave(session);
    let mut session = copied("STY=1.pts-0 TERM=screen");
    session.sent("the text handed through", "\x1bP\x1b]52;c;");
    leave(session);
}

#[test]
fn a_program_of_this_machine_takes_it_and_the_terminal_where_that_fails_or_is_far() {
    let folder = TempDir::new().unwrap();
    let (place, taken) = (folder.path(), folder.path().join("taken"));
    let path = format!("PATH={}:$PATH DISPLAY=:0", place.display());
    program(place, "xclip", &format!("cat > {0}.part && mv {0}.part {0}", taken.display()));
    let session = copied(&path);
    wait::until("the text", 60, || taken.exists());
    assert!(fs::metadata(&taken).unwrap().len() > 100);
    assert!(!leave(session).has_sent(OSC52));
    // Over ssh the clipboard of this machine is in front of nobody.
    fs::remove_file(&taken).unwrap();
    let mut session = copied(&format!("{path} SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22'"));
    session.sent("the text", OSC52);
    leave(session);
    assert!(!taken.exists());
    program(place, "xclip", "exit 1");
    let mut session = copied(&path);
    session.sent("the text", OSC52);
    leave(session);
}
