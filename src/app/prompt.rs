//! The command line while it is typed: completion and history.

use crate::{
    config::{custom::Aliases, theme::BUILT_IN},
    msg::{
        Command,
        line::{self, Names},
    },
    panes::LineInput,
};

/// The line after `:`.
#[derive(Debug, Default)]
pub struct Prompt {
    /// What is typed.
    pub line: LineInput,
    /// What may complete it, and which is taken.
    pub choices: Vec<String>,
    taken: Option<usize>,
    /// Place in the history, from the end.
    back: usize,
}

impl Prompt {
    /// Says anew what may complete the line.
    pub fn suggest(&mut self, names: Names<'_>, aliases: &Aliases) {
        self.taken = None;
        self.choices = match self.line.text().strip_prefix("theme ") {
            Some(typed) => {
                let themes = BUILT_IN.iter().map(|(name, _)| *name).filter(|name| name.starts_with(typed));
                themes.map(|name| format!("theme {name}")).collect()
            }
            None => line::complete(self.line.text(), names),
        };
        for more in aliases.complete(self.line.text(), &|line| line::complete(line, names)) {
            if !self.choices.contains(&more) {
                self.choices.push(more);
            }
        }
    }

    /// What the first choice adds to what is typed, shown behind the caret.
    pub fn ghost(&self) -> Option<&str> {
        self.choices.first()?.strip_prefix(self.line.text()).filter(|rest| !rest.is_empty() && self.taken.is_none())
    }

    /// An editing command; `history` is oldest first. True when the text changed by hand.
    pub fn edit(&mut self, command: Command, history: &[String]) -> bool {
        match command {
            Command::Complete | Command::CompleteBack => {
                let many = self.choices.len();
                if many > 0 {
                    let next = match (self.taken, command) {
                        (None, Command::Complete) => 0,
                        (Some(at), Command::Complete) => (at + 1) % many,
                        (None | Some(0), _) => many - 1,
                        (Some(at), _) => at - 1,
                    };
                    self.taken = Some(next);
                    if let Some(choice) = self.choices.get(next) {
                        self.line.set(choice);
                    }
                }
                false
            }
            Command::HistoryBack | Command::HistoryForward => {
                self.back = match command {
                    Command::HistoryBack => (self.back + 1).min(history.len()),
                    _ => self.back.saturating_sub(1),
                };
                let text = history.len().checked_sub(self.back).and_then(|at| history.get(at));
                self.line.set(text.map_or("", String::as_str));
                true
            }
            command => self.line.edit(command),
        }
    }
}
