//! A TOML file whose values still know their lines, so that every complaint can name one.

use std::time::Duration;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    complaint::{Complaint, Complaints},
    place,
};
use crate::base::{span, suggest};

/// Text of a file, and what was found wrong with it so far.
#[derive(Debug)]
pub struct TomlFile<'a> {
    name: &'a str,
    text: &'a str,
    wrong: Vec<Complaint>,
}

/// One `key = value` of a table.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a, 'i> {
    /// The key as written in its table.
    pub key: &'a str,
    /// The dotted key of its table, empty at the root.
    table: &'a str,
    /// The byte of the text where the key begins.
    pub at: usize,
    /// The value.
    pub value: &'a Spanned<DeValue<'i>>,
}

/// A table in a list.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a, 'i> {
    /// The byte of the text where it begins.
    pub at: usize,
    /// Its entries.
    pub table: &'a DeTable<'i>,
}

impl Line<'_, '_> {
    /// The dotted key from the root of the file.
    fn place(&self) -> String {
        if self.table.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.table, self.key) }
    }
}

/// The entries of a table in the order of the file. `prefix` is the dotted key of the table, empty at the root.
pub fn entries<'t, 'i>(prefix: &'t str, table: &'t DeTable<'i>) -> impl Iterator<Item = Line<'t, 'i>> {
    let mut lines: Vec<Line<'t, 'i>> = table
        .iter()
        .map(|(key, value)| Line { key: key.get_ref(), table: prefix, at: key.span().start, value })
        .collect();
    lines.sort_by_key(|line| line.at);
    lines.into_iter()
}

