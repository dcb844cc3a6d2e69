//! Keymaps: which key means which command where.
//!
//! A key is looked up from the innermost context outwards. `abort` is asked before everything else, so that no dialog, no
//! sequence and no keymap can stand between a person and the end of a fault.

use std::collections::{BTreeMap, HashMap};

use toml::de::DeValue;

use super::{
    complaint::{Complaint, meant},
    toml_file::{Line, TomlFile, entries},
};
use crate::msg::{
    command::{COMMANDS, Command, Context},
    key::Key,
};

/// The keymaps that come with brink.
pub const BUILT_IN: [(&str, &str); 1] = [("default", include_str!("../../keymaps/default.toml"))];

/// The text of a built-in keymap.
pub fn built_in(name: &str) -> Option<String> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
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
    bindings: HashMap<Context, BTreeMap<Vec<Key>, Vec<Command>>>,
}

impl Keymap {
    /// The default keymap.
    pub fn standard() -> Self {
        let mut keymap = Self { bindings: HashMap::new() };
        for complaint in keymap.read_at(BUILT_IN[0].1, &built_in, 0) {
            debug_assert!(false, "the default keymap is broken: {complaint}");
        }
        keymap
    }

    /// A keymap by the text of its file. Complaints name what was left out; a file that would lose `abort` changes nothing
    /// about it. `find` gives the text of a keymap by name.
    pub fn read(text: &str, find: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<Complaint>) {
        let mut keymap = Self { bindings: HashMap::new() };
        let mut wrong = keymap.read_at(text, find, 0);
        wrong.extend(keymap.keep_abort());
        wrong.extend(keymap.dead_keys());
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
            if let Some(commands) = bindings.get(&keys).filter(|commands| !(commands.is_empty() && begins)) {
                // An empty list unbinds: the search ends here, the outer meaning is hidden.
                return if commands.is_empty() { Resolved::Nothing } else { Resolved::Commands(commands.clone()) };
            }
            if begins {
                return Resolved::Pending;
            }
        }
        Resolved::Nothing
    }

    /// The keys of a command along a chain, the ones looked up first in front; hidden ones are left out.
    pub fn keys(&self, chain: &[Context], command: Command) -> Vec<String> {
        let mut found = Vec::new();
        for (at, context) in chain.iter().enumerate() {
            let Some(bindings) = self.bindings.get(context) else { continue };
            for (keys, commands) in bindings {
                let inner = chain.get(..at).unwrap_or_default();
                let hidden = inner.iter().any(|inner| self.one(*inner, keys).is_some());
                if commands.first() == Some(&command) && commands.len() == 1 && !hidden {
                    found.push(written(keys));
                }
            }
        }
        found.sort_by_key(|keys| !keys.starts_with("ctrl-x"));
        found
    }

    /// The first key of a command, for hints.
    pub fn key(&self, chain: &[Context], command: Command) -> Option<String> {
        let keys = self.keys(chain, command);
        // A letter reads better in a hint than an arrow, a name better than nothing.
        keys.iter().min_by_key(|key| (key.chars().count() > 1 && !key.starts_with("ctrl-"), key.len())).cloned()
    }

    /// Every binding of a context, for the help and the documentation.
    pub fn bound(&self, context: Context) -> impl Iterator<Item = (String, &[Command])> {
        self.bindings.get(&context).into_iter().flatten().map(|(keys, commands)| (written(keys), commands.as_slice()))
    }

    fn one(&self, context: Context, keys: &[Key]) -> Option<&[Command]> {
        self.bindings.get(&context)?.get(keys).map(Vec::as_slice)
    }

    fn read_at(&mut self, text: &str, find: &dyn Fn(&str) -> Option<String>, depth: usize) -> Vec<Complaint> {
        let mut file = TomlFile::new("", text);
        let table = file.parse();
        if file.is_wrong() {
            return file.complaints();
        }
        let table = table.get_ref();
        for entry in entries("", table).filter(|entry| entry.key == "inherits") {
            let name = entry.value.get_ref().as_str().unwrap_or_default();
            match find(name) {
                Some(parent) if depth < 8 => {
                    if let Some(first) = self.read_at(&parent, find, depth + 1).first() {
                        file.blame(entry, "inherits", format!("the keymap `{name}` is broken: {first}"), "");
                    }
                }
                Some(_) => file.blame(entry, "inherits", format!("`{name}` inherits from itself"), ""),
                None => file.blame(
                    entry,
                    "inherits",
                    format!("there is no keymap `{name}`"),
                    meant(name, BUILT_IN.map(|(name, _)| name)),
                ),
            }
        }
        for entry in entries("", table) {
            let context = Context::ALL.into_iter().find(|context| context.word() == entry.key);
            match (entry.key, context, entry.value.get_ref()) {
                ("name" | "inherits", ..) => {}
                (_, Some(context), DeValue::Table(inner)) => {
                    for binding in entries(entry.key, inner) {
                        self.bind(&mut file, context, binding);
                    }
                }
                (name, ..) => {
                    let known = Context::ALL.map(Context::word);
                    file.blame(entry, name, format!("there is no context `{name}`"), meant(name, known));
                }
            }
        }
        file.complaints()
    }

    fn bind(&mut self, file: &mut TomlFile<'_>, context: Context, entry: Line<'_, '_>) {
        let path = format!("{}.\"{}\"", context.word(), entry.key);
        let keys: Result<Vec<Key>, _> = entry.key.split_whitespace().map(str::parse).collect();
        let keys = match keys {
            Ok(keys) if !keys.is_empty() => keys,
            Ok(_) => {
                file.blame(entry, &path, "a binding needs a key", "");
                return;
            }
            Err(error) => {
                file.blame(entry, &path, error.to_string(), "");
                return;
            }
        };
        if context == Context::Input && keys.first().is_some_and(|key| key.typed().is_some()) {
            let message = format!("`{}` is text in a text field", entry.key);
            file.blame(entry, &path, message, "take a key with ctrl or alt, or a named one");
            return;
        }
        let names: Option<Vec<&str>> = match entry.value.get_ref() {
            DeValue::String(name) if name.is_empty() => Some(Vec::new()),
            DeValue::String(name) => Some(vec![name]),
            DeValue::Array(names) => names.iter().map(|name| name.get_ref().as_str()).collect(),
            _ => None,
        };
        let Some(names) = names else {
            file.blame(entry, &path, "a binding is a command or a list of commands", "write \"quit\"");
            return;
        };
        let mut commands = Vec::with_capacity(names.len());
        for name in names {
            if let Some(command) = Command::named(name) {
                commands.push(command);
            } else {
                let known = COMMANDS.iter().map(|spec| spec.name);
                file.blame(entry, &path, format!("there is no command `{name}`"), meant(name, known));
                return;
            }
        }
        self.bindings.entry(context).or_default().insert(keys, commands);
    }

    /// `abort` stays bound with control or alt, alone, in the global context; nothing else may begin with its keys.
    fn keep_abort(&mut self) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        let mut complain = |key: String, message: String, hint: &str| {
            wrong.push(Complaint { line: 1, key, message, hint: hint.to_owned() });
        };
        let global = self.bindings.entry(Context::Global).or_default();
        let reachable = |keys: &[Key], commands: &[Command]| {
            commands == [Command::Abort] && matches!(keys, [key] if key.typed().is_none())
        };
        if !global.iter().any(|(keys, commands)| reachable(keys, commands)) {
            let key = Key::ctrl('x');
            global.insert(vec![key], vec![Command::Abort]);
            complain(
                "global.\"ctrl-x\"".to_owned(),
                "`abort` has no key that also works in text fields".to_owned(),
                "bind it in [global] to one key with ctrl or alt; ctrl-x stays bound",
            );
        }
        let abort: Vec<Key> = global
            .iter()
            .filter(|(keys, commands)| keys.len() == 1 && commands.as_slice() == [Command::Abort])
            .filter_map(|(keys, _)| keys.first().copied())
            .collect();
        for (context, bindings) in &mut self.bindings {
            bindings.retain(|keys, commands| {
                let taken = keys.first().is_some_and(|key| abort.contains(key));
                let is_abort = keys.len() == 1 && commands.as_slice() == [Command::Abort];
                if taken && !is_abort {
                    complain(
                        format!("{}.\"{}\"", context.word(), written(keys)),
                        format!("`{}` begins with the key of `abort`", written(keys)),
                        "abort must work at once and everywhere: take another key",
                    );
                }
                !taken || is_abort
            });
        }
        wrong
    }

    /// A binding that is the start of a sequence of its own context can never be waited for.
    fn dead_keys(&self) -> Vec<Complaint> {
        let mut wrong = Vec::new();
        for (context, bindings) in &self.bindings {
            for (keys, _) in bindings.iter().filter(|(_, commands)| !commands.is_empty()) {
                if let Some(longer) = bindings.keys().find(|other| other.len() > keys.len() && other.starts_with(keys))
                {
                    wrong.push(Complaint {
                        line: 1,
                        key: format!("{}.\"{}\"", context.word(), written(keys)),
                        message: format!("`{}` hides the sequence `{}`", written(keys), written(longer)),
                        hint: "unbind one of them with \"\"".to_owned(),
                    });
                }
            }
        }
        wrong.sort_by(|a, b| a.key.cmp(&b.key));
        wrong
    }
}

fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The contexts asked for a key, from the innermost outwards.
pub fn chain(context: Context) -> Vec<Context> {
    let mut chain = vec![context];
    chain.extend(context.outer());
    chain
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Keymap, Resolved, built_in, chain};
    use crate::{
        fault::action::ActionKind,
        msg::{
            command::{COMMANDS, Command, Context},
            key::{Code, Key},
        },
    };

    fn resolve(keymap: &Keymap, context: Context, key: &str) -> Resolved {
        keymap.resolve(&chain(context), &[], key.parse().unwrap())
    }

    #[rstest]
    #[case(Context::Pods, "l", Command::Logs)]
    #[case(Context::Routes, "d", Command::Describe)]
    #[case(Context::Pods, ":", Command::CommandLine)]
    #[case(Context::Logs, "o", Command::Container)]
    #[case(Context::Logs, "n", Command::NextMatch)]
    #[case(Context::Pods, "N", Command::SortName)]
    #[case(Context::Form, "tab", Command::FieldNext)]
    #[case(Context::Preview, "ctrl-x", Command::Abort)]
    #[case(Context::Input, "ctrl-x", Command::Abort)]
    #[case(Context::Preview, "x", Command::Abort)]
    fn the_nearest_context_decides(#[case] context: Context, #[case] key: &str, #[case] command: Command) {
        assert_eq!(resolve(&Keymap::standard(), context, key), Resolved::Commands(vec![command]));
    }

    #[test]
    fn in_a_text_field_letters_are_text() {
        let keymap = Keymap::standard();
        for c in ['x', 'q', '0', ' ', '?'] {
            assert_eq!(keymap.resolve(&chain(Context::Input), &[], Key::char(c)), Resolved::Nothing);
        }
    }

    #[test]
    fn every_command_has_a_key_or_a_reason_to_have_none() {
        let keymap = Keymap::standard();
        for spec in COMMANDS {
            let bound = Context::ALL.into_iter().any(|context| !keymap.keys(&chain(context), spec.command).is_empty());
            // Reached by pressing the key of `abort` twice, and by the command line.
            // Chosen from the list of actions, or typed.
            let listed = ActionKind::named(spec.name.trim_end_matches("_cron")).is_some();
            assert!(bound || listed || spec.command == Command::StopAll, "{} has no key", spec.name);
        }
    }

    #[test]
    fn sequences_wait_for_their_end() {
        let text = "inherits = \"default\"\n[table]\n\"g\" = \"\"\n\"g g\" = \"first\"\n";
        let (keymap, wrong) = Keymap::read(text, &built_in);
        assert!(wrong.is_empty(), "{wrong:?}");
        let table = chain(Context::Pods);
        assert_eq!(keymap.resolve(&table, &[], Key::char('g')), Resolved::Pending);
        assert_eq!(keymap.resolve(&table, &[Key::char('g')], Key::char('g')), Resolved::Commands(vec![Command::First]));
        assert_eq!(keymap.resolve(&table, &[Key::char('g')], Key::plain(Code::Esc)), Resolved::Nothing);
        let (_, wrong) = Keymap::read("inherits = \"default\"\n[table]\n\"g g\" = \"first\"\n", &built_in);
        assert_eq!(wrong[0].message, "`g` hides the sequence `g g`");
    }

    #[test]
    fn abort_cannot_be_lost() {
        let text = "inherits = \"default\"\n[global]\n\"ctrl-x\" = \"quit\"\n\"ctrl-x s\" = \"zoom\"\n";
        let (keymap, wrong) = Keymap::read(text, &built_in);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert_eq!(resolve(&keymap, Context::Form, "ctrl-x"), Resolved::Commands(vec![Command::Abort]));
    }

    #[test]
    fn abort_may_move_to_another_key() {
        let text = "inherits = \"default\"\n[global]\n\"ctrl-x\" = \"\"\n\"ctrl-q\" = \"abort\"\n\"x\" = \"\"\n";
        let (keymap, wrong) = Keymap::read(text, &built_in);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(resolve(&keymap, Context::Input, "ctrl-q"), Resolved::Commands(vec![Command::Abort]));
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_the_nearest_name() {
        let text = "[global]\n\"ctrl-x\" = \"abort\"\n\"a\" = \"qiut\"\n\"ctrl-ctrl-b\" = \"quit\"\n[podz]\n";
        let (_, wrong) = Keymap::read(text, &built_in);
        let lines: Vec<String> =
            wrong.iter().map(|one| format!("line {}: {}; {}", one.line, one.message, one.hint)).collect();
        assert_eq!(lines[0], "line 3: there is no command `qiut`; did you mean `quit`?");
        assert!(lines[1].starts_with("line 4: `ctrl-ctrl-b` is no key"));
        assert_eq!(lines[2], "line 5: there is no context `podz`; did you mean `pods`?");
    }
}
