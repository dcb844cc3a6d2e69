//! Bytes of a terminal as keys, pastes and what is done with the mouse. Pure: what is not whole yet is held until it is.
//!
//! A lone escape is the one thing that time alone decides: the key, or the begin of another one whose rest is still on its way
//! over a slow link.

use super::csi;
use crate::msg::{Key, Mouse, key::Code};

/// What a terminal says at the begin and the end of a paste.
const PASTE: (&[u8], &[u8]) = (b"\x1b[200~", b"\x1b[201~");
/// A longer paste is told in parts.
const MOST_PASTED: usize = 1 << 20;

/// One thing that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A key.
    Key(Key),
    /// Something done with the mouse.
    Mouse(Mouse),
    /// Text pasted at once.
    Paste(String),
    /// The answer to `CSI ? u`: keys can be told apart that were one byte before.
    Keyboard,
    /// The answer to `CSI c`, which every terminal knows: what was asked before is answered, or never will be.
    Device,
    /// Means nothing here.
    Nothing,
}

/// Takes bytes as they come.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    /// Within a paste.
    pasting: bool,
}

impl Parser {
    /// More bytes; gives what is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.bytes.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        let mut at = 0;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            if self.pasting {
                let (used, text, over) = pasted(rest);
                at += used;
                self.pasting = !over;
                pieces.extend(text.map(Piece::Paste));
                if !over {
                    break;
                }
            } else if rest.starts_with(PASTE.0) {
                at += PASTE.0.len();
                self.pasting = true;
            } else if let Some((used, piece)) = piece(rest) {
                at += used;
                pieces.push(piece);
            } else {
                break;
            }
        }
        self.bytes.drain(..at.min(self.bytes.len()));
        pieces
    }

    /// Whether what is held may be a whole key, unless more comes soon.
    pub fn doubts(&self) -> bool {
        !self.pasting && matches!(self.bytes.as_slice(), [0x1b] | [0x1b, b'[' | b'O'])
    }

    /// Nothing more came: what is held is a key.
    pub fn decide(&mut self) -> Option<Piece> {
        let key = match self.bytes.as_slice() {
            [0x1b] => Key::plain(Code::Esc),
            [0x1b, letter @ (b'[' | b'O')] => Key { alt: true, ..Key::char(char::from(*letter)) },
            _ => return None,
        };
        self.bytes.clear();
        Some(Piece::Key(key))
    }

    /// What is held was not meant for whoever reads from here on.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What is there of a paste: how many bytes, its text, and whether its end came.
fn pasted(bytes: &[u8]) -> (usize, Option<String>, bool) {
    let text = |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).into_owned()).filter(|text| !text.is_empty());
    if let Some(end) = bytes.windows(PASTE.1.len()).position(|window| window == PASTE.1) {
        return (end + PASTE.1.len(), text(bytes.get(..end).unwrap_or_default()), true);
    }
    if bytes.len() < MOST_PASTED {
        return (0, None, false);
    }
    // Neither the end of the paste nor a letter may be torn.
    let mut cut = bytes.len() - PASTE.1.len();
    while cut > 0 && bytes.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
        cut -= 1;
    }
    (cut, text(bytes.get(..cut).unwrap_or_default()), false)
}

/// The first thing of the bytes, and how many it took; `None` when it is not whole.
fn piece(bytes: &[u8]) -> Option<(usize, Piece)> {
    let (escape, rest) = bytes.split_first()?;
    if *escape != 0x1b {
        return plain(bytes);
    }
    match rest.first()? {
        b'[' => csi::sequence(rest.get(1..)?).map(|(used, piece)| (used + 2, piece)),
        b'O' => csi::ss3(*rest.get(1)?).map_or_else(
            // Alt and the letter, and another key after it.
            || Some((2, Piece::Key(Key { alt: true, ..Key::char('O') }))),
            |key| Some((3, Piece::Key(key))),
        ),
        0x1b => Some((1, Piece::Key(Key::plain(Code::Esc)))),
        _ => plain(rest).map(|(used, piece)| match piece {
            Piece::Key(key) => (used + 1, Piece::Key(Key { alt: true, ..key })),
            piece => (used + 1, piece),
        }),
    }
}

