//! The ports that are forwarded: where they listen, where they lead, how they do.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    Cx, Look, Reply, Title,
    state::{self, Message},
};
use crate::{
    base::Ticket,
    cluster::session::{ForwardView, ForwardWish, Standing},
    config::{Role, keymap::chain},
    msg::{Command, Context, Effect},
    widgets::{put, style_row},
};

/// One forward, as all of the cockpit knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// What it was asked for with.
    pub ticket: Ticket,
    /// What was wished for.
    pub wish: ForwardWish,
    /// How it does; `None` until it listens.
    pub view: Option<ForwardView>,
}

impl Forwarded {
    /// `127.0.0.1:8080 → shop/web-1:9080`.
    pub fn words(&self) -> String {
        let local = self.view.as_ref().map_or(self.wish.local, |view| view.local);
        format!("{} → {}", core::net::SocketAddr::new(self.wish.address, local), self.wish.target())
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Forwards {
    cursor: usize,
}

impl Forwards {
    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Forwards
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let all = &cx.world.forwards;
        let last = all.len().saturating_sub(1);
        match command {
            Command::Up => self.cursor = self.cursor.saturating_sub(1),
            Command::Down => self.cursor = (self.cursor + 1).min(last),
            Command::First => self.cursor = 0,
            Command::Last => self.cursor = last,
            Command::EndForward => {
                if let Some(forward) = all.get(self.cursor.min(last)) {
                    return Effect::Stop(forward.ticket).into();
                }
            }
            Command::CopyName => {
                if let Some(Forwarded { wish, view: Some(view), .. }) = all.get(self.cursor.min(last)) {
                    return Effect::Copy(format!("{}:{}", wish.address, view.local)).into();
                }
            }
            _ => {}
        }
        Reply::none()
    }

    /// Puts the cursor on the forward at a cell of the screen, where there is one of so many. `area` is the inside of its frame.
    pub fn point(&mut self, area: Rect, x: u16, y: u16, all: usize) {
        let row = usize::from(y.saturating_sub(area.y));
        if area.contains(Position { x, y }) && (1..=all).contains(&row) {
            self.cursor = row - 1;
        }
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        "Forwarded ports".to_owned()
    }

    /// What else stands in the frame.
    pub fn title(&self) -> Title {
        Title::default()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let all = &look.world.forwards;
        if all.is_empty() {
            let key = look.keymap.key(&chain(Context::Pods), Command::ForwardPort).unwrap_or_default();
            Message::quiet("no port is forwarded", format!("{key} forwards one to what is under the cursor"))
                .view(area, buf, look);
            return;
        }
        let theme = look.theme;
        let heads =
            format!("{:<22} {:<40} {:<6} {:<6} {:>9} {:>9}  STATE", "LISTENS", "TO", "OPEN", "ALL", "SENT", "RECEIVED");
        put(buf, area.x + 1, area.y, area.width.saturating_sub(2), &heads, theme.style(Role::TextDim));
        for (line, (at, forward)) in (1..area.height).zip(all.iter().enumerate()) {
            let y = area.y + line;
            let (text, role) = row(forward);
            put(buf, area.x + 1, y, area.width.saturating_sub(2), &text, theme.style(role));
            if at == self.cursor.min(all.len() - 1) {
                style_row(buf, area.x, y, area.width, theme.style(Role::Selection));
            }
        }
    }
}

fn row(forward: &Forwarded) -> (String, Role) {
    let to = forward.wish.target();
    let Some(view) = &forward.view else {
        let at = format!("{}:{}", forward.wish.address, forward.wish.local);
        return (format!("{at:<22} {to:<40} begins…"), Role::TextDim);
    };
    let at = format!("{}:{}", forward.wish.address, view.local);
    let (state, role) = match &view.standing {
        Standing::Listening => match &view.pod {
            Some(pod) => (format!("listening, last to {pod}"), Role::Text),
            None => ("listening".to_owned(), Role::Text),
        },
        Standing::Failing(why) => (why.clone(), Role::Warn),
        Standing::Ended(why) => (why.clone(), Role::Bad),
    };
    let (all, sent, received) = (view.all, bytes(view.sent), bytes(view.received));
    (format!("{at:<22} {to:<40} {:<6} {all:<6} {sent:>9} {received:>9}  {state}", view.open), role)
}

/// Bytes for people.
fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{} B", state::grouped(usize::try_from(count).unwrap_or(usize::MAX))),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", state::grouped(usize::try_from(count / 1_000_000).unwrap_or(usize::MAX))),
    }
}
