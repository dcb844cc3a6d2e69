//! Who stands where: a pure function of the size. 200×60 is not 80×24 stretched: panes appear in an order of importance.

mod shares;

use ratatui::layout::{Position, Rect};

pub use shares::{Line, Shares, Split};

use crate::panes::PaneKind;

/// The least room in which anything useful can be said.
pub const LEAST: (u16, u16) = (40, 10);

/// Columns from which two sides stand beside each other.
const BESIDE: u16 = 140;
/// Rows from which they stand one above the other.
const BELOW: u16 = 14;

/// Who stands where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Everything.
    pub whole: Rect,
    /// The header line.
    pub header: Rect,
    /// Between header and hints; beside the far side, what is left to the near one.
    pub body: Rect,
    /// The far side, while it is shown.
    pub far: Rect,
    /// What stands above everything and may not be covered: the emergency stop.
    pub above: Rect,
    /// What is told of faults between body and hints.
    pub below: Rect,
    /// What a running script says, above the hints.
    pub caption: Rect,
    /// The keys pressed last, above the hints, while presenting.
    pub keys: Rect,
    /// The hint line.
    pub hint: Rect,
    /// Panes with their frames; neighbours share a line.
    pub panes: Vec<(PaneKind, Rect)>,
    /// Lines between panes that can be dragged.
    pub lines: Vec<Line>,
    /// One pane at a time: its title carries the names of the others.
    pub tabs: bool,
    /// Too small for anything.
    pub too_small: bool,
}

/// What the layout depends on besides the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The pane with the focus.
    pub focus: PaneKind,
    /// It stands alone.
    pub zoomed: bool,
    /// There is an agent to talk to.
    pub agent: bool,
    /// Rows wanted above everything.
    pub above: u16,
    /// Rows wanted below the panes.
    pub below: u16,
    /// Rows wanted by a running script.
    pub caption: u16,
    /// Fewer panes, so that each can be read from afar.
    pub presenting: bool,
    /// Lines a person has dragged.
    pub shares: Shares,
}

impl Layout {
    /// Lays out a terminal of this size.
    pub fn new(width: u16, height: u16, wish: Wish) -> Self {
        let whole = Rect::new(0, 0, width, height);
        if width < LEAST.0 || height < LEAST.1 {
            return Self { whole, too_small: true, ..Self::default() };
        }
        let header = Rect { height: 1, ..whole };
        let hint = Rect { y: height - 1, height: 1, ..whole };
        // Three rows stay for the panes whatever is to be told.
        let cast = u16::from(wish.presenting);
        let keys = Rect { y: height - 1 - cast, height: cast, ..whole };
        let room = height - 2 - cast;
        let above = wish.above.min(room.saturating_sub(3));
        let below = wish.below.min(room.saturating_sub(3 + above));
        let caption = wish.caption.min(room.saturating_sub(3 + above + below));
        let body = Rect { y: 1 + above, height: room - above - below - caption, ..whole };
        let below = Rect { y: body.bottom(), height: below, ..whole };
        let caption = Rect { y: below.bottom(), height: caption, ..whole };
        let above = Rect { y: 1, height: above, ..whole };
        let mut layout = Self { whole, header, body, above, below, caption, keys, hint, ..Self::default() };
        let few = wish.presenting && (width < 160 || height < 45);
        if wish.zoomed || width < 100 || height < 30 || few {
            layout.tabs = !wish.zoomed;
            layout.panes = vec![(wish.focus, body)];
        } else if width < 160 || wish.presenting {
            layout.medium(body, wish);
        } else {
            layout.wide(body, wish);
        }
        layout
    }

    /// Pods, routes and mesh in one column; beside them the agent, or without one mesh and faults.
    fn medium(&mut self, body: Rect, wish: Wish) {
        let split = if wish.agent { Split::Agent } else { Split::Columns };
        let usual = share(body.width, if wish.agent { 63 } else { 60 });
        let (left, right) = self.across(split, body, usual, wish);
        if wish.agent {
            let (pods, rest) = self.down(Split::Left, left, share(left.height, 34), 2, wish);
            let (routes, mesh) = self.down(Split::Lower, rest, share(rest.height, 45), 1, wish);
            self.panes = vec![(PaneKind::Pods, pods), (PaneKind::Routes, routes), (PaneKind::Mesh, mesh)];
            if wish.focus == PaneKind::Faults {
                // The faults take the place of the mesh while they are looked at.
                self.panes[2].0 = PaneKind::Faults;
            }
            self.panes.push((PaneKind::Agent, right));
        } else {
            let (pods, routes) = self.down(Split::Left, left, share(left.height, 60), 1, wish);
            let (mesh, faults) = self.down(Split::Right, right, share(right.height, 60), 1, wish);
            self.panes = vec![
                (PaneKind::Pods, pods),
                (PaneKind::Routes, routes),
                (PaneKind::Mesh, mesh),
                (PaneKind::Faults, faults),
            ];
        }
    }

