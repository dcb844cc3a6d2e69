//! How the preview is laid out: two columns where there is room, else one that scrolls under a head that stays.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Asked, Preview, Verdict,
    facts::{self, Line},
};
use crate::{
    base::{sanitize, width},
    config::Role,
    fault::preview::DryRun,
    panes::Look,
    widgets::{
        diff, fill,
        frame::{self, Glyphs},
        put, put_spans,
    },
};

/// From this width on facts stand beside the diff.
const TWO_COLUMNS: u16 = 96;
/// From this width on before and after may stand side by side.
const TWO_SIDES: u16 = 156;

/// The right column's width, its line included.
fn facts_width(area: Rect) -> u16 {
    (area.width * 42 / 100).clamp(40, 60)
}

/// The area under a head of so many rows and above the foot.
fn middle(area: Rect, head: u16, foot: u16) -> Rect {
    let head = head.min(area.height);
    Rect { y: area.y + head, height: area.height.saturating_sub(head + foot), ..area }
}

/// Finds out how far the window can scroll, and where each change begins.
pub fn settle(preview: &mut Preview, area: Rect, look: &Look<'_>) {
    preview.changes.room_for_sides = area.width >= TWO_SIDES;
    let inside = padded(area);
    if area.width >= TWO_COLUMNS {
        let left = Rect { width: inside.width.saturating_sub(facts_width(area) + 1), ..inside };
        let head = head(preview, left.width, look, true);
        let count = u16::try_from(preview.checked.preview.changes.len()).unwrap_or(u16::MAX);
        let window = middle(left, rows(head.len()) + 1 + count.min(list_rows(left)) + 1, foot(preview, left.width));
        let lines = if preview.changes.sides() {
            diff::rows(preview.changes.diff(preview.changes.at())).len()
        } else {
            preview.changes.diff(preview.changes.at()).len()
        };
        preview.changes.starts = vec![0; preview.checked.preview.changes.len()];
        preview.scroll.page = usize::from(window.height).max(1);
        let facts = facts::facts(
            &preview.checked,
            usize::from(facts_width(area)) - 3,
            look.theme.ascii,
            true,
            preview.changes.unfolded(),
        )
        .len();
        // One scroll for both columns: the longer one decides how far it goes.
        let facts_page = usize::from(inside.height).max(1);
        preview.scroll.deepest = lines.saturating_sub(preview.scroll.page).max(facts.saturating_sub(facts_page));
    } else {
        let head = head(preview, inside.width, look, false);
        let window = middle(inside, rows(head.len()) + 1, foot(preview, inside.width));
        let (lines, starts) = one_column(preview, inside.width, look);
        preview.changes.starts = starts;
        preview.scroll.page = usize::from(window.height).max(1);
        preview.scroll.deepest = lines.len().saturating_sub(preview.scroll.page);
    }
}

/// Draws it.
pub fn view(preview: &Preview, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    fill(buf, area, look.theme.style(Role::Text));
    let inside = padded(area);
    if inside.width < 10 || inside.height == 0 {
        return;
    }
    if area.width >= TWO_COLUMNS {
        two_columns(preview, area, inside, buf, look);
    } else {
        narrow(preview, inside, buf, look);
    }
}

fn two_columns(preview: &Preview, area: Rect, inside: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let theme = look.theme;
    let facts_width = facts_width(area);
    let left = Rect { width: inside.width.saturating_sub(facts_width + 1), ..inside };
    let line_x = left.right();
    let glyphs = if theme.ascii { Glyphs::Ascii } else { Glyphs::Lines };
    frame::divide(buf, line_x, inside.top(), inside.bottom(), glyphs, theme.style(Role::Border));

    let head = head(preview, left.width, look, true);
    let mut y = lines(buf, left, &head, 0, look) + 1;
    let shown = list_rows(left);
    let count = preview.checked.preview.changes.len();
    let first =
        preview.changes.at().saturating_sub(usize::from(shown) - 1).min(count.saturating_sub(usize::from(shown)));
    for at in (first..count).take(usize::from(shown)) {
        let line = change(preview, at, at == preview.changes.at());
        spans(buf, left.x, y, left.width.saturating_sub(1), &line, look);
        y += 1;
    }
    y += 1;
    let foot = foot(preview, left.width);
    let window =
        Rect { y, height: left.bottom().saturating_sub(y + foot), width: left.width.saturating_sub(1), ..left };
    diff_window(preview, window, buf, look);
    draw_foot(preview, Rect { y: left.bottom().saturating_sub(foot), height: foot, ..left }, buf, look);

    let right = Rect { x: line_x + 2, width: facts_width.saturating_sub(2), ..inside };
    let facts =
        facts::facts(&preview.checked, usize::from(facts_width) - 3, theme.ascii, true, preview.changes.unfolded());
    let from = preview.scroll.top.min(facts.len().saturating_sub(usize::from(right.height)));
    lines(buf, right, facts.get(from..).unwrap_or_default(), 0, look);
    if facts.len() > from + usize::from(right.height) {
        more(buf, right, look);
    }
}

