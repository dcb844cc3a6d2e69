//! The keys pressed last, for those who watch somebody press them: each with its word, for some seconds.
//!
//! What is typed into a field is never told here, but for the command line, which stands below anyway.

use std::time::Duration;

use ratatui::{buffer::Buffer, style::Modifier};

use super::App;
use crate::{
    base::width,
    config::{Role, keymap::written},
    msg::{Command, Key},
    widgets::{fill, put},
};

/// How long a key is told.
const SHOWN: Duration = Duration::from_secs(5);
/// Most keys told at once.
const MOST: usize = 6;
/// Most cells of a command line that is told.
const LINE: usize = 32;

/// The keys pressed last.
#[derive(Debug, Default)]
pub struct Caster {
    casts: Vec<Cast>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cast {
    keys: String,
    word: &'static str,
    times: u16,
    until: Duration,
}

impl Caster {
    fn tell(&mut self, keys: String, word: &'static str, now: Duration) {
        let until = now + SHOWN;
        match self.casts.last_mut() {
            Some(last) if last.keys == keys && last.word == word => {
                last.times = last.times.saturating_add(1);
                last.until = until;
            }
            _ => self.casts.push(Cast { keys, word, times: 1, until }),
        }
        let over = self.casts.len().saturating_sub(MOST);
        self.casts.drain(..over);
    }

    /// The command line as it stands.
    fn tell_line(&mut self, text: &str, now: Duration) {
        let keys = format!(":{}", width::cut(text, LINE));
        match self.casts.last_mut() {
            Some(last) if last.keys.starts_with(':') => {
                last.keys = keys;
                last.until = now + SHOWN;
            }
            _ => self.tell(keys, "", now),
        }
    }

    /// Forgets what was told for long enough.
    fn forget(&mut self, now: Duration) {
        self.casts.retain(|cast| cast.until > now);
    }

    /// When the next one goes.
    pub fn wakes(&self) -> Option<Duration> {
        self.casts.iter().map(|cast| cast.until).min()
    }
}

impl App {
    /// Commands were asked for by a key that followed these.
    pub(super) fn cast(&mut self, before: &[Key], key: Key, commands: &[Command]) {
        if !self.presenting {
            return;
        }
        let pressed: Vec<Key> = before.iter().copied().chain([key]).collect();
        let word = commands.first().map_or("", |command| command.spec().hint);
        self.caster.tell(written(&pressed), word, self.now.mono);
    }

    /// A character was typed: only of the command line it is told which.
    pub(super) fn cast_typed(&mut self) {
        if self.presenting
            && let Some(prompt) = &self.prompt
        {
            self.caster.tell_line(prompt.line.text(), self.now.mono);
        }
    }

    /// What was told for long enough goes.
    pub(super) fn uncast(&mut self) {
        self.caster.forget(self.now.mono);
    }

    /// Draws the keys, the newest at the right of the others; what does not fit is the oldest.
    pub(super) fn casts(&self, buf: &mut Buffer) {
        let area = self.layout.keys;
        if area.height == 0 {
            return;
        }
        let style = |role| self.theme.style(Role::Text).patch(self.theme.style(role));
        fill(buf, area, style(Role::Text));
        let cells = |cast: &Cast| {
            let times = if cast.times > 1 { format!(" x{}", cast.times) } else { String::new() };
            let word = if cast.word.is_empty() { String::new() } else { format!(" {}", cast.word) };
            (format!(" {} ", cast.keys), format!("{word}{times}"))
        };
        let shown: Vec<(String, String)> = self.caster.casts.iter().map(cells).collect();
        let wide = |(key, word): &(String, String)| width::width(key) + width::width(word) + 3;
        let room = usize::from(area.width.saturating_sub(2));
        let mut first = shown.len();
        let mut used = 0;
        for (at, cast) in shown.iter().enumerate().rev() {
            used += wide(cast);
            if used > room + 3 {
                break;
            }
            first = at;
        }
        let mut x = area.x + 1;
        for (key, word) in shown.iter().skip(first) {
            let left = |x: u16| area.right().saturating_sub(x + 1);
            x += put(buf, x, area.y, left(x), key, style(Role::Key).add_modifier(Modifier::REVERSED | Modifier::BOLD));
            x += put(buf, x, area.y, left(x), word, style(Role::TextStrong)) + 3;
        }
    }
}