impl<'a> TomlFile<'a> {
    /// A file called `name`.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, wrong: Vec::new() }
    }

    /// The file's table. Syntax errors are complained about; what could be understood is read all the same.
    pub fn parse(&mut self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            self.complain(
                error.span().map(|span| span.start),
                "",
                format!("not TOML: {message}"),
                "correct the line".to_owned(),
            );
        }
        table
    }

    /// Walks the entries of a table: `take` answers whether it knows the key. An unknown one is complained about with the
    /// nearest of `known`. `prefix` is the dotted key of the table, empty at the root.
    pub fn walk<'t, 'i: 't>(
        &mut self,
        prefix: &str,
        table: &'t DeTable<'i>,
        known: &[&str],
        mut take: impl FnMut(&mut Self, Line<'_, 'i>),
    ) {
        for (key, value) in table {
            let line = Line { key: key.get_ref(), table: prefix, at: key.span().start, value };
            if known.contains(&line.key) {
                take(self, line);
            } else {
                let hint = match suggest::nearest(line.key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                self.blame(line, &line.place(), "unknown key", hint);
            }
        }
    }

    /// Says that a value is not what its key wants.
    pub fn refuse(&mut self, line: Line<'_, '_>, message: impl Into<String>, hint: impl Into<String>) {
        self.complain(Some(line.value.span().start), &line.place(), message.into(), hint.into());
    }

    /// Says that a key is wrong. `key` is how the person finds it.
    pub fn blame(&mut self, line: Line<'_, '_>, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.complain(Some(line.at), key, message.into(), hint.into());
    }

    /// Something was found wrong.
    pub fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// How much was found wrong so far.
    pub fn wrongs(&self) -> usize {
        self.wrong.len()
    }

    /// What was found wrong, in the order it was found.
    pub fn complaints(self) -> Vec<Complaint> {
        self.wrong
    }

    fn complain(&mut self, at: Option<usize>, key: &str, message: String, hint: String) {
        let line = at.map_or(0, |at| self.line(at));
        self.wrong.push(Complaint { line, key: key.to_owned(), message, hint });
    }

    /// The line, from 1, of a byte of the text.
    pub fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    /// The place of a byte of the text.
    pub fn place(&self, at: usize) -> place::Place {
        place::Place::new(self.name, self.line(at))
    }

    /// The end of reading: what was read, or all complaints.
    pub fn done<T>(mut self, read: T) -> Result<T, Complaints> {
        if self.wrong.is_empty() {
            return Ok(read);
        }
        self.wrong.sort_by_key(|complaint| complaint.line);
        Err(Complaints { file: self.name.to_owned(), errors: self.wrong })
    }

    /// A text.
    pub fn text(&mut self, line: Line<'_, '_>) -> Option<String> {
        let text = line.value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wants(line, "a text in quotes");
        }
        text
    }

    /// `true` or `false`.
    pub fn flag(&mut self, line: Line<'_, '_>) -> Option<bool> {
        let flag = line.value.get_ref().as_bool();
        if flag.is_none() {
            self.wants(line, "true or false");
        }
        flag
    }

    /// A whole number within bounds.
    pub fn count(&mut self, line: Line<'_, '_>, within: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = line
            .value
            .get_ref()
            .as_integer()
            .and_then(|number| u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok());
        match number {
            Some(number) if within.contains(&number) => Some(number),
            _ => {
                self.wants(line, &format!("a whole number from {} to {}", within.start(), within.end()));
                None
            }
        }
    }

    /// A share from 0 to 1, also written as a whole number.
    pub fn share(&mut self, line: Line<'_, '_>) -> Option<f64> {
        let value = line.value.get_ref();
        let number = match (value.as_float(), value.as_integer()) {
            (Some(float), _) => float.as_str().replace('_', "").parse::<f64>().ok(),
            (_, Some(whole)) => whole.as_str().parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if (0.0..=1.0).contains(&number) => Some(number),
            _ => {
                self.wants(line, "a share from 0.0 to 1.0");
                None
            }
        }
    }

    /// A number within bounds, as it is written in JSON.
    pub fn decimal(&mut self, line: Line<'_, '_>, within: std::ops::RangeInclusive<u64>) -> Option<String> {
        let value = line.value.get_ref();
        let text = match (value.as_float(), value.as_integer()) {
            (Some(float), _) => float.as_str().replace('_', ""),
            (_, Some(whole)) => whole.as_str().replace('_', ""),
            _ => String::new(),
        };
        let bound = |bound: u64| u32::try_from(bound).map_or(f64::MAX, f64::from);
        match text.parse::<f64>() {
            Ok(number) if (bound(*within.start())..=bound(*within.end())).contains(&number) => Some(number.to_string()),
            _ => {
                self.wants(line, &format!("a number from {}.0 to {}.0", within.start(), within.end()));
                None
            }
        }
    }

    /// A span of time in quotes, such as `"15m"`.
    pub fn span(&mut self, line: Line<'_, '_>) -> Option<Duration> {
        let text = self.text(line)?;
        match span::parse(&text) {
            Ok(span) => Some(span),
            Err(error) => {
                self.refuse(line, error.to_string(), "");
                None
            }
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, line: Line<'_, '_>) -> Option<Vec<String>> {
        let texts = line.value.get_ref().as_array().and_then(|list| {
            list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        if texts.is_none() {
            self.wants(line, "a list of texts, such as [\"a\", \"b\"]");
        }
        texts
    }

    /// A table.
    pub fn table<'t, 'i>(&mut self, line: Line<'t, 'i>) -> Option<&'t DeTable<'i>> {
        let table = line.value.get_ref().as_table();
        if table.is_none() {
            self.wants(line, "a table");
        }
        table
    }

    /// A list of tables, inline or under `[[…]]`.
    pub fn tables<'t, 'i>(&mut self, line: Line<'t, 'i>) -> Option<Vec<Place<'t, 'i>>> {
        let tables = line.value.get_ref().as_array().and_then(|list| {
            list.iter()
                .map(|item| Some(Place { at: item.span().start, table: item.get_ref().as_table()? }))
                .collect::<Option<Vec<_>>>()
        });
        if tables.is_none() {
            self.wants(line, "a list of tables, such as [{…}, {…}]");
        }
        tables
    }

    /// Says what a table at a byte of the text lacks.
    pub fn lacks(&mut self, at: usize, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.complain(Some(at), key, message.into(), hint.into());
    }

    fn wants(&mut self, line: Line<'_, '_>, what: &str) {
        let found = line.value.get_ref().type_str();
        self.refuse(line, format!("must be {what}, not this {found}"), format!("write {what}"));
    }
}
