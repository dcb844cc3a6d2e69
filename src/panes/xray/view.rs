//! How a line of the tree looks. Only lines of the window are made.

use ratatui::{buffer::Buffer, layout::Rect};

use super::Xray;
use crate::{
    base::{age, width},
    cluster::{Kind, resource_health::State},
    config::{Role, keymap::chain},
    mesh::relations::{Branch, End, Line, Looked, Relative, Target, To},
    msg::{Command, Context},
    panes::Look,
    widgets::{put, put_right, put_spans, style_row},
};

type Span = (String, Role);

/// Draws the window, and below it what was looked at.
pub(super) fn view(xray: &Xray, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let window = area.height.saturating_sub(1);
    for (row, (at, line)) in (0..window).zip(xray.tree.lines.iter().enumerate().skip(xray.top)) {
        let y = area.y + row;
        let (spans, age) = spans(xray, line, look);
        let room = area.width.saturating_sub(if age.is_empty() { 2 } else { 8 });
        let spans = fitted(spans, usize::from(room));
        put_spans(buf, area.x + 1, y, room, spans.iter().map(|(text, role)| (text.as_str(), look.theme.style(*role))));
        put_right(buf, area.right() - 1, y, 6, &age, look.theme.style(Role::TextDim));
        if at == xray.at {
            style_row(buf, area.x, y, area.width, look.theme.style(Role::Selection));
        }
    }
    foot(xray, area, buf, look);
}

fn foot(xray: &Xray, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let (mut text, role) = xray.watches.told();
    let key = look.keymap.key(&chain(Context::Xray), Command::Wide).filter(|_| xray.watches.narrow());
    if let Some(key) = key {
        let hint = format!(" · {key} looks at all");
        let room = usize::from(area.width.saturating_sub(2)).saturating_sub(width::width(&hint));
        text = format!("{}{hint}", width::cut(&text, room));
    }
    put(buf, area.x + 1, area.bottom() - 1, area.width.saturating_sub(2), &text, look.theme.style(role));
}

/// The pieces of a line, and its age.
fn spans(xray: &Xray, line: &Line, look: &Look<'_>) -> (Vec<Span>, String) {
    let mut spans = vec![(rails(line), Role::Border)];
    let fold = match line.branch {
        Branch::Leaf | Branch::Again => "  ",
        Branch::Open => "▾ ",
        Branch::Shut => "▸ ",
    };
    spans.push((fold.to_owned(), Role::TextDim));
    let mut age = String::new();
    match &line.end {
        End::Known(uid) => {
            let Some(one) = xray.relations.get(*uid) else { return (spans, age) };
            known(xray, line, one, look, &mut spans);
            if let Some(created) = one.created {
                age = age::age(age::of_row(look.now.server, created)).into();
            }
        }
        End::Missing(target) => missing(xray, line, target, &mut spans),
    }
    (spans, age)
}

fn known(xray: &Xray, line: &Line, one: &Relative, look: &Look<'_>, spans: &mut Vec<Span>) {
    let barren = line.barren && seen(xray, one);
    let state = if barren { one.health.state.max(State::Degraded) } else { one.health.state };
    if hit(one, look) {
        spans.push(("↯ ".to_owned(), Role::Fault));
    } else {
        spans.push((format!("{} ", mark(state)), role(state)));
    }
    name(xray, line, &one.kind.kind, &one.namespace, &one.name, spans);
    let words = if barren { "selects no pods" } else { one.health.words.as_str() };
    if !words.is_empty() {
        let role = if state.unwell() { role(state) } else { Role::TextDim };
        spans.push((format!("  {words}"), role));
    }
    relation(line, spans);
    if line.branch == Branch::Again {
        spans.push(("  stands above already".to_owned(), Role::TextDim));
    }
    if line.branch == Branch::Shut {
        spans.push((format!("  +{}", line.children), Role::TextDim));
        if line.worst.unwell() && line.worst > state {
            spans.push((format!(" {}", mark(line.worst)), role(line.worst)));
        }
    }
}

