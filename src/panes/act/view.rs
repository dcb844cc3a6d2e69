//! The form of an action, drawn.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Act, Asked, fields::Fields};
use crate::{
    base::{age, sanitize, width},
    config::Role,
    fault::action::{ActionKind, Revision, Seen},
    panes::{LineInput, Look, marked::names, state::Message},
    widgets::{caret, fill, put, put_spans, style_row},
};

/// Cells of a label.
const LABEL: u16 = 26;

pub(super) fn view(act: &Act, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    fill(buf, area, look.theme.style(Role::Text));
    let Some(seen) = act.seen.first() else {
        let reading = if act.objects.len() == 1 { "the object is being read" } else { "the objects are being read" };
        match &act.failure {
            Some(failure) => told(failure, area, buf, look),
            None => Message::quiet(reading, "").view(area, buf, look),
        }
        return;
    };
    let used = hidden(act, area, buf, look);
    let area = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    let y = match &act.fields {
        Fields::Nothing => area.y + 1,
        Fields::Line(line) => of_line(&act.seen, line, area, buf, look),
        Fields::Revision(at) => revisions(seen, *at, area, buf, look),
        Fields::Removal { .. } | Fields::Drain(_) => choices(&act.fields, area, buf, look),
    };
    let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    match (&act.failure, act.asked) {
        (Some(failure), _) => told(failure, below, buf, look),
        (None, Some(Asked::Check(_))) => {
            Message::quiet("the API server is asked what it would store", "").view(below, buf, look);
        }
        (None, _) if act.seen.len() > 1 && !matches!(act.fields, Fields::Line(_)) => listed(act, below, buf, look),
        (None, _) => {}
    }
}

/// Which of the objects nobody sees in their table; how many lines that took.
fn hidden(act: &Act, area: Rect, buf: &mut Buffer, look: &Look<'_>) -> u16 {
    if act.hidden.is_empty() || area.height < 6 {
        return 0;
    }
    let verb = if act.hidden.len() == 1 { "is" } else { "are" };
    let text = format!("{} of the marked {verb} hidden by the filter: {}", act.hidden.len(), names(&act.hidden));
    let room = usize::from(area.width.saturating_sub(4));
    let mut y = area.y + 1;
    for line in width::wrap(&text, room).into_iter().take(3) {
        put(buf, area.x + 2, y, area.width.saturating_sub(4), line, look.theme.style(Role::Warn));
        y += 1;
    }
    y - area.y
}

/// The objects, one a line.
fn listed(act: &Act, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let rows = usize::from(area.height.saturating_sub(1));
    let left_out = act.objects.len().saturating_sub(rows);
    let shown = if left_out > 0 { rows.saturating_sub(1) } else { act.objects.len() };
    let lines = act.objects.iter().take(shown).map(|object| {
        let hidden = if act.hidden.contains(object) { "  (hidden)" } else { "" };
        format!("{}{hidden}", object.short())
    });
    let more = (left_out > 0).then(|| format!("and {} more", act.objects.len() - shown));
    for (y, line) in (area.y..area.bottom()).zip(lines.chain(more)) {
        let style = look.theme.style(Role::TextDim);
        put(buf, area.x + 2, y, area.width.saturating_sub(4), &sanitize::line(&line), style);
    }
}

fn told(failure: &crate::msg::Failure, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let (what, fix) = (sanitize::line(&failure.what), sanitize::line(&failure.fix));
    Message { text: what.into_owned(), fix: fix.into_owned(), role: Role::Bad }.view(area, buf, look);
}

fn of_line(all: &[Seen], line: &LineInput, area: Rect, buf: &mut Buffer, look: &Look<'_>) -> u16 {
    let text = look.theme.style(Role::Text);
    let dim = text.patch(look.theme.style(Role::TextDim));
    let (label, says) = match all.first().map(|seen| seen.action) {
        Some(ActionKind::Scale) => ("replicas", replicas(all)),
        Some(ActionKind::Label) => ("labels", standing(all, "labels")),
        _ => ("annotations", standing(all, "annotations")),
    };
    let (x, y) = (area.x + 2, area.y + 1);
    let room = area.width.saturating_sub(4);
    let cells = 14.min(room);
    put(buf, x, y, cells, label, text.patch(look.theme.style(Role::TextStrong)));
    let (shown, cursor) = line.window(usize::from(room.saturating_sub(cells)));
    put_spans(buf, x + cells, y, room.saturating_sub(cells), [(shown, text)]);
    style_row(buf, x + cells, y, room.saturating_sub(cells), look.theme.style(Role::Selection));
    caret(buf, x + cells + u16::try_from(cursor).unwrap_or(0), y);
    let mut below = y + 2;
    for line in says {
        if below + 2 >= area.bottom() {
            break;
        }
        put(buf, x + cells, below, room.saturating_sub(cells), &sanitize::line(&line), dim);
        below += 1;
    }
    below
}

