//! Going somewhere: to a pane, a namespace, another cluster; the command line and the help.

use super::{App, Screen, hints, prompt::Prompt};
use crate::{
    cluster::spaces,
    config::Role,
    mesh::signals::MetricSource,
    msg::{Effect, line::Names},
    panes::{
        PaneKind, Picker, Viewer,
        picker::{Choice, Item},
        world::LinkState,
    },
};

impl App {
    pub(super) fn open_help(&mut self) -> Vec<Effect> {
        let text = hints::help(self);
        self.screens.push(Screen::Viewer(Viewer::text("Help", &text)));
        Vec::new()
    }

    pub(super) fn open_prompt(&mut self) -> Vec<Effect> {
        self.prompt = Some(Prompt::default());
        self.suggest();
        // Contexts are needed for completion only, so they are read when somebody is about to type.
        let ticket = self.tickets.take();
        self.names_ticket = Some(ticket);
        let mut effects = vec![Effect::Contexts(ticket)];
        // Kinds that were defined meanwhile are known to the next line.
        effects.extend(self.discover());
        effects
    }

    /// Says anew what may complete the line that is typed.
    pub(super) fn suggest(&mut self) {
        let contexts: Vec<String> = self.contexts.iter().map(|context| context.name.clone()).collect();
        let (namespaces, kinds) = match self.far_front() {
            Some(far) => (far.namespaces.clone(), far.kinds.clone()),
            None => (self.first_favourites(), self.kinds.clone()),
        };
        let views = self.far_front().unwrap_or(self).view_names();
        let names = Names { namespaces: &namespaces, contexts: &contexts, kinds: &kinds, views: &views };
        if let Some(prompt) = &mut self.prompt {
            prompt.suggest(names, &self.own.custom.aliases);
        }
    }

    pub(super) fn focus_by(&mut self, step: usize) -> Vec<Effect> {
        let shown: Vec<PaneKind> = if self.layout.tabs || self.zoomed {
            PaneKind::ALL.to_vec()
        } else {
            PaneKind::ALL.into_iter().filter(|kind| self.layout.pane(*kind).is_some()).collect()
        };
        let at = shown.iter().position(|kind| *kind == self.focus).unwrap_or(0);
        let step = if step == 1 { 1 } else { shown.len() - 1 };
        match shown.get((at + step) % shown.len().max(1)) {
            Some(kind) => self.focus_on(*kind),
            None => Vec::new(),
        }
    }

    pub(super) fn focus_on(&mut self, kind: PaneKind) -> Vec<Effect> {
        if self.focus != kind {
            self.before = std::mem::replace(&mut self.focus, kind);
        }
        Vec::new()
    }

    pub(super) fn pick(&mut self, choice: Choice) -> Vec<Effect> {
        let ticket = self.tickets.take();
        let mut picker = Picker::new(choice, ticket);
        let effect = match choice {
            Choice::Namespace => Effect::Namespaces(ticket),
            Choice::Context | Choice::FarContext => Effect::Contexts(ticket),
            // Known to the log that asks for them.
            Choice::Container | Choice::Conversation | Choice::Theme | Choice::Action | Choice::View => {
                return Vec::new();
            }
        };
        if choice == Choice::Namespace && !self.namespaces.is_empty() {
            // What is known is shown at once; the answer replaces it.
            picker.hear(ticket, Ok(self.namespace_items()));
            picker.expect(ticket);
        }
        self.screens.push(Screen::Picker(picker));
        vec![effect]
    }

    pub(super) fn namespace_items(&self) -> Vec<Item> {
        let current = self.world.spaces();
        let favourites = self.overlaid.favourites();
        let item = |name: &String| {
            let note = if favourites.contains(name) { "favourite".to_owned() } else { String::new() };
            Item { name: name.clone(), note, current: current.contains(&name.as_str()) }
        };
        self.first_favourites().iter().map(item).collect()
    }

