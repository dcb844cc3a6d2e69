//! Tables under names, for the command line: `save NAME`, `view NAME`.

use std::collections::BTreeMap;

use super::line::Request;

/// Words that mean something behind `view`.
const OWN: [&str; 4] = ["save", "delete", "rm", "list"];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewLine {
    /// All of them, to choose from.
    List,
    /// The one of this name.
    Open(String),
    /// Keep the table that is looked at under this name: for all contexts, or for one; an empty one is the one that is linked.
    Save(String, Option<String>),
    /// Forget it.
    Delete(String),
}

/// All that are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// The file they stand in.
    pub file: String,
    /// For every context.
    pub all: BTreeMap<String, Request>,
    /// For contexts whose name is of this form.
    pub contexts: Vec<(String, BTreeMap<String, Request>)>,
}

/// Whether a view may have this name.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.starts_with(['@', '/', ':']) || name.contains(char::is_control) {
        return Err(format!("`{name}` cannot be typed as a name"));
    }
    if OWN.contains(&name) {
        return Err(format!("`{name}` means something else after `view`"));
    }
    Ok(())
}

/// Reads what stands behind `view`.
pub(super) fn view(rest: &[&str]) -> Result<ViewLine, String> {
    match rest {
        [] | ["list"] => Ok(ViewLine::List),
        ["save", rest @ ..] => save(rest),
        ["delete" | "rm", name] => Ok(ViewLine::Delete((*name).to_owned())),
        ["delete" | "rm", ..] => Err("say which: view delete NAME".to_owned()),
        [name] => Ok(ViewLine::Open((*name).to_owned())),
        [_, extra, ..] => Err(format!("`{extra}` is one word too many after `view`")),
    }
}

/// Reads what stands behind `save`.
pub(super) fn save(rest: &[&str]) -> Result<ViewLine, String> {
    let (name, context) = match rest {
        [name] => (*name, None),
        [name, context] if context.starts_with('@') => (*name, context.strip_prefix('@')),
        _ => return Err("say how it is called: save NAME, or save NAME @CONTEXT for one context".to_owned()),
    };
    check_name(name)?;
    Ok(ViewLine::Save(name.to_owned(), context.map(str::to_owned)))
}

impl Request {
    /// In words, as it would be typed.
    pub fn words(&self) -> String {
        use super::line::Place;
        let mut line = self.word.clone();
        match &self.place {
            Place::Here => {}
            Place::All => line.push_str(" -A"),
            Place::Named(name) => line.extend([" ", name]),
        }
        if let Some(letters) = self.filter.strip_prefix("-f ") {
            line.extend([" -f ", letters]);
        } else if !self.filter.is_empty() {
            line.extend([" /", &self.filter]);
        }
        if !self.labels.is_empty() {
            line.extend([" -l ", &self.labels]);
        }
        if let Some(sort) = &self.sort {
            let way = match sort.direction {
                crate::cluster::columns::Direction::Ascending => "by",
                crate::cluster::columns::Direction::Descending => "by falling",
            };
            line.push_str(&format!(" {way} {}", sort.column.to_lowercase()));
        }
        if self.wide {
            line.push_str(" wide");
        }
        line
    }
}