    /// All panes, and the agent in a column of its own.
    fn wide(&mut self, body: Rect, wish: Wish) {
        let (panes, agent) = if wish.agent {
            let usual = body.width - (body.width / 4).clamp(44, 64);
            let (panes, agent) = self.across(Split::Agent, body, usual, wish);
            (panes, Some(agent))
        } else {
            (body, None)
        };
        let (left, right) = self.across(Split::Columns, panes, share(panes.width, 57), wish);
        let (pods, routes) = self.down(Split::Left, left, share(left.height, 62), 1, wish);
        let (mesh, faults) = self.down(Split::Right, right, share(right.height, 62), 1, wish);
        self.panes = vec![
            (PaneKind::Pods, pods),
            (PaneKind::Routes, routes),
            (PaneKind::Mesh, mesh),
            (PaneKind::Faults, faults),
        ];
        self.panes.extend(agent.map(|area| (PaneKind::Agent, area)));
    }

    /// Gives the far side a part of the body: beside the near side where that is wide, below it where it is high. Where there is
    /// room for one alone, or one is to stand `alone`, it is the one with the focus.
    pub fn divide(&mut self, focus: PaneKind, far: bool, alone: bool) {
        if self.too_small {
            return;
        }
        let body = self.body;
        let (near, other) = match (alone, far) {
            (false, _) if body.width >= BESIDE => split_across(body, share(body.width, 50)),
            (false, _) if body.height >= BELOW => split_down(body, share(body.height, 50)),
            (_, true) => (Rect::default(), body),
            (_, false) => (body, Rect::default()),
        };
        (self.body, self.far, self.tabs) = (near, other, false);
        self.panes = if near.is_empty() { Vec::new() } else { vec![(focus, near)] };
    }

    /// Left and right of a line.
    fn across(&mut self, split: Split, area: Rect, usual: u16, wish: Wish) -> (Rect, Rect) {
        let left = wish.shares.across(split, area, usual);
        self.lines.push(Line::across(split, area, left));
        split_across(area, left)
    }

    /// Above and below a line, where so many panes stand.
    fn down(&mut self, split: Split, area: Rect, usual: u16, panes: u16, wish: Wish) -> (Rect, Rect) {
        let upper = wish.shares.down(split, area, usual, panes);
        self.lines.push(Line::down(split, area, upper));
        split_down(area, upper)
    }

    /// The line a cell belongs to.
    pub fn line(&self, x: u16, y: u16) -> Option<Line> {
        self.lines.iter().find(|line| line.cells.contains(Position { x, y })).copied()
    }

    /// The pane a cell belongs to.
    pub fn under(&self, x: u16, y: u16) -> Option<(PaneKind, Rect)> {
        // Of a line that two panes share, the lower one has its title there.
        self.panes.iter().rev().find(|(_, area)| area.contains(Position { x, y })).copied()
    }

    /// Where a pane stands, when it is on screen.
    pub fn pane(&self, kind: PaneKind) -> Option<Rect> {
        self.panes.iter().find(|(known, _)| *known == kind).map(|(_, area)| *area)
    }
}

/// The inside of a frame.
pub fn inside(frame: Rect) -> Rect {
    Rect {
        x: frame.x.saturating_add(1),
        y: frame.y.saturating_add(1),
        width: frame.width.saturating_sub(2),
        height: frame.height.saturating_sub(2),
    }
}

fn share(of: u16, percent: u16) -> u16 {
    u16::try_from(u32::from(of) * u32::from(percent) / 100).unwrap_or(of)
}

/// Left and right, with one column in common.
fn split_across(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.clamp(1, area.width.max(1));
    (Rect { width: left, ..area }, Rect { x: area.x + left - 1, width: area.width + 1 - left, ..area })
}

