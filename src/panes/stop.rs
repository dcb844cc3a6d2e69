//! The emergency stop: two presses of the abort key within a second, and everything of this person ends.
//!
//! While it is on, a red block stands above everything, every open injection has a line that turns ✓ when it was read back,
//! and nothing can be armed. No screen and no dialog may cover it. `:release REASON` lifts it.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Look, World, live};
use crate::{
    base::{Ticket, sanitize},
    config::Role,
    fault::{injection::State, io::stop::Stopped, view::InjectionView},
    msg::{Effect, Failure},
    widgets::{fill, put, put_right},
};

/// Two aborts within this span stop everything.
const TWICE: Duration = Duration::from_secs(1);
/// Most lines of the block; more are counted.
const LINES: usize = 6;

/// What one press of the abort key came to.
#[derive(Debug)]
pub struct Pressed {
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// What is said; nothing where the red block says it.
    pub said: Option<(String, Role)>,
    /// The injection it is said of: with its end, the word is no longer true.
    pub about: Option<String>,
}

/// See the module docs.
#[derive(Debug, Default)]
pub struct Stop {
    last: Option<Duration>,
    /// Asked for here and not through yet.
    asked: Option<Ticket>,
    everyone: bool,
    /// Injections that were open when it was pressed, in the order of their lines.
    lines: Vec<String>,
    /// What the engine warned of.
    warnings: Vec<String>,
    /// Something was not ended, or not even looked for.
    unended: bool,
    failed: Option<Failure>,
}

impl Stop {
    /// Whether the block stands.
    pub fn on(&self, world: &World) -> bool {
        world.latched.is_some() || self.asked.is_some() || self.failed.is_some()
    }

    /// The abort key. `chosen` is the injection under a cursor that means it.
    pub fn abort(&mut self, chosen: Option<&InjectionView>, cx: &mut Cx<'_>) -> Pressed {
        if self.last.is_some_and(|before| cx.now.mono.saturating_sub(before) <= TWICE) {
            return self.press(cx);
        }
        self.last = Some(cx.now.mono);
        let live = cx.world.live();
        // One's own under the cursor, or else the one that ends first. Somebody else's wants a word first: its key asks.
        let own = |view: &&InjectionView| view.mine && !view.ended();
        let target = chosen.filter(own).or_else(|| live.iter().copied().find(own));
        match target {
            Some(view) => Pressed {
                said: Some((
                    format!("aborting {}; again within 1 s stops all", sanitize::line(&view.kind)),
                    Role::Warn,
                )),
                effects: vec![Effect::Abort(cx.tickets.take(), view.injection.clone())],
                about: Some(view.injection.clone()),
            },
            None if live.is_empty() => Pressed {
                effects: Vec::new(),
                said: Some(("no fault is live; again within 1 s allows no new one".to_owned(), Role::TextDim)),
                about: None,
            },
            None => {
                let owners = owners(&live);
                Pressed {
                    effects: Vec::new(),
                    said: Some((format!("no fault of yours is live; {owners}'s end in the faults pane"), Role::Warn)),
                    about: None,
                }
            }
        }
    }

    /// Stops all of one's own.
    pub fn press(&mut self, cx: &mut Cx<'_>) -> Pressed {
        self.begin(false, cx)
    }

    /// Stops everybody's too; means something only while the block stands.
    pub fn everyone(&mut self, cx: &mut Cx<'_>) -> Option<Pressed> {
        let others = cx.world.live().iter().any(|view| !view.mine);
        (self.on(cx.world) && cx.alone && others && !self.everyone).then(|| self.begin(true, cx))
    }

    fn begin(&mut self, everyone: bool, cx: &mut Cx<'_>) -> Pressed {
        self.last = None;
        self.everyone = everyone;
        self.failed = None;
        self.warnings.clear();
        self.unended = false;
        for view in cx.world.live().iter().filter(|view| everyone || view.mine) {
            if !self.lines.contains(&view.injection) {
                self.lines.push(view.injection.clone());
            }
        }
        let ticket = cx.tickets.take();
        self.asked = Some(ticket);
        Pressed { effects: vec![Effect::StopAll(ticket, everyone)], said: None, about: None }
    }

