//! `[[plugins]]`: programs of this machine that are started on the object under the cursor.

use super::hotkeys::keys;
use crate::{
    config::{
        complaint::meant,
        place::Place,
        toml_file::{Line, Place as Table, TomlFile},
    },
    msg::{
        Key, Program,
        program::{self, Unfilled, Variables},
    },
};

/// Most fields of a plugin's form.
const MOST_INPUTS: usize = 8;

/// What a field of the form takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of these.
    Choice(Vec<String>),
}

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name: `$INPUT_NAME`.
    pub name: String,
    /// What stands before it.
    pub label: String,
    /// What it takes.
    pub asks: Asks,
    /// It may not stay empty.
    pub required: bool,
    /// What stands in it at first.
    pub default: String,
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct Plugin {
    /// What it is called.
    pub name: String,
    /// The keys, one or a sequence.
    pub keys: Vec<Key>,
    /// What stands beside the key.
    pub description: String,
    /// The kinds it works on; `all` is every one.
    pub scopes: Vec<String>,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What its output goes through, one command after the other.
    pub pipes: Vec<Vec<String>>,
    /// The form that asks before.
    pub inputs: Vec<Input>,
    /// The cockpit stays while it runs.
    pub background: bool,
    /// The whole command is shown before.
    pub confirm: bool,
    /// It changes something: not with --readonly, and by name in production.
    pub dangerous: bool,
    /// It takes a key that the keymap has bound.
    pub overrides: bool,
    /// What it writes in the background is told.
    pub tells_output: bool,
    /// Where it was written.
    pub place: Place,
}

impl Plugin {
    /// Whether it works on a kind; `names` are the ways to write it.
    pub fn works_on(&self, names: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scope == "all" || names.iter().any(|name| name.eq_ignore_ascii_case(scope)))
    }

    /// What is started with these values.
    pub fn program(&self, variables: &Variables) -> Result<Program, Unfilled> {
        let stages = std::iter::once(&self.words).chain(&self.pipes);
        Ok(Program {
            name: self.name.clone(),
            stages: stages.map(|words| program::fill(words, variables)).collect::<Result<_, _>>()?,
            background: self.background,
            tells_output: self.tells_output,
        })
    }
}

/// Its keys in the file.
pub(super) const KEYS: [&str; 13] = [
    "name",
    "key",
    "description",
    "scopes",
    "command",
    "args",
    "pipes",
    "inputs",
    "background",
    "confirm",
    "dangerous",
    "override",
    "overwrite-output",
];

/// Reads the list.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, plugins: &mut Vec<Plugin>) {
    for table in toml.tables(line).unwrap_or_default() {
        let Some(plugin) = one(toml, table) else { continue };
        match plugins.iter().find(|known| known.name == plugin.name) {
            Some(known) => {
                let message = format!("`{}` stands in {} already", plugin.name, known.place);
                toml.lacks(table.at, "plugins", message, "give it another name");
            }
            None => plugins.push(plugin),
        }
    }
}

fn one(toml: &mut TomlFile<'_>, table: Table<'_, '_>) -> Option<Plugin> {
    let mut plugin = Plugin {
        name: String::new(),
        keys: Vec::new(),
        description: String::new(),
        scopes: Vec::new(),
        words: Vec::new(),
        pipes: Vec::new(),
        inputs: Vec::new(),
        background: false,
        confirm: false,
        dangerous: false,
        overrides: false,
        tells_output: false,
        place: toml.place(table.at),
    };
    let (mut command, mut args, mut confirm) = (String::new(), Vec::new(), None);
    let before = toml.wrongs();
    toml.walk("plugins", table.table, &KEYS, |toml, line| match line.key {
        "name" => plugin.name = toml.text(line).unwrap_or_default(),
        "key" => plugin.keys = keys(toml, line).unwrap_or_default(),
        "description" => plugin.description = toml.text(line).unwrap_or_default(),
        "scopes" => plugin.scopes = toml.texts(line).unwrap_or_default(),
        "command" => command = toml.text(line).unwrap_or_default(),
        "args" => args = toml.texts(line).unwrap_or_default(),
        "pipes" => plugin.pipes = pipes(toml, line),
        "inputs" => plugin.inputs = inputs(toml, line),
        "background" => plugin.background = toml.flag(line).unwrap_or_default(),
        "confirm" => confirm = toml.flag(line),
        "dangerous" => plugin.dangerous = toml.flag(line).unwrap_or_default(),
        "override" => plugin.overrides = toml.flag(line).unwrap_or_default(),
        _ => plugin.tells_output = toml.flag(line).unwrap_or_default(),
    });
    if toml.wrongs() > before {
        return None;
    }
    for (missing, key, fix) in [
        (plugin.name.trim().is_empty(), "name", "write name = \"debug\""),
        (plugin.keys.is_empty(), "key", "write key = \"shift-d\""),
        (command.trim().is_empty(), "command", "write command = \"kubectl\""),
        (plugin.scopes.is_empty(), "scopes", "write scopes = [\"pods\"], or [\"all\"]"),
    ] {
        if missing {
            toml.lacks(table.at, "plugins", format!("has no `{key}`"), fix);
        }
    }
    if toml.wrongs() > before {
        return None;
    }
    if plugin.description.is_empty() {
        plugin.description.clone_from(&plugin.name);
    }
    plugin.words = std::iter::once(command).chain(args).collect();
    plugin.confirm = confirm.unwrap_or(!plugin.inputs.is_empty());
    Some(plugin)
}

