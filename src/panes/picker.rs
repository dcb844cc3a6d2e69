//! A list of names to pick one from: namespaces, contexts, containers. Typing filters it at once.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    Filter, LineInput, Look, Title,
    grid::sign,
    state::{self, Message},
};
use crate::{
    base::Ticket,
    config::Role,
    msg::{Command, Context, Failure},
    widgets::{put, style_row},
};

/// What is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// A namespace.
    Namespace,
    /// A context of the kubeconfig.
    Context,
    /// A view that is kept.
    View,
    /// The context to look at on the far side.
    FarContext,
    /// A container of the pod whose log is read.
    Container,
    /// A conversation with the agent.
    Conversation,
    /// A theme. The one under the cursor is seen at once.
    Theme,
    /// What is done to an object.
    Action,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is picked.
    pub name: String,
    /// What else is known of it.
    pub note: String,
    /// It is the one in use.
    pub current: bool,
}

/// The screen.
#[derive(Debug)]
pub struct Picker {
    /// What is picked.
    pub choice: Choice,
    ticket: Option<Ticket>,
    items: Vec<Item>,
    failure: Option<Failure>,
    line: Option<LineInput>,
    filter: Filter,
    /// Names that are marked, to take all of them, in the order in which they were marked.
    marked: Vec<String>,
    cursor: usize,
    top: usize,
    page: usize,
}

impl Picker {
    /// A list that is still asked for.
    pub fn new(choice: Choice, ticket: Ticket) -> Self {
        Self {
            choice,
            ticket: Some(ticket),
            items: Vec::new(),
            failure: None,
            line: None,
            filter: Filter::default(),
            marked: Vec::new(),
            cursor: 0,
            top: 0,
            page: 1,
        }
    }

    /// A list of what is known already.
    pub fn of(choice: Choice, ticket: Ticket, items: Vec<Item>) -> Self {
        let mut picker = Self::new(choice, ticket);
        picker.hear(ticket, Ok(items));
        picker
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.line.is_some() { Context::Input } else { Context::Picker }
    }

    fn shown(&self) -> Vec<&Item> {
        self.items.iter().filter(|item| self.filter.keeps([item.name.as_str()], |_| None)).collect()
    }

    /// Whether a command of its context does anything here.
    pub fn means(&self, command: Command) -> bool {
        self.several() || !matches!(command, Command::Mark | Command::ClearMarks)
    }

    /// Whether several may be taken at once.
    fn several(&self) -> bool {
        self.choice == Choice::Namespace
    }

    /// A key that meant something; the name picked, when it picks: of several, one after the other between commas.
    pub fn update(&mut self, command: Command) -> Option<String> {
        if let Some(line) = &mut self.line {
            match command {
                Command::Accept => {
                    self.line = None;
                    return self.picked();
                }
                Command::Cancel => {
                    self.line = None;
                    self.filter = Filter::default();
                }
                // Blanks are text here.
                Command::Complete if self.choice == Choice::Namespace => self.mark(),
                Command::HistoryBack => self.cursor = self.cursor.saturating_sub(1),
                Command::HistoryForward => self.cursor += 1,
                command => {
                    line.edit(command);
                    self.filter = Filter::new(line.text());
                }
            }
        } else {
            match command {
                Command::Back | Command::ClearMarks => self.marked.clear(),
                Command::Up => self.cursor = self.cursor.saturating_sub(1),
                Command::Down => self.cursor += 1,
                Command::PageUp => self.cursor = self.cursor.saturating_sub(self.page),
                Command::PageDown => self.cursor += self.page,
                Command::First => self.cursor = 0,
                Command::Last => self.cursor = usize::MAX,
                Command::Filter => self.line = Some(LineInput::default()),
                Command::Choose => return self.picked(),
                Command::Mark if self.several() => self.mark(),
                _ => {}
            }
        }
        self.cursor = self.cursor.min(self.shown().len().saturating_sub(1));
        None
    }

    /// The name under the cursor.
    pub fn under(&self) -> Option<&str> {
        self.shown().get(self.cursor).map(|item| item.name.as_str())
    }

