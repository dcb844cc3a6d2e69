//! Nodes: their names, how much they get, and how well.

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{
    Frame, Look, keeps, marks,
    size::{self, Size},
    wires::{Joints, hit},
};
use crate::{
    base::width,
    config::Role,
    mesh::{
        graph::{Graph, Node, NodeKind, Sheet},
        health::State,
    },
    panes::pods::{errors, millis, rate},
    widgets::{
        fill,
        frame::{self, Glyphs},
        put, put_right, put_spans, style_row,
    },
};

/// Draws the nodes of a sheet on paper.
pub fn draw(paper: &mut Buffer, graph: &Graph, sheet: &Sheet, joints: &Joints, frame: &Frame<'_>, look: &Look<'_>) {
    for (at, (node, one)) in graph.nodes().iter().zip(&sheet.boxes).enumerate() {
        let Some((x, y)) = frame.at(one.x, one.y) else { continue };
        if frame.at(one.x + one.width, one.y + one.height).is_none() {
            continue;
        }
        // Without a border a blank stands between an arrow and the name.
        let indent = u16::from(!frame.size.boxed());
        let area = Rect::new(x + indent, y, cells(one.width) - indent, cells(one.height));
        let looks = Looks::of(graph, at, node, frame, look);
        match frame.size {
            Size::Full | Size::Boxes => boxed(paper, area, node, &looks, look),
            Size::Pairs => {
                let end = line(paper, area, node, &looks, look, 0);
                // The line begins right behind the name.
                if let Some((piece, style)) = joints.get(&(area.right(), area.y)).and_then(|joint| joint.lead(look)) {
                    for x in end + 1..area.right() {
                        put(paper, x, area.y, 1, piece, style);
                    }
                }
                let figures = figures(node, &looks, look, usize::from(area.width), false);
                let spans = figures.iter().map(|(text, role)| (text.as_str(), looks.dimmed(look, *role)));
                put_spans(paper, area.x, area.y + 1, area.width, spans);
            }
            Size::Lines => {
                let requests = requests(node, look.theme.ascii);
                line(paper, area, node, &looks, look, cells(i32::try_from(size::RATE).unwrap_or(6)));
                let role = if requests == "–" { Role::Unknown } else { Role::TextDim };
                let end = area.right().saturating_sub(1);
                put_right(
                    paper,
                    end,
                    area.y,
                    cells(i32::try_from(size::RATE).unwrap_or(6)),
                    &requests,
                    looks.dimmed(look, role),
                );
            }
        }
        if looks.chosen && !frame.size.boxed() {
            style_row(paper, area.x - 1, area.y, area.width, look.theme.style(Role::Selection));
        }
        // Where a line leaves a box, its border opens.
        let port = (area.right(), area.y + cells(frame.size.scale().port));
        let lead = joints.get(&port).and_then(|joint| joint.lead(look));
        if frame.size.boxed()
            && lead.is_some()
            && !look.theme.ascii
            && let Some(cell) = paper.cell_mut((port.0 - 1, port.1))
        {
            cell.set_symbol("├");
        }
    }
}

fn cells(count: i32) -> u16 {
    u16::try_from(count).unwrap_or(0)
}

/// How a node is to look.
struct Looks {
    chosen: bool,
    hit: bool,
    /// The filter leaves it out.
    out: bool,
    marks: Vec<(&'static str, Role)>,
    name: String,
    /// What the rules that send to it ask for, where they agree.
    split: Option<String>,
    /// How unwell it is; `None` where it is well, or nobody knows.
    health: Option<Role>,
}

impl Looks {
    fn of(graph: &Graph, at: usize, node: &Node, frame: &Frame<'_>, look: &Look<'_>) -> Self {
        let mut looks = Self {
            chosen: look.focused && frame.chosen == Some(at),
            hit: hit(&node.id, look),
            out: !keeps(frame.filter, node),
            marks: Vec::new(),
            name: size::name(node, frame.size, frame.spaces, look.world.only_namespace()),
            split: split(graph, at),
            health: unwell(node),
        };
        looks.marks = looks.marks(node, graph.calls_itself(at), look.theme.ascii);
        looks
    }

    /// A role, unless the filter leaves the node out.
    fn dimmed(&self, look: &Look<'_>, role: Role) -> ratatui::style::Style {
        look.theme.style(if self.out { Role::Border } else { role })
    }

