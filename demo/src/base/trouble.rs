//! What is wrong with a file of a world, where, and what to do about it.

use thiserror::Error;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{what}; {fix}", place(.file, *.line))]
pub struct Trouble {
    /// The file as named; empty for what was said on the command line.
    pub file: String,
    /// From 1; 0 when not known.
    pub line: u64,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

fn place(file: &str, line: u64) -> String {
    match (file, line) {
        ("", _) => String::new(),
        (file, 0) => format!("{file}: "),
        (file, line) => format!("{file}:{line}: "),
    }
}

impl Trouble {
    /// A mistake in a file.
    pub fn at(file: &str, line: u64, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), fix: fix.into() }
    }

    /// A mistake on the command line.
    pub fn said(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::at("", 0, what, fix)
    }
}

/// "did you mean", or what there is.
pub fn suggest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(given.len()) / 4)
        .min();
    match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}
