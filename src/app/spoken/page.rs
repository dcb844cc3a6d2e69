//! A screen as lines of words, read off the cells: frames, bars and sparks are left out, signs become words.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::words;
use crate::config::{Role, Theme};

/// How the lines of a screen change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// A text as it is.
    #[default]
    Text,
    /// Lines come at the end.
    Log,
    /// Words come.
    Talk,
    /// What counts are its words: figures come and go.
    Document,
    /// The same, and of what can be chosen only what is under the cursor is news.
    Choice,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// What stands there.
    pub text: String,
    /// The cursor stands there.
    pub selected: bool,
}

/// A screen as lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The lines, without empty ones.
    pub lines: Vec<Line>,
    /// How they change.
    pub how: How,
    /// The line that is typed, up to its caret.
    pub typed: Option<String>,
    /// What is offered behind the caret.
    pub offer: Option<String>,
}

impl How {
    /// What of a line tells it from another.
    pub fn key(self, text: &str) -> String {
        match self {
            Self::Choice => {
                let plain = text.trim_start_matches("ok: ").trim_start_matches("no: ");
                plain.chars().filter(|c| !c.is_ascii_digit()).collect()
            }
            Self::Document => text.chars().filter(|c| !c.is_ascii_digit()).collect(),
            Self::Text | Self::Log | Self::Talk => text.to_owned(),
        }
    }
}

impl Page {
    /// Reads an area of a drawing. `diff`: it may hold lines that come and go.
    pub fn read(buf: &Buffer, area: Rect, theme: &Theme, how: How, diff: bool) -> Self {
        let mut page = Self { how, ..Self::default() };
        let ground = theme.style(Role::Selection).bg;
        for y in area.top()..area.bottom().min(buf.area.bottom()) {
            let cells: Vec<(&str, Style)> =
                (area.left()..area.right()).filter_map(|x| buf.cell((x, y))).map(|c| (c.symbol(), c.style())).collect();
            let selected = cells.iter().any(|(_, style)| style.bg.is_some() && style.bg == ground);
            // A caret is one cell; a block is no caret.
            let reversed = |(_, style): &(&str, Style)| style.add_modifier.contains(Modifier::REVERSED);
            let caret =
                cells.iter().position(reversed).filter(|_| cells.iter().filter(|cell| reversed(cell)).count() == 1);
            let join = |cells: &[(&str, Style)]| cells.iter().map(|(symbol, _)| *symbol).collect::<String>();
            if let Some((before, behind)) = caret.and_then(|at| cells.split_at_checked(at)) {
                page.typed = Some(words::clean(&join(before)));
                let dim = theme.style(Role::TextDim).fg;
                let offered: Vec<(&str, Style)> =
                    behind.iter().copied().take_while(|(symbol, style)| *symbol == " " || style.fg == dim).collect();
                page.offer = Some(words::clean(&join(&offered))).filter(|offer| !offer.is_empty());
                continue;
            }
            let text = match diff.then(|| diff_line(&cells, theme)).flatten() {
                Some(text) => text,
                // A text is not brink's: its signs and its indentation are its own.
                None if matches!(how, How::Text | How::Log) => join(cells.get(1..).unwrap_or_default()),
                None => words::clean(&join(&cells)),
            };
            let text = text.trim_end().to_owned();
            if !text.is_empty() {
                page.lines.push(Line { text, selected });
            }
        }
        page
    }

    /// Completes the lines of diffs that were cut, by the whole texts in their order.
    pub fn complete(&mut self, whole: &[&str]) {
        let mut from = 0;
        for line in &mut self.lines {
            let Some((word, text)) = line.text.split_once(": ") else { continue };
            if !matches!(word, "added" | "removed" | "unchanged") {
                continue;
            }
            let cut = text.strip_suffix('…');
            let fits = |full: &&str| cut.map_or(full.trim_end() == text, |start| full.starts_with(start));
            let Some(at) = whole.iter().skip(from).position(fits) else { continue };
            from += at + 1;
            if let (Some(_), Some(full)) = (cut, whole.get(from - 1)) {
                line.text = format!("{word}: {full}");
            }
        }
    }

    /// The line under the cursor.
    pub fn selected(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.selected)
    }
}

/// A line of a diff in words; its number is left out.
fn diff_line(cells: &[(&str, Style)], theme: &Theme) -> Option<String> {
    let sign = |sign: &str, role: Role| {
        cells.iter().take(8).position(|(symbol, style)| *symbol == sign && style.fg == theme.style(role).fg)
    };
    let (at, word) = match (sign("+", Role::Good), sign("-", Role::Bad)) {
        (Some(at), _) => (at, "added"),
        (None, Some(at)) => (at, "removed"),
        (None, None) => return unchanged(cells),
    };
    let number = cells.get(..at)?.iter().all(|(symbol, _)| symbol.trim().chars().all(|c| c.is_ascii_digit()));
    let text: String = cells.get(at + 2..)?.iter().map(|(symbol, _)| *symbol).collect();
    number.then(|| format!("{word}: {}", text.trim_end()))
}

/// A line around the changed ones: a number, a gap of three, the text.
fn unchanged(cells: &[(&str, Style)]) -> Option<String> {
    let text: String = cells.iter().map(|(symbol, _)| *symbol).collect();
    let body = text.trim_start();
    let rest = body.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < body.len() && rest.starts_with("   ") && text.len() - rest.len() <= 7)
        .then(|| format!("unchanged: {}", rest.get(3..).unwrap_or_default().trim_end()))
}

/// The lines that came at the end of a log, also when its first ones have scrolled away.
pub fn appended(before: &[Line], now: &[Line]) -> Vec<String> {
    let same = |from: usize| {
        let kept = before.get(from..).unwrap_or_default();
        now.starts_with(kept).then_some(kept.len())
    };
    let known = (0..=before.len()).find_map(same).unwrap_or(0);
    now.iter().skip(known).map(|line| line.text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{How, Line, Page, appended};

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { text: (*text).to_owned(), selected: false }).collect()
    }

    #[test]
    fn a_log_says_what_came_also_when_it_says_it_again() {
        let before = lines(&["a", "b", "b"]);
        assert_eq!(appended(&before, &lines(&["a", "b", "b", "b"])), ["b"]);
        assert_eq!(appended(&before, &lines(&["b", "b", "c"])), ["c"]);
        assert_eq!(appended(&before, &lines(&["x", "y"])), ["x", "y"]);
        assert_eq!(appended(&before, &before), Vec::<String>::new());
    }

    #[test]
    fn a_line_that_was_cut_is_said_whole() {
        let mut page =
            Page { lines: lines(&["added: a: b", "GUARDS", "added: what: ends a fau…"]), ..Page::default() };
        page.complete(&["a: b", "  c", "what: ends a fault when its time is over"]);
        assert_eq!(page.lines[2].text, "added: what: ends a fault when its time is over");
        assert_eq!(page.lines[0].text, "added: a: b");
    }

    #[test]
    fn running_figures_are_no_news() {
        assert_ne!(How::Talk.key("1. reviews has no timeout"), How::Talk.key("2. reviews has no timeout"));
        assert_eq!(How::Choice.key("ok: scale"), How::Choice.key("scale"));
        assert_eq!(How::Document.key("12 rps ok"), How::Document.key("9 rps ok"));
    }
}
