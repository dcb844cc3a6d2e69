//! What a pane says instead of rows, or beside them: each state of a source in words.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use super::Look;
use crate::{
    base::{Now, age, width},
    cluster::Source,
    config::{Role, keymap::chain},
    msg::{Command, Context},
    panes::world::LinkState,
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

/// A source as a pane tells it: how it stands, since when its rows are old, and when it is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    source: Source,
    /// Since when rows are no longer live.
    since: Option<Duration>,
    /// When a broken source is asked again.
    again: Option<Duration>,
    /// It was complete once.
    listed: bool,
}

impl Standing {
    /// Takes a new state over.
    pub fn hear(&mut self, source: Source, now: Now) {
        self.since = match &source {
            Source::Broken { .. } | Source::Forbidden { .. } => self.since.or(Some(now.mono)),
            // A new list after a break has not caught up yet.
            Source::Loading { .. } => self.since,
            // What goes on is live, and it is not known here which rows do not.
            Source::Idle | Source::Live | Source::Absent { .. } | Source::Partly { .. } => None,
        };
        self.again = match &source {
            // A retry of nothing is none.
            Source::Broken { retry, .. } if !retry.is_zero() => Some(now.mono + *retry),
            _ => None,
        };
        self.listed |= matches!(source, Source::Live | Source::Absent { .. });
        self.source = source;
    }

