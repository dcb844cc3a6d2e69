//! Calls as lines: thick for the busiest, coloured only when they fail, bright when they are of the node under the cursor.

use std::collections::{BTreeMap, HashMap};

use compact_str::format_compact;
use ratatui::{
    buffer::Buffer,
    style::{Modifier, Style},
};

use super::{BEYOND, Frame, Look, keeps, marks, size::Size};
use crate::{
    base::width,
    config::Role,
    mesh::graph::{
        Edge, Graph, NodeId, Sheet,
        sheet::{Arrow, Wire},
    },
    panes::pods::{errors, rate},
    widgets::{put, put_spans},
};

/// Line glyphs by their arms, each none, thin or thick: `up * 27 + right * 9 + down * 3 + left`.
const GLYPHS: [&str; 81] = [
    " ", "╴", "╸", "╷", "╮", "┑", "╻", "┒", "┓", "╶", "─", "╾", "╭", "┬", "┭", "┎", "┰", "┱", "╺", "╼", "━", "┍", "┮",
    "┯", "┏", "┲", "┳", "╵", "╯", "┙", "│", "┤", "┥", "╽", "┧", "┪", "╰", "┴", "┵", "├", "┼", "┽", "┟", "╁", "╅", "┕",
    "┶", "┷", "┝", "┾", "┿", "┢", "╆", "╈", "╹", "┚", "┛", "╿", "┦", "┩", "┃", "┨", "┫", "┖", "┸", "┹", "┞", "╀", "╃",
    "┠", "╂", "╉", "┗", "┺", "┻", "┡", "╄", "╇", "┣", "╊", "╋",
];

const UP: usize = 0;
const RIGHT: usize = 1;
const DOWN: usize = 2;
const LEFT: usize = 3;

/// What lines are drawn in, the one that covers the others last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Ink {
    /// Nothing flows.
    #[default]
    Idle,
    Calm,
    Chosen,
    Warn,
    Bad,
}

impl Ink {
    fn role(self) -> Role {
        match self {
            Self::Idle => Role::Border,
            Self::Calm => Role::TextDim,
            Self::Chosen => Role::Accent,
            Self::Warn => Role::Warn,
            Self::Bad => Role::Bad,
        }
    }
}

/// Cells of lines, by where they are on paper.
pub type Joints = HashMap<(u16, u16), Joint>;

/// One cell of lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Joint {
    arms: [u8; 4],
    ink: Ink,
    chosen: bool,
}

impl Joint {
    /// The line that leads to this cell from the left, if one does, as a piece of its own.
    pub fn lead(self, look: &Look<'_>) -> Option<(&'static str, Style)> {
        let weight = self.arms[LEFT];
        let piece = glyph([0, weight, 0, weight], look.theme.ascii);
        (weight > 0).then(|| (piece, look.theme.style(self.ink.role())))
    }
}

/// Draws the calls of a sheet on paper; gives the cells they take.
pub fn draw(paper: &mut Buffer, graph: &Graph, sheet: &Sheet, frame: &Frame<'_>, look: &Look<'_>) -> Joints {
    let top = graph.edges().iter().map(|edge| edge.tally.rps).fold(0.0, f64::max);
    let mut joints = Joints::new();
    for wire in &sheet.wires {
        let Some(edge) = graph.edges().get(wire.edge) else { continue };
        let chosen = touches(edge, frame);
        let stroke = Joint { arms: [if busy(edge, top) { 2 } else { 1 }; 4], ink: ink(graph, edge, frame), chosen };
        trace(&mut joints, wire, stroke, frame);
    }
    for (at, joint) in &joints {
        let Some(cell) = paper.cell_mut(*at) else { continue };
        cell.set_symbol(glyph(joint.arms, look.theme.ascii));
        let mut style = look.theme.style(joint.ink.role());
        if joint.chosen {
            style = style.add_modifier(Modifier::BOLD);
        }
        cell.set_style(style);
    }
    arrows(paper, graph, sheet, frame, look);
    if frame.size == Size::Full {
        labels(paper, graph, sheet, frame, look);
    }
    joints
}

fn touches(edge: &Edge, frame: &Frame<'_>) -> bool {
    frame.chosen.is_some_and(|at| edge.from == at || edge.to == at)
}

