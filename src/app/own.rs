//! A person's own keys in the cockpit: hotkeys run their line, plugins start their program on the object under the cursor.

use super::{App, Screen};
use crate::{
    base::{Ticket, sanitize},
    cluster::{Kind, discovery::Discovery},
    config::{
        Custom, Role,
        custom::{Bindings, Customs, Does, Found, Plugin},
        keymap::Resolved,
    },
    msg::{
        Command, Context, Effect, Failure, Key,
        key::Code,
        program::{Ran, Variables},
    },
    panes::{Launch, PaneKind},
};

/// What holds of a person's own, in the context that is linked.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// For all contexts.
    pub customs: Customs,
    /// In this one.
    pub custom: Custom,
    /// Its keys.
    pub bindings: Bindings,
    /// The kubeconfig's files, as the environment variable lists them.
    pub kubeconfig: String,
    /// The groups a person acts as.
    pub groups: String,
    /// A view that is being kept or forgotten, and what to say once it is.
    pub keeping: Option<(Ticket, String)>,
}

impl Own {
    /// What holds in a context.
    pub fn settle(&mut self, context: &str) {
        self.custom = self.customs.of(context);
        self.bindings = Bindings::of(&self.custom);
    }
}

impl App {
    /// A key of one's own; `own` is what the keymap says of it after the keys pressed before.
    pub(super) fn own_key(&mut self, key: Key, own: &Resolved, alone: bool) -> Option<Vec<Effect>> {
        if !self.takes_own_keys() {
            return None;
        }
        let mut pressed = self.pending.clone();
        pressed.push(key);
        let names = self.kind_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match self.own.bindings.find(&pressed, own, &names) {
            Found::Nothing => None,
            Found::Pending => {
                self.pending = pressed;
                Some(Vec::new())
            }
            Found::Run(does) => {
                self.pending.clear();
                Some(match does {
                    Does::Hotkey(at) => self.hotkey(at),
                    Does::Plugin(at) => self.plugin(at, alone),
                })
            }
        }
    }

    /// The key itself; where it means nothing, the plainer one that older terminals send for it, when that one means something.
    pub(super) fn reached(&self, key: Key) -> Key {
        let plainer = std::iter::successors(key.plainer(), |key| key.plainer());
        std::iter::once(key).chain(plainer).find(|key| self.has_meaning(*key)).unwrap_or(key)
    }

    fn has_meaning(&self, key: Key) -> bool {
        let resolved = self.keymap.resolve(&self.chain(), &self.pending, key);
        if resolved != Resolved::Nothing {
            return true;
        }
        let mut pressed = self.pending.clone();
        pressed.push(key);
        let names = self.kind_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.takes_own_keys() && !matches!(self.own.bindings.find(&pressed, &resolved, &names), Found::Nothing)
            || key == Key::plain(Code::Esc) && !self.pending.is_empty()
    }

    /// They work where rows are looked at, and never where text is typed or something is approved.
    pub(super) fn takes_own_keys(&self) -> bool {
        self.prompt.is_none()
            && self.far_front().is_none()
            && self.chain().first() != Some(&Context::Input)
            && self.screens.last().is_none_or(|screen| matches!(screen, Screen::Objects(_) | Screen::Xray(_)))
    }

    /// The ways to write the kind under the cursor; none without an object.
    pub(super) fn kind_names(&self) -> Vec<String> {
        self.subject().map(|subject| names(&subject.object.kind, self.discovery.as_deref())).unwrap_or_default()
    }

    fn hotkey(&mut self, at: usize) -> Vec<Effect> {
        let Some(hotkey) = self.own.custom.hotkeys.get(at) else { return Vec::new() };
        match self.variables().line(&hotkey.command.clone()) {
            Ok(line) => self.line(&line),
            Err(why) => {
                self.notify(why.to_string(), Role::Warn);
                Vec::new()
            }
        }
    }

    fn plugin(&mut self, at: usize, alone: bool) -> Vec<Effect> {
        let Some(plugin) = self.own.custom.plugins.get(at).cloned() else { return Vec::new() };
        if plugin.dangerous && self.world.readonly {
            let name = &plugin.name;
            self.notify(
                format!("{name} is dangerous and brink only looks here: start it without --readonly"),
                Role::Warn,
            );
            return Vec::new();
        }
        let variables = self.variables();
        let by_name = plugin.dangerous && self.world.names.production;
        if plugin.confirm || by_name || !plugin.inputs.is_empty() {
            let context = by_name.then(|| self.world.names.context.clone());
            self.screens.push(Screen::Launch(Box::new(Launch::open(plugin, variables, context))));
            return Vec::new();
        }
        self.launch(&plugin, &variables, alone)
    }

