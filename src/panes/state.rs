//! What a pane says instead of rows, or beside them: each state of a source in words.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use super::Look;
use crate::{
    base::{Now, age, width},
    cluster::Source,
    config::Role,
    panes::world::{LinkState, World},
    widgets::put,
};

/// What to show where rows would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sentence.
    pub text: String,
    /// What to do, in a second line.
    pub fix: String,
    /// How it is meant.
    pub role: Role,
}

impl Message {
    /// A quiet sentence.
    pub fn quiet(text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { text: text.into(), fix: fix.into(), role: Role::TextDim }
    }

    /// Everything is filtered away.
    pub fn filtered(filter: &str, rows: usize, plural: &str) -> Self {
        Self::quiet(format!("none of {} {plural} matches {filter}", grouped(rows)), "esc clears the filter")
    }

    /// Draws it in the middle of a pane, wrapped.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let room = area.width.saturating_sub(4);
        if room < 4 || area.height == 0 {
            return;
        }
        let lines = width::wrap(&self.text, usize::from(room)).into_iter().map(|line| (line, self.role));
        let fix = if self.fix.is_empty() { Vec::new() } else { width::wrap(&self.fix, usize::from(room)) };
        let lines: Vec<(&str, Role)> = lines.chain(fix.into_iter().map(|line| (line, Role::TextDim))).collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
        let top = area.y + (area.height - height) / 3;
        for (line, (text, role)) in (0..height).zip(lines) {
            put(buf, area.x + 2, top + line, room, text, look.theme.style(role));
        }
    }
}

/// A source as a pane tells it: `plural` names the rows, `shown` counts them.
pub fn message(source: &Source, world: &World, plural: &str, rows: usize) -> Option<Message> {
    match &world.link {
        LinkState::Connecting if rows == 0 => return Some(Message::quiet("connecting…", "")),
        LinkState::Down(failure) if rows == 0 => {
            return Some(Message { text: failure.what.clone(), fix: failure.fix.clone(), role: Role::Bad });
        }
        LinkState::Connecting | LinkState::Up | LinkState::Down(_) => {}
    }
    match source {
        Source::Forbidden { what } => {
            let (text, fix) = halves(what);
            Some(Message { text, fix, role: Role::Warn })
        }
        Source::Absent { what } => {
            let (text, fix) = halves(what);
            Some(Message::quiet(text, fix))
        }
        Source::Broken { cause, retry } if rows == 0 => {
            Some(Message { text: cause.clone(), fix: format!("next try in {}", age::age(*retry)), role: Role::Bad })
        }
        Source::Idle | Source::Loading { .. } if rows == 0 => Some(Message::quiet(format!("loading {plural}…"), "")),
        Source::Live if rows == 0 => {
            let place = match &world.namespace {
                Some(namespace) => format!("no {plural} in {namespace}"),
                None => format!("no {plural} in this cluster"),
            };
            let fix = if world.namespace.is_some() { "0 shows all namespaces, : ns NAME another one" } else { "" };
            Some(Message::quiet(place, fix))
        }
        Source::Idle | Source::Loading { .. } | Source::Live | Source::Broken { .. } => None,
    }
}

/// A source in a few words for a title, when it is not simply live.
pub fn title_word(source: &Source, rows: usize) -> Option<(String, Role)> {
    match source {
        Source::Loading { seen, total: Some(total) } => {
            Some((format!("loading {} of {}", grouped(*seen), grouped(*total)), Role::TextDim))
        }
        Source::Loading { seen, total: None } if rows > 0 => {
            Some((format!("loading {}…", grouped((*seen).max(rows))), Role::TextDim))
        }
        Source::Forbidden { .. } if rows > 0 => Some(("no rights".to_owned(), Role::Warn)),
        Source::Idle
        | Source::Loading { .. }
        | Source::Live
        | Source::Broken { .. }
        | Source::Absent { .. }
        | Source::Forbidden { .. } => None,
    }
}

/// Since when rows are no longer live, kept up to date with each state of their source.
pub fn stale_since(before: Option<Duration>, source: &Source, now: Now) -> Option<Duration> {
    match source {
        Source::Broken { .. } => before.or(Some(now.mono)),
        // A new list after a break has not caught up yet.
        Source::Loading { .. } => before,
        Source::Idle | Source::Live | Source::Absent { .. } | Source::Forbidden { .. } => None,
    }
}

/// How old rows are that are no longer live, for a title.
pub fn stale_word(since: Option<Duration>, now: Now) -> Option<(String, Role)> {
    since.map(|since| (format!("{} old", age::age(now.mono.saturating_sub(since))), Role::Warn))
}

/// When that word changes.
pub fn stale_wakes(since: Option<Duration>, now: Now) -> Option<Duration> {
    since.map(|since| now.mono + age::changes_in(now.mono.saturating_sub(since)))
}

/// When the first of these ages reads differently.
pub fn ages_wake(created: impl Iterator<Item = Timestamp>, now: Now) -> Option<Duration> {
    created.map(|created| now.mono + age::row_changes_in(now.server, created)).min()
}

/// A number in groups of three: `3,400`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A sentence and its remedy, parted at the first line break or at `: ` before a command in back-ticks.
fn halves(text: &str) -> (String, String) {
    match text.split_once('\n') {
        Some((text, fix)) => (text.to_owned(), fix.replace('\n', " ")),
        None => (text.to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(3400), "3,400");
        assert_eq!(grouped(100), "100");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