/// At least half as much as the busiest call.
pub fn busy(edge: &Edge, top: f64) -> bool {
    top > 0.0 && edge.tally.rps >= top / 2.0
}

fn ink(graph: &Graph, edge: &Edge, frame: &Frame<'_>) -> Ink {
    let kept = |at: usize| graph.nodes().get(at).is_some_and(|node| keeps(frame.filter, node));
    if !kept(edge.from) && !kept(edge.to) {
        return Ink::Idle;
    }
    match errors(edge.error_share()).role {
        Some(Role::Bad) => Ink::Bad,
        Some(Role::Warn) => Ink::Warn,
        _ if touches(edge, frame) => Ink::Chosen,
        _ if edge.busy() => Ink::Calm,
        _ => Ink::Idle,
    }
}

/// Lays the cells of a wire that are on paper.
fn trace(joints: &mut Joints, wire: &Wire, stroke: Joint, frame: &Frame<'_>) {
    let mut lay = |x: i32, y: i32, arms: &[usize]| {
        let Some(at) = frame.at(x, y) else { return };
        let joint = joints.entry(at).or_default();
        for arm in arms {
            joint.arms[*arm] = joint.arms[*arm].max(stroke.arms[*arm]);
        }
        joint.ink = joint.ink.max(stroke.ink);
        joint.chosen |= stroke.chosen;
    };
    // What is far outside is not worth a step.
    let seen_x = (frame.origin.0 - 1, frame.origin.0 + i32::from(frame.window.0) + 1);
    let seen_y = (frame.origin.1 - 1, frame.origin.1 + i32::from(frame.window.1) + 1);
    for pair in wire.points.windows(2) {
        let [(x0, y0), (x1, y1)] = pair else { continue };
        let (left, right, above, below) = (*x0.min(x1), *x0.max(x1), *y0.min(y1), *y0.max(y1));
        if left < right {
            lay(left, *y0, &[RIGHT]);
            lay(right, *y0, &[LEFT]);
            for x in (left + 1).max(seen_x.0)..right.min(seen_x.1) {
                lay(x, *y0, &[LEFT, RIGHT]);
            }
        } else if above < below {
            lay(*x0, above, &[DOWN]);
            lay(*x0, below, &[UP]);
            for y in (above + 1).max(seen_y.0)..below.min(seen_y.1) {
                lay(*x0, y, &[UP, DOWN]);
            }
        }
    }
    // The line touches its node.
    if let Some((x, y)) = wire.points.first() {
        lay(*x, *y, &[LEFT]);
    }
}

fn glyph(arms: [u8; 4], ascii: bool) -> &'static str {
    if ascii {
        let [up, right, down, left] = arms.map(|arm| arm > 0);
        return match (up || down, left || right) {
            (true, true) => "+",
            (true, false) => "|",
            (false, _) if arms[RIGHT].max(arms[LEFT]) > 1 => "=",
            (false, _) => "-",
        };
    }
    let at = arms.iter().fold(0, |sum, arm| sum * 3 + usize::from(*arm));
    GLYPHS.get(at).copied().unwrap_or(" ")
}

fn arrows(paper: &mut Buffer, graph: &Graph, sheet: &Sheet, frame: &Frame<'_>, look: &Look<'_>) {
    let ascii = look.theme.ascii;
    let mut heads: BTreeMap<(i32, i32), (Ink, bool, Arrow, bool)> = BTreeMap::new();
    for wire in &sheet.wires {
        let Some(edge) = graph.edges().get(wire.edge) else { continue };
        let hit = graph.nodes().get(edge.to).is_some_and(|node| hit(&node.id, look));
        let one = (ink(graph, edge, frame), touches(edge, frame), wire.points_to, hit);
        let head = heads.entry(wire.arrow).or_insert(one);
        *head = (head.0.max(one.0), head.1 || one.1, head.2, head.3 || one.3);
    }
    for ((x, y), (ink, chosen, points_to, hit)) in heads {
        let Some(cell) = frame.at(x, y).and_then(|at| paper.cell_mut(at)) else { continue };
        cell.set_symbol(match (points_to, ascii) {
            _ if hit => marks::fault(ascii),
            (Arrow::Right, false) => "▶",
            (Arrow::Left, false) => "◀",
            (Arrow::Right, true) => ">",
            (Arrow::Left, true) => "<",
        });
        let mut style = look.theme.style(if hit { Role::Fault } else { ink.role() });
        if chosen {
            style = style.add_modifier(Modifier::BOLD);
        }
        cell.set_style(style);
    }
}

