//! Asks the terminal for the colour of its ground (OSC 11) before the first frame, and how it tells keys.
//!
//! A terminal that does not know the question still says what it is (DA1), in order: its answer ends the waiting. One that
//! says nothing at all costs a frame's time. An answer that comes later is heard by the reader of keys.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{
    input::{Parser, Piece},
    replies::Replies,
    terminal::Terminal,
};
use crate::{base::Ground, msg::Event};

/// How are keys told (kitty); nobody waits for the answer.
const KEYBOARD: &[u8] = b"\x1b[?u";
/// What is the colour of the ground; and what are you.
const GROUND: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// The first frame waits no longer. A terminal on the same machine answers within a few milliseconds.
const WAIT: Duration = Duration::from_millis(20);

/// What was heard before the first frame.
#[derive(Debug, Default)]
pub struct Heard {
    /// The answer, if it came in time.
    pub ground: Option<Ground>,
    /// The terminal offers to tell keys apart.
    pub keyboard: bool,
    /// What was typed and pasted meanwhile. Nobody saw the screen yet, so that none of it approves anything.
    pub typed: Vec<Event>,
    /// What was begun and is not whole.
    pub parser: Parser,
    /// Who takes out what still comes.
    pub replies: Replies,
}

/// Whether a terminal of this name may be asked: old consoles print what they do not know.
pub fn may_ask(term: Option<&str>) -> bool {
    !matches!(term.unwrap_or_default(), "" | "dumb" | "linux" | "cons25" | "sun")
        && !term.is_some_and(|term| term.starts_with("vt"))
}

/// Asks how keys are told, and for the ground where that decides the theme: that alone is waited for.
pub fn ask(terminal: &mut Terminal, ground: bool) -> io::Result<Heard> {
    terminal.write(KEYBOARD)?;
    let mut heard = Heard::default();
    if !ground {
        return Ok(heard);
    }
    terminal.write(GROUND)?;
    let begin = Instant::now();
    heard.replies.expect(begin);
    loop {
        let left = WAIT.saturating_sub(begin.elapsed());
        if !readable(left)? {
            break;
        }
        let mut chunk = [0; 256];
        let count = match rustix::io::read(rustix::stdio::stdin(), &mut chunk) {
            // Nobody is there any more: the reader of keys will say so.
            Ok(0) => break,
            Ok(count) => count,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(error) => return Err(error.into()),
        };
        if hear(chunk.get(..count).unwrap_or_default(), &mut heard, begin) {
            break;
        }
    }
    heard.ground = heard.replies.found();
    Ok(heard)
}

fn readable(within: Duration) -> io::Result<bool> {
    let stdin = rustix::stdio::stdin();
    let mut waits = [PollFd::new(&stdin, PollFlags::IN)];
    let within = Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(within.subsec_nanos()),
    };
    match poll(&mut waits, Some(&within)) {
        Ok(ready) => Ok(ready > 0),
        // A signal: what it wants goes before the colour.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes what came; true once the terminal has said what it is.
fn hear(bytes: &[u8], heard: &mut Heard, now: Instant) -> bool {
    let mut done = false;
    for piece in heard.parser.feed(bytes) {
        match piece {
            Piece::Key(key) => {
                let keys = heard.replies.take(key, now);
                match heard.typed.last_mut() {
                    Some(Event::Keys(before)) => before.extend(keys),
                    _ if keys.is_empty() => {}
                    _ => heard.typed.push(Event::Keys(keys)),
                }
            }
            Piece::Paste(text) => heard.typed.push(Event::Paste(text)),
            Piece::Keyboard => heard.keyboard = true,
            Piece::Device => done = true,
            // Nobody saw yet what it could have been meant for.
            Piece::Mouse(_) | Piece::Nothing => {}
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rstest::rstest;

    use super::{Heard, hear, may_ask};
    use crate::{
        base::Ground,
        msg::{Event, Key},
    };

    fn heard(chunks: &[&str]) -> (Heard, bool) {
        let mut heard = Heard::default();
        let now = Instant::now();
        heard.replies.expect(now);
        let mut done = false;
        for chunk in chunks {
            done |= hear(chunk.as_bytes(), &mut heard, now);
        }
        heard.ground = heard.replies.found();
        (heard, done)
    }

    #[rstest]
    #[case(&["\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c"], Some(Ground::Light), true)]
    #[case(&["\x1b]11;rgb:00", "00/0000/0000\x07", "\x1b[?6", "c"], Some(Ground::Dark), true)]
    #[case(&["\x1b[?6c"], None, true)]
    #[case(&["\x1b]11;rgb:ffff/ffff/ff"], None, false)]
    #[case(&[""], None, false)]
    fn answers_are_heard_whole_and_in_pieces(
        #[case] chunks: &[&str],
        #[case] ground: Option<Ground>,
        #[case] done: bool,
    ) {
        let (heard, ended) = heard(chunks);
        assert_eq!((heard.ground, ended), (ground, done));
        assert!(heard.typed.is_empty(), "{:?}", heard.typed);
    }

    #[test]
    fn how_keys_are_told_is_heard_beside_the_ground() {
        let (told, done) = heard(&["\x1b[?0u\x1b]11;rgb:ff", "/ff/ff\x07\x1b[?62c"]);
        assert_eq!((told.keyboard, told.ground, done), (true, Some(Ground::Light), true));
        assert!(!heard(&["\x1b[?62c"]).0.keyboard);
    }

    #[test]
    fn what_is_typed_meanwhile_is_kept() {
        let (heard, _) = heard(&["j\x1b]11;rgb:0/0/0\x07:\u{e4}", "\x1b[?6cq\x1b[200~x\x1b[201~k"]);
        let keys = |text: &str| Event::Keys(text.chars().map(Key::char).collect());
        assert_eq!(heard.typed, [keys("j:\u{e4}q"), Event::Paste("x".to_owned()), keys("k")]);
        assert_eq!(heard.ground, Some(Ground::Dark));
    }

    #[test]
    fn old_consoles_are_not_asked() {
        assert!(
            may_ask(Some("xterm-256color")) && !may_ask(Some("linux")) && !may_ask(Some("vt100")) && !may_ask(None)
        );
    }
}