/// A key without an escape.
fn plain(bytes: &[u8]) -> Option<(usize, Piece)> {
    let first = *bytes.first()?;
    let key = match first {
        b'\r' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x7f => Key::plain(Code::Backspace),
        0 => Key::ctrl(' '),
        0x01..=0x1a => Key::ctrl(char::from(first - 1 + b'a')),
        // ctrl-4 is the same byte; the sign is what a keymap names.
        0x1c => Key::ctrl('\\'),
        0x1d..=0x1f => Key::ctrl(char::from(first - 0x1c + b'4')),
        byte if byte.is_ascii() => Key::char(char::from(byte)),
        _ => return letter(bytes, first),
    };
    Some((1, Piece::Key(key)))
}

/// A letter beyond ASCII.
fn letter(bytes: &[u8], first: u8) -> Option<(usize, Piece)> {
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((1, Piece::Nothing)),
    };
    let there = bytes.get(..length.min(bytes.len())).unwrap_or_default();
    match std::str::from_utf8(there) {
        Ok(text) => Some((length, text.chars().next().map_or(Piece::Nothing, |c| Piece::Key(Key::char(c))))),
        // Torn, and its rest is to come; anything else is no letter at all.
        Err(error) if error.error_len().is_none() => None,
        Err(_) => Some((1, Piece::Nothing)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Parser, Piece};
    use crate::msg::{Key, Mouse, MouseAct, key::Code};

    fn key(text: &str) -> Piece {
        Piece::Key(text.parse().unwrap())
    }

    #[rstest]
    #[case("j", "j")]
    #[case("\r", "enter")]
    #[case("\n", "ctrl-j")]
    #[case("\x18", "ctrl-x")]
    #[case("\0", "ctrl-space")]
    #[case("\x1c", "ctrl-\\")]
    #[case("\x1f", "ctrl-7")]
    #[case("\u{e4}", "\u{e4}")]
    #[case("\x1bx", "alt-x")]
    #[case("\x1b\r", "alt-enter")]
    #[case("\x1b\x7f", "alt-backspace")]
    #[case("\x1b[A", "up")]
    #[case("\x1bOA", "up")]
    #[case("\x1b[1;5D", "ctrl-left")]
    #[case("\x1b[Z", "shift-tab")]
    #[case("\x1b[3~", "delete")]
    #[case("\x1b[5;2~", "shift-pageup")]
    #[case("\x1bOP", "f1")]
    #[case("\x1b[[B", "f2")]
    #[case("\x1b[24~", "f12")]
    #[case("\x1b[105;5u", "ctrl-i")]
    #[case("\x1b[109;5u", "ctrl-m")]
    #[case("\x1b[32;5u", "ctrl-space")]
    #[case("\x1b[13;2u", "shift-enter")]
    #[case("\x1b[27u", "esc")]
    #[case("\x1b[9;2u", "shift-tab")]
    #[case("\x1b[120;69u", "ctrl-x")]
    #[case("\x1b[120;6u", "ctrl-shift-x")]
    #[case("\x1b[97:65;3u", "alt-a")]
    #[case("\x1b[57414u", "enter")]
    #[case("\x1b[57404u", "5")]
    #[case("\x1b[27;5;105~", "ctrl-i")]
    fn keys_are_read_as_terminals_write_them(#[case] bytes: &str, #[case] wanted: &str) {
        assert_eq!(Parser::default().feed(bytes.as_bytes()), [key(wanted)]);
    }

    #[rstest]
    // A key that is let go, a key of the window manager, a modifier alone, the focus, a place of the cursor.
    #[case("\x1b[97;1:3u")]
    #[case("\x1b[113;9u")]
    #[case("\x1b[57441;2u")]
    #[case("\x1b[I")]
    #[case("\x1b[12;40R")]
    #[case("\x1b[<1;3;4M")]
    #[case("\x1b[<4;3;4M")]
    #[case("\x1b[99999999999999u")]
    #[case("\x1b[;;;~")]
    fn what_means_nothing_is_no_key(#[case] bytes: &str) {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(bytes.as_bytes()), [Piece::Nothing]);
        assert_eq!(parser.feed(b"j"), [key("j")]);
    }

    #[rstest]
    #[case("\x1b[<0;3;4M", MouseAct::Press)]
    #[case("\x1b[<32;3;4M", MouseAct::Drag)]
    #[case("\x1b[<0;3;4m", MouseAct::Release)]
    #[case("\x1b[<64;3;4M", MouseAct::WheelUp)]
    #[case("\x1b[<65;3;4M", MouseAct::WheelDown)]
    fn the_mouse_is_read(#[case] bytes: &str, #[case] act: MouseAct) {
        assert_eq!(Parser::default().feed(bytes.as_bytes()), [Piece::Mouse(Mouse { act, x: 2, y: 3 })]);
    }

    #[test]
    fn a_paste_is_one_piece_however_it_comes_and_holds_no_key() {
        let mut parser = Parser::default();
        let mut pieces = Vec::new();
        for part in ["a\x1b[20", "0~q\x1b[Aq\n\x1b[2", "01", "~b"] {
            pieces.extend(parser.feed(part.as_bytes()));
        }
        assert_eq!(pieces, [key("a"), Piece::Paste("q\x1b[Aq\n".to_owned()), key("b")]);
        // One that is larger than anything held at once comes in parts, and its end is still found.
        let text = "\u{e4}".repeat(1 << 20);
        let mut pieces = parser.feed(format!("\x1b[200~{text}").as_bytes());
        pieces.extend(parser.feed(b"\x1b[201~b"));
        let whole: String = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Paste(part) => Some(part.as_str()),
                _ => None,
            })
            .collect();
        assert!(pieces.len() > 2 && whole == text && pieces.last() == Some(&key("b")));
    }

    #[test]
    fn a_lone_escape_is_decided_by_what_follows() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"\x1b"), []);
        assert!(parser.doubts());
        assert_eq!(parser.feed(b"[A"), [key("up")]);
        assert!(!parser.doubts());
        assert_eq!(parser.feed(b"\x1b"), []);
        assert_eq!(parser.decide(), Some(key("esc")));
        assert_eq!(parser.decide(), None);
        assert_eq!(parser.feed(b"\x1b\x1b[B"), [key("esc"), key("down")]);
        assert_eq!(parser.feed(b"\x1bO"), []);
        assert_eq!(parser.decide(), Some(Piece::Key(Key { alt: true, ..Key::char('O') })));
        // The rest of a longer sequence is waited for: it can be nothing else.
        assert_eq!(parser.feed(b"\x1b[1;"), []);
        assert!(!parser.doubts() && parser.decide().is_none());
        assert_eq!(parser.feed(b"5C"), [Piece::Key(Key { ctrl: true, ..Key::plain(Code::Right) })]);
    }

    #[test]
    fn answers_of_the_terminal_are_told_apart() {
        let pieces = Parser::default().feed(b"\x1b[?0u\x1b[?62;22cq");
        assert_eq!(pieces, [Piece::Keyboard, Piece::Device, key("q")]);
    }

    proptest! {
        #[test]
        fn no_bytes_hang_and_how_they_are_cut_changes_nothing(bytes in prop::collection::vec(prop_oneof![
            Just(0x1b_u8), Just(b'['), Just(b'O'), Just(b'<'), Just(b';'), Just(b'~'), Just(b'u'), any::<u8>(),
        ], 0..200), cut in 0usize..200) {
            let whole = Parser::default().feed(&bytes);
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut parser = Parser::default();
            let mut pieces = parser.feed(first);
            pieces.extend(parser.feed(second));
            prop_assert_eq!(&pieces, &whole);
            // Whatever was said before, a person's key comes through.
            parser.feed(&[b'\r'; 300]);
            prop_assert!(parser.pasting || parser.feed(b"q").contains(&key("q")));
        }
    }
}
