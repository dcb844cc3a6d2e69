//! What a person chooses for an action, field by field, and the action it comes to.

use jiff::Timestamp;

use crate::{
    cluster::api::{Propagation, Removal},
    config::Role,
    fault::action::{Action, ActionKind, Seen, drain::Drain, pairs},
    msg::{Command, Context, Failure},
    panes::LineInput,
};

/// Grace periods to choose from: the object's own, none, and some seconds.
const GRACE: [Option<u32>; 5] = [None, Some(0), Some(10), Some(30), Some(60)];

/// The fields of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fields {
    /// It needs nothing.
    Nothing,
    /// One line: a number, or pairs.
    Line(LineInput),
    /// A revision of a list.
    Revision(usize),
    /// How an object is deleted: propagation, grace, and which of the two has the focus.
    Removal { propagation: usize, grace: usize, at: usize },
    /// Whether a drain takes pods that nobody brings back.
    Drain(bool),
}

impl Fields {
    /// The fields of an action, as they begin.
    pub(super) fn of(all: &[Seen], given: &str) -> Self {
        let Some(seen) = all.first() else { return Self::Nothing };
        match seen.action {
            ActionKind::Scale => {
                // A number that stands for some of them is none to begin with.
                let same = all.iter().all(|other| other.scale == seen.scale);
                let scale = seen.scale.as_ref().filter(|_| same);
                let now = scale.map(|scale| scale.replicas.to_string()).unwrap_or_default();
                Self::Line(LineInput::new(if given.is_empty() { &now } else { given }))
            }
            ActionKind::Label | ActionKind::Annotate => Self::Line(LineInput::new(given)),
            ActionKind::Rollback => {
                let wanted: Option<i64> = given.parse().ok();
                let named = seen.revisions.iter().position(|one| Some(one.number) == wanted);
                let before = seen.revisions.iter().position(|one| !one.current);
                Self::Revision(named.or(before).unwrap_or(0))
            }
            ActionKind::Delete => Self::Removal { propagation: 0, grace: 0, at: 0 },
            ActionKind::Drain => Self::Drain(false),
            _ => Self::Nothing,
        }
    }

    /// Nothing is left to choose.
    pub(super) fn settled(&self, given: &str) -> bool {
        match self {
            Self::Nothing => true,
            Self::Line(_) | Self::Revision(_) => !given.is_empty(),
            Self::Removal { .. } | Self::Drain(_) => false,
        }
    }

    /// Whose keys count.
    pub(super) fn context(&self) -> Context {
        match self {
            Self::Nothing => Context::Viewer,
            Self::Line(_) => Context::Input,
            Self::Revision(_) => Context::Picker,
            Self::Removal { .. } | Self::Drain(_) => Context::Form,
        }
    }

