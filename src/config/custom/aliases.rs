//! `[aliases]`: short names for command lines. An alias may name another; one that leads back to itself is refused.

use std::collections::BTreeMap;

use crate::config::{
    place::Place,
    toml_file::{Line, TomlFile, entries},
};

/// What a short name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The line, as typed after `:`.
    pub line: String,
    /// Where it was written.
    pub place: Place,
}

/// Aliases that stand for each other without end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// The names, in the order they lead to each other.
    pub names: Vec<String>,
    /// Where the first was written.
    pub place: Place,
    /// In words, with all places.
    pub words: String,
}

/// All short names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases(BTreeMap<String, Alias>);

impl Aliases {
    /// Adds one.
    pub fn add(&mut self, name: &str, line: &str, place: Place) {
        self.0.insert(name.to_owned(), Alias { line: line.trim().to_owned(), place });
    }

    /// Another file's over these.
    pub fn lay(&mut self, over: Self) {
        self.0.extend(over.0);
    }

    /// All of them by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Alias)> {
        self.0.iter().map(|(name, alias)| (name.as_str(), alias))
    }

    /// A line with its first word as what it stands for; further words are appended. A line without an alias is itself.
    pub fn expand(&self, line: &str) -> String {
        let mut line = line.trim().to_owned();
        // Circles were refused; whatever slips through ends here.
        for _ in 0..=self.0.len() {
            let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line.as_str(), ""));
            let Some(alias) = self.0.get(first) else { break };
            let more = rest.trim_start();
            line = if more.is_empty() { alias.line.clone() } else { format!("{} {more}", alias.line) };
        }
        line
    }

    /// What may complete the line typed so far: names, or whole lines by `complete` on what an alias stands for.
    pub fn complete(&self, line: &str, complete: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
        let Some((first, rest)) = line.split_once(' ') else {
            return self.0.keys().filter(|name| name.starts_with(line)).cloned().collect();
        };
        if !self.0.contains_key(first) {
            return Vec::new();
        }
        let head = self.expand(first);
        let whole = complete(&format!("{head} {}", rest.trim_start()));
        whole.iter().filter_map(|whole| whole.strip_prefix(&head)).map(|rest| format!("{first}{rest}")).collect()
    }

    /// Aliases that lead back to themselves, each circle once.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let mut circles: Vec<Circle> = Vec::new();
        for name in self.0.keys() {
            let mut names = vec![name.clone()];
            let mut next = self.0.get(name);
            while let Some(alias) = next {
                let word = alias.line.split_whitespace().next().unwrap_or_default();
                if word == name {
                    let known = circles.iter().any(|circle| circle.names.contains(name));
                    if !known && let Some(first) = self.0.get(name) {
                        circles.push(Circle { words: self.round(&names), place: first.place.clone(), names });
                    }
                    break;
                }
                if names.iter().any(|known| known == word) {
                    break;
                }
                names.push(word.to_owned());
                next = self.0.get(word);
            }
        }
        circles
    }

    fn round(&self, names: &[String]) -> String {
        let place = |name: &String| self.0.get(name).map(|alias| format!("`{name}` ({})", alias.place));
        let all: Vec<String> = names.iter().filter_map(place).collect();
        format!("{} → `{}` goes round in a circle", all.join(" → "), names.first().map_or("", String::as_str))
    }
}

/// Reads the table.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, aliases: &mut Aliases) {
    let Some(table) = toml.table(line) else { return };
    for entry in entries("aliases", table) {
        let Some(text) = toml.text(entry) else { continue };
        if entry.key.is_empty() || entry.key.contains(char::is_whitespace) || entry.key.starts_with(['/', ':']) {
            toml.refuse(entry, format!("`{}` cannot be typed as one word", entry.key), "choose a short word");
        } else if text.trim().is_empty() {
            toml.refuse(entry, "stands for nothing", "write a command line, such as \"pods shop\"");
        } else {
            let place = toml.place(entry.at);
            aliases.add(entry.key, text.trim().trim_start_matches(':'), place);
        }
    }
}
