//! The log of a container: follows, stands still, looks at the run before. Bounded: what was dropped is counted and said.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Look, Reply, Title, picker::Item, viewer::Scroll};
use crate::{
    base::{Now, Ring, Ticket},
    cluster::{
        ObjectRef, Source,
        logs::{Back, KEPT, LogBatch, LogRequest},
    },
    config::{Role, keymap::chain},
    msg::{Command, Context, Effect},
    panes::state::{self, Message, Standing},
    widgets::put,
};

/// The screen.
#[derive(Debug)]
pub struct Logs {
    /// What is asked for.
    request: LogRequest,
    back: Back,
    containers: Vec<String>,
    container: usize,
    ticket: Option<Ticket>,
    standing: Standing,
    lines: Ring<String>,
    scroll: Scroll,
    follow: bool,
    /// Something was heard of this question.
    heard: bool,
}

impl Logs {
    /// Follows the log of a pod's first container, or shows the run before.
    pub fn open(pod: ObjectRef, containers: Vec<String>, previous: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let request = LogRequest {
            namespace: pod.namespace.unwrap_or_default(),
            pod: pod.name,
            container: None,
            follow: !previous,
            previous,
            tail: None,
            since: None,
            timestamps: false,
        };
        let mut logs = Self {
            request,
            back: Back::default(),
            containers,
            container: 0,
            ticket: None,
            standing: Standing::default(),
            lines: Ring::new(KEPT),
            scroll: Scroll::default(),
            follow: true,
            heard: false,
        };
        let effects = logs.ask(cx);
        (logs, effects)
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.lines.clear();
        self.standing = Standing::default();
        self.scroll.top = 0;
        self.heard = false;
        self.request.tail = Some(self.back.tail());
        self.request.since = self.back.since();
        self.request.container = self.containers.get(self.container).cloned();
        effects.push(Effect::Log(ticket, self.request.clone()));
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
                self.scroll.find(self.lines.iter().map(String::as_str), true, true);
            }
            return Reply::none();
        }
        match command {
            Command::Follow => self.follow = !self.follow,
            // Of two, the other one; of more, a person picks one (`Self::others`).
            Command::Container if self.containers.len() == 2 => {
                self.container = 1 - self.container;
                return self.ask(cx).into();
            }
            Command::Since => {
                self.back = self.back.next();
                return self.ask(cx).into();
            }
            Command::Timestamps => {
                self.request.timestamps = !self.request.timestamps;
                return self.ask(cx).into();
            }
            Command::CopyText => {
                let text: Vec<&str> = self.lines.iter().map(String::as_str).collect();
                return Effect::Copy(text.join("\n")).into();
            }
            Command::Previous => {
                self.request.previous = !self.request.previous;
                self.request.follow = !self.request.previous;
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

    /// Whether a command does anything here; the others are not offered.
    pub fn means(&self, command: Command) -> bool {
        match command {
            Command::Container => self.containers.len() > 1,
            Command::ManagedFields | Command::EditObject => false,
            _ => true,
        }
    }

    /// The containers to pick from, the current one told apart; none where there is nothing to pick.
    pub fn others(&self) -> Vec<Item> {
        if self.containers.len() < 3 {
            return Vec::new();
        }
        let item = |(at, name): (usize, &String)| Item {
            name: name.clone(),
            note: String::new(),
            current: at == self.container,
        };
        self.containers.iter().enumerate().map(item).collect()
    }

    /// Shows the log of a container by name.
    pub fn choose(&mut self, name: &str, cx: &mut Cx<'_>) -> Vec<Effect> {
        match self.containers.iter().position(|known| known == name) {
            Some(at) => {
                self.container = at;
                self.ask(cx)
            }
            None => Vec::new(),
        }
    }

    /// Text for the search.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = &mut self.scroll.typing {
            line.insert(text);
        }
    }

    /// Lines.
    pub fn hear(&mut self, ticket: Ticket, batch: LogBatch, now: Now) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.heard = true;
        self.standing.hear(batch.source, now);
        self.lines.count_dropped(batch.dropped);
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
        self.scroll.page = usize::from(area.height.saturating_sub(u16::from(self.standing.troubled())));
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
        format!("Logs {}/{}{container}", self.request.namespace, self.request.pod)
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = Vec::new();
        if self.containers.len() > 1 {
            words.push((format!("{}/{}", self.container + 1, self.containers.len()), Role::TextDim));
        }
        if self.back != Back::Tail {
            words.push((self.back.words(), Role::Accent));
        }
        if self.request.previous {
            words.push(("previous run".to_owned(), Role::Warn));
        }
        if let Some(line) = &self.scroll.typing {
            words.push((format!("/{}", line.text()), Role::Accent));
        } else if let Some(pattern) = self.scroll.pattern() {
            words.push((format!("/{}", pattern.as_str()), Role::Accent));
            if self.scroll.lost {
                words.push(("not found".to_owned(), Role::Warn));
            }
        }
        if self.request.timestamps {
            words.push(("times".to_owned(), Role::TextDim));
        }
        if self.heard && *self.standing.source() == Source::Idle {
            words.push(("ended".to_owned(), Role::TextDim));
        }
        let right = if self.follow && !self.request.previous { "following" } else { "still" };
        // What was lost is said where no long name can push it out.
        let right = match usize::try_from(self.lines.dropped()).unwrap_or(usize::MAX) {
            0 => (right.to_owned(), Role::TextDim),
            dropped => (format!("{} lines dropped · {right}", state::grouped(dropped)), Role::Warn),
        };
        Title { words, right: Some(right) }
    }

    /// When its picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.standing.wakes(now)
    }

    /// Draws the inside; the last line says why a followed log does not go on.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if self.lines.is_empty() {
            self.message(look).view(area, buf, look);
            return;
        }
        let mut area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        if let Some(trouble) = self.standing.trouble(look.now) {
            area.height = area.height.saturating_sub(1);
            put(buf, area.x, area.bottom(), area.width, &trouble, look.theme.style(Role::Warn));
        }
        let mut y = area.y;
        for at in self.scroll.top..self.lines.len() {
            let Some(line) = self.lines.get(at) else { break };
            if y >= area.bottom() {
                break;
            }
            y += self.scroll.draw(buf, area, y, line, Role::Text, look);
        }
    }

    fn message(&self, look: &Look<'_>) -> Message {
        let key = look.keymap.key(&chain(Context::Logs), Command::Previous).unwrap_or_default();
        let other =
            if self.request.previous { format!("{key} shows this run") } else { format!("{key} shows the run before") };
        match self.standing.source() {
            Source::Idle if !self.heard => Message::quiet("asking for the log…", ""),
            Source::Idle | Source::Loading { .. } => Message::quiet("the log is empty", other),
            Source::Live => Message::quiet("no lines yet; following", other),
            Source::Absent { what } => Message::quiet(what.clone(), other),
            Source::Broken { .. } | Source::Forbidden { .. } => {
                let told = self.standing.message(look, "lines", 0).unwrap_or_else(|| Message::quiet("no lines", ""));
                Message { fix: format!("{}\n{other}", told.fix), ..told }
            }
        }
    }
}
