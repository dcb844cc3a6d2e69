//! Markdown of a model as lines of styled words. It is text from outside: it is sanitised first, and it can draw nothing but
//! words: no frame, no colour of a fault, no key.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::{
    base::{sanitize, width},
    config::Role,
    widgets::link,
};

/// Words of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// How it is meant.
    pub role: Role,
}

/// One line.
pub type Line = Vec<Words>;

fn words(text: impl Into<String>, role: Role) -> Words {
    Words { text: text.into(), role }
}

/// Lays Markdown out in so many cells.
pub fn lines(text: &str, cells: usize) -> Vec<Line> {
    let clean = sanitize::lines(text);
    let clean = sanitize::frameless(&clean);
    let mut sheet = Sheet { cells: cells.max(8), ..Sheet::default() };
    for event in Parser::new_ext(&clean, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        sheet.take(event);
    }
    sheet.paragraph();
    while sheet.lines.last().is_some_and(Vec::is_empty) {
        sheet.lines.pop();
    }
    sheet.lines
}

/// The lines so far, and the block being read.
#[derive(Default)]
struct Sheet {
    cells: usize,
    lines: Vec<Line>,
    run: Vec<Words>,
    roles: Vec<Role>,
    /// Lists around here; the number of the next item where it is numbered.
    lists: Vec<Option<u64>>,
    /// What stands before the next line of an item, once.
    mark: Option<String>,
    quoted: usize,
    code: bool,
    /// Where the link leads that is being read, and the words on it so far.
    link: Option<(String, String)>,
    table: Option<Vec<Vec<String>>>,
}

impl Sheet {
    fn role(&self) -> Role {
        self.roles.last().copied().unwrap_or(Role::Text)
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                for line in text.trim_end_matches('\n').split('\n') {
                    let line = width::cut(line, self.cells.saturating_sub(2)).into_owned();
                    self.lines.push(vec![words("  ", Role::TextDim), words(line, Role::Accent)]);
                }
            }
            // Characters written as numbers are read after the text was made safe.
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.push(&text, self.role()),
            Event::Code(text) => self.push(&text, Role::Accent),
            Event::SoftBreak => self.push(" ", self.role()),
            Event::HardBreak => self.paragraph(),
            Event::Rule => {
                self.paragraph();
                self.lines.push(vec![words("─".repeat(self.cells.min(24)), Role::TextDim)]);
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str, role: Role) {
        let text: &str = &sanitize::line(text);
        if let Some((_, said)) = &mut self.link {
            said.push_str(text);
        }
        match self.table.as_mut().and_then(|rows| rows.last_mut()?.last_mut()) {
            Some(cell) => cell.push_str(text),
            None => self.run.push(words(text, role)),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.gap();
                self.roles.push(Role::TextStrong);
            }
            Tag::Strong | Tag::Emphasis => self.roles.push(Role::TextStrong),
            Tag::Strikethrough => self.roles.push(Role::TextDim),
            Tag::Link { dest_url, .. } => {
                self.roles.push(Role::Link);
                self.link = Some((dest_url.to_string(), String::new()));
            }
            Tag::Image { .. } => self.roles.push(Role::Link),
            Tag::BlockQuote(_) => {
                self.gap();
                self.quoted += 1;
            }
            Tag::CodeBlock(kind) => {
                self.paragraph();
                self.gap();
                self.code = true;
                if let CodeBlockKind::Fenced(name) = kind
                    && !name.is_empty()
                {
                    self.lines.push(vec![words(format!("  {name}"), Role::TextDim)]);
                }
            }
            Tag::List(first) => {
                self.paragraph();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                self.mark = Some(mark);
            }
            Tag::Table(_) => {
                self.paragraph();
                self.gap();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::TableCell => {
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.paragraph();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            TagEnd::Heading(_) => {
                self.paragraph();
                self.roles.pop();
            }
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Image => {
                self.roles.pop();
            }
            TagEnd::Link => {
                // A link leads where it says: what its words do not say stands beside them.
                if let Some((leads, said)) = self.link.take()
                    && link::addresses(&leads).next() == Some(leads.as_str())
                    && said != leads
                {
                    self.push(&format!(" ({leads})"), self.role());
                }
                self.roles.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.paragraph();
                self.quoted = self.quoted.saturating_sub(1);
                self.gap();
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.gap();
            }
            TagEnd::Item => self.paragraph(),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            TagEnd::Table => {
                let rows = self.table.take().unwrap_or_default();
                self.lines.extend(table(&rows, self.cells));
                self.gap();
            }
            _ => {}
        }
    }

    /// One empty line between blocks.
    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Vec::new());
        }
    }

    /// Wraps what was read since the last block.
    fn paragraph(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.iter().all(|part| part.text.trim().is_empty()) {
            return;
        }
        let indent = "  ".repeat(self.lists.len().saturating_sub(1)) + &"│ ".repeat(self.quoted);
        let mark = self.mark.take();
        let hang = if self.lists.is_empty() { 0 } else { mark.as_deref().map_or(2, width::width) };
        let room = self.cells.saturating_sub(width::width(&indent) + hang).max(4);
        for (at, line) in wrap(&run, room).into_iter().enumerate() {
            let lead = match (&mark, at) {
                (Some(mark), 0) => format!("{indent}{mark}"),
                _ => format!("{indent}{}", " ".repeat(hang)),
            };
            let mut whole = vec![words(lead, Role::TextDim)];
            whole.extend(line);
            self.lines.push(whole);
        }
    }
}

