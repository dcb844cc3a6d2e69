//! A proposal as a card: a frame no Markdown can draw, with what brink found first and the model's words marked as its own.

use super::frame::{self, Key, Row};
use crate::{agent::Proposal, base::width, config::Role, widgets::markdown::Line};

/// A card: number, title and facts in a frame.
pub(super) fn framed(proposal: &Proposal, cells: usize, ascii: bool, (at, keys): (usize, Option<&[Key]>)) -> Vec<Line> {
    let mut inside: Vec<Row> = Vec::new();
    let mut say = |text: &str, role| inside.extend(frame::rows(text, role, cells));
    let theirs = |text: &str| frame::quoted(text, Role::TextDim, cells, ascii);
    say(proposal.title(), Role::TextStrong);
    say(&proposal.facts(), Role::Text);
    say(&proposal.checked.preview.promise(), Role::TextDim);
    let aborts = proposal.aborts();
    for text in [&aborts, &proposal.lesson.words()].into_iter().filter(|text| !text.is_empty() && !proposal.kept) {
        say(text, Role::TextDim);
    }
    for (mark, text) in [("the model: ", &proposal.hypothesis), ("it expects: ", &proposal.expects)] {
        if !text.is_empty() {
            inside.extend(theirs(&format!("{mark}{text}")));
        }
    }
    let place = proposal.step.as_ref().map(|step| format!("· {}, step {} of {} ", step.plan, step.at, step.of));
    let title = format!("{} {} {}", at + 1, proposal.checked.preview.kind, place.unwrap_or_default());
    let title = width::cut(&title, cells.saturating_sub(5)).into_owned();
    let role = if keys.is_some() { Role::BorderFocus } else { Role::Border };
    let mut lines = frame::framed(&title, inside, keys.filter(|keys| !keys.is_empty()), (cells, ascii, role));
    lines.push(Vec::new());
    lines
}
