//! Lines of the command line that are meant for the far side.

use super::super::App;
use crate::{
    msg::{
        Command, Effect,
        line::{Line, Request},
        saved::ViewLine,
    },
    panes::world::LinkState,
};

/// Lines of the cockpit, wherever the focus is.
pub(in crate::app) fn steers(line: &Line) -> bool {
    match line {
        Line::Run(command) => super::keys::steers_by_word(*command),
        Line::Theme(_)
        | Line::Release(_)
        | Line::Beside(_)
        | Line::Unsplit
        | Line::View(ViewLine::Save(..) | ViewLine::Delete(_)) => true,
        Line::View(ViewLine::List | ViewLine::Open(_))
        | Line::Namespace(_)
        | Line::Context(_)
        | Line::Pane(..)
        | Line::Objects(_)
        | Line::Logs(_)
        | Line::Xray(_)
        | Line::Copy(..)
        | Line::Act(..) => false,
    }
}

impl App {
    /// A line on a side that is only looked at: tables, and where they are looked for.
    pub(in crate::app) fn looking_line(&mut self, line: Line) -> Vec<Effect> {
        let table = |word: &str, request: Request| Request { word: word.to_owned(), ..request };
        match line {
            Line::Run(Command::ShowPods) => self.go_objects(&table("pods", Request::default())),
            Line::Run(Command::ShowRoutes) => self.go_objects(&table("httproutes", Request::default())),
            Line::Pane(Command::ShowPods, request) => self.go_objects(&table("pods", request)),
            Line::Pane(Command::ShowRoutes, request) => self.go_objects(&table("httproutes", request)),
            Line::Objects(request) => self.go_objects(&request),
            Line::View(line) => self.view_line(line),
            Line::Namespace(name) => self.go_namespace(Some(name)),
            Line::Context(name) => self.go_context(name),
            Line::Logs(asked) if self.world.link == LinkState::Up => self.typed_logs(asked),
            Line::Run(command) if super::looks(command) => self.run(command, true),
            _ => {
                self.notify("only tables, their texts and logs stand on this side", crate::config::Role::Warn);
                Vec::new()
            }
        }
    }
}
