//! The node under the cursor in words: what it is, what it gets, who calls it and whom it calls.

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{Look, marks, wires::hit};
use crate::{
    base::width,
    config::Role,
    mesh::{
        graph::{Edge, Graph, Node, NodeKind},
        health::State,
    },
    panes::pods::{errors, millis, rate},
    widgets::{
        frame::{self, Glyphs},
        put, put_right, put_spans,
    },
};

/// Columns of the strip at the side.
const SIDE: u16 = 42;
/// Rows of the strip at the bottom.
pub const BOTTOM: u16 = 7;

/// Who stands where in the pane.
#[derive(Debug, Clone, Copy)]
pub struct Regions {
    /// The drawing.
    pub drawing: Rect,
    /// One line below the drawing.
    pub legend: Rect,
    /// The strip, if there is room for one.
    pub details: Rect,
    side: bool,
}

impl Regions {
    /// Divides a pane: at the side where it is wide, at the bottom where it is not, one line where it is small.
    pub fn of(area: Rect) -> Self {
        let side = area.width >= 120;
        let (drawing, details) = if side {
            let left = area.width - SIDE;
            (Rect { width: left, ..area }, Rect { x: area.x + left, width: SIDE, ..area })
        } else {
            let rows = match area.height {
                16.. => BOTTOM,
                8.. => 1,
                _ => 0,
            };
            let above = area.height - rows;
            (Rect { height: above, ..area }, Rect { y: area.y + above, height: rows, ..area })
        };
        let legend = u16::from(area.height >= 10).min(drawing.height);
        let drawn = drawing.height - legend;
        Self {
            drawing: Rect { height: drawn, ..drawing },
            legend: Rect { y: drawing.y + drawn, height: legend, ..drawing },
            details,
            side,
        }
    }
}

/// Draws the strip.
pub fn draw(regions: &Regions, buf: &mut Buffer, graph: &Graph, at: usize, look: &Look<'_>) {
    let area = regions.details;
    let Some(node) = graph.nodes().get(at) else { return };
    if area.height == 0 || area.width < 20 {
        return;
    }
    let (mut arriving, mut leaving): (Vec<&Edge>, Vec<&Edge>) =
        (graph.arriving(at).collect(), graph.leaving(at).collect());
    for list in [&mut arriving, &mut leaving] {
        list.sort_by(|a, b| b.tally.rps.total_cmp(&a.tally.rps));
    }
    if area.height == 1 {
        summary(area, buf, node, (arriving.len(), leaving.len()), look);
    } else if regions.side {
        at_the_side(area, buf, graph, node, (&arriving, &leaving), look);
    } else {
        at_the_bottom(area, buf, graph, node, (&arriving, &leaving), look);
    }
}

/// All of it in one line.
fn summary(area: Rect, buf: &mut Buffer, node: &Node, (arriving, leaving): (usize, usize), look: &Look<'_>) {
    let style = |role| look.theme.style(role);
    let calls = format!("  called by {arriving}, calls {leaving}  ");
    let figures = figures(node);
    let spans = [(node.id.name(), style(Role::TextStrong)), (calls.as_str(), style(Role::TextDim))];
    let spans = spans.into_iter().chain(figures.iter().map(|(text, role)| (text.as_str(), style(*role))));
    put_spans(buf, area.x + 1, area.y, area.width.saturating_sub(2), spans);
}

type Calls<'a> = (&'a [&'a Edge], &'a [&'a Edge]);

fn at_the_side(
    area: Rect,
    buf: &mut Buffer,
    graph: &Graph,
    node: &Node,
    (arriving, leaving): Calls<'_>,
    look: &Look<'_>,
) {
    let glyphs = if look.theme.ascii { Glyphs::Ascii } else { Glyphs::Lines };
    frame::divide(buf, area.x, area.y, area.bottom(), glyphs, look.theme.style(Role::Border));
    let inside = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(3),
        y: area.y + 1,
        height: area.height.saturating_sub(2),
    };
    let used = head(inside, buf, node, look, false);
    let rest = Rect { y: inside.y + used + 1, height: inside.height.saturating_sub(used + 1), ..inside };
    // Whoever needs less leaves the rest to the other.
    let (above, below) = (rows(arriving) + 1, rows(leaving) + 1);
    let half = rest.height / 2;
    let above = above.min(if below < half { rest.height.saturating_sub(below + 1) } else { half.max(1) });
    calls(Rect { height: above, ..rest }, buf, "called by", (graph, arriving), |edge| edge.from, look);
    let below = Rect { y: rest.y + above + 1, height: rest.height.saturating_sub(above + 1), ..rest };
    calls(below, buf, "calls", (graph, leaving), |edge| edge.to, look);
}

fn rows(edges: &[&Edge]) -> u16 {
    u16::try_from(edges.len().max(1)).unwrap_or(u16::MAX)
}

fn at_the_bottom(
    area: Rect,
    buf: &mut Buffer,
    graph: &Graph,
    node: &Node,
    (arriving, leaving): Calls<'_>,
    look: &Look<'_>,
) {
    let line = if look.theme.ascii { "-" } else { "─" };
    put(buf, area.x, area.y, area.width, &line.repeat(usize::from(area.width)), look.theme.style(Role::Border));
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), y: area.y + 1, height: area.height - 1 };
    let used = head(inside, buf, node, look, true);
    let (top, height) = (inside.y + used, inside.height.saturating_sub(used));
    let half = inside.width.saturating_sub(3) / 2;
    let left = Rect { y: top, height, width: half, ..inside };
    let right = Rect { x: inside.x + half + 3, ..left };
    calls(left, buf, "called by", (graph, arriving), |edge| edge.from, look);
    calls(right, buf, "calls", (graph, leaving), |edge| edge.to, look);
}

