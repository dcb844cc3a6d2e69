//! How a live injection is told: in the header, in a row, in one quiet line once it is over. Words, no state.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    base::{Now, age, sanitize},
    config::Role,
    fault::{
        class::Class,
        injection::State,
        view::{EvidenceState, InjectionView},
    },
    journal::entry::{Cause, Outcome},
    panes::{Look, World},
    widgets::{put, put_spans},
};

/// How long what was proven stays on the screen.
const PROVEN: Duration = Duration::from_mins(1);

/// The sign before an injection.
pub fn sign(state: State, ascii: bool) -> &'static str {
    match (state, ascii) {
        (State::Recovered, false) => "✓",
        (State::Recovered, true) => "+",
        (State::Residue, _) => "!",
        (State::Stuck, false) => "✗",
        (State::Stuck, true) => "x",
        (_, false) => "↯",
        (_, true) => "!",
    }
}

/// What a state means to the eye.
pub fn role(state: State) -> Role {
    match state {
        State::Arming | State::Applying | State::Active | State::Undoing | State::Verifying => Role::Fault,
        State::Recovered => Role::Good,
        State::Residue => Role::Warn,
        State::Stuck => Role::Bad,
    }
}

/// Time until it ends by itself; `None` when nothing says so.
pub fn left(view: &InjectionView, now: Now) -> Option<Duration> {
    let ends = view.ends.or(view.deadline)?;
    Some(Duration::try_from(ends.duration_since(now.server)).unwrap_or_default())
}

/// Somebody else's fault that nobody ended in time.
pub fn past_deadline(view: &InjectionView, now: Now) -> bool {
    !view.mine && !view.ended() && view.deadline.is_some_and(|deadline| deadline <= now.server)
}

/// Whether its stuck undo may be decided by this person: the owner at once, anybody with the rights once it had its time.
pub fn decidable(view: &InjectionView, now: Now) -> bool {
    view.mine || view.deadline.is_none_or(|deadline| deadline <= now.server)
}

/// Where it stands, in a few words: `01:12 left`, `undoing`, `stuck`. A link that is lost while something is undone is the
/// one thing nobody may overlook.
pub fn standing(view: &InjectionView, now: Now) -> String {
    match view.state {
        State::Active if view.unconfirmed_since.is_some() => {
            let since = view.unconfirmed_since.map(|at| age::age(now.age(at)).to_string()).unwrap_or_default();
            match left(view, now) {
                Some(left) => format!("{} left, unseen for {since}", age::countdown(left)),
                None => format!("unseen for {since}"),
            }
        }
        State::Active if view.kept() => "kept".to_owned(),
        State::Active if past_deadline(view, now) => "past its deadline".to_owned(),
        State::Active => match left(view, now) {
            // It happened at once; what goes on is that somebody looks.
            Some(left) if view.class == Class::OneWay.word() => format!("watched, {} left", age::countdown(left)),
            Some(left) if unseen(view) => format!("no effect seen, {} left", age::countdown(left)),
            Some(left) => format!("{} left", age::countdown(left)),
            None => "active".to_owned(),
        },
        State::Undoing | State::Verifying if view.unconfirmed_since.is_some() => {
            let since = view.unconfirmed_since.map(|at| age::age(now.age(at)).to_string()).unwrap_or_default();
            format!("UNDO PENDING for {since}")
        }
        state => state.word().to_owned(),
    }
}

/// It is in, and nothing moved: silence is no resilience.
fn unseen(view: &InjectionView) -> bool {
    view.evidence.as_ref().is_some_and(|evidence| evidence.state == EvidenceState::None)
}

/// What ends it when this machine is gone, from the word of a view.
pub fn class_word(word: &str) -> &'static str {
    match [Class::OneWay, Class::SelfExpiring, Class::Guarded].into_iter().find(|class| class.word() == word) {
        Some(Class::OneWay) => "happened once",
        Some(Class::SelfExpiring) => "ends by itself",
        Some(Class::Guarded) => "guarded",
        None if word == "change" => "kept",
        None => "",
    }
}

