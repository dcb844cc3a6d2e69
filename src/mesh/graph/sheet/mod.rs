//! A layout in character cells: where each node's box is, and along which cells its calls run.
//!
//! Layers are columns with channels between them. A call leaves its caller to the right, turns once in each channel (`channel`)
//! and passes columns where they are free (`lanes`). Calls of one caller share a line until they part, calls of one called
//! node once they have met. A call against the direction runs the same way, with its arrow at the left end.
//!
//! It draws nothing: lines, colours and words are the pane's.

mod channel;
mod lanes;

use std::collections::BTreeSet;

use super::{Graph, Layout};

/// How large things are, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Rows of a node.
    pub height: i32,
    /// Empty rows between two nodes.
    pub gap: i32,
    /// Row of a node in which its calls arrive and leave.
    pub port: i32,
    /// Cells kept free before a node, for what a line says.
    pub label: i32,
    /// All nodes of a column are as wide as the widest.
    pub even: bool,
}

/// A node's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Box {
    /// First column.
    pub x: i32,
    /// First row.
    pub y: i32,
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

/// Which way an arrow points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrow {
    /// To the right, as calls go.
    Right,
    /// To the left: a call against the direction.
    Left,
}

/// The cells of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// Index of the call in the graph's edges.
    pub edge: usize,
    /// Its corners, from the left end to the right one (for two nodes of one column: from caller to called).
    pub points: Vec<(i32, i32)>,
    /// The cell of its arrow.
    pub arrow: (i32, i32),
    /// Where the arrow points.
    pub points_to: Arrow,
    /// Cells before the arrow that no other line crosses: first column, row, columns. All calls that arrive here share them.
    pub label: Option<(i32, i32, i32)>,
}

/// Boxes and wires.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// One per node of the graph, in its order.
    pub boxes: Vec<Box>,
    /// One per call that is not of a node to itself.
    pub wires: Vec<Wire>,
    /// Columns and rows.
    pub size: (i32, i32),
}

/// Columns of a layer, and the channel to its right.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    x: i32,
    width: i32,
}

impl Sheet {
    /// Puts a layout on paper. `widths`: cells each node would like to have.
    pub fn new(graph: &Graph, layout: &Layout, scale: Scale, widths: &[i32]) -> Self {
        let places: Vec<_> = graph
            .nodes()
            .iter()
            .map(|node| layout.place(&node.id).unwrap_or(super::layout::Place { layer: 0, slot: 0 }))
            .collect();
        let Some(first) = places.iter().map(|place| place.layer).min() else { return Self::default() };
        let layer = |at: usize| places.get(at).map_or(0, |place| usize::try_from(place.layer - first).unwrap_or(0));
        let count = (0..places.len()).map(layer).max().unwrap_or(0) + 1;
        let pitch = scale.height + scale.gap;
        let top = |at: usize| places.get(at).map_or(0, |place| place.slot.saturating_mul(pitch));
        let port = |at: usize| top(at) + scale.port;
        let mut columns = vec![Column::default(); count];
        for at in 0..places.len() {
            if let Some(column) = columns.get_mut(layer(at)) {
                column.width = column.width.max(widths.get(at).copied().unwrap_or(1).max(1));
            }
        }
        let mut lanes = lanes::Lanes::new(count);
        for at in 0..places.len() {
            lanes.block(layer(at), top(at), scale.height);
        }
        let calls = calls(graph, &layer, &port);
        for call in &calls {
            lanes.lead(call);
        }
        let mut channels: Vec<channel::Channel> = (0..count).map(|_| channel::Channel::default()).collect();
        for call in &calls {
            for (step, left, right) in hops(call, &lanes) {
                if let Some(channel) = channels.get_mut(step.0) {
                    channel.pin(step.1, left, right);
                }
            }
        }
        let mut x = 0;
        for (column, channel) in columns.iter_mut().zip(&mut channels) {
            column.x = x;
            channel.assign();
            let room = if channel.is_empty() { 2 } else { channel.width() + scale.label + 2 };
            x += column.width + room;
        }
        let boxes: Vec<Box> = (0..places.len())
            .map(|at| {
                let column = columns.get(layer(at)).copied().unwrap_or_default();
                let own = widths.get(at).copied().unwrap_or(1).clamp(1, column.width.max(1));
                Box {
                    x: column.x,
                    y: top(at),
                    width: if scale.even { column.width } else { own },
                    height: scale.height,
                }
            })
            .collect();
        let mut sheet = Self { boxes, ..Self::default() };
        sheet.run(&calls, &columns, &channels, &lanes, scale);
        let right = sheet.boxes.iter().map(|one| one.x + one.width);
        let bends = || sheet.wires.iter().flat_map(|wire| &wire.points);
        let wide = right.chain(bends().map(|point| point.0 + 1)).max().unwrap_or(0);
        let low = sheet.boxes.iter().map(|one| one.y + one.height).chain(bends().map(|point| point.1 + 1)).max();
        sheet.size = (wide, low.unwrap_or(0));
        sheet
    }

