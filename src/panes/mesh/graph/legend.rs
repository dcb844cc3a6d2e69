//! What the marks on screen mean: those that are there, and no others.

use std::collections::BTreeSet;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Look, boxes, marks, size::Size, wires};
use crate::{
    base::width,
    config::Role,
    mesh::{
        dataplane::Dataplane,
        graph::{Edge, Graph},
    },
    widgets::put,
};

/// Draws the line of the legend.
pub fn draw(area: Rect, buf: &mut Buffer, graph: &Graph, size: Size, look: &Look<'_>) {
    if area.height == 0 {
        return;
    }
    let ascii = look.theme.ascii;
    let mut words: Vec<(&str, &str)> = Vec::new();
    let there: BTreeSet<Dataplane> = graph.nodes().iter().filter_map(|node| node.dataplane).collect();
    for dataplane in there {
        words.push((marks::dataplane(dataplane, ascii), dataplane.word()));
    }
    if graph.nodes().iter().any(|node| node.waypoint.is_some()) {
        words.push((marks::via(ascii), "waypoint"));
    }
    if graph.edges().iter().any(Edge::only_tcp) {
        words.push((marks::connections(ascii).trim_end(), "TCP"));
    }
    let told: BTreeSet<Option<bool>> = graph.edges().iter().map(|edge| edge.mtls).collect();
    if size == Size::Full || told.contains(&Some(false)) {
        for mtls in [true, false] {
            if told.contains(&Some(mtls)) {
                words.push((marks::lock(mtls, ascii), if mtls { "mTLS" } else { "plaintext" }));
            }
        }
    }
    if told.iter().all(Option::is_none) && !graph.edges().is_empty() {
        words.push(("mTLS", "unknown"));
    }
    let top = graph.edges().iter().map(|edge| edge.tally.rps).fold(0.0, f64::max);
    if graph.edges().iter().any(|edge| wires::busy(edge, top)) {
        words.push((if ascii { "==" } else { "━━" }, "busiest"));
    }
    let unwell: BTreeSet<Role> = graph.nodes().iter().filter_map(boxes::unwell).collect();
    for (role, mark, word) in [(Role::Warn, "!", "degraded"), (Role::Bad, if ascii { "x" } else { "✗" }, "failing")] {
        if unwell.contains(&role) {
            words.push((mark, word));
        }
    }
    if graph.edges().iter().any(|edge| edge.split.is_some()) {
        words.push(("10% (9%)", "weight (measured)"));
    }
    if graph.edges().iter().any(|edge| edge.from == edge.to) {
        words.push((marks::itself(ascii), "calls itself"));
    }
    let mut x = area.x + 1;
    for (mark, word) in words {
        let cells = u16::try_from(width::width(mark) + 1 + width::width(word)).unwrap_or(u16::MAX);
        if x.saturating_add(cells) > area.right() {
            break;
        }
        x += put(buf, x, area.y, area.right() - x, mark, look.theme.style(Role::Text)) + 1;
        x += put(buf, x, area.y, area.right() - x, word, look.theme.style(Role::TextDim)) + 3;
    }
}
