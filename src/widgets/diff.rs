//! A unified diff as a person reads it: two-tone lines, dim numbers, the words that differ, folded lines counted.
//!
//! [`parse`] turns the text of a unified diff into [`DiffLine`]s once; [`unified`] and [`side_by_side`] draw a window of them.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};
use similar::{ChangeTag, TextDiff};

use super::put;
use crate::{
    base::sanitize,
    config::{Role, Theme},
};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The same before and after.
    Both,
    /// Only after.
    Added,
    /// Only before.
    Removed,
    /// Stands for lines left out, in words.
    Folded,
}

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What it is.
    pub side: Side,
    /// Its number before, from 1.
    pub old: Option<u32>,
    /// Its number after, from 1.
    pub new: Option<u32>,
    /// The text, safe for a screen.
    pub text: String,
    /// The bytes of `text` that differ from the line it replaces; empty when the whole line is new.
    pub words: Vec<Range<usize>>,
}

impl DiffLine {
    fn folded(text: String) -> Self {
        Self { side: Side::Folded, old: None, new: None, text, words: Vec::new() }
    }
}

/// Reads a unified diff. Lines that are none (a `#` comment, a `\` remark) are kept as folded words; headers are dropped.
pub fn parse(diff: &str) -> Vec<DiffLine> {
    let mut lines: Vec<DiffLine> = Vec::new();
    let (mut old, mut new) = (0u32, 0u32);
    let mut in_hunk = false;
    for raw in diff.lines() {
        if !in_hunk && (raw.starts_with("--- ") || raw.starts_with("+++ ")) {
            continue;
        }
        if let Some((from, to)) = raw.strip_prefix("@@ ").and_then(hunk) {
            // A hunk of an empty side starts at line 0.
            let (from, to) = (from.max(1), to.max(1));
            let skipped = to.saturating_sub(new.max(1));
            if skipped > 0 {
                lines.push(DiffLine::folded(format!("{skipped} unchanged")));
            }
            (old, new, in_hunk) = (from, to, true);
            continue;
        }
        let text = |rest: &str| sanitize::line(rest).into_owned();
        match raw.split_at_checked(1) {
            Some(("+", rest)) => {
                lines.push(DiffLine {
                    side: Side::Added,
                    old: None,
                    new: Some(new),
                    text: text(rest),
                    words: Vec::new(),
                });
                new += 1;
            }
            Some(("-", rest)) => {
                lines.push(DiffLine {
                    side: Side::Removed,
                    old: Some(old),
                    new: None,
                    text: text(rest),
                    words: Vec::new(),
                });
                old += 1;
            }
            Some((" ", rest)) => {
                lines.push(DiffLine {
                    side: Side::Both,
                    old: Some(old),
                    new: Some(new),
                    text: text(rest),
                    words: Vec::new(),
                });
                (old, new) = (old + 1, new + 1);
            }
            Some(("#" | "\\", rest)) => lines.push(DiffLine::folded(text(rest.trim()))),
            _ => {}
        }
    }
    emphasise(&mut lines);
    lines
}

/// `-1,3 +1,4 @@` gives the two starts.
fn hunk(rest: &str) -> Option<(u32, u32)> {
    let mut words = rest.split_whitespace();
    let mut start = |sign: char| {
        let word = words.next()?.strip_prefix(sign)?;
        word.split(',').next()?.parse().ok()
    };
    Some((start('-')?, start('+')?))
}

/// Marks the words that differ where a run of removed lines is followed by one of added lines.
fn emphasise(lines: &mut [DiffLine]) {
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, side: Side| lines.iter().skip(from).take_while(|line| line.side == side).count();
        let removed = run(at, Side::Removed);
        let added = run(at + removed, Side::Added);
        for pair in 0..removed.min(added) {
            let (before, after) = (at + pair, at + removed + pair);
            let (Some(old), Some(new)) = (lines.get(before), lines.get(after)) else { continue };
            let (gone, come) = differing(&old.text, &new.text);
            if let Some(line) = lines.get_mut(before) {
                line.words = gone;
            }
            if let Some(line) = lines.get_mut(after) {
                line.words = come;
            }
        }
        at += (removed + added).max(1);
    }
}

