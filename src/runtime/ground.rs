//! Asks the terminal for the colour of its ground (OSC 11) before the first frame.
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

use super::{replies::Replies, terminal::Terminal};
use crate::{
    base::Ground,
    msg::{Key, key::Code},
};

/// What is the colour of the ground; and what are you.
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// The first frame waits no longer. A terminal on the same machine answers within a few milliseconds.
const WAIT: Duration = Duration::from_millis(20);

/// What was heard before the first frame.
#[derive(Debug, Default)]
pub struct Heard {
    /// The answer, if it came in time.
    pub ground: Option<Ground>,
    /// What was typed meanwhile.
    pub typed: Vec<Key>,
    /// Who takes out what still comes.
    pub replies: Replies,
}

/// Whether a terminal of this name may be asked: old consoles print what they do not know.
pub fn may_ask(term: Option<&str>) -> bool {
    !matches!(term.unwrap_or_default(), "" | "dumb" | "linux" | "cons25" | "sun")
        && !term.is_some_and(|term| term.starts_with("vt"))
}

/// Asks.
pub fn ask(terminal: &mut Terminal) -> io::Result<Heard> {
    terminal.write(QUESTION)?;
    let mut heard = Heard::default();
    let begin = Instant::now();
    heard.replies.expect(begin);
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let left = WAIT.saturating_sub(begin.elapsed());
        if !readable(left)? {
            break;
        }
        let mut chunk = [0; 256];
        match rustix::io::read(rustix::stdio::stdin(), &mut chunk) {
            // Nobody is there any more: the reader of keys will say so.
            Ok(0) => break,
            Ok(count) => bytes.extend(chunk.iter().take(count)),
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(error) => return Err(error.into()),
        }
        if hear(&mut bytes, &mut heard, begin) {
            break;
        }
    }
    rest(&bytes, &mut heard, begin);
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

/// Takes what is whole of the bytes; true once the terminal has said what it is.
fn hear(bytes: &mut Vec<u8>, heard: &mut Heard, now: Instant) -> bool {
    let mut done = false;
    let mut at = 0;
    while let Some(piece) = piece(bytes.get(at..).unwrap_or_default()) {
        let (used, what) = piece;
        at += used;
        match what {
            Piece::Key(key) => {
                let keys = heard.replies.take(key, now);
                heard.typed.extend(keys);
            }
            Piece::Report(b'c') => done = true,
            // An arrow in the first moments of a program means nothing to it.
            Piece::Report(_) | Piece::Nothing => {}
        }
    }
    bytes.drain(..at.min(bytes.len()));
    done
}

/// What is not whole when the waiting ends.
fn rest(bytes: &[u8], heard: &mut Heard, now: Instant) {
    match bytes {
        [] => {}
        [0x1b] => heard.replies.cut_escape(),
        [0x1b, b'[', ..] => heard.replies.cut_report(),
        _ => heard
            .typed
            .extend(String::from_utf8_lossy(bytes).chars().flat_map(|c| heard.replies.take(Key::char(c), now))),
    }
}

/// One thing that came.
enum Piece {
    Key(Key),
    /// `ESC [`, with its last letter.
    Report(u8),
    Nothing,
}

/// The first thing of the bytes, and how many it took; `None` when it is not whole.
fn piece(bytes: &[u8]) -> Option<(usize, Piece)> {
    let key = |code, ctrl, alt| Piece::Key(Key { code, ctrl, alt, shift: false });
    Some(match *bytes {
        [] | [0x1b] => return None,
        [0x1b, b'[', ref inner @ ..] => {
            let end = inner.iter().position(|byte| (0x40..=0x7e).contains(byte))?;
            (end + 3, Piece::Report(*inner.get(end)?))
        }
        [0x1b, 0x1b, ..] => (1, key(Code::Esc, false, false)),
        [0x1b, byte, ..] if byte.is_ascii_graphic() => (2, key(Code::Char(char::from(byte)), false, true)),
        [b'\r', ..] => (1, key(Code::Enter, false, false)),
        [b'\t', ..] => (1, key(Code::Tab, false, false)),
        [0x7f, ..] => (1, key(Code::Backspace, false, false)),
        [byte @ 0x01..=0x1a, ..] => (1, key(Code::Char(char::from(byte - 1 + b'a')), true, false)),
        [byte, ..] if byte.is_ascii() => {
            let what = if byte < 0x20 { Piece::Nothing } else { Piece::Key(Key::char(char::from(byte))) };
            (1, what)
        }
        [first, ..] => {
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Some((1, Piece::Nothing)),
            };
            let c = std::str::from_utf8(bytes.get(..length)?).ok().and_then(|text| text.chars().next());
            (length, c.map_or(Piece::Nothing, |c| Piece::Key(Key::char(c))))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rstest::rstest;

    use super::{Heard, hear, may_ask, rest};
    use crate::base::Ground;

    fn heard(chunks: &[&str]) -> (Heard, bool) {
        let mut heard = Heard::default();
        let now = Instant::now();
        heard.replies.expect(now);
        let mut bytes = Vec::new();
        let mut done = false;
        for chunk in chunks {
            bytes.extend_from_slice(chunk.as_bytes());
            done |= hear(&mut bytes, &mut heard, now);
        }
        rest(&bytes, &mut heard, now);
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
    fn what_is_typed_meanwhile_is_kept() {
        let (heard, _) = heard(&["j\x1b]11;rgb:0/0/0\x07:\u{e4}", "\x1b[?6cq"]);
        let typed: String = heard.typed.iter().filter_map(|key| key.typed()).collect();
        assert_eq!(typed, "j:\u{e4}q");
        assert_eq!(heard.ground, Some(Ground::Dark));
    }

    #[test]
    fn old_consoles_are_not_asked() {
        assert!(
            may_ask(Some("xterm-256color")) && !may_ask(Some("linux")) && !may_ask(Some("vt100")) && !may_ask(None)
        );
    }
}