    /// A state that needs no memory.
    pub fn of(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// The state itself.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its rows are no longer live.
    pub fn stale(&self) -> bool {
        self.since.is_some()
    }

    /// Its rows are old for a reason that [`Self::trouble`] tells.
    pub fn troubled(&self) -> bool {
        matches!(self.source, Source::Broken { .. } | Source::Forbidden { .. } | Source::Partly { .. })
    }

    /// Its rows are all there are, now.
    pub fn complete(&self) -> bool {
        matches!(self.source, Source::Live | Source::Absent { .. })
    }

    /// It answers nothing at the moment.
    pub fn broken(&self) -> bool {
        matches!(self.source, Source::Broken { .. })
    }

    /// All its rows came once, so that what is not among them is not there.
    pub fn listed(&self) -> bool {
        self.listed
    }

    /// Rows are as complete as they get: half a list decides nothing.
    pub fn settled(&self) -> bool {
        self.listed || matches!(self.source, Source::Forbidden { .. } | Source::Partly { settled: true, .. })
    }

    /// How many rows there are, for a title: unknown is never 0.
    pub fn count(&self, rows: usize) -> String {
        if rows == 0 && self.source != Source::Live { "–".to_owned() } else { grouped(rows) }
    }

    /// What to say instead of rows: `plural` names them, `rows` counts them.
    pub fn message(&self, look: &Look<'_>, plural: &str, rows: usize) -> Option<Message> {
        // Rows stay on screen whatever happens to their source, except when their kind is gone.
        if rows > 0 && !matches!(self.source, Source::Absent { .. }) {
            return None;
        }
        match &look.world.link {
            LinkState::Connecting => return Some(Message::quiet("connecting…", "")),
            LinkState::Down(failure) => {
                let key = look.keymap.key(&chain(Context::Global), Command::Contexts);
                let other = key.map(|key| format!("\n{key} picks another context")).unwrap_or_default();
                // Whoever has no cluster at all is offered one; whoever cannot reach theirs has other worries.
                let none = look.world.names.context.is_empty();
                let demo = if none { "\n:demo opens the cluster that lives inside brink" } else { "" };
                let fix = format!("{}{other}{demo}", failure.fix);
                return Some(Message { text: failure.what.clone(), fix, role: Role::Bad });
            }
            LinkState::Up => {}
        }
        Some(self.told(look, plural))
    }

    /// The same for a source that is not the cluster.
    pub fn told(&self, look: &Look<'_>, plural: &str) -> Message {
        match &self.source {
            Source::Forbidden { what } | Source::Partly { what, .. } => {
                let (text, fix) = halves(what);
                Message { text: text.to_owned(), fix: fix.to_owned(), role: Role::Warn }
            }
            Source::Absent { what } => {
                let (text, fix) = halves(what);
                Message::quiet(text, fix)
            }
            Source::Broken { cause, .. } => {
                let (text, fix) = halves(cause);
                let lines: Vec<String> = Some(fix.to_owned())
                    .filter(|fix| !fix.is_empty())
                    .into_iter()
                    .chain(self.next_try(look.now))
                    .collect();
                Message { text: text.to_owned(), fix: lines.join("\n"), role: Role::Bad }
            }
            Source::Idle | Source::Loading { .. } => Message::quiet(format!("loading {plural}…"), ""),
            Source::Live => {
                let place = match look.world.spaces().as_slice() {
                    [] => format!("no {plural} in this cluster"),
                    names => format!("no {plural} in {}", names.join(", ")),
                };
                Message::quiet(place, if look.world.namespace.is_some() { elsewhere(look) } else { String::new() })
            }
        }
    }

    fn next_try(&self, now: Now) -> Option<String> {
        let left = self.again?.saturating_sub(now.mono);
        if left.is_zero() {
            return Some("trying again…".to_owned());
        }
        // Whole seconds, rounded up: the countdown ends when the try begins.
        let left = Duration::from_secs(left.as_millis().div_ceil(1000).try_into().unwrap_or(0));
        Some(format!("next try in {}", age::age(left)))
    }

    /// The reason why rows on screen are old, in one line, and when the source is asked again.
    pub fn trouble(&self, now: Now) -> Option<String> {
        match &self.source {
            Source::Broken { cause, .. } => {
                let next = self.next_try(now).map(|next| format!("; {next}")).unwrap_or_default();
                Some(format!("{}{next}", halves(cause).0))
            }
            Source::Forbidden { what } | Source::Partly { what, .. } => Some(halves(what).0.to_owned()),
            Source::Idle | Source::Loading { .. } | Source::Live | Source::Absent { .. } => None,
        }
    }

    /// The table's part of a pane: while the rows are old, the last line says why.
    pub fn table(&self, area: Rect) -> Rect {
        Rect { height: area.height.saturating_sub(u16::from(self.troubled())), ..area }
    }

    /// Draws over a table that its rows are old, and why in the line below.
    pub fn over(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let table = self.table(area);
        if self.stale() {
            buf.set_style(table, look.theme.style(Role::TextDim));
        }
        if let Some(trouble) = self.trouble(look.now).filter(|_| table.height < area.height) {
            put(buf, area.x + 1, table.bottom(), area.width.saturating_sub(2), &trouble, look.theme.style(Role::Warn));
        }
    }

    /// Words for a title while it is not simply live.
    pub fn words(&self, rows: usize, now: Now) -> Vec<(String, Role)> {
        let old = self.since.map(|since| (format!("{} old", age::age(now.mono.saturating_sub(since))), Role::Warn));
        let state = match &self.source {
            Source::Loading { seen, total: Some(total) } => {
                Some((format!("loading {} of {}", grouped(*seen), grouped(*total)), Role::TextDim))
            }
            Source::Loading { seen, total: None } if rows > 0 => {
                Some((format!("loading {}…", grouped((*seen).max(rows))), Role::TextDim))
            }
            Source::Forbidden { .. } => Some(("no rights".to_owned(), Role::Warn)),
            Source::Partly { .. } => Some(("not all".to_owned(), Role::Warn)),
            Source::Idle | Source::Loading { .. } | Source::Live | Source::Broken { .. } | Source::Absent { .. } => {
                None
            }
        };
        old.filter(|_| rows > 0).into_iter().chain(state).collect()
    }

    /// When that reads differently.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let old = self.since.map(|since| now.mono + age::changes_in(now.mono.saturating_sub(since)));
        let countdown = self.again.map(|again| {
            let left = again.saturating_sub(now.mono);
            // Once a second, and once more when the try begins.
            now.mono + Duration::from_millis(u64::try_from(left.as_millis() % 1000).unwrap_or(0).max(1))
        });
        old.into_iter().chain(countdown.filter(|_| self.again > Some(now.mono))).min()
    }
}

/// The keys that lead to other namespaces, as they are bound.
fn elsewhere(look: &Look<'_>) -> String {
    let path = chain(Context::Global);
    let key = |command| look.keymap.key(&path, command);
    let all = key(Command::AllNamespaces).map(|key| format!("{key} shows all namespaces"));
    let pick = key(Command::Namespaces).map(|key| format!("{key} picks another one"));
    all.into_iter().chain(pick).collect::<Vec<_>>().join(", ")
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

/// A sentence and its remedy, which stands in the lines below it.
fn halves(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
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
