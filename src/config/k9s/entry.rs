//! Takes entries one by one: each is written as brink would write it, and read back before it counts.

use std::collections::BTreeMap;

use super::{Given, Import, Left, written::Written, yaml};
use crate::{
    config::{
        Keymap,
        complaint::{Complaint, meant},
        custom::{self, Bindings, Customs},
    },
    fault::file::{Located, documents},
};

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub line: usize,
    pub key: String,
}

/// Collects what is taken and what is left.
#[derive(Debug, Default)]
pub struct Taker {
    file: String,
    context: Option<String>,
    /// By file, then by context: each entry as lines of TOML without its head's context.
    taken: BTreeMap<&'static str, Vec<(Option<String>, String)>>,
    left: Vec<Left>,
}

impl Taker {
    /// The file's one document.
    pub fn parse(&mut self, given: &Given) -> Option<Located> {
        self.file.clone_from(&given.file);
        self.context.clone_from(&given.context);
        match documents(&given.file, &given.text) {
            Ok(mut documents) => (!documents.is_empty()).then(|| documents.remove(0)),
            Err(error) => {
                let line = usize::try_from(error.place.line).unwrap_or_default();
                self.leave(&At { line, key: String::new() }, error.why, error.fix);
                None
            }
        }
    }

    /// The entries below the key a file begins with.
    pub fn below<'n>(&mut self, root: &'n Located, key: &str) -> &'n [yaml::Entry] {
        let mut found: &[yaml::Entry] = &[];
        for (name, value) in yaml::entries(root) {
            if name.value == key {
                found = yaml::entries(value);
            } else {
                let at = At { line: yaml::line(name), key: name.value.clone() };
                self.leave(&at, "is not known here", meant(&name.value, [key]));
            }
        }
        found
    }

    /// Something is not taken, or not as it was.
    pub fn leave(&mut self, at: &At, message: impl Into<String>, hint: impl Into<String>) {
        let complaint = Complaint { line: at.line, key: at.key.clone(), message: message.into(), hint: hint.into() };
        self.left.push(Left { file: self.file.clone(), complaint });
    }

    /// Reads the keys of an entry with `take`, which is false for a value it cannot use.
    pub fn walk(
        &mut self,
        path: &str,
        node: &Located,
        known: &[&str],
        mut take: impl FnMut(&mut Self, &str, &Located) -> bool,
    ) {
        for (name, value) in yaml::entries(node) {
            let at = At { line: yaml::line(name), key: format!("{path}.{}", name.value) };
            match known.iter().find(|known| known.eq_ignore_ascii_case(&name.value)) {
                None => self.leave(&at, "unknown key", meant(&name.value, known.iter().copied())),
                Some(known) => {
                    if !take(self, known, value) {
                        self.leave(&at, "is not what this key holds", "correct it in k9s' file, or write it by hand");
                    }
                }
            }
        }
    }

    /// Takes an entry of a file: `[[…]]` and its lines, or a line of a table. Only what brink can read is.
    pub fn take(&mut self, at: &At, file: &'static str, text: &str) -> bool {
        match custom::parse("entry", text) {
            Ok(_) => {
                let entries = self.taken.entry(file).or_default();
                // What several files of k9s say twice, the later says.
                entries.retain(|(context, known)| *context != self.context || named(known) != named(text));
                entries.push((self.context.clone(), text.to_owned()));
                true
            }
            Err(complaints) => {
                for complaint in complaints.errors {
                    self.leave(at, complaint.message, complaint.hint);
                }
                false
            }
        }
    }

    /// The files, and what was left.
    pub fn done(mut self) -> Import {
        let mut files = Vec::new();
        for (name, mut entries) in std::mem::take(&mut self.taken) {
            // Stable: within a context the order of the files.
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            let written = Written::of(name, &entries);
            match custom::parse(name, &written.text) {
                Ok(customs) => {
                    self.taken_keys(name, &customs);
                    files.push(written);
                }
                // Each was right by itself: together they meet, such as aliases that lead to each other.
                Err(complaints) => {
                    let (kept, more) = written.without(&complaints, &entries);
                    for complaint in complaints.errors {
                        self.left.push(Left { file: name.to_owned(), complaint });
                    }
                    self.left.extend(more);
                    files.extend(kept);
                }
            }
        }
        Import { files, left: self.left }
    }

    /// Keys that something else has in brink: the entry is there, and the person chooses another key.
    fn taken_keys(&mut self, name: &str, customs: &Customs) {
        let contexts = customs.contexts.iter().map(|(_, custom)| custom);
        for custom in std::iter::once(&customs.all).chain(contexts) {
            for complaint in Bindings::of(custom).conflicts(&Keymap::standard()) {
                let left = Left { file: name.to_owned(), complaint };
                if !self.left.contains(&left) {
                    self.left.push(left);
                }
            }
        }
    }
}

/// What tells an entry from all others: its head, with the key or name that follows; of a hotkey everything.
fn named(entry: &str) -> &str {
    let lines = |count: usize| {
        entry.match_indices('\n').nth(count - 1).map_or(entry, |(at, _)| entry.get(..at).unwrap_or(entry))
    };
    if entry.starts_with("[aliases]") {
        entry.split(" = ").next().unwrap_or(entry)
    } else if entry.starts_with("[[plugins]]") {
        lines(2)
    } else if entry.starts_with("[[") {
        entry
    } else {
        lines(1)
    }
}
