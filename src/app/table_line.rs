//! The table that is looked at, as a line would ask for it: to show it on another side, in another cluster, or later again.

use super::{App, Screen};
use crate::{
    cluster::columns::{Direction, Sort},
    msg::line::{Place, Request},
    panes::PaneKind,
};

impl App {
    /// The table in front; `None` where there is none that a line could ask for.
    pub(super) fn table_line(&self) -> Option<Request> {
        // What stands below an object is asked for by going there.
        let table = self.screens.iter().rev().find_map(|screen| match screen {
            Screen::Objects(objects) if objects.wanted().of.is_empty() => Some(objects),
            _ => None,
        });
        if let Some(objects) = table {
            let wanted = objects.wanted();
            let kind = &wanted.kind;
            let word = match kind.group.as_str() {
                "" => kind.plural.clone(),
                group => format!("{}.{group}", kind.plural),
            };
            let place = match &wanted.scope.namespace {
                _ if !kind.namespaced => Place::Here,
                Some(name) => Place::Named(name.clone()),
                None => Place::All,
            };
            let (filter, labels) = (objects.filter().to_owned(), wanted.scope.labels.clone());
            let (sort, wide) = (objects.order(), objects.wide());
            return Some(Request { word, place, filter, labels, sort, wide, ..Request::default() });
        }
        if self.looks_only {
            return None;
        }
        let (word, filter, order) = match self.focus {
            PaneKind::Pods => ("pods", self.panes.pods.filter(), self.panes.pods.order()),
            PaneKind::Routes => ("routes", self.panes.routes.filter(), self.panes.routes.order()),
            PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => return None,
        };
        let place = self.world.namespace.clone().map_or(Place::All, Place::Named);
        // A filter by labels is a line of its own.
        let (filter, labels) = match filter.strip_prefix("-l ") {
            Some(labels) => (String::new(), labels.to_owned()),
            None => (filter.to_owned(), String::new()),
        };
        let sort = order.map(|(column, falls)| Sort {
            column,
            direction: if falls { Direction::Descending } else { Direction::Ascending },
        });
        Some(Request { word: word.to_owned(), place, filter, labels, sort, ..Request::default() })
    }
}
