//! What may follow the keys pressed so far.

use super::Keymap;
use crate::msg::{Command, Context, Key};

/// What a next key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// It ends the sequence.
    Run(Command),
    /// The sequence goes on.
    More,
}

impl Keymap {
    /// The keys that may follow a pending sequence, and what each does; an inner context hides the outer meaning.
    pub fn following(&self, chain: &[Context], pending: &[Key]) -> Vec<(Key, Follow)> {
        let mut found: Vec<(Key, Option<Follow>)> = Vec::new();
        for bindings in chain.iter().filter_map(|context| self.bindings.get(context)) {
            for (keys, bound) in bindings {
                let Some(rest) = keys.strip_prefix(pending) else { continue };
                let (next, follow) = match rest {
                    [] => continue,
                    // An empty one hides what an outer context says.
                    [next] => (*next, bound.commands.first().map(|command| Follow::Run(*command))),
                    [next, ..] => (*next, Some(Follow::More)),
                };
                if !found.iter().any(|(known, _)| *known == next) {
                    found.push((next, follow));
                }
            }
        }
        found.into_iter().filter_map(|(key, follow)| Some((key, follow?))).collect()
    }
}