/// The byte ranges that differ, before and after; nothing when the lines have little in common.
fn differing(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let diff = TextDiff::from_words(old, new);
    if diff.ratio() < 0.4 {
        return (Vec::new(), Vec::new());
    }
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut before, mut after) = (0, 0);
    for change in diff.iter_all_changes() {
        let len = change.value().len();
        match change.tag() {
            ChangeTag::Equal => (before, after) = (before + len, after + len),
            ChangeTag::Delete => {
                join(&mut gone, before..before + len);
                before += len;
            }
            ChangeTag::Insert => {
                join(&mut come, after..after + len);
                after += len;
            }
        }
    }
    (gone, come)
}

fn join(ranges: &mut Vec<Range<usize>>, next: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end == next.start => last.end = next.end,
        _ => ranges.push(next),
    }
}

/// Lines that come and lines that go.
pub fn counts(lines: &[DiffLine]) -> (usize, usize) {
    let count = |side| lines.iter().filter(|line| line.side == side).count();
    (count(Side::Added), count(Side::Removed))
}

/// Draws lines from the first one of the slice, one below the other.
pub fn unified(buf: &mut Buffer, area: Rect, lines: &[DiffLine], theme: &Theme) {
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        let number = if line.side == Side::Removed { line.old } else { line.new };
        row(buf, Rect { y, height: 1, ..area }, Some(line), number, theme);
    }
}

/// Draws rows of before and after next to each other.
pub fn side_by_side(
    buf: &mut Buffer,
    area: Rect,
    rows: &[(Option<usize>, Option<usize>)],
    lines: &[DiffLine],
    theme: &Theme,
) {
    let half = area.width / 2;
    for (y, (left, right)) in (area.top()..area.bottom()).zip(rows) {
        let left = left.and_then(|at| lines.get(at));
        let right = right.and_then(|at| lines.get(at));
        row(
            buf,
            Rect { y, height: 1, width: half.saturating_sub(1), ..area },
            left,
            left.and_then(|line| line.old),
            theme,
        );
        let area = Rect { x: area.x + half, y, width: area.width - half, height: 1 };
        row(buf, area, right, right.and_then(|line| line.new), theme);
    }
}

/// The rows of a side-by-side view: removed lines stand beside the added lines that replace them.
pub fn rows(lines: &[DiffLine]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut rows = Vec::with_capacity(lines.len());
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let flush = |rows: &mut Vec<_>, removed: &mut Vec<usize>, added: &mut Vec<usize>| {
        for at in 0..removed.len().max(added.len()) {
            rows.push((removed.get(at).copied(), added.get(at).copied()));
        }
        removed.clear();
        added.clear();
    };
    for (at, line) in lines.iter().enumerate() {
        match line.side {
            Side::Removed => {
                if !added.is_empty() {
                    flush(&mut rows, &mut removed, &mut added);
                }
                removed.push(at);
            }
            Side::Added => added.push(at),
            Side::Both | Side::Folded => {
                flush(&mut rows, &mut removed, &mut added);
                rows.push((Some(at), Some(at)));
            }
        }
    }
    flush(&mut rows, &mut removed, &mut added);
    rows
}

