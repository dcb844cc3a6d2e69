//! Keymaps: which key means which command where.
//!
//! A key is looked up from the innermost context outwards. `abort` is asked before everything else, so that no dialog, no
//! sequence and no keymap can stand between a person and the end of a fault.

mod bound;
mod check;
mod following;
mod read;

use std::collections::{BTreeMap, HashMap};

pub use following::Follow;

use super::{complaint::Complaint, place::Place};
use crate::msg::{
    command::{Command, Context},
    key::Key,
};
use bound::Bound;
pub use bound::{sequence, written};

/// The keymaps that come with brink.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("default", include_str!("../../../keymaps/default.toml")),
    ("vim", include_str!("../../../keymaps/vim.toml")),
    ("emacs", include_str!("../../../keymaps/emacs.toml")),
];

/// Gives what a keymap's file is called and its text, by the keymap's name.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<(String, String)>;

/// A built-in keymap: what it is called, and its text.
pub fn built_in(name: &str) -> Option<(String, String)> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
}

/// What a key resolved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// These commands, in order.
    Commands(Vec<Command>),
    /// The start of a sequence; what may follow.
    Pending,
    /// Nothing is bound.
    Nothing,
}

/// A keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bindings: HashMap<Context, BTreeMap<Vec<Key>, Bound>>,
}

impl Keymap {
    /// The default keymap.
    pub fn standard() -> Self {
        let mut keymap = Self { bindings: HashMap::new() };
        for complaint in keymap.read_at(BUILT_IN[0].0, BUILT_IN[0].1, &built_in, 0) {
            debug_assert!(false, "the default keymap is broken: {complaint}");
        }
        keymap
    }

    /// A keymap by the text of its file. Complaints name what was left out; a file that would lose `abort` changes nothing
    /// about it. `file` is what complaints call it.
    pub fn read(file: &str, text: &str, find: Find<'_>) -> (Self, Vec<Complaint>) {
        let mut keymap = Self { bindings: HashMap::new() };
        let mut wrong = keymap.read_at(file, text, find, 0);
        wrong.extend(keymap.keep_abort(file));
        wrong.extend(keymap.dead_keys(file));
        (keymap, wrong)
    }

    /// What a key means. `chain` is the path of contexts from the innermost outwards; `pending` the keys of a sequence so
    /// far. In a text field printable keys are text and never looked up.
    pub fn resolve(&self, chain: &[Context], pending: &[Key], key: Key) -> Resolved {
        let typing = chain.first() == Some(&Context::Input);
        if typing && key.typed().is_some() {
            return Resolved::Nothing;
        }
        if self.one(Context::Global, &[key]) == Some(&[Command::Abort]) {
            return Resolved::Commands(vec![Command::Abort]);
        }
        let mut keys = pending.to_vec();
        keys.push(key);
        for context in chain {
            let Some(bindings) = self.bindings.get(context) else { continue };
            let begins = bindings.keys().any(|bound| bound.len() > keys.len() && bound.starts_with(&keys));
            let bound = bindings.get(&keys).map(|bound| &bound.commands);
            if let Some(commands) = bound.filter(|commands| !(commands.is_empty() && begins)) {
                // An empty list unbinds: the search ends here, the outer meaning is hidden.
                return if commands.is_empty() { Resolved::Nothing } else { Resolved::Commands(commands.clone()) };
            }
            if begins {
                return Resolved::Pending;
            }
        }
        Resolved::Nothing
    }

    /// The keys of a command along a chain, the ones looked up first in front; what something hides is left out.
    pub fn keys(&self, chain: &[Context], command: Command) -> Vec<String> {
        let mut found = Vec::new();
        for bindings in chain.iter().filter_map(|context| self.bindings.get(context)) {
            for (keys, Bound { commands, .. }) in bindings {
                if commands.as_slice() == [command] && self.reaches(chain, keys, command) {
                    let keys = written(keys);
                    if !found.contains(&keys) {
                        found.push(keys);
                    }
                }
            }
        }
        found.sort_by_key(|keys| !keys.starts_with("ctrl-x"));
        found
    }

    /// Whether these keys, pressed one after the other, come to the command.
    fn reaches(&self, chain: &[Context], keys: &[Key], command: Command) -> bool {
        (0..keys.len()).all(|at| {
            let Some((key, before)) = keys.get(..=at).and_then(<[Key]>::split_last) else { return false };
            match self.resolve(chain, before, *key) {
                Resolved::Pending => at + 1 < keys.len(),
                Resolved::Commands(commands) => at + 1 == keys.len() && commands == [command],
                Resolved::Nothing => false,
            }
        })
    }

    /// The first key of a command, for hints.
    pub fn key(&self, chain: &[Context], command: Command) -> Option<String> {
        let keys = self.keys(chain, command);
        // A letter reads better in a hint than an arrow, a name better than nothing.
        keys.iter().min_by_key(|key| (key.chars().count() > 1 && !key.starts_with("ctrl-"), key.len())).cloned()
    }

    /// Every binding of a context, for the help and the documentation.
    pub fn bound(&self, context: Context) -> impl Iterator<Item = (String, &[Command])> {
        self.bindings
            .get(&context)
            .into_iter()
            .flatten()
            .map(|(keys, bound)| (written(keys), bound.commands.as_slice()))
    }

    /// Whether keys begin with one of `abort`.
    pub fn aborts(&self, keys: &[Key]) -> bool {
        keys.first().is_some_and(|key| self.one(Context::Global, &[*key]) == Some(&[Command::Abort]))
    }

    /// What has these keys already, or the beginning of them, and where that was written.
    pub fn taken(&self, chain: &[Context], keys: &[Key]) -> Option<(String, Place)> {
        for bindings in chain.iter().filter_map(|context| self.bindings.get(context)) {
            for (bound, Bound { commands, place }) in bindings {
                let meets = keys.starts_with(bound) || bound.starts_with(keys);
                if let Some(command) = commands.first().filter(|_| meets) {
                    let what = format!("`{}` for {}", written(bound), command.name());
                    return Some((what, place.clone()));
                }
            }
        }
        None
    }

    fn one(&self, context: Context, keys: &[Key]) -> Option<&[Command]> {
        self.bindings.get(&context)?.get(keys).map(|bound| bound.commands.as_slice())
    }
}

/// The contexts asked for a key, from the innermost outwards.
pub fn chain(context: Context) -> Vec<Context> {
    let mut chain = vec![context];
    chain.extend(context.outer());
    chain
}

#[cfg(test)]
mod tests;