fn missing(xray: &Xray, line: &Line, target: &Target, spans: &mut Vec<Span>) {
    let unserved = xray.watches.unserved(target);
    let (mark, words, role) = match xray.looked(target) {
        _ if unserved => ("?", "the cluster does not serve this kind", Role::Warn),
        // An owner that is gone, and another came in its name.
        Looked::Whole if xray.relations.find(target).is_some() => ("✗", "is gone; another has its name now", Role::Bad),
        Looked::Whole => ("✗", "is not there", Role::Bad),
        Looked::Coming => ("…", "loading…", Role::TextDim),
        Looked::Not => ("?", "not looked at", Role::Unknown),
    };
    spans.push((format!("{mark} "), role));
    name(xray, line, &target.kind, &target.namespace, &target.name, spans);
    spans.push((format!("  {words}"), role));
    relation(line, spans);
}

fn name(xray: &Xray, line: &Line, kind: &str, namespace: &str, name: &str, spans: &mut Vec<Span>) {
    if line.upwards {
        spans.push(("↑ ".to_owned(), Role::Accent));
    }
    spans.push((format!("{kind} "), Role::TextDim));
    // Where everything stands in one namespace it is not said.
    if !namespace.is_empty() && xray.watches.namespace() != Some(namespace) {
        spans.push((format!("{namespace}/"), Role::TextDim));
    }
    spans.push((name.to_owned(), if line.depth == 0 { Role::TextStrong } else { Role::Text }));
}

fn relation(line: &Line, spans: &mut Vec<Span>) {
    let word = line.relation.map_or("", |relation| if line.upwards { relation.above() } else { relation.below() });
    let words = [word, line.detail.as_str()].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if !words.is_empty() {
        spans.push((format!("  {words}"), Role::TextDim));
    }
}

/// Whether all pods that a Service could have were seen.
fn seen(xray: &Xray, one: &Relative) -> bool {
    one.links.iter().any(|link| match &link.to {
        To::Pods(selects) => xray.watches.pods_seen(&one.namespace, &selects.words()),
        To::Named(_) => false,
    })
}

fn hit(one: &Relative, look: &Look<'_>) -> bool {
    if !look.world.any_live() {
        return false;
    }
    let Kind { kind, .. } = &*one.kind;
    one.is_pod() && look.world.hits_pod(&one.namespace, &one.name)
        || look.world.hits_route(&format!("{kind} {}/{}", one.namespace, one.name))
}

/// `│  └─`: one step for each ancestor that has more lines to come, then the line's own.
fn rails(line: &Line) -> String {
    let mut text = String::new();
    for depth in 1..line.depth {
        text.push_str(if line.rails & (1 << depth.min(31)) == 0 { "  " } else { "│ " });
    }
    if line.depth > 0 {
        text.push_str(if line.last { "└─" } else { "├─" });
    }
    text
}

fn mark(state: State) -> &'static str {
    match state {
        State::Unknown => "·",
        State::Healthy => "✓",
        State::Degraded => "!",
        State::Failing => "✗",
    }
}

fn role(state: State) -> Role {
    match state {
        State::Unknown | State::Healthy => Role::TextDim,
        State::Degraded => Role::Warn,
        State::Failing => Role::Bad,
    }
}

/// Names are cut in their middle before anything behind them is lost.
fn fitted(mut spans: Vec<Span>, room: usize) -> Vec<Span> {
    let all: usize = spans.iter().map(|(text, _)| width::width(text)).sum();
    let over = all.saturating_sub(room);
    if over > 0
        && let Some((text, _)) = spans.iter_mut().find(|(_, role)| matches!(role, Role::Text | Role::TextStrong))
    {
        let own = width::width(text);
        *text = width::cut_middle(text, own.saturating_sub(over).max(12.min(own))).into_owned();
    }
    spans
}
