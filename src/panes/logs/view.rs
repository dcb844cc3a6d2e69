//! Draws the log viewer: names, times, lines in the colour of their level; title and messages.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Logs, readable, store::Entry};
use crate::{
    base::width,
    cluster::{
        Source,
        logs::{Back, Containers, Of},
    },
    config::{Role, keymap::chain},
    msg::{Command, Context},
    panes::{
        Look, Title,
        state::{self, Message},
    },
    widgets::put,
};

/// Cells of a time: `15:04:05.678` and a space.
const TIME: &str = "%H:%M:%S%.3f";

impl Logs {
    /// Name for the frame.
    pub fn name(&self) -> String {
        let container = match &self.wish.containers {
            Containers::Named(name) => format!(" {name}"),
            Containers::All => " all containers".to_owned(),
            Containers::Own => String::new(),
        };
        format!("Logs {}/{}{container}", self.wish.namespace, self.wish.of.words())
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = Vec::new();
        if let Containers::Named(name) = &self.wish.containers
            && self.containers.len() > 1
            && let Some(at) = self.containers.iter().position(|known| known == name)
        {
            words.push((format!("{}/{}", at + 1, self.containers.len()), Role::TextDim));
        } else if self.names.several() {
            words.push((state::grouped(self.names.len()), Role::TextDim));
        }
        if self.back != Back::Tail {
            words.push((self.back.words(), Role::Accent));
        }
        if self.wish.previous {
            words.push(("previous run".to_owned(), Role::Warn));
        }
        if let Some(line) = &self.filtering {
            words.push((format!("filter: {}", line.text()), Role::Accent));
        } else if !self.sieve.is_empty() {
            let shown = format!("{} of {}", state::grouped(self.store.shown()), state::grouped(self.store.len()));
            words.push((format!("filter: {} ({shown})", self.sieve.text()), Role::Accent));
        }
        words.extend(self.scroll.words());
        if self.dress.times {
            words.push(("times".to_owned(), Role::TextDim));
        }
        if self.dress.readable {
            words.push(("readable".to_owned(), Role::TextDim));
        }
        if self.heard && *self.standing.source() == Source::Idle {
            words.push(("ended".to_owned(), Role::TextDim));
        }
        Title { words, right: Some(self.right()) }
    }

    /// What was lost is said where no long name can push it out.
    fn right(&self) -> (String, Role) {
        let mut right = if self.follow && !self.wish.previous { "following" } else { "still" }.to_owned();
        if self.paused.len() > 0 {
            right = format!("{right}, {} new", state::grouped(self.paused.len()));
        }
        match usize::try_from(self.store.lost() + self.paused.lost()).unwrap_or(usize::MAX) {
            0 => (right, Role::TextDim),
            dropped => (format!("{} lines dropped · {right}", state::grouped(dropped)), Role::Warn),
        }
    }

    /// Cells before the text of a line: the time and the name.
    fn front(&self) -> u16 {
        let time = if self.dress.times { 13 } else { 0 };
        let name = if self.names.several() { self.names.width() + 1 } else { 0 };
        time + name
    }

    /// Rows a line takes on screen.
    pub(super) fn rows(&self, entry: &Entry, room: usize) -> usize {
        if !self.scroll.wrap {
            return 1;
        }
        let room = room.saturating_sub(usize::from(self.front())).max(1);
        width::wrap(&entry.text(self.dress.readable), room).len().max(1)
    }

    /// A line as it is copied and saved.
    pub(super) fn plain(&self, entry: &Entry) -> String {
        let mut text = String::new();
        if let Some(time) = entry.line.time.filter(|_| self.dress.times) {
            text.push_str(&format!("{time} "));
        }
        if let Some((name, _)) = self.names.of(&entry.line.writer).filter(|_| self.names.several()) {
            text.push_str(&format!("{name} "));
        }
        text.push_str(&self.said(entry));
        text
    }

    /// The lines on the screen as a whole, with some before them: what began there may still go on.
    pub fn around(&self, before: usize) -> String {
        let (from, page) = (self.scroll.top.saturating_sub(before), self.scroll.page.max(1));
        let entries = (from..self.scroll.top + page).map_while(|at| self.store.get(at));
        entries.map(|entry| self.said(entry)).collect::<Vec<_>>().join("\n")
    }

