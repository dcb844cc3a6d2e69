//! Asks which port of this machine leads to which port of a pod, with those it declares.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title, Turn, state::Message};
use crate::{
    base::Ticket,
    cluster::{
        ObjectRef,
        logs::Of,
        session::{ForwardWish, PortOffer, Ports, ports},
    },
    config::Role,
    msg::{Command, Context, Effect, Failure},
    widgets::{put, put_spans, style_row},
};

/// The screen.
#[derive(Debug)]
pub struct Forward {
    object: ObjectRef,
    ticket: Option<Ticket>,
    ports: Ports,
    failure: Option<Failure>,
    /// The port chosen of those offered.
    cursor: Option<usize>,
    line: LineInput,
    wrong: Option<String>,
}

impl Forward {
    /// Asks what the object offers.
    pub fn open(object: ObjectRef, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let effects = vec![Effect::Ports(ticket, object.clone())];
        let line = LineInput::default();
        let screen =
            Self { object, ticket: Some(ticket), ports: Ports::new(), failure: None, cursor: None, line, wrong: None };
        (screen, effects)
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Input
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Accept => match ports(self.line.text()) {
                Ok((address, local, remote)) => {
                    let of = match self.object.kind.kind.as_str() {
                        "Pod" => Of::Pod(self.object.name.clone()),
                        _ => Of::Selected(self.object.clone()),
                    };
                    let namespace = self.object.namespace.clone().unwrap_or_default();
                    let wish = ForwardWish { namespace, of, address, local, remote };
                    return Reply { effects: vec![Effect::Forward(cx.tickets.take(), wish)], turn: Turn::Close };
                }
                Err(why) => self.wrong = Some(why),
            },
            Command::Cancel => return Reply::close(),
            Command::HistoryBack => self.choose(self.cursor.map_or(0, |at| at.saturating_sub(1))),
            Command::HistoryForward | Command::Complete => self.choose(self.cursor.map_or(0, |at| at + 1)),
            command => {
                self.line.edit(command);
                self.wrong = None;
            }
        }
        Reply::none()
    }

    fn choose(&mut self, at: usize) {
        let at = at.min(self.ports.len().saturating_sub(1));
        if let Some(offer) = self.ports.get(at) {
            // Ports below 1024 are not everybody's to take.
            let local = offer.service.filter(|port| *port >= 1024).unwrap_or(offer.port);
            let local = if local < 1024 { local.saturating_add(8000) } else { local };
            self.line.set(&format!("{local}:{}", offer.port));
            self.cursor = Some(at);
            self.wrong = None;
        }
    }

    /// Text for the line.
    pub fn insert(&mut self, text: &str) {
        self.line.insert(text);
        self.wrong = None;
    }

    /// The ports, or why they are not known.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<Ports, Failure>) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.ticket = None;
        match answer {
            Ok(ports) => self.ports = ports,
            Err(failure) => self.failure = Some(failure),
        }
        // What is typed already is the person's word.
        if self.line.text().is_empty() {
            self.choose(0);
        }
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        format!("Forward to {}", self.object.short())
    }

    /// What else stands in the frame.
    pub fn title(&self) -> Title {
        Title::default()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let theme = look.theme;
        let room = area.width.saturating_sub(2);
        let spans = [
            ("local:remote  ", theme.style(Role::TextDim)),
            (self.line.text(), theme.style(Role::TextStrong)),
            ("_", theme.style(Role::Accent)),
        ];
        put_spans(buf, area.x + 1, area.y, room, spans);
        let (told, role) = match (&self.wrong, &self.failure) {
            (Some(why), _) => (why.as_str(), Role::Warn),
            (None, Some(failure)) => (failure.what.as_str(), Role::Warn),
            (None, None) => (
                "up and down take a declared port; ADDRESS:LOCAL:REMOTE listens elsewhere than on loopback",
                Role::TextDim,
            ),
        };
        put(buf, area.x + 1, area.y + 1, room, told, theme.style(role));
        let list = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
        if self.ports.is_empty() {
            let told =
                if self.ticket.is_some() { "asking for its ports…" } else { "it declares no ports: type them" };
            Message::quiet(told, "").view(list, buf, look);
            return;
        }
        for (line, (at, offer)) in (0..list.height).zip(self.ports.iter().enumerate()) {
            let y = list.y + line;
            put(buf, list.x + 1, y, room, &words(offer), theme.style(Role::Text));
            if self.cursor == Some(at) {
                style_row(buf, list.x, y, list.width, theme.style(Role::Selection));
            }
        }
    }
}

fn words(offer: &PortOffer) -> String {
    let through = offer.service.map(|port| format!("{port} → ")).unwrap_or_default();
    format!("{through}{:<6} {:<16} {}", offer.port, offer.name, offer.from)
}
