//! The last pass over a frame for terminals that show ASCII alone: whatever a pane drew, and whatever a cluster is called.
//!
//! Panes that know a better sign draw it themselves; here only what is left is replaced, cell by cell.

use ratatui::buffer::Buffer;

use crate::base::width;

/// Replaces every symbol beyond ASCII by one that looks or reads alike.
pub fn only(buf: &mut Buffer) {
    let mut follows = 0_usize;
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            // The second cell of a wide letter is empty; a terminal needs something there once the letter is gone.
            if follows > 0 && symbol.trim().is_empty() {
                cell.set_char('?');
            }
            follows = follows.saturating_sub(1);
            continue;
        }
        follows = width::width(symbol).saturating_sub(1);
        let like = symbol.chars().next().map_or('?', like);
        cell.set_char(like);
    }
}

/// The sign of ASCII that stands for another.
fn like(c: char) -> char {
    match c {
        '–' | '—' | '─' | '╴' | '╶' | '╌' | '┄' | '‐' | '‑' | '−' => '-',
        '━' | '═' | '╺' | '╸' | '╼' | '╾' | '≈' => '=',
        '│' | '┃' | '║' | '╵' | '╷' | '╹' | '╻' | '╽' | '╿' | '▎' | '▌' | '▏' | '▍' => '|',
        '\u{2500}'..='\u{257f}' => '+',
        '·' | '…' | '⋯' | '▁' | '▂' | '⋮' => '.',
        '▃' | '▄' | '▅' | '░' => ':',
        '▆' | '▇' | '█' | '▀' | '▓' | '▒' | '■' | '▣' => '#',
        '•' | '●' | '◆' | '◈' | '★' | '\u{2800}'..='\u{28ff}' => '*',
        '○' | '□' | '◇' => 'o',
        '×' | '✗' | '✕' | '✘' => 'x',
        '↯' | '⚡' | '⚠' => '!',
        '↺' => '@',
        '▲' | '↑' | '▴' => '^',
        '✓' | '✔' | '▼' | '↓' | '▾' => 'v',
        '▶' | '→' | '›' | '▸' | '⇒' | '»' => '>',
        '◀' | '←' | '‹' | '◂' | '«' => '<',
        '‘' | '’' | 'ʼ' => '\'',
        '“' | '”' | '„' => '"',
        'µ' | 'μ' => 'u',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::only;
    use crate::widgets::put;

    fn row(text: &str) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
        put(&mut buf, 0, 0, 20, text, Style::new());
        only(&mut buf);
        buf.content.iter().map(|cell| cell.symbol().to_owned()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn signs_read_alike_and_letters_keep_their_room() {
        assert_eq!(row("╭─ a · b → c … ✗"), "+- a . b > c . x");
        assert_eq!(row("a日本b"), "a????b");
    }

    proptest! {
        #[test]
        fn nothing_but_ascii_is_left(text in "\\PC{0,20}") {
            prop_assert!(row(&text).is_ascii());
        }
    }
}
