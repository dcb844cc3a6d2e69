//! How the form is laid out: kinds at the left with what can carry them out, fields at the right; one of them where there is
//! no room for both.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    Drivers, Form, Stage,
    field::{Field, Slot, Value},
    target,
};
use crate::{
    base::{sanitize, width},
    config::Role,
    fault::{
        catalogue::{
            self, DriverRow,
            view::{DriverState, DriverView, KindsView},
        },
        intent::FaultKind,
    },
    panes::Look,
    widgets::{
        caret, fill,
        frame::{self, Glyphs},
        put, put_spans, style_row,
    },
};

/// From this width on kinds and fields stand side by side.
const BOTH: u16 = 90;
const KINDS: u16 = 38;
const LABEL: u16 = 14;
/// Lines below the kinds: what is said of the chosen one.
const TOLD: u16 = 10;
/// Kinds shown at least.
const LEAST: u16 = 6;

/// A line of the fields' column.
enum Line<'a> {
    Field(usize, &'a Field),
    Words(String, Role),
}

/// First line to show so that the field with the focus, and what is wrong with it, are seen.
pub fn scroll(form: &Form, area: Rect) -> usize {
    let (room, height) = column(form, area);
    let lines = lines(form, room);
    let at = lines.iter().position(|line| matches!(line, Line::Field(at, _) if *at == form.focus)).unwrap_or(0);
    let page = usize::from(height).max(1);
    let last = lines.len().saturating_sub(page);
    form.scroll.clamp((at + 3).saturating_sub(page).min(at), at).min(last.max(at.saturating_sub(page - 1)))
}

/// Width and height of the fields' column.
fn column(form: &Form, area: Rect) -> (u16, u16) {
    let width = if area.width >= BOTH { area.width.saturating_sub(KINDS + 3) } else { area.width.saturating_sub(2) };
    (width, area.height.saturating_sub(1).saturating_sub(foot(form, width, area.height)))
}

/// Draws it.
pub fn view(form: &Form, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    fill(buf, area, look.theme.style(Role::Text));
    if area.width < 12 || area.height < 2 {
        return;
    }
    if area.width >= BOTH {
        let left = Rect { x: area.x + 1, y: area.y + 1, width: KINDS - 2, height: area.height.saturating_sub(1) };
        kinds(form, left, buf, look);
        let glyphs = if look.theme.ascii { Glyphs::Ascii } else { Glyphs::Lines };
        frame::divide(buf, area.x + KINDS, area.top(), area.bottom(), glyphs, look.theme.style(Role::Border));
        let right = Rect {
            x: area.x + KINDS + 2,
            y: area.y + 1,
            width: area.width - KINDS - 3,
            height: area.height.saturating_sub(1),
        };
        fields(form, right, buf, look);
    } else {
        let inside = Rect { x: area.x + 1, y: area.y, width: area.width.saturating_sub(2), height: area.height };
        match form.stage {
            Stage::Kinds => kinds(form, inside, buf, look),
            Stage::Fields => fields(form, inside, buf, look),
        }
    }
}

