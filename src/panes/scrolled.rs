//! How far a text is scrolled, where a pane has more lines than rows.

use crate::msg::Command;

/// See the module docs.
#[derive(Debug, Clone, Copy)]
pub struct Scrolled {
    /// First line shown.
    pub top: usize,
    /// The last `top` that still fills the window.
    pub deepest: usize,
    /// Rows of the window, at least one.
    pub page: usize,
}

impl Default for Scrolled {
    fn default() -> Self {
        Self { top: 0, deepest: 0, page: 1 }
    }
}

impl Scrolled {
    /// Carries a command out that scrolls; any other means nothing here.
    pub fn update(&mut self, command: Command) {
        self.top = match command {
            Command::Down => (self.top + 1).min(self.deepest),
            Command::Up => self.top.saturating_sub(1),
            Command::PageDown => (self.top + self.page).min(self.deepest),
            Command::PageUp => self.top.saturating_sub(self.page),
            Command::First => 0,
            Command::Last => self.deepest,
            _ => self.top,
        };
    }

    /// Stays within what there is to see.
    pub fn fit(&mut self) {
        self.top = self.top.min(self.deepest);
    }
}