/// How many there are now, object by object.
fn replicas(all: &[Seen]) -> Vec<String> {
    let now = |seen: &Seen| seen.scale.as_ref().map_or(0, |scale| scale.replicas);
    match all {
        [only] => vec![format!("{} now", now(only))],
        all => all.iter().map(|seen| format!("{} now: {}", now(seen), seen.object.short())).collect(),
    }
}

/// The labels or annotations that stand on all of them, one a line; kubectl's copy of the whole object is no help to anybody.
fn standing(all: &[Seen], field: &str) -> Vec<String> {
    let map = |seen: &Seen| seen.live.at(&["metadata", field]).and_then(serde_json::Value::as_object).cloned();
    let first = all.first().and_then(map).unwrap_or_default();
    let common = |key: &String, value: &serde_json::Value| {
        all.iter().all(|seen| map(seen).is_some_and(|map| map.get(key) == Some(value)))
    };
    let mut lines: Vec<String> = first
        .iter()
        .filter(|(key, value)| *key != "kubectl.kubernetes.io/last-applied-configuration" && common(key, value))
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if lines.is_empty() {
        let whose = if all.len() > 1 { " common to all" } else { "" };
        lines.push(format!("no {field}{whose} now; key=value sets one, key- takes one off"));
    }
    if all.len() > 1 {
        lines.push(String::new());
        lines.extend(all.iter().map(|seen| seen.object.short()));
    }
    lines
}

fn revisions(seen: &Seen, at: usize, area: Rect, buf: &mut Buffer, look: &Look<'_>) -> u16 {
    let rows = usize::from(area.height.saturating_sub(5)).max(1);
    let top = (at + 1).saturating_sub(rows);
    let mut y = area.y + 1;
    for (place, revision) in seen.revisions.iter().enumerate().skip(top).take(rows) {
        row(revision, Rect { x: area.x + 2, y, width: area.width.saturating_sub(4), height: 1 }, buf, look);
        if place == at {
            style_row(buf, area.x + 1, y, area.width.saturating_sub(2), look.theme.style(Role::Selection));
        }
        y += 1;
    }
    y + 1
}

/// Number, age, images, and why.
fn row(revision: &Revision, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let text = look.theme.style(Role::Text);
    let dim = text.patch(look.theme.style(Role::TextDim));
    let age = revision.created.map(|at| age::age(look.now.age(at)).to_string()).unwrap_or_default();
    let current = if revision.current { "  (stands now)" } else { "" };
    let why = if revision.cause.is_empty() { String::new() } else { format!("  {}", sanitize::line(&revision.cause)) };
    let images = sanitize::line(&revision.images.join(", ")).into_owned();
    let number = width::cut(&revision.number.to_string(), 6).into_owned();
    put(buf, area.x, area.y, 7, &number, text.patch(look.theme.style(Role::TextStrong)));
    put(buf, area.x + 8, area.y, 6, &age, dim);
    let spans = [(images.as_str(), text), (current, dim), (why.as_str(), dim)];
    put_spans(buf, area.x + 15, area.y, area.width.saturating_sub(15), spans);
}

fn choices(fields: &Fields, area: Rect, buf: &mut Buffer, look: &Look<'_>) -> u16 {
    let text = look.theme.style(Role::Text);
    let mut y = area.y + 1;
    for (label, value, means, focused) in fields.choices() {
        let (x, room) = (area.x + 2, area.width.saturating_sub(4));
        let role = if focused { Role::TextStrong } else { Role::TextDim };
        put(buf, x, y, LABEL.min(room), label, text.patch(look.theme.style(role)));
        let dim = text.patch(look.theme.style(Role::TextDim));
        let spans = [(value.as_str(), text), ("  ", dim), (means, dim)];
        put_spans(buf, x + LABEL, y, room.saturating_sub(LABEL), spans);
        if focused {
            let cells = u16::try_from(width::width(&value)).unwrap_or(0);
            style_row(buf, x + LABEL, y, cells, look.theme.style(Role::Selection));
        }
        y += 1;
    }
    y + 1
}
