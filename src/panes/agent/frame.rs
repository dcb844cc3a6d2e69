//! The frame of a card: brink's alone to draw, so whoever's words stand in it have no corners.

use super::transcript::words;
use crate::{
    base::{sanitize, width},
    config::Role,
    widgets::markdown::Line,
};

/// A key as bound, and its word.
pub(super) type Key = (String, &'static str);

/// A row inside, and how it is drawn.
pub(super) type Row = (String, Role);

/// Cells inside a frame of so many.
pub(super) fn room(cells: usize) -> usize {
    cells.saturating_sub(4).max(4)
}

/// A text as rows of a frame of so many cells.
pub(super) fn rows(text: &str, role: Role, cells: usize) -> Vec<Row> {
    let clean = sanitize::line(text);
    let clean = sanitize::frameless(&clean);
    width::wrap(&clean, room(cells)).into_iter().map(|line| (line.to_owned(), role)).collect()
}

/// Somebody else's words, behind a bar of which they have no sign: no line of theirs begins where brink's own lines do.
pub(super) fn quoted(text: &str, role: Role, cells: usize, ascii: bool) -> Vec<Row> {
    let bar = if ascii { "| " } else { "▎ " };
    rows(text, role, cells.saturating_sub(2)).into_iter().map(|(line, role)| (format!("{bar}{line}"), role)).collect()
}

/// Frame and rows, and below them, if there is a line for keys, those that have room. The title stands in the upper edge as it
/// is.
pub(super) fn framed(
    title: &str,
    rows: Vec<Row>,
    keys: Option<&[Key]>,
    (cells, ascii, role): (usize, bool, Role),
) -> Vec<Line> {
    let [top_left, top_right, low_left, low_right, flat, side] =
        if ascii { ["+", "+", "+", "+", "-", "|"] } else { ["╭", "╮", "╰", "╯", "─", "│"] };
    let room = room(cells);
    let head = format!("{top_left}{flat} {title}");
    let rest = cells.saturating_sub(width::width(&head) + 1);
    let mut lines = vec![vec![words(format!("{head}{}{top_right}", flat.repeat(rest)), role)]];
    for (text, of) in rows {
        let pad = " ".repeat(room.saturating_sub(width::width(&text)));
        lines.push(vec![words(format!("{side} "), role), words(text, of), words(format!("{pad} {side}"), role)]);
    }
    if let Some(keys) = keys {
        let mut line = vec![words(format!("{side} "), role)];
        let mut used = 0;
        for (key, word) in keys {
            let gap = if used == 0 { "" } else { "   " };
            let wide = gap.len() + width::width(key) + 1 + width::width(word);
            if used + wide > room {
                break;
            }
            used += wide;
            line.push(words(format!("{gap}{key}"), Role::Key));
            line.push(words(format!(" {word}"), Role::TextDim));
        }
        line.push(words(format!("{} {side}", " ".repeat(room.saturating_sub(used))), role));
        lines.push(line);
    }
    lines.push(vec![words(format!("{low_left}{}{low_right}", flat.repeat(cells.saturating_sub(2))), role)]);
    lines
}
