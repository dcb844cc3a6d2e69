//! The model's words as lines. While they stream in, only what comes after the last finished block is laid out again.

use crate::{
    agent::evidence,
    config::Role,
    widgets::markdown::{self, Line, Words},
};

/// How far the words are laid out for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tail {
    /// Bytes of the text.
    pub from: usize,
    /// Lines of it.
    pub done: usize,
}

/// Lays out what came since. `lines` are those of before; each is dressed once.
pub fn grow(text: &str, cells: usize, tail: &mut Tail, lines: &mut Vec<Line>, dress: impl Fn(Line) -> Line) {
    lines.truncate(tail.done);
    let rest = text.get(tail.from..).unwrap_or_default();
    if let Some(at) = boundary(rest) {
        let (head, next) = rest.split_at(at);
        lines.extend(markdown::lines(head, cells).into_iter().map(&dress));
        if gap(head, next) {
            lines.push(dress(Vec::new()));
        }
        tail.from += at;
        tail.done = lines.len();
    }
    lines.extend(markdown::lines(text.get(tail.from..).unwrap_or_default(), cells).into_iter().map(&dress));
}

/// Where the last block that cannot change any more ends: at an empty line outside of code, before a line that surely begins a
/// block of its own.
fn boundary(text: &str) -> Option<usize> {
    let (mut at, mut code, mut empty, mut found, mut any) = (0, false, false, None, false);
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let begins = line.starts_with(|c: char| c.is_alphabetic() || c == '#') || line.starts_with("**");
        if empty && any && !code && begins && line.len() > 2 {
            found = Some(at);
        }
        if bare.starts_with("```") || bare.starts_with("~~~") {
            code = !code;
        }
        empty = bare.is_empty();
        any |= !empty;
        at += line.len();
    }
    found
}

/// Whether an empty line stands between two blocks.
fn gap(head: &str, next: &str) -> bool {
    let last = head.trim_end().lines().next_back().unwrap_or_default().trim();
    let rule = last.len() >= 3 && last.chars().all(|c| matches!(c, '-' | '*' | '_' | '='));
    next.starts_with('#') || !(last.starts_with('#') || rule)
}

/// The words with citations as links; the one with this number is chosen. Names that are not there are marked.
pub fn linked(line: Line, chosen: Option<u32>, missing: &[String]) -> Line {
    line.into_iter().flat_map(|words| split(words, chosen, missing)).collect()
}

fn split(words: Words, chosen: Option<u32>, missing: &[String]) -> Vec<Words> {
    let mut marks: Vec<(std::ops::Range<usize>, Role)> = evidence::cited(&words.text)
        .into_iter()
        .map(|(range, number)| (range, if chosen == Some(number) { Role::Key } else { Role::Link }))
        .collect();
    for name in missing {
        let found = words.text.match_indices(name.as_str()).map(|(at, _)| (at..at + name.len(), Role::Warn));
        marks.extend(found);
    }
    if marks.is_empty() {
        return vec![words];
    }
    marks.sort_by_key(|(range, _)| range.start);
    let (mut parts, mut at) = (Vec::new(), 0);
    let mut put = |text: Option<&str>, role| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            parts.push(Words { text: text.to_owned(), role });
        }
    };
    for (range, role) in marks {
        if range.start < at {
            continue;
        }
        put(words.text.get(at..range.start), words.role);
        put(words.text.get(range.clone()), role);
        at = range.end;
    }
    put(words.text.get(at..), words.role);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Role, Tail, Words, grow, linked};
    use crate::widgets::markdown;

    fn block() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "# A heading",
            "Some words that go on for longer than one line has room, with `code` and **more**.",
            "- one\n- two\n  - three",
            "1. first\n\n2. second\n\n   still the second",
            "```yaml\nkind: Pod\n\nname: web\n```",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "> quoted\n> words",
            "**bold** begins it",
            "---",
            "one\ntwo",
        ])
    }

    proptest! {
        #[test]
        fn words_that_stream_in_look_as_if_they_had_come_at_once(
            blocks in prop::collection::vec(block(), 1..8),
            cuts in prop::collection::vec(1usize..30, 1..40),
            cells in 12usize..60,
        ) {
            let text = blocks.join("\n\n");
            let (mut tail, mut lines, mut at) = (Tail::default(), Vec::new(), 0);
            let mut cuts = cuts.into_iter().cycle();
            while at < text.len() {
                at = (at + cuts.next().unwrap_or(1)).min(text.len());
                grow(&text[..at], cells, &mut tail, &mut lines, |line| line);
            }
            prop_assert_eq!(lines, markdown::lines(&text, cells));
        }
    }

    #[test]
    fn what_is_finished_is_not_laid_out_again() {
        let text = "A block of words.\n\nand another one.\n\n".repeat(200) + "The last";
        let (mut tail, mut lines) = (Tail::default(), Vec::new());
        grow(&text, 40, &mut tail, &mut lines, |line| line);
        assert!(text.len() - tail.from < 20, "{tail:?}");
    }

    #[test]
    fn citations_are_links_and_what_is_not_there_is_marked() {
        let line = vec![Words { text: "web-9 is slow [e1][e2].".to_owned(), role: Role::Text }];
        let parts = linked(line, Some(2), &["web-9".to_owned()]);
        let told: Vec<(&str, Role)> = parts.iter().map(|part| (part.text.as_str(), part.role)).collect();
        assert_eq!(
            told,
            [
                ("web-9", Role::Warn),
                (" is slow ", Role::Text),
                ("[e1]", Role::Link),
                ("[e2]", Role::Key),
                (".", Role::Text)
            ]
        );
    }
}
