//! Whether what a script waits for is so: judged by what the cockpit shows and by what its clients bring.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use super::condition::{Condition, FaultWish, Subject, Test};
use crate::{
    app::App,
    base::{
        Now,
        path::{Path, written},
        span,
    },
    fault::{
        injection::State,
        probe::Signal,
        view::{InjectionView, StepView},
    },
    journal::entry::Outcome,
    msg::{Brought, Errand, Failure},
    panes::{PaneKind, live},
};

/// The answers a condition stands on: one slot a leaf.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    /// The errand that is out.
    out: Option<u64>,
    /// When it was last sent, on the monotonic clock.
    sent: Option<Duration>,
    answer: Option<Result<Brought, Failure>>,
    /// When it came.
    heard: Option<Timestamp>,
    /// Since when it holds without a break.
    since: Option<Timestamp>,
}

/// A question that has been answered is asked again after this time.
const AGAIN: Duration = Duration::from_millis(250);

impl Answers {
    /// Takes what an errand brought; false when it was not of this condition.
    pub fn hear(&mut self, id: u64, answer: Result<Brought, Failure>, now: Now) -> bool {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.out == Some(id)) else { return false };
        slot.out = None;
        slot.heard = Some(now.server);
        slot.answer = Some(answer);
        true
    }

    /// Which of the condition's errands should go out now.
    pub fn due(&mut self, condition: &Condition, now: Now, id: &mut u64) -> Vec<(u64, Errand)> {
        let mut errands = Vec::new();
        condition.errands(&mut errands);
        let mut sent = Vec::new();
        for (leaf, errand) in errands {
            let slot = self.slot(leaf);
            if slot.out.is_some() || slot.sent.is_some_and(|sent| now.mono < sent + AGAIN) {
                continue;
            }
            *id += 1;
            slot.out = Some(*id);
            slot.sent = Some(now.mono);
            sent.push((*id, errand));
        }
        sent
    }

    fn slot(&mut self, leaf: usize) -> &mut Slot {
        if self.slots.len() <= leaf {
            self.slots.resize_with(leaf + 1, Slot::default);
        }
        &mut self.slots[leaf]
    }

    /// A figure holds for so long without a break; what was not asked again counts to its last answer alone.
    fn held(&mut self, leaf: usize, holds: bool, span: Duration, at: Timestamp) -> bool {
        let slot = self.slot(leaf);
        if !holds {
            slot.since = None;
            return false;
        }
        let since = *slot.since.get_or_insert(at);
        Duration::try_from(at.duration_since(since)).unwrap_or_default() >= span
    }
}

/// Whether it is so; if not, what is so instead.
pub type Truth = Result<(), Miss>;

/// What is so instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// In words.
    pub why: String,
    /// It was seen. What was not looked at yet, or could not be, is neither so nor not so.
    seen: bool,
}

impl Miss {
    fn seen(why: impl Into<String>) -> Self {
        Self { why: why.into(), seen: true }
    }

    fn unseen(why: impl Into<String>) -> Self {
        Self { why: why.into(), seen: false }
    }

    /// Several at once: seen when one of them was (of all), or each of them (of any).
    fn joined(parts: &[Self], by: &str, seen: bool) -> Self {
        Self { why: parts.iter().map(|part| part.why.as_str()).collect::<Vec<_>>().join(by), seen }
    }
}

