//! Terminals that tell more than letters: the keyboard protocol of kitty, the mouse; and what comes fast or in bursts.

use portable_pty::PtySize;

use super::{pty::Session, stage::cells};

const QUESTION: &str = "\x1b[?u";
const PROTOCOL: (&str, &str) = ("\x1b[>1u", "\x1b[<1u");
const MOUSE: (&str, &str) = ("\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l");

fn panes(session: &mut Session) {
    session.until("the panes", |screen| screen.contains("faults unknown") && !screen.contains("Help"));
}

fn leave(mut session: Session) -> Session {
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
    session
}

#[test]
fn a_terminal_that_offers_it_tells_keys_apart_and_gets_it_back() {
    let mut session = Session::start(80, 24, &[]);
    session.sent("the question", QUESTION);
    panes(&mut session);
    // The answer comes after the first frame, as over a slow link.
    session.press("\x1b[?0u");
    session.sent("the protocol", PROTOCOL.0);
    // Shift and enter is enter where it means nothing else, and so is ctrl-m; ctrl-[ is escape, and escape itself.
    for (enter, escape) in [("\x1b[13;2u", "\x1b[91;5u"), ("\x1b[109;5u", "\x1b[27u"), ("\r", "\x1b[27;1:1u")] {
        session.press(":help");
        session.until("the line", |screen| screen.contains(":help"));
        session.press(enter);
        session.until("the help", |screen| screen.contains("Help"));
        session.press(escape);
        panes(&mut session);
    }
    session.signal("TSTP");
    session.sent("the way back", PROTOCOL.1);
    session.until("the shell's screen", |screen| !screen.contains("faults unknown"));
    session.signal("CONT");
    panes(&mut session);
    let mut session = leave({
        session.press("?");
        session.until("the help", |screen| screen.contains("Help"));
        session
    });
    assert_eq!((session.count(PROTOCOL.0), session.count(PROTOCOL.1)), (2, 2));
    // It belongs to the screen it was asked for on.
    session.in_order(&[PROTOCOL.1, "\x1b[?1049l"]);
}

#[test]
fn a_terminal_that_says_nothing_is_told_nothing() {
    let mut session = Session::start(80, 24, &[]);
    panes(&mut session);
    session.press("?");
    session.until("the help", |screen| screen.contains("Help"));
    session.press("\x1b");
    panes(&mut session);
    let session = leave(session);
    assert_eq!((session.count(PROTOCOL.0), session.count(PROTOCOL.1)), (0, 0));
    assert!(!session.has_sent(MOUSE.0), "nor is the mouse heard");
}

#[test]
fn the_mouse_is_heard_when_asked_for_and_given_back() {
    let mut session = Session::start(80, 24, &["--mouse"]);
    session.sent("the mouse", MOUSE.0);
    panes(&mut session);
    session.press("?");
    session.until("the help", |screen| screen.contains("Help"));
    let top = session.contents();
    session.press("\x1b[<65;40;12M");
    session.until("what is below", |screen| screen != top);
    session.signal("TSTP");
    session.sent("the way back", MOUSE.1);
    session.signal("CONT");
    session.until("the help again", |screen| screen.contains("Help"));
    let mut session = leave(session);
    assert_eq!((session.count(MOUSE.0), session.count(MOUSE.1)), (2, 2));
    session.in_order(&[MOUSE.1, "\x1b[?1049l"]);
}

#[test]
fn what_is_typed_in_one_burst_arrives_whole() {
    let mut session = Session::start(80, 24, &[]);
    // Before the first frame, with a paste and an arrow in the midst of it.
    session.press(":pods shop\x1b[D\x1b[D\x1b[200~xy\x1b[201~z");
    session.until("all of it", |screen| screen.contains("pods shxyzop"));
    session.press("\x1b");
    session.until("the panes", |screen| !screen.contains("pods sh"));
    leave(session);
}

/// Each frame stands in one synchronized update: nothing half drawn is ever shown, whatever the size does meanwhile.
#[test]
fn a_storm_of_sizes_tears_no_frame_and_loses_no_key() {
    let mut session = Session::start(120, 40, &[]);
    panes(&mut session);
    session.press(":");
    session.until("the line", |screen| screen.contains(':'));
    let typed = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (at, letter) in (0_u16..).zip(typed.chars()) {
        let (width, height) = (60 + at * 37 % 100, 12 + at * 11 % 40);
        session.resize(width, height);
        session.press(&letter.to_string());
    }
    session.resize(120, 40);
    session.until("every letter", |screen| screen.contains(typed));
    session.press("\x1b");
    session.until("the panes", |screen| !screen.contains(typed));
    let session = leave(session);
    session.untorn();
}

impl Session {
    fn resize(&mut self, width: u16, height: u16) {
        self.emulator().screen_mut().set_size(cells(height), cells(width));
        self.master().resize(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    fn count(&self, part: &str) -> usize {
        self.raw().windows(part.len()).filter(|bytes| *bytes == part.as_bytes()).count()
    }

    /// The last of each is sent before the last of the next.
    fn in_order(&mut self, parts: &[&str]) {
        let raw = String::from_utf8_lossy(self.raw()).into_owned();
        let places: Vec<usize> =
            parts.iter().map(|part| raw.rfind(part).unwrap_or_else(|| panic!("{part:?}"))).collect();
        assert!(places.is_sorted(), "{parts:?} at {places:?}");
    }

    /// From the first frame until the terminal is given back every byte belongs to a frame.
    fn untorn(&self) {
        let raw = String::from_utf8_lossy(self.raw()).into_owned();
        let (begin, end) = ("\x1b[?2026h", "\x1b[?2026l");
        let from = raw.find(begin).unwrap();
        let to = raw.rfind("\x1b[0m\x1b[?2004l").unwrap();
        let mut frames = 0;
        for part in raw[from..to].split(end).filter(|part| !part.is_empty()) {
            assert!(part.starts_with(begin), "outside of a frame: {part:?}");
            assert_eq!(part.matches(begin).count(), 1, "{part:?}");
            frames += 1;
        }
        assert!(frames > 2, "{frames} frames");
    }
}
