//! The parts of a file: maps with known fields, lists, texts, numbers, spans; each told wrong at its place.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use serde_saphyr::Spanned;

use super::{Reading, Result};
use crate::{
    base::{path::written, span, suggest},
    fault::file::{self, FileError, Located, Node},
};

/// The fields of a map.
pub(super) type Map<'n> = BTreeMap<&'n str, &'n Located>;

impl Reading<'_> {
    pub(super) fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>, fix: impl Into<String>) -> FileError {
        FileError { place: file::place(self.file, at), why: why.into(), fix: fix.into() }
    }

    pub(super) fn map<'n>(&self, node: &'n Located, what: &str, known: &[&str]) -> Result<Map<'n>> {
        let Node::Map(entries) = &node.value else {
            return Err(self.wrong(node, format!("{what} is not a map"), "write it as `key: value`"));
        };
        let mut map = Map::new();
        for (key, value) in entries {
            if !known.contains(&key.value.as_str()) {
                let fix = nearest(&key.value, known.iter().copied());
                return Err(self.wrong(key, format!("{what} has no field `{}`", key.value), fix));
            }
            if map.insert(key.value.as_str(), value).is_some() {
                return Err(self.wrong(key, format!("`{}` stands twice", key.value), "leave one of them out"));
            }
        }
        Ok(map)
    }

    pub(super) fn scalar<'n>(&self, node: &'n Located, what: &str) -> Result<&'n Value> {
        match &node.value {
            Node::Scalar(value) if !value.is_null() => Ok(value),
            _ => {
                Err(self.wrong(node, format!("{what} is not a single value"), "write a text, a number, true or false"))
            }
        }
    }

    pub(super) fn text(&self, node: &Located, what: &str) -> Result<String> {
        Ok(written(self.scalar(node, what)?))
    }

    pub(super) fn needed<'n>(&self, map: &Map<'n>, at: &Located, key: &str, what: &str) -> Result<&'n Located> {
        map.get(key).copied().ok_or_else(|| self.wrong(at, format!("{what} has no `{key}`"), format!("add `{key}: …`")))
    }

    pub(super) fn flag(&self, node: &Located, what: &str) -> Result<bool> {
        match self.scalar(node, what)? {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.wrong(node, format!("{what} is neither true nor false"), "write true or false")),
        }
    }

    pub(super) fn number(&self, node: &Located, what: &str) -> Result<f64> {
        let number = self.scalar(node, what)?.as_f64();
        number.ok_or_else(|| self.wrong(node, format!("{what} is no number"), "write a number without a unit"))
    }

    pub(super) fn count(&self, node: &Located, what: &str) -> Result<u64> {
        let number = self.scalar(node, what)?.as_u64();
        number.ok_or_else(|| self.wrong(node, format!("{what} is no count"), "write a whole number"))
    }

    pub(super) fn span(&self, node: &Located, what: &str) -> Result<Duration> {
        let text = self.text(node, what)?;
        span::parse(&text).map_err(|error| self.wrong(node, format!("{what}: {error}"), "write 500ms, 90s or 2m"))
    }

    pub(super) fn list<'n>(&self, node: &'n Located, what: &str) -> Result<&'n [Located]> {
        match &node.value {
            Node::List(list) if !list.is_empty() => Ok(list),
            Node::List(_) => Err(self.wrong(node, format!("{what} is empty"), "write at least one")),
            _ => Err(self.wrong(node, format!("{what} is not a list"), "write it as lines that begin with `- `")),
        }
    }
}

/// The remedy for a word that is not known.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match suggest::nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None if known.len() > 20 => "docs/keys.md has all of them".to_owned(),
        None => format!("there are: {}", known.join(", ")),
    }
}
