//! The service graph in the pane: who calls whom, from left to right.
//!
//! [`Picture`] holds the graph, its places and the cursor; `size` says how large nodes are, `cursor` how keys move along the
//! drawing, `wires` and `boxes` draw, `details` tells of the node under the cursor, `legend` what the marks mean.
//! Places come from [`crate::mesh::graph::layout`] and stay from look to look, so that nothing moves under the reader.

mod boxes;
mod cursor;
pub mod details;
mod legend;
mod marks;
mod size;
mod wires;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{Filter, Look, World};
use crate::{
    config::Role,
    mesh::graph::{Graph, Layout, Node, NodeId, Sheet, layout::Followed, sheet::Box},
    msg::Command,
    widgets::fill,
};
use size::Size;

/// Cells drawn beyond each edge of the window, so that what is half outside is cut and not moved.
const BEYOND: (u16, u16) = (80, 8);

/// A graph with the places of its nodes.
#[derive(Debug, Default)]
struct Part {
    graph: Graph,
    layout: Layout,
}

/// See the module docs.
#[derive(Debug, Default)]
pub struct Picture {
    shown: bool,
    whole: Part,
    /// The part that one node takes part in, while it alone is looked at.
    focus: Option<(NodeId, Part)>,
    cursor: Option<NodeId>,
    /// The size a person chose.
    chosen: Option<Size>,
    size: Size,
    /// How wide nodes are at most, and whether namespaces stand before names.
    fit: (usize, bool),
    sheet: Sheet,
    /// The cell of the sheet in the window's upper left corner.
    offset: (i32, i32),
    /// The window the drawing was fitted to.
    window: (u16, u16),
    /// Where it stood when it was fitted last.
    area: Rect,
    /// Where in the window the node under the cursor was drawn, while the graph is newer than the drawing.
    anchor: Option<(i32, i32)>,
    /// The drawing is older than the graph.
    stale: bool,
    /// The size is to be chosen anew.
    refit: bool,
}

impl Picture {
    /// Whether the graph is looked at, instead of the table.
    pub fn shown(&self) -> bool {
        self.shown
    }

    /// Shows the graph, or the table again.
    pub fn show(&mut self, shown: bool, world: &World) {
        self.shown = shown;
        self.focus = None;
        self.refit = true;
        self.hear(world);
    }

    /// Forgets everything: another namespace, another cluster.
    pub fn clear(&mut self) {
        *self = Self { shown: self.shown, chosen: self.chosen, refit: true, ..Self::default() };
    }

    /// Takes a look over, while it is shown.
    pub fn hear(&mut self, world: &World) {
        let Some(snapshot) = world.metrics.as_deref().filter(|_| self.shown) else { return };
        if !self.stale {
            self.anchor = self.cursor_box().map(|one| (one.0 - self.offset.0, one.1 - self.offset.1));
        }
        self.whole.graph = Graph::of(snapshot, &world.around, &world.weights);
        self.refit |= self.whole.layout.follow(&self.whole.graph) == Followed::Anew;
        if let Some((id, part)) = &mut self.focus {
            part.graph = self.whole.graph.focus(id);
            part.layout.follow(&part.graph);
            if part.graph.nodes().is_empty() {
                self.focus = None;
            }
        }
        self.stale = true;
    }

    /// The graph looked at.
    pub fn graph(&self) -> &Graph {
        &self.part().graph
    }

    fn part(&self) -> &Part {
        self.focus.as_ref().map_or(&self.whole, |(_, part)| part)
    }

    /// The node under the cursor.
    pub fn selected(&self) -> Option<&Node> {
        let graph = self.graph();
        graph.nodes().get(graph.at(self.cursor.as_ref()?)?)
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        self.shown
    }

    /// Carries a command out; false when it means nothing here.
    pub fn update(&mut self, command: Command) -> bool {
        match command {
            Command::GraphFocus
                if self.focus.is_some() && self.focus.as_ref().map(|(id, _)| id) == self.cursor.as_ref() =>
            {
                self.unfocus();
            }
            Command::GraphFocus => {
                if let Some(id) = self.cursor.clone() {
                    let graph = self.whole.graph.focus(&id);
                    let layout = Layout::fresh(&graph);
                    self.focus = Some((id, Part { graph, layout }));
                    (self.stale, self.refit) = (true, true);
                }
            }
            Command::GraphSize => {
                self.chosen = Some(self.size.next());
                (self.stale, self.refit) = (true, true);
            }
            Command::GraphLayout => {
                self.whole.layout = Layout::fresh(&self.whole.graph);
                if let Some((_, part)) = &mut self.focus {
                    part.layout = Layout::fresh(&part.graph);
                }
                self.chosen = None;
                (self.stale, self.refit) = (true, true);
            }
            Command::Back if self.focus.is_some() => self.unfocus(),
            Command::Back => self.shown = false,
            command => {
                let from = self.cursor.as_ref().and_then(|id| self.graph().at(id));
                let page = i32::from(self.window.1);
                match cursor::step(self.graph(), &self.sheet, from, command, page) {
                    Some(to) => self.cursor = self.graph().nodes().get(to).map(|node| node.id.clone()),
                    None => return false,
                }
            }
        }
        true
    }

