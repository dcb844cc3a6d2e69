//! `[[hotkeys]]`: keys for command lines.

use crate::{
    config::{
        keymap::sequence,
        place::Place,
        toml_file::{Line, Place as Table, TomlFile},
    },
    msg::Key,
};

/// A key for a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotkey {
    /// The keys, one or a sequence.
    pub keys: Vec<Key>,
    /// The line, as typed after `:`; variables of the object under the cursor are filled.
    pub command: String,
    /// What stands beside the key.
    pub description: String,
    /// It takes a key that the keymap has bound.
    pub overrides: bool,
    /// Where it was written.
    pub place: Place,
}

/// Reads the list.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, hotkeys: &mut Vec<Hotkey>) {
    for table in toml.tables(line).unwrap_or_default() {
        hotkeys.extend(one(toml, table));
    }
}

fn one(toml: &mut TomlFile<'_>, table: Table<'_, '_>) -> Option<Hotkey> {
    let (mut pressed, mut command, mut description, mut overrides) = (None, None, None, false);
    let before = toml.wrongs();
    toml.walk("hotkeys", table.table, &["key", "command", "description", "override"], |toml, line| match line.key {
        "key" => pressed = keys(toml, line),
        "command" => command = toml.text(line),
        "description" => description = toml.text(line),
        _ => overrides = toml.flag(line).unwrap_or_default(),
    });
    if toml.wrongs() > before {
        return None;
    }
    let place = toml.place(table.at);
    let command = command.map(|line| line.trim().trim_start_matches(':').to_owned()).filter(|line| !line.is_empty());
    match (pressed, command) {
        (Some(keys), Some(command)) => {
            let description = description.unwrap_or_else(|| command.clone());
            Some(Hotkey { keys, command, description, overrides, place })
        }
        (None, _) => {
            toml.lacks(table.at, "hotkeys", "has no `key`", "write key = \"f5\"");
            None
        }
        (Some(_), None) => {
            toml.lacks(table.at, "hotkeys", "has no `command`", "write command = \"pods shop\"");
            None
        }
    }
}

/// A key or a sequence, as a keymap writes it.
pub(super) fn keys(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Option<Vec<Key>> {
    let text = toml.text(line)?;
    match sequence(&text) {
        Ok(keys) => Some(keys),
        Err(why) => {
            toml.refuse(line, why, "");
            None
        }
    }
}