fn kinds(form: &Form, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let theme = look.theme;
    let text = theme.style(Role::Text);
    // What is said of the chosen kind needs room as well.
    let all = FaultKind::ALL.len();
    let shown = all.min(usize::from(area.height.saturating_sub(TOLD).max(LEAST).min(area.height)));
    let first = form.at.saturating_sub(shown / 2).min(all - shown);
    let rows = FaultKind::ALL.into_iter().enumerate().skip(first).take(shown);
    for (y, (at, kind)) in (area.top()..area.bottom()).zip(rows) {
        let fits = form.subject.as_ref().is_none_or(|subject| !target::targets(subject, kind).is_empty())
            || kind == FaultKind::Manifest;
        let chosen = at == form.at;
        let role = match (chosen, fits) {
            (true, _) => Role::TextStrong,
            (false, true) => Role::Text,
            (false, false) => Role::TextDim,
        };
        let (sign, sign_role) = state_sign(best(form, kind), theme.ascii);
        put_spans(
            buf,
            area.x,
            y,
            area.width,
            [(sign, text.patch(theme.style(sign_role))), (" ", text), (kind.word(), text.patch(theme.style(role)))],
        );
        if !fits {
            let noun = form.subject.as_ref().map_or("row", |subject| subject.object.kind.kind.as_str());
            let an = if noun.starts_with(['A', 'E', 'I', 'O']) || noun.starts_with("HTTP") { "an" } else { "a" };
            let words = format!("not for {an} {}", sanitize::line(noun));
            // In a column where all have room, else behind the name, else nowhere: the dimmed name says it too.
            let column = |name: usize| u16::try_from(name + 3).unwrap_or(u16::MAX);
            let widest = FaultKind::ALL.iter().map(|kind| kind.word().len()).max().unwrap_or_default();
            let fits = |at: &u16| width::width(&words) <= usize::from(area.width.saturating_sub(*at));
            let at = [column(widest), column(kind.word().len()).max(18)].into_iter().find(fits);
            if let Some(at) = at {
                let room = area.width.saturating_sub(at);
                put(buf, area.x + at, y, room, &words, theme.style(Role::TextDim));
            }
        }
        if chosen {
            let mut style = theme.style(Role::Selection);
            if form.stage != Stage::Kinds {
                style = style.remove_modifier(Modifier::REVERSED);
            }
            style_row(buf, area.x, y, area.width, style);
        }
    }
    let mut y = area.y + u16::try_from(shown).unwrap_or(0);
    if shown < all {
        let words = format!("{} of {all} kinds", form.at + 1);
        put(buf, area.x + 2, y, area.width.saturating_sub(2), &words, theme.style(Role::TextDim));
    }
    y += 1;
    let mut say = |words: &str, role: Role| {
        for line in width::wrap(words, usize::from(area.width)) {
            if y < area.bottom() {
                put(buf, area.x, y, area.width, line, text.patch(theme.style(role)));
            }
            y = y.saturating_add(1);
        }
    };
    say(catalogue::row(form.kind()).doc, Role::Text);
    say("", Role::Text);
    match &form.drivers {
        Drivers::Asking(_) => say("asking which drivers work here…", Role::TextDim),
        Drivers::Unknown(failure) => {
            say(&format!("which drivers work here is not known: {}", sanitize::line(&failure.what)), Role::Warn);
            say(&sanitize::line(&failure.fix), Role::TextDim);
        }
        Drivers::Known(known) => {
            for (row, driver) in carriers(known, form.kind()) {
                let fits = driver.state != DriverState::Ok || takes(form, form.kind(), row);
                let (sign, role) = state_sign(Some(if fits { driver.state } else { DriverState::Absent }), theme.ascii);
                say(&format!("{sign} {} · {}", driver.driver, driver.class), role);
                let only = || row.takes.into_iter().flatten().map(|one| one.example()).collect::<Vec<_>>().join(", ");
                let why = if fits { driver.why.clone() } else { format!("takes {} alone", only()) };
                for line in width::wrap(&sanitize::line(&why), usize::from(area.width.saturating_sub(2))) {
                    say(&format!("  {line}"), Role::TextDim);
                }
            }
        }
    }
}

/// The drivers of a kind, with what is known of each here.
fn carriers(known: &KindsView, kind: FaultKind) -> impl Iterator<Item = (&'static DriverRow, &DriverView)> {
    let views =
        known.kinds.iter().find(move |view| view.kind == kind.word()).into_iter().flat_map(|view| &view.drivers);
    views.filter_map(move |view| {
        Some((catalogue::row(kind).drivers.iter().find(|row| row.driver.word() == view.driver)?, view))
    })
}

