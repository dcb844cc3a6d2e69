//! The preview of an undo: what would be written to end somebody else's fault past its deadline, or over what somebody else
//! wrote meanwhile. One key carries out exactly what is shown; when something moved, it is shown anew.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Look, Reply, Title, Turn, scrolled::Scrolled, shown::Shown, state::Message};
use crate::{
    base::{Now, Ticket, sanitize, width},
    config::Role,
    fault::{
        foreseen::{Foreseen, ForeseenStep},
        undo::Decision,
    },
    msg::{Command, Context, Effect, Failure},
    widgets::{
        diff::{self, DiffLine},
        fill, put, put_spans,
    },
};

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Look(Ticket),
    Carry(Ticket),
}

/// A line under the title.
#[derive(Debug)]
enum Line {
    Words(Vec<(String, Role)>),
    Diff(DiffLine),
}

/// See the module docs.
#[derive(Debug)]
pub struct Undo {
    injection: String,
    decision: Option<Decision>,
    asked: Option<Asked>,
    seen: Option<Box<Foreseen>>,
    failure: Option<Failure>,
    moved: bool,
    shown: Shown,
    scroll: Scrolled,
}

impl Undo {
    /// Asks what the undo of an injection would write.
    pub fn open(injection: String, decision: Option<Decision>, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let effects = vec![Effect::Foresee(ticket, injection.clone(), decision)];
        let undo = Self {
            injection,
            decision,
            asked: Some(Asked::Look(ticket)),
            seen: None,
            failure: None,
            moved: false,
            shown: Shown::default(),
            scroll: Scrolled::default(),
        };
        (undo, effects)
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Preview
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Back => return Reply::close(),
            Command::Apply if cx.alone && self.ready(cx.now) => {
                if let Some(seen) = &self.seen {
                    let ticket = cx.tickets.take();
                    self.asked = Some(Asked::Carry(ticket));
                    return Effect::Undo(ticket, seen.clone()).into();
                }
            }
            Command::Recheck if self.asked.is_none() => {
                let ticket = cx.tickets.take();
                self.asked = Some(Asked::Look(ticket));
                return Effect::Foresee(ticket, self.injection.clone(), self.decision).into();
            }
            command => self.scroll.update(command),
        }
        Reply::none()
    }

    /// What the undo would write.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<Box<Foreseen>, Failure>) {
        let carried = match self.asked {
            Some(Asked::Look(asked)) if asked == ticket => false,
            Some(Asked::Carry(asked)) if asked == ticket => true,
            _ => return,
        };
        self.asked = None;
        self.shown.anew();
        self.moved = carried;
        match answer {
            Ok(seen) => (self.seen, self.failure) = (Some(seen), None),
            Err(failure) => (self.seen, self.failure) = (None, Some(failure)),
        }
    }

    /// It was carried out, or could not be: the faults pane tells the rest.
    pub fn ordered(&mut self, ticket: Ticket) -> Reply {
        if self.asked == Some(Asked::Carry(ticket)) {
            return Reply { turn: Turn::Faults, ..Reply::none() };
        }
        Reply::none()
    }

    /// Fits the window; what is drawn after this has been shown.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        if self.seen.is_some() {
            self.shown.drawn(area, look.now);
        }
        let head = self.head(area.width).len();
        let lines = self.lines(area.width).len();
        self.scroll.page = usize::from(area.height).saturating_sub(head + 2).max(1);
        self.scroll.deepest = lines.saturating_sub(self.scroll.page);
        self.scroll.fit();
    }

    /// When the picture changes by time alone: the key wakes up.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.shown.wakes(now)
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Undo".to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let right = self.asked.map(|asked| {
            let text = match asked {
                Asked::Look(_) => "asking the API server…",
                Asked::Carry(_) if self.decision.is_none() => "its owner is asked first, up to 20 s…",
                Asked::Carry(_) => "undoing…",
            };
            (text.to_owned(), Role::TextDim)
        });
        Title { words: vec![(self.injection.clone(), Role::Text)], right }
    }

    /// The keys that matter here. The one that writes stands dim while it is deaf.
    pub fn hints(&self, now: Now) -> Vec<(Command, &'static str, Role)> {
        let mut hints = Vec::new();
        if self.seen.as_ref().is_some_and(|seen| seen.writes()) {
            hints.push((Command::Apply, "undo", if self.ready(now) { Role::Key } else { Role::TextDim }));
        }
        hints.push((Command::Back, "discard", Role::Key));
        hints.push((Command::Recheck, "check again", Role::Key));
        hints
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        fill(buf, area, look.theme.style(Role::Text));
        if area.width < 10 || area.height == 0 {
            return;
        }
        if let Some(failure) = &self.failure {
            let (what, fix) = (sanitize::line(&failure.what), sanitize::line(&failure.fix));
            Message { text: what.into_owned(), fix: fix.into_owned(), role: Role::Bad }.view(area, buf, look);
            return;
        }
        if self.seen.is_none() {
            Message::quiet("asking the API server what the undo would write", "").view(area, buf, look);
            return;
        }
        let base = look.theme.style(Role::Text);
        let (x, room) = (area.x + 1, area.width.saturating_sub(2));
        let spans = |buf: &mut Buffer, y: u16, line: &[(String, Role)]| {
            put_spans(
                buf,
                x,
                y,
                room,
                line.iter().map(|(text, role)| (text.as_str(), base.patch(look.theme.style(*role)))),
            );
        };
        let mut y = area.y;
        for line in self.head(area.width) {
            if y < area.bottom() {
                spans(buf, y, &[line]);
            }
            y += 1;
        }
        let window =
            Rect { x, y: (y + 1).min(area.bottom()), width: room, height: area.bottom().saturating_sub(y + 1) };
        let lines = self.lines(area.width);
        for (row, line) in (window.top()..window.bottom()).zip(lines.iter().skip(self.scroll.top)) {
            match line {
                Line::Words(words) => spans(buf, row, words),
                Line::Diff(line) => {
                    diff::unified(buf, Rect { y: row, height: 1, ..window }, std::slice::from_ref(line), look.theme);
                }
            }
        }
        if lines.len() > self.scroll.top + usize::from(window.height) && window.height > 0 {
            let mark = if look.theme.ascii { "v" } else { "▾" };
            put(buf, window.right() - 1, window.bottom() - 1, 1, mark, look.theme.style(Role::Accent));
        }
    }

    /// What is shown was on the screen long enough, and nothing is asked.
    fn ready(&self, now: Now) -> bool {
        self.asked.is_none() && self.seen.as_ref().is_some_and(|seen| seen.writes()) && self.shown.awake(now)
    }

    /// The deed, and what the undo of it is about. Stays while the rest scrolls.
    fn head(&self, cells: u16) -> Vec<(String, Role)> {
        let Some(seen) = &self.seen else { return Vec::new() };
        let cells = usize::from(cells.saturating_sub(2)).max(1);
        let owner = sanitize::line(&seen.owner);
        let about = match seen.decision {
            Some(Decision::ForceMine) if !seen.mine => format!(
                "{owner}'s fault is past its deadline: what others wrote meanwhile is lost, this would be written over it \
                 with your rights."
            ),
            Some(Decision::ForceMine) => {
                "What others wrote meanwhile is lost; this would be written over it.".to_owned()
            }
            Some(Decision::KeepTheirs) => "What stands there now stays.".to_owned(),
            None if seen.kept => {
                "It was to stay; its undo writes this, where nobody changed the same meanwhile.".to_owned()
            }
            None => format!("{owner}'s fault is past its deadline; its undo writes this with your rights."),
        };
        let mut said = vec![(format!("Undo: {}", sanitize::line(&seen.title)), Role::TextStrong), (about, Role::Warn)];
        if self.moved {
            said.push(("Something moved, nothing was written; this is what it would be now.".to_owned(), Role::Warn));
        }
        if !seen.writes() {
            said.push(("Nothing would be written.".to_owned(), Role::TextDim));
        }
        let wrap = |(text, role): (String, Role)| {
            width::wrap(&text, cells).into_iter().map(|line| (line.to_owned(), role)).collect::<Vec<_>>()
        };
        said.into_iter().flat_map(wrap).collect()
    }

    fn lines(&self, cells: u16) -> Vec<Line> {
        let Some(seen) = &self.seen else { return Vec::new() };
        let cells = usize::from(cells.saturating_sub(4)).max(1);
        let mut lines = Vec::new();
        for (at, step) in seen.steps.iter().enumerate() {
            if at > 0 {
                lines.push(Line::Words(Vec::new()));
            }
            step_lines(at + 1, seen.steps.len(), step, cells, &mut lines);
        }
        lines
    }
}

fn step_lines(at: usize, all: usize, step: &ForeseenStep, cells: usize, lines: &mut Vec<Line>) {
    let object = sanitize::line(&step.object).into_owned();
    let (kind, place) = object.split_once(' ').unwrap_or((object.as_str(), ""));
    let kind = kind.rsplit('/').next().unwrap_or(kind);
    let (added, removed) = diff::counts(&diff::parse(&step.diff));
    let mut head = vec![(format!("{at} of {all}  {}  {kind} {place}", step.op), Role::Text)];
    if added + removed > 0 {
        head.push((format!("  +{added} -{removed}"), Role::TextDim));
    }
    lines.push(Line::Words(head));
    let mut say = |text: &str, role: Role| {
        for line in width::wrap(&sanitize::line(text), cells) {
            lines.push(Line::Words(vec![(format!("  {line}"), role)]));
        }
    };
    if step.blocked {
        say("entangled: it stays as it is until somebody decides", Role::Warn);
    }
    if !step.note.is_empty() {
        say(&step.note, Role::TextDim);
    }
    if let Some(refused) = &step.refused {
        say(&format!("the server would refuse it: {refused}"), Role::Bad);
    }
    lines.extend(diff::parse(&step.diff).into_iter().map(Line::Diff));
}
