//! A value of a file of a world, read with complaints that name line and nearest known word.

use std::time::Duration;

use serde_json::Value;
use serde_saphyr::Spanned;

use super::{
    located::{Located, Node, line},
    trouble::{Trouble, suggest},
    when,
};

/// A value of a file with the words that lead to it.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    /// The file.
    pub file: &'a str,
    /// The value.
    pub at: &'a Located,
    /// The words that lead to it.
    pub path: &'a str,
}

impl<'a> Section<'a> {
    /// This value.
    pub fn new(file: &'a str, at: &'a Located, path: &'a str) -> Self {
        Self { file, at, path }
    }

    /// A complaint about this value.
    pub fn wrong(&self, what: &str, fix: impl Into<String>) -> Trouble {
        Trouble::at(self.file, line(self.at), format!("`{}` {what}", self.path), fix)
    }

    /// Its entries; nothing for null.
    pub fn map(&self) -> Result<&'a [(Spanned<String>, Located)], Trouble> {
        match &self.at.value {
            Node::Map(entries) => Ok(entries),
            Node::Scalar(Value::Null) => Ok(&[]),
            _ => Err(self.wrong("must be a map", "write it as `key: value` lines")),
        }
    }

    /// Its entries, each under one of these names and only once.
    pub fn fields(&self, known: &[&str]) -> Result<&'a [(Spanned<String>, Located)], Trouble> {
        let entries = self.map()?;
        for (at, (key, _)) in entries.iter().enumerate() {
            let name = key.value.as_str();
            if !known.contains(&name) {
                let what = format!("`{}` has no field `{name}`", self.path);
                return Err(Trouble::at(self.file, line(key), what, suggest(name, known.iter().copied())));
            }
            if entries[..at].iter().any(|(earlier, _)| earlier.value == key.value) {
                let what = format!("`{name}` stands twice in `{}`", self.path);
                return Err(Trouble::at(self.file, line(key), what, "keep one of them"));
            }
        }
        Ok(entries)
    }

    /// Its items; nothing for null.
    pub fn list(&self) -> Result<&'a [Located], Trouble> {
        match &self.at.value {
            Node::List(items) => Ok(items),
            Node::Scalar(Value::Null) => Ok(&[]),
            _ => Err(self.wrong("must be a list", "write it as `[a, b]`")),
        }
    }

    /// Its text; numbers are texts too.
    pub fn text(&self) -> Result<String, Trouble> {
        match &self.at.value {
            Node::Scalar(Value::String(text)) => Ok(text.clone()),
            Node::Scalar(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(self.wrong("must be a text", "write one word, in quotes where it has special characters")),
        }
    }

    /// Its number.
    pub fn number(&self) -> Result<f64, Trouble> {
        match &self.at.value {
            Node::Scalar(Value::Number(number)) => {
                number.as_f64().filter(|number| number.is_finite() && *number >= 0.0)
            }
            _ => None,
        }
        .ok_or_else(|| self.wrong("must be a number, zero or more", "write it without a unit"))
    }

    /// Its whole number.
    pub fn whole(&self) -> Result<usize, Trouble> {
        match &self.at.value {
            Node::Scalar(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            _ => None,
        }
        .ok_or_else(|| self.wrong("must be a whole number", "write it like 25"))
    }

    /// Its span.
    pub fn span(&self) -> Result<Duration, Trouble> {
        let text = self.text()?;
        when::duration(&text)
            .ok_or_else(|| self.wrong(&format!("is no span: `{text}`"), "write it like 300ms, 1.5s, 10m, 3h or 40d"))
    }
}
