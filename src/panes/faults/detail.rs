//! One injection in full: who, how it ends, every step with what became of it, what stays, and what is in the way.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    base::{sanitize, width},
    config::Role,
    fault::{
        action::keeps,
        class::Class,
        injection::State,
        view::{ConditionState, EvidenceState, InjectionView, StepView},
    },
    journal::entry::Outcome,
    msg::{Command, Context},
    panes::{Look, live},
    widgets::put_spans,
};

type Line = Vec<(String, Role)>;

/// Draws it, as far as there is room.
pub fn view(view: &InjectionView, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let cells = usize::from(area.width.saturating_sub(2));
    if cells < 8 {
        return;
    }
    let base = look.theme.style(Role::Text);
    for (y, line) in (area.top() + 1..area.bottom()).zip(lines(view, cells, look)) {
        let spans = line.iter().map(|(text, role)| (text.as_str(), base.patch(look.theme.style(*role))));
        put_spans(buf, area.x + 1, y, area.width.saturating_sub(2), spans);
    }
}

fn lines(view: &InjectionView, cells: usize, look: &Look<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let clean = |text: &str| sanitize::line(text).into_owned();
    let mut say = |text: &str, role: Role| {
        for line in width::wrap(&clean(text), cells) {
            lines.push(vec![(line.to_owned(), role)]);
        }
    };
    if keeps::is(view) {
        say(&format!("{} · a change by hand, at {}", view.injection, clock(view.since)), Role::TextStrong);
    } else {
        say(&format!("{} · {} by {}", view.injection, view.kind, view.driver), Role::TextStrong);
    }
    say(&format!("{} on {} · {}", view.owner, view.host, approved(&view.approved_by)), Role::TextDim);
    if let Some(class) = Class::of(&view.class).filter(|_| !view.ended()) {
        say(class.promise(), if class == Class::SelfExpiring { Role::Good } else { Role::Warn });
    }
    if let Some(cause) = view.cause {
        say(&format!("ended by {}", live::cause_word(cause)), Role::TextDim);
    }
    if let Some(since) = view.unconfirmed_since {
        say(&format!("unconfirmed since {}: the cluster cannot be read", clock(since)), Role::Warn);
    }
    if let Some(trouble) = &view.trouble {
        say(trouble, Role::Bad);
    }
    if let Some(evidence) = &view.evidence {
        let role = if evidence.state == EvidenceState::None { Role::Warn } else { Role::Text };
        let active = if view.state == State::Active { "active, " } else { "" };
        say(&format!("{active}{}", evidence.words()), role);
    }
    if let Some(ramp) = view.ramp.as_ref().filter(|_| view.state == State::Active) {
        say(&ramp.words(look.now.server), if ramp.waits.is_empty() { Role::Text } else { Role::Warn });
    }
    for one in &view.abort_when {
        let role = match one.state {
            ConditionState::Breached => Role::Bad,
            ConditionState::Holding | ConditionState::Unreadable => Role::Warn,
            ConditionState::Unread | ConditionState::Fine => Role::TextDim,
        };
        say(&one.words(), role);
    }
    let path = crate::config::keymap::chain(Context::Faults);
    let key = |command| look.keymap.key(&path, command).unwrap_or_default();
    let stuck = view.state == State::Stuck;
    let past = live::past_deadline(view, look.now) && !stuck;
    if look.world.readonly && !view.ended() {
        say(&format!("brink only looks here; `brink fault abort {}` ends it", view.injection), Role::Warn);
    } else if past {
        let key = key(Command::FaultAbort);
        say(&format!("nobody ended it in time: {key} shows what its undo would write"), Role::Warn);
    } else if stuck && !live::decidable(view, look.now) {
        let print = key(Command::FaultPrint);
        say(&format!("{} decides until its deadline · {print} print the commands", view.owner), Role::Warn);
    } else if stuck {
        say(
            &format!(
                "{} keep theirs · {} force mine · {} print the commands",
                key(Command::FaultKeep),
                key(Command::FaultForce),
                key(Command::FaultPrint)
            ),
            Role::Warn,
        );
    }
    if view.kept() {
        match keeps::undo(view) {
            Ok(()) => say(&format!("{} shows what its undo would write", key(Command::UndoChange)), Role::TextDim),
            Err(why) => say(&why, Role::TextDim),
        }
    }
    lines.extend(view.steps.iter().flat_map(|step| step_lines(step, view, cells, look.theme.ascii)));
    for (heading, texts, role) in [("stays behind", &view.residue, Role::Warn), ("notes", &view.notes, Role::TextDim)] {
        if !texts.is_empty() {
            lines.push(vec![(heading.to_owned(), Role::TextDim)]);
            for text in texts {
                let text = clean(text);
                for line in width::wrap(&text, cells.saturating_sub(2).max(1)) {
                    lines.push(vec![(format!("  {line}"), role)]);
                }
            }
        }
    }
    lines
}

/// How a person said yes.
fn approved(how: &str) -> String {
    match how {
        "key" => "approved with one key".to_owned(),
        "typed" => "approved by typing its name".to_owned(),
        other => format!("approved by {other}"),
    }
}

fn clock(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M:%S UTC").to_string()
}

/// A step: what it did, and what its undo came to.
fn step_lines(step: &StepView, view: &InjectionView, cells: usize, ascii: bool) -> Vec<Line> {
    let (state, mine) = (view.state, view.mine);
    // A record does not say which steps are in; that it is active says that all are.
    let written = step.written || (!mine && state == State::Active);
    let (sign, role, word) = match (step.outcome, written) {
        (Some(Outcome::Entangled), _) => (if ascii { "x" } else { "✗" }, Role::Bad, "entangled"),
        (Some(Outcome::Superseded), _) => ("!", Role::Warn, "superseded"),
        (Some(outcome), _) => (if ascii { "+" } else { "✓" }, Role::Good, outcome_word(outcome)),
        (None, true) if matches!(state, State::Undoing | State::Verifying) => {
            (if ascii { "." } else { "…" }, Role::Fault, "being undone")
        }
        (None, true) if state == State::Stuck => (if ascii { "x" } else { "✗" }, Role::Bad, "not undone"),
        (None, true) => (if ascii { "!" } else { "↯" }, Role::Fault, "in"),
        (None, false) if !mine && state.ended() => (if ascii { "+" } else { "✓" }, Role::Good, "as before"),
        (None, false) if !mine => ("?", Role::Unknown, "its owner knows"),
        (None, false) => (" ", Role::TextDim, "not written"),
    };
    let object = sanitize::line(&step.object).into_owned();
    let (kind, place) = object.split_once(' ').unwrap_or((object.as_str(), ""));
    let short = format!("{} {place}", kind.rsplit('/').next().unwrap_or(kind));
    // What it came to is never cut; a name is told by its ends.
    let room = cells.saturating_sub(width::width(word) + 4);
    let deed = format!("{} {short}", step.op.word());
    let mut lines = vec![vec![
        (format!("{sign} "), role),
        (width::cut_middle(&deed, room).into_owned(), Role::Text),
        (format!("  {word}"), role),
    ]];
    if !step.note.is_empty() {
        let note = sanitize::line(&step.note);
        for line in width::wrap(&note, cells.saturating_sub(4).max(1)) {
            lines.push(vec![(format!("    {line}"), Role::TextDim)]);
        }
    }
    lines
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Restored => "restored",
        Outcome::Removed => "removed",
        Outcome::Already => "already as before",
        Outcome::ReCreated => "made anew",
        Outcome::Superseded => "superseded",
        Outcome::Entangled => "entangled",
        Outcome::Gone => "gone with its namespace or kind",
    }
}