/// Name, what it is, its figures; gives the rows used.
fn head(area: Rect, buf: &mut Buffer, node: &Node, look: &Look<'_>, one_line: bool) -> u16 {
    let style = |role| look.theme.style(role);
    let name = width::cut_middle(node.id.name(), usize::from(area.width));
    let mut x = area.x + put(buf, area.x, area.y, area.width, &name, style(Role::TextStrong));
    if hit(&node.id, look) {
        x += 1 + put(buf, x + 1, area.y, 8, &format!("{} fault", marks::fault(look.theme.ascii)), style(Role::Fault));
    }
    let what = what(node, look.theme.ascii);
    let why: Vec<(String, Role)> = node
        .health
        .reasons
        .iter()
        .map(|reason| match reason.state {
            State::Failing => (reason.words.clone(), Role::Bad),
            State::Degraded => (reason.words.clone(), Role::Warn),
            State::Unknown | State::Healthy | State::Idle => (reason.words.clone(), Role::TextDim),
        })
        .collect();
    let figures = figures(node);
    let spans = || figures.iter().map(|(text, role)| (text.as_str(), style(*role)));
    if one_line {
        let wide: usize = figures.iter().map(|(text, _)| width::width(text)).sum();
        let room = area.right().saturating_sub(x + 2);
        let figures_cells = u16::try_from(wide).unwrap_or(room).min(room);
        put(buf, x + 2, area.y, room.saturating_sub(figures_cells + 2), &what, style(Role::TextDim));
        put_spans(buf, area.right() - figures_cells, area.y, figures_cells, spans());
        let Some((words, role)) = why.first() else { return 1 };
        put(buf, area.x, area.y + 1, area.width, words, style(*role));
        return 2;
    }
    let mut used = 1;
    for line in width::wrap(&what, usize::from(area.width)) {
        put(buf, area.x, area.y + used, area.width, line, style(Role::TextDim));
        used += 1;
    }
    put_spans(buf, area.x, area.y + used, area.width, spans());
    used += 1;
    for (words, role) in &why {
        for line in width::wrap(words, usize::from(area.width)) {
            if used + 6 > area.height {
                return used;
            }
            put(buf, area.x, area.y + used, area.width, line, style(*role));
            used += 1;
        }
    }
    used
}

/// `shop · ambient · 49% of service reviews`.
fn what(node: &Node, ascii: bool) -> String {
    let kind = match (node.kind(), node.dataplane) {
        (NodeKind::Workload, None) => "dataplane unknown",
        (NodeKind::Workload | NodeKind::Gateway, Some(dataplane)) => dataplane.word(),
        (NodeKind::Gateway, None) => "gateway",
        (NodeKind::Service, _) => "service, no workload answered",
        (NodeKind::External, _) => "outside the cluster",
        (NodeKind::Unknown, _) => "callers outside the mesh",
    };
    let part = node.part.as_ref().map(|part| match part.share {
        Some(share) => format!("{:.0}% of service {}", share * 100.0, part.service.1),
        None => format!("of service {}", part.service.1),
    });
    let kind = match &node.waypoint {
        Some(waypoint) => format!("{kind} via {waypoint}"),
        None => kind.to_owned(),
    };
    let version = node.version.as_ref().map(ToString::to_string);
    let words = node.id.namespace().into_iter().map(str::to_owned).chain([kind]).chain(version).chain(part);
    words.collect::<Vec<_>>().join(if ascii { ", " } else { " · " })
}