/// Whether a driver takes something that the object of the form stands for. One that stands for nothing is told of as a kind
/// that does not fit.
fn takes(form: &Form, kind: FaultKind, row: &DriverRow) -> bool {
    let targets = form.subject.as_ref().map(|subject| target::targets(subject, kind)).unwrap_or_default();
    targets.is_empty() || targets.iter().any(|target| row.fits(target))
}

/// The best state among a kind's drivers; `None` while it is not known.
fn best(form: &Form, kind: FaultKind) -> Option<DriverState> {
    let Drivers::Known(known) = &form.drivers else { return None };
    let taking = carriers(known, kind).filter(|(row, _)| takes(form, kind, row));
    let states: Vec<DriverState> = taking.map(|(_, driver)| driver.state).collect();
    let order = [DriverState::Ok, DriverState::Dead, DriverState::Forbidden, DriverState::Absent];
    order.into_iter().find(|state| states.contains(state))
}

fn state_sign(state: Option<DriverState>, ascii: bool) -> (&'static str, Role) {
    match (state, ascii) {
        (Some(DriverState::Ok), false) => ("✓", Role::Text),
        (Some(DriverState::Ok), true) => ("+", Role::Text),
        (Some(DriverState::Dead), _) => ("!", Role::Warn),
        (Some(DriverState::Absent), false) => ("✗", Role::TextDim),
        (Some(DriverState::Absent), true) => ("x", Role::TextDim),
        (Some(DriverState::Forbidden), _) => ("?", Role::Unknown),
        (None, _) => (" ", Role::TextDim),
    }
}

fn lines(form: &Form, room: u16) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (at, field) in form.fields.iter().enumerate() {
        lines.push(Line::Field(at, field));
        if let Some(wrong) = form.complaint(field) {
            let text = format!("{}; {}", sanitize::line(&wrong.why), sanitize::line(&wrong.fix));
            let cells = usize::from(room.saturating_sub(LABEL + 2)).max(8);
            lines.extend(width::wrap(&text, cells).into_iter().map(|line| Line::Words(line.to_owned(), Role::Bad)));
        }
        if field.slot == Slot::File && !form.manifests.is_empty() {
            for manifest in form.manifests.iter().take(6) {
                let namespace = manifest.namespace().unwrap_or(&form.namespace);
                let text = format!("{} {namespace}/{}", manifest.kind(), manifest.name());
                lines.push(Line::Words(sanitize::line(&text).into_owned(), Role::TextDim));
            }
            if form.manifests.len() > 6 {
                lines.push(Line::Words(format!("and {} more", form.manifests.len() - 6), Role::TextDim));
            }
        }
    }
    lines
}

fn fields(form: &Form, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let theme = look.theme;
    let text = theme.style(Role::Text);
    let foot = foot(form, area.width, area.height);
    let window = Rect { height: area.height.saturating_sub(foot), ..area };
    let lines = lines(form, area.width);
    for (y, line) in (window.top()..window.bottom()).zip(lines.iter().skip(form.scroll)) {
        match line {
            Line::Field(at, field) => {
                let focused = form.stage == Stage::Fields && *at == form.focus;
                draw_field(form, field, focused, Rect { y, height: 1, ..window }, buf, look);
            }
            Line::Words(words, role) => {
                put(buf, area.x + LABEL, y, area.width.saturating_sub(LABEL), words, text.patch(theme.style(*role)));
            }
        }
    }
    let foot = Rect { y: window.bottom(), height: foot, ..area };
    for (y, (line, role)) in (foot.top()..foot.bottom()).zip(told(form, foot.width)) {
        put(buf, foot.x, y, foot.width, &line, text.patch(theme.style(role)));
    }
}