    /// Runs the wires along their tracks and lanes.
    fn run(
        &mut self,
        calls: &[Call],
        columns: &[Column],
        channels: &[channel::Channel],
        lanes: &lanes::Lanes,
        scale: Scale,
    ) {
        // Where a call against the direction leaves at the left, the line there is not of those alone that arrive.
        let crossed: BTreeSet<usize> =
            calls.iter().filter(|call| call.kind == Kind::Backward).map(|call| call.right).collect();
        let edge_of = |at: usize| self.boxes.get(at).map_or(0, |one| one.x + one.width);
        let mut wires = Vec::with_capacity(calls.len());
        for call in calls {
            let mut points = vec![(edge_of(call.left), call.rows.0)];
            let mut last_track = edge_of(call.left);
            for (step, left, right) in hops(call, lanes) {
                let Some((column, channel)) = columns.get(step.0).zip(channels.get(step.0)) else { continue };
                if left != right || call.kind == Kind::Beside {
                    let x = column.x + column.width + 1 + channel.track(step.1);
                    points.push((x, left));
                    points.push((x, right));
                    last_track = x;
                } else {
                    last_track = column.x + column.width;
                }
                last_track = last_track.max(column.x + column.width + channel.width());
            }
            let end = match call.kind {
                Kind::Beside => edge_of(call.right),
                Kind::Forward | Kind::Backward => self.boxes.get(call.right).map_or(0, |one| one.x - 1),
            };
            points.push((end, call.rows.1));
            points.dedup();
            let (arrow, points_to) = match call.kind {
                Kind::Forward => ((end, call.rows.1), Arrow::Right),
                Kind::Backward => ((edge_of(call.left), call.rows.0), Arrow::Left),
                Kind::Beside => ((end, call.rows.1), Arrow::Left),
            };
            let alone = call.kind == Kind::Forward && !crossed.contains(&call.right);
            let label = (alone && scale.label > 0).then_some((last_track + 1, call.rows.1, end - last_track - 1));
            wires.push(Wire { edge: call.edge, points, arrow, points_to, label });
        }
        self.wires = wires;
    }
}

/// How a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// From left to right.
    Forward,
    /// From right to left.
    Backward,
    /// Within one column.
    Beside,
}

/// A call between two nodes, by where they stand.
#[derive(Debug, Clone, Copy)]
struct Call {
    edge: usize,
    kind: Kind,
    /// The left node, or the caller of one column.
    left: usize,
    right: usize,
    layers: (usize, usize),
    rows: (i32, i32),
}

fn calls(graph: &Graph, layer: &dyn Fn(usize) -> usize, port: &dyn Fn(usize) -> i32) -> Vec<Call> {
    let ends = graph.edges().iter().enumerate().filter(|(_, edge)| edge.from != edge.to);
    ends.map(|(at, edge)| {
        let (left, right, kind) = match layer(edge.from).cmp(&layer(edge.to)) {
            std::cmp::Ordering::Less => (edge.from, edge.to, Kind::Forward),
            std::cmp::Ordering::Equal => (edge.from, edge.to, Kind::Beside),
            std::cmp::Ordering::Greater => (edge.to, edge.from, Kind::Backward),
        };
        Call { edge: at, kind, left, right, layers: (layer(left), layer(right)), rows: (port(left), port(right)) }
    })
    .collect()
}

/// Who shares a line in a channel: calls that leave one node, or pass a column on their way to one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bundle {
    /// Calls of a node.
    Out(usize),
    /// Calls against the direction that end at a node.
    Back(usize),
    /// Calls that pass on to a node.
    Pass(bool, usize),
}

/// A call channel by channel: which one and whose line, the row at its left side and the row at its right.
fn hops(call: &Call, lanes: &lanes::Lanes) -> Vec<((usize, Bundle), i32, i32)> {
    let back = call.kind == Kind::Backward;
    let first = if back { Bundle::Back(call.left) } else { Bundle::Out(call.left) };
    if call.kind == Kind::Beside {
        return vec![((call.layers.0, first), call.rows.0, call.rows.1)];
    }
    let mut hops = Vec::with_capacity(call.layers.1 - call.layers.0);
    let mut row = call.rows.0;
    for layer in call.layers.0..call.layers.1 {
        let bundle = if layer == call.layers.0 { first } else { Bundle::Pass(back, call.right) };
        let next = if layer + 1 == call.layers.1 {
            call.rows.1
        } else {
            lanes.row(back, call.right, layer + 1).unwrap_or(call.rows.1)
        };
        hops.push(((layer, bundle), row, next));
        row = next;
    }
    hops
}
