//! Text from outside, made safe for a cell of the screen.
//!
//! Names, logs, annotations, server messages and model text may carry escape sequences that drive the terminal, bidi
//! controls that reorder what is read, and invisible characters that make two names look alike. What is removed here cannot
//! reach the screen. Letters of every script, combining marks and emoji stay; this is not a spell checker for homographs.

use std::borrow::Cow;

/// How many spaces a tab becomes. A fixed number, not a tab stop: a cell does not know its column.
const TAB: &str = "    ";

/// What happens to one character.
enum Fate {
    Keep,
    Drop,
    Space,
    Tab,
    Break,
}

/// One line: line breaks become spaces too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Several lines: `\n` stays, `\r\n` and lone `\r` become `\n`.
pub fn lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// Words of somebody who must not draw a frame, since frames are brink's to draw: every corner of a box is a plus.
pub fn frameless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_corner) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_corner(c) { '+' } else { c }).collect())
}

fn is_corner(c: char) -> bool {
    matches!(c, '\u{250c}'..='\u{251b}' | '\u{2552}'..='\u{255d}' | '\u{256d}'..='\u{2570}')
}

fn clean(text: &str, multi: bool) -> Cow<'_, str> {
    // Most text is plain ASCII; one pass over bytes finds that without decoding.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    if text.chars().all(|c| matches!(fate(c), Fate::Keep) || (multi && c == '\n')) && !joins_wrongly(text) {
        return Cow::Borrowed(text);
    }
    let text = strip_escapes(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match fate(c) {
            Fate::Keep if c == JOINER || is_selector(c) => {
                // A joiner or a variation selector means something only between or after pictures; elsewhere it hides.
                let after = out.chars().next_back().is_some_and(pictures);
                let before = chars.peek().is_some_and(|c| pictures(*c) && !is_selector(*c));
                if after && (is_selector(c) || before) {
                    out.push(c);
                }
            }
            Fate::Keep => out.push(c),
            Fate::Drop => {}
            Fate::Space => out.push(' '),
            Fate::Tab => out.push_str(TAB),
            Fate::Break => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    continue;
                }
                out.push(if multi { '\n' } else { ' ' });
            }
        }
    }
    Cow::Owned(out)
}

/// U+200D, which glues emoji together.
const JOINER: char = '\u{200d}';

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// Characters a joiner or selector may stand next to: symbols and pictures, selectors, and the digits of keycaps.
fn pictures(c: char) -> bool {
    matches!(c, '#' | '*' | '0'..='9' | '\u{a9}' | '\u{ae}' | '\u{2000}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
        && c != JOINER
        && matches!(fate(c), Fate::Keep)
}

/// Whether a joiner or selector stands where it means nothing.
fn joins_wrongly(text: &str) -> bool {
    let mut last = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == JOINER || is_selector(c) {
            let after = last.is_some_and(pictures);
            let before = chars.peek().is_some_and(|c| pictures(*c) && !is_selector(*c));
            if !(after && (is_selector(c) || before)) {
                return true;
            }
        }
        last = Some(c);
    }
    false
}

fn fate(c: char) -> Fate {
    match c {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Fate::Break,
        '\t' => Fate::Tab,
        // C0, DEL and C1 controls: the terminal would obey them.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Bidi marks, embeddings, overrides and isolates: what is read would not be what is there.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Characters without a width or a shape: two different names would look the same.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
        | '\u{200c}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Fate::Drop,
        // Spaces of odd widths would shift a column.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Fate::Space,
        _ => Fate::Keep,
    }
}

/// Removes whole escape sequences (CSI, OSC, DCS, …), so that not even their harmless letters remain.
fn strip_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\u{9b}', '\u{9d}', '\u{90}', '\u{98}', '\u{9e}', '\u{9f}']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let kind = match c {
            '\u{1b}' => match chars.peek().copied() {
                Some('[') => {
                    chars.next();
                    '['
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    chars.next();
                    ']'
                }
                // Two-character sequences: intermediates, then one final character.
                Some(' '..='/') => {
                    while chars.peek().is_some_and(|c| (' '..='/').contains(c)) {
                        chars.next();
                    }
                    chars.next_if(|c| ('0'..='~').contains(c));
                    continue;
                }
                Some('0'..='~') => {
                    chars.next();
                    continue;
                }
                _ => continue,
            },
            '\u{9b}' => '[',
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => ']',
            c => {
                out.push(c);
                continue;
            }
        };
        if kind == '[' {
            // Parameters and intermediates, then a final character; anything else ends the sequence unread.
            while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
            chars.next_if(|c| ('@'..='~').contains(c));
        } else {
            // A string up to BEL or ST; an unfinished one ends with its line, so that it cannot swallow the rest.
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
                    break;
                }
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::{Fate, fate, frameless, line, lines};

    #[test]
    fn clean_text_is_not_copied() {
        for text in ["", "web-7d9", "größe", "日本語", "👩‍💻 done", "❤️", "1️⃣", "é"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn escapes_go_whole() {
        assert_eq!(line("a\x1b[31mred\x1b[0m"), "ared");
        assert_eq!(line("\x1b]0;title\x07x"), "x");
        assert_eq!(line("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\"), "link");
        assert_eq!(line("\u{9b}2Jx"), "x");
        assert_eq!(line("\x1bPq...\x1b\\y"), "y");
        assert_eq!(line("\x1b(Bz"), "z");
        assert_eq!(line("\x1bcz"), "z");
        assert_eq!(lines("\x1b]0;never ended\nnext"), "\nnext");
        assert_eq!(line("end\x1b"), "end");
    }

    #[test]
    fn tricks_go() {
        assert_eq!(line("ab\u{202e}dc"), "abdc");
        assert_eq!(line("pay\u{200b}ments"), "payments");
        assert_eq!(line("pay\u{200d}ments"), "payments");
        assert_eq!(line("a\u{fe0f}b"), "ab");
        assert_eq!(line("a\u{a0}b"), "a b");
        assert_eq!(line("a\u{feff}b\u{e0041}"), "ab");
    }

    #[test]
    fn a_frame_has_no_corners() {
        assert_eq!(frameless("╭─ 1 ─╮\n╰─────╯ ┏┓ ╔╝"), "+─ 1 ─+\n+─────+ ++ ++");
        assert!(matches!(frameless("├── src │ ─"), Cow::Borrowed(_)));
    }

    #[test]
    fn breaks_and_tabs() {
        assert_eq!(line("a\r\nb\tc"), "a b    c");
        assert_eq!(lines("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives_and_once_is_enough(text in "(\\PC|\\pC|[\\x00-\\x9f]|[\u{200b}-\u{206f}]){0,80}") {
            let once = line(&text).into_owned();
            prop_assert!(once.chars().all(|c| matches!(fate(c), Fate::Keep)), "{once:?}");
            prop_assert_eq!(line(&once).into_owned(), once.clone());
            let many = lines(&text).into_owned();
            prop_assert!(many.chars().all(|c| c == '\n' || matches!(fate(c), Fate::Keep)), "{many:?}");
            prop_assert_eq!(lines(&many).into_owned(), many.clone());
        }
    }
}
