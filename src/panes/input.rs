//! One line of text under the keys: the filter, the command line, a field of a form.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    base::{sanitize, width},
    msg::Command,
};

/// A line and its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineInput {
    text: String,
    /// Byte offset of a grapheme's start, or the end.
    at: usize,
}

impl LineInput {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), at: text.len() }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the line.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Types or pastes text; line breaks become spaces, what could drive a terminal is dropped.
    pub fn insert(&mut self, text: &str) {
        let clean = sanitize::line(text);
        self.text.insert_str(self.at, &clean);
        self.at += clean.len();
    }

    /// Carries an editing command out; false when it is none.
    pub fn edit(&mut self, command: Command) -> bool {
        match command {
            Command::DeleteBack => self.cut(self.before(), self.at),
            Command::DeleteForward => self.cut(self.at, self.after()),
            Command::DeleteWord => {
                let head = self.text.get(..self.at).unwrap_or_default().trim_end();
                let start = head.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| {
                    // The character before the word stays, unless it is all that is left to delete.
                    at + head.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
                });
                let start = if start >= head.len() { self.before().min(start) } else { start };
                self.cut(start, self.at);
            }
            Command::DeleteAll => self.set(""),
            Command::CursorLeft => self.at = self.before(),
            Command::CursorRight => self.at = self.after(),
            Command::CursorStart => self.at = 0,
            Command::CursorEnd => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    /// The part of the line that fits `cells`, and the cursor's column in it.
    pub fn window(&self, cells: usize) -> (&str, usize) {
        let room = cells.saturating_sub(1);
        let mut start = 0;
        for (at, _) in self.text.grapheme_indices(true) {
            if at > self.at || width::width(self.text.get(at..self.at).unwrap_or_default()) <= room {
                start = at;
                break;
            }
            start = self.at;
        }
        let shown = width::head(self.text.get(start..).unwrap_or_default(), cells);
        (shown, width::width(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn before(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.graphemes(true).next().map_or(self.at, |grapheme| self.at + grapheme.len())
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to && self.text.is_char_boundary(from) && self.text.is_char_boundary(to) {
            self.text.replace_range(from..to, "");
            self.at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::LineInput;
    use crate::{base::width, msg::Command};

    #[test]
    fn words_and_letters_are_deleted_whole() {
        let mut line = LineInput::new("ns web-shop");
        line.edit(Command::DeleteWord);
        assert_eq!(line.text(), "ns web-");
        line.edit(Command::DeleteAll);
        line.insert("né");
        line.edit(Command::DeleteBack);
        assert_eq!(line.text(), "n");
        line.edit(Command::CursorStart);
        line.insert("a\n\u{1b}[31mb");
        assert_eq!(line.text(), "a bn");
    }

    fn command() -> impl Strategy<Value = Command> {
        prop::sample::select(vec![
            Command::DeleteBack,
            Command::DeleteForward,
            Command::DeleteWord,
            Command::CursorLeft,
            Command::CursorRight,
            Command::CursorStart,
            Command::CursorEnd,
        ])
    }

    proptest! {
        #[test]
        fn any_editing_keeps_the_cursor_in_sight(
            steps in prop::collection::vec(prop_oneof![command().prop_map(Ok), "\\PC{0,5}".prop_map(Err)], 0..40),
            cells in 2usize..20,
        ) {
            let mut line = LineInput::default();
            for step in steps {
                match step {
                    Ok(command) => { line.edit(command); }
                    Err(text) => line.insert(&text),
                }
                let (shown, at) = line.window(cells);
                prop_assert!(width::width(shown) <= cells);
                prop_assert!(at < cells, "{at} of {cells} in {:?}", line.text());
            }
        }
    }
}