impl Condition {
    fn errands(&self, into: &mut Vec<(usize, Errand)>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.errands(into)),
            Self::Not(part) => part.errands(into),
            Self::Object(leaf, errand, ..) => into.push((*leaf, errand.clone())),
            Self::Metric(leaf, query, ..) => into.push((*leaf, Errand::Metric(query.clone()))),
            _ => {}
        }
    }

    /// Judges it. Every part is looked at, so that each one's time runs.
    pub fn judge(&self, app: &App, answers: &mut Answers, now: Now) -> Truth {
        match self {
            Self::All(parts) => {
                let wrong: Vec<Miss> = parts.iter().filter_map(|part| part.judge(app, answers, now).err()).collect();
                let seen = wrong.iter().any(|miss| miss.seen);
                if wrong.is_empty() { Ok(()) } else { Err(Miss::joined(&wrong, "; ", seen)) }
            }
            Self::Any(parts) => {
                let all: Vec<Truth> = parts.iter().map(|part| part.judge(app, answers, now)).collect();
                if all.iter().any(Result::is_ok) {
                    return Ok(());
                }
                let wrong: Vec<Miss> = all.into_iter().filter_map(Result::err).collect();
                Err(Miss::joined(&wrong, ", and ", wrong.iter().all(|miss| miss.seen)))
            }
            Self::Not(part) => match part.judge(app, answers, now) {
                Ok(()) => Err(Miss::seen("it is as it should no longer be")),
                Err(miss) if miss.seen => Ok(()),
                Err(miss) => Err(miss),
            },
            Self::Pane { pane, row, column, test, every } => {
                pane_holds(app, *pane, row, column.as_deref(), test.as_ref(), *every)
            }
            Self::Screen(test) => {
                let text = screen(app);
                if test.text(&text) {
                    Ok(())
                } else {
                    Err(Miss::seen(format!("nothing on the screen {}", test.words())))
                }
            }
            Self::Proposals { min, kind } => {
                let of = |word: &str| kind.as_deref().is_none_or(|kind| kind == word);
                let count = app.panes.agent.proposals().filter(|one| of(one.fault.kind.word())).count();
                let what = kind.as_deref().map(|kind| format!(" of {kind}")).unwrap_or_default();
                let made = || Miss::seen(format!("the agent made {count} proposals{what}, not {min}"));
                if count >= *min { Ok(()) } else { Err(made()) }
            }
            Self::AgentIdle if app.panes.agent.idle() => Ok(()),
            Self::AgentIdle => Err(Miss::seen("the agent is still at work")),
            Self::Preview if app.preview().is_some() => Ok(()),
            Self::Preview => Err(Miss::seen("no preview is on the screen")),
            Self::Faults(wish) => wish.holds(&open(app)),
            Self::Verified => verified(app),
            Self::Object(leaf, errand, path, test) => {
                let what = match errand {
                    Errand::Object { kind, namespace, name } => format!("{kind} {namespace}/{name}"),
                    _ => String::new(),
                };
                object_holds(&what, answers.slot(*leaf).answer.as_ref(), path.as_ref(), test.as_ref())
            }
            Self::Signal(leaf, subject, signal, test, span) => {
                let (value, what) = subject.figure(app, *signal);
                let holds = value.is_some_and(|value| test.number(value));
                held_long(answers.held(*leaf, holds, *span, now.server), holds, *span, || {
                    let shown = value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.3}"));
                    // What is not measured has no traffic, once there are figures at all.
                    let seen = app.world.metrics.is_some();
                    Miss { why: format!("{} of {what} is {shown}; wanted: {}", signal.word(), test.words()), seen }
                })
            }
            Self::Metric(leaf, query, test, span) => {
                let answer = answers.slot(*leaf).answer.clone();
                let at = answers.slot(*leaf).heard.unwrap_or(now.server);
                let seen = matches!(answer, Some(Ok(_)));
                let (value, shown) = figure(answer);
                let holds = value.is_some_and(|value| test.number(value));
                held_long(answers.held(*leaf, holds, *span, at), holds, *span, || Miss {
                    why: format!("`{query}` is {shown}; wanted: {}", test.words()),
                    seen,
                })
            }
        }
    }
}

fn held_long(held: bool, holds: bool, span: Duration, else_: impl FnOnce() -> Miss) -> Truth {
    match (held, holds) {
        (true, _) => Ok(()),
        (false, true) => Err(Miss::seen(format!("it is so, but not for {} yet", span::format(span)))),
        (false, false) => Err(else_()),
    }
}

/// The largest of the answer's figures.
fn figure(answer: Option<Result<Brought, Failure>>) -> (Option<f64>, String) {
    match answer {
        None => (None, "not asked yet".to_owned()),
        Some(Err(failure)) => (None, format!("not known: {}", failure.what)),
        Some(Ok(Brought::Figures(figures))) => {
            let most = figures.into_iter().filter(|figure| figure.is_finite()).reduce(f64::max);
            (most, most.map_or_else(|| "empty".to_owned(), |value| format!("{value:.3}")))
        }
        Some(Ok(_)) => (None, "no figure".to_owned()),
    }
}

fn pane_holds(app: &App, pane: PaneKind, row: &str, column: Option<&str>, test: Option<&Test>, every: bool) -> Truth {
    let place = format!("{} {row}", pane.name().to_lowercase());
    if !app.listed(pane) {
        return Err(Miss::unseen(format!("{place}: the pane has no live rows yet")));
    }
    // Whether there are rows is asked of a column that every table has.
    let cells = app.cells(pane, row, column.unwrap_or("NAME")).unwrap_or_default();
    match (column, test) {
        (None, Some(test)) => {
            #[expect(clippy::cast_precision_loss, reason = "rows of a table")]
            let count = cells.len() as f64;
            let miss = || Miss::seen(format!("{place}: {count} rows; wanted: {}", test.words()));
            if test.number(count) { Ok(()) } else { Err(miss()) }
        }
        (_, None) if !cells.is_empty() => Ok(()),
        _ if cells.is_empty() => Err(Miss::seen(format!("{place} is not in the table"))),
        (column, Some(test)) => {
            let passes = |cell: &String| test.text(cell);
            let holds = if every { cells.iter().all(passes) } else { cells.iter().any(passes) };
            if holds {
                return Ok(());
            }
            let column = column.unwrap_or_default();
            Err(Miss::seen(format!("{place}: {column} shows `{}`; wanted: {}", cells.join("`, `"), test.words())))
        }
        (_, None) => Ok(()),
    }
}

