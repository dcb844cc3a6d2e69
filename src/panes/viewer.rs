//! A text to read: a description, YAML, the help. Scrolls, searches, wraps.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};
use regex::{Regex, RegexBuilder};

use super::{Cx, LineInput, Look, Reply, Title};
use crate::{
    base::{Ticket, sanitize, width},
    cluster::ObjectRef,
    config::Role,
    msg::{Command, Context, Effect, Failure, effect::ManagedFields},
    panes::state::{self, Message},
    widgets::put,
};

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// `kubectl describe`, in brink's words.
    Describe(ObjectRef),
    /// The object as YAML.
    Yaml(ObjectRef, ManagedFields),
    /// A text made here, with its name.
    Text(String),
}

/// Search and scroll over lines, shared with the log viewer.
#[derive(Debug, Default)]
pub struct Scroll {
    /// First line shown.
    pub top: usize,
    /// First column shown.
    pub left: usize,
    /// Lines a page holds.
    pub page: usize,
    /// Long lines go on below.
    pub wrap: bool,
    /// The search being typed.
    pub typing: Option<LineInput>,
    pattern: Option<Regex>,
    /// No line matches the search.
    pub lost: bool,
}

impl Scroll {
    /// The expression in force.
    pub fn pattern(&self) -> Option<&Regex> {
        self.pattern.as_ref()
    }

    /// The search, for a title: as it is typed, or in force.
    pub fn words(&self) -> Vec<(String, Role)> {
        let Some(text) = self.typing.as_ref().map(LineInput::text).or(self.pattern().map(Regex::as_str)) else {
            return Vec::new();
        };
        let lost = self.typing.is_none() && self.lost;
        let lost = lost.then(|| ("not found".to_owned(), Role::Warn));
        std::iter::once((format!("/{text}"), Role::Accent)).chain(lost).collect()
    }

    /// Takes a search over; an invalid one is searched for as text.
    pub fn search(&mut self, text: &str) {
        let build = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build().ok();
        self.pattern = if text.is_empty() { None } else { build(text).or_else(|| build(&regex::escape(text))) };
    }

    /// Carries a scrolling command out over so many lines; false when it is none.
    pub fn update(&mut self, command: Command, lines: usize) -> bool {
        let page = self.page.saturating_sub(1).max(1);
        match command {
            Command::Up => self.top = self.top.saturating_sub(1),
            Command::Down => self.top += 1,
            Command::PageUp => self.top = self.top.saturating_sub(page),
            Command::PageDown => self.top += page,
            Command::First => self.top = 0,
            Command::Last => self.top = lines,
            Command::Left => self.left = self.left.saturating_sub(8),
            Command::Right if !self.wrap => self.left = (self.left + 8).min(4096),
            Command::Wrap => {
                self.wrap = !self.wrap;
                self.left = 0;
            }
            Command::Search => self.typing = Some(LineInput::default()),
            _ => return false,
        }
        self.top = self.top.min(lines.saturating_sub(self.page.max(1)));
        true
    }

    /// Goes to the next line that matches, round the end when there is none below.
    pub fn find<'a>(&mut self, lines: impl Iterator<Item = &'a str>, forward: bool, from_here: bool) {
        self.lost = false;
        let Some(pattern) = &self.pattern else { return };
        let hits: Vec<usize> = lines.enumerate().filter(|(_, line)| pattern.is_match(line)).map(|(at, _)| at).collect();
        let next = if forward {
            let after = |at: &&usize| if from_here { **at >= self.top } else { **at > self.top };
            hits.iter().find(after).or(hits.first())
        } else {
            hits.iter().rev().find(|at| **at < self.top).or(hits.last())
        };
        match next {
            Some(at) => self.top = *at,
            None => self.lost = true,
        }
    }

    /// An editing command while the search is typed. True when the search is through and wants its first match.
    pub fn edit(&mut self, command: Command) -> bool {
        let Some(line) = &mut self.typing else { return false };
        match command {
            Command::Accept => {
                let text = line.text().to_owned();
                self.typing = None;
                self.search(&text);
                return true;
            }
            Command::Cancel => {
                self.typing = None;
                self.pattern = None;
            }
            command => {
                line.edit(command);
            }
        }
        false
    }

    /// Draws one line of text with its matches, from the column scrolled to; gives the rows used.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, y: u16, text: &str, role: Role, look: &Look<'_>) -> u16 {
        let cells = usize::from(area.width);
        if cells == 0 {
            return 1;
        }
        let style = look.theme.style(Role::Text).patch(look.theme.style(role));
        let rows: Vec<&str> = if self.wrap {
            width::wrap(text, cells)
        } else {
            let skipped = width::head(text, self.left).len();
            vec![text.get(skipped..).unwrap_or_default()]
        };
        let mut used = 0;
        for row in rows {
            let y = y + used;
            if y >= area.bottom() {
                break;
            }
            put(buf, area.x, y, area.width, row, style);
            if let Some(pattern) = &self.pattern {
                for hit in pattern.find_iter(row).filter(|hit| !hit.is_empty()) {
                    let from = width::width(row.get(..hit.start()).unwrap_or_default());
                    let long = width::width(hit.as_str());
                    if from < cells {
                        let cells = u16::try_from(long.min(cells - from)).unwrap_or(0);
                        let x = area.x + u16::try_from(from).unwrap_or(0);
                        let style = look.theme.style(Role::Changed).add_modifier(Modifier::BOLD);
                        buf.set_style(Rect { x, y, width: cells, height: 1 }, style);
                    }
                }
            }
            used += 1;
        }
        used.max(1)
    }
}

