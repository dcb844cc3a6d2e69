//! A keymap file, line by line. What is wrong is left out and named; the rest holds.

use std::sync::Arc;

use toml::de::DeValue;

use super::{
    BUILT_IN, Bound, Find, Keymap,
    bound::{sequence, written},
};
use crate::{
    config::{
        complaint::{Complaint, meant},
        place::Place,
        toml_file::{Line, TomlFile, entries},
    },
    msg::{Command, Context, command::COMMANDS},
};

/// Longest line of files that inherit from each other.
const DEEPEST: usize = 8;

impl Keymap {
    pub(super) fn read_at(&mut self, name: &str, text: &str, find: Find<'_>, depth: usize) -> Vec<Complaint> {
        let mut file = TomlFile::new("", text);
        let table = file.parse();
        if file.is_wrong() {
            return file.complaints();
        }
        let table = table.get_ref();
        for entry in entries("", table).filter(|entry| entry.key == "inherits") {
            let parent = entry.value.get_ref().as_str().unwrap_or_default();
            match find(parent) {
                Some((shown, text)) if depth < DEEPEST => {
                    if let Some(first) = self.read_at(&shown, &text, find, depth + 1).first() {
                        file.blame(entry, "inherits", format!("the keymap `{parent}` is broken: {first}"), "");
                    }
                }
                Some(_) => file.blame(entry, "inherits", format!("`{parent}` inherits from itself"), ""),
                None => file.blame(
                    entry,
                    "inherits",
                    format!("there is no keymap `{parent}`"),
                    meant(parent, BUILT_IN.map(|(name, _)| name)),
                ),
            }
        }
        let shown: Arc<str> = name.into();
        for entry in entries("", table) {
            let context = Context::ALL.into_iter().find(|context| context.word() == entry.key);
            match (entry.key, context, entry.value.get_ref()) {
                ("name" | "inherits", ..) => {}
                (_, Some(context), DeValue::Table(inner)) => {
                    for binding in entries(entry.key, inner) {
                        self.bind(&mut file, &shown, context, binding);
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

    fn bind(&mut self, file: &mut TomlFile<'_>, shown: &Arc<str>, context: Context, entry: Line<'_, '_>) {
        let path = format!("{}.\"{}\"", context.word(), entry.key);
        let keys = match sequence(entry.key) {
            Ok(keys) => keys,
            Err(why) => {
                file.blame(entry, &path, why, "");
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
        let place = Place { file: shown.clone(), line: file.line(entry.at) };
        let bindings = self.bindings.entry(context).or_default();
        // `shift-n` is `N`: TOML cannot know that one key was written twice.
        if let Some(before) = bindings.get(&keys).filter(|before| before.place.file == place.file) {
            let message = format!("`{}` ({place}) is bound in {} already", written(&keys), before.place);
            file.blame(entry, &path, message, "leave one of them out; the first holds");
            return;
        }
        bindings.insert(keys, Bound { commands, place });
    }
}
