//! The variables of hotkeys and plugins, in k9s' notation: `$NAME`, `${NAME}`, `$!NAME` for the opposite of true and false.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::base::suggest;

/// Names that always mean this; others that no prefix marks are left as they are, for whoever reads the text next.
const KNOWN: [&str; 12] = [
    "RESOURCE_GROUP",
    "RESOURCE_VERSION",
    "RESOURCE_NAME",
    "NAMESPACE",
    "NAME",
    "CONTAINER",
    "POD",
    "FILTER",
    "KUBECONFIG",
    "CLUSTER",
    "CONTEXT",
    "USER",
];
/// And the groups of the person.
const GROUPS: &str = "GROUPS";
/// A column of the row under the cursor.
const COLUMN: &str = "COL-";
/// What was typed into the form.
const INPUT: &str = "INPUT_";

/// Why a text cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfilled {
    /// There is no value here.
    #[error("there is no ${name} here{near}")]
    Missing {
        /// The variable.
        name: String,
        /// The nearest one there is, as the end of a sentence.
        near: String,
    },
    /// `!` needs true or false.
    #[error("$!{0} needs true or false, and ${0} is `{1}`")]
    NotBool(String, String),
    /// The value cannot stand safely where the text puts it.
    #[error("the value of ${0} holds what a program would read as its own: `{1}`")]
    Unsafe(String, String),
}

/// Values by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Says a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Says the value of a column.
    pub fn set_column(&mut self, title: &str, value: impl Into<String>) {
        self.0.insert(format!("{COLUMN}{}", title.to_uppercase()), value.into());
    }

    /// Says what was typed into a field.
    pub fn set_input(&mut self, field: &str, value: impl Into<String>) {
        self.0.insert(format!("{INPUT}{}", field.to_uppercase()), value.into());
    }

    /// Fills a text; `put` writes a value where it stands, or refuses to.
    pub(super) fn fill(
        &self,
        text: &str,
        put: &mut dyn FnMut(&str, &mut String) -> Result<(), ()>,
    ) -> Result<String, Unfilled> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match Mention::first(rest) {
                Some(mention) => {
                    self.put(&mention, &mut out, put)?;
                    rest = &rest[mention.len..];
                }
                None => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Fills a line of brink's own.
    pub fn line(&self, text: &str) -> Result<String, Unfilled> {
        self.fill(text, &mut |value, out| {
            out.push_str(value);
            Ok(())
        })
    }

    /// Writes the value of a mention.
    pub(super) fn put(
        &self,
        mention: &Mention<'_>,
        out: &mut String,
        put: &mut dyn FnMut(&str, &mut String) -> Result<(), ()>,
    ) -> Result<(), Unfilled> {
        let name = mention.key();
        let Some(value) = self.0.get(&name).filter(|value| !value.is_empty() || name.starts_with(INPUT)) else {
            let near = suggest::nearest(&name, self.0.keys().map(String::as_str));
            let near = near.filter(|near| *near != name).map(|near| format!(": did you mean ${near}?"));
            return Err(Unfilled::Missing { name, near: near.unwrap_or_default() });
        };
        let value = match (mention.not, value.as_str()) {
            (false, value) => value,
            (true, "true") => "false",
            (true, "false") => "true",
            (true, other) => return Err(Unfilled::NotBool(name, other.to_owned())),
        };
        put(value, out).map_err(|()| Unfilled::Unsafe(name, value.to_owned()))
    }
}

/// A variable in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mention<'t> {
    name: &'t str,
    /// The opposite is meant.
    not: bool,
    /// Its bytes in the text.
    pub len: usize,
}

impl<'t> Mention<'t> {
    /// The variable a text begins with, where it is one of ours.
    pub fn first(text: &'t str) -> Option<Self> {
        let after = text.strip_prefix('$')?;
        let (braces, inner) = match after.strip_prefix('{') {
            Some(inner) => (true, inner.split_once('}')?.0),
            None => (false, after),
        };
        let (not, inner) = match inner.strip_prefix('!') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        let word = |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let end = if braces {
            inner.len()
        } else if inner.starts_with(COLUMN) {
            let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '%' | '/');
            // A dash at the end belongs to what follows.
            inner.get(..inner.find(|c| !part(c)).unwrap_or(inner.len()))?.trim_end_matches(['-', '/']).len()
        } else {
            word(inner)
        };
        let name = inner.get(..end)?;
        let ours = KNOWN.contains(&name)
            || name == GROUPS
            || [COLUMN, INPUT].iter().any(|mark| name.strip_prefix(mark).is_some_and(|rest| !rest.is_empty()));
        let len = 1 + usize::from(braces) * 2 + usize::from(not) + name.len();
        ours.then_some(Self { name, not, len })
    }

    fn key(&self) -> String {
        // Columns and fields are found however they are written.
        if self.name.starts_with(COLUMN) || self.name.starts_with(INPUT) {
            self.name.to_uppercase()
        } else {
            self.name.to_owned()
        }
    }
}
