//! Views: tables as they were seen, kept under names and shown again.

use super::{App, Screen};
use crate::{
    base::{Ticket, suggest},
    config::{Role, custom::Custom},
    msg::{
        Effect, Failure,
        saved::{Kept, ViewLine},
    },
    panes::{
        Picker,
        picker::{Choice, Item},
    },
};

impl App {
    /// `:view` and `:save`.
    pub(super) fn view_line(&mut self, line: ViewLine) -> Vec<Effect> {
        match line {
            ViewLine::List => self.list_views(),
            ViewLine::Open(name) => self.open_view(&name),
            ViewLine::Save(name, context) => self.save_view(name, context),
            ViewLine::Delete(name) => {
                let ticket = self.tickets.take();
                self.own.keeping = Some((ticket, format!("view {name} is forgotten")));
                vec![Effect::KeepView(ticket, name, None, None)]
            }
        }
    }

    /// The names of all views of this context.
    pub(super) fn view_names(&self) -> Vec<String> {
        self.own.custom.saved.keys().cloned().collect()
    }

    fn list_views(&mut self) -> Vec<Effect> {
        let item = |(name, view): (&String, &crate::msg::line::Request)| Item {
            name: name.clone(),
            note: view.words(),
            current: false,
        };
        let items: Vec<Item> = self.own.custom.saved.iter().map(item).collect();
        if items.is_empty() {
            self.notify("no view is saved: `:save NAME` keeps the table that is looked at", Role::TextDim);
            return Vec::new();
        }
        let ticket = self.tickets.take();
        self.screens.push(Screen::Picker(Picker::of(Choice::View, ticket, items)));
        Vec::new()
    }

    /// Shows a view.
    pub(super) fn open_view(&mut self, name: &str) -> Vec<Effect> {
        let Some(view) = self.own.custom.saved.get(name).cloned() else {
            let near = suggest::nearest(name, self.own.custom.saved.keys().map(String::as_str));
            let near = near.map_or_else(|| "`:view` lists them".to_owned(), |near| format!("did you mean {near}?"));
            self.notify(format!("no view {name} is saved: {near}"), Role::Warn);
            return Vec::new();
        };
        self.go_request(&view)
    }

    /// Keeps the table in front, of whichever side.
    fn save_view(&mut self, name: String, context: Option<String>) -> Vec<Effect> {
        let front = self.far_front().unwrap_or(self);
        let Some(table) = front.table_line() else {
            self.notify("there is no table here to keep: pods, routes and objects of any kind are tables", Role::Warn);
            return Vec::new();
        };
        let context = context.map(|name| if name.is_empty() { front.world.names.context.clone() } else { name });
        let ticket = self.tickets.take();
        let words = table.words();
        self.own.keeping = Some((ticket, format!("{words} is saved: `:view {name}` shows it")));
        vec![Effect::KeepView(ticket, name, context, Some(Box::new(table)))]
    }

    /// What is kept now, or why it could not be.
    pub(super) fn views_kept(&mut self, ticket: Ticket, answer: Result<Kept, Failure>) {
        let Some((_, said)) = self.own.keeping.take_if(|(asked, _)| *asked == ticket) else { return };
        match answer {
            Ok(kept) => {
                self.notify(format!("{said} ({})", kept.file), Role::Good);
                self.know_views(&kept);
                if let Some(far) = &mut self.far {
                    far.know_views(&kept);
                }
            }
            Err(failure) => self.tell(&failure),
        }
    }

    /// Takes over what is kept.
    pub(super) fn know_views(&mut self, kept: &Kept) {
        let customs = &mut self.own.customs;
        customs.all.saved.clone_from(&kept.all);
        for (_, custom) in &mut customs.contexts {
            custom.saved.clear();
        }
        for (pattern, saved) in kept.contexts.iter().filter(|(_, saved)| !saved.is_empty()) {
            let custom = Custom { saved: saved.clone(), ..Custom::default() };
            customs.contexts.push((pattern.clone(), custom));
        }
        customs.contexts.sort_by_key(|(pattern, _)| pattern.len());
        self.own.custom = self.own.customs.of(&self.world.names.context);
    }
}