/// Commands as one types them; no shell reads them.
fn pipes(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Vec<Vec<String>> {
    let mut pipes = Vec::new();
    for text in toml.texts(line).unwrap_or_default() {
        match shlex::split(&text).filter(|words| !words.is_empty()) {
            Some(words) => pipes.push(words),
            None => toml.refuse(line, format!("`{text}` is no command"), "write it like \"jq -r .status\""),
        }
    }
    pipes
}

fn inputs(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Vec<Input> {
    let tables = toml.tables(line).unwrap_or_default();
    if tables.len() > MOST_INPUTS {
        toml.refuse(line, format!("more than {MOST_INPUTS} fields"), "leave some out");
    }
    tables.into_iter().filter_map(|table| input(toml, table)).collect()
}

fn input(toml: &mut TomlFile<'_>, table: Table<'_, '_>) -> Option<Input> {
    const KINDS: [&str; 4] = ["string", "number", "bool", "dropdown"];
    let (mut name, mut label, mut required, mut default) = (String::new(), None, false, String::new());
    let (mut asks, mut options) = (None, Vec::new());
    let before = toml.wrongs();
    let keys = ["name", "type", "label", "required", "default", "options"];
    toml.walk("plugins.inputs", table.table, &keys, |toml, line| match line.key {
        "name" => name = toml.text(line).unwrap_or_default(),
        "type" => match toml.text(line).as_deref() {
            Some("string") => asks = Some(Asks::Text),
            Some("number") => asks = Some(Asks::Number),
            Some("bool") => asks = Some(Asks::Bool),
            Some("dropdown") => asks = Some(Asks::Choice(Vec::new())),
            Some(other) => toml.refuse(line, format!("`{other}` is no type"), meant(other, KINDS)),
            None => {}
        },
        "label" => label = toml.text(line),
        "required" => required = toml.flag(line).unwrap_or_default(),
        "default" => default = toml.text(line).unwrap_or_default(),
        _ => options = toml.texts(line).unwrap_or_default(),
    });
    if toml.wrongs() > before {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        toml.lacks(table.at, "plugins.inputs", "needs a `name` of letters, digits and `_`", "it becomes $INPUT_NAME");
        return None;
    }
    let asks = match asks {
        Some(Asks::Choice(_)) if options.is_empty() => {
            toml.lacks(table.at, "plugins.inputs", "a dropdown needs `options`", "write options = [\"a\", \"b\"]");
            return None;
        }
        Some(Asks::Choice(_)) => Asks::Choice(options),
        Some(asks) => asks,
        None => Asks::Text,
    };
    let fits = match &asks {
        Asks::Text => true,
        Asks::Number => default.is_empty() || default.parse::<f64>().is_ok(),
        Asks::Bool => matches!(default.as_str(), "" | "true" | "false"),
        Asks::Choice(options) => default.is_empty() || options.contains(&default),
    };
    if !fits {
        toml.lacks(table.at, "plugins.inputs", format!("`{default}` is no value of this field"), "correct `default`");
        return None;
    }
    Some(Input { label: label.unwrap_or_else(|| name.clone()), name, asks, required, default })
}