    /// The role of the node's name: none when all is well.
    fn name_role(&self, node: &Node) -> Role {
        match (self.hit, self.health, node.kind()) {
            (true, ..) => Role::Fault,
            (false, Some(role), _) => role,
            (false, None, NodeKind::Unknown) => Role::TextDim,
            (false, None, NodeKind::Workload | NodeKind::Gateway | NodeKind::Service | NodeKind::External) => {
                Role::Text
            }
        }
    }

    /// Marks behind the name: dataplane, a call of itself, what is wrong.
    fn marks(&self, node: &Node, itself: bool, ascii: bool) -> Vec<(&'static str, Role)> {
        let mut marks: Vec<(&'static str, Role)> = Vec::new();
        if self.hit {
            marks.push((marks::fault(ascii), Role::Fault));
        }
        match self.health {
            Some(Role::Bad) => marks.push((if ascii { "x" } else { "✗" }, Role::Bad)),
            Some(Role::Warn) => marks.push(("!", Role::Warn)),
            _ => {}
        }
        if itself {
            marks.push((marks::itself(ascii), Role::TextDim));
        }
        marks.extend(node.dataplane.map(|dataplane| (marks::dataplane(dataplane, ascii), Role::TextDim)));
        if node.waypoint.is_some() {
            marks.push((marks::via(ascii), Role::TextDim));
        }
        marks
    }
}

/// The split of the one call that arrives at a node by a rule.
fn split(graph: &Graph, at: usize) -> Option<String> {
    let mut told = graph.arriving(at).filter_map(|edge| edge.split.as_ref());
    let (first, more) = (told.next()?, told.next());
    more.is_none().then(|| first.words())
}

/// What a node's health means: by its answers, and by its pods. Unknown is no illness.
pub fn unwell(node: &Node) -> Option<Role> {
    match node.health.state {
        State::Failing => Some(Role::Bad),
        State::Degraded => Some(Role::Warn),
        State::Unknown | State::Healthy | State::Idle => {
            errors(node.golden.error_share).role.filter(|role| matches!(role, Role::Warn | Role::Bad))
        }
    }
}

/// The name with its marks, `less` cells kept free at the end; gives where it ends.
fn line(paper: &mut Buffer, area: Rect, node: &Node, looks: &Looks, look: &Look<'_>, less: u16) -> u16 {
    let marks = &looks.marks;
    let room = area.width.saturating_sub(less + 1);
    let marked = u16::try_from(marks.len() + usize::from(!marks.is_empty())).unwrap_or(0).min(room);
    let mut style = looks.dimmed(look, looks.name_role(node));
    if looks.chosen {
        style = style.add_modifier(Modifier::BOLD);
    }
    let name = width::cut_middle(&looks.name, usize::from(room - marked));
    let mut x = area.x + put(paper, area.x, area.y, room, &name, style);
    if !marks.is_empty() {
        x += 1;
    }
    for (mark, role) in marks {
        x += put(paper, x, area.y, 1, mark, looks.dimmed(look, *role));
    }
    x
}

fn boxed(paper: &mut Buffer, area: Rect, node: &Node, looks: &Looks, look: &Look<'_>) {
    let ascii = look.theme.ascii;
    fill(paper, area, look.theme.style(Role::Text));
    let role = match (looks.chosen, looks.hit, looks.health) {
        (_, true, _) => Role::Fault,
        (true, ..) => Role::Accent,
        (false, false, Some(role)) => role,
        (false, false, None) => Role::Border,
    };
    let border = if looks.out { look.theme.style(Role::Border) } else { look.theme.style(role) };
    frame::frame(paper, area, if ascii { Glyphs::Ascii } else { Glyphs::Lines }, border);
    let room = area.width.saturating_sub(4);
    // What it is stands in the upper border, its part of a service in the lower one.
    let foreign = node.id.namespace().filter(|own| look.world.only_namespace() != Some(*own));
    let kind = match node.kind() {
        NodeKind::Workload => None,
        kind @ (NodeKind::Gateway | NodeKind::Service | NodeKind::External) => Some(kind.word()),
        NodeKind::Unknown => Some("outside"),
    };
    let head: Vec<&str> = foreign.into_iter().chain(kind).collect();
    if !head.is_empty() {
        let head = format!(" {} ", width::cut_middle(&head.join(" · "), usize::from(room.saturating_sub(2))));
        put(paper, area.x + 1, area.y, room, &head, looks.dimmed(look, Role::TextDim));
    }
    if let Some(foot) = foot(node, looks.split.as_deref()) {
        let foot = format!(" {} ", width::cut(&foot, usize::from(room.saturating_sub(2))));
        put_right(paper, area.right() - 2, area.bottom() - 1, room, &foot, looks.dimmed(look, Role::TextDim));
    }
    let marks = &looks.marks;
    let marked = u16::try_from(marks.len()).unwrap_or(0).min(room);
    let mut style = looks.dimmed(look, looks.name_role(node));
    if looks.chosen || looks.name_role(node) == Role::Text && !looks.out {
        style = style.add_modifier(Modifier::BOLD);
    }
    let name = width::cut_middle(&looks.name, usize::from(room.saturating_sub(marked + 1)));
    put(paper, area.x + 2, area.y + 1, room, &name, style);
    let mut x = area.right() - 2 - marked;
    for (mark, role) in marks {
        x += put(paper, x, area.y + 1, 1, mark, looks.dimmed(look, *role));
    }
    let figures = figures(node, looks, look, usize::from(room), true);
    let spans = figures.iter().map(|(text, role)| (text.as_str(), looks.dimmed(look, *role)));
    put_spans(paper, area.x + 2, area.y + 2, room, spans);
    if looks.chosen {
        for row in 1..3 {
            style_row(paper, area.x + 1, area.y + row, area.width - 2, look.theme.style(Role::Selection));
        }
    }
}

/// What a version has of its service: what a rule asks for beside what is measured, else what is measured; else the version.
fn foot(node: &Node, split: Option<&str>) -> Option<String> {
    let share = node.part.as_ref().and_then(|part| Some((part, part.share?)));
    match (split, share) {
        (Some(split), Some((part, _))) => Some(format!("{split} {}", part.service.1)),
        (Some(split), None) => Some(split.to_owned()),
        (None, Some((part, share))) => Some(format!("{:.0}% of {}", share * 100.0, part.service.1)),
        (None, None) => node.version.as_ref().map(ToString::to_string),
    }
}

/// What arrives at a node: requests per second received, or sent by who receives none; connections where nobody reads requests.
fn requests(node: &Node, ascii: bool) -> CompactString {
    match (node.golden.rps, node.sent, node.tcp.opened, node.opens) {
        (None, None, Some(opened), _) => return format_compact!("{}{}", marks::connections(ascii), rate(opened)),
        (None, None, None, Some(opens)) => {
            return format_compact!("{}{}{}", marks::sends(ascii), marks::connections(ascii), rate(opens));
        }
        _ => {}
    }
    match (node.golden.rps, node.sent) {
        (Some(rps), _) if rps > 0.0 || node.sent.is_none_or(|sent| sent <= 0.0) => rate(rps),
        (_, Some(sent)) => format_compact!("{}{}", marks::sends(ascii), rate(sent)),
        (_, None) => "–".into(),
    }
}

/// `208/s  0.2%  94ms`, as much of it as has room; the last part with its latency where there is room for all.
fn figures(node: &Node, looks: &Looks, look: &Look<'_>, room: usize, latency: bool) -> Vec<(String, Role)> {
    let requests = requests(node, look.theme.ascii);
    if requests == "–" {
        return vec![("no figures".to_owned(), Role::Unknown)];
    }
    let mut parts = vec![(format!("{requests}/s"), Role::TextDim)];
    if node.golden.error_share.is_some() {
        let failed = errors(node.golden.error_share);
        parts.push((format!("  {}%", failed.text), looks.health.unwrap_or(Role::TextDim)));
    }
    if let Some(p99) = node.golden.p99_ms.filter(|_| latency) {
        parts.push((format!("  {}", millis(p99)), Role::TextDim));
    }
    let share = node.part.as_ref().and_then(|part| part.share);
    if let (false, Some(split)) = (latency, &looks.split) {
        parts.push((format!("  {split}"), Role::TextDim));
    } else if let (false, Some(share)) = (latency, share) {
        parts.push((format!("  {:.0}% of service", share * 100.0), Role::TextDim));
    }
    let mut used = 0;
    parts.retain(|(text, _)| {
        used += width::width(text);
        used <= room
    });
    parts
}
