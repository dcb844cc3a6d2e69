//! Before a person goes into a pod: which container, and in a production context the pod's name, typed.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title, Turn, state::Message};
use crate::{
    cluster::session::{Copy, Entering, Place},
    config::Role,
    msg::{Command, Context, Effect},
    widgets::{put, style_row},
};

/// What is done inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A terminal there.
    Enter(Place, Entering),
    /// A copy.
    Copy(Copy),
}

impl Deed {
    fn place(&self) -> &Place {
        match self {
            Self::Enter(place, _) => place,
            Self::Copy(copy) => &copy.place,
        }
    }

    fn effect(self, cx: &mut Cx<'_>) -> Effect {
        let ticket = cx.tickets.take();
        match self {
            Self::Enter(place, entering) => Effect::Enter(ticket, place, entering),
            Self::Copy(copy) => Effect::CopyFile(ticket, copy),
        }
    }
}

/// The screen.
#[derive(Debug)]
pub struct Enter {
    deed: Deed,
    containers: Vec<String>,
    cursor: usize,
    /// The pod's name as far as it is typed; `None` where none is asked for yet.
    name: Option<LineInput>,
    production: bool,
    wrong: bool,
}

impl Enter {
    /// Goes in at once where nothing is to be asked, else asks.
    pub fn open(deed: Deed, containers: Vec<String>, cx: &mut Cx<'_>) -> Result<Effect, Box<Self>> {
        let choose = deed.place().container.is_none() && containers.len() > 1;
        let production = cx.world.names.production;
        if !choose && !production {
            return Ok(deed.effect(cx));
        }
        let containers = if choose { containers } else { Vec::new() };
        let name = (!choose).then(LineInput::default);
        Err(Box::new(Self { deed, containers, cursor: 0, name, production, wrong: false }))
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.name.is_some() { Context::Input } else { Context::Picker }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if let Some(name) = &mut self.name {
            match command {
                // As with an apply: the key that goes on came alone.
                Command::Accept if cx.alone && name.text() == self.deed.place().pod => return self.go(cx),
                Command::Accept => self.wrong = true,
                Command::Cancel => return Reply::close(),
                command => {
                    name.edit(command);
                    self.wrong = false;
                }
            }
            return Reply::none();
        }
        let last = self.containers.len().saturating_sub(1);
        match command {
            Command::Up => self.cursor = self.cursor.saturating_sub(1),
            Command::Down => self.cursor = (self.cursor + 1).min(last),
            Command::First | Command::PageUp => self.cursor = 0,
            Command::Last | Command::PageDown => self.cursor = last,
            Command::Choose => {
                let chosen = self.containers.get(self.cursor).cloned();
                match &mut self.deed {
                    Deed::Enter(place, _) => place.container = chosen,
                    Deed::Copy(copy) => copy.place.container = chosen,
                }
                if !self.production {
                    return self.go(cx);
                }
                self.name = Some(LineInput::default());
            }
            _ => {}
        }
        Reply::none()
    }

    fn go(&mut self, cx: &mut Cx<'_>) -> Reply {
        Reply { effects: vec![self.deed.clone().effect(cx)], turn: Turn::Close }
    }

    /// Text for the name.
    pub fn insert(&mut self, text: &str) {
        if let Some(name) = &mut self.name {
            name.insert(text);
            self.wrong = false;
        }
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        let place = self.deed.place().words();
        match &self.deed {
            Deed::Enter(_, Entering::Shell) => format!("Shell {place}"),
            Deed::Enter(_, Entering::Attach) => format!("Attach {place}"),
            Deed::Copy(_) => format!("Copy {place}"),
        }
    }

    /// What else stands in the frame.
    pub fn title(&self) -> Title {
        let production = self.production.then(|| ("production".to_owned(), Role::Bad));
        Title { words: production.into_iter().collect(), right: None }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let theme = look.theme;
        if let Some(name) = &self.name {
            let pod = &self.deed.place().pod;
            let text = format!("this context counts as production: type {pod} to go on\n> {}", name.text());
            let fix = if self.wrong { "that is not its name" } else { "enter goes on, esc leaves it" };
            let role = if self.wrong { Role::Warn } else { Role::Text };
            Message { text, fix: fix.to_owned(), role }.view(area, buf, look);
            return;
        }
        let page = usize::from(area.height).max(1);
        let top = self.cursor.saturating_sub(page - 1);
        for (line, (at, container)) in (0..area.height).zip(self.containers.iter().enumerate().skip(top)) {
            let y = area.y + line;
            put(buf, area.x + 3, y, area.width.saturating_sub(4), container, theme.style(Role::Text));
            if at == self.cursor {
                style_row(buf, area.x, y, area.width, theme.style(Role::Selection));
            }
        }
    }
}
