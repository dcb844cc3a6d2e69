//! Terminals that say how bright their ground is, at once, late or never.

use vt100::Color;

use super::pty::Session;

/// The grounds of the two themes among 256 colours.
const DARK: Color = Color::Idx(233);
const LIGHT: Color = Color::Idx(231);
const QUESTION: &str = "\x1b]11;?\x1b\\\x1b[c";
const IS_XTERM: &str = "\x1b[?62;22c";

fn leave(mut session: Session) {
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
}

#[test]
fn the_theme_is_the_one_of_the_terminals_ground() {
    for (answer, ground) in [("rgb:fafa/fafa/f0f0", LIGHT), ("rgb:1e1e/1e1e/2e2e", DARK), ("rgba:ff/ff/ff/ff", LIGHT)] {
        for end in ["\x1b\\", "\x07"] {
            let mut session = Session::start(80, 24, &[]);
            session.sent("the question", QUESTION);
            session.press(&format!("\x1b]11;{answer}{end}{IS_XTERM}"));
            session.until("the panes", |screen| screen.contains("faults unknown"));
            session.until_ground(ground);
            leave(session);
        }
    }
}

#[test]
fn a_terminal_that_says_nothing_or_only_what_it_is_gets_the_dark_theme() {
    for answer in ["", IS_XTERM] {
        let mut session = Session::start(80, 24, &[]);
        session.sent("the question", QUESTION);
        session.press(answer);
        session.until("the panes", |screen| screen.contains("faults unknown"));
        session.until_ground(DARK);
        leave(session);
    }
}

/// The answer holds `:`, `/` and `1`, which would open the command line, the filter and the pods.
#[test]
fn an_answer_that_comes_late_changes_the_theme_and_is_no_key() {
    for end in ["\x1b\\", "\x07"] {
        let mut session = Session::start(80, 24, &[]);
        session.until("the panes", |screen| screen.contains("faults unknown"));
        session.until_ground(DARK);
        session.press("4");
        session.press(&format!("\x1b]11;rgb:ffff/ffff/ffff{end}{IS_XTERM}"));
        session.until_ground(LIGHT);
        // In a text field it would be text.
        session.press("?");
        session.until("the help", |screen| screen.contains("Help"));
        assert!(!session.contents().contains("rgb"), "{}", session.contents());
        leave(session);
    }
}

#[test]
fn a_theme_by_name_asks_nobody() {
    let mut session = Session::start(80, 24, &["--theme", "light"]);
    session.until("the panes", |screen| screen.contains("faults unknown"));
    session.until_ground(LIGHT);
    assert!(!session.has_sent("\x1b]11;"));
    leave(session);
}