/// Why it ended.
pub fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Person => "a person",
        Cause::Duration => "its duration",
        Cause::Lease => "its lease",
        Cause::Breached => "an abort condition that held",
        Cause::Stop => "the emergency stop",
        Cause::Deviated => "a difference between preview and server",
        Cause::FailedStep => "a step that failed",
        Cause::LostLink => "the lost link",
        Cause::Signal => "the end of its process",
        Cause::Reverted => "somebody who put it back",
        Cause::Orphan => "a start that found it without an owner",
    }
}

/// The words of the header while something is open: `↯ http-delay reviews 01:12 left`. Faults that are stuck come last in
/// time but first on the screen.
pub fn header(world: &World, now: Now, ascii: bool) -> Option<(String, Role)> {
    let live = world.live();
    let stuck = live.iter().find(|view| view.state == State::Stuck);
    let pending = live
        .iter()
        .find(|view| matches!(view.state, State::Undoing | State::Verifying) && view.unconfirmed_since.is_some());
    let view = stuck.or(pending).or(live.first())?;
    let more = match live.len() {
        0 | 1 => String::new(),
        n => format!(" +{}", n - 1),
    };
    let owner = if view.mine { String::new() } else { format!("{}'s ", sanitize::line(&view.owner)) };
    let kind = sanitize::line(&view.kind);
    let text = format!(" {} {owner}{kind}{} {}{more} ", sign(view.state, ascii), target(view), standing(view, now));
    let role = if view.state == State::Stuck { Role::Bad } else { Role::FaultBg };
    Some((text, role))
}

/// The name of what is hit, for the header: the object of the step that is not a fuse or a record.
fn target(view: &InjectionView) -> String {
    let name = view.steps.first().and_then(|step| step.object.rsplit_once('/')).map(|(_, name)| name);
    match name {
        // An object of our own is called after the injection, which says nothing.
        Some(name) if !name.contains(&view.injection) => format!(" {}", sanitize::line(name)),
        _ => titled(&view.title).map(|name| format!(" {name}")).unwrap_or_default(),
    }
}

/// The last word but one of a deed is no target; its object after `to` or `of` is: `… of the requests to reviews by 1 s`.
fn titled(title: &str) -> Option<String> {
    let words: Vec<&str> = title.split_whitespace().collect();
    // A second route stands `beside` the one it is aimed at.
    let at = words
        .iter()
        .position(|word| *word == "beside")
        .or_else(|| words.iter().position(|word| matches!(*word, "to" | "at")))?;
    Some(sanitize::line(words.get(at + 1)?.trim_end_matches(',')).into_owned())
}

/// The last injection of one's own that has ended, or was written to stay.
pub fn last_ended(world: &World) -> Option<&InjectionView> {
    world.injections.values().filter(|view| !view.open() && view.mine).max_by_key(|view| view.since)
}

/// The one quiet line after the last injection has ended, or was written to stay: what was proven. `None` once it was long enough on the screen.
pub fn proven(world: &World, now: Now, ascii: bool) -> Option<(String, Role)> {
    if world.any_live() {
        return None;
    }
    let view = last_ended(world)?;
    if now.age(view.since) >= PROVEN || world.seen_proof.as_ref() == Some(&view.injection) {
        return None;
    }
    if view.kept() {
        let title = sanitize::line(&view.title);
        let text = format!("{} applied as previewed: {title}", sign(State::Recovered, ascii));
        return Some((text, role(State::Recovered)));
    }
    let same = view.steps.iter().filter(|step| {
        matches!(step.outcome, Some(Outcome::Restored | Outcome::Removed | Outcome::Already | Outcome::ReCreated))
    });
    let same = same.count();
    let noun = if same == 1 { "object" } else { "objects" };
    let (sign, kind) = (sign(view.state, ascii), sanitize::line(&view.kind));
    let mut text = match same {
        // Nothing was put back: pods were evicted, or what happened to the steps is not known here.
        0 => format!("{sign} {kind} is over"),
        _ => format!("{sign} {kind} is over: {same} {noun} read back and as before"),
    };
    if !view.residue.is_empty() {
        text.push_str(&format!(" · stays behind: {}", sanitize::line(&view.residue.join(", "))));
    }
    for note in &view.notes {
        text.push_str(&format!(" · {}", sanitize::line(note)));
    }
    Some((text, role(view.state)))
}

