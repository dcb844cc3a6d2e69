//! The main job by ear: a question, its card, its preview, an apply, an abort, the proof, with nothing but lines.

use super::nothing_left;
use crate::suite::cockpit::pty::Session;

/// Nothing was sent that moves a cursor, clears or colours.
fn lines_alone(session: &Session) {
    let raw = session.raw();
    let odd = raw.iter().position(|byte| *byte < b' ' && !matches!(byte, b'\r' | b'\n'));
    let near = |at: usize| String::from_utf8_lossy(&raw[at.saturating_sub(40)..(at + 20).min(raw.len())]).into_owned();
    assert!(odd.is_none(), "{:?}", odd.map(near));
}

#[test]
fn the_main_job_can_be_done_by_ear() {
    let mut session = Session::start(120, 60, &["demo", "--speed", "3", "--plain"]);
    session.sent("the pods", "row 1 of ");
    session.sent("the way to the agent", "5 ask the agent");
    session.press("5");
    session.sent("the pane", "nothing was asked yet");
    session.press("\r");
    session.sent("the offer", "offered: ");
    session.press("\t");
    session.sent("the keys of the question", "enter ask");
    session.press("\r");
    session.sent("the last card", "3 http-abort");
    session.sent("its key", "p preview");
    session.press("p");
    session.sent("the preview", "Preview, http-abort, infra/infra-backend-v1");
    session.sent("the diff in words", "added: ");
    session.sent("the key that applies", "a apply");
    // The key is deaf until the preview was there for a while; then it may ask for a name.
    session.insist("a", "a apply", "the live fault", |screen| {
        screen.contains("ctrl-x aborts it") || screen.contains("and press enter to apply")
    });
    if let Some(line) = session.contents().lines().find(|line| line.contains("and press enter to apply")) {
        let name = line.split("type ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        session.press(&name);
        session
            .insist("\r", "and press enter to apply", "the live fault", |screen| screen.contains("ctrl-x aborts it"));
    }
    session.sent("the live fault", "fault http-abort: ");
    session.press("\x18");
    session.sent("the word of the abort", "warning: aborting http-abort");
    session.sent("the proof", "verified: http-abort is over: 1 object read back and as before");
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    lines_alone(&session);
    nothing_left(&session.home());
}
