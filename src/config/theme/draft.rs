//! A theme while it is read: its palettes and roles, still by name.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::de::DeValue;

use super::{Theme, built_in::BUILT_IN, entry::read_role};
use crate::{
    base::Ground,
    config::{
        color::{self, Depth},
        complaint::{Complaint, meant},
        role::Role,
        toml_file::{Line, TomlFile, entries},
    },
};

/// The colour that is the terminal's own.
pub(super) const TERMINAL: &str = "default";

/// How one role is written in a file: colours still by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub fg: Option<String>,
    pub bg: Option<String>,
    pub modifiers: Modifier,
    /// Where it is written; 0 when it is inherited.
    pub line: usize,
}

/// A theme while it is read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    palette: BTreeMap<String, [u8; 3]>,
    palette256: BTreeMap<String, u8>,
    pub roles: BTreeMap<Role, Look>,
    sixteen: BTreeMap<Role, Look>,
    mono: BTreeMap<Role, Look>,
}

/// Inheritance deeper than this is a circle.
const DEEPEST: usize = 8;

impl Draft {
    /// Reads a file and those it inherits from; what is wrong with it is the answer.
    pub fn read(&mut self, text: &str, find: &dyn Fn(&str) -> Option<String>) -> Vec<Complaint> {
        self.read_at(text, find, 0)
    }

    fn read_at(&mut self, text: &str, find: &dyn Fn(&str) -> Option<String>, depth: usize) -> Vec<Complaint> {
        let mut file = TomlFile::new("", text);
        let table = file.parse();
        if file.is_wrong() {
            return file.complaints();
        }
        let table = table.get_ref();
        if let Some(entry) = entries("", table).find(|entry| entry.key == "inherits") {
            self.inherit(&mut file, entry, find, depth);
        } else if !entries("", table)
            .any(|entry| entry.key == "name" && entry.value.get_ref().as_str() == Some("default"))
        {
            // Every theme stands on the default one, so that a role is never without a look.
            self.read_at(BUILT_IN[0].1, find, depth + 1);
        }
        // Lines of another file would mislead.
        for look in self.roles.values_mut() {
            look.line = 0;
        }
        for entry in entries("", table) {
            match (entry.key, entry.value.get_ref()) {
                ("name" | "inherits", _) => {}
                ("palette", DeValue::Table(inner)) => {
                    for color in entries(entry.key, inner) {
                        self.palette_entry(&mut file, color);
                    }
                }
                ("palette256", DeValue::Table(inner)) => {
                    for color in entries(entry.key, inner) {
                        let index = color.value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
                        match index {
                            Some(index) => {
                                self.palette256.insert(color.key.to_owned(), index);
                            }
                            None => file.blame(
                                color,
                                &format!("palette256.{}", color.key),
                                format!("`{}` is no colour of 256", color.key),
                                "write a number from 0 to 255",
                            ),
                        }
                    }
                }
                ("roles", DeValue::Table(inner)) => {
                    let known: Vec<String> = self.palette.keys().cloned().collect();
                    let ok = |name: &str| {
                        name == TERMINAL || color::rgb(name).is_some() || known.iter().any(|known| known == name)
                    };
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "roles", role, &ok, &known, &mut self.roles);
                    }
                }
                ("roles16", DeValue::Table(inner)) => {
                    let known: Vec<String> = color::SIXTEEN.iter().map(|(name, _)| (*name).to_owned()).collect();
                    let ok = |name: &str| known.iter().any(|known| known == name);
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "roles16", role, &ok, &known, &mut self.sixteen);
                    }
                }
                ("mono", DeValue::Table(inner)) => {
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "mono", role, &|_| false, &[], &mut self.mono);
                    }
                }
                ("palette" | "palette256" | "roles" | "roles16" | "mono", _) => {
                    file.blame(entry, entry.key, format!("`{}` must be a table", entry.key), "");
                }
                (name, _) => file.blame(
                    entry,
                    name,
                    format!("a theme has no `{name}`"),
                    meant(name, ["name", "inherits", "palette", "palette256", "roles", "roles16", "mono"]),
                ),
            }
        }
        file.complaints()
    }

    fn inherit(
        &mut self,
        file: &mut TomlFile<'_>,
        entry: Line<'_, '_>,
        find: &dyn Fn(&str) -> Option<String>,
        depth: usize,
    ) {
        let Some(name) = entry.value.get_ref().as_str() else {
            file.blame(entry, "inherits", "`inherits` must name a theme", "");
            return;
        };
        if depth >= DEEPEST {
            file.blame(entry, "inherits", format!("`{name}` inherits from itself"), "");
            return;
        }
        match find(name) {
            Some(parent) => {
                let inner = self.read_at(&parent, find, depth + 1);
                if let Some(first) = inner.first() {
                    file.blame(entry, "inherits", format!("the theme `{name}` is broken: {first}"), "");
                }
            }
            None => file.blame(
                entry,
                "inherits",
                format!("there is no theme `{name}`"),
                meant(name, BUILT_IN.map(|(name, _)| name)),
            ),
        }
    }

    fn palette_entry(&mut self, file: &mut TomlFile<'_>, entry: Line<'_, '_>) {
        match entry.value.get_ref().as_str().and_then(color::rgb) {
            Some(rgb) => {
                self.palette.insert(entry.key.to_owned(), rgb);
                self.palette256.remove(entry.key);
            }
            None => file.blame(
                entry,
                &format!("palette.{}", entry.key),
                format!("`{}` is no colour", entry.key),
                "write it as \"#rrggbb\"",
            ),
        }
    }

    /// The colour of a name; `None` for the terminal's own.
    pub fn rgb(&self, name: &str) -> Option<[u8; 3]> {
        self.palette.get(name).copied().or_else(|| color::rgb(name))
    }

    /// The number of a name among 256 colours.
    pub fn index(&self, name: &str) -> Option<u8> {
        self.palette256.get(name).copied().or_else(|| Some(color::nearest256(self.rgb(name)?)))
    }

    /// The theme as the terminal can show it.
    pub fn finish(&self, depth: Depth) -> Theme {
        let styles = Role::ALL.map(|(role, _)| match depth {
            Depth::True => style(self.roles.get(&role), |name| {
                let [r, g, b] = self.rgb(name)?;
                Some(Color::Rgb(r, g, b))
            }),
            Depth::Indexed => style(self.roles.get(&role), |name| Some(Color::Indexed(self.index(name)?))),
            Depth::Sixteen => style(self.sixteen.get(&role), |name| {
                color::SIXTEEN.iter().find(|(known, _)| *known == name).map(|(_, color)| *color)
            }),
            Depth::Mono => style(self.mono.get(&role), |_| None),
        });
        let ground = self.roles.get(&Role::Text).and_then(|look| self.rgb(look.bg.as_deref()?)).map(Ground::of);
        Theme { styles, depth, ground, ascii: false, presented: false }
    }
}

fn style(look: Option<&Look>, color: impl Fn(&str) -> Option<Color>) -> Style {
    let Some(look) = look else { return Style::new() };
    let color = |name: &String| if name == TERMINAL { Some(Color::Reset) } else { color(name) };
    let mut style = Style::new().add_modifier(look.modifiers);
    style.fg = look.fg.as_ref().and_then(&color);
    style.bg = look.bg.as_ref().and_then(&color);
    style
}
