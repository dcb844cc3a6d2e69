//! What a person adds of their own: short names for command lines, keys for them, programs to start, columns, jumps, tables
//! that were seen.
//!
//! They stand in the settings file, or in files beside it that hold nothing else ([`FILES`]), for all contexts or below
//! `[contexts."NAME"]` for some. Read whole or not at all, as all settings; a conflict of keys is no mistake of the file and
//! is told where keys are pressed. Nothing is started here.

mod aliases;
mod bindings;
mod file;
mod hotkeys;
mod jumps;
mod plugins;
mod reference;
pub mod saved;
mod views;

pub use aliases::{Alias, Aliases, Circle};
pub use bindings::{Binding, Bindings, Does, Found};
pub use file::{circles, parse};
pub use hotkeys::Hotkey;
pub use jumps::{Jump, Towards};
pub use plugins::{Asks, Input, Plugin};
pub use reference::{SECTIONS, Section};

use super::toml_file::{Line, TomlFile};
use crate::{base::glob, cluster::columns::View};

/// Files beside the settings file that hold such sections and nothing else.
pub const FILES: [&str; 6] = ["aliases.toml", "hotkeys.toml", "plugins.toml", "views.toml", "jumps.toml", "saved.toml"];

/// The sections' names in the file.
pub const TABLES: [&str; 6] = ["aliases", "hotkeys", "plugins", "views", "jumps", "saved"];

/// All that holds for one context.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Custom {
    /// Short names for command lines.
    pub aliases: Aliases,
    /// Keys for command lines.
    pub hotkeys: Vec<Hotkey>,
    /// Programs to start on the object under the cursor.
    pub plugins: Vec<Plugin>,
    /// Columns by kind.
    pub views: Vec<View>,
    /// Where to go from an object of a kind.
    pub jumps: Vec<Jump>,
    /// Tables as they were seen, by name.
    pub saved: saved::Saved,
}

impl Custom {
    /// Reads a section; false when it is none of these.
    pub fn read(&mut self, toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> bool {
        match line.key {
            "aliases" => aliases::read(toml, line, &mut self.aliases),
            "hotkeys" => hotkeys::read(toml, line, &mut self.hotkeys),
            "plugins" => plugins::read(toml, line, &mut self.plugins),
            "views" => views::read(toml, line, &mut self.views),
            "jumps" => jumps::read(toml, line, &mut self.jumps),
            "saved" => saved::read(toml, line, &mut self.saved),
            _ => return false,
        }
        true
    }

    /// Another one over this one: what both name, the other means.
    pub fn lay(&mut self, over: Self) {
        self.aliases.lay(over.aliases);
        before(&mut self.hotkeys, over.hotkeys, |one, other| one.keys == other.keys);
        before(&mut self.plugins, over.plugins, |one, other| one.name == other.name);
        let name = |view: &View| (view.kind.clone(), view.namespaces.as_ref().map(ToString::to_string));
        before(&mut self.views, over.views, |one, other| name(one) == name(other));
        before(&mut self.jumps, over.jumps, |one, other| one.from == other.from);
        self.saved.extend(over.saved);
    }

    /// The view of a kind in a namespace, the one for namespaces of a form before the one for all. `names` are the ways to
    /// write the kind.
    pub fn view(&self, names: &[&str], namespace: Option<&str>) -> Option<&View> {
        let mut fitting = self.views.iter().filter(|view| view.is_for(names, namespace));
        let first = fitting.clone().find(|view| view.namespaces.is_some());
        first.or_else(|| fitting.next())
    }

    /// Where to go from an object of a kind.
    pub fn jump(&self, names: &[&str]) -> Option<&Jump> {
        self.jumps.iter().find(|jump| names.iter().any(|name| name.eq_ignore_ascii_case(&jump.from)))
    }
}

/// The first that fits is taken: what lies over comes first.
fn before<T>(below: &mut Vec<T>, over: Vec<T>, same: impl Fn(&T, &T) -> bool) {
    below.retain(|one| !over.iter().any(|other| same(one, other)));
    below.splice(0..0, over);
}

/// All that was written, for all contexts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Customs {
    /// For every context.
    pub all: Custom,
    /// For contexts whose name is of this form, the shortest form first.
    pub contexts: Vec<(String, Custom)>,
}

impl Customs {
    /// Another file's over this one's.
    pub fn lay(&mut self, over: Self) {
        self.all.lay(over.all);
        self.contexts.extend(over.contexts);
        self.contexts.sort_by_key(|(pattern, _)| pattern.len());
    }

    /// What holds in a context.
    pub fn of(&self, context: &str) -> Custom {
        let mut custom = self.all.clone();
        for (_, over) in self.contexts.iter().filter(|(pattern, _)| glob::matches(pattern, context)) {
            custom.lay(over.clone());
        }
        custom
    }

    /// Aliases that lead back to themselves, by themselves and in each section for contexts.
    pub fn circles(&self) -> Vec<Circle> {
        let mut circles = self.all.aliases.circles();
        for (_, over) in &self.contexts {
            let mut together = self.all.aliases.clone();
            together.lay(over.aliases.clone());
            circles
                .extend(together.circles().into_iter().filter(|circle| !circles.contains(circle)).collect::<Vec<_>>());
        }
        circles
    }
}

#[cfg(test)]
mod tests;