    fn unfocus(&mut self) {
        self.focus = None;
        (self.stale, self.refit) = (true, true);
    }

    /// Moves to the first node that a filter keeps, unless the one under the cursor is kept.
    pub fn seek(&mut self, filter: &Filter) {
        let kept = |node: &&Node| keeps(filter, node);
        if filter.is_empty() || self.selected().is_some_and(|node| kept(&node)) {
            return;
        }
        let first = self.graph().nodes().iter().filter(kept).min_by_key(|node| self.part().layout.place(&node.id));
        if let Some(id) = first.map(|node| node.id.clone()) {
            self.cursor = Some(id);
        }
    }

    /// Moves to a node, when it is there.
    pub fn select(&mut self, id: NodeId) -> bool {
        let there = self.graph().nodes().iter().any(|node| node.id == id);
        if there {
            self.cursor = Some(id);
        }
        there
    }

    /// Words for the title.
    pub fn words(&self) -> Vec<(String, Role)> {
        let graph = self.graph();
        let count = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let mut words = vec![(
            format!("graph · {} · {}", count(graph.nodes().len(), "node"), count(graph.edges().len(), "call")),
            Role::TextDim,
        )];
        if let Some((id, _)) = &self.focus {
            words.push((format!("only {}", id.name()), Role::Accent));
        }
        words
    }

    /// Puts the cursor on the node at a cell of the screen; whether there is one.
    pub fn point(&mut self, x: u16, y: u16) -> bool {
        let regions = details::Regions::of(self.area);
        if !regions.drawing.contains(Position { x, y }) {
            return false;
        }
        let at = |cell: u16, from: u16, offset: i32| i32::from(cell) - i32::from(from) + offset;
        let (x, y) = (at(x, regions.drawing.x, self.offset.0), at(y, regions.drawing.y, self.offset.1));
        let hit = |one: &Box| (one.x..one.x + one.width).contains(&x) && (one.y..one.y + one.height).contains(&y);
        let place = self.sheet.boxes.iter().position(hit);
        let id = place.and_then(|place| Some(self.graph().nodes().get(place)?.id.clone()));
        let found = id.is_some();
        self.cursor = id.or(self.cursor.take());
        found
    }