    fn launch(&mut self, plugin: &Plugin, variables: &Variables, alone: bool) -> Vec<Effect> {
        // Keys that came in one read were pasted, or typed before this screen was seen.
        if !alone {
            self.notify(
                format!("{} was not started: its key came with others, press it alone", plugin.name),
                Role::Warn,
            );
            return Vec::new();
        }
        match plugin.program(variables) {
            Ok(program) => vec![Effect::Start(self.tickets.take(), Box::new(program))],
            Err(why) => {
                self.notify(format!("{}: {why}", plugin.name), Role::Warn);
                Vec::new()
            }
        }
    }

    /// A program ended.
    pub(super) fn ran(&mut self, answer: Result<Ran, Failure>) {
        match answer {
            Ok(Ran { name, trouble: None, output }) if output.is_empty() => {
                self.notify(format!("{name} is done"), Role::Good);
            }
            Ok(Ran { name, trouble: None, output }) => {
                self.notify(format!("{name}: {}", sanitize::line(&output)), Role::Good);
            }
            Ok(Ran { name, trouble: Some(trouble), output }) if output.is_empty() => {
                self.notify(format!("{name} ended with {trouble}"), Role::Warn);
            }
            Ok(Ran { name, trouble: Some(trouble), output }) => {
                self.notify(format!("{name} ended with {trouble}: {}", sanitize::line(&output)), Role::Warn);
            }
            Err(failure) => self.tell(&failure),
        }
    }

    /// The values of what is under the cursor and around it.
    fn variables(&self) -> Variables {
        let names = &self.world.names;
        let mut variables = Variables::default();
        let mut set = |name: &str, value: &str| variables.set(name, value);
        set("CONTEXT", &names.context);
        set("CLUSTER", &names.cluster);
        set("USER", &names.user);
        set("GROUPS", &self.own.groups);
        set("KUBECONFIG", &self.own.kubeconfig);
        set("FILTER", &self.filter_text());
        // The namespace of the object, else the one that is looked at.
        set("NAMESPACE", self.world.namespace.as_deref().unwrap_or(&names.namespace));
        if let Some(subject) = self.subject() {
            let object = &subject.object;
            if let Some(namespace) = object.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
                set("NAMESPACE", namespace);
            }
            set("NAME", &object.name);
            set("RESOURCE_GROUP", &object.kind.group);
            set("RESOURCE_VERSION", &object.kind.version);
            set("RESOURCE_NAME", &object.kind.plural);
            if object.kind.kind == "Pod" {
                set("POD", &object.name);
                set("CONTAINER", subject.containers.first().map_or("", String::as_str));
            }
        }
        for (title, cell) in self.row_cells() {
            variables.set_column(&title, cell);
        }
        variables
    }

    fn filter_text(&self) -> String {
        match self.screens.last() {
            Some(Screen::Objects(objects)) => objects.filter().to_owned(),
            _ => match self.focus {
                PaneKind::Pods => self.panes.pods.filter().to_owned(),
                PaneKind::Routes | PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => String::new(),
            },
        }
    }

    fn row_cells(&self) -> Vec<(String, String)> {
        match self.screens.last() {
            Some(Screen::Objects(objects)) => objects.row_cells(&self.world, self.now),
            _ => match self.focus {
                PaneKind::Pods => self.panes.pods.row_cells(&self.world, self.now),
                PaneKind::Routes | PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => Vec::new(),
            },
        }
    }

    /// Whether a command of the keymap is the one that no key of one's own stands before.
    pub(super) fn aborts(own: &Resolved) -> bool {
        matches!(own, Resolved::Commands(commands) if commands.contains(&Command::Abort))
    }
}

/// The ways to write a kind: plural, singular, short names, each also with its group.
pub(super) fn names(kind: &Kind, discovery: Option<&Discovery>) -> Vec<String> {
    let mut names = vec![kind.plural.clone(), kind.kind.to_lowercase()];
    let short =
        discovery.and_then(|known| known.served(&kind.group, &kind.kind)).map(|served| served.short_names.clone());
    names.extend(short.unwrap_or_else(|| if kind.kind == "Pod" { vec!["po".to_owned()] } else { Vec::new() }));
    if !kind.group.is_empty() {
        let with: Vec<String> = names.iter().map(|name| format!("{name}.{}", kind.group)).collect();
        names.extend(with);
    }
    names
}