/// What failed, to its last word, else what the field with the focus means.
fn told(form: &Form, width: u16) -> Vec<(String, Role)> {
    let mut say = Vec::new();
    if let Some(failure) = &form.failure {
        say.push((sanitize::line(&failure.what).into_owned(), Role::Bad));
        say.push((sanitize::line(&failure.fix).into_owned(), Role::TextDim));
    } else if form.stage == Stage::Fields
        && let Some(field) = form.fields.get(form.focus)
    {
        say.push((field.slot.doc(form.kind()), Role::TextDim));
    }
    let wrapped = |(words, role): &(String, Role)| -> Vec<(String, Role)> {
        width::wrap(words, usize::from(width).max(1)).into_iter().map(|line| (line.to_owned(), *role)).collect()
    };
    say.iter().flat_map(wrapped).collect()
}

/// The last rows, for what is told: as many as it needs, and half of all at most.
fn foot(form: &Form, width: u16, height: u16) -> u16 {
    u16::try_from(told(form, width).len()).unwrap_or(u16::MAX).max(3.min(height / 3)).min(height / 2)
}

fn draw_field(form: &Form, field: &Field, focused: bool, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let theme = look.theme;
    let text = theme.style(Role::Text);
    let label = if focused { Role::TextStrong } else { Role::TextDim };
    // A target that is typed goes without a word below the choice of targets; where none is offered it is the target.
    let alone = field.slot == Slot::OtherTarget && !form.fields.iter().any(|field| field.slot == Slot::Target);
    let word = if alone { Slot::Target.label() } else { field.slot.label() };
    put(buf, area.x, area.y, LABEL - 1, word, text.patch(theme.style(label)));
    let x = area.x + LABEL;
    let room = area.width.saturating_sub(LABEL + 1);
    if room == 0 {
        return;
    }
    let wrong = form.complaint(field).is_some();
    let style = if wrong { text.patch(theme.style(Role::Bad)) } else { text };
    let cells = room.min(48);
    let ground = if focused { theme.style(Role::Selection) } else { Style::new() };
    match &field.value {
        Value::Choice { options, at } => {
            let (left, right) = if theme.ascii { ("< ", " >") } else { ("‹ ", " ›") };
            let arrows = theme.style(if focused { Role::Accent } else { Role::TextDim });
            let value = options.get(*at).map(String::as_str).unwrap_or_default();
            let used = put_spans(buf, x, area.y, room, [(left, arrows), (value, style), (right, arrows)]);
            if focused {
                style_row(buf, x, area.y, used, ground);
            }
            if focused {
                let count = format!("  {} of {}", at + 1, options.len());
                put(buf, x + used, area.y, room.saturating_sub(used), &count, theme.style(Role::TextDim));
            }
        }
        Value::Text(line) => {
            let (shown, cursor) = line.window(usize::from(cells));
            let used = if line.text().is_empty() {
                let duration = form.content(Slot::Duration);
                match field.default(duration) {
                    Some(default) => {
                        let unit = field.slot.unit();
                        let words = format!("{default}{}{unit}  (default)", if unit.is_empty() { "" } else { " " });
                        put(buf, x, area.y, cells, &words, theme.style(Role::TextDim))
                    }
                    None => {
                        let words = match field.slot {
                            Slot::Param(param) if param.required => "needed".to_owned(),
                            Slot::Param(param) => {
                                param.either.map_or_else(|| "any".to_owned(), |other| format!("this or {other}"))
                            }
                            Slot::Scope(_) => "any".to_owned(),
                            Slot::OtherTarget => "KIND/NAME or -l key=value".to_owned(),
                            Slot::File => "path, or paste YAML".to_owned(),
                            _ => String::new(),
                        };
                        let words = if focused { format!(" {words}") } else { words };
                        put(buf, x, area.y, cells, &words, theme.style(Role::TextDim))
                    }
                }
            } else {
                let used = put(buf, x, area.y, cells, shown, style);
                let unit = field.slot.unit();
                if !unit.is_empty() {
                    put(buf, x + used + 1, area.y, room.saturating_sub(used + 1), unit, theme.style(Role::TextDim));
                }
                used
            };
            if focused {
                style_row(buf, x, area.y, cells.max(used), ground);
                caret(buf, x + u16::try_from(cursor).unwrap_or(0), area.y);
            }
        }
    }
}