/// Rows [`strip`] wants: live faults are told where no pane tells of them, and what was proven is told everywhere.
pub fn strip_height(world: &World, now: Now, faults_seen: bool) -> u16 {
    match world.live().len() {
        0 => u16::from(proven(world, now, false).is_some()),
        _ if faults_seen => 0,
        1 => 2,
        _ => 3,
    }
}

/// What is live in a line each, and the last thing that happened to the first; or what was proven.
pub fn strip(area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let text = look.theme.style(Role::Text);
    let style = |role| text.patch(look.theme.style(role));
    let (x, room) = (area.x + 1, area.width.saturating_sub(2));
    let live = look.world.live();
    if live.is_empty() {
        if let Some((words, role)) = proven(look.world, look.now, look.theme.ascii) {
            put(buf, x, area.y, room, &words, style(role));
        }
        return;
    }
    let told = usize::from(area.height.saturating_sub(1)).max(1);
    for (y, view) in (area.top()..area.bottom()).zip(live.iter().take(told)) {
        let standing = standing(view, look.now);
        let owner = if view.mine { String::new() } else { format!("{}'s ", sanitize::line(&view.owner)) };
        let spans = [
            (format!("{} {owner}{}", sign(view.state, look.theme.ascii), sanitize::line(&view.kind)), role(view.state)),
            (format!("  {standing}"), Role::TextStrong),
            (format!("  {}", class_word(&view.class)), Role::TextDim),
            (format!("  {}", sanitize::line(&view.title)), Role::Text),
        ];
        put_spans(buf, x, y, room, spans.iter().map(|(text, role)| (text.as_str(), style(*role))));
    }
    if let Some(first) = live.first().filter(|_| area.height > 1) {
        let (words, role) = last_word(first);
        put(buf, x, area.bottom() - 1, room, &words, style(role));
    }
}

/// The last thing that happened to an injection.
fn last_word(view: &InjectionView) -> (String, Role) {
    if let Some(trouble) = &view.trouble {
        return (sanitize::line(trouble).into_owned(), Role::Bad);
    }
    if let Some(note) = view.notes.last() {
        return (sanitize::line(note).into_owned(), Role::TextDim);
    }
    if let (State::Active, Some(evidence)) = (view.state, &view.evidence)
        && matches!(evidence.state, EvidenceState::Seen | EvidenceState::None)
    {
        let role = if evidence.state == EvidenceState::None { Role::Warn } else { Role::Text };
        return (sanitize::line(&evidence.words()).into_owned(), role);
    }
    let written = view.steps.iter().filter(|step| step.written).count();
    let undone = view.steps.iter().filter(|step| step.outcome.is_some()).count();
    let all = view.steps.len();
    let words = match view.state {
        State::Undoing | State::Verifying => format!("{undone} of {all} steps undone"),
        State::Active => format!("applied as previewed: {all} {}", if all == 1 { "step" } else { "steps" }),
        _ => format!("{written} of {all} steps in"),
    };
    (words, Role::TextDim)
}

/// When the quiet line goes.
pub fn proven_until(world: &World, now: Now) -> Option<Duration> {
    proven(world, now, false)?;
    let view = last_ended(world)?;
    Some(now.mono + PROVEN.saturating_sub(now.age(view.since)))
}
