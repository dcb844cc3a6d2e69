//! Brink's files as they are written.

use std::collections::BTreeSet;

use super::Left;
use crate::config::complaint::Complaints;

/// A file of brink's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name beside the settings file.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// How many entries stand in it.
    pub entries: usize,
}

impl Written {
    /// A file of these entries, each with its context, sorted by it.
    pub(super) fn of(name: &'static str, entries: &[(Option<String>, String)]) -> Self {
        let mut text =
            "# Taken over from k9s. Correct it at will: brink reads it beside the settings file.\n".to_owned();
        let mut heads = BTreeSet::new();
        for (context, entry) in entries {
            for line in entry.lines() {
                let line = match context {
                    Some(context) => below(line, context),
                    None => line.to_owned(),
                };
                // The head of a plain table stands once.
                let table = line.starts_with('[') && !line.starts_with("[[");
                if table && !heads.insert(line.clone()) {
                    continue;
                }
                if line.starts_with('[') {
                    text.push('\n');
                }
                text.push_str(&line);
                text.push('\n');
            }
        }
        Self { name, text, entries: entries.len() }
    }

    /// The same without the entries that lead to complaints by the key they name; `None` when nothing is left.
    pub(super) fn without(
        &self,
        complaints: &Complaints,
        entries: &[(Option<String>, String)],
    ) -> (Option<Self>, Vec<Left>) {
        let named: Vec<&str> =
            complaints.errors.iter().filter_map(|one| one.key.split_once('.').map(|(_, name)| name)).collect();
        let rest: Vec<_> = entries
            .iter()
            .filter(|(_, text)| !named.iter().any(|name| text.contains(&format!("\n{} = ", key(name)))))
            .cloned()
            .collect();
        if rest.is_empty() {
            return (None, Vec::new());
        }
        let written = Self::of(self.name, &rest);
        match crate::config::custom::parse(self.name, &written.text) {
            Ok(_) => (Some(written), Vec::new()),
            Err(more) if rest.len() < entries.len() => {
                let left = more
                    .errors
                    .iter()
                    .map(|complaint| Left { file: self.name.to_owned(), complaint: complaint.clone() });
                let left: Vec<Left> = left.collect();
                let (kept, further) = written.without(&more, &rest);
                (kept, left.into_iter().chain(further).collect())
            }
            Err(_) => (None, Vec::new()),
        }
    }
}

/// A head below the section of a context.
fn below(line: &str, context: &str) -> String {
    let context = quoted(context);
    match (line.strip_prefix("[["), line.strip_prefix('[')) {
        (Some(rest), _) => format!("[[contexts.{context}.{rest}"),
        (None, Some(rest)) => format!("[contexts.{context}.{rest}"),
        (None, None) => line.to_owned(),
    }
}

/// A text in TOML's quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key of TOML, in quotes where it needs them.
pub(super) fn key(text: &str) -> String {
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { text.to_owned() } else { quoted(text) }
}

/// A list of texts.
pub(super) fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}
