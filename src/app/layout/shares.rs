//! How much of the screen each side of a split has. A person drags the line between two panes; the cockpit remembers it until
//! it ends.

use ratatui::layout::Rect;

/// Thousandths: fine enough that every cell of a screen is one of its own.
const WHOLE: u32 = 1000;
/// Least cells of a pane beside another.
const LEAST_ACROSS: u16 = 20;
/// Least rows of a pane above or below another: its lines and one row.
const LEAST_DOWN: u16 = 3;

/// A line between panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Left of the agent.
    Agent,
    /// Between the columns of the other panes.
    Columns,
    /// Below the upper pane of the left column.
    Left,
    /// Below the middle pane of the left column.
    Lower,
    /// Below the upper pane of the right column.
    Right,
}

/// What was dragged: the first side's share of each split, in thousandths; nothing for those as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares([Option<u16>; 5]);

impl Shares {
    /// Nothing was dragged.
    pub const NONE: Self = Self([None; 5]);

    /// Cells of the first side of a split among so many, where nothing was dragged the usual ones. The line both sides share
    /// counts for both; `least` is what the first and the second side need.
    pub(super) fn first(self, split: Split, cells: u16, usual: u16, (least, second): (u16, u16)) -> u16 {
        let share = self.0.get(split as usize).copied().flatten();
        let wanted = share.map_or(u32::from(usual), |share| (u32::from(share) * u32::from(cells) + WHOLE / 2) / WHOLE);
        let most = (cells + 1).saturating_sub(second);
        // Too little room for both: as it would be without a drag.
        if most < least { usual } else { u16::try_from(wanted).unwrap_or(most).clamp(least, most) }
    }

    /// The same for columns.
    pub(super) fn across(self, split: Split, area: Rect, usual: u16) -> u16 {
        self.first(split, area.width, usual, (LEAST_ACROSS, LEAST_ACROSS))
    }

    /// The same for rows, with so many panes on the lower side, which share the lines between them.
    pub(super) fn down(self, split: Split, area: Rect, usual: u16, panes: u16) -> u16 {
        self.first(split, area.height, usual, (LEAST_DOWN, panes * (LEAST_DOWN - 1) + 1))
    }
}

/// A line that can be dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub split: Split,
    /// The two sides together.
    pub area: Rect,
    /// Its own cells.
    pub cells: Rect,
}

impl Line {
    /// Between left and right, where the left side has so many cells.
    pub(super) fn across(split: Split, area: Rect, left: u16) -> Self {
        let x = area.x + left.saturating_sub(1);
        Self { split, area, cells: Rect { x, width: 1, y: area.y + 1, height: area.height.saturating_sub(2) } }
    }

    /// Between upper and lower, where the upper side has so many rows.
    pub(super) fn down(split: Split, area: Rect, upper: u16) -> Self {
        let y = area.y + upper.saturating_sub(1);
        Self { split, area, cells: Rect { y, height: 1, x: area.x + 1, width: area.width.saturating_sub(2) } }
    }

    /// The shares once it is dragged to a cell.
    pub fn dragged(&self, shares: Shares, x: u16, y: u16) -> Shares {
        let (at, from, cells) = match self.split {
            Split::Agent | Split::Columns => (x, self.area.x, self.area.width),
            Split::Left | Split::Lower | Split::Right => (y, self.area.y, self.area.height),
        };
        let first = u32::from(at.saturating_sub(from)) + 1;
        let cells = u32::from(cells.max(1));
        let share = u16::try_from((first * WHOLE + cells / 2) / cells).unwrap_or(u16::MAX);
        let mut shares = shares;
        if let Some(place) = shares.0.get_mut(self.split as usize) {
            *place = Some(share);
        }
        shares
    }
}