/// The screen.
#[derive(Debug)]
pub struct Viewer {
    reading: Reading,
    ticket: Option<Ticket>,
    lines: Vec<String>,
    failure: Option<Failure>,
    scroll: Scroll,
}

impl Viewer {
    /// Asks for a text of the cluster.
    pub fn ask(reading: Reading, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let mut viewer = Self { reading, ticket: None, lines: Vec::new(), failure: None, scroll: Scroll::default() };
        let effects = viewer.fetch(cx);
        (viewer, effects)
    }

    /// Shows a text that is already here.
    pub fn text(name: &str, text: &str) -> Self {
        let lines = sanitize::lines(text).lines().map(str::to_owned).collect();
        Self { reading: Reading::Text(name.to_owned()), ticket: None, lines, failure: None, scroll: Scroll::default() }
    }

    fn fetch(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        let ticket = cx.tickets.take();
        let effect = match &self.reading {
            Reading::Describe(object) => Effect::Describe(ticket, object.clone()),
            Reading::Yaml(object, managed) => Effect::Yaml(ticket, object.clone(), *managed),
            Reading::Text(_) => return Vec::new(),
        };
        self.ticket = Some(ticket);
        vec![effect]
    }

    /// The object whose YAML is read.
    pub fn yaml_of(&self) -> Option<&ObjectRef> {
        match &self.reading {
            Reading::Yaml(object, _) => Some(object),
            Reading::Describe(_) | Reading::Text(_) => None,
        }
    }

    /// Whether a command does anything here; the others are not offered.
    pub fn means(&self, command: Command) -> bool {
        match command {
            Command::Refetch => !matches!(self.reading, Reading::Text(_)),
            Command::ManagedFields | Command::EditObject => self.yaml_of().is_some(),
            _ => true,
        }
    }

    /// The whole text, of which a part is on the screen.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.scroll.typing.is_some() { Context::Input } else { Context::Viewer }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if self.scroll.typing.is_some() {
            if self.scroll.edit(command) {
                self.scroll.find(self.lines.iter().map(String::as_str), true, true);
            }
            return Reply::none();
        }
        match command {
            Command::NextMatch | Command::PreviousMatch => {
                self.scroll.find(self.lines.iter().map(String::as_str), command == Command::NextMatch, false);
            }
            Command::Refetch => return self.fetch(cx).into(),
            Command::CopyText => return Effect::Copy(self.lines.join("\n")).into(),
            Command::ManagedFields => {
                if let Reading::Yaml(_, managed) = &mut self.reading {
                    *managed = match managed {
                        ManagedFields::Hidden => ManagedFields::Shown,
                        ManagedFields::Shown => ManagedFields::Hidden,
                    };
                    return self.fetch(cx).into();
                }
            }
            command => {
                self.scroll.update(command, self.lines.len());
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

    /// The text, or why there is none.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<String, Failure>) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.ticket = None;
        match answer {
            Ok(text) => {
                self.lines = sanitize::lines(&text).lines().map(str::to_owned).collect();
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// Fits the page.
    pub fn settle(&mut self, area: Rect) {
        self.scroll.page = usize::from(area.height);
        self.scroll.top = self.scroll.top.min(self.lines.len().saturating_sub(1));
    }

    /// The name of what is read, for the frame.
    pub fn name(&self) -> String {
        match &self.reading {
            Reading::Describe(object) => format!("Describe {}", object.short()),
            Reading::Yaml(object, _) => format!("YAML {}", object.short()),
            Reading::Text(name) => name.clone(),
        }
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = Vec::new();
        words.extend(self.scroll.words());
        if self.failure.is_some() && !self.lines.is_empty() {
            words.push(("not refreshed".to_owned(), Role::Warn));
        }
        let right = (self.lines.len() > self.scroll.page).then(|| {
            let at = (self.scroll.top + self.scroll.page).min(self.lines.len());
            (format!("{}/{}", state::grouped(at), state::grouped(self.lines.len())), Role::TextDim)
        });
        Title { words, right }
    }

    /// The lines that are on screen, whole.
    pub fn told(&self) -> Vec<&str> {
        self.lines.iter().skip(self.scroll.top).take(self.scroll.page).map(String::as_str).collect()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if self.lines.is_empty() {
            let message = match &self.failure {
                Some(failure) => Message { text: failure.what.clone(), fix: failure.fix.clone(), role: Role::Bad },
                None if self.ticket.is_some() => Message::quiet("asking the API server…", ""),
                None => Message::quiet("nothing to read", ""),
            };
            message.view(area, buf, look);
            return;
        }
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let mut y = area.y;
        for line in self.lines.iter().skip(self.scroll.top) {
            if y >= area.bottom() {
                break;
            }
            y += self.scroll.draw(buf, area, y, line, Role::Text, look);
        }
    }
}
