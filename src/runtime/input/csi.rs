//! Sequences that begin with `ESC [` and `ESC O`: keys with modifiers, the keyboard protocol of kitty, the mouse (SGR 1006).

use super::parse::Piece;
use crate::msg::{Key, Mouse, MouseAct, key::Code};

/// No sequence that means anything is longer.
const LONGEST: usize = 64;

/// Modifiers as terminals number them, from 1.
const SHIFT: u32 = 1;
const ALT: u32 = 2;
const CTRL: u32 = 4;
/// The window manager's keys: what is pressed with them is not for us.
const FOREIGN: u32 = 8 | 16;
const META: u32 = 32;

/// A sequence after `ESC [`, and how many bytes it took; `None` when it is not whole.
pub(super) fn sequence(bytes: &[u8]) -> Option<(usize, Piece)> {
    if bytes.first() == Some(&b'[') {
        // The console of Linux: `ESC [ [ A` is F1.
        let letter = *bytes.get(1)?;
        let key = matches!(letter, b'A'..=b'E').then(|| Key::plain(Code::F(letter - b'A' + 1)));
        return Some((2, key.map_or(Piece::Nothing, Piece::Key)));
    }
    let Some(end) = bytes.iter().take(LONGEST).position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return (bytes.len() >= LONGEST).then_some((LONGEST, Piece::Nothing));
    };
    let last = *bytes.get(end)?;
    if !(0x40..=0x7e).contains(&last) {
        // It was cut off by something that is read for itself.
        return Some((end, Piece::Nothing));
    }
    let inner = std::str::from_utf8(bytes.get(..end)?).unwrap_or_default();
    Some((end + 1, whole(inner, last)))
}

/// A key after `ESC O`; `None` for a letter that names none.
pub(super) fn ss3(letter: u8) -> Option<Key> {
    let code = match letter {
        b'M' => Code::Enter,
        b'j'..=b'y' => Code::Char(char::from(letter - b'j' + b'*')),
        letter => cursor(letter)?,
    };
    Some(Key::plain(code))
}

fn whole(inner: &str, last: u8) -> Piece {
    match (inner.as_bytes().first(), last) {
        (Some(b'<'), b'M' | b'm') => mouse(inner.get(1..).unwrap_or_default(), last == b'M'),
        (Some(b'?'), b'u') => Piece::Keyboard,
        (Some(b'?'), b'c') => Piece::Device,
        (Some(b'<' | b'=' | b'>' | b'?'), _) => Piece::Nothing,
        _ => key(inner, last).map_or(Piece::Nothing, Piece::Key),
    }
}

/// Numbers between `;`, each with those after its `:`.
fn numbers(inner: &str) -> Vec<Vec<u32>> {
    inner.split(';').map(|part| part.split(':').map(|number| number.parse().unwrap_or(0)).collect()).collect()
}

fn key(inner: &str, last: u8) -> Option<Key> {
    let numbers = numbers(inner);
    let number = |at: usize| numbers.get(at).and_then(|parts| parts.first()).copied().unwrap_or(0);
    let modified = numbers.get(1).map(Vec::as_slice).unwrap_or_default();
    // A key that is let go, where a terminal tells.
    if modified.get(1) == Some(&3) {
        return None;
    }
    let modifiers = modified.first().copied().unwrap_or(0).max(1) - 1;
    match last {
        b'u' => with(of_code(number(0))?, modifiers),
        b'~' if number(0) == 27 => with(of_code(number(2))?, modifiers),
        b'~' => with(numbered(number(0))?, modifiers),
        b'Z' => with(Code::Tab, modifiers | SHIFT),
        // Where the cursor is, unless it is a key with modifiers.
        b'R' if numbers.len() > 1 && number(0) != 1 => None,
        letter => with(cursor(letter)?, modifiers),
    }
}

/// Keys that have a letter of their own.
fn cursor(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P'..=b'S' => Code::F(letter - b'P' + 1),
        _ => return None,
    })
}

/// Keys that have a number before `~`.
fn numbered(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23 | 24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// Keys by the number of their character, and what the keyboard protocol numbers beyond all characters: the keypad.
fn of_code(number: u32) -> Option<Code> {
    Some(match number {
        9 => Code::Tab,
        13 | 57414 => Code::Enter,
        27 => Code::Esc,
        8 | 127 => Code::Backspace,
        57399..=57408 => Code::Char(char::from_digit(number - 57399, 10)?),
        57409 => Code::Char('.'),
        57410 => Code::Char('/'),
        57411 => Code::Char('*'),
        57412 => Code::Char('-'),
        57413 => Code::Char('+'),
        57415 => Code::Char('='),
        57416 => Code::Char(','),
        57417 => Code::Left,
        57418 => Code::Right,
        57419 => Code::Up,
        57420 => Code::Down,
        57421 => Code::PageUp,
        57422 => Code::PageDown,
        57423 => Code::Home,
        57424 => Code::End,
        57425 => Code::Insert,
        57426 => Code::Delete,
        // Private characters: keys that are none here, and modifiers alone.
        0xe000..=0xf8ff => return None,
        number => Code::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    })
}

/// A key with modifiers as keymaps write it: a shifted letter is the upper-case letter.
fn with(code: Code, modifiers: u32) -> Option<Key> {
    if modifiers & FOREIGN != 0 {
        return None;
    }
    let shift = modifiers & SHIFT != 0;
    let key = Key { code, ctrl: modifiers & CTRL != 0, alt: modifiers & (ALT | META) != 0, shift };
    Some(match code {
        Code::Char(c) if shift => Key { code: Code::Char(c.to_uppercase().next().unwrap_or(c)), shift: false, ..key },
        _ => key,
    })
}

/// Only the left button without modifiers, and the wheel.
fn mouse(inner: &str, down: bool) -> Piece {
    let numbers = numbers(inner);
    let number = |at: usize| numbers.get(at).and_then(|parts| parts.first()).copied().unwrap_or(0);
    let act = match (number(0), down) {
        (0, true) => MouseAct::Press,
        (32, true) => MouseAct::Drag,
        (0, false) => MouseAct::Release,
        (64, true) => MouseAct::WheelUp,
        (65, true) => MouseAct::WheelDown,
        _ => return Piece::Nothing,
    };
    let cell = |number: u32| u16::try_from(number.saturating_sub(1)).unwrap_or(u16::MAX);
    Piece::Mouse(Mouse { act, x: cell(number(1)), y: cell(number(2)) })
}
