//! The cockpit in words, for screen readers and for terminals that know no cursor: lines that follow one another.
//!
//! Mental model: a scene is all there is to say of the cockpit now, a pure function of it; the [`Narrator`] remembers the
//! scene before and says what is new. What is entered is said as a whole: its name, its rows or lines, its keys. What changes
//! there is said once; what time and metrics alone change is not, but for the countdown of a live fault.
//!
//! It decides nothing and takes no keys: keys, panes and screens are those of the screen that is drawn. Texts without words of
//! their own are read off a drawing that nobody sees, tall and narrow enough that nothing is cut and columns follow each other.

mod faults;
mod page;
mod scene;
pub mod words;

use std::collections::BTreeMap;

use self::{
    page::{How, Line, Page},
    scene::{Body, Scene},
};
use super::App;
use crate::panes::grid::Told;

/// The drawing nobody sees: narrow enough that everything stands below each other, and tall enough that little scrolls.
pub const SIZE: (u16, u16) = (80, 400);
/// Most lines of a log that are said at once; more are counted.
const MOST: usize = 40;
/// Most rows whose state is told at once.
const ROWS: usize = 5;

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line.
    Line(String),
    /// The line that is typed, as it stands now.
    Typed(String),
}

/// Who says what is new.
#[derive(Debug, Default)]
pub struct Narrator {
    before: Option<Scene>,
    faults: faults::Heard,
    unwell: BTreeMap<String, String>,
}

impl Narrator {
    /// All of it is said again.
    pub fn forget(&mut self) {
        self.before = None;
        self.faults.again();
    }

    /// What is new since the last time.
    pub fn say(&mut self, app: &App) -> Vec<Said> {
        let mut now = Scene::of(app);
        let before = self.before.take().unwrap_or_default();
        let mut lines = Vec::new();
        if now.place != before.place {
            lines.push(now.place.clone());
        }
        lines.extend(self.faults.hear(app));
        lines.extend(fresh(&before.above, &now.above, How::Document).map(|line| format!("emergency stop: {line}")));
        if now.caption != before.caption {
            lines.extend(now.caption.clone());
        }
        if now.name == before.name {
            let held = before.typed.is_some() && now.typed.is_some();
            if now.about != before.about && !held {
                lines.push(now.heading());
            }
            lines.extend(changed(&before.body, &now.body, held));
            if held || now.about != before.about {
                // Another filter shows other rows: that they were unwell before is no news.
                self.unwell = now.unwell();
            }
            lines.extend(self.rows(&now));
            if now.typed.is_some() && before.typed.is_none() {
                lines.extend(now.keys.clone());
            }
            if held {
                // What changed meanwhile is said once nothing is typed any more.
                now.body = before.body.with_cursor_of(now.body);
                now.about = before.about;
            }
        } else {
            self.unwell = now.unwell();
            lines.extend(now.entered());
            lines.extend(now.keys.clone());
        }
        if now.offer != before.offer {
            lines.extend(now.offer.clone());
        }
        if now.notice != before.notice {
            lines.extend(now.notice.clone());
        }
        if now.pending != before.pending {
            lines.extend(now.pending.clone());
        }
        let typed = now.typed.clone();
        self.before = Some(now);
        lines.into_iter().map(Said::Line).chain(typed.map(Said::Typed)).collect()
    }

    /// Rows that became unwell, and well again.
    fn rows(&mut self, now: &Scene) -> Vec<String> {
        let unwell = now.unwell();
        let before = std::mem::replace(&mut self.unwell, unwell);
        // Of the row under the cursor every change is said already.
        let here = now.row().unwrap_or_default().to_owned();
        let came = self.unwell.iter().filter(|(name, text)| **name != here && before.get(*name) != Some(*text));
        let mut lines: Vec<String> = came.map(|(name, text)| format!("{name}: {text}")).collect();
        let left = before.keys().filter(|name| **name != here && !self.unwell.contains_key(*name));
        lines.extend(left.map(|name| format!("{name}: no longer unwell")));
        bounded(lines, ROWS)
    }
}

/// The first of many, and how many more there are.
fn bounded(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

/// What of a body is new.
fn changed(before: &Body, now: &Body, held: bool) -> Vec<String> {
    match (before, now) {
        (Body::Table(..), Body::Table(..)) if held => Vec::new(),
        (Body::Table(before, _), Body::Table(now, _)) => table(before, now),
        (Body::Page(before), Body::Page(now)) => {
            let selected = now.selected().filter(|line| Some(*line) != before.selected());
            let mut lines: Vec<String> = selected.map(|line| line.text.clone()).into_iter().collect();
            if held {
                return lines;
            }
            match now.how {
                How::Log => lines.extend(bounded(page::appended(&before.lines, &now.lines), MOST)),
                how => {
                    let rest: Vec<Line> = now.lines.iter().filter(|line| !line.selected).cloned().collect();
                    lines.extend(fresh(&before.lines, &rest, how));
                }
            }
            lines
        }
        (_, now) => now.lines(),
    }
}

fn table(before: &Told, now: &Told) -> Vec<String> {
    if now.name != before.name {
        return vec![words::row(now)];
    }
    let changed = now.cells.iter().filter(|cell| !cell.restless && !before.cells.contains(cell));
    let changed: Vec<String> = changed.map(words::cell).collect();
    let hit = match (before.hit, now.hit) {
        (false, true) => Some("a live fault touches it".to_owned()),
        (true, false) => Some("no live fault touches it any more".to_owned()),
        _ => None,
    };
    let changed: Vec<String> = changed.into_iter().chain(hit).collect();
    if changed.is_empty() { Vec::new() } else { vec![format!("{}: {}", now.name.1, changed.join(", "))] }
}

/// The lines that were not there before.
fn fresh<'a>(before: &[Line], now: &'a [Line], how: How) -> impl Iterator<Item = String> + use<'a> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for line in before {
        *known.entry(how.key(&line.text)).or_default() += 1;
    }
    now.iter().filter_map(move |line| match known.get_mut(&how.key(&line.text)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            None
        }
        _ => Some(line.text.clone()),
    })
}
