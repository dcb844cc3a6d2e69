//! What the mouse does to a table: a row is pointed at, the window is moved.

use ratatui::layout::Position;

use super::{Grid, Tabular};

impl<R: Tabular> Grid<R> {
    /// Puts the cursor on the row at a cell of the screen; whether there is one.
    pub fn point(&mut self, x: u16, y: u16) -> bool {
        let below_heading = y > self.area.y && self.area.contains(Position { x, y });
        let row = self.offset + usize::from(y.saturating_sub(self.area.y)).saturating_sub(1);
        let there = below_heading && row < self.index.shown();
        if there {
            self.begun = true;
            self.index.move_to(row);
        }
        there
    }

    /// Moves the window over the rows, down by so many; the cursor is taken along where it would be left behind.
    pub fn wheel(&mut self, by: isize) {
        self.begun = true;
        let last = self.index.shown().saturating_sub(self.page);
        self.offset = self.offset.saturating_add_signed(by).min(last);
        let cursor = self.index.cursor_at();
        let seen = cursor.clamp(self.offset, self.offset + self.page - 1);
        if seen != cursor {
            self.index.move_to(seen);
        }
    }
}