    fn picked(&self) -> Option<String> {
        if self.marked.is_empty() { self.under().map(str::to_owned) } else { Some(self.marked.join(",")) }
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        !self.marked.is_empty()
    }

    fn mark(&mut self) {
        let Some(name) = self.under().map(str::to_owned) else { return };
        match self.marked.iter().position(|known| *known == name) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(name),
        }
    }

    /// Puts the cursor on the name at a cell of the screen; whether there is one. `area` is the inside of its frame.
    pub fn point(&mut self, area: Rect, x: u16, y: u16) -> bool {
        let row = self.top + usize::from(y.saturating_sub(area.y));
        let there = area.contains(Position { x, y }) && row < self.shown().len();
        if there {
            self.cursor = row;
        }
        there
    }

    /// Text for the filter.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = &mut self.line {
            line.insert(text);
            self.filter = Filter::new(line.text());
            self.cursor = 0;
        }
    }

    /// The names, or why there are none.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<Vec<Item>, Failure>) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.ticket = None;
        match answer {
            Ok(items) => {
                self.cursor = items.iter().position(|item| item.current).unwrap_or(0);
                self.marked.retain(|name| items.iter().any(|item| item.name == *name));
                self.items = items;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// Waits for an answer that replaces what is shown.
    pub fn expect(&mut self, ticket: Ticket) {
        self.ticket = Some(ticket);
    }

    /// Keeps the cursor in sight.
    pub fn settle(&mut self, area: Rect) {
        self.page = usize::from(area.height).max(1);
        self.top = self.top.clamp(self.cursor.saturating_sub(self.page - 1), self.cursor);
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        match self.choice {
            Choice::Namespace => "Namespace",
            Choice::Context => "Context",
            Choice::View => "Saved views",
            Choice::FarContext => "Context of the far side",
            Choice::Container => "Container",
            Choice::Conversation => "Conversation",
            Choice::Theme => "Theme",
            Choice::Action => "Actions",
        }
        .to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = vec![(state::grouped(self.shown().len()), Role::TextDim)];
        if !self.marked.is_empty() {
            let hidden =
                self.marked.len() - self.shown().iter().filter(|item| self.marked.contains(&item.name)).count();
            let hidden = if hidden > 0 { format!(", {hidden} hidden") } else { String::new() };
            words.push((format!("· {} marked{hidden}", self.marked.len()), Role::Mark));
        }
        if let Some(line) = &self.line {
            words.push((format!("/{}", line.text()), Role::Accent));
        }
        Title { words, right: None }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let shown = self.shown();
        if shown.is_empty() {
            let message = match (&self.failure, self.ticket) {
                (Some(failure), _) => {
                    Message { text: failure.what.clone(), fix: failure.fix.clone(), role: Role::Warn }
                }
                (None, Some(_)) => Message::quiet("asking…", ""),
                (None, None) => Message::quiet("no such name", "esc clears the filter"),
            };
            message.view(area, buf, look);
            return;
        }
        let theme = look.theme;
        for (line, item) in (0..area.height).zip(shown.iter().skip(self.top)) {
            let y = area.y + line;
            let mark = if item.current { if theme.ascii { "*" } else { "●" } } else { " " };
            put(buf, area.x + 1, y, 1, mark, theme.style(Role::Accent));
            let marked = self.marked.contains(&item.name);
            if marked {
                put(buf, area.x, y, 1, sign(theme.ascii), theme.style(Role::Mark));
            }
            let role = if marked { Role::Mark } else { Role::Text };
            let used = put(buf, area.x + 3, y, area.width.saturating_sub(4), &item.name, theme.style(role));
            let note = area.x + 3 + used.max(28) + 2;
            put(buf, note, y, area.right().saturating_sub(note + 1), &item.note, theme.style(Role::TextDim));
            if self.top + usize::from(line) == self.cursor {
                style_row(buf, area.x, y, area.width, theme.style(Role::Selection));
            }
        }
    }
}