    /// Fits the drawing to the pane.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        self.area = area;
        let regions = details::Regions::of(area);
        let window = (regions.drawing.width, regions.drawing.height);
        let resized = self.window != window;
        self.window = window;
        if self.selected().is_none() {
            let layout = &self.part().layout;
            let first = self.graph().nodes().iter().min_by_key(|node| layout.place(&node.id));
            self.cursor = first.map(|node| node.id.clone());
        }
        if self.stale || resized {
            let anew = self.refit || resized;
            self.draw_up(anew, look.world);
            match self.anchor.take().zip(self.cursor_box()).filter(|_| !anew) {
                Some((was, now)) => self.offset = (now.0 - was.0, now.1 - was.1),
                None => self.offset = (middle(self.sheet.size.0, window.0), middle(self.sheet.size.1, window.1)),
            }
            (self.stale, self.refit) = (false, false);
        }
        self.follow_cursor();
    }

    /// Where the box under the cursor begins.
    fn cursor_box(&self) -> Option<(i32, i32)> {
        let one = self.sheet.boxes.get(self.graph().at(self.cursor.as_ref()?)?)?;
        Some((one.x, one.y))
    }

    /// Puts the layout on paper, in the largest size that fits when it is to be chosen.
    fn draw_up(&mut self, choose: bool, world: &World) {
        let namespace = world.only_namespace();
        let part = self.focus.as_ref().map_or(&self.whole, |(_, part)| part);
        let window = (i32::from(self.window.0), i32::from(self.window.1));
        let with = |size: Size, fit: (usize, bool)| {
            let widths = size::widths(&part.graph, size, fit, namespace);
            Sheet::new(&part.graph, &part.layout, size.scale(), &widths)
        };
        // Names give way before columns leave the window.
        let of = |size: Size| {
            let fits = if size.boxed() { &size::FITS[..1] } else { &size::FITS[..] };
            let mut all = fits.iter().map(|fit| (*fit, with(size, *fit)));
            let first = all.next().unwrap_or_default();
            let fits = |(_, sheet): &((usize, bool), Sheet)| sheet.size.0 <= window.0;
            if fits(&first) {
                return first;
            }
            // Where no width shows every column, the narrowest shows the most of them.
            let rest: Vec<_> = all.collect();
            let at = rest.iter().position(fits).unwrap_or(rest.len().saturating_sub(1));
            rest.into_iter().nth(at).unwrap_or(first)
        };
        let (size, (fit, sheet)) = match self.chosen {
            Some(size) if choose => (size, of(size)),
            Some(size) if size != self.size => (size, of(size)),
            None if choose => {
                let all = Size::ALL.map(|size| (size, of(size)));
                let fits = |sheet: &Sheet| sheet.size.0 <= window.0 && sheet.size.1 <= window.1;
                // Where nothing fits, a little to scroll sideways is better than small print.
                let nearly = |sheet: &Sheet| sheet.size.0 * 2 <= window.0 * 3 && sheet.size.1 <= window.1;
                let best = all.iter().position(|(_, (_, sheet))| fits(sheet));
                let best = best.or_else(|| all.iter().position(|(_, (_, sheet))| nearly(sheet)));
                let low = || all.iter().rposition(|(_, (_, sheet))| sheet.size.1 <= window.1);
                let best = best.or_else(low).unwrap_or(Size::ALL.len() - 1);
                all.into_iter().nth(best).unwrap_or_default()
            }
            // What was chosen once stays, or everything would move with a name that comes.
            Some(_) | None => (self.size, (self.fit, with(self.size, self.fit))),
        };
        (self.size, self.fit, self.sheet) = (size, fit, sheet);
    }

    /// Scrolls so that the node under the cursor is seen, with a little around it.
    fn follow_cursor(&mut self) {
        let at = self.cursor.as_ref().and_then(|id| self.graph().at(id));
        let Some(one) = at.and_then(|at| self.sheet.boxes.get(at)).copied() else { return };
        let window = (i32::from(self.window.0), i32::from(self.window.1));
        self.offset.0 = scrolled(self.offset.0, (one.x, one.width), window.0, self.sheet.size.0, 26);
        self.offset.1 = scrolled(self.offset.1, (one.y, one.height), window.1, self.sheet.size.1, 1);
    }

    /// Draws drawing, legend and details.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>, filter: &Filter) {
        let regions = details::Regions::of(area);
        let graph = self.graph();
        let chosen = self.cursor.as_ref().and_then(|id| graph.at(id));
        let drawing = regions.drawing;
        if (drawing.width, drawing.height) != self.window || drawing.width == 0 || drawing.height == 0 {
            return;
        }
        let sheet_area = Rect::new(0, 0, drawing.width + 2 * BEYOND.0, drawing.height + 2 * BEYOND.1);
        let mut paper = Buffer::empty(sheet_area);
        fill(&mut paper, sheet_area, look.theme.style(Role::Text));
        let frame =
            Frame { origin: self.offset, window: self.window, size: self.size, spaces: self.fit.1, chosen, filter };
        let joints = wires::draw(&mut paper, graph, &self.sheet, &frame, look);
        boxes::draw(&mut paper, graph, &self.sheet, &joints, &frame, look);
        for y in 0..drawing.height {
            for x in 0..drawing.width {
                if let (Some(to), Some(from)) =
                    (buf.cell_mut((drawing.x + x, drawing.y + y)), paper.cell((x + BEYOND.0, y + BEYOND.1)))
                {
                    *to = from.clone();
                }
            }
        }
        legend::draw(regions.legend, buf, graph, self.size, look);
        if let Some(at) = chosen {
            details::draw(&regions, buf, graph, at, look);
        }
    }
}

/// What drawing needs to know besides the sheet.
#[derive(Debug, Clone, Copy)]
struct Frame<'a> {
    /// The cell of the sheet in the window's upper left corner.
    origin: (i32, i32),
    window: (u16, u16),
    size: Size,
    /// Whether namespaces stand before names.
    spaces: bool,
    /// The node under the cursor.
    chosen: Option<usize>,
    filter: &'a Filter,
}

impl Frame<'_> {
    /// Where a cell of the sheet is on the paper; `None` beyond it.
    fn at(&self, x: i32, y: i32) -> Option<(u16, u16)> {
        let x = u16::try_from(x - self.origin.0 + i32::from(BEYOND.0)).ok()?;
        let y = u16::try_from(y - self.origin.1 + i32::from(BEYOND.1)).ok()?;
        (x < self.window.0 + 2 * BEYOND.0 && y < self.window.1 + 2 * BEYOND.1).then_some((x, y))
    }
}

/// Whether a filter keeps a node.
fn keeps(filter: &Filter, node: &Node) -> bool {
    filter.keeps([node.id.name(), node.id.namespace().unwrap_or_default(), node.kind().word()], |_| None)
}

/// The offset that shows a small drawing in the middle of the window, and a large one from its start.
fn middle(size: i32, window: u16) -> i32 {
    let spare = i32::from(window) - size;
    if spare > 0 { -(spare / 2).min(if spare > 40 { spare / 3 } else { spare / 2 }) } else { 0 }
}

/// The offset nearest to the old one that shows a span with a margin, and no more emptiness than there has to be.
fn scrolled(offset: i32, (from, cells): (i32, i32), window: i32, size: i32, margin: i32) -> i32 {
    let margin = margin.min((window - cells) / 2).max(0);
    let seen = offset.min(from - margin).max(from + cells + margin - window);
    let spare = window - size;
    if spare >= 0 { seen.clamp(-spare, 0) } else { seen.clamp(-1, 1 - spare) }
}