/// Upper and lower, with one row in common.
fn split_down(area: Rect, upper: u16) -> (Rect, Rect) {
    let upper = upper.clamp(1, area.height.max(1));
    (Rect { height: upper, ..area }, Rect { y: area.y + upper - 1, height: area.height + 1 - upper, ..area })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LEAST, Layout, Shares, Wish};
    use crate::panes::PaneKind;

    const WISH: Wish = Wish {
        focus: PaneKind::Pods,
        zoomed: false,
        agent: false,
        above: 0,
        below: 0,
        caption: 0,
        presenting: false,
        shares: Shares::NONE,
    };

    #[test]
    fn panes_appear_by_importance() {
        let small = Layout::new(80, 24, WISH);
        assert!(small.tabs);
        assert_eq!(small.panes.len(), 1);
        assert_eq!(Layout::new(120, 40, WISH).panes.len(), 4);
        let with_agent = Layout::new(120, 40, Wish { agent: true, ..WISH });
        assert_eq!(with_agent.panes.len(), 4);
        assert!(with_agent.pane(PaneKind::Agent).is_some_and(|area| area.width >= 40));
        assert_eq!(Layout::new(200, 60, Wish { agent: true, ..WISH }).panes.len(), 5);
    }

    #[test]
    fn a_dragged_line_stays_where_it_was_left_and_follows_the_size() {
        let before = Layout::new(200, 60, WISH);
        for line in &before.lines {
            let (x, y) = (line.cells.x, line.cells.y);
            let (x, y) = if line.cells.width == 1 { (x + 7, y) } else { (x, y - 5) };
            let shares = line.dragged(Shares::default(), x, y);
            let after = Layout::new(200, 60, Wish { shares, ..WISH });
            let moved = after.lines.iter().find(|other| other.split == line.split).unwrap();
            let at = if line.cells.width == 1 { moved.cells.x == x } else { moved.cells.y == y };
            assert!(at, "{line:?} went to {moved:?}");
            assert_ne!(before.panes, after.panes);
        }
        let line = before.lines[0];
        let shares = line.dragged(Shares::default(), 0, 0);
        let least = Layout::new(200, 60, Wish { shares, ..WISH });
        assert!(least.panes.iter().all(|(_, area)| area.width >= 20), "{:?}", least.panes);
    }

    proptest! {
        #[test]
        fn two_sides_share_the_room_and_the_focused_one_is_there(width in 40u16..300, height in 10u16..120, far: bool, alone: bool) {
            let mut layout = Layout::new(width, height, WISH);
            let whole = layout.body;
            layout.divide(PaneKind::Pods, far, alone);
            prop_assert_eq!(layout.far.is_empty() && layout.body.is_empty(), false);
            let there = if far { !layout.far.is_empty() } else { layout.pane(PaneKind::Pods).is_some() };
            prop_assert!(there);
            for area in [layout.far, layout.body].into_iter().filter(|area| !area.is_empty()) {
                prop_assert_eq!(area.intersection(whole), area);
                prop_assert!(area.width >= 20 && area.height >= 5, "{:?}", area);
            }
        }

        #[test]
        fn everything_stays_inside_at_every_size(width in 0u16..300, height in 0u16..120, zoomed: bool, agent: bool, at in 0usize..5, above in 0u16..12, below in 0u16..4, caption in 0u16..5, presenting: bool, dragged in prop::collection::vec((0usize..5, 0u16..300, 0u16..120), 0..4)) {
            let agent = agent || PaneKind::ALL[at] == PaneKind::Agent;
            let mut wish = Wish { focus: PaneKind::ALL[at], zoomed, agent, above, below, caption, presenting, shares: Shares::default() };
            let mut layout = Layout::new(width, height, wish);
            for (line, x, y) in dragged {
                if let Some(line) = layout.lines.get(line) {
                    wish.shares = line.dragged(wish.shares, x, y);
                    layout = Layout::new(width, height, wish);
                }
            }
            prop_assert_eq!(layout.too_small, width < LEAST.0 || height < LEAST.1);
            for (_, area) in &layout.panes {
                prop_assert_eq!(area.intersection(layout.body), *area);
                prop_assert!(area.width >= 3 && area.height >= 3, "{:?}", area);
            }
            if !layout.too_small {
                prop_assert!(layout.pane(wish.focus).is_some());
            }
        }
    }
}