/// Whether a live fault hits a node.
pub fn hit(id: &NodeId, look: &Look<'_>) -> bool {
    match id {
        NodeId::Workload((namespace, name)) => look.world.any_live() && look.world.hits_workload(namespace, name),
        NodeId::Unknown | NodeId::Service(_) | NodeId::External(_) => false,
    }
}

/// Figures on lines: of the one call that arrives at a node, or of the one among them that is of the node under the cursor.
fn labels(paper: &mut Buffer, graph: &Graph, sheet: &Sheet, frame: &Frame<'_>, look: &Look<'_>) {
    let mut arriving: BTreeMap<usize, Vec<&Wire>> = BTreeMap::new();
    for wire in sheet.wires.iter().filter(|wire| wire.points_to == Arrow::Right) {
        if let Some(edge) = graph.edges().get(wire.edge) {
            arriving.entry(edge.to).or_default().push(wire);
        }
    }
    for wires in arriving.values() {
        let of = |wire: &&Wire| graph.edges().get(wire.edge);
        let mine: Vec<&&Wire> = wires
            .iter()
            .filter(|wire| frame.chosen.is_some() && of(wire).is_some_and(|edge| Some(edge.from) == frame.chosen))
            .collect();
        let wire = match (wires.as_slice(), mine.as_slice()) {
            ([only], _) => *only,
            (_, [mine]) => **mine,
            _ => continue,
        };
        let (Some(edge), Some((x, y, cells))) = (of(&wire), wire.label) else { continue };
        label(paper, edge, (x, y, cells), frame, look);
    }
}

fn label(paper: &mut Buffer, edge: &Edge, (x, y, cells): (i32, i32, i32), frame: &Frame<'_>, look: &Look<'_>) {
    let lock = edge.mtls.map_or(String::new(), |mtls| format!("{} ", marks::lock(mtls, look.theme.ascii)));
    let requests = if edge.only_tcp() {
        format_compact!("{}{}/s", marks::connections(look.theme.ascii), rate(edge.tcp.opened.unwrap_or_default()))
    } else {
        format_compact!("{}/s", rate(edge.tally.rps))
    };
    let failed = errors(edge.error_share());
    let failed_text = match edge.error_share() {
        Some(_) => format_compact!(" {}%", failed.text),
        None => compact_str::CompactString::default(),
    };
    // The wanted share tells more of a call without errors than another zero does.
    let split = edge.split.as_ref().filter(|_| edge.tally.failed <= 0.0);
    let split = split.map_or_else(String::new, |split| format!(" {}", split.asked()));
    let room = usize::try_from(cells - 3).unwrap_or(0);
    let fixed = width::width(&lock) + width::width(&requests);
    let more = [split.as_str(), failed_text.as_str()]
        .into_iter()
        .find(|text| !text.is_empty() && fixed + width::width(text) <= room);
    let failed_text = compact_str::CompactString::from(more.unwrap_or_default());
    let used = fixed + width::width(&failed_text);
    if used > room {
        return;
    }
    let start = x + cells - 2 - i32::try_from(used).unwrap_or(0);
    let Some((x, y)) = frame.at(start, y) else { return };
    if usize::from(x) + used + 1 > usize::from(frame.window.0 + 2 * BEYOND.0) {
        return;
    }
    let dim = look.theme.style(Role::TextDim);
    let plain = look.theme.style(if touches(edge, frame) { Role::Text } else { Role::TextDim });
    put(paper, x.saturating_sub(1), y, 1, " ", dim);
    let failed_style = failed.role.map_or(plain, |role| look.theme.style(role));
    let end = put_spans(
        paper,
        x,
        y,
        u16::try_from(used).unwrap_or(0),
        [(lock.as_str(), plain), (requests.as_str(), plain), (failed_text.as_str(), failed_style)],
    );
    put(paper, x + end, y, 1, " ", dim);
}
