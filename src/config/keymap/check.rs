//! What no keymap may do: lose `abort`, or bind what can never be pressed.

use super::{Bound, Keymap, written};
use crate::{
    config::{complaint::Complaint, place::Place},
    msg::{Command, Context, Key},
};

impl Keymap {
    /// `abort` stays bound with control or alt, alone, in the global context; nothing else may begin with its keys.
    pub(super) fn keep_abort(&mut self, file: &str) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        let global = self.bindings.entry(Context::Global).or_default();
        let reachable = |keys: &[Key], bound: &Bound| bound.aborts() && matches!(keys, [key] if key.typed().is_none());
        if !global.iter().any(|(keys, bound)| reachable(keys, bound)) {
            let place = Place::new(file, 1);
            global.insert(vec![Key::ctrl('x')], Bound { commands: vec![Command::Abort], place });
            wrong.push(Complaint {
                line: 1,
                key: "global.\"ctrl-x\"".to_owned(),
                message: "`abort` has no key that also works in text fields".to_owned(),
                hint: "bind it in [global] to one key with ctrl or alt; ctrl-x stays bound".to_owned(),
            });
        }
        let abort: Vec<(Key, Place)> = global
            .iter()
            .filter(|(keys, bound)| keys.len() == 1 && bound.aborts())
            .filter_map(|(keys, bound)| Some((*keys.first()?, bound.place.clone())))
            .collect();
        for (context, bindings) in &mut self.bindings {
            bindings.retain(|keys, bound| {
                let taken = keys.first().and_then(|key| abort.iter().find(|(abort, _)| abort == key));
                let Some((key, place)) = taken.filter(|_| !(keys.len() == 1 && bound.aborts())) else { return true };
                wrong.push(Complaint {
                    line: bound.line_in(file),
                    key: format!("{}.\"{}\"", context.word(), written(keys)),
                    message: format!(
                        "`{}` ({}) begins with `{key}` ({place}), the key of `abort`",
                        written(keys),
                        bound.place
                    ),
                    hint: "abort must work at once and everywhere: take another key".to_owned(),
                });
                false
            });
        }
        wrong.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        wrong
    }

    /// A binding that is the start of a sequence of its own context can never be waited for.
    pub(super) fn dead_keys(&self, file: &str) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        for (context, bindings) in &self.bindings {
            for (keys, bound) in bindings.iter().filter(|(_, bound)| !bound.commands.is_empty()) {
                let longer = |(other, _): &(&Vec<Key>, _)| other.len() > keys.len() && other.starts_with(keys);
                let Some((sequence, other)) = bindings.iter().find(longer) else { continue };
                wrong.push(Complaint {
                    line: bound.line_in(file).max(other.line_in(file)),
                    key: format!("{}.\"{}\"", context.word(), written(keys)),
                    message: format!(
                        "`{}` ({}) hides the sequence `{}` ({})",
                        written(keys),
                        bound.place,
                        written(sequence),
                        other.place
                    ),
                    hint: "unbind one of them with \"\"".to_owned(),
                });
            }
        }
        wrong.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        wrong
    }
}

impl Bound {
    fn aborts(&self) -> bool {
        self.commands == [Command::Abort]
    }

    /// Its line in the file that is read; the first for what is inherited.
    fn line_in(&self, file: &str) -> usize {
        if &*self.place.file == file { self.place.line } else { 1 }
    }
}