    /// Shows a namespace, several (`shop,pay`), or all.
    pub(super) fn go_namespace(&mut self, wanted: Option<String>) -> Vec<Effect> {
        let names = wanted.map(|word| spaces::read(&word)).unwrap_or_default();
        let again = self.objects_elsewhere(&names);
        // A tree has one place to begin: of several namespaces the first.
        let related = self.related_elsewhere(names.first());
        let mut effects = self.close_all();
        effects.extend(again.map(|(wanted, filter)| self.open_objects(wanted, &filter)).unwrap_or_default());
        if self.world.spaces() == names && self.world.link == LinkState::Up {
            effects.extend(self.related_again(related));
            return effects;
        }
        let known = |name: &&String| self.namespaces.is_empty() || self.namespaces.contains(*name);
        if let Some(name) = names.iter().find(|name| !known(name)) {
            let near = crate::base::suggest::nearest(name, self.namespaces.iter().map(String::as_str));
            let near = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
            self.notify(format!("no namespace {name} is known here{near}"), Role::Warn);
        }
        let mut names = names.into_iter();
        (self.world.namespace, self.world.beside) = (names.next(), names.collect());
        if self.world.link == LinkState::Up {
            effects.extend(self.open_panes());
            effects.extend(self.related_again(related));
        } else {
            let word = Some(self.world.spaces().join(",")).filter(|word| !word.is_empty());
            self.wanted = (word.is_none(), word);
        }
        effects
    }

    pub(super) fn go_context(&mut self, name: String) -> Vec<Effect> {
        if self.world.live().iter().any(|view| view.mine) {
            self.notify("a fault is live in this cluster: abort it before leaving", Role::Warn);
            return Vec::new();
        }
        if self.looks_only {
            // The same table of another cluster is what is compared.
            self.after_link = self.table_line().or(self.after_link.take());
        }
        let to = Some(name.clone());
        self.link_to(name, to)
    }

    /// Leaves the cluster for another: `to` is the context as the kubeconfig names it, `None` the one of the command line.
    pub(super) fn link_to(&mut self, name: String, to: Option<String>) -> Vec<Effect> {
        let mut effects = self.close_all();
        let ticket = self.tickets.take();
        self.link = Some(ticket);
        self.linked_as.clone_from(&to);
        self.world.link = LinkState::Connecting;
        (self.world.namespace, self.world.beside) = (None, Vec::new());
        self.world.metrics = None;
        self.world.forwards.clear();
        self.world.injections.clear();
        self.world.fault_spans.clear();
        self.wanted = self.lay_over(&name);
        self.namespaces.clear();
        self.using = None;
        (self.world.usage, self.world.node_usage) = (None, None);
        // What it served when it was linked last holds until it is asked again: no table waits for that.
        self.discovering = None;
        self.waiting = None;
        self.know_kinds(self.atlas.get(&name).cloned());
        self.mesh_word = None;
        // What was said of the cluster left behind is not true of the next.
        self.notice = None;
        self.waiting_notices.clear();
        self.panes = super::Panes { agent: self.agent_here(), ..super::Panes::default() };
        self.world.names = crate::msg::event::Names { context: name, ..Default::default() };
        effects.extend(self.overlaid.frames());
        effects.push(Effect::Link(ticket, to));
        effects
    }

    /// Begins anew for another namespace; what is on screen is watched by [`Self::tend`].
    pub(super) fn open_panes(&mut self) -> Vec<Effect> {
        self.mesh_word = None;
        let scope = self.world.scope();
        let mut effects = self.panes.pods.close();
        effects.extend(self.panes.routes.close());
        if self.measures {
            // Figures of one namespace say nothing of another.
            self.world.metrics = None;
            self.world.metric_source = MetricSource::Asking;
            let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
            effects.extend(self.panes.mesh.open(&scope, &mut cx));
        }
        effects
    }
}