    /// The stop is through.
    pub fn stopped(&mut self, ticket: Ticket, answer: Result<Stopped, Failure>) {
        if self.asked != Some(ticket) {
            return;
        }
        self.asked = None;
        match answer {
            Ok(stopped) => {
                for view in &stopped.injections {
                    if !self.lines.contains(&view.injection) {
                        self.lines.push(view.injection.clone());
                    }
                }
                self.unended = !stopped.unended.is_empty();
                // Only the first few are shown: what may go on comes first.
                self.warnings = stopped.unended.into_iter().chain(stopped.warnings).collect();
            }
            Err(failure) => self.failed = Some(failure),
        }
    }

    /// The latch is lifted, on disk or in the cluster; whether that is so, which it is not while a stop is under way.
    pub fn lifted(&mut self) -> bool {
        let idle = self.asked.is_none();
        if idle {
            *self = Self { last: self.last, ..Self::default() };
        }
        idle
    }

    /// Rows the block takes at the top.
    pub fn height(&self, world: &World) -> u16 {
        if !self.on(world) {
            return 0;
        }
        u16::try_from(self.text(world, false).len() + 1).unwrap_or(u16::MAX)
    }

    /// Draws the block over whatever is there.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if !self.on(look.world) || area.height == 0 {
            return;
        }
        let text = look.theme.style(Role::Text);
        fill(buf, area, text);
        let red = text
            .patch(look.theme.style(Role::Bad))
            .add_modifier(ratatui::style::Modifier::REVERSED | ratatui::style::Modifier::BOLD);
        fill(buf, Rect { height: 1, ..area }, red);
        let who = match &look.world.latched {
            Some(by) => format!(" STOPPED by {by}: no new fault until :release REASON"),
            None if self.failed.is_some() => " STOP NOT CERTAIN".to_owned(),
            None => " STOPPING: no new fault, everything of yours is being undone".to_owned(),
        };
        put(buf, area.x, area.y, area.width, &who, red);
        for (y, (line, right, role)) in (area.y + 1..area.bottom()).zip(self.text(look.world, look.theme.ascii)) {
            let style = text.patch(look.theme.style(role));
            let used = put_right(buf, area.right().saturating_sub(1), y, area.width / 3, &right, style);
            put(buf, area.x + 1, y, area.width.saturating_sub(2 + used), &line, style);
        }
    }

    /// The lines under the red one, each with what stands at its right.
    fn text(&self, world: &World, ascii: bool) -> Vec<(String, String, Role)> {
        let mut lines = Vec::new();
        let others: Vec<&InjectionView> = world.live().into_iter().filter(|view| !view.mine).collect();
        if !others.is_empty() && !self.everyone {
            let noun = if others.len() == 1 { "fault goes" } else { "faults go" };
            lines.push((
                format!("{}'s {} {noun} on: E stops everybody's", owners(&others), others.len()),
                String::new(),
                Role::Warn,
            ));
        }
        let known = self.lines.iter().filter_map(|id| world.injections.get(id));
        for view in known.clone().take(LINES) {
            let (sign, role, word) = match view.state {
                state if state.ended() => (live::sign(state, ascii), live::role(state), state.word()),
                State::Stuck => (live::sign(State::Stuck, ascii), Role::Bad, "stuck: see the faults pane"),
                _ if view.unconfirmed_since.is_some() => ("!", Role::Warn, "UNDO PENDING: no link"),
                state => (if ascii { "." } else { "…" }, Role::Text, state.word()),
            };
            lines.push((format!("{sign} {}", sanitize::line(&view.title)), word.to_owned(), role));
        }
        let more = known.count().saturating_sub(LINES);
        if more > 0 {
            lines.push((format!("  and {more} more"), String::new(), Role::TextDim));
        }
        if self.lines.is_empty() && self.asked.is_none() && self.failed.is_none() && !self.unended {
            lines.push(("nothing of yours was live".to_owned(), String::new(), Role::TextDim));
        }
        for warning in self.warnings.iter().take(3) {
            lines.push((format!("! {}", sanitize::line(warning)), String::new(), Role::Warn));
        }
        if let Some(failure) = &self.failed {
            lines.push((sanitize::line(&failure.what).into_owned(), String::new(), Role::Bad));
            lines.push((sanitize::line(&failure.fix).into_owned(), String::new(), Role::TextDim));
        }
        lines
    }
}

/// The owners of injections, each once.
fn owners(views: &[&InjectionView]) -> String {
    let mut names: Vec<String> = views.iter().map(|view| sanitize::line(&view.owner).into_owned()).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}