/// `81/s  0.0%  p50 8ms  p99 38ms`, each where it is known.
fn figures(node: &Node) -> Vec<(String, Role)> {
    let golden = &node.golden;
    let mut words: Vec<(String, Role)> = Vec::new();
    match (golden.rps, node.sent) {
        (Some(rps), _) => words.push((format!("{}/s", rate(rps)), Role::Text)),
        (None, None) if node.tcp.unknown() && node.opens.is_none() => {
            words.push(("no figures".to_owned(), Role::Unknown));
        }
        (None, _) => {}
    }
    if golden.error_share.is_some() {
        let failed = errors(golden.error_share);
        words.push((format!("  {}%", failed.text), failed.role.unwrap_or(Role::Text)));
    }
    let times = [("p50", golden.p50_ms), ("p99", golden.p99_ms)];
    words.extend(
        times.into_iter().filter_map(|(name, value)| Some((format!("  {name} {}", millis(value?)), Role::TextDim))),
    );
    if let Some(opened) = node.tcp.opened {
        let gap = if words.is_empty() { "" } else { "  " };
        words.push((format!("{gap}{} conn/s", rate(opened)), Role::TextDim));
    }
    if let Some(opens) = node.opens {
        let gap = if words.is_empty() { "" } else { "  " };
        words.push((format!("{gap}opens {} conn/s", rate(opens)), Role::TextDim));
    }
    if let Some(sent) = node.sent {
        let gap = if words.is_empty() { "" } else { "  " };
        words.push((format!("{gap}sends {}/s", rate(sent)), Role::TextDim));
    }
    words
}

/// A list of calls with their figures; what has no room is counted.
fn calls(
    area: Rect,
    buf: &mut Buffer,
    title: &str,
    (graph, edges): (&Graph, &[&Edge]),
    other: fn(&Edge) -> usize,
    look: &Look<'_>,
) {
    let style = |role| look.theme.style(role);
    if area.height == 0 {
        return;
    }
    let heading = if edges.is_empty() { format!("{title} nobody") } else { title.to_owned() };
    put(buf, area.x, area.y, area.width, &heading, style(Role::TextDim));
    let room = usize::from(area.height - 1);
    let shown = if edges.len() > room { room.saturating_sub(1) } else { edges.len() };
    for (y, edge) in (area.y + 1..).zip(edges.iter().take(shown)) {
        let Some(node) = graph.nodes().get(other(edge)) else { continue };
        call(Rect { y, height: 1, ..area }, buf, node, edge, look);
    }
    if shown < edges.len() && room > 0 {
        let text = format!("{} more", edges.len() - shown);
        put(buf, area.x, area.y + 1 + u16::try_from(shown).unwrap_or(0), area.width, &text, style(Role::TextDim));
    }
}

/// `■ reviews-v1     81/s   0.0  38ms`.
fn call(area: Rect, buf: &mut Buffer, node: &Node, edge: &Edge, look: &Look<'_>) {
    let style = |role| look.theme.style(role);
    let lock = edge.mtls.map_or(" ", |mtls| marks::lock(mtls, look.theme.ascii));
    put(buf, area.x, area.y, 1, lock, style(Role::TextDim));
    let failed = errors(edge.error_share());
    let columns: [(CompactString, Role, u16); 3] = [
        (
            edge.latency.map_or_else(|| "–".into(), |latency| millis(latency.p99)),
            edge.latency.map_or(Role::Unknown, |_| Role::TextDim),
            7,
        ),
        (format_compact!("{}%", failed.text), failed.role.unwrap_or(Role::TextDim), 7),
        if edge.only_tcp() {
            (format_compact!("{} conn/s", rate(edge.tcp.opened.unwrap_or_default())), Role::Text, 12)
        } else {
            (format_compact!("{}/s", rate(edge.tally.rps)), Role::Text, 8)
        },
    ];
    // The rate stays the longest, as long as a name has room beside it.
    let kept = match area.width {
        34.. => 3,
        26.. => 2,
        _ => 1,
    };
    let mut right = area.right();
    for (text, role, cells) in columns.into_iter().skip(3 - kept) {
        let text = if text == "–%" { "–" } else { text.as_str() };
        put_right(buf, right, area.y, cells, text, style(role));
        right -= cells;
    }
    let name = node.id.name();
    if let Some(split) = &edge.split {
        // What a rule asks for beside what is measured, as long as the name stays whole.
        let words = split.words();
        let cells = u16::try_from(width::width(&words) + 1).unwrap_or(u16::MAX);
        if usize::from(right.saturating_sub(area.x + 3)) >= width::width(name) + usize::from(cells) {
            put_right(buf, right, area.y, cells, &words, style(Role::TextDim));
            right -= cells;
        }
    }
    let room = right.saturating_sub(area.x + 3);
    put(buf, area.x + 2, area.y, room, &width::cut_middle(name, usize::from(room)), style(Role::Text));
}