fn diff_window(preview: &Preview, window: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let at = preview.changes.at();
    let all = preview.changes.diff(at);
    if all.is_empty() {
        if let Some(change) = preview.checked.preview.changes.get(at) {
            let said = if change.message.is_empty() { no_diff(&change.op) } else { change.message.as_str() };
            let said = sanitize::line(said).into_owned();
            let wrapped: Vec<Line> = width::wrap(&said, usize::from(window.width))
                .into_iter()
                .map(|line| vec![(line.to_owned(), Role::TextDim)])
                .collect();
            lines(buf, window, &wrapped, 0, look);
        }
        return;
    }
    if preview.changes.sides() {
        let rows = diff::rows(all);
        let from = preview.scroll.top.min(rows.len().saturating_sub(usize::from(window.height)));
        diff::side_by_side(buf, window, rows.get(from..).unwrap_or_default(), all, look.theme);
        return;
    }
    let from = preview.scroll.top.min(all.len().saturating_sub(usize::from(window.height)));
    diff::unified(buf, window, all.get(from..).unwrap_or_default(), look.theme);
    if all.len() > from + usize::from(window.height) {
        more(buf, window, look);
    }
}

fn no_diff(op: &str) -> &'static str {
    match op {
        "evict" => "the pod is evicted; its controller makes another one",
        "delete" => "the object goes",
        _ => "nothing changes",
    }
}

/// One column: a head that stays, and everything else under it.
fn narrow(preview: &Preview, inside: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let head = head(preview, inside.width, look, false);
    let y = lines(buf, inside, &head, 0, look) + 1;
    let foot = foot(preview, inside.width);
    let window = Rect { y, height: inside.bottom().saturating_sub(y + foot), ..inside };
    let (all, _) = one_column(preview, inside.width, look);
    for (row, line) in (window.top()..window.bottom()).zip(all.iter().skip(preview.scroll.top)) {
        match line {
            OneLine::Words(words) => {
                spans(buf, window.x, row, window.width, words, look);
            }
            OneLine::Diff(change, at) => {
                let lines = preview.changes.diff(*change);
                let one = lines.get(*at..=*at).unwrap_or_default();
                diff::unified(buf, Rect { y: row, height: 1, ..window }, one, look.theme);
            }
        }
    }
    if all.len() > preview.scroll.top + usize::from(window.height) {
        more(buf, window, look);
    }
    draw_foot(preview, Rect { y: inside.bottom().saturating_sub(foot), height: foot, ..inside }, buf, look);
}

enum OneLine {
    Words(Line),
    /// A line of a change's diff.
    Diff(usize, usize),
}

