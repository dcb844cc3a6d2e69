//! Whose keys are whose while the far side has the focus: what looks is for it, what steers the cockpit is for the cockpit, and
//! everything else waits until that context is the cockpit's own.

use super::super::App;
use crate::{
    config::{Role, keymap::chain},
    msg::{Command, Context, Effect},
};

/// Commands of the cockpit, wherever the focus is.
fn steers(command: Command) -> bool {
    use Command as C;
    matches!(
        command,
        C::Abort
            | C::StopAll
            | C::StopEveryone
            | C::Quit
            | C::Suspend
            | C::Redraw
            | C::CommandLine
            | C::NextPane
            | C::PreviousPane
            | C::LastPane
            | C::Zoom
            | C::ShowPods
            | C::ShowRoutes
            | C::ShowMesh
            | C::ShowFaults
            | C::ShowAgent
            | C::Split
            | C::TakeOver
            | C::ScriptOn
            | C::ScriptRetry
            | C::ScriptSkip
            | C::ScriptByHand
            | C::ScriptRewind
    )
}

/// The same of a word of the command line: those that lead to a pane name a table there.
pub fn steers_by_word(command: Command) -> bool {
    steers(command) && !matches!(command, Command::ShowPods | Command::ShowRoutes)
}

/// Commands that only look. A command that is not among them does nothing on the far side, also one that comes to be later.
pub fn looks(command: Command) -> bool {
    use Command as C;
    command.spec().context == Context::Input
        || matches!(
            command,
            C::Back
                | C::Leave
                | C::Help
                | C::Namespaces
                | C::AllNamespaces
                | C::Contexts
                | C::Up
                | C::Down
                | C::First
                | C::Last
                | C::PageUp
                | C::PageDown
                | C::Left
                | C::Right
                | C::Filter
                | C::SortName
                | C::SortAge
                | C::SortStatus
                | C::SortNamespace
                | C::SortReady
                | C::SortRestarts
                | C::SortLeft
                | C::SortRight
                | C::SortReverse
                | C::Open
                | C::Describe
                | C::Yaml
                | C::CopyName
                | C::CopyNamespace
                | C::WarpNamespace
                | C::Wide
                | C::GoOwner
                | C::Logs
                | C::LogsPrevious
                | C::Search
                | C::NextMatch
                | C::PreviousMatch
                | C::Wrap
                | C::CopyText
                | C::Refetch
                | C::ManagedFields
                | C::Follow
                | C::Container
                | C::Since
                | C::Timestamps
                | C::Previous
                | C::ClearLog
                | C::AllContainers
                | C::LogFilter
                | C::Readable
                | C::SaveText
                | C::Choose
        )
}

impl App {
    /// A command while the far side has the focus; `None` for those of the cockpit.
    pub(in crate::app) fn far_key(&mut self, command: Command, alone: bool) -> Option<Vec<Effect>> {
        let far = self.far_front().filter(|_| self.prompt.is_none())?;
        if steers(command) {
            return None;
        }
        if !looks(command) {
            self.only_looked_at(command.spec().hint);
            return Some(Vec::new());
        }
        let (last, keeps) = (far.screens.len() <= 1, far.screens.last().is_some_and(super::Screen::keeps_back));
        if matches!(command, Command::Back | Command::Leave) && last && !keeps {
            return Some(self.close_far());
        }
        // Until there is a table only a way elsewhere means anything.
        let elsewhere = matches!(command, Command::Contexts | Command::Namespaces | Command::AllNamespaces);
        if far.screens.is_empty() && !elsewhere {
            return Some(Vec::new());
        }
        Some(self.on_far(|app| app.run(command, alone)))
    }

    /// Says that the far side is for looking, and how its context becomes the cockpit's own.
    pub(in crate::app) fn only_looked_at(&mut self, what: &str) {
        let context = self.far_context().unwrap_or_default().to_owned();
        let key = self.keymap.key(&chain(Context::Global), Command::TakeOver);
        let how = key.map(|key| format!("; {key} makes it the cockpit's own")).unwrap_or_default();
        self.notify(format!("{context} is only looked at on this side, {what} is not for it{how}"), Role::Warn);
    }
}