    /// The text of a line; brink's own words stand apart.
    fn said(&self, entry: &Entry) -> String {
        let text = entry.text(self.dress.readable);
        if !entry.line.note {
            return text.into_owned();
        }
        let who = &entry.line.writer;
        let name = [who.pod.as_str(), who.container.as_str()].into_iter().filter(|part| !part.is_empty());
        let name: Vec<&str> = name.collect();
        let name = if name.is_empty() { String::new() } else { format!("{} ", name.join("/")) };
        format!("— {name}{text} —")
    }

    /// The lines that are on screen, whole.
    pub fn told(&self) -> Vec<&str> {
        let from = self.scroll.top;
        (from..from + self.scroll.page).filter_map(|at| self.store.get(at)).map(|entry| &*entry.line.text).collect()
    }

    /// Draws the inside; the last line says why a followed log does not go on.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if self.store.shown() == 0 {
            self.message(look).view(area, buf, look);
            return;
        }
        let mut area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        // What is wrong with what was typed comes before what is wrong with the stream.
        if let Some(trouble) = self.wrong.clone().or_else(|| self.standing.trouble(look.now)) {
            area.height = area.height.saturating_sub(1);
            put(buf, area.x, area.bottom(), area.width, &trouble, look.theme.style(Role::Warn));
        }
        let mut y = area.y;
        for at in self.scroll.top..self.store.shown() {
            let Some(entry) = self.store.get(at) else { break };
            if y >= area.bottom() {
                break;
            }
            y += self.line(entry, buf, area, y, look);
        }
    }

    fn line(&self, entry: &Entry, buf: &mut Buffer, area: Rect, y: u16, look: &Look<'_>) -> u16 {
        let mut x = area.x;
        if self.dress.times {
            let time = entry.line.time.map(|time| time.strftime(TIME).to_string()).unwrap_or_default();
            put(buf, x, y, 12.min(area.width), &time, look.theme.style(Role::TextDim));
            x += 13;
        }
        if self.names.several() {
            if let Some((name, colour)) = self.names.of(&entry.line.writer).filter(|_| !entry.line.note) {
                let room = area.right().saturating_sub(x).min(self.names.width());
                put(buf, x, y, room, name, look.theme.style(colour));
            }
            x += self.names.width() + 1;
        }
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        let role = if entry.lost > 0 {
            Role::Warn
        } else if entry.line.note {
            Role::TextDim
        } else {
            readable::level(&entry.line.text)
        };
        self.scroll.draw(buf, rest, y, &self.said(entry), role, look)
    }

    fn message(&self, look: &Look<'_>) -> Message {
        if !self.store.is_empty() {
            let lines = state::grouped(self.store.len());
            let key = look.keymap.key(&chain(Context::Logs), Command::LogFilter).unwrap_or_default();
            let none = format!("none of {lines} lines passes {}", self.sieve.text());
            return Message::quiet(none, format!("{key} changes the filter"));
        }
        let key = look.keymap.key(&chain(Context::Logs), Command::Previous).unwrap_or_default();
        let other =
            if self.wish.previous { format!("{key} shows this run") } else { format!("{key} shows the run before") };
        match self.standing.source() {
            Source::Idle if !self.heard => Message::quiet("asking for the log…", ""),
            Source::Idle | Source::Loading { .. } => Message::quiet("the log is empty", other),
            Source::Live => Message::quiet("no lines yet; following", other),
            Source::Absent { .. } => {
                let told = self.standing.told(look, "lines");
                Message { fix: if matches!(self.wish.of, Of::Pod(_)) { other } else { told.fix.clone() }, ..told }
            }
            Source::Broken { .. } | Source::Forbidden { .. } | Source::Partly { .. } => {
                let told = self.standing.message(look, "lines", 0).unwrap_or_else(|| Message::quiet("no lines", ""));
                Message { fix: format!("{}\n{other}", told.fix), ..told }
            }
        }
    }
}