fn one_column(preview: &Preview, cells: u16, look: &Look<'_>) -> (Vec<OneLine>, Vec<usize>) {
    let facts = facts::facts(&preview.checked, usize::from(cells), look.theme.ascii, false, preview.changes.unfolded());
    let mut all: Vec<OneLine> = facts.into_iter().map(OneLine::Words).collect();
    // In two columns it stands under the deed.
    all.extend([Line::new(), vec![("DRIVER".to_owned(), Role::TextDim)]].map(OneLine::Words));
    let driver = driver(preview);
    let wrapped = width::wrap(&driver, usize::from(cells).max(1));
    all.extend(wrapped.into_iter().map(|line| OneLine::Words(vec![(line.to_owned(), Role::Text)])));
    let mut starts = Vec::new();
    for at in 0..preview.checked.preview.changes.len() {
        all.push(OneLine::Words(Line::new()));
        starts.push(all.len());
        all.push(OneLine::Words(change(preview, at, true)));
        let lines = preview.changes.diff(at).len();
        all.extend((0..lines).map(|line| OneLine::Diff(at, line)));
        if lines == 0
            && let Some(change) = preview.checked.preview.changes.get(at)
        {
            let said = if change.message.is_empty() { no_diff(&change.op) } else { change.message.as_str() };
            let refused = change.dry_run == DryRun::Refused;
            let role = if refused { Role::Bad } else { Role::TextDim };
            // The word that matters may be the last of a long sentence.
            let said = sanitize::line(said).into_owned();
            let wrapped = width::wrap(&said, usize::from(cells).max(1)).into_iter();
            all.extend(wrapped.map(|line| OneLine::Words(vec![(line.to_owned(), role)])));
        }
    }
    (all, starts)
}

/// The deed, the driver, how it ends, and the verdict. In two columns the promise stands under ENDS.
fn head(preview: &Preview, cells: u16, look: &Look<'_>, wide: bool) -> Vec<Line> {
    let cells = usize::from(cells.saturating_sub(1)).max(1);
    let title = sanitize::line(&preview.checked.preview.title).into_owned();
    let mut head: Vec<Line> =
        width::wrap(&title, cells).into_iter().map(|line| vec![(line.to_owned(), Role::TextStrong)]).collect();
    if wide {
        let driver = driver(preview);
        head.extend(width::wrap(&driver, cells).into_iter().take(2).map(|line| vec![(line.to_owned(), Role::TextDim)]));
    } else {
        let (promise, role) = facts::promise(&preview.checked);
        head.push(vec![(promise, role)]);
    }
    // While the stop is on, what the guardrails say comes second.
    let (verdict, role) = match &look.world.latched {
        Some(by) => {
            let sign = if look.theme.ascii { "x" } else { "✗" };
            (format!("{sign} stopped by {by}; to lift it: :release REASON"), Role::Bad)
        }
        None => facts::verdict(&preview.checked, look.theme.ascii),
    };
    let wrapped = width::wrap(&verdict, cells);
    head.extend(wrapped.into_iter().take(2).map(|line| vec![(line.to_owned(), role)]));
    head
}

/// How the driver does it, and which one it is.
fn driver(preview: &Preview) -> String {
    let plan = &preview.checked.plan;
    format!("{} · driver {}", sanitize::line(&plan.driver_why), plan.driver.word())
}

/// `2 of 2  create  EnvoyFilter shop/brink-7f`, and how sure it is.
fn change(preview: &Preview, at: usize, chosen: bool) -> Line {
    let changes = &preview.checked.preview.changes;
    let Some(change) = changes.get(at) else { return Line::new() };
    let role = if chosen { Role::Text } else { Role::TextDim };
    let object = short(&change.object);
    let mut line = vec![(format!("{} of {}  {}  {}", at + 1, changes.len(), change.op, sanitize::line(&object)), role)];
    let (added, removed) = diff::counts(preview.changes.diff(at));
    if added + removed > 0 {
        line.push((format!("  +{added} -{removed}"), Role::TextDim));
    }
    match change.dry_run {
        DryRun::Checked => {}
        DryRun::Assumed => line.push(("  assumed: depends on an earlier step".to_owned(), Role::Warn)),
        DryRun::Unchecked => line.push(("  unchecked: the server has no dry run for it".to_owned(), Role::Warn)),
        DryRun::Refused => {
            line.push((format!("  the server would refuse it: {}", sanitize::line(&change.message)), Role::Bad));
        }
    }
    line
}

/// `EnvoyFilter shop/brink-7f` of `networking.istio.io/v1alpha3/EnvoyFilter shop/brink-7f`.
fn short(object: &str) -> String {
    let (kind, place) = object.split_once(' ').unwrap_or((object, ""));
    format!("{} {place}", kind.rsplit('/').next().unwrap_or(kind))
}

/// Rows the list of changes may take.
fn list_rows(left: Rect) -> u16 {
    (left.height / 4).max(1)
}