    /// A key; whether anything changed.
    pub(super) fn update(&mut self, command: Command, seen: Option<&Seen>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Line(line) => line.edit(command),
            Self::Revision(at) => {
                let last = seen.map_or(0, |seen| seen.revisions.len().saturating_sub(1));
                let to = match command {
                    Command::Up => at.saturating_sub(1),
                    Command::Down => (*at + 1).min(last),
                    Command::First | Command::PageUp => 0,
                    Command::Last | Command::PageDown => last,
                    _ => *at,
                };
                std::mem::replace(at, to) != to
            }
            Self::Removal { propagation, grace, at } => {
                let (field, many) = if *at == 0 { (propagation, Propagation::ALL.len()) } else { (grace, GRACE.len()) };
                match command {
                    Command::FieldNext | Command::FieldPrevious => *at = 1 - *at,
                    Command::ValueNext => *field = (*field + 1) % many,
                    Command::ValuePrevious => *field = (*field + many - 1) % many,
                    _ => return false,
                }
                true
            }
            Self::Drain(force) => {
                let turns = matches!(command, Command::ValueNext | Command::ValuePrevious);
                *force ^= turns;
                turns
            }
        }
    }

    /// Text for a field.
    pub(super) fn insert(&mut self, text: &str) {
        if let Self::Line(line) = self {
            line.insert(text);
        }
    }

    /// The keys that matter.
    pub(super) fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Line(_) => vec![(Command::Accept, "preview", Role::Key)],
            Self::Revision(_) => vec![(Command::Choose, "preview", Role::Key)],
            Self::Removal { .. } => vec![
                (Command::Submit, "preview", Role::Key),
                (Command::FieldNext, "next field", Role::Key),
                (Command::ValueNext, "next value", Role::Key),
            ],
            Self::Drain(_) => {
                vec![(Command::Submit, "preview", Role::Key), (Command::ValueNext, "next value", Role::Key)]
            }
        }
    }

    /// The action as chosen.
    pub(super) fn action(&self, seen: &Seen, now: Timestamp) -> Result<Action, Failure> {
        let line = if let Self::Line(line) = self { line.text().trim() } else { "" };
        Ok(match seen.action {
            ActionKind::Scale => Action::Scale(line.parse().map_err(|_| {
                Failure::new(format!("`{line}` is no number of replicas"), "type a whole number, such as 3")
            })?),
            ActionKind::Restart => Action::Restart(now),
            ActionKind::Rollback => {
                let at = if let Self::Revision(at) = self { *at } else { 0 };
                match seen.revisions.get(at) {
                    Some(one) if !one.current => Action::Rollback(one.clone()),
                    _ => return Err(Failure::new("that revision is what stands now", "choose an earlier one")),
                }
            }
            ActionKind::Suspend => Action::Suspend(true),
            ActionKind::Resume => Action::Suspend(false),
            ActionKind::Trigger => Action::Trigger(now),
            ActionKind::Cordon => Action::Cordon(true),
            ActionKind::Uncordon => Action::Cordon(false),
            ActionKind::Drain => Action::Drain(Drain { force: matches!(self, Self::Drain(true)) }),
            kind @ (ActionKind::Label | ActionKind::Annotate) => {
                let pairs = pairs::read(line, kind == ActionKind::Label)
                    .map_err(|told| Failure::new(told, "such as tier=web, or tier- to take it off"))?;
                Action::Pairs(kind, pairs)
            }
            kind @ (ActionKind::Delete | ActionKind::Kill) => Action::Delete(kind, self.removal(kind)),
        })
    }

    fn removal(&self, kind: ActionKind) -> Removal {
        match self {
            Self::Removal { propagation, grace, .. } => Removal {
                propagation: Propagation::ALL.get(*propagation).copied().unwrap_or_default(),
                grace: GRACE.get(*grace).copied().flatten(),
            },
            _ => Removal { grace: (kind == ActionKind::Kill).then_some(0), ..Removal::default() },
        }
    }

    /// Label, value and what it means, of each choice; whether it has the focus.
    pub(super) fn choices(&self) -> Vec<(&'static str, String, &'static str, bool)> {
        match self {
            Self::Removal { propagation, grace, at } => {
                let how = Propagation::ALL.get(*propagation).copied().unwrap_or_default();
                let means = match how {
                    Propagation::Background => "what it owns goes after it",
                    Propagation::Foreground => "what it owns goes first",
                    Propagation::Orphan => "what it owns stays",
                };
                let (time, told) = match GRACE.get(*grace).copied().flatten() {
                    None => ("as it says".to_owned(), "its own grace period"),
                    Some(0) => ("none".to_owned(), "at once; force"),
                    Some(seconds) => (format!("{seconds} s"), "time for its containers to end"),
                };
                vec![("propagation", how.word().to_lowercase(), means, *at == 0), ("grace", time, told, *at == 1)]
            }
            Self::Drain(force) => {
                let (value, means) = if *force {
                    ("evicted", "nobody brings them back")
                } else {
                    ("left alone", "nobody would bring them back")
                };
                vec![("pods without a controller", value.to_owned(), means, true)]
            }
            Self::Nothing | Self::Line(_) | Self::Revision(_) => Vec::new(),
        }
    }
}
