//! The log of a container: follows, stands still, looks at the run before. Bounded: what was dropped is counted and said.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Look, Reply, Title, viewer::Scroll};
use crate::{
    base::{Ring, Ticket, age},
    cluster::{
        ObjectRef, Source,
        logs::{LogBatch, LogRequest},
    },
    config::Role,
    msg::{Command, Context, Effect},
    panes::state::{self, Message},
};

/// Lines kept.
pub const KEPT: usize = 10_000;
/// Lines asked for at the start.
const TAIL: u64 = 500;

/// The screen.
#[derive(Debug)]
pub struct Logs {
    pod: ObjectRef,
    containers: Vec<String>,
    container: usize,
    previous: bool,
    ticket: Option<Ticket>,
    source: Source,
    lines: Ring<String>,
    scroll: Scroll,
    follow: bool,
    lost: bool,
}

impl Logs {
    /// Follows the log of a pod's first container, or shows the run before.
    pub fn open(pod: ObjectRef, containers: Vec<String>, previous: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let mut logs = Self {
            pod,
            containers,
            container: 0,
            previous,
            ticket: None,
            source: Source::Idle,
            lines: Ring::new(KEPT),
            scroll: Scroll::default(),
            follow: true,
            lost: false,
        };
        let effects = logs.ask(cx);
        (logs, effects)
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.lines.clear();
        self.source = Source::Idle;
        self.scroll.top = 0;
        effects.push(Effect::Log(
            ticket,
            LogRequest {
                namespace: self.pod.namespace.clone().unwrap_or_default(),
                pod: self.pod.name.clone(),
                container: self.containers.get(self.container).cloned(),
                follow: !self.previous,
                previous: self.previous,
                tail: Some(TAIL),
                since: None,
                timestamps: false,
            },
        ));
        effects
    }

    /// Ends the stream.
    pub fn close(&mut self) -> Vec<Effect> {
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.scroll.typing.is_some() { Context::Input } else { Context::Logs }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if self.scroll.typing.is_some() {
            if self.scroll.edit(command) {
                self.follow = false;
                let found = self.scroll.find(self.lines.iter().map(String::as_str), true, true);
                self.lost = !found && self.scroll.pattern().is_some();
            }
            return Reply::none();
        }
        match command {
            Command::Follow => self.follow = !self.follow,
            Command::NextContainer if self.containers.len() > 1 => {
                self.container = (self.container + 1) % self.containers.len();
                return self.ask(cx).into();
            }
            Command::Previous => {
                self.previous = !self.previous;
                return self.ask(cx).into();
            }
            Command::Refetch => return self.ask(cx).into(),
            Command::ClearLog => self.lines.clear(),
            Command::NextMatch | Command::PreviousMatch => {
                self.follow = false;
                self.scroll.find(self.lines.iter().map(String::as_str), command == Command::NextMatch, false);
            }
            command => {
                let lines = self.lines.len();
                if matches!(command, Command::Up | Command::PageUp | Command::First) {
                    // Whoever scrolls back wants to read: new lines may not move what is read.
                    self.follow = false;
                }
                self.scroll.update(command, lines);
                if matches!(command, Command::Last) {
                    self.follow = true;
                }
            }
        }
        Reply::none()
    }

    /// Text for the search.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = &mut self.scroll.typing {
            line.insert(text);
        }
    }

    /// Lines.
    pub fn hear(&mut self, ticket: Ticket, batch: LogBatch, dropped: u64) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.source = batch.source;
        self.lines.count_dropped(dropped);
        let before = self.lines.dropped();
        for line in batch.lines {
            self.lines.push(line);
        }
        if !self.follow {
            // Dropping old lines moves the numbers, not what is read.
            let moved = usize::try_from(self.lines.dropped() - before).unwrap_or(usize::MAX);
            self.scroll.top = self.scroll.top.saturating_sub(moved);
        }
    }

    /// Fits the page; keeps the end in sight while following.
    pub fn settle(&mut self, area: Rect) {
        self.scroll.page = usize::from(area.height);
        if self.follow {
            let room = usize::from(area.width.saturating_sub(2)).max(1);
            let rows = |line: &String| {
                if self.scroll.wrap { crate::base::width::width(line).div_ceil(room).max(1) } else { 1 }
            };
            let (mut used, mut shown) = (0, 0);
            for line in self.lines.iter().rev() {
                used += rows(line);
                if used > self.scroll.page {
                    break;
                }
                shown += 1;
            }
            self.scroll.top = self.lines.len() - shown;
        }
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        let container = self.containers.get(self.container).map(|name| format!(" {name}")).unwrap_or_default();
        format!("Logs {}/{}{container}", self.pod.namespace.as_deref().unwrap_or_default(), self.pod.name)
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = Vec::new();
        if self.containers.len() > 1 {
            words.push((format!("{}/{}", self.container + 1, self.containers.len()), Role::TextDim));
        }
        if self.previous {
            words.push(("previous run".to_owned(), Role::Warn));
        }
        if let Some(line) = &self.scroll.typing {
            words.push((format!("/{}", line.text()), Role::Accent));
        } else if let Some(pattern) = self.scroll.pattern() {
            words.push((format!("/{}", pattern.as_str()), Role::Accent));
            if self.lost {
                words.push(("not found".to_owned(), Role::Warn));
            }
        }
        match &self.source {
            Source::Broken { cause, retry } if !self.lines.is_empty() => {
                words.push((format!("cut: {cause}, next try in {}", age::age(*retry)), Role::Warn));
            }
            Source::Idle if !self.lines.is_empty() => words.push(("ended".to_owned(), Role::TextDim)),
            _ => {}
        }
        let right = if self.follow && !self.previous { "following" } else { "still" };
        // What was lost is said where no long name can push it out.
        let right = match usize::try_from(self.lines.dropped()).unwrap_or(usize::MAX) {
            0 => (right.to_owned(), Role::TextDim),
            dropped => (format!("{} lines dropped · {right}", state::grouped(dropped)), Role::Warn),
        };
        Title { words, right: Some(right) }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if self.lines.is_empty() {
            self.message().view(area, buf, look);
            return;
        }
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let mut y = area.y;
        for at in self.scroll.top..self.lines.len() {
            let Some(line) = self.lines.get(at) else { break };
            if y >= area.bottom() {
                break;
            }
            y += self.scroll.draw(buf, area, y, line, Role::Text, look);
        }
    }

    fn message(&self) -> Message {
        let other = if self.previous { "p shows this run" } else { "p shows the run before" };
        match &self.source {
            Source::Idle | Source::Loading { .. } if self.ticket.is_some() && self.source == Source::Idle => {
                Message::quiet("no lines yet", other)
            }
            Source::Idle | Source::Loading { .. } => Message::quiet("asking for the log…", ""),
            Source::Live => Message::quiet("no lines yet; following", other),
            Source::Broken { cause, retry } => {
                let fix = if retry.is_zero() { other.to_owned() } else { format!("next try in {}", age::age(*retry)) };
                Message { text: cause.clone(), fix, role: Role::Bad }
            }
            Source::Absent { what } => Message::quiet(what.clone(), other),
            Source::Forbidden { what } => Message { text: what.clone(), fix: String::new(), role: Role::Warn },
        }
    }
}