/// A note as it stands at the bottom, wrapped: the sentence, then what to do.
fn note_lines(preview: &Preview, cells: u16) -> Vec<(&str, Role)> {
    let Some(note) = &preview.note else { return Vec::new() };
    let cells = usize::from(cells.saturating_sub(1)).max(1);
    let text = width::wrap(&note.text, cells).into_iter().take(3).map(|line| (line, note.role));
    let fix = width::wrap(&note.fix, cells).into_iter().take(2).filter(|line| !line.is_empty());
    text.chain(fix.map(|line| (line, Role::TextDim))).collect()
}

/// Rows at the bottom: a note, the confirmation, what else could do it.
fn foot(preview: &Preview, cells: u16) -> u16 {
    let note = rows(note_lines(preview, cells).len());
    let confirm = if preview.confirm.is_some() { 2 } else { 0 };
    let others = u16::from(note == 0 && confirm == 0 && !preview.checked.plan.alternatives.is_empty());
    let asked = u16::from(note == 0 && confirm == 0 && others == 0 && preview.asked.is_some());
    match note + confirm + others + asked {
        0 => 0,
        // A free line above.
        used => used + 1,
    }
}

fn draw_foot(preview: &Preview, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    if area.height == 0 {
        return;
    }
    fill(buf, area, look.theme.style(Role::Text));
    let mut y = area.y + 1;
    let width = area.width.saturating_sub(1);
    for (line, role) in note_lines(preview, area.width) {
        put(buf, area.x, y, width, line, look.theme.style(Role::Text).patch(look.theme.style(role)));
        y += 1;
    }
    if let Some(line) = &preview.confirm {
        let wanted = sanitize::line(&preview.checked.confirm_name).into_owned();
        let question = vec![
            ("type ".to_owned(), Role::Warn),
            (wanted, Role::TextStrong),
            (" and press enter to apply".to_owned(), Role::Warn),
        ];
        spans(buf, area.x, y, width, &question, look);
        let (text, cursor) = line.window(usize::from(width.saturating_sub(2)));
        put(buf, area.x, y + 1, 2, "> ", look.theme.style(Role::Accent));
        put(buf, area.x + 2, y + 1, width.saturating_sub(2), text, look.theme.style(Role::Text));
        let at = area.x + 2 + u16::try_from(cursor).unwrap_or(0);
        if let Some(cell) = buf.cell_mut((at, y + 1)) {
            cell.set_style(look.theme.style(Role::Selection).add_modifier(ratatui::style::Modifier::REVERSED));
        }
    } else if preview.note.is_none() {
        let text = match preview.asked {
            Some(Asked::Apply(_)) => "applying…".to_owned(),
            Some(Asked::Check(_)) => "asking the API server…".to_owned(),
            None => {
                let others: Vec<&str> = preview.checked.plan.alternatives.iter().map(|one| one.word()).collect();
                format!("{} could do it too", others.join(", "))
            }
        };
        put(buf, area.x, y, width, &text, look.theme.style(Role::TextDim));
    }
    debug_assert!(preview.verdict() != Verdict::Refuse || preview.confirm.is_none());
}

/// Says that there is more below.
fn more(buf: &mut Buffer, area: Rect, look: &Look<'_>) {
    if area.height > 0 && area.width > 3 {
        let mark = if look.theme.ascii { "v" } else { "▾" };
        put(buf, area.right() - 1, area.bottom() - 1, 1, mark, look.theme.style(Role::Accent));
    }
}

/// One cell free at the left, one row free at the top.
fn padded(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + u16::from(area.height > 20),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(u16::from(area.height > 20)),
    }
}

fn rows(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws lines and gives the row after the last.
fn lines(buf: &mut Buffer, area: Rect, lines: &[Line], from: usize, look: &Look<'_>) -> u16 {
    let mut y = area.y;
    for line in lines.iter().skip(from) {
        if y >= area.bottom() {
            break;
        }
        spans(buf, area.x, y, area.width, line, look);
        y += 1;
    }
    y
}

fn spans(buf: &mut Buffer, x: u16, y: u16, cells: u16, line: &Line, look: &Look<'_>) {
    let base = look.theme.style(Role::Text);
    put_spans(buf, x, y, cells, line.iter().map(|(text, role)| (text.as_str(), base.patch(look.theme.style(*role)))));
}
