//! The mouse: a click focuses and moves a cursor, a double click is `enter`, the wheel scrolls what is beneath it, and the line
//! between two panes can be dragged.
//!
//! A click never approves, applies or confirms: it reaches rows of tables and lists alone, and the `enter` of a double click
//! counts as a key that came with others.

use std::time::Duration;

use super::{
    App, Screen,
    layout::{self, Line, Shares},
};
use crate::{
    config::keymap::Resolved,
    msg::{Command, Effect, Key, Mouse, MouseAct, key::Code},
    panes::PaneKind,
};

/// Two clicks at one cell within this span are a double click.
const DOUBLE: Duration = Duration::from_millis(400);
/// Lines that one step of the wheel scrolls.
const STEP: isize = 3;

/// What the mouse did last.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    /// Where lines between panes were dragged to.
    pub shares: Shares,
    /// A click on a row: which cell, and when.
    clicked: Option<(u16, u16, Duration)>,
    /// The line under the button, and whether it was moved.
    held: Option<(Line, bool)>,
}

impl App {
    /// Something done with the mouse.
    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.layout.too_small {
            return Vec::new();
        }
        let Mouse { act, x, y } = mouse;
        match act {
            MouseAct::Press => self.click(x, y),
            MouseAct::Drag => {
                if let Some((line, moved)) = &mut self.pointer.held {
                    *moved = true;
                    self.pointer.shares = line.dragged(self.pointer.shares, x, y);
                }
                Vec::new()
            }
            MouseAct::Release => match self.pointer.held.take() {
                // A line that was only clicked on carries a title.
                Some((_, false)) => self.focus_under(x, y),
                _ => Vec::new(),
            },
            MouseAct::WheelUp => self.wheel(x, y, -STEP),
            MouseAct::WheelDown => self.wheel(x, y, STEP),
        }
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        self.pointer.held = None;
        self.pending.clear();
        // What is typed at the bottom is finished first.
        if self.prompt.is_some() {
            return Vec::new();
        }
        if self.screens.is_empty()
            && let Some(line) = self.layout.line(x, y)
        {
            self.pointer.held = Some((line, false));
            return Vec::new();
        }
        let mut effects = Vec::new();
        let on_row = match self.screens.last_mut() {
            Some(Screen::Objects(objects)) => objects.point(x, y),
            Some(Screen::Picker(picker)) => picker.point(layout::inside(self.layout.body), x, y),
            Some(Screen::Forwards(forwards)) => {
                forwards.point(layout::inside(self.layout.body), x, y, self.world.forwards.len());
                false
            }
            Some(_) => false,
            None => {
                effects.extend(self.focus_under(x, y));
                self.point(x, y)
            }
        };
        let again = (x, y, self.now.mono);
        let before = self.pointer.clicked.take().filter(|_| on_row);
        if before.is_some_and(|(was_x, was_y, at)| (was_x, was_y) == (x, y) && again.2.saturating_sub(at) <= DOUBLE) {
            effects.extend(self.enter());
        } else if on_row {
            self.pointer.clicked = Some(again);
        }
        effects
    }

    /// What `enter` looks at here. Whatever else a keymap or a person binds to that key is for the key alone.
    fn enter(&mut self) -> Vec<Effect> {
        let Resolved::Commands(commands) = self.keymap.resolve(&self.chain(), &[], Key::plain(Code::Enter)) else {
            return Vec::new();
        };
        let looks = |command: &Command| {
            matches!(command, Command::Open | Command::GraphFocus | Command::Choose | Command::Accept)
        };
        commands.into_iter().filter(looks).flat_map(|command| self.run(command, false)).collect()
    }

    /// Focuses the pane at a cell, or the one whose name stands there.
    fn focus_under(&mut self, x: u16, y: u16) -> Vec<Effect> {
        if !self.screens.is_empty() || self.prompt.is_some() {
            return Vec::new();
        }
        let kind = match self.layout.under(x, y) {
            Some((_, area)) if self.layout.tabs && y == area.y => self.tab_at(x),
            under => under.map(|(kind, _)| kind),
        };
        kind.map(|kind| self.focus_on(kind)).unwrap_or_default()
    }

    /// Moves the cursor of the focused pane; whether there is a row.
    fn point(&mut self, x: u16, y: u16) -> bool {
        match self.focus {
            PaneKind::Pods => self.panes.pods.point(x, y),
            PaneKind::Routes => self.panes.routes.point(x, y),
            PaneKind::Mesh => self.panes.mesh.point(x, y),
            PaneKind::Faults => {
                let area = self.layout.pane(PaneKind::Faults).map(layout::inside).unwrap_or_default();
                self.panes.faults.point(area, x, y, &self.world)
            }
            PaneKind::Agent => false,
        }
    }

    fn wheel(&mut self, x: u16, y: u16, by: isize) -> Vec<Effect> {
        let command = if by > 0 { Command::Down } else { Command::Up };
        match self.screens.last_mut() {
            Some(Screen::Objects(objects)) => objects.wheel(by),
            // Where something is filled in or chosen for an action nothing moves by itself.
            Some(Screen::Act(_) | Screen::Change(_) | Screen::Launch(_) | Screen::Enter(_) | Screen::Forward(_)) => {}
            Some(_) => {
                let mut effects = Vec::new();
                for _ in 0..by.unsigned_abs() {
                    effects.extend(self.screen_key(command, false));
                }
                return effects;
            }
            None => return self.wheel_pane(x, y, by, command),
        }
        Vec::new()
    }

    /// Scrolls the pane at a cell; the focus stays where it is.
    fn wheel_pane(&mut self, x: u16, y: u16, by: isize, command: Command) -> Vec<Effect> {
        let Some((kind, _)) = self.layout.under(x, y) else { return Vec::new() };
        let mut effects = Vec::new();
        match kind {
            PaneKind::Pods => self.panes.pods.wheel(by),
            PaneKind::Routes => self.panes.routes.wheel(by),
            PaneKind::Mesh => self.panes.mesh.wheel(by),
            PaneKind::Faults | PaneKind::Agent => {
                for _ in 0..by.unsigned_abs() {
                    let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                    let reply = match kind {
                        PaneKind::Faults => self.panes.faults.update(command, &mut cx),
                        _ => self.panes.agent.wheel(command, &mut cx),
                    };
                    effects.extend(self.turn(reply));
                }
            }
        }
        effects
    }
}
