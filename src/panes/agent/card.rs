//! A proposal as a card: a frame no Markdown can draw, with what brink found first and the model's words marked as its own.

use super::transcript::{Key, words};
use crate::{
    agent::Proposal,
    base::{sanitize, width},
    config::Role,
    widgets::markdown::Line,
};

/// A card: number, title and facts in a frame.
pub(super) fn framed(proposal: &Proposal, cells: usize, ascii: bool, (at, keys): (usize, Option<&[Key]>)) -> Vec<Line> {
    let [top_left, top_right, low_left, low_right, flat, side] =
        if ascii { ["+", "+", "+", "+", "-", "|"] } else { ["╭", "╮", "╰", "╯", "─", "│"] };
    let role = if keys.is_some() { Role::BorderFocus } else { Role::Border };
    let room = cells.saturating_sub(4).max(4);
    let mut inside: Vec<(String, Role)> = Vec::new();
    let mut say = |text: &str, role| {
        let clean = sanitize::frameless(&sanitize::line(text)).into_owned();
        inside.extend(width::wrap(&clean, room).into_iter().map(|line| (line.to_owned(), role)));
    };
    say(proposal.title(), Role::TextStrong);
    say(&proposal.facts(), Role::Text);
    say(&proposal.checked.preview.promise(), Role::TextDim);
    let aborts = proposal.aborts();
    for text in [&aborts, &proposal.lesson.words()].into_iter().filter(|text| !text.is_empty() && !proposal.kept) {
        say(text, Role::TextDim);
    }
    for (mark, text) in [("the model: ", &proposal.hypothesis), ("it expects: ", &proposal.expects)] {
        if !text.is_empty() {
            say(&format!("{mark}{text}"), Role::TextDim);
        }
    }
    let place = proposal.step.as_ref().map(|step| format!("· {}, step {} of {} ", step.plan, step.at, step.of));
    let head = format!("{top_left}{flat} {} {} ", at + 1, proposal.checked.preview.kind);
    let head = format!("{head}{}", place.unwrap_or_default());
    let head = width::cut(&head, cells.saturating_sub(2)).into_owned();
    let rest = cells.saturating_sub(width::width(&head) + 1);
    let mut lines = vec![vec![words(format!("{head}{}{top_right}", flat.repeat(rest)), role)]];
    for (text, of) in inside {
        let pad = " ".repeat(room.saturating_sub(width::width(&text)));
        lines.push(vec![words(format!("{side} "), role), words(text, of), words(format!("{pad} {side}"), role)]);
    }
    if let Some(keys) = keys.filter(|keys| !keys.is_empty()) {
        let used: usize = keys.iter().map(|(key, word)| width::width(key) + 1 + width::width(word)).sum();
        let gaps = 3 * (keys.len() - 1);
        let mut line = vec![words(format!("{side} "), role)];
        for (at, (key, word)) in keys.iter().enumerate() {
            line.push(words(format!("{}{key}", if at == 0 { "" } else { "   " }), Role::Key));
            line.push(words(format!(" {word}"), Role::TextDim));
        }
        line.push(words(format!("{} {side}", " ".repeat(room.saturating_sub(used + gaps))), role));
        lines.push(line);
    }
    lines.push(vec![words(format!("{low_left}{}{low_right}", flat.repeat(cells.saturating_sub(2))), role)]);
    lines.push(Vec::new());
    lines
}
