//! Following a citation: to the row of the object it came from, in its pane; to the answer itself where brink shows no such row.

use super::App;
use crate::{
    agent::mention::{Kind, Object},
    config::Role,
    msg::Effect,
    panes::{PaneKind, Reply, Turn},
};

impl App {
    /// Shows the object, or else the text that was found of it.
    pub(super) fn follow(&mut self, object: Object, title: String, text: String) -> Vec<Effect> {
        let pane = pane(object.kind);
        if self.stand_on(&object) {
            return self.focus_on(pane);
        }
        // A pane that was not on screen for a while has no rows: they come once it is shown.
        let watched = match pane {
            PaneKind::Pods => self.panes.pods.watches(),
            PaneKind::Routes => self.panes.routes.watches(),
            _ => true,
        };
        if watched {
            return self.turn(Reply { effects: Vec::new(), turn: Turn::Text(title, text) });
        }
        self.sought = Some(object);
        self.focus_on(pane)
    }

    /// Rows came: whatever is looked for may be among them.
    pub(super) fn look_again(&mut self) {
        let Some(object) = self.sought.take() else { return };
        if self.focus != pane(object.kind) || self.stand_on(&object) {
            return;
        }
        let listed = match object.kind {
            Kind::Pod => self.panes.pods.standing().listed(),
            _ => self.panes.routes.standing().listed(),
        };
        if listed {
            self.notify(format!("{} is not among the rows shown here", object.mention(None)), Role::TextDim);
        } else {
            self.sought = Some(object);
        }
    }

    fn stand_on(&mut self, object: &Object) -> bool {
        let (namespace, name) = (object.namespace.as_str(), object.name.as_str());
        match object.kind {
            Kind::Pod => self.panes.pods.select(namespace, name),
            Kind::Route => self.panes.routes.select_named(namespace, name),
            Kind::Workload => self.panes.mesh.select(namespace, name, false),
            Kind::Service => self.panes.mesh.select(namespace, name, true),
        }
    }
}

fn pane(kind: Kind) -> PaneKind {
    match kind {
        Kind::Pod => PaneKind::Pods,
        Kind::Route => PaneKind::Routes,
        Kind::Workload | Kind::Service => PaneKind::Mesh,
    }
}