fn object_holds(
    what: &str,
    answer: Option<&Result<Brought, Failure>>,
    path: Option<&Path>,
    test: Option<&Test>,
) -> Truth {
    let object = match answer {
        None => return Err(Miss::unseen(format!("{what} was not read yet"))),
        Some(Err(failure)) => return Err(Miss::unseen(failure.what.clone())),
        Some(Ok(Brought::Object(object))) => object.as_ref(),
        Some(Ok(_)) => None,
    };
    let Some(object) = object else { return Err(Miss::seen(format!("there is no {what}"))) };
    let Some(path) = path else { return Ok(()) };
    let found: Vec<String> = path.find(object).into_iter().map(written).collect();
    match test {
        None if !found.is_empty() => Ok(()),
        None => Err(Miss::seen(format!("{what} has no {}", path.text()))),
        Some(test) if found.iter().any(|value| test.text(value)) => Ok(()),
        Some(test) => {
            let found = found.join("`, `");
            Err(Miss::seen(format!("{what}: {} is `{found}`; wanted: {}", path.text(), test.words())))
        }
    }
}

impl FaultWish {
    fn holds(&self, live: &[&InjectionView]) -> Truth {
        let told = || {
            let all: Vec<String> = live.iter().map(|view| format!("{} is {}", view.kind, view.state.word())).collect();
            if all.is_empty() { "no fault is open".to_owned() } else { all.join(", ") }
        };
        let holds = match self {
            Self::None => live.is_empty(),
            Self::Stuck => live.iter().any(|view| view.state == State::Stuck),
            Self::Active(kind) => live.iter().any(|view| {
                view.mine && view.state == State::Active && kind.as_deref().is_none_or(|kind| kind == view.kind)
            }),
        };
        if holds { Ok(()) } else { Err(Miss::seen(told())) }
    }
}

/// Faults that are open. A change that is kept is none: it stays, and nobody ends it.
pub fn open(app: &App) -> Vec<&InjectionView> {
    app.world.live().into_iter().filter(|view| view.class != "change").collect()
}

fn verified(app: &App) -> Truth {
    if let Some(view) = open(app).first() {
        return Err(Miss::seen(format!("{} is {}", view.kind, view.state.word())));
    }
    match live::last_ended(&app.world) {
        None => Err(Miss::seen("no fault has ended yet")),
        // New pods in place of old ones are a residue; every object that was written is as before.
        Some(view) if view.state == State::Recovered || view.steps.iter().all(put_back) => Ok(()),
        Some(view) => Err(Miss::seen(format!("{} left something behind: {}", view.kind, view.residue.join(", ")))),
    }
}

fn put_back(step: &StepView) -> bool {
    let good = [Outcome::Restored, Outcome::Removed, Outcome::Already, Outcome::ReCreated];
    !step.written || step.outcome.is_some_and(|outcome| good.contains(&outcome))
}

impl Subject {
    fn figure(&self, app: &App, signal: Signal) -> (Option<f64>, String) {
        let metrics = app.world.metrics.as_ref();
        let (golden, what) = match self {
            Self::Workload(namespace, name) => {
                (app.world.workload(namespace, name).map(|row| row.golden), format!("{namespace}/{name}"))
            }
            Self::Route(namespace, name) => {
                let row = metrics.and_then(|metrics| {
                    metrics.routes.iter().find(|row| row.route.namespace == *namespace && row.route.name == *name)
                });
                (row.map(|row| row.golden), format!("{namespace}/{name}"))
            }
        };
        let value = golden.and_then(|golden| match signal {
            Signal::Rps => golden.rps,
            Signal::P99 => golden.p99_ms,
            Signal::ErrorShare => golden.error_share,
        });
        (value.filter(|value| value.is_finite()), what)
    }
}

/// The screen as text.
pub fn screen(app: &App) -> String {
    let (width, height) = app.size();
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    app.view(&mut buf);
    let rows = buf.content.chunks(usize::from(width.max(1)));
    let line = |row: &[ratatui::buffer::Cell]| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
    rows.map(|row| line(row).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