/// Breaks words over lines of so many cells; a word longer than a line is broken itself.
fn wrap(run: &[Words], cells: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![Vec::new()];
    let mut used = 0;
    for part in run {
        for piece in part.text.split_inclusive(' ') {
            let mut piece = piece;
            while !piece.is_empty() {
                let long = width::width(piece.trim_end());
                if used + long > cells && used > 0 {
                    lines.push(Vec::new());
                    used = 0;
                    piece = piece.trim_start();
                    continue;
                }
                let head = if long > cells { width::head(piece, cells) } else { piece };
                // A grapheme wider than the room stands in a line of its own.
                let head = if head.is_empty() { piece } else { head };
                // The space after the last word of a full line has no room.
                let shown = if used + width::width(head) > cells { head.trim_end() } else { head };
                if let Some(line) = lines.last_mut() {
                    line.push(words(shown, part.role));
                }
                used += width::width(head);
                piece = piece.get(head.len()..).unwrap_or_default();
            }
        }
    }
    // The blank a line was broken at would be one cell too many.
    for last in lines.iter_mut().filter_map(|line| line.last_mut()) {
        last.text.truncate(last.text.trim_end().len());
    }
    lines
}

/// A table in columns: the widest give way first.
fn table(rows: &[Vec<String>], cells: usize) -> Vec<Line> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut wide: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| width::width(cell.trim())).max().unwrap_or(0))
        .collect();
    let gaps = columns.saturating_sub(1) * 2;
    while wide.iter().sum::<usize>() + gaps > cells {
        match wide.iter_mut().max() {
            Some(widest) if *widest > 3 => *widest -= 1,
            _ => break,
        }
    }
    rows.iter()
        .enumerate()
        .map(|(n, row)| {
            let role = if n == 0 { Role::TextDim } else { Role::Text };
            let mut line = String::new();
            for (at, room) in wide.iter().enumerate() {
                let cell = width::cut(row.get(at).map_or("", |cell| cell.trim()), *room).into_owned();
                let pad = room.saturating_sub(width::width(&cell)) + if at + 1 == columns { 0 } else { 2 };
                line.push_str(&cell);
                line.push_str(&" ".repeat(pad));
            }
            vec![words(line.trim_end().to_owned(), role)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::lines;
    use crate::base::width;

    fn plain(text: &str, cells: usize) -> Vec<String> {
        lines(text, cells)
            .iter()
            .map(|line| line.iter().map(|part| part.text.as_str()).collect::<String>().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn blocks_are_laid_out() {
        let text = "# Weak points\nI looked at **6 routes**:\n\n1. `reviews` has no timeout\n2. one pod\n   - alone\n\n| route | rps |\n|---|---|\n| my-route | 210 |\n\n```yaml\nkind: Pod\n```\ndone";
        assert_eq!(
            plain(text, 30),
            [
                "Weak points",
                "I looked at 6 routes:",
                "",
                "1. reviews has no timeout",
                "2. one pod",
                "  • alone",
                "",
                "route     rps",
                "my-route  210",
                "",
                "  yaml",
                "  kind: Pod",
                "",
                "done"
            ]
        );
    }

    #[test]
    fn a_link_says_where_it_leads() {
        let text = "read [the docs](https://kiali.io/docs) or <https://istio.io> or [this](javascript:x) or [it](https://a/&#27;[2J)";
        let shown = plain(text, 200).join("");
        assert!(
            shown.starts_with("read the docs (https://kiali.io/docs) or https://istio.io or this or it"),
            "{shown}"
        );
        assert!(!shown.contains('\u{1b}') && !shown.contains("javascript"), "{shown:?}");
    }

    #[test]
    fn what_is_written_in_numbers_is_made_safe_too() {
        let shown = plain("pay&#x202e;ments &#27;[2J", 80).join("");
        assert_eq!(shown, "payments [2J");
    }

    #[test]
    fn a_line_that_is_just_full_is_not_cut() {
        let all = lines("its exact changes and its end. Nothing was written.", 42);
        let first: String = all[0].iter().map(|part| part.text.as_str()).collect();
        assert_eq!(first, "its exact changes and its end. Nothing was");
    }

    #[test]
    fn half_a_block_is_shown_as_far_as_it_goes() {
        assert_eq!(plain("```yaml\nkind: P", 30), ["  yaml", "  kind: P"]);
        assert_eq!(plain("**bo", 30), ["**bo"]);
        let full = lines("its end. Nothing was written", 20);
        assert_eq!(full[0].iter().map(|part| width::width(&part.text)).sum::<usize>(), 20, "no space beyond the room");
        assert!(
            plain("\u{1b}]52;c;x\u{7}hi\u{202e}", 30)
                .iter()
                .all(|line| !line.contains('\u{1b}') && !line.contains('\u{202e}'))
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room(text in "([a-z#*`|>\\- \n]|日|🙂){0,200}", cells in 8usize..60) {
            for line in lines(&text, cells) {
                let line: String = line.iter().map(|part| part.text.as_str()).collect();
                // Deep lists and quotes keep four cells for their words.
                prop_assert!(width::width(&line) <= cells.max(60), "{line:?}");
            }
        }
    }
}