/// Number, sign, text; the ground of the line reaches to the edge.
fn row(buf: &mut Buffer, area: Rect, line: Option<&DiffLine>, number: Option<u32>, theme: &Theme) {
    const NUMBER: u16 = 4;
    let Some(line) = line else { return };
    let dim = theme.style(Role::TextDim);
    let (sign, tone) = match line.side {
        Side::Both => (" ", Style::new()),
        Side::Added => ("+", theme.style(Role::Added)),
        Side::Removed => ("-", theme.style(Role::Removed)),
        Side::Folded => {
            let mark = if theme.ascii { "..." } else { "⋯" };
            put(
                buf,
                area.x + NUMBER + 3,
                area.y,
                area.width.saturating_sub(NUMBER + 3),
                &format!("{mark} {}", line.text),
                dim,
            );
            return;
        }
    };
    let ground = tone.bg.map_or_else(Style::new, |bg| Style::new().bg(bg));
    // Numbers and signs stand beside the ground of the line: on it they would be hard to read.
    let beside = NUMBER + 2;
    let lined = Rect { x: area.x.saturating_add(beside), width: area.width.saturating_sub(beside), ..area };
    buf.set_style(lined.intersection(buf.area), ground);
    if let Some(number) = number {
        super::put_right(buf, area.x + NUMBER, area.y, NUMBER.min(area.width), &number.to_string(), dim);
    }
    let sign_style = match line.side {
        Side::Added => theme.style(Role::Good),
        Side::Removed => theme.style(Role::Bad),
        Side::Both | Side::Folded => dim,
    };
    put(buf, area.x + NUMBER + 1, area.y, area.width.saturating_sub(NUMBER + 1), sign, sign_style);
    let x = area.x + NUMBER + 3;
    let room = area.width.saturating_sub(NUMBER + 3);
    let base = theme.style(Role::Text).patch(tone);
    put(buf, x, area.y, room, &line.text, base);
    let strong = base.patch(theme.style(Role::Changed)).add_modifier(Modifier::BOLD);
    for range in &line.words {
        let (Some(before), Some(word)) = (line.text.get(..range.start), line.text.get(range.clone())) else { continue };
        let at = u16::try_from(crate::base::width::width(before)).unwrap_or(room);
        let cells = u16::try_from(crate::base::width::width(word)).unwrap_or(room);
        // The last cell may hold the mark of a cut; it stays in the colour of its line.
        let cells = cells.min(room.saturating_sub(at));
        buf.set_style(Rect { x: x + at, y: area.y, width: cells, height: 1 }.intersection(buf.area), strong);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::{Side, counts, parse, rows, side_by_side, unified};
    use crate::config::{Theme, color::Depth};

    const DIFF: &str = "--- live\n+++ after\n@@ -10,4 +10,4 @@\n spec:\n-  replicas: 3\n+  replicas: 1\n   selector:\n--- not a header\n# 6 server-made lines folded\n";

    #[test]
    fn a_diff_is_read_with_its_numbers_and_the_words_that_differ() {
        let lines = parse(DIFF);
        let shape: Vec<(Side, Option<u32>, Option<u32>, &str)> =
            lines.iter().map(|line| (line.side, line.old, line.new, line.text.as_str())).collect();
        assert_eq!(
            shape,
            [
                (Side::Folded, None, None, "9 unchanged"),
                (Side::Both, Some(10), Some(10), "spec:"),
                (Side::Removed, Some(11), None, "  replicas: 3"),
                (Side::Added, None, Some(11), "  replicas: 1"),
                (Side::Both, Some(12), Some(12), "  selector:"),
                (Side::Removed, Some(13), None, "-- not a header"),
                (Side::Folded, None, None, "6 server-made lines folded"),
            ]
        );
        assert_eq!(&lines[2].text[lines[2].words[0].clone()], "3");
        assert_eq!(&lines[3].text[lines[3].words[0].clone()], "1");
        assert_eq!(counts(&lines), (1, 2));
    }

    #[test]
    fn what_replaces_stands_beside_what_goes() {
        let lines = parse("@@ -1,3 +1,2 @@\n-a: 1\n-b: 2\n+a: 3\n c: 4\n");
        assert_eq!(rows(&lines), [(Some(0), Some(2)), (Some(1), None), (Some(3), Some(3))]);
    }

    #[test]
    fn escape_sequences_of_a_manifest_never_reach_a_cell() {
        let lines = parse("@@ -0,0 +1,1 @@\n+name: \u{1b}[31mred\u{202e}\n");
        assert_eq!(lines[0].text, "name: red");
        assert_eq!(lines[0].new, Some(1));
    }

    proptest! {
        #[test]
        fn any_text_draws_at_any_size(text in "(@@ -1 \\+1 @@\n)?([ +\\-#\\\\]?\\PC{0,12}\n){0,12}", width in 0u16..30, height in 0u16..6) {
            let lines = parse(&text);
            let theme = Theme::standard(Depth::True);
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            unified(&mut buf, area, &lines, &theme);
            side_by_side(&mut buf, area, &rows(&lines), &lines, &theme);
            unified(&mut buf, Rect::new(3, 2, 40, 40), &lines, &theme);
        }
    }
}
