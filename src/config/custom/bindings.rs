//! Which of a person's own keys means what. The keymap is asked first: a key of one's own takes one that is bound only where
//! it says `override`, and never one of `abort`.

use super::Custom;
use crate::{
    base::sanitize,
    config::{
        Keymap,
        complaint::Complaint,
        keymap::{Resolved, chain, written},
        place::Place,
    },
    msg::{Command, Context, Key},
};

/// What a key of one's own does: a place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// The line of a hotkey.
    Hotkey(usize),
    /// The program of a plugin.
    Plugin(usize),
}

/// One key of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The keys, one or a sequence.
    pub keys: Vec<Key>,
    /// What it does.
    pub does: Does,
    /// What stands beside it.
    pub description: String,
    /// The kinds it works on; `None` is everywhere.
    pub scopes: Option<Vec<String>>,
    overrides: bool,
    place: Place,
}

impl Binding {
    /// Whether it works on what is under the cursor; `names` are the ways to write its kind, none without an object.
    pub fn works_on(&self, names: &[&str]) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| {
            scopes.iter().any(|scope| scope == "all" || names.iter().any(|name| name.eq_ignore_ascii_case(scope)))
        })
    }

    fn meets(&self, other: &Self) -> bool {
        match (&self.scopes, &other.scopes) {
            (Some(one), Some(other)) => {
                one.iter().any(|scope| scope == "all" || other.contains(scope))
                    || other.iter().any(|scope| scope == "all")
            }
            _ => true,
        }
    }
}

/// What keys mean here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This.
    Run(Does),
    /// The start of a sequence.
    Pending,
    /// Nothing; the keymap decides.
    Nothing,
}

/// All keys of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bindings(Vec<Binding>);

impl Bindings {
    /// The keys of hotkeys and plugins, in this order.
    pub fn of(custom: &Custom) -> Self {
        let hotkeys = custom.hotkeys.iter().enumerate().map(|(at, hotkey)| Binding {
            keys: hotkey.keys.clone(),
            does: Does::Hotkey(at),
            description: sanitize::line(&hotkey.description).into_owned(),
            scopes: None,
            overrides: hotkey.overrides,
            place: hotkey.place.clone(),
        });
        let plugins = custom.plugins.iter().enumerate().map(|(at, plugin)| Binding {
            keys: plugin.keys.clone(),
            does: Does::Plugin(at),
            description: sanitize::line(&plugin.description).into_owned(),
            scopes: Some(plugin.scopes.clone()),
            overrides: plugin.overrides,
            place: plugin.place.clone(),
        });
        Self(hotkeys.chain(plugins).collect())
    }

    /// What keys pressed one after the other mean, where the keymap says `own` of them.
    pub fn find(&self, pressed: &[Key], own: &Resolved, names: &[&str]) -> Found {
        if matches!(own, Resolved::Commands(commands) if commands.contains(&Command::Abort)) {
            return Found::Nothing;
        }
        let here = |binding: &&Binding| binding.works_on(names) && (binding.overrides || *own == Resolved::Nothing);
        if let Some(binding) = self.0.iter().filter(here).find(|binding| binding.keys == pressed) {
            return Found::Run(binding.does);
        }
        let begins = |binding: &Binding| {
            binding.keys.len() > pressed.len() && binding.keys.starts_with(pressed) && binding.works_on(names)
        };
        let free = |binding: &Binding| binding.overrides || !matches!(own, Resolved::Commands(_));
        if self.0.iter().any(|binding| begins(binding) && free(binding)) { Found::Pending } else { Found::Nothing }
    }

    /// The keys that may follow those pressed, each with what stands beside it; `None` where the sequence goes on.
    pub fn following(&self, pressed: &[Key], names: &[&str]) -> Vec<(Key, Option<&str>)> {
        let mut found: Vec<(Key, Option<&str>)> = Vec::new();
        for binding in self.0.iter().filter(|binding| binding.works_on(names)) {
            let Some((next, rest)) = binding.keys.strip_prefix(pressed).and_then(<[Key]>::split_first) else {
                continue;
            };
            if !found.iter().any(|(known, _)| known == next) {
                found.push((*next, rest.is_empty().then_some(binding.description.as_str())));
            }
        }
        found
    }

    /// Those that work on what is under the cursor and that the keymap leaves to them.
    pub fn here(&self, keymap: &Keymap, chain: &[Context], names: &[&str]) -> Vec<&Binding> {
        let works = |binding: &&Binding| {
            let free = binding.overrides || keymap.taken(chain, &binding.keys).is_none();
            binding.works_on(names) && free && !keymap.aborts(&binding.keys)
        };
        self.0.iter().filter(works).collect()
    }

    /// Keys that cannot be pressed, because something else has them; both places are named.
    pub fn conflicts(&self, keymap: &Keymap) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        let mut complain = |binding: &Binding, what: String, hint: &str| {
            wrong.push(Complaint {
                line: binding.place.line,
                key: written(&binding.keys),
                message: format!("`{}` ({}) {what}", written(&binding.keys), binding.place),
                hint: hint.to_owned(),
            });
        };
        for (at, binding) in self.0.iter().enumerate() {
            if keymap.aborts(&binding.keys) {
                let hint = "abort must work at once and everywhere: take another key";
                complain(binding, "begins with the key of `abort`".to_owned(), hint);
                continue;
            }
            let before = self.0.iter().take(at).find(|other| {
                (other.keys.starts_with(&binding.keys) || binding.keys.starts_with(&other.keys)) && other.meets(binding)
            });
            if let Some(other) = before {
                let what = format!("meets `{}` of {}, which holds", written(&other.keys), other.place);
                complain(binding, what, "take another key");
                continue;
            }
            let context = match &binding.scopes {
                Some(scopes) if scopes.iter().any(|scope| matches!(scope.as_str(), "po" | "pod" | "pods")) => {
                    Context::Pods
                }
                Some(_) => Context::Objects,
                None => Context::Table,
            };
            if let Some((what, place)) = keymap.taken(&chain(context), &binding.keys).filter(|_| !binding.overrides) {
                let what = format!("is {what} ({place}), which holds");
                complain(binding, what, "take another key, or write override = true");
            }
        }
        wrong
    }
}
